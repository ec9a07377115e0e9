/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.intelRdt: shares of caches and of memory's bandwidth, by the resctrl file system
 *
 * A class of service is a directory there, with the shares in its file `schemata` and
 * the processes in `tasks`; a group that only counts is one below its mon_groups. Which of them the
 * container makes is noted before they are, so that whatever happens they can be removed.
 */
#ifndef DOLIUM_ISOLATE_RDT_H
#define DOLIUM_ISOLATE_RDT_H

#include <sys/types.h>

struct err;
struct oci_intel_rdt;
struct strv;

/* Where this host has it. The caller frees *ret_root. -EOPNOTSUPP: nowhere. */
int rdt_find(char **ret_root, struct err *e);

/* The directories that rdt_join() will make for container `id`, in the order in which they go. */
int rdt_paths(const struct oci_intel_rdt *rdt, const char *root, const char *id, struct strv *paths,
    struct err *e);

/*
 * Makes what is missing, writes the shares, puts the process in. A class that is there and
 * was named must have the very shares (-EINVAL), and must be there when none are said (-ENOENT).
 */
int rdt_join(
    const struct oci_intel_rdt *rdt, const char *root, const char *id, pid_t pid, struct err *e);

/* One that is not there any more is a success. */
int rdt_remove(const struct strv *paths, struct err *e);

#endif
