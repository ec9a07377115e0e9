/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Launching a plan: the parent's side
 */
#include "isolate/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "format/oci_config.h"
#include "isolate/child.h"
#include "isolate/limits.h"
#include "isolate/net_devices.h"
#include "os/idmap.h"
#include "os/process.h"

static int write_oom_score(const struct plan *p, pid_t pid, struct err *e)
{
	const struct oci_process *process = p->config->process;
	AUTO_FD int fd = -1;
	char path[48];

	if (!process->has_oom_score_adj)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && dprintf(fd, "%d", process->oom_score_adj) >= 0)
		return 0;
	if (errno != EPERM && errno != EACCES)
		return err_set(e, -errno, "cannot set oom_score_adj to %d", process->oom_score_adj);
	log_warning("oom_score_adj stays: no right to lower it to %d", process->oom_score_adj);
	return 0;
}

/* What the child cannot do by itself. */
static int help_child(const struct plan *p, const struct launch *l, struct err *e)
{
	int r;

	r = write_oom_score(p, l->pid, e);
	if (r < 0 || !(p->new_namespaces & CLONE_NEWUSER))
		return r;
	r = idmap_write(l->pid, p->uid_map, p->gid_map);
	if (r < 0)
		return err_set(e, r, "cannot write the id maps");
	r = report_go(l->sync_fd);
	return r < 0 ? err_set(e, r, "cannot go on with the container") : 0;
}

/* What we start later, such as hooks, belongs to us again. */
static void leave_pid_namespace(const struct plan *p)
{
	AUTO_FD int own = -1;

	if (p->join[NAMESPACE_PID] < 0)
		return;
	own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	if (own < 0 || setns(own, CLONE_NEWPID) < 0)
		log_warning("cannot leave the pid namespace of the container again");
}

/* Before there is a process of ours in it: nobody there must reach into that (CVE-2016-9962). */
static int enter_container(const struct plan *p)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	if (p->in_user_namespace && setns(p->container_pidfd, CLONE_NEWUSER) < 0)
		return -errno;
	if ((p->container_namespaces & CLONE_NEWPID) && setns(p->container_pidfd, CLONE_NEWPID) < 0)
		return -errno;
	return 0;
}

static bool joins(const struct plan *p)
{
	return p->join[NAMESPACE_PID] >= 0 || p->join[NAMESPACE_USER] >= 0;
}

/* Returns 1 where the child only makes the one that counts, its sibling. */
static int clone_child(
    const struct plan *p, const struct limits *limits, struct launch *l, int child_sync)
{
	int cgroup_fd = limits ? limits_clone_fd(limits) : -1;
	uint64_t flags = p->new_namespaces;
	bool sibling;
	pid_t pid;

	if (p->container_pidfd >= 0) {
		int r = enter_container(p);

		if (r < 0)
			return r;
	}
	/* As above; but who has no maps written by us yet must stay reachable for us. */
	if (joins(p) && !(p->new_namespaces & CLONE_NEWUSER) &&
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	/* A pid namespace holds for children only. */
	if (p->join[NAMESPACE_PID] >= 0 && setns(p->join[NAMESPACE_PID], CLONE_NEWPID) < 0)
		return -errno;
	/* Namespaces must belong to the user namespace that is joined: made by the child. */
	if (p->join[NAMESPACE_USER] >= 0)
		flags = 0;
	sibling = p->join[NAMESPACE_USER] >= 0 && (p->new_namespaces & CLONE_NEWPID);
	pid = process_clone(flags, sibling ? -1 : cgroup_fd, &l->pidfd);
	if (pid == 0) {
		close(l->sync_fd); /* else the end of our parent would go unseen */
		if (sibling)
			child_run_sibling(p, limits, child_sync);
		child_run(p, limits, child_sync, cgroup_fd >= 0);
	}
	l->pid = pid;
	leave_pid_namespace(p);
	return pid < 0 ? pid : sibling;
}

/* The first child only made the one that counts. */
static int follow_sibling(struct launch *l, struct err *e)
{
	struct report report;
	siginfo_t info;
	int fd = -1, r;

	r = report_receive(l->sync_fd, &report, &fd);
	process_wait(l->pid);
	l->pid = -1;
	if (r < 0)
		return err_set(e, r, "cannot hear the container's process");
	if (report.kind == REPORT_FAILED) {
		*e = report.error;
		return report.error.code;
	}
	/* Ours to kill and to wait for, or nobody's business. */
	if (report.kind != REPORT_PROCESS || report.pid <= 0 ||
	    waitid(P_PID, (id_t)report.pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return err_refuse(e, -ECHILD, "the container's process died while it was set up");
	l->pid = report.pid;
	close(l->pidfd);
	l->pidfd = (int)syscall(SYS_pidfd_open, l->pid, 0);
	if (l->pidfd < 0)
		return err_set(e, -errno, "cannot hold the container's process");
	r = report_go(l->sync_fd);
	return r < 0 ? err_set(e, r, "cannot go on with the container") : 0;
}

/* We are where the new process begins, before it joins the container's cgroups. */
static int bind_exec(const struct plan *p, struct err *e)
{
	int r;

	if (p->container_pidfd < 0 || !p->tuning.exec_initial.given)
		return 0;
	r = tuning_bind(&p->tuning.exec_initial);
	return r < 0 ? err_set(e, r, "cannot set the cpus (process.execCPUAffinity.initial)") : 0;
}

static int move_interfaces(const struct plan *p, struct launch *l, struct err *e)
{
	const struct oci_linux *linux_ = p->config->linux_;
	int r;

	if (p->container_pidfd >= 0 || !linux_ || linux_->n_net_devices == 0)
		return 0;
	r = launch_await(l, REPORT_NETWORK, NULL, e);
	if (r >= 0)
		r = net_devices_move(linux_, l->pid, e);
	return r < 0 ? r : launch_go(l, e);
}

int launch_begin(
    const struct plan *p, const struct limits *limits, struct launch *ret_launch, struct err *e)
{
	struct launch l = {
		.pid = -1, .pidfd = -1, .sync_fd = -1, .console_fd = -1, .listener_fd = -1
	};
	AUTO_FD int child_sync = -1;
	int pair[2], r;

	r = bind_exec(p, e);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, -errno, "cannot speak with the container's process");
	l.sync_fd = pair[0];
	child_sync = pair[1];
	r = clone_child(p, limits, &l, child_sync);
	if (r < 0) {
		launch_done(&l);
		return err_set(e, r, "cannot make the container's process");
	}

	r = r > 0 ? follow_sibling(&l, e) : 0;
	if (r >= 0)
		r = help_child(p, &l, e);
	if (r >= 0)
		r = move_interfaces(p, &l, e);
	if (r < 0) {
		launch_kill(&l);
		launch_done(&l);
		return r;
	}
	*ret_launch = l;
	return 0;
}

static int read_report(struct launch *l, struct report *report, struct err *e)
{
	int fd = -1, r;

	r = report_receive(l->sync_fd, report, &fd);
	if (r < 0)
		return err_set(e, r, "cannot hear the container's process");
	if (report->kind == REPORT_CONSOLE) {
		l->console_fd = fd;
		snprintf(l->console_name, sizeof(l->console_name), "/dev/pts/ptmx");
	} else if (report->kind == REPORT_LISTENER) {
		l->listener_fd = fd;
	} else if (fd >= 0) {
		close(fd);
	}
	return 0;
}

int launch_await(
    struct launch *l, enum report_kind wanted, enum report_stage *ret_stage, struct err *e)
{
	struct report report;
	int r;

	for (;;) {
		r = read_report(l, &report, e);
		if (r < 0)
			return r;
		if (report.kind == REPORT_FAILED) {
			if (ret_stage)
				*ret_stage = report.stage;
			*e = report.error;
			return report.error.code;
		}
		if (report.kind == wanted)
			return 0;
		if (report.kind == REPORT_END)
			return err_refuse(
			    e, -ECHILD, "the container's process died while it was set up");
	}
}

int launch_tell(struct launch *l, const char *text, size_t len, struct err *e)
{
	if (send(l->sync_fd, text, len, MSG_NOSIGNAL) < 0)
		return err_set(e, -errno, "cannot tell the container's process its state");
	return 0;
}

int launch_go(struct launch *l, struct err *e)
{
	int r = report_go(l->sync_fd);

	return r < 0 && r != -EPIPE ? err_set(e, r, "cannot let the container go on") : 0;
}

void launch_done(struct launch *l)
{
	auto_close(&l->pidfd);
	auto_close(&l->sync_fd);
	auto_close(&l->console_fd);
	auto_close(&l->listener_fd);
	l->pidfd = l->sync_fd = l->console_fd = l->listener_fd = -1;
}

void launch_kill(struct launch *l)
{
	if (l->pid <= 0)
		return;
	kill(l->pid, SIGKILL);
	process_wait(l->pid);
	l->pid = -1;
}
