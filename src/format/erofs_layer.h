/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tar becomes the tree of a layer
 *
 * The bytes stay in the tar, which is device 1: the tree says where. OCI's
 * whiteouts become names without a node and opaque directories (image-spec,
 * layer.md). A later entry replaces an earlier one. The rules, and the sentences of
 * refusals, are those of store/untar.c, which unpacks the same layers into files.
 */
#ifndef DOLIUM_FORMAT_EROFS_LAYER_H
#define DOLIUM_FORMAT_EROFS_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "format/erofs_sparse.h"

struct err;
struct erofs_layer;
struct erofs_tree;

struct erofs_layer_limits {
	uint64_t max_bytes; /* sum of the sizes of all files, holes included */
	uint64_t max_entries;
	bool forbid_devices;
};

struct erofs_layer_totals {
	uint64_t disk_bytes, n_entries;
};

int erofs_layer_new(const struct erofs_layer_limits *limits, struct erofs_layer **ret_layer);
struct erofs_layer *erofs_layer_free(struct erofs_layer *l); /* NULL is fine; returns NULL */
AUTO_DEFINE(struct erofs_layer *, erofs_layer_free);

/* The next bytes of the tar. -EBADMSG: damaged or hostile. -EFBIG: beyond the limits. */
int erofs_layer_feed(struct erofs_layer *l, const uint8_t *data, size_t len, struct err *e);

/* The end. The tree is the caller's; the totals may be NULL. */
int erofs_layer_finish(struct erofs_layer *l, const struct erofs_source *source,
    struct erofs_tree **ret_tree, struct erofs_layer_totals *ret_totals, struct err *e);

#endif
