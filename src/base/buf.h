/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text under construction
 *
 * A buf grows as it is appended to, up to a ceiling, and remembers its first
 * failure: ten appends, one check of buf_error(). The text always ends in a NUL
 * that `len` does not count. A zeroed struct is an empty buf with the default
 * ceiling of 64 MiB.
 */
#ifndef DOLIUM_BASE_BUF_H
#define DOLIUM_BASE_BUF_H

#include <stddef.h>

#include "base/auto.h"

struct buf {
	char *data; /* NULL while empty */
	size_t len, room;
	size_t max; /* ceiling in bytes; 0: the default */
	int error; /* 0, -ENOMEM or -EFBIG; sticky */
};

void buf_done(struct buf *b);

void buf_add(struct buf *b, const void *data, size_t len);
void buf_adds(struct buf *b, const char *text); /* NULL adds nothing */
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static inline int buf_error(const struct buf *b)
{
	return b->error;
}

/* The text, never NULL. Borrowed: good until the next append. */
const char *buf_text(const struct buf *b);

/*
 * Hands the text over: *ret_text is the caller's to free. Fails with the
 * sticky error, if there is one. The buf is empty afterwards either way.
 */
int buf_take(struct buf *b, char **ret_text);

static inline void buf_done_at(struct buf *b)
{
	buf_done(b);
}

#define AUTO_BUF __attribute__((cleanup(buf_done_at)))

#endif
