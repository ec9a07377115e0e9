/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer kept as its tar, with an index over it
 *
 * The disk is told to write while the rest is inflated, so that fsync(2) at the end
 * has little left to wait for.
 */
#include "store/layer_index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "format/erofs_index.h"
#include "format/erofs_tree.h"
#include "os/file.h"

#define BLOCK_BITS 9
#define START_EACH ((uint64_t)8 << 20)

struct layer_index {
	int dir_fd, tar_fd;
	bool keeps_tar; /* writes it, and owns tar_fd */
	struct erofs_layer *layer;
	uint64_t len, started; /* bytes; of which the disk has been told to write */
};

static int make(int dir_fd, const char *name)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir_fd, name, flags, 0600);

	return fd < 0 ? -errno : fd;
}

static int cannot_write(struct err *e, int code)
{
	return err_set(e, code, "cannot write a layer to the disk");
}

int layer_index_new(int dir_fd, int tar_fd, const struct erofs_layer_limits *limits,
    struct layer_index **ret, struct err *e)
{
	AUTO(layer_index_free) struct layer_index *x = calloc(1, sizeof(*x));
	int r;

	if (!x)
		return err_set(e, -ENOMEM, "cannot unpack a layer");
	x->dir_fd = dir_fd;
	x->tar_fd = tar_fd;
	r = erofs_layer_new(limits, &x->layer);
	if (r < 0)
		return err_set(e, r, "cannot unpack a layer");
	if (tar_fd < 0) {
		x->tar_fd = make(dir_fd, "tar");
		if (x->tar_fd < 0)
			return cannot_write(e, x->tar_fd);
		x->keeps_tar = true;
	}
	*ret = TAKE(x);
	return 0;
}

struct layer_index *layer_index_free(struct layer_index *x)
{
	if (!x)
		return NULL;
	if (x->keeps_tar)
		close(x->tar_fd);
	erofs_layer_free(x->layer);
	free(x);
	return NULL;
}

int layer_index_feed(struct layer_index *x, const uint8_t *data, size_t len, struct err *e)
{
	int r;

	if (x->keeps_tar) {
		r = file_write_fd(x->tar_fd, data, len);
		if (r < 0)
			return cannot_write(e, r);
	}
	x->len += len;
	if (x->keeps_tar && x->len - x->started >= START_EACH) {
		(void)sync_file_range(x->tar_fd, (off_t)x->started, (off_t)(x->len - x->started),
		    SYNC_FILE_RANGE_WRITE);
		x->started = x->len;
	}
	return erofs_layer_feed(x->layer, data, len, e);
}

static int read_back(void *context, uint64_t offset, void *to, size_t len)
{
	const struct layer_index *x = context;

	while (len > 0) {
		ssize_t n = pread(x->tar_fd, to, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		to = (uint8_t *)to + n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_index(
    struct layer_index *x, struct erofs_tree *tree, const struct digest *diff_id, struct err *e)
{
	char hex[DIGEST_HEX_LEN + 1];
	struct erofs_device device = { .bytes = x->len };
	struct erofs_writing how = {
		.form = EROFS_OF_LAYER,
		.block_bits = BLOCK_BITS,
		.devices = &device,
		.n_devices = 1,
	};
	AUTO_FREE uint8_t *data = NULL;
	AUTO_FD int fd = -1;
	size_t len;
	int r;

	digest_hex(diff_id, hex);
	memcpy(device.tag, hex, sizeof(device.tag));
	layer_index_uuid(diff_id, how.uuid);
	r = erofs_write(tree, &how, &data, &len, e);
	if (r < 0)
		return r;
	fd = make(x->dir_fd, "index");
	r = fd < 0 ? fd : file_write_fd(fd, data, len);
	if (r >= 0 && fsync(fd) < 0)
		r = -errno;
	return r < 0 ? cannot_write(e, r) : 0;
}

int layer_index_finish(struct layer_index *x, const struct digest *diff_id,
    struct erofs_layer_totals *ret_totals, struct err *e)
{
	AUTO(erofs_tree_free) struct erofs_tree *tree = NULL;
	const struct erofs_source source = { read_back, x };
	int r = erofs_layer_finish(x->layer, &source, &tree, ret_totals, e);

	if (r >= 0)
		r = write_index(x, tree, diff_id, e);
	if (r < 0)
		return r;
	if (x->keeps_tar && fsync(x->tar_fd) < 0)
		return cannot_write(e, -errno);
	/* The names of both: their directory gets its own later. */
	return fsync(x->dir_fd) < 0 ? cannot_write(e, -errno) : 0;
}
