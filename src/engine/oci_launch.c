/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running dolium-oci
 *
 * While it runs we sleep in sigwaitinfo(2): for its end, and for signals that
 * are to be sent on. It is in our process group, so what a terminal sends (^C)
 * reaches it anyway; only what another process sent to us is sent on.
 */
#include "engine/oci_launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/process.h"
#include "os/program.h"

/* What stops a process for job control stays with us; faults are our own. */
static const int never_forwarded[] = { SIGCHLD, SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU,
	SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGABRT, SIGPIPE, SIGWINCH, SIGCONT,
	SIGURG };

/* Runs in the child of a vfork: calls nothing but the kernel. */
static void be_child(const struct launch *launch, int program_fd, const sigset_t *mask)
{
	int null_fd = -1;

	for (size_t i = 0; i < launch->n_keep_fds; i++)
		fcntl(launch->keep_fds[i], F_SETFD, 0);
	if (launch->null_stdin || launch->null_stdout || launch->null_stderr)
		null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (launch->null_stdin)
		dup2(null_fd, STDIN_FILENO);
	if (launch->null_stdout)
		dup2(null_fd, STDOUT_FILENO);
	if (launch->stdout_fd > 0)
		dup2(launch->stdout_fd, STDOUT_FILENO);
	if (launch->null_stderr)
		dup2(null_fd, STDERR_FILENO);
	sigprocmask(SIG_SETMASK, mask, NULL);
	/* As dolium-oci would start itself; where that cannot be done here it says why. */
	if (program_fd >= 0)
		program_start(program_fd, launch->argv, environ);
	else
		execve(launch->program, launch->argv, environ);
}

static pid_t spawn(const struct launch *launch, const sigset_t *mask)
{
	AUTO_FD int program_fd = program_open(launch->program);
	volatile int failure = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		be_child(launch, program_fd, mask);
		failure = -errno;
		_exit(127);
	}
	if (pid < 0)
		return -errno;
	if (failure < 0)
		waitpid(pid, NULL, 0);
	return failure < 0 ? failure : pid;
}

/* Those that somebody ignores on purpose (nohup) stay ignored. */
static void signals_to_take(bool forward, sigset_t *ret_set)
{
	struct sigaction action;

	if (forward)
		sigfillset(ret_set);
	else
		sigemptyset(ret_set);
	for (size_t i = 0; i < sizeof(never_forwarded) / sizeof(never_forwarded[0]); i++)
		sigdelset(ret_set, never_forwarded[i]);
	for (int n = 1; forward && n <= SIGSYS; n++)
		if (sigismember(ret_set, n) == 1 && sigaction(n, NULL, &action) == 0 &&
		    action.sa_handler == SIG_IGN)
			sigdelset(ret_set, n);
	sigaddset(ret_set, SIGCHLD);
}

static bool came_from_a_process(const siginfo_t *info)
{
	return info->si_code == SI_USER || info->si_code == SI_TKILL || info->si_code == SI_QUEUE;
}

static int wait_and_forward(pid_t pid, const sigset_t *set)
{
	siginfo_t info;
	int status;

	for (;;) {
		pid_t r = waitpid(pid, &status, WNOHANG);

		if (r == pid)
			return process_exit_status(status);
		if (r < 0 && errno != EINTR)
			return -errno;
		if (sigwaitinfo(set, &info) > 0 && info.si_signo != SIGCHLD &&
		    came_from_a_process(&info))
			kill(pid, info.si_signo);
	}
}

int oci_launch(const struct launch *launch, struct err *e)
{
	struct sigaction child_before, child = { .sa_handler = SIG_DFL };
	sigset_t set, before;
	pid_t pid;
	int r;

	/* Where SIGCHLD is ignored nobody can be waited for. */
	sigaction(SIGCHLD, &child, &child_before);
	signals_to_take(launch->forward_signals, &set);
	sigprocmask(SIG_BLOCK, &set, &before);
	pid = spawn(launch, &before);
	r = pid < 0 ? pid : wait_and_forward(pid, &set);
	sigprocmask(SIG_SETMASK, &before, NULL);
	sigaction(SIGCHLD, &child_before, NULL);
	if (r < 0)
		return err_set(e, r, "cannot run '%s'", launch->program);
	return r;
}

pid_t oci_spawn(const struct launch *launch, struct err *e)
{
	sigset_t mask;
	pid_t pid;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	pid = spawn(launch, &mask);
	return pid < 0 ? err_set(e, pid, "cannot run '%s'", launch->program) : pid;
}

int oci_wait(pid_t pid, struct err *e)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		/* Where SIGCHLD is ignored nobody can be waited for. */
		if (errno == ECHILD)
			return 0;
		if (errno != EINTR)
			return err_set(e, -errno, "cannot wait for dolium-oci");
	}
	return process_exit_status(status);
}

int oci_clear(struct dolium *d, const char *id, struct err *e)
{
	AUTO_FREE char *oci = NULL;
	char *argv[] = { NULL, (char[]){ "--root" }, d->run_root, (char[]){ "delete" },
		(char[]){ "--force" }, (char *)(uintptr_t)id, NULL };
	struct launch launch = {
		.argv = argv, .null_stdin = true, .null_stdout = true, .null_stderr = true
	};
	int run_fd = engine_run_dir(d, e), r;

	if (run_fd < 0)
		return run_fd;
	if (faccessat(run_fd, id, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	r = engine_helper(d, "dolium-oci", &oci, e);
	if (r < 0)
		return r;
	launch.program = argv[0] = oci;
	r = oci_launch(&launch, e);
	return r < 0 ? r : 0;
}
