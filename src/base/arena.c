/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that goes all at once
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_MAX_DEFAULT ((size_t)16 << 20)
#define ARENA_CHUNK       ((size_t)4096)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, room;
	alignas(max_align_t) char bytes[];
};

void arena_done(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk *next = a->chunks->next;

		free(a->chunks);
		a->chunks = next;
	}
	*a = (struct arena){ .max = a->max };
}

static struct arena_chunk *add_chunk(struct arena *a, size_t size)
{
	const size_t room = size > ARENA_CHUNK ? size : ARENA_CHUNK;
	struct arena_chunk *chunk = malloc(sizeof(*chunk) + room);

	if (!chunk)
		return NULL;
	*chunk = (struct arena_chunk){ .next = a->chunks, .room = room };
	a->chunks = chunk;
	return chunk;
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t max = a->max ? a->max : ARENA_MAX_DEFAULT, align = alignof(max_align_t);
	struct arena_chunk *chunk = a->chunks;
	void *p;

	if (size > max || a->used > max - size)
		return NULL;
	size = (size + align - 1) / align * align;
	if (!chunk || chunk->room - chunk->used < size)
		chunk = add_chunk(a, size);
	if (!chunk)
		return NULL;
	p = chunk->bytes + chunk->used;
	chunk->used += size;
	a->used += size;
	return memset(p, 0, size);
}

char *arena_text(struct arena *a, const char *text, size_t len)
{
	char *copy = arena_alloc(a, len + 1);

	if (copy && len)
		memcpy(copy, text, len);
	return copy;
}
