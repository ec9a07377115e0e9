/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: the cgroups of one container
 *
 * How a start uses it:
 *
 *	limits_create(linux->cgroups_path, id, linux->resources, &limits, e);
 *	clone3() with CLONE_INTO_CGROUP and limits_clone_fd(), if that is not -1
 *	child:  limits_join() (single-threaded, nothing else), only then unshare(CLONE_NEWCGROUP)
 *	save limits_paths() in the state
 *	at the end: limits_oom_killed(), limits_remove()
 *
 * The child joins by itself because that is a hundred times cheaper: writing a
 * *pid* into cgroup.procs waits for an RCU grace period of 12 ms.
 *
 * Only hierarchies with a controller that is worth it are joined: those that a
 * limit was asked of, memory and pids, and cpu and cpuacct where `cgroups_path` is given. A
 * container must not be shown (mounted) another one: there it is in the same
 * cgroup as who started it. limits_paths() has all that were joined.
 */
#ifndef DOLIUM_ISOLATE_LIMITS_H
#define DOLIUM_ISOLATE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/auto.h"
#include "base/strv.h"

struct err;
struct limits;
struct limits_scope;
struct oci_resources;

/*
 * Makes the cgroups and writes the limits. `cgroups_path`: absolute: from the
 * root of each hierarchy; relative: below "/dolium" there; NULL or empty:
 * "/dolium/<id>". `resources` may be NULL. On failure nothing is left behind.
 *
 * -EINVAL: a value or path is not valid. -EOPNOTSUPP: a limit was asked for,
 * and this host has no controller for it. -EBUSY: the cgroup exists and has processes.
 */
int limits_create(const char *cgroups_path, const char *id, const struct oci_resources *resources,
    struct limits **ret_limits, struct err *e);

/*
 * The same, made by systemd (isolate/limits_systemd.h). limits_settle() is to follow when the
 * container's process is in them.
 */
int limits_create_scope(const struct limits_scope *scope, const struct oci_resources *resources,
    struct limits **ret_limits, struct err *e);
void limits_settle(struct limits *l);

/* Those that limits_open() opened are that unit: for limits_update() and limits_remove(). -ENOMEM.
 */
int limits_adopt_unit(struct limits *l, const char *unit, bool user);

/* The same cgroups again, for another command: `paths` as limits_paths() gave them. */
int limits_open(const struct strv *paths, struct limits **ret_limits, struct err *e);

/*
 * The same only for one more process to join, with what limits_prepare_join() does: nothing is
 * looked up on the host, and which controllers they have is not known. A v1 freezer that
 * was joined later is not among them.
 */
int limits_open_to_join(const struct strv *paths, struct limits **ret_limits, struct err *e);

/* Gives the v2 cgroup to `owner`, an id of the host's, as far as he may have it. */
int limits_delegate(const struct limits *l, uid_t owner, struct err *e);

struct limits *limits_free(struct limits *l); /* closes fds, removes nothing; NULL is fine */

/* Absolute paths of the container's directories, for the state. Borrowed. */
const struct strv *limits_paths(const struct limits *l);

/* The v2 cgroup, for CLONE_INTO_CGROUP; -1: there is none to be cloned into. Borrowed. */
int limits_clone_fd(const struct limits *l);

/*
 * In the child: moves the calling process, which has one thread, into the v1
 * cgroups. Async-signal-safe, allocates nothing. With `v2` also into the v2 one: for
 * a child that was not made by CLONE_INTO_CGROUP (setns, an old kernel).
 */
int limits_join(const struct limits *l, bool v2);
/* The fds that limits_join() writes to, for who must keep them open: one per v1 hierarchy. */
const int *limits_join_fds(const struct limits *l, size_t *ret_n);
/* After limits_open(), before the clone: opens what limits_join() needs. */
int limits_prepare_join(struct limits *l, struct err *e);

/*
 * Below the container's own cgroups from now on: the one `path` there, in the hierarchy of
 * `controller`, or with NULL in all. -ENOENT: is not there. -EINVAL: leads out.
 */
int limits_descend(struct limits *l, const char *controller, const char *path, struct err *e);

/*
 * The cgroups that limits_update() would have to put the container into first, added to `paths`: to
 * be noted before, for who removes them.
 */
int limits_update_needs(const struct limits *l, const struct oci_resources *resources,
    struct strv *paths, struct err *e);
/* Writes limits over those there are: what `resources` does not say stays; devices stay always. */
int limits_update(struct limits *l, const struct oci_resources *resources, struct err *e);

/*
 * After limits_open() of a container that was put into more cgroups than it began with: who did
 * that may have been killed in between. Makes sure that they can be joined, and that all of it
 * is in them.
 */
int limits_mend(struct limits *l, struct err *e);

/* Has the kernel killed a process of the container for want of memory? */
bool limits_oom_killed(const struct limits *l);

/* All processes of the container; the caller frees. */
int limits_pids(const struct limits *l, pid_t **ret_pids, size_t *ret_n, struct err *e);

/*
 * Sends the signal to all processes of the container, also those in a pid
 * namespace of the host's. With SIGKILL it ends only when none is left to kill.
 */
int limits_kill(struct limits *l, int sig, struct err *e);

/* -ETIMEDOUT: could not be frozen; it is running. */
int limits_freeze(struct limits *l, bool frozen, struct err *e);
bool limits_frozen(const struct limits *l);

/*
 * Removes the cgroups. What still runs in them is killed first. Safe to call
 * twice and when some are gone.
 */
int limits_remove(struct limits *l, struct err *e);

AUTO_DEFINE(struct limits *, limits_free);

#endif
