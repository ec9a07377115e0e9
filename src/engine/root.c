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
#include "store/snapshot.h"
#include "store/store.h"

/* What a root stands on, and who puts it together. */
struct ground {
	const struct snapshot_driver *driver;
	struct snapshot_layers layers;
};

static void ground_done(struct ground *g)
{
	snapshot_layers_done(&g->layers);
}

#define AUTO_GROUND __attribute__((cleanup(ground_done)))

static int host_open(struct snapshot_layers *to, struct err *e)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	to->fds = fd < 0 ? NULL : malloc(sizeof(*to->fds));
	if (!to->fds) {
		int r = fd < 0 ? -errno : -ENOMEM;

		if (fd >= 0)
			close(fd);
		return err_set(e, r, "cannot open '/'");
	}
	to->fds[to->n++] = fd;
	return 0;
}

static int read_layers(const struct record *record, struct digest *to, struct err *e)
{
	for (size_t i = 0; i < record->layers.n; i++) {
		const char *hex = record->layers.items[i];

		if (digest_parse_hex(hex, &to[i]) < 0)
			return err_refuse(e, -EBADMSG,
			    "the record of the container is damaged: not a layer: '%s'", hex);
	}
	return 0;
}

/* The machine's own root is a tree, whatever layers of the store are. */
static int ground_open(
    struct dolium *d, const struct record *record, struct ground *to, struct err *e)
{
	AUTO_FREE struct digest *layers = NULL;
	struct store *store;
	int r = engine_store(d, &store, e);

	if (r < 0)
		return r;
	if (spec_is_host_image(record)) {
		to->driver = &snapshot_overlay;
		return host_open(&to->layers, e);
	}
	layers = calloc(record->layers.n + 1, sizeof(*layers));
	if (!layers)
		return err_set(e, -ENOMEM, "cannot open the layers");
	r = read_layers(record, layers, e);
	if (r >= 0)
		r = snapshot_of(store, false, &to->driver, e);
	if (r < 0)
		return r;
	r = to->driver->open(store, layers, record->layers.n, &to->layers, e);
	if (r != -ENOPKG)
		return r;
	/* Where the worker is, is looked up when it is needed: that is nearly never. */
	r = engine_unpacker(d, e);
	return r < 0 ? r : to->driver->open(store, layers, record->layers.n, &to->layers, e);
}

int root_prepare(struct dolium *d, const struct record *record, int dir_fd, struct err *e)
{
	AUTO_GROUND struct ground g = { 0 };
	int r = ground_open(d, record, &g, e);

	if (r < 0)
		return r;
	return g.driver->prepare(&(struct snapshot_stack){ g.layers.fds, g.layers.n, dir_fd }, e);
}

static int attach(struct dolium *d, const struct record *record, int dir_fd,
    const struct snapshot_attach *how, struct err *e)
{
	AUTO_GROUND struct ground g = { 0 };
	int r = ground_open(d, record, &g, e);

	if (r < 0)
		return r;
	return g.driver->attach(
	    &(struct snapshot_stack){ g.layers.fds, g.layers.n, dir_fd }, how, e);
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
		root_host_attach(&snapshot_overlay, &how, dir_fd, fd, store_path(d->store));
	return fd;
}

int root_attach_image(struct dolium *d, const struct record *record, int dir_fd, struct err *e)
{
	const struct snapshot_attach how = { .read_only = true, .userns_fd = -1 };

	return attach(d, record, dir_fd, &how, e);
}

int root_image_fd(struct dolium *d)
{
	return d->store ? store_shared_fd(d->store) : -1;
}

void root_image_kept(struct dolium *d, pid_t keeper)
{
	if (d->store)
		store_shared_kept(d->store, keeper);
}

void root_settle(struct dolium *d)
{
	const struct snapshot_driver *driver;

	if (d->store && snapshot_of(d->store, false, &driver, NULL) >= 0 && driver->settle)
		driver->settle(d->store);
}
