/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock: a process takes the file system away from itself
 *
 * What is not named by a rule is denied from then on, for the calling thread
 * and every thread and process it starts later, and cannot be given back. Files
 * that are open already stay as they were opened.
 */
#ifndef DOLIUM_OS_LANDLOCK_H
#define DOLIUM_OS_LANDLOCK_H

#include <stddef.h>

enum landlock_right {
	LANDLOCK_READ = 1 << 0, /* read files, list directories */
	LANDLOCK_WRITE = 1 << 1, /* write, create, rename, link and remove; no devices */
	LANDLOCK_DEVICES = 1 << 2, /* create device nodes */
	LANDLOCK_EXECUTE = 1 << 3,
};

struct landlock_rule {
	int fd; /* a directory, and all beneath it; or a file */
	unsigned rights; /* of enum landlock_right */
};

enum landlock_net {
	LANDLOCK_NET_FREE, /* TCP is left alone */
	LANDLOCK_NET_NONE, /* no bind, no connect */
	LANDLOCK_NET_CONNECT, /* connect, no bind */
};

/*
 * Confines the caller. Needs no_new_privs or CAP_SYS_ADMIN. What this kernel's
 * version cannot deny yet is left out; signals and abstract sockets to outside are
 * denied where it can. -EOPNOTSUPP: no Landlock here.
 */
int landlock_confine(const struct landlock_rule *rules, size_t n_rules, enum landlock_net net);

#endif
