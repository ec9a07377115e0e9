/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done to a container that runs: attach, stop, kill, restart, wait
 *
 * All of it is asked of the container's keeper. Where there is none, the container does not run;
 * but for one whose keeper was killed and which escaped being killed with it (a program that takes
 * other rights forgets who its parent was): that is ended by dolium-oci.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "engine/attach.h"
#include "engine/container.h"
#include "engine/keeper_call.h"
#include "engine/oci_launch.h"
#include "engine/subject.h"
#include "os/process.h"

#define KILL_WAIT_MS 10000
#define GONE_STEP_MS 10
#define NEVER        (-2)

/* Without a keeper. */
static int end_orphan(struct dolium *d, const struct subject *s, struct err *e)
{
	struct container_status status;

	container_look(d, s->id, s->dir_fd, s->record, &status);
	return status.phase == CONTAINER_RUNNING ? oci_clear(d, s->id, e) : 0;
}

static int signal_of(const char *text, int otherwise, struct err *e)
{
	int n = text && text[0] ? process_signal_parse(text) : otherwise;

	return n < 0 ? err_refuse(e, -EINVAL, "no such signal: '%s'", text) : n;
}

/* ---- attach ---- */

int dolium_container_attach(struct dolium *d, const char *name,
    const struct dolium_start_options *options, struct dolium_exit *ret_exit)
{
	AUTO_SUBJECT struct subject s = SUBJECT_NONE;
	struct err *e = engine_begin(d);
	struct keeper_ended ended = { 0 };
	enum attach_end how;
	AUTO_FD int fd = -1;
	int r;

	*ret_exit = (struct dolium_exit){ .status = 125 };
	r = subject_find(d, name, &s, e);
	if (r == 0)
		r = attach_check(options, e);
	if (r < 0)
		return r;
	fd = keeper_connect(d, s.id, e);
	if (fd < 0)
		return fd;
	r = attach_ask(fd, options, s.record->tty, e);
	if (r == 0)
		r = attach_run(fd, options, s.record->tty, NULL, &how, &ended, e);
	if (r < 0)
		return r;
	if (how == ATTACH_LOST)
		return err_refuse(e, -ECONNRESET, "the keeper of container '%s' was killed", name);
	ret_exit->detached = how == ATTACH_DETACHED;
	ret_exit->status = ret_exit->detached ? 0 : ended.status;
	ret_exit->oom_killed = ended.oom_killed;
	return 0;
}

/* ---- stop, kill ---- */

/* For `unless-stopped` at the next boot. */
static void note_stopped(const struct subject *s)
{
	int fd = openat(
	    s->dir_fd, CONTAINER_STOPPED_FILE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
}

static int stop(struct dolium *d, const struct subject *s, int n, int timeout, struct err *e)
{
	struct keeper_stop how = { .signal_number = n, .timeout_ms = -1 };
	struct keeper_ended ended;
	AUTO_FD int fd = -1;
	int r;

	if (timeout != NEVER)
		how.timeout_ms = timeout > INT32_MAX / 1000 ? INT32_MAX : timeout * 1000;
	note_stopped(s);
	fd = keeper_connect(d, s->id, e);
	if (fd == -ESRCH)
		return end_orphan(d, s, e);
	if (fd < 0)
		return fd;
	r = keeper_send(fd, KEEPER_STOP, &how, sizeof(how));
	if (r == 0)
		r = keeper_await_end(fd, -1, &ended);
	/* Gone without a word: killed itself, and its container with it. */
	return r == -ETIMEDOUT ? err_set(e, r, "cannot stop container %.12s", s->id) : 0;
}

int dolium_container_stop(struct dolium *d, const char *name, const char *signal, int timeout)
{
	AUTO_SUBJECT struct subject s = SUBJECT_NONE;
	struct err *e = engine_begin(d);
	int r = subject_find(d, name, &s, e), n;

	if (r < 0)
		return r;
	n = signal_of(signal && signal[0] ? signal : s.record->stop_signal, SIGTERM, e);
	if (n < 0)
		return n;
	return stop(d, &s, n, timeout == -1 ? (int)s.record->stop_timeout : timeout, e);
}

int dolium_container_restart(struct dolium *d, const char *name, const char *signal, int timeout)
{
	const struct dolium_start_options options = { .size = sizeof(options), .detach = true };
	struct dolium_exit end;
	int r = dolium_container_stop(d, name, signal, timeout);

	return r < 0 ? r : dolium_container_start(d, name, &options, &end);
}

int dolium_container_kill(struct dolium *d, const char *name, const char *signal)
{
	AUTO_SUBJECT struct subject s = SUBJECT_NONE;
	struct err *e = engine_begin(d);
	struct keeper_number number;
	AUTO_FD int fd = -1;
	int r = subject_find(d, name, &s, e), n;

	if (r < 0)
		return r;
	n = signal_of(signal, SIGKILL, e);
	if (n < 0)
		return n;
	fd = keeper_connect(d, s.id, e);
	if (fd == -ESRCH)
		return err_wrap(e, fd, "cannot kill container '%s'", name);
	if (fd < 0)
		return fd;
	if (n == SIGKILL) {
		note_stopped(&s);
		close(TAKE_FD(fd));
		keeper_end(d, s.id, KILL_WAIT_MS);
		return 0;
	}
	number.number = n;
	r = keeper_send(fd, KEEPER_SIGNAL, &number, sizeof(number));
	return r < 0 ? err_set(e, r, "cannot signal container '%s'", name) : 0;
}

/* ---- wait ---- */

static int wait_end(
    struct dolium *d, const struct subject *s, struct dolium_exit *ret_exit, struct err *e)
{
	struct container_status status;
	struct keeper_ended ended;
	AUTO_FD int fd = keeper_connect(d, s->id, e);

	if (fd < 0)
		return fd;
	if (keeper_send(fd, KEEPER_WAIT, NULL, 0) < 0 || keeper_await_end(fd, -1, &ended) < 0) {
		container_look(d, s->id, s->dir_fd, s->record, &status);
		ret_exit->status = status.exit_status;
		return 0;
	}
	ret_exit->status = ended.status;
	ret_exit->oom_killed = ended.oom_killed;
	return 0;
}

static int wait_removed(struct dolium *d, const struct subject *s)
{
	const struct timespec step = { .tv_nsec = GONE_STEP_MS * 1000000L };

	for (;;) {
		AUTO_FD int fd = container_open(d, s->id, NULL);

		if (fd < 0)
			return 0;
		nanosleep(&step, NULL);
	}
}

int dolium_container_wait(
    struct dolium *d, const char *name, const char *condition, struct dolium_exit *ret_exit)
{
	AUTO_SUBJECT struct subject s = SUBJECT_NONE;
	struct err *e = engine_begin(d);
	struct container_status status;
	bool removed = condition && strcmp(condition, "removed") == 0;
	bool next = condition && strcmp(condition, "next-exit") == 0;
	int r;

	*ret_exit = (struct dolium_exit){ 0 };
	if (condition && condition[0] && !removed && !next && strcmp(condition, "not-running") != 0)
		return err_refuse(e, -EINVAL, "no such condition: '%s'", condition);
	r = subject_find(d, name, &s, e);
	if (r < 0)
		return r;
	r = wait_end(d, &s, ret_exit, e);
	if (r == -ESRCH) {
		const struct timespec step = { .tv_nsec = GONE_STEP_MS * 1000000L };

		/* "next": of one that does not run yet. */
		while (next && r == -ESRCH && faccessat(s.dir_fd, "state.json", F_OK, 0) == 0) {
			nanosleep(&step, NULL);
			r = wait_end(d, &s, ret_exit, e);
		}
		container_look(d, s.id, s.dir_fd, s.record, &status);
		if (r == -ESRCH)
			ret_exit->status = status.exit_status;
		r = 0;
	}
	return r == 0 && removed ? wait_removed(d, &s) : r;
}
