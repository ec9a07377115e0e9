/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EROFS indexes, written
 *
 *   superblock and devices | shared attributes | inodes | blocks of data
 *
 * First everything gets its place, then all is written at once. Inodes come by
 * directory, from the root down, so that what is listed together lies together. Data
 * is what does not fit behind its inode: large directories, long links, blocks of
 * sparse files. Addresses of blocks count through the index and then all devices, one after the
 * other: so a file needs no record of its device, and the parts, concatenated, are one
 * disk.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "format/erofs_disk.h"
#include "format/erofs_index.h"
#include "format/erofs_tree.h"

#define PAGE          4096U /* the parts begin at one */
#define WHITEOUT      ".wh."
#define OPAQUE        ".wh..wh..opq"
#define IMPLIED       "dolium.implied" /* behind "trusted." */
#define SHARED_BIGGER 256U /* a value that is always shared, so that inodes stay small */

/* A name as it is written. */
struct entry {
	const char *text;
	struct erofs_node *node;
	uint16_t len;
};

struct writer {
	const struct erofs_writing *how;
	struct erofs_tree *tree;
	uint64_t block; /* bytes */

	struct erofs_node **nodes; /* in the order of their inodes */
	size_t n_nodes, room_nodes;
	struct entry *entries; /* those of a directory side by side, sorted */
	size_t n_entries, room_entries;
	struct erofs_xattr **shared;
	size_t n_shared, room_shared;
	struct arena texts; /* names that the tree does not have */
	struct erofs_node *whiteout; /* one inode for all of them */
	struct erofs_xattr *implied;

	uint64_t xattrs_at, xattrs_len, inodes_at, inodes_len, data_at, n_blocks; /* data: blocks */
	uint64_t gap_at, gap_end; /* room that was left free among the inodes */
	uint64_t starts[EROFS_DEVICES_MAX + 1]; /* of devices, in blocks */
	uint8_t *out;
	size_t out_len;
};

static void writer_done(struct writer *w)
{
	for (size_t i = 0; i < w->n_nodes; i++)
		w->nodes[i]->is_seen = false;
	free(w->nodes);
	free(w->entries);
	free(w->shared);
	free(w->out);
	arena_done(&w->texts);
}

static int make_room(void **items, size_t n, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 64;
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

/* ---- who is there ---- */

static bool is_layer(const struct writer *w)
{
	return w->how->form == EROFS_OF_LAYER;
}

static int add_entry(struct writer *w, const char *text, size_t len, struct erofs_node *node)
{
	int r =
	    make_room((void **)&w->entries, w->n_entries, &w->room_entries, sizeof(*w->entries));

	if (r < 0)
		return r;
	w->entries[w->n_entries++] = (struct entry){ text, node, (uint16_t)len };
	node->n_links++;
	return 0;
}

static int add_whiteout(struct writer *w, const struct erofs_name *name)
{
	const size_t len = strlen(WHITEOUT) + name->len;
	char *text = arena_alloc(&w->texts, len + 1);

	if (!text)
		return -ENOMEM;
	memcpy(text, WHITEOUT, strlen(WHITEOUT));
	memcpy(text + strlen(WHITEOUT), name->text, name->len);
	return len > EROFS_NAME_MAX ? -EFBIG : add_entry(w, text, len, w->whiteout);
}

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int r = memcmp(x->text, y->text, len);

	return r ? r : (int)x->len - (int)y->len;
}

/* A node is met for the first time: it gets its inode behind those before it. */
static int meet(struct writer *w, struct erofs_node *node, struct erofs_node *parent)
{
	int r;

	if (node->is_seen)
		return 0;
	r = make_room((void **)&w->nodes, w->n_nodes, &w->room_nodes, sizeof(struct erofs_node *));
	if (r < 0)
		return r;
	node->is_seen = true;
	node->parent = parent;
	node->n_links = 0;
	w->nodes[w->n_nodes++] = node;
	return 0;
}

static int list_dir(struct writer *w, struct erofs_node *dir)
{
	const size_t first = w->n_entries;
	int r;

	/* The two links that a directory has by itself, and one for each directory in it. */
	r = add_entry(w, ".", 1, dir);
	if (r >= 0)
		r = add_entry(w, "..", 2, dir->parent);
	for (const struct erofs_name *x = dir->dir.names; x && r >= 0; x = x->next_in_dir) {
		if (x->node)
			r = meet(w, x->node, dir);
		if (r >= 0 && x->node)
			r = add_entry(w, x->text, x->len, x->node);
		else if (r >= 0 && is_layer(w))
			r = add_whiteout(w, x);
	}
	if (r >= 0 && is_layer(w) && dir->dir.is_opaque)
		r = add_entry(w, OPAQUE, strlen(OPAQUE), w->whiteout);
	if (r < 0 || w->n_entries - first > UINT32_MAX)
		return r < 0 ? r : -EFBIG;
	dir->first_entry = first;
	dir->n_entries = (uint32_t)(w->n_entries - first);
	qsort(w->entries + first, dir->n_entries, sizeof(*w->entries), compare);
	return 0;
}

/*
 * Nodes are numbered in the order in which their names are listed, so the order of the
 * hash table or of the tar plays no part: children are met again, sorted.
 */
static int number_children(struct writer *w, const struct erofs_node *dir, size_t first_met)
{
	size_t n = first_met;

	for (size_t i = first_met; i < w->n_nodes; i++)
		w->nodes[i]->is_seen = false;
	for (uint32_t i = 0; i < dir->n_entries; i++) {
		struct erofs_node *node = w->entries[dir->first_entry + i].node;

		if (node->is_seen)
			continue;
		node->is_seen = true;
		w->nodes[n++] = node;
	}
	return n == w->n_nodes ? 0 : -EINVAL;
}

static int find_nodes(struct writer *w)
{
	int r;

	if (is_layer(w)) {
		w->whiteout = erofs_node_new(w->tree, S_IFREG);
		w->implied =
		    erofs_xattr_get(w->tree, EROFS_XATTR_TRUSTED, IMPLIED, strlen(IMPLIED), "y", 1);
		if (!w->whiteout || !w->implied)
			return -ENOMEM;
	}
	r = meet(w, w->tree->root, w->tree->root);
	for (size_t i = 0; i < w->n_nodes && r >= 0; i++) {
		const size_t first_met = w->n_nodes;

		if (!S_ISDIR(w->nodes[i]->mode))
			continue;
		r = list_dir(w, w->nodes[i]);
		if (r >= 0 && w->whiteout && w->whiteout->n_links > 0 && !w->whiteout->is_seen) {
			uint32_t n_links = w->whiteout->n_links;

			r = meet(w, w->whiteout, w->nodes[i]);
			w->whiteout->n_links = n_links;
		}
		if (r >= 0)
			r = number_children(w, w->nodes[i], first_met);
	}
	for (size_t i = 0; i < w->n_nodes; i++)
		w->nodes[i]->number = (uint32_t)(i + 1);
	return r;
}

/* ---- attributes ---- */

/* In a layer's index a directory that is only implied has the mark in place of all else. */
static uint32_t n_xattrs(const struct writer *w, const struct erofs_node *node)
{
	if (is_layer(w) && S_ISDIR(node->mode) && node->dir.is_implied)
		return 1;
	return node->n_xattrs;
}

static struct erofs_xattr *xattr_at(
    const struct writer *w, const struct erofs_node *node, uint32_t i)
{
	if (is_layer(w) && S_ISDIR(node->mode) && node->dir.is_implied)
		return w->implied;
	return node->xattrs[i];
}

static uint64_t entry_len(const struct erofs_xattr *x)
{
	return round_up(EROFS_XATTR_ENTRY + (uint64_t)x->name_len + x->len, 4);
}

static bool is_shared(const struct erofs_xattr *x)
{
	return x->uses > 1 || x->len > SHARED_BIGGER;
}

/* How many of a node's attributes are in the shared area; no more than a header can count. */
static uint32_t count_shared(const struct writer *w, const struct erofs_node *node)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < n_xattrs(w, node) && n < EROFS_SHARED_MAX; i++)
		n += is_shared(xattr_at(w, node, i));
	return n;
}

static int share(struct writer *w, struct erofs_xattr *x)
{
	int r;

	if (!is_shared(x) || x->shared_at != UINT64_MAX)
		return 0;
	r = make_room(
	    (void **)&w->shared, w->n_shared, &w->room_shared, sizeof(struct erofs_xattr *));
	if (r < 0)
		return r;
	w->shared[w->n_shared++] = x;
	x->shared_at = w->xattrs_len;
	w->xattrs_len += entry_len(x);
	return w->xattrs_len / 4 > UINT32_MAX ? -EFBIG : 0;
}

static int place_xattrs(struct writer *w)
{
	int r = 0;

	for (size_t i = 0; i < w->n_nodes; i++) {
		for (uint32_t j = 0; j < n_xattrs(w, w->nodes[i]); j++) {
			xattr_at(w, w->nodes[i], j)->uses = 0;
			xattr_at(w, w->nodes[i], j)->shared_at = UINT64_MAX;
		}
	}
	for (size_t i = 0; i < w->n_nodes; i++) {
		for (uint32_t j = 0; j < n_xattrs(w, w->nodes[i]); j++)
			xattr_at(w, w->nodes[i], j)->uses++;
	}
	for (size_t i = 0; i < w->n_nodes; i++) {
		struct erofs_node *node = w->nodes[i];
		uint32_t n = n_xattrs(w, node), left = count_shared(w, node);
		uint64_t len = n ? EROFS_XATTR_HEADER + 4 * (uint64_t)left : 0;

		for (uint32_t j = 0; j < n && r >= 0; j++) {
			struct erofs_xattr *x = xattr_at(w, node, j);

			if (is_shared(x) && left > 0) {
				left--;
				r = share(w, x);
			} else {
				len += entry_len(x);
			}
		}
		if (r < 0)
			return r;
		/* Of which a node has at most 256. */
		if (len > 4 * (uint64_t)UINT16_MAX)
			return -EFBIG;
		node->xattr_len = (uint32_t)len;
	}
	return 0;
}

/* ---- places ---- */

/* A directory's bytes: whole blocks, and in the last one as much as there is. */
static uint64_t dir_len(const struct writer *w, const struct erofs_node *dir)
{
	uint64_t n_full = 0, used = 0;

	for (uint32_t i = 0; i < dir->n_entries; i++) {
		uint64_t len = EROFS_DIRENT + w->entries[dir->first_entry + i].len;

		if (used + len > w->block) {
			n_full++;
			used = 0;
		}
		used += len;
	}
	return n_full * w->block + used;
}

/* What stands behind inode and attributes: the end of a directory, a link, a map. */
static uint64_t tail_len(const struct writer *w, const struct erofs_node *node)
{
	if (S_ISDIR(node->mode))
		return node->size % w->block;
	if (S_ISLNK(node->mode))
		return node->size;
	return 0;
}

/*
 * The first place from `at` on where an inode with a tail may begin. Neither it nor the tail lies
 * across a border of blocks; a link must be in one block with its inode (Linux < 6.13).
 * UINT64_MAX: there is none.
 */
static uint64_t fit(const struct writer *w, const struct erofs_node *node, uint64_t at)
{
	const uint64_t head = EROFS_INODE_LEN + node->xattr_len, tail = tail_len(w, node);

	for (int tries = 0; tries < 2; tries++) {
		uint64_t left = w->block - at % w->block, end = at + head + tail;

		if (left >= EROFS_INODE_LEN &&
		    (tail == 0 || (at + head) / w->block == (end - 1) / w->block) &&
		    (!S_ISLNK(node->mode) || head + tail <= left))
			return at;
		at += left;
	}
	return UINT64_MAX;
}

/* Inodes alone fill the gaps that those with tails have left. */
static void place_small(struct writer *w, struct erofs_node *node)
{
	if (w->gap_end - w->gap_at >= EROFS_INODE_LEN) {
		node->at = w->gap_at;
		w->gap_at += EROFS_INODE_LEN;
		return;
	}
	node->at = fit(w, node, w->inodes_len);
	w->inodes_len = node->at + EROFS_INODE_LEN;
}

static void note_gap(struct writer *w, uint64_t from, uint64_t to)
{
	if (to - from > w->gap_end - w->gap_at) {
		w->gap_at = from;
		w->gap_end = to;
	}
}

static void take_blocks(struct writer *w, struct erofs_node *node, uint64_t n)
{
	node->data_at = w->n_blocks;
	w->n_blocks += n;
}

static void place_with_tail(struct writer *w, struct erofs_node *node)
{
	const uint64_t at = fit(w, node, w->inodes_len);
	const uint64_t n_full = node->size / w->block, tail = tail_len(w, node);
	uint64_t end;

	node->is_inline = tail > 0 && at != UINT64_MAX;
	if (node->is_inline) {
		note_gap(w, w->inodes_len, at);
		node->at = at;
		end = at + EROFS_INODE_LEN + node->xattr_len + tail;
		if (n_full > 0 && S_ISDIR(node->mode))
			take_blocks(w, node, n_full);
	} else {
		const struct erofs_node bare = { .mode = S_IFREG };

		node->at = fit(w, &bare, w->inodes_len);
		end = node->at + EROFS_INODE_LEN + node->xattr_len;
		take_blocks(w, node, (node->size + w->block - 1) / w->block);
	}
	w->inodes_len = round_up(end, EROFS_SLOT);
}

static void place_file(struct writer *w, struct erofs_node *node)
{
	const struct erofs_map *map = S_ISREG(node->mode) ? node->file.map : NULL;
	uint64_t len = EROFS_INODE_LEN + node->xattr_len + (map ? 4 * map->n : 0);

	if (len == EROFS_INODE_LEN) {
		place_small(w, node);
		return;
	}
	node->at = fit(w, node, w->inodes_len);
	w->inodes_len = round_up(node->at + len, EROFS_SLOT);
	if (map && map->own_len > 0)
		take_blocks(w, node, round_up(map->own_len, w->block) / w->block);
}

static void place_nodes(struct writer *w)
{
	for (size_t i = 0; i < w->n_nodes; i++) {
		struct erofs_node *node = w->nodes[i];

		if (S_ISDIR(node->mode))
			node->size = dir_len(w, node);
		if (S_ISDIR(node->mode) || S_ISLNK(node->mode))
			place_with_tail(w, node);
		else
			place_file(w, node);
	}
}

static int place_parts(struct writer *w)
{
	const uint64_t devices_at = EROFS_SUPER_AT + EROFS_SUPER_LEN;
	uint64_t at = devices_at + EROFS_DEVICE * w->how->n_devices;

	w->xattrs_at = round_up(at, w->block);
	w->inodes_at = round_up(w->xattrs_at + w->xattrs_len, w->block);
	w->data_at = round_up(w->inodes_at + w->inodes_len, w->block);
	at = round_up(w->data_at + w->n_blocks * w->block, PAGE);
	if (at > SIZE_MAX / 2)
		return -EFBIG;
	w->out_len = (size_t)at;
	for (size_t i = 0; i < w->how->n_devices; i++) {
		w->starts[i] = at / w->block;
		if (w->how->devices[i].bytes > (uint64_t)UINT32_MAX * w->block)
			return -EFBIG;
		at += round_up(w->how->devices[i].bytes, PAGE);
	}
	return at / w->block > UINT32_MAX ? -EFBIG : 0;
}

/* ---- bytes ---- */

static void put_xattr(uint8_t *to, const struct erofs_xattr *x)
{
	to[0] = x->name_len;
	to[1] = x->index;
	le16_put(to + 2, x->len);
	memcpy(to + EROFS_XATTR_ENTRY, x->name, x->name_len);
	memcpy(to + EROFS_XATTR_ENTRY + x->name_len, x->value, x->len);
}

static void put_xattrs(const struct writer *w, const struct erofs_node *node, uint8_t *to)
{
	const uint32_t n_shared = count_shared(w, node);
	uint8_t *inlined = to + EROFS_XATTR_HEADER + 4 * n_shared;
	uint32_t n = 0;

	to[EROFS_XATTR_SHARED_AT] = (uint8_t)n_shared;
	for (uint32_t i = 0; i < n_xattrs(w, node); i++) {
		const struct erofs_xattr *x = xattr_at(w, node, i);

		if (is_shared(x) && n < n_shared) {
			le32_put(to + EROFS_XATTR_HEADER + 4 * n++, (uint32_t)(x->shared_at / 4));
		} else {
			put_xattr(inlined, x);
			inlined += entry_len(x);
		}
	}
}

static uint8_t file_type(uint32_t mode)
{
	/* As in directory entries of the kernel (FT_*). */
	switch (mode & (uint32_t)S_IFMT) {
	case S_IFREG:
		return 1;
	case S_IFDIR:
		return 2;
	case S_IFCHR:
		return 3;
	case S_IFBLK:
		return 4;
	case S_IFIFO:
		return 5;
	case S_IFSOCK:
		return 6;
	default:
		return 7;
	}
}

static uint64_t number_of(const struct erofs_node *node)
{
	return node->at / EROFS_SLOT;
}

/* As many entries as fit in one block; returns how many. */
static uint32_t put_dir_block(
    const struct writer *w, const struct entry *entries, uint32_t n, uint8_t *to)
{
	uint64_t used = 0, at;
	uint32_t fitting = 0;

	while (fitting < n && used + EROFS_DIRENT + entries[fitting].len <= w->block)
		used += EROFS_DIRENT + entries[fitting++].len;
	at = (uint64_t)fitting * EROFS_DIRENT;
	for (uint32_t i = 0; i < fitting; i++) {
		uint8_t *x = to + (size_t)i * EROFS_DIRENT;

		le64_put(x, number_of(entries[i].node));
		le16_put(x + 8, (uint16_t)at);
		x[10] = file_type(entries[i].node->mode);
		memcpy(to + at, entries[i].text, entries[i].len);
		at += entries[i].len;
	}
	return fitting;
}

static uint8_t *data_of(const struct writer *w, const struct erofs_node *node)
{
	return w->out + w->data_at + node->data_at * w->block;
}

static void put_dir(const struct writer *w, const struct erofs_node *dir, uint8_t *tail)
{
	const struct entry *entries = w->entries + dir->first_entry;
	uint64_t n_full = dir->size / w->block;
	uint8_t *to = data_of(w, dir);
	uint32_t n = 0;

	for (uint64_t i = 0; n < dir->n_entries; i++, to += w->block)
		n += put_dir_block(
		    w, entries + n, dir->n_entries - n, dir->is_inline && i == n_full ? tail : to);
}

static int block_of(
    const struct writer *w, const struct erofs_node *node, uint64_t place, uint32_t *ret)
{
	const uint32_t device = (uint32_t)(place >> 32);
	uint64_t byte = (place & UINT32_MAX) * EROFS_BLOCK;

	if (place == EROFS_HOLE) {
		*ret = EROFS_NULL;
		return 0;
	}
	if (byte % w->block != 0 || device > w->how->n_devices)
		return -EINVAL;
	*ret = (uint32_t)(byte / w->block +
	    (device == EROFS_OWN ? w->data_at / w->block + node->data_at : w->starts[device - 1]));
	return 0;
}

static int put_map(const struct writer *w, const struct erofs_node *node, uint8_t *to)
{
	const struct erofs_map *map = node->file.map;
	int r = 0;

	if (map->bits < w->how->block_bits)
		return -EINVAL;
	for (uint64_t i = 0; i < map->n && r >= 0; i++) {
		uint32_t block = EROFS_NULL;

		r = block_of(w, node, map->places[i], &block);
		le32_put(to + 4 * i, block);
	}
	if (map->own_len > 0)
		memcpy(data_of(w, node), map->own, map->own_len);
	return r;
}

/* As the kernel has device numbers on disk (new_encode_dev). */
static uint32_t device_number(const struct erofs_node *node)
{
	return (node->minor & 0xff) | node->major << 8 | (node->minor & ~0xffU) << 12;
}

/* The field that says where its bytes are, or which device it is. */
static int put_what(const struct writer *w, const struct erofs_node *node, uint8_t *inode)
{
	uint8_t *tail = inode + EROFS_INODE_LEN + node->xattr_len;
	uint32_t what = 0;
	int r = 0;

	if (S_ISCHR(node->mode) || S_ISBLK(node->mode)) {
		what = device_number(node);
	} else if (S_ISREG(node->mode) && node->file.map) {
		what = node->file.map->bits - w->how->block_bits;
		r = put_map(w, node, tail);
	} else if (S_ISREG(node->mode) && node->size > 0) {
		r = block_of(w, node, node->file.place, &what);
	} else if (S_ISDIR(node->mode) || S_ISLNK(node->mode)) {
		what = (uint32_t)(w->data_at / w->block + node->data_at);
		if (S_ISDIR(node->mode))
			put_dir(w, node, tail);
		else
			memcpy(node->is_inline ? tail : data_of(w, node), node->target, node->size);
	}
	le32_put(inode + I_WHAT, what);
	return r;
}

static unsigned layout_of(const struct erofs_node *node)
{
	if (S_ISREG(node->mode) && node->file.map)
		return EROFS_CHUNKED;
	return node->is_inline ? EROFS_INLINE : EROFS_PLAIN;
}

static int put_inode(const struct writer *w, const struct erofs_node *node)
{
	uint8_t *to = w->out + w->inodes_at + node->at;

	le16_put(to + I_FORMAT, (uint16_t)(1 | layout_of(node) << 1));
	if (node->xattr_len > 0) {
		le16_put(
		    to + I_XATTR_COUNT, (uint16_t)((node->xattr_len - EROFS_XATTR_HEADER) / 4 + 1));
		put_xattrs(w, node, to + EROFS_INODE_LEN);
	}
	le16_put(to + I_MODE, (uint16_t)node->mode);
	le64_put(to + I_SIZE, node->size);
	le32_put(to + I_NUMBER, node->number);
	le32_put(to + I_UID, node->uid);
	le32_put(to + I_GID, node->gid);
	le64_put(to + I_MTIME, (uint64_t)node->mtime);
	le32_put(to + I_MTIME_NS, node->mtime_ns);
	le32_put(to + I_LINKS, node->n_links);
	return put_what(w, node, to);
}

static void put_devices(const struct writer *w)
{
	uint8_t *to = w->out + EROFS_SUPER_AT + EROFS_SUPER_LEN;

	for (size_t i = 0; i < w->how->n_devices; i++, to += EROFS_DEVICE) {
		const struct erofs_device *device = &w->how->devices[i];

		memcpy(to + D_TAG, device->tag, EROFS_TAG_LEN);
		le32_put(to + D_BLOCKS, (uint32_t)((device->bytes + w->block - 1) / w->block));
		le32_put(to + D_START, (uint32_t)w->starts[i]);
	}
}

static bool has_maps(const struct writer *w)
{
	for (size_t i = 0; i < w->n_nodes; i++) {
		if (S_ISREG(w->nodes[i]->mode) && w->nodes[i]->file.map)
			return true;
	}
	return false;
}

static void put_super(const struct writer *w)
{
	uint8_t *to = w->out + EROFS_SUPER_AT;
	uint64_t len = w->block > EROFS_SUPER_AT ? w->block - EROFS_SUPER_AT : w->block;

	le32_put(to + S_MAGIC, EROFS_MAGIC);
	/*
	 * The checksum is always there, and erofs_read() always checks it. Said so it is only where
	 * it covers what is left of the superblock's own block: fsck.erofs 1.8 would read far
	 * beyond a smaller one.
	 */
	le32_put(to + S_COMPAT,
	    EROFS_COMPAT_MTIME | (w->block > EROFS_SUPER_AT ? EROFS_COMPAT_CHECKSUM : 0));
	to[S_BLOCK_BITS] = (uint8_t)w->how->block_bits;
	le16_put(to + S_ROOT, (uint16_t)number_of(w->tree->root));
	le64_put(to + S_INODES, w->n_nodes);
	le32_put(to + S_BLOCKS, (uint32_t)(w->out_len / w->block));
	le32_put(to + S_META_BLOCK, (uint32_t)(w->inodes_at / w->block));
	le32_put(to + S_XATTR_BLOCK, (uint32_t)(w->xattrs_at / w->block));
	memcpy(to + S_UUID, w->how->uuid, EROFS_UUID_LEN);
	memcpy(to + S_VOLUME, "dolium", strlen("dolium"));
	le32_put(
	    to + S_INCOMPAT, EROFS_INCOMPAT_DEVICES | (has_maps(w) ? EROFS_INCOMPAT_CHUNKED : 0));
	le16_put(to + S_DEVICES, (uint16_t)w->how->n_devices);
	le16_put(to + S_DEVICE_SLOT, (EROFS_SUPER_AT + EROFS_SUPER_LEN) / EROFS_DEVICE);
	le32_put(to + S_CHECKSUM, erofs_crc32c(to, len));
}

static int put_all(struct writer *w)
{
	int r = 0;

	w->out = calloc(1, w->out_len);
	if (!w->out)
		return -ENOMEM;
	for (size_t i = 0; i < w->n_shared; i++)
		put_xattr(w->out + w->xattrs_at + w->shared[i]->shared_at, w->shared[i]);
	for (size_t i = 0; i < w->n_nodes && r >= 0; i++)
		r = put_inode(w, w->nodes[i]);
	put_devices(w);
	put_super(w);
	return r;
}

static int write_index(struct writer *w)
{
	int r = w->how->n_devices > EROFS_DEVICES_MAX ? -EFBIG : 0;

	if (r >= 0)
		r = find_nodes(w);
	if (r >= 0)
		r = place_xattrs(w);
	if (r < 0)
		return r;
	place_nodes(w);
	r = place_parts(w);
	return r < 0 ? r : put_all(w);
}

int erofs_write(struct erofs_tree *tree, const struct erofs_writing *how, uint8_t **ret_data,
    size_t *ret_len, struct err *e)
{
	struct writer w = {
		.how = how,
		.tree = tree,
		.block = (uint64_t)1 << how->block_bits,
		.texts = { .max = tree->arena.max },
	};
	int r = write_index(&w);

	if (r >= 0) {
		*ret_data = TAKE(w.out);
		*ret_len = w.out_len;
	}
	writer_done(&w);
	if (r == -EFBIG)
		return err_refuse(
		    e, r, "cannot write an index: it would be larger than one can be");
	return r < 0 ? err_set(e, r, "cannot write an index") : 0;
}

/* CRC-32C (Castagnoli), reflected, as the kernel computes it: nothing is inverted at the end. */
uint32_t erofs_crc32c(const uint8_t *data, uint64_t len)
{
	uint32_t crc = EROFS_CRC_SEED;

	for (uint64_t i = 0; i < len; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78U : 0);
	}
	return crc;
}
