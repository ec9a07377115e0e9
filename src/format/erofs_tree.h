/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file tree in memory, whose data is elsewhere
 *
 * What an EROFS index says: names, and nodes with owners, modes, times and
 * attributes. A file's bytes are not in it: it knows on which device they begin.
 * Devices are the tars of layers, counted from 1; a place is a block of 512 bytes.
 *
 * A tree is a layer's, with what it takes away from the layers below, or a whole
 * image's. Everything lives in the tree's arena and goes with it.
 */
#ifndef DOLIUM_FORMAT_EROFS_TREE_H
#define DOLIUM_FORMAT_EROFS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/auto.h"

#define EROFS_BLOCK      512U /* of a tar, and so of a place */
#define EROFS_HOLE       UINT64_MAX /* the place of what is nowhere */
#define EROFS_OWN        0U /* as a device: bytes that the tree itself has */
#define EROFS_CHUNKS_MAX ((uint64_t)1 << 20) /* of one sparse file */

/* One attribute, shared by all nodes that have it. */
struct erofs_xattr {
	uint8_t index; /* of its prefix: enum erofs_xattr_index */
	uint8_t name_len; /* of the rest, which may be empty */
	uint16_t len;
	const char *name;
	const uint8_t *value;
	struct erofs_xattr *next; /* in its bucket */

	uint32_t uses; /* the writer's */
	uint64_t shared_at;
};

/* Where the chunks of a sparse file are. */
struct erofs_map {
	unsigned bits; /* a chunk has 1 << bits bytes; at least 9 */
	uint64_t n;
	uint64_t *places;
	uint8_t *own; /* blocks that are in no tar, because its pieces are not whole blocks */
	uint64_t own_len;
};

struct erofs_name {
	struct erofs_name *next_in_dir, *next_in_bucket;
	struct erofs_node *dir, *node; /* no node: taken away (a whiteout) */
	uint16_t len;
	char text[]; /* with a NUL */
};

struct erofs_node {
	uint32_t mode; /* with its type, as in struct stat */
	uint32_t uid, gid, mtime_ns;
	int64_t mtime;
	uint64_t size;
	uint32_t major, minor; /* of a device */
	uint32_t n_xattrs;
	struct erofs_xattr **xattrs;
	union {
		struct {
			struct erofs_name *names; /* the one that came last first */
			bool is_opaque; /* hides what layers below have in it */
			bool is_implied; /* there, but its layer says nothing of it */
		} dir;
		struct {
			uint64_t place;
			struct erofs_map *map; /* NULL: in one piece */
		} file;
		char *target; /* of a symbolic link: `size` bytes and a NUL */
	};

	/* the writer's */
	uint64_t at; /* in bytes from the first inode */
	uint64_t data_at; /* in blocks from the first block of data */
	uint64_t first_entry;
	uint32_t n_entries, n_links, xattr_len, number;
	bool is_seen, is_inline;
	struct erofs_node *parent;
};

struct erofs_tree {
	struct arena arena;
	struct erofs_node *root; /* a directory */
	struct erofs_name **buckets;
	size_t n_buckets, n_names;
	struct erofs_xattr **xattr_buckets;
	size_t n_xattr_buckets, n_xattrs;
	struct erofs_tree *owned; /* trees whose nodes are part of this one */
};

/* An empty root, which is implied. */
int erofs_tree_new(struct erofs_tree **ret_tree);
struct erofs_tree *erofs_tree_free(struct erofs_tree *t); /* NULL is fine; returns NULL */
AUTO_DEFINE(struct erofs_tree *, erofs_tree_free);

static inline uint64_t erofs_place(uint32_t device, uint32_t block)
{
	return (uint64_t)device << 32 | block;
}

/* Each NULL where there is none, or where memory or its ceiling is gone. */
struct erofs_node *erofs_node_new(struct erofs_tree *t, uint32_t mode);
struct erofs_name *erofs_name_find(
    const struct erofs_tree *t, const struct erofs_node *dir, const char *text, size_t len);
/* Finds, or makes one that has no node yet: *ret_is_new says which. */
struct erofs_name *erofs_name_get(
    struct erofs_tree *t, struct erofs_node *dir, const char *text, size_t len, bool *ret_is_new);

bool erofs_is_dir(const struct erofs_node *node); /* false for NULL */

/*
 * "user.x": the index of its prefix, and the rest. -EOPNOTSUPP: an index cannot have
 * such an attribute.
 */
int erofs_xattr_split(const char *name, const char **ret_rest);
/* "user.", "system.posix_acl_access"...; NULL: no such index. */
const char *erofs_xattr_prefix(unsigned index);

struct erofs_xattr *erofs_xattr_get(struct erofs_tree *t, unsigned index, const char *name,
    size_t name_len, const void *value, size_t len);
/* Gives a node one more, or in place of the one of that name. -ENOMEM */
int erofs_xattr_set(struct erofs_tree *t, struct erofs_node *node, struct erofs_xattr *xattr);

#endif
