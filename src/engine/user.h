/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who runs inside
 */
#ifndef DOLIUM_ENGINE_USER_H
#define DOLIUM_ENGINE_USER_H

#include "format/passwd.h"

struct err;
struct strv;

/*
 * passwd_find() with the /etc/passwd and /etc/group of the root file system
 * `root_fd`. On success the caller calls passwd_user_done(). -ENOENT: no such
 * user or group in the container.
 */
int user_find(int root_fd, const char *text, const struct strv *more_groups,
    struct passwd_user *ret_user, struct err *e);

#endif
