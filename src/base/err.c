/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors
 *
 * See base/err.h. Nothing here allocates.
 */
#include "base/err.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool small_words;

void err_small_words(void)
{
	small_words = true;
}

/* ": " and what the system says of `code`, into what is left of the text. */
static void add_words(char *to, size_t room, int code)
{
	const char *words = strerror(-code);

	snprintf(to, room, ": %s", words);
	if (small_words && room > 4 && islower((unsigned char)words[1]))
		to[2] = (char)tolower((unsigned char)to[2]);
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (!e)
		return code;

	e->code = code;
	e->hint[0] = '\0';
	va_start(ap, fmt);
	n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(e->text))
		add_words(e->text + n, sizeof(e->text) - (size_t)n, code);
	return code;
}

int err_refuse(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return code;

	e->code = code;
	e->hint[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return code;
}

int err_wrap(struct err *e, int code, const char *fmt, ...)
{
	char inner[ERR_TEXT_MAX];
	va_list ap;
	int n;

	if (!e)
		return code;

	memcpy(inner, e->text, sizeof(inner));
	e->code = code;
	va_start(ap, fmt);
	n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(e->text) - 2)
		return code;
	memcpy(e->text + n, ": ", 3);
	strncat(e->text, inner, sizeof(e->text) - (size_t)n - 3);
	return code;
}

void err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return;
	va_start(ap, fmt);
	vsnprintf(e->hint, sizeof(e->hint), fmt, ap);
	va_end(ap);
}
