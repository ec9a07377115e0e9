/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces: their kinds
 */
#ifndef DOLIUM_OS_NAMESPACE_H
#define DOLIUM_OS_NAMESPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order in which a process joins them: the user namespace gives the right to the others. */
enum namespace_kind {
	NAMESPACE_USER,
	NAMESPACE_PID,
	NAMESPACE_NETWORK,
	NAMESPACE_IPC,
	NAMESPACE_UTS,
	NAMESPACE_CGROUP,
	NAMESPACE_TIME,
	NAMESPACE_MOUNT,
	NAMESPACE_N,
};

/* The kind that the OCI calls by that word ("network"); NAMESPACE_N: no such kind. */
enum namespace_kind namespace_find(const char *word);
const char *namespace_name(enum namespace_kind kind);
/* CLONE_NEW... */
uint64_t namespace_flag(enum namespace_kind kind);

/* Is this process in the user namespace that the machine began with? Elsewhere root makes no device
 * nodes and no rules for them, and mounts only what belongs to his own namespaces. */
bool namespace_user_is_first(void);

/* Opens the namespace file `path` and checks that it is of that kind. -EINVAL: it is not. */
int namespace_open(enum namespace_kind kind, const char *path);

#endif
