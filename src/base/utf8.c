/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8
 */
#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static bool is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

size_t utf8_length(const char *at, size_t len)
{
	const unsigned char *c = (const unsigned char *)at;

	if (len == 0)
		return 0;
	if (c[0] < 0x80)
		return 1;
	if (c[0] < 0xc2 || c[0] > 0xf4 || len < 2 || !is_tail(c[1]))
		return 0;
	if (c[0] < 0xe0)
		return 2;
	if (len < 3 || !is_tail(c[2]))
		return 0;
	if (c[0] < 0xf0) {
		const bool overlong = c[0] == 0xe0 && c[1] < 0xa0;
		const bool surrogate = c[0] == 0xed && c[1] >= 0xa0;

		return overlong || surrogate ? 0 : 3;
	}
	if (len < 4 || !is_tail(c[3]))
		return 0;
	if ((c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] >= 0x90))
		return 0;
	return 4;
}

static size_t step(const char *at, size_t len)
{
	const size_t n = utf8_length(at, len);

	return n ? n : 1;
}

size_t utf8_count(const char *text)
{
	const size_t len = strlen(text);
	size_t n = 0;

	for (size_t i = 0; i < len; i += step(text + i, len - i))
		n++;
	return n;
}

size_t utf8_prefix(const char *text, size_t n_chars)
{
	const size_t len = strlen(text);
	size_t i = 0;

	for (; n_chars > 0 && i < len; n_chars--)
		i += step(text + i, len - i);
	return i;
}
