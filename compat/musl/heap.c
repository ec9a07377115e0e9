/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap of a program that lives for milliseconds
 *
 * In place of musl's, which asks the kernel for each group of blocks: 25 system calls of a
 * start. The first FIRST_ROOM bytes are zeroed pages that come with the program; behind them
 * memory is mapped a MiB at a time. What is freed waits in a list for the next block of its class
 * and is never given back, but for large blocks. For one thread.
 */
#include <errno.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FIRST_ROOM ((size_t)192 << 10)
#define MORE_ROOM  ((size_t)1 << 20)
#define LARGE      ((size_t)128 << 10) /* from here on each has a mapping of its own */

/* Blocks of 32, 64, 96... bytes up to 512, then of powers of two up to LARGE. */
#define STEP      ((size_t)32)
#define N_STEPS   16
#define N_CLASSES (N_STEPS + 8)
#define ALONE     UINT32_MAX /* in place of a class: its own mapping */

/* In front of each block. Who writes before a block, or frees what is none, is stopped at its free.
 */
struct block {
	size_t room; /* behind this head */
	uint32_t class;
	uint32_t mark;
	alignas(max_align_t) char bytes[];
};

#define IN_USE  0x64a1c93du
#define IS_FREE 0x7e05b26fu

static alignas(max_align_t) char first[FIRST_ROOM];
static char *fresh = first, *fresh_end = first + FIRST_ROOM;
static struct block *waiting[N_CLASSES]; /* their first bytes point to the next */

static struct block *block_of(void *p, uint32_t mark)
{
	struct block *b = (struct block *)((char *)p - offsetof(struct block, bytes));

	if (b->mark != mark)
		abort();
	return b;
}

static uint32_t class_of(size_t size, size_t *ret_room)
{
	uint32_t class = N_STEPS;
	size_t room = STEP * N_STEPS * 2;

	if (size <= STEP * N_STEPS) {
		class = size ? (uint32_t)((size - 1) / STEP) : 0;
		*ret_room = (class + 1) * STEP;
		return class;
	}
	for (; room < size; room *= 2)
		class ++;
	*ret_room = room;
	return class;
}

static void *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static struct block *make_large(size_t size)
{
	struct block *b;
	size_t whole;

	if (__builtin_add_overflow(size, sizeof(*b) + 4095, &whole) || whole > PTRDIFF_MAX)
		return NULL;
	b = map(whole & ~(size_t)4095);
	if (b)
		*b = (struct block){ .room = (whole & ~(size_t)4095) - sizeof(*b), .class = ALONE };
	return b;
}

static struct block *make_fresh(uint32_t class, size_t room)
{
	struct block *b;

	if ((size_t)(fresh_end - fresh) < sizeof(*b) + room) {
		char *more = map(MORE_ROOM);

		if (!more)
			return NULL;
		fresh = more;
		fresh_end = more + MORE_ROOM;
	}
	b = (struct block *)fresh;
	fresh += sizeof(*b) + room;
	*b = (struct block){ .room = room, .class = class };
	return b;
}

/* *ret_used: was in use before, so it is not all zeroes. */
static void *take(size_t size, int *ret_used)
{
	struct block *b = NULL;
	uint32_t class;
	size_t room;

	*ret_used = 0;
	if (size > LARGE) {
		b = make_large(size);
	} else {
		class = class_of(size, &room);
		b = waiting[class];
		if (b) {
			*ret_used = 1;
			block_of(b->bytes, IS_FREE);
			memcpy(&waiting[class], b->bytes, sizeof(b));
		} else {
			b = make_fresh(class, room);
		}
	}
	if (!b) {
		errno = ENOMEM;
		return NULL;
	}
	b->mark = IN_USE;
	return b->bytes;
}

void *malloc(size_t size)
{
	int used;

	return take(size, &used);
}

void *calloc(size_t n, size_t size)
{
	size_t whole;
	int used;
	void *p;

	if (__builtin_mul_overflow(n, size, &whole)) {
		errno = ENOMEM;
		return NULL;
	}
	p = take(whole, &used);
	return p && used ? memset(p, 0, whole) : p;
}

void free(void *p)
{
	const int code = errno;
	struct block *b;

	if (!p)
		return;
	b = block_of(p, IN_USE);
	b->mark = IS_FREE;
	if (b->class == ALONE) {
		munmap(b, sizeof(*b) + b->room);
	} else if (b->bytes + b->room == fresh) {
		/* The last one: as if it had never been, but that it is not zeroed any more. */
		memset(b, 0, sizeof(*b) + b->room);
		fresh = (char *)b;
	} else {
		memcpy(b->bytes, &waiting[b->class], sizeof(b));
		waiting[b->class] = b;
	}
	errno = code;
}

void *realloc(void *p, size_t size)
{
	struct block *b;
	void *to;

	if (!p)
		return malloc(size);
	b = block_of(p, IN_USE);
	if (size <= b->room)
		return p;
	to = malloc(size);
	if (!to)
		return NULL;
	memcpy(to, p, b->room);
	free(p);
	return to;
}
