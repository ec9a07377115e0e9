/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The erofs driver, as its test sees it
 */
#ifndef DOLIUM_STORE_EROFS_H
#define DOLIUM_STORE_EROFS_H

#include <stddef.h>

struct err;

/* How the kernel reads an index and its tars. */
enum erofs_way {
	EROFS_BY_FILE, /* Linux 6.12, unless they lie on a file system that cannot be read so */
	EROFS_BY_LOOP, /* through loop devices */
	EROFS_WAYS,
};

/*
 * Mounts an index with its devices; names are below `dir_fd`. Returns a detached mount. -ENOTBLK:
 * not in that way. -ENODEV: this kernel has no EROFS.
 */
int erofs_mount_as(
    int dir_fd, const char *index, const char *const *tars, size_t n_tars, enum erofs_way way);
/* The same in the first way that works. */
int erofs_mount(int dir_fd, const char *index, const char *const *tars, size_t n_tars);

#endif
