/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks
 */
#include "isolate/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/err.h"
#include "format/oci_config.h"
#include "os/process.h"

#define FAILED_TO_START 127

__attribute__((noreturn)) static void become_hook(
    const struct oci_hook *hook, const char *dir, int stdin_fd)
{
	char *const only_path[] = { hook->path, NULL };
	char *const *args = hook->args.n > 0 ? strv_argv(&hook->args) : only_path;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(stdin_fd, STDIN_FILENO) < 0 || (dir && chdir(dir) < 0) ||
	    syscall(SYS_close_range, 3, ~0U, 0) < 0)
		_exit(FAILED_TO_START);
	execve(hook->path, args, strv_argv(&hook->env));
	_exit(FAILED_TO_START);
}

static int wait_for_hook(const struct oci_hook *hook, pid_t pid, int pidfd)
{
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };
	int timeout = -1, r;

	if (hook->has_timeout)
		timeout = hook->timeout > 86400 ? 86400 * 1000 : (int)hook->timeout * 1000;
	do
		r = poll(&ended, 1, timeout);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		kill(pid, SIGKILL);
	return process_wait(pid) == 0 ? 0 : r == 0 ? -ETIMEDOUT : -ECANCELED;
}

static int run_hook(const struct oci_hook *hook, const char *dir, const char *state, size_t len)
{
	AUTO_FD int from = -1;
	AUTO_FD int pidfd = -1;
	int ends[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	from = ends[0];
	/* Before there is a reader: a hook that does not read must not hold us up. */
	n = write(ends[1], state, len);
	close(ends[1]);
	if (n < 0 || (size_t)n != len)
		return n < 0 ? -errno : -EMSGSIZE;
	pid = process_clone(0, -1, &pidfd);
	if (pid == 0)
		become_hook(hook, dir, from);
	return pid < 0 ? pid : wait_for_hook(hook, pid, pidfd);
}

int hooks_run(const struct oci_hook_list *hooks, const char *kind, const char *dir,
    const char *state, size_t len, struct err *e)
{
	for (size_t i = 0; i < hooks->n; i++) {
		int r = run_hook(&hooks->items[i], dir, state, len);

		if (r == -ETIMEDOUT)
			return err_refuse(e, -ECANCELED,
			    "error running %s hook #%zu: '%s' took longer than its timeout", kind,
			    i, hooks->items[i].path);
		if (r == -ECANCELED)
			return err_refuse(e, -ECANCELED, "error running %s hook #%zu: '%s' failed",
			    kind, i, hooks->items[i].path);
		if (r < 0)
			return err_set(e, r, "error running %s hook #%zu: '%s'", kind, i,
			    hooks->items[i].path);
	}
	return 0;
}

bool hooks_before_start(const struct oci_hooks *hooks)
{
	return hooks &&
	    (hooks->prestart.n > 0 || hooks->create_runtime.n > 0 ||
	        hooks->create_container.n > 0 || hooks->start_container.n > 0);
}
