/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text under construction
 */
#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BUF_MAX_DEFAULT ((size_t)64 << 20)

void buf_done(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ .max = b->max };
}

/* Makes room for `more` bytes and the NUL. */
static int buf_grow(struct buf *b, size_t more)
{
	const size_t max = b->max ? b->max : BUF_MAX_DEFAULT;
	size_t need, room;
	char *data;

	if (b->error)
		return b->error;
	if (__builtin_add_overflow(b->len, more, &need) || need > max) {
		b->error = -EFBIG;
		return b->error;
	}
	if (need < b->room)
		return 0;

	room = b->room ? b->room : 64;
	while (room <= need)
		room *= 2;
	data = realloc(b->data, room);
	if (!data) {
		b->error = -ENOMEM;
		return b->error;
	}
	b->data = data;
	b->room = room;
	return 0;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	if (buf_grow(b, len) < 0)
		return;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *text)
{
	if (text)
		buf_add(b, text, strlen(text));
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || buf_grow(b, (size_t)n) < 0) {
		if (!b->error)
			b->error = -EINVAL;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

const char *buf_text(const struct buf *b)
{
	return b->data ? b->data : "";
}

int buf_take(struct buf *b, char **ret_text)
{
	char *text;

	if (b->error) {
		int r = b->error;

		buf_done(b);
		return r;
	}
	text = b->data ? b->data : strdup("");
	if (!text)
		return -ENOMEM;
	b->data = NULL;
	buf_done(b);
	*ret_text = text;
	return 0;
}
