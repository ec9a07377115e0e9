/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/PID/mountinfo
 */
#ifndef DOLIUM_FORMAT_MOUNTINFO_H
#define DOLIUM_FORMAT_MOUNTINFO_H

#include <stddef.h>
#include <stdint.h>

/* Texts are as they are named: blanks and the like are no longer escaped. */
struct mountinfo_entry {
	uint32_t id, parent;
	uint32_t major, minor;
	const char *root; /* which directory of the file system stands there */
	const char *point; /* where */
	const char *type;
};

struct mountinfo {
	struct mountinfo_entry *items;
	size_t n;
	char *text;
};

/* A zeroed *ret_info is filled. -EBADMSG: not a mountinfo. */
int mountinfo_parse(const char *text, struct mountinfo *ret_info);
void mountinfo_done(struct mountinfo *info);

static inline void mountinfo_done_at(struct mountinfo *info)
{
	mountinfo_done(info);
}

#define AUTO_MOUNTINFO __attribute__((cleanup(mountinfo_done_at)))

#endif
