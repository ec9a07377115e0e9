/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tar becomes the tree of a layer
 *
 * Runs in the confined worker. Nothing is ever created through a link: every
 * parent is a directory that this module made itself, and is opened with the
 * kernel's own refusal of links on the way. OCI whiteouts become overlayfs'.
 */
#ifndef DOLIUM_STORE_UNTAR_H
#define DOLIUM_STORE_UNTAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"

struct err;
struct untar;

/* On the tree's root: the tar had no entry for it, so a lower layer's word counts. */
#define UNTAR_IMPLIED_ROOT "trusted.dolium.implied"

struct untar_limits {
	uint64_t max_bytes; /* sum of the sizes of all files, holes included */
	uint64_t max_entries;
	bool forbid_devices;
};

struct untar_totals {
	uint64_t disk_bytes, n_entries;
};

/*
 * `tree_fd` is an empty directory; what a later entry replaces is moved to
 * `junk_fd`, on the same file system. Both are borrowed.
 */
int untar_new(
    int tree_fd, int junk_fd, const struct untar_limits *limits, struct untar **ret, struct err *e);
struct untar *untar_free(struct untar *u); /* NULL is fine; returns NULL */
AUTO_DEFINE(struct untar *, untar_free);

/* -EBADMSG: damaged or hostile. -EFBIG: beyond the limits. Others: the disk's. */
int untar_feed(struct untar *u, const uint8_t *data, size_t len, struct err *e);

/* The end: sets owner, mode and time of directories. */
int untar_finish(struct untar *u, struct untar_totals *ret_totals, struct err *e);

#endif
