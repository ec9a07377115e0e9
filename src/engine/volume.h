/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes: directories that outlive their containers
 *
 *   volumes/<name>/_data         what containers see; ids are theirs, never shifted
 *
 * A volume is made in tmp/ and renamed, filled or not, so one that has its name is whole.
 */
#ifndef DOLIUM_ENGINE_VOLUME_H
#define DOLIUM_ENGINE_VOLUME_H

#include <stdbool.h>

#include "engine/engine.h"

/*
 * Makes the volume if there is none. `image_fd` (borrowed; -1: none) is the root of
 * an image: the volume begins as a copy of the directory `path` in it, owners and modes
 * included. Returns 1: made; 0: it was there.
 */
int volume_ensure(
    struct dolium *d, const char *name, int image_fd, const char *path, struct err *e);

bool volume_exists(struct dolium *d, const char *name);

/* The absolute path of what containers see; the caller frees it. */
int volume_path(struct dolium *d, const char *name, char **ret_path, struct err *e);

/* -ENOENT */
int volume_remove(struct dolium *d, const char *name, struct err *e);

#endif
