/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directories of a tree that is being unpacked
 *
 * A table of those that were made so far, found by parent and name, with a few
 * of them open. Owner, mode and time are kept until the end: while entries
 * arrive a directory is root's, mode 0700, and its time would change anyway.
 */
#ifndef DOLIUM_STORE_UNTAR_DIRS_H
#define DOLIUM_STORE_UNTAR_DIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"

#define DIR_NONE UINT32_MAX
#define DIR_ROOT 0U

struct untar_dir {
	uint32_t parent, name; /* `name` is an offset */
	uint32_t mode, uid, gid;
	uint32_t mtime_ns;
	int64_t mtime;
	uint16_t name_len;
	int16_t slot; /* of an open fd; -1: none */
	bool is_dead; /* replaced; it is no longer in the tree */
	bool has_default_acl; /* which children inherit, and must not */
};

struct untar_dirs;
int untar_dirs_new(int tree_fd, struct untar_dirs **ret);
struct untar_dirs *untar_dirs_free(struct untar_dirs *t); /* NULL is fine; returns NULL */
AUTO_DEFINE(struct untar_dirs *, untar_dirs_free);

/* The directory `name` in `parent`, or DIR_NONE. */
uint32_t untar_dirs_find(const struct untar_dirs *t, uint32_t parent, const char *name, size_t len);

/* Notes one that was just made. -ENOMEM, -EFBIG: too many, or their names too long. */
int untar_dirs_add(
    struct untar_dirs *t, uint32_t parent, const char *name, size_t len, uint32_t *ret_dir);

/* Good until the next untar_dirs_add(). */
struct untar_dir *untar_dirs_at(struct untar_dirs *t, uint32_t dir);
uint32_t untar_dirs_count(const struct untar_dirs *t);

/* An fd of the directory, O_RDONLY, borrowed: good until the next such call. */
int untar_dirs_fd(struct untar_dirs *t, uint32_t dir);

#endif
