/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create, and run, which is create, start, wait and delete in one process
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "format/oci_config.h"
#include "isolate/launch.h"
#include "isolate/limits.h"
#include "isolate/plan.h"
#include "isolate/rdt.h"
#include "isolate/rootless.h"
#include "oci/activation.h"
#include "oci/events.h"
#include "oci/keeper.h"
#include "oci/listener.h"
#include "oci/relay.h"
#include "oci/runtime.h"
#include "oci/runtime_bundle.h"
#include "oci/runtime_hooks.h"
#include "oci/runtime_process.h"
#include "os/file.h"
#include "os/process.h"

/* One start of one container. */
struct start {
	const struct runtime *rt;
	const struct runtime_options *o;
	bool create; /* wait for `start` */
	bool stay; /* until it ends */
	struct bundle bundle;
	const struct oci_config *config; /* the bundle's */
	struct oci_state state;
	struct limits *limits;
	char *rdt_root; /* the resctrl file system; NULL: not asked for */
	struct plan *plan;
	struct launch launch;
	struct relay relay;
	struct keeper keeper;
	int home_fd;
	int ends[3]; /* the container's standard streams, where we made pipes */
	unsigned n_sockets; /* LISTEN_FDS */
	int notify_fd; /* the container's notify socket; -1 */
	int start_fd, report_fd; /* the fifos of `create` */
	const char *stage; /* what a failure is told as */
};

static void start_init(struct start *s, const struct runtime *rt, const struct runtime_options *o)
{
	/* It is zeroed as it comes; to zero it again would cost all of its pages. */
	s->rt = rt;
	s->o = o;
	s->launch.pid = s->launch.pidfd = s->launch.sync_fd = -1;
	s->launch.console_fd = s->launch.listener_fd = -1;
	s->home_fd = -1;
	s->ends[0] = s->ends[1] = s->ends[2] = -1;
	s->start_fd = s->report_fd = s->notify_fd = -1;
	s->stage = "setup";
	relay_init(&s->relay);
}

/* ---- the parts of a start ---- */

static bool is_keeper(const struct start *s)
{
	return s->stay && s->o->keeper.fd >= 0;
}

static int begin_keeper(struct start *s, struct err *e)
{
	const struct keeper_options *o = &s->o->keeper;
	int r;

	if (!is_keeper(s))
		return 0;
	r = keeper_log_begin(&s->keeper.log, o->dir_fd, o->log_driver, &o->log_opts, s->o->id, e);
	return r < 0 ? r : keeper_begin(&s->keeper, o, s->home_fd, e);
}

/* `start` is the first command that needs one. */
static int find_process(struct start *s, struct err *e)
{
	int r;

	if (!s->config->process && !s->create)
		return err_refuse(e, -EINVAL, "config.json: process: missing: nothing to run");
	r = oci_config_add_process(s->bundle.config);
	return r < 0 ? err_set(e, r, "cannot make a process") : 0;
}

/* Of a service manager's; the engine, which asks for reports, has none. */
static int take_activation(struct start *s, struct err *e)
{
	int r;

	if (s->o->report_fd >= 0 || is_keeper(s))
		return 0;
	r = activation_sockets(s->bundle.config, &s->n_sockets, e);
	if (r >= 0)
		r = activation_prepare_notify(s->home_fd, s->bundle.config, e);
	if (r < 0 || s->create || !activation_notifies(s->home_fd))
		return r;
	s->notify_fd = activation_listen(s->home_fd, e);
	return s->notify_fd < 0 ? s->notify_fd : 0;
}

/* Who stays has other things to do than to wait. */
static void pass_on_readiness(struct start *s)
{
	if (s->notify_fd < 0)
		return;
	if (s->stay)
		(void)activation_relay_aside(s->notify_fd, s->launch.pidfd);
	else
		activation_relay(s->notify_fd, s->launch.pidfd, s->launch.pid);
}

static int make_plan(struct start *s, struct err *e)
{
	const struct plan_options options = {
		.id = s->o->id,
		.bundle = s->bundle.path,
		.rootfs_fd = s->o->rootfs_fd,
		.no_pivot = s->o->no_pivot,
		.no_keyring = s->o->no_new_keyring,
		.in_user_namespace = rootless_needed(),
		.die_with_parent = is_keeper(s),
		.preserve_fds = (unsigned)s->o->preserve_fds + s->n_sockets,
	};

	return plan_make(s->config, &options, s->limits, &s->plan, e);
}

static int open_fifo(int home_fd, const char *name)
{
	int fd;

	if (mkfifoat(home_fd, name, 0600) < 0)
		return -errno;
	fd = openat(home_fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int make_fifos(struct start *s, struct err *e)
{
	if (!s->create)
		return 0;
	s->report_fd = open_fifo(s->home_fd, "report.fifo");
	s->start_fd = open_fifo(s->home_fd, "exec.fifo");
	if (s->report_fd < 0 || s->start_fd < 0)
		return err_set(e, s->report_fd < 0 ? s->report_fd : s->start_fd,
		    "cannot make the fifos of container '%s'", s->o->id);
	s->plan->start_fd = s->start_fd;
	s->plan->exec_report_fd = s->report_fd;
	return 0;
}

static int make_streams(struct start *s, struct err *e)
{
	int r;

	if (s->plan->terminal)
		return 0;
	if (is_keeper(s) || (s->stay && s->o->stdio && strcmp(s->o->stdio, "pipe") == 0)) {
		r = is_keeper(s) ? keeper_make_pipes(&s->keeper, s->ends, e)
		                 : relay_make_pipes(&s->relay, s->ends, e);
		if (r < 0)
			return r;
		memcpy(s->plan->stdio, s->ends, sizeof(s->ends));
	}
	process_give_streams(s->plan);
	return 0;
}

static int take_console(struct start *s, struct err *e)
{
	int r;

	if (!s->plan->terminal)
		return 0;
	r = launch_await(&s->launch, REPORT_CONSOLE, NULL, e);
	if (r < 0)
		return r;
	if (s->o->console_socket)
		return process_send_console(s->o->console_socket, &s->launch, e);
	if (is_keeper(s))
		return keeper_consume_terminal(&s->keeper, TAKE_FD(s->launch.console_fd), e);
	return relay_consume_terminal(&s->relay, TAKE_FD(s->launch.console_fd), e);
}

static int note_process(struct start *s, struct err *e)
{
	int r;

	s->state.pid = s->launch.pid;
	r = process_start_time(s->launch.pid, &s->state.pid_start);
	if (r < 0)
		return err_set(e, r, "cannot look at the container's process");
	r = home_write_state(s->home_fd, &s->state, e);
	if (r >= 0)
		r = process_write_pid_file(s->o->pid_file, s->launch.pid, e);
	return r < 0 ? r : process_send_pidfd(s->o->pidfd_socket, &s->launch, e);
}

/* ---- the whole ---- */

/* A cgroup namespace of its own, and its cgroups mounted to be written. */
static bool divides_cgroups(const struct oci_config *config)
{
	const struct oci_linux *linux_ = config->linux_;
	bool own = false, writable = false;

	for (size_t i = 0; linux_ && i < linux_->n_namespaces; i++)
		own |= strcmp(linux_->namespaces[i].type, "cgroup") == 0 &&
		    !linux_->namespaces[i].path;
	for (size_t i = 0; own && i < config->n_mounts; i++) {
		const struct oci_mount *m = &config->mounts[i];

		writable |= strcmp(m->destination, "/sys/fs/cgroup") == 0 && m->source &&
		    strcmp(m->source, "cgroup") == 0 && !strv_has(&m->options, "ro");
	}
	return writable;
}

static int delegate(struct start *s, struct err *e)
{
	int64_t owner;

	if (!s->limits || rootless_needed() || !divides_cgroups(s->config))
		return 0;
	owner = plan_host_uid(s->plan, s->config->process->user.uid);
	return owner <= 0 ? 0 : limits_delegate(s->limits, (uid_t)owner, e);
}

/* Which directories it will have, before there is one of them. */
static int note_rdt(struct start *s, struct err *e)
{
	const struct oci_linux *linux_ = s->config->linux_;
	int r;

	if (!linux_ || !linux_->intel_rdt)
		return 0;
	r = rdt_find(&s->rdt_root, e);
	return r < 0 ? r
	             : rdt_paths(linux_->intel_rdt, s->rdt_root, s->o->id, &s->state.intel_rdt, e);
}

static int join_rdt(struct start *s, struct err *e)
{
	if (!s->rdt_root)
		return 0;
	return rdt_join(s->config->linux_->intel_rdt, s->rdt_root, s->o->id, s->launch.pid, e);
}

/* What can be made before there is a process. */
static int prepare(struct start *s, struct err *e)
{
	int r;

	r = bundle_fill_state(&s->bundle, s->rt, s->o->id, &s->state, e);
	if (r >= 0)
		r = runtime_hooks_note(s->config, &s->state, e);
	if (r >= 0)
		r = note_rdt(s, e);
	if (r >= 0)
		r = home_write_first_state(s->home_fd, &s->state, e);
	if (r >= 0)
		r = bundle_keep_config(&s->bundle, s->home_fd, e);
	if (r >= 0)
		r = take_activation(s, e);
	if (r >= 0)
		r = bundle_make_limits(&s->bundle, s->rt, &s->state, &s->limits, e);
	if (r >= 0 && rootless_needed())
		r = rootless_enter(s->config, e);
	if (r >= 0)
		r = make_plan(s, e);
	if (r >= 0)
		r = delegate(s, e);
	if (r >= 0)
		r = make_fifos(s, e);
	if (r >= 0)
		r = make_streams(s, e);
	return r;
}

/* From the clone until the program runs (or, for create, waits). */
static int launch(struct start *s, struct err *e)
{
	enum report_stage stage = REPORT_SETUP;
	int r;

	if (s->stay && !is_keeper(s) && (r = relay_hold_signals(&s->relay, e)) < 0)
		return r;
	r = launch_begin(s->plan, s->limits, &s->launch, e);
	if (r < 0)
		return r;
	for (int i = 0; i < 3; i++) {
		auto_close(&s->ends[i]);
		s->ends[i] = -1;
	}
	r = note_process(s, e);
	if (r >= 0)
		r = join_rdt(s, e);
	if (r >= 0)
		r = runtime_hooks_create(s->config, &s->state, &s->launch, e);
	if (r >= 0)
		r = take_console(s, e);
	if (r >= 0)
		r = listener_hand_over(s->plan, &s->state, "creating", &s->launch, e);
	if (r >= 0 && s->create)
		r = launch_await(&s->launch, REPORT_READY, &stage, e);
	if (r >= 0)
		r = launch_go(&s->launch, e);
	if (r >= 0)
		r = launch_await(&s->launch, REPORT_END, &stage, e);
	if (r >= 0 && s->limits)
		limits_settle(s->limits);
	if (r < 0 && stage == REPORT_EXEC)
		s->stage = "exec";
	return r;
}

/* The commonest reason for a death without a word. */
static int explain_death(const struct start *s, struct err *e)
{
	if (!s->limits || !limits_oom_killed(s->limits))
		return -ECHILD;
	return err_refuse(e, -ECHILD,
	    "the container's process died while it was set up: its memory limit is too low");
}

/* Its cgroups; then its home, when nobody is to find it there any more. */
static void remove_rest(struct start *s, bool home)
{
	struct err ignored = { 0 };

	if (home_has_more_cgroups(s->home_fd)) {
		oci_state_done(&s->state);
		s->limits = limits_free(s->limits);
		if (home_read_state(s->home_fd, s->o->id, &s->state, &ignored) >= 0)
			(void)home_open_limits(&s->state, &s->limits, &ignored);
	}
	if ((!s->limits || limits_remove(s->limits, &ignored) >= 0) &&
	    rdt_remove(&s->state.intel_rdt, &ignored) >= 0 && home)
		(void)home_remove(s->rt, s->o->id, s->home_fd, &ignored);
	runtime_hooks_poststop(&s->state);
}

static int stay(struct start *s, struct err *e)
{
	int status;

	s->relay.pid = s->launch.pid;
	s->relay.pidfd = s->launch.pidfd;
	status = relay_run(&s->relay, e);
	if (status < 0)
		return status;
	event_exited(s->o->report_fd, status, s->limits && limits_oom_killed(s->limits));
	if (!s->o->keep)
		remove_rest(s, true);
	return status;
}

/* By whomever it was paused: that has noted in the home which cgroup it is frozen by. */
static void thaw(void *user)
{
	const struct start *s = user;
	AUTO(limits_free) struct limits *limits = NULL;
	AUTO_OCI_STATE struct oci_state state = { 0 };
	struct err ignored = { 0 };

	if (home_has_more_cgroups(s->home_fd) &&
	    home_read_state(s->home_fd, s->o->id, &state, &ignored) >= 0 &&
	    home_open_limits(&state, &limits, &ignored) >= 0)
		(void)limits_freeze(limits, false, &ignored);
}

/* Who hears of the end may start or remove the container at once: its lock is free by then. */
static int keep(struct start *s, struct err *e)
{
	struct keeper *k = &s->keeper;
	struct err ignored = { 0 };
	bool oom_killed, restarts, removes;
	int status;

	k->pid = s->launch.pid;
	k->pidfd = s->launch.pidfd;
	k->thaw = thaw;
	k->user = s;
	status = keeper_run(k, e);
	if (status < 0)
		return status;
	oom_killed = s->limits && limits_oom_killed(s->limits);
	restarts = keeper_restarts(k, status);
	removes = !restarts && s->o->keeper.auto_remove && !keeper_starter_is_there(k);
	event_exited(s->o->report_fd, status, oom_killed);
	if (restarts)
		event_restarting(s->o->report_fd);
	if (!restarts)
		(void)unlinkat(s->home_fd, KEEPER_SOCKET, 0);
	remove_rest(s, !restarts);
	if (!restarts && !removes)
		close(s->o->keeper.dir_fd);
	keeper_say_ended(k, status, oom_killed, restarts);
	if (restarts) {
		restarts = keeper_wait_to_restart(k);
		(void)home_remove(s->rt, s->o->id, s->home_fd, &ignored);
		if (!restarts)
			event_exited(s->o->report_fd, status, oom_killed);
	}
	if (restarts || removes)
		keeper_become_after(k, s->rt->root, s->o->id);
	return status;
}

static void undo(struct start *s)
{
	struct err ignored = { 0 };

	launch_kill(&s->launch);
	if ((s->limits && limits_remove(s->limits, &ignored) < 0) ||
	    rdt_remove(&s->state.intel_rdt, &ignored) < 0)
		return; /* the state stays, for delete to try again */
	(void)home_remove(s->rt, s->o->id, s->home_fd, &ignored);
	/* What other hooks have made for it is theirs to take away. */
	if (s->state.pid > 0)
		runtime_hooks_poststop(&s->state);
}

static int start(struct start *s, struct err *e)
{
	int r;

	if (!runtime_id_valid(s->o->id))
		return err_refuse(e, -EINVAL, "invalid container ID format: '%s'", s->o->id);
	r = process_protect(s->o->argv, e);
	if (r >= 0)
		r = bundle_read(s->o->bundle, s->o->config, &s->bundle, e);
	s->config = s->bundle.config;
	if (r >= 0)
		r = find_process(s, e);
	if (r >= 0)
		r = process_check_terminal(
		    s->config->process->terminal, s->stay, s->o->console_socket, e);
	if (r < 0)
		return r;
	s->home_fd = home_make(s->rt, s->o->id, e);
	if (s->home_fd < 0)
		return s->home_fd;
	r = begin_keeper(s, e);
	if (r >= 0)
		r = prepare(s, e);
	if (r >= 0)
		r = launch(s, e);
	if (r == -ECHILD)
		r = explain_death(s, e);
	if (r < 0) {
		undo(s);
		return err_wrap(e, r, "unable to start container process");
	}
	event_started(s->o->report_fd, s->launch.pid);
	if (!s->create && (r = runtime_hooks_poststart(&s->state, e)) < 0) {
		undo(s);
		return r;
	}
	if (is_keeper(s)) {
		keeper_say_started(&s->keeper);
		return keep(s, e);
	}
	pass_on_readiness(s);
	return s->stay ? stay(s, e) : 0;
}

static int start_one(const struct runtime *rt, const struct runtime_options *o, bool create,
    bool stay_with_it, struct err *e)
{
	/* What it holds goes with the process, which ends next; only the terminal must be put back.
	 */
	static struct start s;
	int r;

	start_init(&s, rt, o);
	s.create = create;
	s.stay = stay_with_it;
	r = start(&s, e);
	relay_done(&s.relay);
	if (r < 0)
		event_failed(o->report_fd, s.stage, e);
	return r;
}

int runtime_create(const struct runtime *rt, const struct runtime_options *o, struct err *e)
{
	return start_one(rt, o, true, false, e);
}

int runtime_run(const struct runtime *rt, const struct runtime_options *o, struct err *e)
{
	return start_one(rt, o, false, !o->detach, e);
}
