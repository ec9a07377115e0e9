/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer kept as its tar, with an index over it
 *
 * Runs in the confined worker. The bytes go to the disk as they come, and through
 * format/erofs_layer; nothing is created by a name that they contain.
 */
#ifndef DOLIUM_STORE_LAYER_INDEX_H
#define DOLIUM_STORE_LAYER_INDEX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/auto.h"
#include "format/digest.h"
#include "format/erofs_layer.h"

struct err;
struct layer_index;

/*
 * `dir_fd`: where "tar" and "index" are made. `tar_fd` not -1: the tar is there already,
 * and only the index is made. Both are borrowed.
 */
int layer_index_new(int dir_fd, int tar_fd, const struct erofs_layer_limits *limits,
    struct layer_index **ret, struct err *e);
struct layer_index *layer_index_free(struct layer_index *x); /* NULL is fine; returns NULL */
AUTO_DEFINE(struct layer_index *, layer_index_free);

/* -EBADMSG: damaged or hostile. -EFBIG: beyond the limits. Others: the disk's. */
int layer_index_feed(struct layer_index *x, const uint8_t *data, size_t len, struct err *e);

/* The end: both files are whole and durable. `diff_id` is the digest of all that was fed. */
int layer_index_finish(struct layer_index *x, const struct digest *diff_id,
    struct erofs_layer_totals *ret_totals, struct err *e);

/* What an index says it is: the layer's digest or, of an image, the chain's. */
static inline void layer_index_uuid(const struct digest *digest, uint8_t uuid[16])
{
	memcpy(uuid, digest->bytes, 16);
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x80); /* RFC 9562: version 8, "vendor's own" */
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

#endif
