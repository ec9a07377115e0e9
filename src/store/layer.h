/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers
 *
 * A layer is named by its diffID: the digest of its uncompressed tar. As the store's
 * driver wants it, it is that tar with an EROFS index over it, or a read-only
 * directory tree with whiteouts in overlayfs' form. Ids in it are the container's
 * own, never shifted. Layers are shared and never change; an index is derived, and may
 * be thrown away and made again.
 */
#ifndef DOLIUM_STORE_LAYER_H
#define DOLIUM_STORE_LAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "format/digest.h"
#include "format/erofs_index.h"
#include "format/oci_image.h"

struct err;
struct store;

/* Ceilings against bombs. 0: the default. */
struct layer_limits {
	uint64_t max_bytes; /* of the uncompressed tar; default 64 GiB */
	uint64_t max_entries; /* default 4,000,000 */
	uint64_t max_ratio; /* uncompressed / compressed; default 1,200 behind the first 64 MiB */
	bool forbid_devices; /* refuse a layer that has device nodes */
};

struct layer_record {
	uint64_t tar_bytes; /* of the uncompressed tar */
	uint64_t disk_bytes; /* sum of the sizes of the files */
	uint64_t n_entries;
};

#define LAYER_INDEX_NAME(abi_) "index." #abi_
#define LAYER_INDEX_OF(abi_)   LAYER_INDEX_NAME(abi_)
#define LAYER_INDEX            LAYER_INDEX_OF(EROFS_ABI) /* in the layer's directory */

bool layer_exists(struct store *s, const struct digest *diff_id);
/* Returns an fd of the layer's tree that the caller owns. -ENOENT: no such layer. */
int layer_open_tree(struct store *s, const struct digest *diff_id, struct err *e);
/* The same of its tar, and of the index over it. -ENOENT: there is none. */
int layer_open_tar(struct store *s, const struct digest *diff_id, struct err *e);
int layer_open_index(struct store *s, const struct digest *diff_id, struct err *e);
/*
 * Makes the index once more, in a confined worker. -EBADMSG: the tar is damaged. -ENOPKG: nobody
 * said where the worker is (store_set_worker()).
 */
int layer_index_again(struct store *s, const struct digest *diff_id, struct err *e);
int layer_read_record(
    struct store *s, const struct digest *diff_id, struct layer_record *ret, struct err *e);

/*
 * Starts to unpack `blob_fd` (borrowed; read from its start) in a confined worker process of its
 * own, so that several layers unpack at once. Where two callers unpack one layer, the second waits
 * for the first and finds it done. Whole and durable before it has its name.
 *
 *   layer_unpack_start()  then poll layer_unpack_fd() for POLLIN (progress or end), then
 *   layer_unpack_finish() which waits, checks the diffID and commits.
 *
 * A caller that unpacks one layer twice at once must finish them in the order
 * in which their fds say that they ended.
 *
 * Where diff_id is NULL the layer is named by what the bytes turn out to be.
 * -EBADMSG: the bytes are not a layer, do not match `diff_id`, or are hostile: the
 * text says what, in which entry. -EFBIG: beyond `limits`. On failure or when
 * dropped by layer_unpack_free(), nothing is left but garbage in tmp/.
 */
struct layer_unpack;
int layer_unpack_start(struct store *s, int blob_fd, enum layer_compression compression,
    const struct digest *diff_id, const struct layer_limits *limits, struct layer_unpack **ret,
    struct err *e);
int layer_unpack_fd(const struct layer_unpack *u);
uint64_t layer_unpack_progress(
    struct layer_unpack *u); /* compressed bytes read so far; drains the fd */
int layer_unpack_finish(struct layer_unpack *u, struct digest *ret_diff_id, struct err *e);
struct layer_unpack *layer_unpack_free(struct layer_unpack *u); /* kills a worker that still runs */
AUTO_DEFINE(struct layer_unpack *, layer_unpack_free);

#endif
