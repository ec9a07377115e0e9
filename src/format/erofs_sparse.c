/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sparse files of a layer
 *
 * A chunk of the index is a hole, or blocks that stand in the tar in one piece. GNU tar and
 * bsdtar write pieces of whole blocks, so that is nearly always possible, with the
 * largest chunk that all borders are a multiple of. What is left (borders inside a
 * block, or too many chunks for a map) is read back from the tar, and put together in
 * blocks that the index itself has.
 */
#include "format/erofs_sparse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "format/erofs_disk.h"
#include "format/erofs_tree.h"

#define BLOCK_BITS     9U
#define ALL_CHUNKS_MAX ((uint64_t)1 << 23)
#define OWN_MAX        ((uint64_t)64 << 20)

void erofs_sparse_done(struct erofs_sparse *s)
{
	free(s->pieces);
	free(s->files);
}

static int make_room(void **items, size_t n, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 16;
	void *grown;

	if (n < *room)
		return 0;
	grown = reallocarray(*items, more, size);
	if (!grown)
		return -ENOMEM;
	*items = grown;
	*room = more;
	return 0;
}

int erofs_sparse_add(struct erofs_sparse *s, uint64_t offset, uint64_t len, uint64_t stored_at)
{
	struct erofs_piece *last = s->n_pieces > s->first ? &s->pieces[s->n_pieces - 1] : NULL;

	if (last && last->offset + last->len == offset &&
	    last->stored_at + last->len == stored_at) {
		last->len += len;
		return 0;
	}
	if (len == 0)
		return 0;
	if (make_room((void **)&s->pieces, s->n_pieces, &s->room_pieces, sizeof(*s->pieces)) < 0)
		return -ENOMEM;
	s->pieces[s->n_pieces++] = (struct erofs_piece){ offset, len, stored_at };
	return 0;
}

int erofs_sparse_close(struct erofs_sparse *s, struct erofs_node *node)
{
	if (make_room((void **)&s->files, s->n_files, &s->room_files, sizeof(*s->files)) < 0)
		return -ENOMEM;
	s->files[s->n_files++] =
	    (struct erofs_sparse_file){ node, s->first, s->n_pieces - s->first };
	s->first = s->n_pieces;
	return 0;
}

/* ---- one map ---- */

struct mapping {
	const struct erofs_piece *pieces;
	size_t n, at; /* `at`: the first piece that may reach into the chunk */
	struct erofs_node *node;
	struct erofs_map *map;
	struct erofs_tree *tree;
	uint32_t device;
	const struct erofs_source *source;
	uint64_t room_own, *own_left;
};

/* The chunk that all borders inside the file are multiples of, unless that makes too many. */
static unsigned choose_bits(const struct erofs_piece *pieces, size_t n, uint64_t size)
{
	unsigned bits, max = BLOCK_BITS;
	uint64_t borders;

	while (max < BLOCK_BITS + EROFS_CHUNK_BITS_MAX && (size - 1) >> max != 0)
		max++;
	borders = (uint64_t)1 << max;
	for (size_t i = 0; i < n; i++) {
		borders |= pieces[i].offset;
		if (pieces[i].offset + pieces[i].len < size)
			borders |= pieces[i].offset + pieces[i].len;
	}
	bits = (unsigned)__builtin_ctzll(borders);
	if (bits < BLOCK_BITS)
		bits = BLOCK_BITS;
	while (bits < max && (size - 1) >> bits >= EROFS_CHUNKS_MAX)
		bits++;
	return bits;
}

/* Fills [from, to) of the file from its pieces, beginning at piece `i`; holes are zero already. */
static int read_back(const struct mapping *m, size_t i, uint64_t from, uint64_t to, uint8_t *into)
{
	for (; i < m->n && m->pieces[i].offset < to; i++) {
		const struct erofs_piece *p = &m->pieces[i];
		uint64_t start = p->offset > from ? p->offset : from;
		uint64_t end = p->offset + p->len < to ? p->offset + p->len : to;
		int r = m->source->read(m->source->context, p->stored_at + (start - p->offset),
		    into + (start - from), (size_t)(end - start));

		if (r < 0)
			return r;
	}
	return 0;
}

/* Puts a chunk together in blocks of the tree's own. */
static int own_chunk(struct mapping *m, uint64_t from, uint64_t to, uint64_t *ret_place)
{
	const uint64_t len = round_up(to - from, EROFS_BLOCK);
	struct erofs_map *map = m->map;

	if (!m->source || len > *m->own_left)
		return -EFBIG;
	*m->own_left -= len;
	if (map->own_len + len > m->room_own) {
		uint64_t room = (map->own_len + len) * 2;
		uint8_t *more = arena_alloc(&m->tree->arena, room);

		if (!more)
			return -ENOMEM;
		if (map->own_len > 0)
			memcpy(more, map->own, map->own_len);
		map->own = more;
		m->room_own = room;
	}
	*ret_place = erofs_place(EROFS_OWN, (uint32_t)(map->own_len / EROFS_BLOCK));
	map->own_len += len;
	return read_back(m, m->at, from, to, map->own + map->own_len - len);
}

static int map_chunk(struct mapping *m, uint64_t from, uint64_t to, uint64_t *ret_place)
{
	const struct erofs_piece *p;
	uint64_t stored;

	while (m->at < m->n && m->pieces[m->at].offset + m->pieces[m->at].len <= from)
		m->at++;
	p = &m->pieces[m->at];
	if (m->at == m->n || p->offset >= to) {
		*ret_place = EROFS_HOLE;
		return 0;
	}
	stored = p->stored_at + from - p->offset;
	if (p->offset <= from && p->offset + p->len >= to && stored % EROFS_BLOCK == 0) {
		if (stored / EROFS_BLOCK >= UINT32_MAX)
			return -EFBIG;
		*ret_place = erofs_place(m->device, (uint32_t)(stored / EROFS_BLOCK));
		return 0;
	}
	return own_chunk(m, from, to, ret_place);
}

static bool is_one_piece(const struct mapping *m)
{
	return m->n == 1 && m->pieces[0].offset == 0 && m->pieces[0].len == m->node->size &&
	    m->pieces[0].stored_at % EROFS_BLOCK == 0;
}

static int map_file(struct mapping *m, uint64_t *chunks_left)
{
	const uint64_t size = m->node->size;
	struct erofs_map *map;
	int r = 0;

	if (size == 0)
		return 0;
	if (is_one_piece(m))
		return map_chunk(m, 0, size, &m->node->file.place);
	map = m->map = m->node->file.map = arena_alloc(&m->tree->arena, sizeof(*map));
	if (!map)
		return -ENOMEM;
	map->bits = choose_bits(m->pieces, m->n, size);
	map->n = ((size - 1) >> map->bits) + 1;
	if (map->n > *chunks_left)
		return -EFBIG;
	*chunks_left -= map->n;
	map->places = arena_alloc(&m->tree->arena, map->n * sizeof(*map->places));
	if (!map->places)
		return -ENOMEM;
	for (uint64_t i = 0; i < map->n && r >= 0; i++) {
		uint64_t from = i << map->bits, to = from + ((uint64_t)1 << map->bits);

		r = map_chunk(m, from, to < size ? to : size, &map->places[i]);
	}
	return r;
}

int erofs_sparse_finish(const struct erofs_sparse *s, struct erofs_tree *tree, uint32_t device,
    const struct erofs_source *source, struct err *e)
{
	uint64_t chunks_left = ALL_CHUNKS_MAX, own_left = OWN_MAX;

	for (size_t i = 0; i < s->n_files; i++) {
		const struct erofs_sparse_file *f = &s->files[i];
		struct mapping m = {
			.pieces = s->pieces + f->first,
			.n = f->n,
			.node = f->node,
			.tree = tree,
			.device = device,
			.source = source,
			.own_left = &own_left,
		};
		int r = map_file(&m, &chunks_left);

		if (r == -EFBIG)
			return err_refuse(e, -EFBIG,
			    "refused layer: its sparse files have too many pieces, or such as are "
			    "not whole blocks");
		if (r < 0)
			return err_set(e, r, "cannot make the map of a sparse file");
	}
	return 0;
}
