/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a container
 */
#ifndef DOLIUM_ENGINE_CREATE_H
#define DOLIUM_ENGINE_CREATE_H

#include <stdbool.h>

#include "engine/engine.h"
#include "engine/record.h"

/*
 * Checks the options, finds or fetches the image, and makes the container: on
 * success *ret_record is the caller's, and so is the fd of its directory, which is
 * returned and holds its lock.
 */
int create_container(struct dolium *d, const struct dolium_create_options *options, bool of_run,
    struct record **ret_record, struct err *e);

/*
 * Checks every value that a user gave; what needs the image comes later.
 * -EINVAL: the text says which, and what it should be.
 */
int create_check(const struct dolium_create_options *options, struct err *e);

/* Puts the options into the record, on top of what the image said. After create_check(). */
int create_fill(const struct dolium_create_options *options, struct record *record, struct err *e);

/* "/a/b" for "/a//b/": the caller frees. NULL: not absolute, or has a "..". */
char *create_clean_path(const char *path);

#endif
