/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of an image
 *
 * An index of a layer that is missing, damaged or not of its tar is made again, once.
 */
#include "store/erofs_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "format/erofs_index.h"
#include "format/erofs_tree.h"
#include "os/file.h"
#include "store/layer.h"
#include "store/layer_index.h"
#include "store/store.h"
#include "store/store_state.h"

#define INDEX_MAX ((size_t)1 << 30)

struct composing {
	struct store *store;
	struct erofs_tree *image;
	struct erofs_device *devices;
	struct erofs_about *about; /* room for what one index says */
};

void erofs_image_name(const struct digest *chain, char to[EROFS_IMAGE_NAME_MAX])
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(chain, hex);
	snprintf(to, EROFS_IMAGE_NAME_MAX, "%s.%d", hex, EROFS_ABI);
}

static int describe_tar(
    struct store *s, const struct digest *layer, struct erofs_device *device, struct err *e)
{
	AUTO_FD int fd = layer_open_tar(s, layer, e);
	char hex[DIGEST_HEX_LEN + 1];
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return err_set(e, -errno, "cannot open the tar of a layer");
	digest_hex(layer, hex);
	memcpy(device->tag, hex, sizeof(device->tag));
	device->bytes = (uint64_t)st.st_size;
	return 0;
}

/* Is it the index of that tar, and not of something else? */
static bool belongs(const struct erofs_about *about, const struct erofs_device *device)
{
	return about->n_devices == 1 &&
	    memcmp(about->devices[0].tag, device->tag, sizeof(device->tag)) == 0 &&
	    about->devices[0].bytes / EROFS_BLOCK ==
	    (device->bytes + EROFS_BLOCK - 1) / EROFS_BLOCK;
}

static int read_index(struct composing *c, const struct digest *layer, size_t i,
    struct erofs_tree **ret_tree, struct err *e)
{
	AUTO_FD int fd = layer_open_index(c->store, layer, e);
	AUTO_FREE char *data = NULL;
	size_t len;
	int r;

	if (fd < 0)
		return fd;
	r = file_read_fd(fd, INDEX_MAX, &data, &len);
	if (r < 0)
		return err_set(e, r, "cannot read the index of a layer");
	r = erofs_read((const uint8_t *)data, len, (uint32_t)i + 1, ret_tree, c->about, e);
	if (r >= 0 && !belongs(c->about, &c->devices[i])) {
		*ret_tree = erofs_tree_free(*ret_tree);
		return err_refuse(e, -EBADMSG, "the index of a layer is that of another one");
	}
	return r;
}

static int add_layer(struct composing *c, const struct digest *layer, size_t i, struct err *e)
{
	struct erofs_tree *tree = NULL;
	int r = describe_tar(c->store, layer, &c->devices[i], e);

	if (r < 0)
		return r;
	r = read_index(c, layer, i, &tree, e);
	if (r == -ENOENT || r == -EBADMSG) {
		r = layer_index_again(c->store, layer, e);
		if (r >= 0)
			r = read_index(c, layer, i, &tree, e);
	}
	if (r < 0)
		return r;
	r = erofs_merge_consume(c->image, tree);
	return r < 0 ? err_set(e, r, "cannot merge the indexes of layers") : 0;
}

/* Durable before its name, though it is derived: a name over half a file would be believed. */
static int put_index(struct store *s, const char *name, const uint8_t *data, size_t len)
{
	char tmp_name[STORE_NAME_LEN + 1], from[STORE_PATH_MAX], to[STORE_PATH_MAX];
	AUTO_FD int dir_fd = store_tmp_dir(s, tmp_name), fd = -1;
	int r;

	if (dir_fd < 0)
		return dir_fd;
	fd = openat(dir_fd, "index", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : file_write_fd(fd, data, len);
	if (r >= 0 && fsync(fd) < 0)
		r = -errno;
	snprintf(from, sizeof(from), "tmp/%s", tmp_name);
	snprintf(to, sizeof(to), "images/%s", name);
	if (r >= 0 && renameat(dir_fd, "index", s->root_fd, to) < 0)
		r = -errno;
	/* A store from before there were any. */
	if (r == -ENOENT && (mkdirat(s->root_fd, "images", 0700) == 0 || errno == EEXIST))
		r = renameat(dir_fd, "index", s->root_fd, to) < 0 ? -errno : 0;
	(void)unlinkat(dir_fd, "index", 0);
	(void)unlinkat(s->root_fd, from, AT_REMOVEDIR);
	return r;
}

static int compose(struct composing *c, const struct digest *layers, size_t n_layers,
    const struct digest *chain, struct err *e)
{
	struct erofs_writing how = {
		.form = EROFS_OF_IMAGE,
		.block_bits = 9,
		.devices = c->devices,
		.n_devices = n_layers,
	};
	char name[EROFS_IMAGE_NAME_MAX];
	AUTO_FREE uint8_t *data = NULL;
	size_t len;
	int r = 0;

	for (size_t i = 0; i < n_layers && r >= 0; i++)
		r = add_layer(c, &layers[i], i, e);
	if (r < 0)
		return r;
	layer_index_uuid(chain, how.uuid);
	r = erofs_write(c->image, &how, &data, &len, e);
	if (r < 0)
		return r;
	erofs_image_name(chain, name);
	r = put_index(c->store, name, data, len);
	return r < 0 ? err_set(e, r, "cannot write the index of an image") : 0;
}

int erofs_image_make(struct store *s, const struct digest *layers, size_t n_layers,
    const struct digest *chain, struct err *e)
{
	AUTO(erofs_tree_free) struct erofs_tree *image = NULL;
	AUTO_FREE struct erofs_device *devices = calloc(n_layers + 1, sizeof(*devices));
	AUTO_FREE struct erofs_about *about = malloc(sizeof(*about));
	struct composing c = { .store = s, .devices = devices, .about = about };
	struct err own;
	int r;

	if (n_layers > EROFS_DEVICES_MAX)
		return err_refuse(e, -EFBIG, "cannot merge more than %d layers", EROFS_DEVICES_MAX);
	r = devices && about ? erofs_tree_new(&image) : -ENOMEM;
	if (r < 0)
		return err_set(e, r, "cannot merge the indexes of layers");
	c.image = image;
	return compose(&c, layers, n_layers, chain, e ? e : &own);
}
