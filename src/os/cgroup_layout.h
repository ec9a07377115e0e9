/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroups: which hierarchies there are
 *
 * A host has one hierarchy per controller (v1), one for all (v2), or some of
 * each (hybrid); every controller is in exactly one. So nothing here asks "is
 * this host v1 or v2": it asks where a controller is.
 */
#ifndef DOLIUM_OS_CGROUP_LAYOUT_H
#define DOLIUM_OS_CGROUP_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cgroup_controller {
	CGROUP_CPU,
	CGROUP_CPUACCT, /* v1 only: v2 accounts without a controller */
	CGROUP_CPUSET,
	CGROUP_MEMORY,
	CGROUP_DEVICES, /* v1 only: v2 has eBPF programs */
	CGROUP_FREEZER, /* v1 only: each v2 cgroup has cgroup.freeze */
	CGROUP_IO, /* v1 calls it blkio */
	CGROUP_PIDS,
	CGROUP_HUGETLB,
	CGROUP_NET_CLS, /* v1 only */
	CGROUP_NET_PRIO, /* v1 only */
	CGROUP_PERF_EVENT, /* v1 only */
	CGROUP_RDMA,
	CGROUP_MISC,
	CGROUP_N_CONTROLLERS,
};

#define CGROUP_BIT(controller) (UINT32_C(1) << (controller))

/* As this hierarchy writes it: "io" on v2, "blkio" on v1. */
const char *cgroup_controller_name(enum cgroup_controller controller, bool v2);
/* A word such as "cpu" or "blkio"; CGROUP_N_CONTROLLERS: not one we know. */
enum cgroup_controller cgroup_controller_find(const char *word, size_t len);

#define CGROUP_HIERARCHIES_MAX 16
#define CGROUP_ROOT_MAX        192

struct cgroup_hierarchy {
	char root[CGROUP_ROOT_MAX]; /* where it is mounted: "/sys/fs/cgroup/memory" */
	uint32_t controllers; /* CGROUP_BIT()s */
	bool v2;
};

struct cgroup_layout {
	struct cgroup_hierarchy items[CGROUP_HIERARCHIES_MAX];
	size_t n;
};

/*
 * Finds the mounted hierarchies of the `wanted` controllers (CGROUP_BIT()s). A
 * few system calls where they are mounted in the usual places, whatever the
 * number of mounts; else it reads /proc/self/mountinfo. The v2 hierarchy of a
 * hybrid host is listed only if v1 does not have all that is wanted. A host
 * without any gives an empty layout.
 */
int cgroup_probe(uint32_t wanted, struct cgroup_layout *ret_layout);

/* The same out of the texts of /proc/self/cgroup and /proc/self/mountinfo. Pure, for tests. */
int cgroup_read_hierarchies(const char *proc_self_cgroup, struct cgroup_layout *ret_layout);
int cgroup_read_mounts(const char *mountinfo, struct cgroup_layout *ret_layout);

/* The hierarchy that has the controller, or NULL. */
const struct cgroup_hierarchy *cgroup_find(
    const struct cgroup_layout *layout, enum cgroup_controller controller);
const struct cgroup_hierarchy *cgroup_find_v2(const struct cgroup_layout *layout);

/*
 * Is this path on a cgroup file system? Returns 1 (v1), 2 (v2), -ENOTSUP (on
 * something else) or what statfs says.
 */
int cgroup_version(const char *path);

/* v2: those that are usable in `path`. */
int cgroup_usable(const char *path, uint32_t *ret_usable);

#endif
