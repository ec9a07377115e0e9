/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: the processes of a container, killed, frozen and counted
 *
 * Nothing is ever frozen here to be killed: who freezes and then dies leaves
 * processes that nobody can end. Instead pids.max 0 stops forks.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"
#include "isolate/limits.h"
#include "isolate/limits_group.h"
#include "isolate/limits_systemd.h"
#include "os/cgroup.h"

#define FREEZE_TIMEOUT_MS 10000
#define FREEZE_ROUNDS     100
#define KILL_ROUNDS       1000
#define REMOVE_ROUNDS     2500 /* of 2 ms each, once the short waits are over */

/* Any group will do: the container is in all of them. */
static const struct group *any_group(const struct limits *l)
{
	const struct group *g = limits_group_v2(l);

	if (!g)
		g = limits_group(l, CGROUP_PIDS);
	return g || !l->paths.n ? g : &l->groups[0];
}

int limits_pids(const struct limits *l, pid_t **ret_pids, size_t *ret_n, struct err *e)
{
	const struct group *g = any_group(l);
	int r;

	*ret_pids = NULL;
	*ret_n = 0;
	if (!g)
		return err_refuse(e, -EOPNOTSUPP, "the container has no cgroup to list");
	r = cgroup_pids(g->path, true, ret_pids, ret_n);
	return r < 0 ? err_set(e, r, "cannot list the processes of cgroup '%s'", g->path) : 0;
}

static int compare_pids(const void *a, const void *b)
{
	const pid_t left = *(const pid_t *)a, right = *(const pid_t *)b;

	return (left > right) - (left < right);
}

#define SIGNAL_BATCH 128

/*
 * A pid may be another process by the time it is signalled. So each is pinned
 * by a pidfd first, and then must still be listed: a pidfd that was opened on a
 * stranger is on one who is dead, or who is in the cgroup after all.
 */
static int signal_batch(const char *path, const pid_t *pids, size_t n, int sig)
{
	AUTO_FREE pid_t *now = NULL;
	int fds[SIGNAL_BATCH];
	size_t n_now = 0;
	int r;

	for (size_t i = 0; i < n; i++)
		fds[i] = (int)syscall(SYS_pidfd_open, pids[i], 0);
	r = cgroup_pids(path, true, &now, &n_now);
	if (r >= 0 && n_now)
		qsort(now, n_now, sizeof(*now), compare_pids);
	for (size_t i = 0; i < n; i++) {
		if (fds[i] < 0)
			continue;
		if (r >= 0 && n_now && bsearch(&pids[i], now, n_now, sizeof(*now), compare_pids) &&
		    syscall(SYS_pidfd_send_signal, fds[i], sig, NULL, 0) < 0 && errno != ESRCH)
			r = -errno;
		close(fds[i]);
	}
	return r;
}

/* Returns how many there were. */
static ssize_t signal_all(const char *path, int sig)
{
	AUTO_FREE pid_t *pids = NULL;
	size_t n = 0;
	int r = cgroup_pids(path, true, &pids, &n);

	for (size_t at = 0; r >= 0 && at < n; at += SIGNAL_BATCH)
		r = signal_batch(
		    path, pids + at, n - at < SIGNAL_BATCH ? n - at : SIGNAL_BATCH, sig);
	return r < 0 ? r : (ssize_t)n;
}

static void sleep_us(long us)
{
	nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
}

/* Short waits first: what is killed is mostly gone at once. */
static void wait_round(unsigned round)
{
	sleep_us(round < 6 ? 50L << round : 2000);
}

static int kill_one_by_one(const struct limits *l, const struct group *g)
{
	const struct group *pids = limits_group(l, CGROUP_PIDS), *freezer = limits_group_freezer(l);

	if (pids)
		cgroup_write(pids->path, "pids.max", "0");
	for (unsigned round = 0; round < KILL_ROUNDS; round++) {
		ssize_t n = signal_all(g->path, SIGKILL);

		if (n <= 0)
			return (int)n;
		/* A frozen process dies when it thaws. */
		if (freezer && cgroup_frozen(freezer->path) == 1)
			cgroup_freeze(freezer->path, false, 0);
		wait_round(round);
	}
	return -ETIMEDOUT;
}

static int kill_group(const struct limits *l, const struct group *g)
{
	const struct group *freezer = limits_group_freezer(l);
	int r;

	if (g->v2) {
		r = cgroup_write(g->path, "cgroup.kill", "1");
		if (r >= 0 && freezer && !freezer->v2 && cgroup_frozen(freezer->path) == 1)
			cgroup_freeze(freezer->path, false, 0);
		if (r != -ENOENT) /* before 5.14 */
			return r;
	}
	return kill_one_by_one(l, g);
}

/* One that it was put into later may not have all of it: who moved it was killed in between. */
static int kill_all(const struct limits *l)
{
	const struct group *first = any_group(l);
	int r;

	if (!first)
		return -EOPNOTSUPP;
	r = kill_group(l, first);
	for (size_t i = 0; i < l->paths.n && r >= 0; i++)
		if (&l->groups[i] != first)
			r = kill_group(l, &l->groups[i]);
	return r;
}

int limits_kill(struct limits *l, int sig, struct err *e)
{
	const struct group *g = any_group(l);
	ssize_t r;

	if (!g)
		return err_refuse(
		    e, -EOPNOTSUPP, "the container has no cgroup to find its processes by");
	r = sig == SIGKILL ? kill_all(l) : signal_all(g->path, sig);
	if (r < 0)
		return err_set(e, (int)r, "cannot kill the processes of cgroup '%s'", g->path);
	return 0;
}

/* Moves in what is not there yet. Returns how many those were. */
static ssize_t move_all(const struct group *from, const struct group *to)
{
	AUTO_FREE pid_t *all = NULL, *there = NULL;
	size_t n = 0, n_there = 0;
	ssize_t moved = 0;
	int r = cgroup_pids(from->path, true, &all, &n);

	if (r >= 0)
		r = cgroup_pids(to->path, true, &there, &n_there);
	if (r < 0)
		return r;
	if (n_there)
		qsort(there, n_there, sizeof(*there), compare_pids);
	for (size_t i = 0; i < n; i++) {
		if (n_there && bsearch(&all[i], there, n_there, sizeof(*there), compare_pids))
			continue;
		r = cgroup_write_u64(to->path, "cgroup.procs", (uint64_t)all[i]);
		if (r < 0 && r != -ESRCH)
			return r;
		moved++;
	}
	return moved;
}

int limits_fill_group(const struct limits *l, const struct group *group)
{
	ssize_t n = 1;

	for (unsigned round = 0; n > 0 && round < FREEZE_ROUNDS; round++)
		n = move_all(&l->groups[0], group);
	return n > 0 ? -ETIMEDOUT : (int)n;
}

/* v2: the group is there, and has not got that controller yet. */
static int enable_all(struct group *g, const struct cgroup_hierarchy *h)
{
	return cgroup_enable(h, g->path, h->controllers, &g->controllers);
}

/*
 * A start joins only what it needs. Who is put into one more cgroup later is moved until a
 * look finds nobody outside: children are born where their parents are.
 */
int limits_join_hierarchy(struct limits *l, const struct cgroup_hierarchy *h)
{
	struct group *group;
	char path[PATH_MAX];
	int r;

	for (size_t i = 0; h->v2 && i < l->paths.n; i++)
		if (l->groups[i].v2)
			return enable_all(&l->groups[i], h);
	if (!l->paths.n || !l->place)
		return -EOPNOTSUPP;
	if (snprintf(path, sizeof(path), "%s%s", h->root, l->place) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	r = cgroup_make(h, path);
	if (r >= 0)
		r = limits_add_group(l, h, path, &group);
	if (r >= 0 && h->v2)
		r = enable_all(group, h);
	if (r < 0)
		return r;
	return limits_fill_group(l, group);
}

static int join_freezer(struct limits *l)
{
	struct cgroup_layout layout;
	int r;

	if (!any_group(l) || limits_group_freezer(l))
		return 0;
	r = cgroup_probe(CGROUP_BIT(CGROUP_FREEZER), &layout);
	if (r < 0)
		return r;
	if (!layout.n || !(layout.items[0].controllers & CGROUP_BIT(CGROUP_FREEZER)))
		return -EOPNOTSUPP;
	return limits_join_hierarchy(l, &layout.items[0]);
}

int limits_freeze(struct limits *l, bool frozen, struct err *e)
{
	const struct group *g;
	int r = 0;

	if (frozen)
		r = join_freezer(l);
	g = limits_group_freezer(l);
	if (r >= 0 && frozen && !g)
		r = -EOPNOTSUPP;
	if (r < 0)
		return err_set(
		    e, r, "cannot pause: the container cannot be put into a cgroup that freezes");
	if (!g)
		return 0;
	r = cgroup_freeze(g->path, frozen, FREEZE_TIMEOUT_MS);
	if (r < 0)
		return err_set(e, r, "cannot %s cgroup '%s'", frozen ? "freeze" : "thaw", g->path);
	return 0;
}

bool limits_frozen(const struct limits *l)
{
	const struct group *g = limits_group_freezer(l);

	return g && cgroup_frozen(g->path) == 1;
}

/* ---- the end ---- */

/* Returns the number of those that still are busy. */
static int remove_all(const struct limits *l, size_t *ret_busy, const char **ret_path)
{
	size_t busy = 0;

	for (size_t i = 0; i < l->paths.n; i++) {
		const int r = cgroup_remove(l->paths.items[i]);

		if (r < 0 && r != -EBUSY) {
			*ret_path = l->paths.items[i];
			return r;
		}
		if (r == -EBUSY) {
			busy++;
			*ret_path = l->paths.items[i];
		}
	}
	*ret_busy = busy;
	return 0;
}

static int remove_groups(struct limits *l, struct err *e)
{
	const char *path = "";
	size_t busy = 0;
	int r;

	for (unsigned round = 0; round < REMOVE_ROUNDS; round++) {
		r = remove_all(l, &busy, &path);
		if (r < 0)
			return err_set(e, r, "cannot remove cgroup '%s'", path);
		if (!busy)
			return 0;
		/* Mostly what is just dying; from the second look on it is what refuses to. */
		if (round > 0)
			kill_all(l);
		wait_round(round);
	}
	return err_refuse(
	    e, -EBUSY, "cannot remove cgroup '%s': it has processes that cannot be killed", path);
}

/* Kills until nobody is left. */
static void empty_all(const struct limits *l)
{
	const struct group *g = any_group(l);
	AUTO_FREE pid_t *pids = NULL;
	size_t n = 0;

	for (unsigned round = 0; g && round < REMOVE_ROUNDS; round++) {
		free(TAKE(pids));
		if (cgroup_pids(g->path, true, &pids, &n) < 0 || !n)
			return;
		if (round != 1) /* who was just killed is given a moment */
			kill_all(l);
		wait_round(round);
	}
}

/*
 * A scope's cgroup is systemd's to remove: one that vanishes is for ever running to it. That it
 * does not answer is no failure: an empty scope ends by itself.
 */
static void remove_unit(const struct limits *l)
{
	struct err reason = { 0 };

	empty_all(l);
	if (limits_stop_unit(l->unit, l->user, &reason) < 0)
		log_warning("%s", reason.text);
}

int limits_remove(struct limits *l, struct err *e)
{
	limits_settle(l);
	if (l->unit)
		remove_unit(l);
	return remove_groups(l, e);
}
