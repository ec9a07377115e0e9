/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users and groups, as /etc/passwd and /etc/group of an image have them
 *
 * Works on the bytes of the two files: who opens them, beneath the image's root
 * and with a ceiling, is the caller. They are hostile: a line that is no entry
 * (too few fields, a number that is none, a NUL) is passed over, the first entry
 * that fits counts, and nothing in them makes a number into a name.
 */
#ifndef DOLIUM_FORMAT_PASSWD_H
#define DOLIUM_FORMAT_PASSWD_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct strv;

#define PASSWD_GROUPS_MAX 65536 /* as the kernel's NGROUPS_MAX */

struct passwd_files {
	const char *passwd, *group; /* NULL: there is no such file */
	size_t passwd_len, group_len;
};

struct passwd_user {
	uint32_t uid, gid;
	uint32_t *groups; /* additional ones: in order, each once, without gid */
	size_t n_groups;
	char *home; /* an absolute path; "/" where the files have no better */
};

/*
 * `text` is "user", "uid", "user:group", "uid:gid" or a mix; NULL, "" and an empty
 * user mean 0. A text of digits is a number, never a name: its entry, if there is
 * one, gives home, group and additional groups. With a group that is said, the
 * user's memberships are not looked for, as Docker has it. `more_groups` (may be
 * NULL) are names and numbers that are added. -ENOENT: no such user or group in
 * the files. -EINVAL: a number beyond 32 bits, or too many groups.
 */
int passwd_find(const struct passwd_files *files, const char *text, const struct strv *more_groups,
    struct passwd_user *ret_user, struct err *e);

/*
 * The home of the user of that number: an absolute path, "/" where the files have no better or it
 * does not fit. Allocates nothing.
 */
void passwd_home(const struct passwd_files *files, uint32_t uid, char *to, size_t room);

void passwd_user_done(struct passwd_user *user);

static inline void passwd_user_done_at(struct passwd_user *user)
{
	passwd_user_done(user);
}

#endif
