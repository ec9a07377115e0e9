/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives: a tar that is looked into by name
 *
 * Plain, gzip or zstd; a file or a pipe. What is not a plain file is first
 * unpacked into a file without a name in the partial directory. The tar is then mapped:
 * members are slices of it, and only the pages that are asked for are read.
 */
#ifndef DOLIUM_REGISTRY_ARCHIVE_H
#define DOLIUM_REGISTRY_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"

struct err;
struct archive;

/* Reads `fd` (borrowed) from where it stands. `what` names it in reports and is kept, not copied.
 */
int archive_open(
    int fd, int spool_dir_fd, const char *what, struct archive **ret_archive, struct err *e);
struct archive *archive_close(struct archive *a); /* NULL is fine; returns NULL */
AUTO_DEFINE(struct archive *, archive_close);

/*
 * Finds a file by its name, following links inside the archive (docker writes
 * layers that are the same as such). -ENOENT; -ELOOP.
 */
int archive_find(
    const struct archive *a, const char *name, const uint8_t **ret_data, size_t *ret_len);

#endif
