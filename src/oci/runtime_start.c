/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start: lets a container that `create` made go on
 *
 * Its process waits for a byte in exec.fifo. How exec went is heard on
 * report.fifo: the process holds that until exec closes it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "isolate/report.h"
#include "oci/activation.h"
#include "oci/runtime.h"
#include "oci/runtime_hooks.h"
#include "os/process.h"

static int check_status(enum home_status status, struct err *e)
{
	switch (status) {
	case HOME_CREATED:
		return 0;
	case HOME_RUNNING:
		return err_refuse(e, -EBUSY,
		    "cannot start an already running container: it is in the running state");
	case HOME_PAUSED:
		return err_refuse(e, -EBUSY, "cannot start a container that is paused");
	case HOME_CREATING:
	case HOME_STOPPED:
		break;
	}
	return err_refuse(e, -ESRCH, "cannot start a container that has stopped");
}

/* The end of the file says that exec succeeded; a report, that it did not. */
static int await_exec(int report_fd, struct err *e)
{
	struct pollfd ready = { .fd = report_fd, .events = POLLIN };
	struct report report;
	ssize_t n;

	while (poll(&ready, 1, -1) < 0) {
		if (errno != EINTR)
			return err_set(e, -errno, "cannot wait for the container's program");
	}
	n = read(report_fd, &report, sizeof(report));
	if (n <= 0 || report_check(&report, (size_t)n) < 0 || report.kind != REPORT_FAILED)
		return 0;
	*e = report.error;
	return report.error.code;
}

static void await_readiness(int notify_fd, const struct oci_state *state)
{
	AUTO_FD int pidfd = (int)syscall(SYS_pidfd_open, state->pid, 0);

	if (pidfd >= 0 && process_is(state->pid, state->pid_start))
		activation_relay(notify_fd, pidfd, state->pid);
}

int runtime_start(const struct runtime *rt, const struct runtime_options *o, struct err *e)
{
	AUTO_OCI_STATE struct oci_state state = { 0 };
	AUTO_FD int home = -1;
	AUTO_FD int start_fd = -1;
	AUTO_FD int report_fd = -1;
	AUTO_FD int notify_fd = -1;
	int r;

	home = home_open(rt, o->id, e);
	if (home < 0)
		return home;
	r = home_read_state(home, o->id, &state, e);
	if (r >= 0)
		r = check_status(home_status(home, &state), e);
	if (r < 0)
		return r;
	report_fd = openat(home, "report.fifo", O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	start_fd = openat(home, "exec.fifo", O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (report_fd < 0 || start_fd < 0)
		return err_set(e, -errno, "cannot reach the process of container '%s'", o->id);
	if (activation_notifies(home)) {
		notify_fd = activation_listen(home, e);
		if (notify_fd < 0)
			return notify_fd;
	}
	/* Who takes the name away first is the one that starts it. */
	if (unlinkat(home, "exec.fifo", 0) < 0)
		return err_refuse(e, -EBUSY, "container '%s' is started by somebody else", o->id);
	if (write(start_fd, "", 1) != 1)
		return err_set(e, -errno, "cannot start container '%s'", o->id);
	r = await_exec(report_fd, e);
	if (r < 0)
		return err_wrap(e, r, "unable to start container process");
	(void)unlinkat(home, "report.fifo", 0);
	r = runtime_hooks_poststart(&state, e);
	if (r < 0)
		(void)process_kill(state.pid, state.pid_start, SIGKILL);
	else if (notify_fd >= 0)
		await_readiness(notify_fd, &state);
	return r;
}
