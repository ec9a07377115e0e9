/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that goes all at once
 *
 * For trees of small things that live and die together. A zeroed struct is an
 * empty arena with the default ceiling of 16 MiB.
 */
#ifndef DOLIUM_BASE_ARENA_H
#define DOLIUM_BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;
	size_t used; /* in all chunks */
	size_t max; /* 0: the default */
};

void arena_done(struct arena *a);

/* Zeroed and aligned for anything; NULL when memory is gone or the ceiling is reached. */
void *arena_alloc(struct arena *a, size_t size);
/* A copy of `len` bytes with a NUL behind it. */
char *arena_text(struct arena *a, const char *text, size_t len);

static inline void arena_done_at(struct arena *a)
{
	arena_done(a);
}

#define AUTO_ARENA __attribute__((cleanup(arena_done_at)))

#endif
