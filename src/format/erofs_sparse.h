/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sparse files of a layer: pieces in a tar become chunks of an index
 */
#ifndef DOLIUM_FORMAT_EROFS_SPARSE_H
#define DOLIUM_FORMAT_EROFS_SPARSE_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct erofs_node;
struct erofs_tree;

/*
 * Reads `len` bytes of the tar back. Asked for only where a sparse file's pieces are not whole
 * blocks, so that the tree must have them itself. 0 or a negative errno.
 */
struct erofs_source {
	int (*read)(void *context, uint64_t offset, void *to, size_t len);
	void *context;
};

struct erofs_piece {
	uint64_t offset, len, stored_at; /* in the file; in the tar */
};

struct erofs_sparse_file {
	struct erofs_node *node;
	size_t first, n; /* of the pieces */
};

/* A zeroed struct is an empty one. */
struct erofs_sparse {
	struct erofs_piece *pieces;
	size_t n_pieces, room_pieces, first; /* `first` of the file that is being read */
	struct erofs_sparse_file *files;
	size_t n_files, room_files;
};

void erofs_sparse_done(struct erofs_sparse *s);

/* Each -ENOMEM. A piece more of the file that is being read; that file is whole. */
int erofs_sparse_add(struct erofs_sparse *s, uint64_t offset, uint64_t len, uint64_t stored_at);
int erofs_sparse_close(struct erofs_sparse *s, struct erofs_node *node);

/* Gives every file its map. -EFBIG: the maps, or what they cannot point at, are too large. */
int erofs_sparse_finish(const struct erofs_sparse *s, struct erofs_tree *tree, uint32_t device,
    const struct erofs_source *source, struct err *e);

#endif
