/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who runs inside
 *
 * "USER[:GROUP]" and additional groups, by name or number, as the container's
 * own /etc/passwd and /etc/group say. Those files are the image's, so hostile: they are
 * opened beneath the root, have a ceiling, and a number is never looked for as a name.
 */
#ifndef DOLIUM_ENGINE_USER_H
#define DOLIUM_ENGINE_USER_H

#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"

struct err;
struct strv;

struct user {
	uint32_t uid, gid;
	uint32_t *groups; /* additional ones, without gid */
	size_t n_groups;
	char *home; /* "/" where nothing says better */
};

void user_done(struct user *user);

/*
 * `text` may be NULL or empty: root. `more_groups` is a list of names and
 * numbers. -ENOENT: no such user or group in the container.
 */
int user_find(int root_fd, const char *text, const struct strv *more_groups, struct user *ret_user,
    struct err *e);

static inline void user_done_at(struct user *user)
{
	user_done(user);
}

#define AUTO_USER __attribute__((cleanup(user_done_at)))

#endif
