/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroups: which hierarchies there are, and what may be done to a cgroup in one
 *
 * A host has one hierarchy per controller (v1), one for all (v2), or some of
 * each (hybrid); every controller is in exactly one. So nothing here asks "is
 * this host v1 or v2": it asks where a controller is.
 *
 * A cgroup is a directory path. The first function that touches a path checks
 * that it is on a cgroup file system: no directory is ever made on the tmpfs
 * under the mounts. Nothing here makes a report; each returns a negative errno.
 */
#ifndef DOLIUM_OS_CGROUP_H
#define DOLIUM_OS_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

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

/*
 * Makes the directory `path`, which stands below the hierarchy's root, and its
 * missing parents. On v1 a new cpuset takes its parent's cpus and mems. Returns
 * 1: made; 0: was there before. The hierarchy comes from cgroup_probe(), which saw
 * that its root is a cgroup file system: nothing is ever made elsewhere.
 */
int cgroup_make(const struct cgroup_hierarchy *hierarchy, const char *path);

/*
 * v2: makes the controllers usable in `path` by writing them into
 * cgroup.subtree_control of each directory between the root and it. Returns
 * those that are usable now (a subset of `wanted`).
 */
int cgroup_enable(const struct cgroup_hierarchy *hierarchy, const char *path, uint32_t wanted,
    uint32_t *ret_usable);

/* v2: those that are usable in `path`. */
int cgroup_usable(const char *path, uint32_t *ret_usable);

/* Opens a file of the cgroup for writing; the caller owns the fd. One write(2) is one value. */
int cgroup_open(const char *path, const char *file);
/* Writes a value into a file of the cgroup; opens what is there, never creates. */
int cgroup_write(const char *path, const char *file, const char *value);
int cgroup_write_u64(const char *path, const char *file, uint64_t value);
/* Reads at most room - 1 bytes and ends them in a NUL. Returns their number. */
ssize_t cgroup_read(const char *path, const char *file, char *to, size_t room);
/* The number behind `key` in a file of "key number" lines. -ENOENT: no such file or key. */
int cgroup_read_key(const char *path, const char *file, const char *key, uint64_t *ret_value);

/*
 * The processes in the cgroup and, with `deep`, in those below. *ret_pids is
 * the caller's to free. A pid of 0 (a process out of our pid namespace) is left out.
 */
int cgroup_pids(const char *path, bool deep, pid_t **ret_pids, size_t *ret_n);

/* Removes it and the cgroups below. -EBUSY: has processes. One that is not there is a success. */
int cgroup_remove(const char *path);

/*
 * Freezes or thaws, and waits until the kernel says that it is so, `timeout_ms`
 * at most: -ETIMEDOUT, and then it is thawed again. -EOPNOTSUPP: this is a v1
 * hierarchy without the freezer.
 */
int cgroup_freeze(const char *path, bool frozen, unsigned timeout_ms);
/* Returns 1: it or one above it is frozen or freezing; 0: not. */
int cgroup_frozen(const char *path);

/*
 * v2: puts an eBPF program of type BPF_PROG_TYPE_CGROUP_DEVICE on the cgroup;
 * `insns` are n struct bpf_insn.
 */
int cgroup_attach_device_program(const char *path, const void *insns, size_t n);

#endif
