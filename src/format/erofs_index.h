/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EROFS indexes
 *
 * An index is an EROFS file system without the data of files: that stays on
 * devices, which are the tars of layers, in blocks of 512 bytes. A layer's index
 * (EROFS_OF_LAYER) keeps what it takes away from lower layers in OCI's form, as
 * empty files ".wh.NAME" and ".wh..wh..opq", and marks directories that it does not
 * name itself; nobody mounts it. An image's index is merged from those of its layers and has
 * none of that: the kernel mounts it with one `device=` for each layer, lowest
 * first. The same tree always gives the same bytes.
 */
#ifndef DOLIUM_FORMAT_EROFS_INDEX_H
#define DOLIUM_FORMAT_EROFS_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct erofs_tree;

/* Changes when other bytes are written for the same tree; names of indexes have it. */
#define EROFS_ABI 1

#define EROFS_DEVICES_MAX 1024
#define EROFS_TAG_LEN     64
#define EROFS_UUID_LEN    16

enum erofs_form {
	EROFS_OF_LAYER,
	EROFS_OF_IMAGE,
};

struct erofs_device {
	uint64_t bytes;
	char tag[EROFS_TAG_LEN]; /* who it is: the hex digits of its digest; not ended by a NUL */
};

struct erofs_writing {
	enum erofs_form form;
	unsigned block_bits; /* 9; 12 for kernels before 6.4, where the data allows it */
	uint8_t uuid[EROFS_UUID_LEN];
	const struct erofs_device *devices; /* devices[0] is device 1 */
	size_t n_devices;
};

/*
 * Writes an index; the caller frees *ret_data. Uses the fields of the tree that are the
 * writer's. -EFBIG: more than an index can say. -EINVAL: data does not begin at a
 * block of that size.
 */
int erofs_write(struct erofs_tree *tree, const struct erofs_writing *how, uint8_t **ret_data,
    size_t *ret_len, struct err *e);

/* What an index says about itself. */
struct erofs_about {
	uint8_t uuid[EROFS_UUID_LEN];
	size_t n_devices;
	struct erofs_device devices[EROFS_DEVICES_MAX];
};

/*
 * Reads one that erofs_write() made; nothing is believed. Its device 1 becomes device
 * `first_device`. `about` may be NULL. -EBADMSG: damaged, or in a form that is not
 * written here.
 */
int erofs_read(const uint8_t *data, size_t len, uint32_t first_device, struct erofs_tree **ret_tree,
    struct erofs_about *about, struct err *e);

/*
 * Puts a layer on top of what is there, as OCI says: first what it takes away, then what it has.
 * A directory that it does not name itself stays as it was. `consume` is the layer; on success
 * its nodes are part of `tree`. -ENOMEM
 */
int erofs_merge_consume(struct erofs_tree *tree, struct erofs_tree *consume);

#endif
