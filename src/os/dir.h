/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading directories
 *
 * A stream has a descriptor of its own: dirfd(3) of it is good for the *at calls
 * as long as the stream is.
 */
#ifndef DOLIUM_OS_DIR_H
#define DOLIUM_OS_DIR_H

#include <dirent.h>

#include "base/auto.h"

/* Opens `path`, no link, below dir_fd; "." is dir_fd itself, from its start. */
int dir_open(int dir_fd, const char *path, DIR **ret_dir);

/* The next entry that is neither "." nor ".."; NULL behind the last. */
const struct dirent *dir_next(DIR *dir);

DIR *dir_close(DIR *dir); /* NULL is fine; returns NULL */
AUTO_DEFINE(DIR *, dir_close);

#endif
