/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tar: maps of sparse files
 *
 * GNU tar has written four forms: in headers of its own (old), as pairs of pax
 * records (0.0), as one pax record with commas (0.1), and as lines of text in the first
 * blocks of the file (1.0). All become a list of segments, in order.
 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "format/tar_state.h"

int tar_sparse_add(struct tar_reader *t, uint64_t offset, uint64_t len, struct err *e)
{
	const struct segment *last = t->n_segments ? &t->segments[t->n_segments - 1] : NULL;
	uint64_t end;

	if (offset > INT64_MAX || len > INT64_MAX || __builtin_add_overflow(offset, len, &end) ||
	    end > INT64_MAX)
		return tar_bad(t, e, "its sparse map reaches too far");
	if (last && offset < last->offset + last->len)
		return tar_bad(t, e, "its sparse map is not in order");
	if (t->n_segments == TAR_SEGMENTS_MAX)
		return tar_bad(t, e, "its sparse map has too many parts");
	if (t->n_segments == t->room_segments) {
		size_t room = t->room_segments ? t->room_segments * 2 : 64;
		struct segment *more = realloc(t->segments, room * sizeof(*more));

		if (!more)
			return err_set(e, -ENOMEM, "cannot read a tar");
		t->segments = more;
		t->room_segments = room;
	}
	t->segments[t->n_segments++] = (struct segment){ .offset = offset, .len = len };
	return 0;
}

/* "offset,length,offset,length": GNU.sparse.map of form 0.1. */
int tar_sparse_commas(struct tar_reader *t, const char *text, size_t len, struct err *e)
{
	const char *end = text + len;
	uint64_t pair[2];
	unsigned i = 0;

	t->n_segments = 0;
	while (text < end) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		size_t n = (size_t)((comma ? comma : end) - text);

		if (tar_parse_decimal(text, n, INT64_MAX, &pair[i]) < 0)
			return tar_bad(t, e, "its sparse map is not a list of numbers");
		if (i == 1 && tar_sparse_add(t, pair[0], pair[1], e) < 0)
			return -EBADMSG;
		i = !i;
		text += n + 1;
	}
	return i ? tar_bad(t, e, "its sparse map ends in the middle") : 0;
}

/* Up to `n` pairs of an old GNU sparse map. An empty pair ends it. */
int tar_sparse_old(struct tar_reader *t, size_t at, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++, at += 24) {
		int64_t offset, len;

		if (t->block[at] == '\0')
			break;
		if (tar_parse_field(t->block + at, 12, &offset) < 0 ||
		    tar_parse_field(t->block + at + 12, 12, &len) < 0 || offset < 0 || len < 0)
			return tar_bad(t, e, "its sparse map is not a list of numbers");
		if (tar_sparse_add(t, (uint64_t)offset, (uint64_t)len, e) < 0)
			return -EBADMSG;
	}
	return 0;
}

static bool is_gnu(const uint8_t *block)
{
	return memcmp(block + H_MAGIC, "ustar  ", 8) == 0;
}

int tar_sparse_begin_old(struct tar_reader *t, struct err *e)
{
	int64_t size;

	if (!is_gnu(t->block))
		return tar_bad(t, e, "sparse, and not of GNU tar");
	if (tar_parse_field(t->block + H_GNU_REAL_SIZE, 12, &size) < 0 || size < 0)
		return tar_bad(t, e, "its size is not a number");
	t->entry.is_sparse = true;
	t->real_size = (uint64_t)size;
	t->has_real_size = true;
	if (tar_sparse_old(t, H_GNU_SPARSE, 4, e) < 0)
		return -EBADMSG;
	if (t->block[H_GNU_EXTENDED])
		t->state = AT_OLD_MAP;
	return 0;
}

/* All that is known of a sparse file is known: do the parts fit together? */
int tar_sparse_check(struct tar_reader *t, struct err *e)
{
	uint64_t sum = 0;

	if (!t->entry.is_sparse)
		return 0;
	if (!t->has_real_size)
		return tar_bad(t, e, "sparse, and its real size is not said");
	for (size_t i = 0; i < t->n_segments; i++) {
		if (t->segments[i].offset + t->segments[i].len > t->real_size)
			return tar_bad(t, e, "its sparse map reaches beyond its end");
		sum += t->segments[i].len; /* in order and below 2^63: cannot wrap */
	}
	if (sum != t->left)
		return tar_bad(t, e, "its sparse map does not fit its size");
	t->entry.size = t->real_size;
	t->at_segment = 0;
	t->in_segment = 0;
	return 0;
}

/* 1: the map is whole; 0: there is more to come. */
int tar_sparse_text(struct tar_reader *t, struct err *e)
{
	const char *at = t->map.data, *end = at + t->map.len;
	uint64_t numbers = 0, want = 1, pair[2] = { 0 };

	t->n_segments = 0;
	while (numbers < want) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		uint64_t value;

		if (!newline)
			return 0;
		if (tar_parse_decimal(at, (size_t)(newline - at), INT64_MAX, &value) < 0)
			return tar_bad(t, e, "its sparse map is not a list of numbers");
		at = newline + 1;
		if (numbers == 0) {
			if (value > TAR_SEGMENTS_MAX)
				return tar_bad(t, e, "its sparse map has too many parts");
			want += 2 * value;
			t->map_wants = want;
		} else {
			pair[(numbers - 1) % 2] = value;
			if (numbers % 2 == 0 && tar_sparse_add(t, pair[0], pair[1], e) < 0)
				return -EBADMSG;
		}
		numbers++;
	}
	return 1;
}

/* Counts lines, so that the map is parsed once, when all of them are there. */
bool tar_sparse_is_whole(struct tar_reader *t)
{
	const uint8_t *at = t->block, *end = t->block + TAR_BLOCK;

	while ((at = memchr(at, '\n', (size_t)(end - at)))) {
		t->map_lines++;
		at++;
	}
	return t->map_lines > 0 && t->map_lines >= t->map_wants;
}
