/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's other file systems in the image `host`
 *
 * '/usr' or '/home' may be on a disk of its own. Each gets a throw-away layer of
 * its own over it, mounted where it is outside.
 */
#ifndef DOLIUM_ENGINE_ROOT_HOST_H
#define DOLIUM_ENGINE_ROOT_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include "store/snapshot.h"

/* One file system of a disk, out of a line of /proc/self/mountinfo. Pure. */
bool root_host_line(char *line, const char *store, char **ret_path);

/*
 * Attaches them below the detached root `root_fd`; what they need is kept in the
 * container's directory. What cannot be attached is warned of and left out.
 */
void root_host_attach(const struct snapshot_driver *driver, const struct snapshot_attach *how,
    int dir_fd, int root_fd, const char *store);

#endif
