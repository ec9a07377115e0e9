/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root file system of a container: layers of the store, or the machine's own
 */
#ifndef DOLIUM_ENGINE_ROOT_H
#define DOLIUM_ENGINE_ROOT_H

#include <sys/types.h>

#include "engine/engine.h"
#include "engine/record.h"

/* Makes the writable part in the container's directory. */
int root_prepare(struct dolium *d, const struct record *record, int dir_fd, struct err *e);

/*
 * Returns the root as a detached mount, which the caller owns. Ids look as
 * `userns_fd` says (-1: as they are on disk).
 */
int root_attach(
    struct dolium *d, const struct record *record, int dir_fd, int userns_fd, struct err *e);

/*
 * The fd by which other processes share what the last root stands on, if there is such a
 * thing: who lives as long as the container inherits it, under its number, and is noted. -1:
 * there is none.
 */
int root_image_fd(struct dolium *d);
void root_image_kept(struct dolium *d, pid_t keeper);

/* When a container has run for a while: gives back memory that only its start needed. */
void root_settle(struct dolium *d);

/* What is in the image alone, to read: a detached mount with the ids of the disk. */
int root_attach_image(struct dolium *d, const struct record *record, int dir_fd, struct err *e);

#endif
