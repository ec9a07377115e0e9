/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delegation: a container that may make cgroups below its own
 */
#ifndef DOLIUM_ISOLATE_DELEGATE_H
#define DOLIUM_ISOLATE_DELEGATE_H

#include <sys/types.h>

struct err;

/* The cgroup2 at `path` belongs to `owner` then, as far as a container may have it. */
int delegate_cgroup(const char *path, uid_t owner, struct err *e);

#endif
