/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "base/arena.h"

#include "test.h"

TEST(gives_zeroed_and_aligned_memory)
{
	AUTO_ARENA struct arena a = { 0 };

	for (size_t size = 1; size < 300; size++) {
		char *p = arena_alloc(&a, size);

		CHECK(p && (uintptr_t)p % _Alignof(max_align_t) == 0);
		for (size_t i = 0; i < size; i++)
			CHECK_INT(p[i], 0);
		memset(p, 0xff, size);
	}
}

TEST(gives_more_than_a_chunk_at_once)
{
	AUTO_ARENA struct arena a = { 0 };
	char *large = arena_alloc(&a, 100000), *small = arena_alloc(&a, 1);

	CHECK(large && small);
	memset(large, 1, 100000);
	CHECK_INT(*small, 0);
}

TEST(copies_texts)
{
	AUTO_ARENA struct arena a = { 0 };

	CHECK_STR(arena_text(&a, "abcdef", 3), "abc");
	CHECK_STR(arena_text(&a, NULL, 0), "");
}

TEST(has_a_ceiling)
{
	AUTO_ARENA struct arena a = { .max = 1000 };

	CHECK(arena_alloc(&a, 900));
	CHECK(!arena_alloc(&a, 200));
	CHECK(!arena_alloc(&a, SIZE_MAX));
	CHECK(arena_alloc(&a, 16));
	arena_done(&a);
	CHECK(arena_alloc(&a, 900));
}
