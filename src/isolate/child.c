/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child: carries the plan out, step by step, and becomes the container
 */
#include "isolate/child.h"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/process.h"

void child_spend(struct child *c, int fd)
{
	/* The older half: what was spent last may be in use for a few calls more. */
	if (c->n_spent == CHILD_SPENT_MAX) {
		c->n_spent /= 2;
		for (size_t i = 0; i < c->n_spent; i++) {
			close(c->spent[i]);
			c->spent[i] = c->spent[i + c->n_spent];
		}
	}
	c->spent[c->n_spent++] = fd;
}

struct step {
	int (*run)(struct child *c, struct err *e);
};

/* Of a new container. */
static const struct step start_steps[] = {
	{ step_open_labels },
	/* Namespaces first: file systems show the namespaces of who makes them. */
	{ step_join_namespaces },
	{ step_await_interfaces },
	{ step_name_host },
	/* While the host's tree is still there: in a user namespace the kernel allows a new proc
	   only to who sees a whole one. */
	{ step_make_file_systems },
	{ step_attach_root },
	/* From here on no path of the host can be reached, whatever the image's links say. But
	   hooks need both: the host's paths, and a root with all in it that they may add to. */
	{ step_enter_root },
	{ step_attach_mounts },
	{ step_make_devices },
	{ step_hold_for_hooks },
	{ step_enter_root_late },
	{ step_open_console },
	{ step_set_sysctls },
	{ step_cover_paths },
	{ step_finish_root },
	{ step_join_mounts },
	{ step_label_keys },
	{ step_set_limits },
	{ step_find_home },
	{ step_enter_cwd },
	{ step_set_labels },
	{ step_become_user },
	{ step_exec },
};

/* Of one more process in a container that runs. */
static const struct step join_steps[] = {
	{ step_open_labels },
	{ step_join_container },
	{ step_open_console },
	{ step_label_keys },
	{ step_set_limits },
	{ step_find_home },
	{ step_enter_cwd },
	{ step_set_labels },
	{ step_become_user },
	{ step_exec },
};

/* Of no process: mounts for one that runs. */
static const struct step mount_steps[] = {
	{ step_join_container },
	{ step_make_file_systems },
	{ step_attach_mounts },
	{ step_end },
};

__attribute__((noreturn)) static void fail(struct child *c, const struct err *e)
{
	struct report report = { .kind = REPORT_FAILED, .stage = c->stage, .error = *e };

	if (report_send(c->sync_fd, &report, -1) < 0 && c->plan->exec_report_fd >= 0 &&
	    write(c->plan->exec_report_fd, &report, sizeof(report)) < 0)
		_exit(127); /* nobody listens any more */
	_exit(126);
}

static struct child begin(
    const struct plan *plan, const struct limits *limits, int sync_fd, bool in_cgroup2)
{
	/* A process of a namespace that we join must not reach into us (CVE-2016-9962). */
	if (plan->container_pidfd < 0) { /* else the parent has done it, before there was a child */
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		umask(0);
	}
	return (struct child){
		.plan = plan,
		.limits = limits,
		.sync_fd = sync_fd,
		.in_cgroup2 = in_cgroup2,
		.root_fd = plan->root_fd,
		.proc_fd = -1,
		.sys_fd = -1,
		.dev_fd = -1,
		.pts_fd = -1,
		.null_fd = -1,
		.empty_fd = -1,
		.own_proc_fd = -1,
		.apparmor_fd = -1,
		.selinux_fd = -1,
		.keycreate_fd = -1,
		.stage = REPORT_SETUP,
	};
}

__attribute__((noreturn)) static void run_steps(struct child *c)
{
	struct err e = { 0 };

	const struct step *steps = start_steps;
	size_t n = sizeof(start_steps) / sizeof(start_steps[0]);

	if (c->plan->only_mounts) {
		steps = mount_steps;
		n = sizeof(mount_steps) / sizeof(mount_steps[0]);
	} else if (c->plan->container_pidfd >= 0) {
		steps = join_steps;
		n = sizeof(join_steps) / sizeof(join_steps[0]);
	}
	for (size_t i = 0; i < n; i++) {
		if (steps[i].run(c, &e) < 0)
			fail(c, &e);
	}
	fail(c, &e);
}

int step_end(struct child *c, struct err *e)
{
	(void)c;
	(void)e;
	_exit(0);
}

void child_run(const struct plan *plan, const struct limits *limits, int sync_fd, bool in_cgroup2)
{
	struct child c = begin(plan, limits, sync_fd, in_cgroup2);

	run_steps(&c);
}

void child_run_sibling(const struct plan *plan, const struct limits *limits, int sync_fd)
{
	struct child c = begin(plan, limits, sync_fd, false);
	struct report report = { .kind = REPORT_PROCESS };
	struct err e = { 0 };

	if (setns(plan->join[NAMESPACE_USER], CLONE_NEWUSER) < 0) {
		err_set(&e, -errno, "cannot join the user namespace");
		fail(&c, &e);
	}
	c.in_user_namespace = true;
	report.pid = process_clone(CLONE_NEWPID | CLONE_PARENT, -1, NULL);
	/* Nothing is said before the parent knows who says it. */
	if (report.pid == 0 && report_wait(sync_fd) < 0)
		_exit(1);
	if (report.pid == 0)
		run_steps(&c);
	if (report.pid < 0) {
		err_set(&e, report.pid, "cannot make the pid namespace");
		fail(&c, &e);
	}
	(void)report_send(sync_fd, &report, -1);
	_exit(0);
}
