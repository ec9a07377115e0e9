/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec: one more process in a container that runs
 *
 * What it is comes from --process, or from the container's own process with what the
 * command line changes. Everything else is as the container was made: its namespaces by
 * the pidfd of its first process, its cgroups, its seccomp profile.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/num.h"
#include "format/oci_config.h"
#include "isolate/launch.h"
#include "isolate/limits.h"
#include "isolate/plan.h"
#include "oci/events.h"
#include "oci/listener.h"
#include "oci/relay.h"
#include "oci/runtime.h"
#include "oci/runtime_process.h"
#include "os/file.h"
#include "os/process.h"

struct exec {
	const struct runtime_options *o;
	struct oci_state state;
	struct oci_config *config;
	struct limits *limits;
	struct plan *plan;
	struct launch launch;
	struct relay relay;
	int ends[3]; /* the process's standard streams, where we made pipes */
	const char *stage; /* what a failure is told as */
	int home_fd;
	int pidfd; /* of the container's first process */
};

static int open_container(struct exec *x, const struct runtime *rt, struct err *e)
{
	enum home_status status;
	int r;

	x->home_fd = home_open(rt, x->o->id, e);
	if (x->home_fd < 0)
		return x->home_fd;
	r = home_read_state(x->home_fd, x->o->id, &x->state, e);
	if (r < 0)
		return r;
	/* First the pidfd, then the look: what the fd names cannot change between them. */
	x->pidfd = x->state.pid > 0 ? (int)syscall(SYS_pidfd_open, x->state.pid, 0) : -1;
	status = home_status(x->home_fd, &x->state);
	if (x->pidfd < 0 || status == HOME_STOPPED || status == HOME_CREATING)
		return err_refuse(e, -ESRCH,
		    "cannot exec in a container that is %s: container not running",
		    home_status_name(x->pidfd < 0 ? HOME_STOPPED : status));
	return home_read_config(x->home_fd, &x->config, e);
}

/* ---- the process ---- */

static int read_process(struct exec *x, struct err *e)
{
	const char *path = x->o->exec.process;
	struct oci_process *process = NULL;
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	int r;

	r = file_read_path(path, HOME_CONFIG_MAX, &text, &len);
	if (r < 0)
		return err_set(e, r, "cannot read the process file '%s'", path);
	r = oci_process_parse(text, len, &process, e);
	if (r < 0)
		return r;
	oci_process_free(x->config->process);
	x->config->process = process;
	return 0;
}

/* Digits and nothing else: never a name, never half of a text (CVE-2016-3697, CVE-2026-30892). */
static int read_id(const char *what, const char *text, uint32_t *ret_id, struct err *e)
{
	uint32_t id = 0;

	if (num_parse_u32(text, &id) < 0 || id == UINT32_MAX)
		return err_refuse(e, -EINVAL, "option --%s: not an id: '%s'", what, text);
	*ret_id = id;
	return 0;
}

static int set_user(struct oci_user *user, const char *text, struct err *e)
{
	const char *colon = strchr(text, ':');
	uint32_t gid = 0;
	char uid[16];
	int r;

	if ((size_t)snprintf(uid, sizeof(uid), "%.*s", (int)strcspn(text, ":"), text) >=
	    sizeof(uid))
		return err_refuse(e, -EINVAL, "option --user: not an id: '%s'", text);
	if (colon && (r = read_id("user", colon + 1, &gid, e)) < 0)
		return r;
	r = read_id("user", uid, &user->uid, e);
	if (r >= 0)
		user->gid = colon ? gid : user->gid;
	return r;
}

/* In place of the container's: those are another user's. */
static int set_groups(struct oci_user *user, const struct strv *words, struct err *e)
{
	uint32_t *gids = calloc(words->n, sizeof(*gids));
	int r = 0;

	if (!gids)
		return err_set(e, -ENOMEM, "cannot note the additional groups");
	for (size_t i = 0; i < words->n && r >= 0; i++)
		r = read_id("additional-gids", words->items[i], &gids[i], e);
	if (r < 0) {
		free(gids);
		return r;
	}
	free(user->additional_gids);
	user->additional_gids = gids;
	user->n_additional_gids = words->n;
	return 0;
}

/* Inheritable ones are never added: a program of another user would get them (CVE-2022-29162). */
static int add_caps(struct oci_process *process, const struct strv *caps, struct err *e)
{
	int r = 0;

	if (!process->capabilities)
		process->capabilities = calloc(1, sizeof(*process->capabilities));
	if (!process->capabilities)
		return err_set(e, -ENOMEM, "cannot note the capabilities");
	for (size_t i = 0; i < caps->n && r >= 0; i++) {
		r = strv_add(&process->capabilities->bounding, caps->items[i]);
		if (r >= 0)
			r = strv_add(&process->capabilities->effective, caps->items[i]);
		if (r >= 0)
			r = strv_add(&process->capabilities->permitted, caps->items[i]);
	}
	return r < 0 ? err_set(e, r, "cannot note the capabilities") : 0;
}

static int set_text(char **to, const char *text, struct err *e)
{
	if (!text)
		return 0;
	free(*to);
	*to = strdup(text);
	return *to ? 0 : err_set(e, -ENOMEM, "cannot note the process");
}

static int add_env(struct oci_process *process, const struct strv *env, struct err *e)
{
	for (size_t i = 0; i < env->n; i++) {
		const char *equal = strchr(env->items[i], '=');
		AUTO_FREE char *key = NULL;
		int r;

		if (!equal || equal == env->items[i])
			return err_refuse(
			    e, -EINVAL, "option --env: not NAME=VALUE: '%s'", env->items[i]);
		key = strndup(env->items[i], (size_t)(equal - env->items[i]));
		r = key ? strv_env_set(&process->env, key, equal + 1) : -ENOMEM;
		if (r < 0)
			return err_set(e, r, "cannot note the environment");
	}
	return 0;
}

/* The container's own process, with what the command line changes. */
static int change_process(struct exec *x, struct err *e)
{
	const struct exec_options *wanted = &x->o->exec;
	struct oci_process *process = x->config->process;
	int r = 0;

	strv_done(&process->args);
	process->args = (struct strv){ 0 };
	for (char *const *at = x->o->arguments; *at && r >= 0; at++)
		r = strv_add(&process->args, *at);
	if (r < 0)
		return err_set(e, r, "cannot note the arguments");
	process->terminal = wanted->tty;
	process->console_height = process->console_width = 0;
	if (wanted->no_new_privs)
		process->no_new_privileges = true;
	r = set_text(&process->cwd, wanted->cwd, e);
	if (r >= 0)
		r = set_text(&process->selinux_label, wanted->process_label, e);
	if (r >= 0)
		r = set_text(&process->apparmor_profile, wanted->apparmor, e);
	if (r >= 0 && wanted->user)
		r = set_user(&process->user, wanted->user, e);
	if (r >= 0 && wanted->additional_gids.n > 0)
		r = set_groups(&process->user, &wanted->additional_gids, e);
	if (r >= 0 && wanted->caps.n > 0)
		r = add_caps(process, &wanted->caps, e);
	return r < 0 ? r : add_env(process, &wanted->env, e);
}

static int find_process(struct exec *x, struct err *e)
{
	bool given = x->o->arguments[0];

	if (x->o->exec.process && given)
		return err_refuse(e, -EINVAL, "exec: --process and a command exclude each other");
	if (x->o->exec.process)
		return read_process(x, e);
	if (!given)
		return err_refuse(e, -EINVAL, "process args cannot be empty");
	if (!x->config->process)
		return err_refuse(
		    e, -EINVAL, "the container has no process to take after: use --process");
	return change_process(x, e);
}

/* ---- its place ---- */

/* "[CONTROLLER:]PATH" */
static int descend(struct exec *x, const char *where, struct err *e)
{
	AUTO_FREE char *controller = NULL;
	const char *colon = strchr(where, ':');

	if (!colon)
		return limits_descend(x->limits, NULL, where, e);
	controller = strndup(where, (size_t)(colon - where));
	if (!controller)
		return err_set(e, -ENOMEM, "cannot find the cgroup '%s'", where);
	return limits_descend(x->limits, controller, colon + 1, e);
}

/* By whomever: the process would join and stop. */
static int check_frozen(const struct exec *x, struct err *e)
{
	if (x->o->exec.ignore_paused || !limits_frozen(x->limits))
		return 0;
	return err_refuse(
	    e, -EBUSY, "cannot exec in a paused container (use --ignore-paused to override)");
}

static int open_limits(struct exec *x, struct err *e)
{
	const char *below = x->o->exec.cgroup;
	int r;

	if (x->state.cgroups.n == 0)
		return below ? err_refuse(e, -ENOENT, "the container has no cgroups") : 0;
	if (!below && !home_has_more_cgroups(x->home_fd)) {
		r = limits_open_to_join(&x->state.cgroups, &x->limits, e);
		return r < 0 ? r : check_frozen(x, e);
	}
	r = limits_open(&x->state.cgroups, &x->limits, e);
	if (r >= 0)
		r = check_frozen(x, e);
	if (r >= 0)
		r = home_mend_limits(x->home_fd, x->limits, e);
	if (r >= 0 && below)
		r = descend(x, below, e);
	return r < 0 ? r : limits_prepare_join(x->limits, e);
}

static int make_plan(struct exec *x, struct err *e)
{
	const struct plan_options options = {
		.id = x->o->id,
		.bundle = x->state.bundle,
		.rootfs_fd = -1,
		.preserve_fds = (unsigned)x->o->preserve_fds,
	};
	int r;

	r = plan_make_exec(x->config, &options, x->pidfd, x->state.pid, &x->plan, e);
	if (r < 0 || x->plan->terminal)
		return r;
	if (!x->o->detach && x->o->stdio && strcmp(x->o->stdio, "pipe") == 0) {
		r = relay_make_pipes(&x->relay, x->ends, e);
		if (r < 0)
			return r;
		memcpy(x->plan->stdio, x->ends, sizeof(x->ends));
	}
	process_give_streams(x->plan);
	return r;
}

/* ---- the whole ---- */

static int take_console(struct exec *x, struct err *e)
{
	int r;

	if (!x->plan->terminal)
		return 0;
	r = launch_await(&x->launch, REPORT_CONSOLE, NULL, e);
	if (r < 0)
		return r;
	if (x->o->console_socket)
		return process_send_console(x->o->console_socket, &x->launch, e);
	return relay_consume_terminal(&x->relay, TAKE_FD(x->launch.console_fd), e);
}

/* From the clone until the program runs. */
static int launch(struct exec *x, struct err *e)
{
	enum report_stage stage = REPORT_SETUP;
	int r;

	if (!x->o->detach && (r = relay_hold_signals(&x->relay, e)) < 0)
		return r;
	r = launch_begin(x->plan, x->limits, &x->launch, e);
	if (r < 0)
		return r;
	for (int i = 0; i < 3; i++) {
		auto_close(&x->ends[i]);
		x->ends[i] = -1;
	}
	r = take_console(x, e);
	if (r >= 0)
		r = listener_hand_over(x->plan, &x->state, "running", &x->launch, e);
	if (r >= 0)
		r = process_write_pid_file(x->o->pid_file, x->launch.pid, e);
	if (r >= 0)
		r = process_send_pidfd(x->o->pidfd_socket, &x->launch, e);
	if (r >= 0)
		r = launch_go(&x->launch, e);
	if (r >= 0)
		r = launch_await(&x->launch, REPORT_END, &stage, e);
	if (r < 0 && stage == REPORT_EXEC)
		x->stage = "exec";
	if (r < 0)
		launch_kill(&x->launch);
	return r;
}

static int exec(struct exec *x, const struct runtime *rt, struct err *e)
{
	int r;

	r = process_protect(x->o->argv, e);
	if (r >= 0)
		r = open_container(x, rt, e);
	if (r >= 0)
		r = find_process(x, e);
	if (r >= 0)
		r = process_check_terminal(
		    x->config->process->terminal, !x->o->detach, x->o->console_socket, e);
	if (r >= 0)
		r = open_limits(x, e);
	if (r < 0)
		return r;
	r = make_plan(x, e);
	if (r >= 0)
		r = launch(x, e);
	if (r < 0)
		return err_wrap(e, r, "unable to start container process");
	if (x->o->detach)
		return 0;
	x->relay.pid = x->launch.pid;
	x->relay.pidfd = x->launch.pidfd;
	return relay_run(&x->relay, e);
}

int runtime_exec(const struct runtime *rt, const struct runtime_options *o, struct err *e)
{
	/* What it holds goes with the process, which ends next; only the terminal must be put back.
	 */
	static struct exec x;
	int r;

	x = (struct exec){
		.o = o,
		.launch = { .pid = -1,
		    .pidfd = -1,
		    .sync_fd = -1,
		    .console_fd = -1,
		    .listener_fd = -1 },
		.ends = { -1, -1, -1 },
		.stage = "setup",
		.home_fd = -1,
		.pidfd = -1,
	};
	relay_init(&x.relay);
	r = exec(&x, rt, e);
	relay_done(&x.relay);
	if (r < 0)
		event_failed(o->report_fd, x.stage, e);
	return r < 0 ? err_wrap(e, r, "exec failed") : r;
}
