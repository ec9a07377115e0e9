/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots: what a storage driver does
 *
 * A driver turns layers (lowest first) and a private, writable directory into
 * one root file system, and takes it down again. It knows nothing of images or
 * containers. Ids on disk are always the container's own; `userns_fd` asks for a
 * shifted view.
 *
 * A driver is a constant: one `const struct snapshot_driver` at the end of its file,
 * declared below and listed in store/snapshots.c. All pass the same test,
 * tests/unit/test_snapshot.c. btrfs, vfs and dm-thin come behind this interface.
 *
 * Which driver serves a store is chosen when its first layer comes, and remembered in
 * the link `driver` of its root: what it has is in the form that the driver wants.
 */
#ifndef DOLIUM_STORE_SNAPSHOT_H
#define DOLIUM_STORE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct digest;
struct store;

enum snapshot_capability {
	SNAPSHOT_IDMAP_LOWER = 1 << 0, /* layers are seen through an id map without chown */
	SNAPSHOT_IDMAP_UPPER = 1 << 1, /* so is what the container writes */
	SNAPSHOT_VOLATILE = 1 << 2, /* can skip durability of the upper */
};

/* What a driver wants a layer to be. */
enum snapshot_form {
	SNAPSHOT_OF_TREES, /* an unpacked tree */
	SNAPSHOT_OF_TARS, /* its tar, and an EROFS index over it */
};

/* What roots stand on: directories, lowest first. */
struct snapshot_layers {
	int *fds;
	size_t n;
};

void snapshot_layers_done(struct snapshot_layers *layers);

struct snapshot_stack {
	const int *layer_fds; /* trees, lowest first; borrowed */
	size_t n_layers;
	int home_fd; /* private to this root: a directory, empty at prepare; borrowed */
};

struct snapshot_attach {
	bool read_only;
	bool is_volatile; /* what is written may be lost at a power cut: for containers run with
	                     --rm */
	int userns_fd; /* -1: ids are not shifted */
};

struct snapshot_driver {
	const char *name; /* as a user writes it: "overlay" */
	enum snapshot_form form;

	/* Can it serve below that directory on this host? -EOPNOTSUPP: no, and `e` says why. */
	int (*probe)(int store_fd, struct err *e);
	/* Flags of enum snapshot_capability, as probed. */
	unsigned (*capabilities)(int store_fd);

	/*
	 * May be NULL: there is nothing to make. Makes what images of these layers need beside
	 * the layers themselves, all of which are there. Fine when it is made already.
	 */
	int (*compose)(
	    struct store *s, const struct digest *layers, size_t n_layers, struct err *e);

	/*
	 * Opens what a stack is made of; the caller frees it. It may be one directory for all
	 * the layers, and mounted: it stays for as long as one of its fds, or a root on it.
	 * -ENOPKG: something derived must be made again, and that takes store_set_worker().
	 */
	int (*open)(struct store *s, const struct digest *layers, size_t n_layers,
	    struct snapshot_layers *ret_layers, struct err *e);

	/* Makes the writable part in home_fd. Mounts nothing. After a kill: run it again. */
	int (*prepare)(const struct snapshot_stack *stack, struct err *e);

	/*
	 * Returns a DETACHED mount that the caller owns: nothing becomes visible in any mount
	 * namespace, and closing the fd undoes it. Once at a time where it is writable. With
	 * `userns_fd` device nodes in it do not work. -ESTALE: it was volatile, and was attached
	 * before: what is in it may be lost, and it cannot be used again.
	 */
	int (*attach)(
	    const struct snapshot_stack *stack, const struct snapshot_attach *how, struct err *e);

	/*
	 * May be NULL: there is nothing to do. To be called once when a root that was opened here
	 * has been in use for a while: gives back memory that only its start needed.
	 */
	void (*settle)(struct store *s);

	/* May be NULL: the driver keeps nothing outside home_fd. Safe to call twice. */
	int (*discard)(int home_fd, struct err *e);
};

extern const struct snapshot_driver snapshot_overlay, snapshot_erofs;

/* All of them, best first; NULL behind the last. */
const struct snapshot_driver *snapshot_at(size_t i);
const struct snapshot_driver *snapshot_find(const char *name); /* NULL where there is none */

/*
 * The driver of this store. Where none is remembered yet, the one that was asked for
 * (store_set_driver()), or the first, best first, whose probe accepts the store; `remember`
 * writes it down. -EINVAL: another one was asked for. -EOPNOTSUPP: none can serve it.
 */
int snapshot_of(
    struct store *s, bool remember, const struct snapshot_driver **ret_driver, struct err *e);
/* Why it is that one, in words; where it is not the best, why the best is not. */
void snapshot_why(struct store *s, char to[ERR_TEXT_MAX]);

#endif
