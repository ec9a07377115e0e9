/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of text
 */
#include "cli/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"

#define WIDTH_LEAST   10
#define WIDTH_BETWEEN 3

size_t table_width(const char *text, size_t len)
{
	size_t width = 0;

	/* Each byte but those that continue a character. */
	for (size_t i = 0; i < len; i++)
		width += ((unsigned char)text[i] & 0xc0) != 0x80;
	return width;
}

static size_t count_columns(const char *lines)
{
	size_t most = 1, n = 1;

	for (; *lines; lines++) {
		n = *lines == '\n' ? 1 : n + (*lines == '\t');
		if (n > most)
			most = n;
	}
	return most;
}

static void measure(const char *lines, size_t *widths)
{
	size_t column = 0;

	for (const char *c = lines; *c;) {
		const size_t len = strcspn(c, "\t\n"), width = table_width(c, len);

		if (c[len] == '\t' && width + WIDTH_BETWEEN > widths[column])
			widths[column] = width + WIDTH_BETWEEN;
		column = c[len] == '\t' ? column + 1 : 0;
		c += len + (c[len] != '\0');
	}
}

int table_align(struct buf *to, const char *lines)
{
	const size_t n = count_columns(lines);
	AUTO_FREE size_t *widths = calloc(n, sizeof(*widths));
	size_t column = 0;

	if (!widths)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		widths[i] = WIDTH_LEAST;
	measure(lines, widths);
	for (const char *c = lines; *c;) {
		const size_t len = strcspn(c, "\t\n");

		buf_add(to, c, len);
		if (c[len] == '\t') {
			buf_addf(to, "%*s", (int)(widths[column] - table_width(c, len)), "");
			column++;
		} else {
			buf_addc(to, '\n');
			column = 0;
		}
		c += len + (c[len] != '\0');
	}
	return buf_error(to);
}
