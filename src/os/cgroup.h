/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroups: what may be done to one
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

#include "os/cgroup_layout.h"

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
