/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root file system of a container
 *
 * The image `host` is one layer like any other: the directory '/'. It is never
 * written to, for it is a lower layer. Of the other file systems on the machine,
 * those of disks are put on top; see engine/root_host.c.
 */
#include "engine/root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "engine/root_host.h"
#include "engine/spec.h"
#include "format/digest.h"
#include "store/layer.h"
#include "store/snapshot.h"
#include "store/store.h"

struct layers {
	int *fds;
	size_t n;
};

static void layers_done(struct layers *l)
{
	for (size_t i = 0; i < l->n; i++)
		close(l->fds[i]);
	free(l->fds);
}

#define AUTO_LAYERS __attribute__((cleanup(layers_done)))

static int layer_open_hex(struct store *store, const char *hex, struct err *e)
{
	struct digest diff_id;
	int r = digest_parse_hex(hex, &diff_id);

	if (r < 0)
		return err_refuse(
		    e, -EBADMSG, "the record of the container is damaged: not a layer: '%s'", hex);
	return layer_open_tree(store, &diff_id, e);
}

static int host_open(struct err *e)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_set(e, -errno, "cannot open '/'") : fd;
}

static int layers_open(
    struct dolium *d, const struct record *record, struct layers *to, struct err *e)
{
	const bool host = spec_is_host_image(record);
	const size_t n = host ? 1 : record->layers.n;
	struct store *store;
	int r = engine_store(d, &store, e);

	if (r < 0)
		return r;
	to->fds = calloc(n ? n : 1, sizeof(*to->fds));
	if (!to->fds)
		return err_set(e, -ENOMEM, "cannot open the layers");
	while (to->n < n) {
		r = host ? host_open(e) : layer_open_hex(store, record->layers.items[to->n], e);
		if (r < 0)
			return r;
		to->fds[to->n++] = r;
	}
	return 0;
}

/* Which driver serves a store is decided when it is first used; there is one so far. */
static const struct snapshot_driver *driver(void)
{
	return snapshot_find("overlay");
}

int root_prepare(struct dolium *d, const struct record *record, int dir_fd, struct err *e)
{
	AUTO_LAYERS struct layers layers = { 0 };
	int r = layers_open(d, record, &layers, e);

	if (r < 0)
		return r;
	return driver()->prepare(&(struct snapshot_stack){ layers.fds, layers.n, dir_fd }, e);
}

static int attach(struct dolium *d, const struct record *record, int dir_fd,
    const struct snapshot_attach *how, struct err *e)
{
	AUTO_LAYERS struct layers layers = { 0 };
	int r = layers_open(d, record, &layers, e);

	if (r < 0)
		return r;
	return driver()->attach(&(struct snapshot_stack){ layers.fds, layers.n, dir_fd }, how, e);
}

int root_attach(
    struct dolium *d, const struct record *record, int dir_fd, int userns_fd, struct err *e)
{
	const struct snapshot_attach how = { .is_volatile = record->auto_remove,
		.userns_fd = userns_fd };
	/* Also where the container may not write: dolium-oci must make the places for mounts first.
	 */
	int fd = attach(d, record, dir_fd, &how, e);

	if (fd >= 0 && spec_is_host_image(record))
		root_host_attach(driver(), &how, dir_fd, fd, store_path(d->store));
	return fd;
}

int root_attach_image(struct dolium *d, const struct record *record, int dir_fd, struct err *e)
{
	const struct snapshot_attach how = { .read_only = true, .userns_fd = -1 };

	return attach(d, record, dir_fd, &how, e);
}
