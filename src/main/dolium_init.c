/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium-init: the first process of a container, for programs that are no init
 *
 *	dolium-init [--] COMMAND [ARGUMENT ...]
 *
 * Runs the command as its child, reaps what is orphaned, hands signals on, and
 * exits as the command did: its status, or 128 plus the signal that ended it.
 * 126 and 127 say that the command could not be run or found; then nothing was.
 *
 * It runs in front of programs of any kind and size, so it takes nothing: it
 * allocates no memory, opens no files, and of the C library uses little more
 * than its system calls.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_FAILED      125
#define STATUS_CANNOT_RUN  126
#define STATUS_NOT_FOUND   127
#define STATUS_SIGNAL_BASE 128

static void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return; /* there is nobody else to tell */
}

static void complain(const char *what, int error)
{
	say("dolium-init: cannot run '");
	say(what);
	say("': ");
	say(strerrordesc_np(error));
	say("\n");
}

/*
 * The signals that are waited for. Those that say that this program itself is
 * broken stay as they are: blocked, they would be a loop.
 */
static void choose_signals(sigset_t *set)
{
	static const int own[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };

	sigfillset(set);
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		sigdelset(set, own[i]);
}

/*
 * The command gets a process group of its own, so that a ^C at the terminal,
 * which goes to the foreground group, reaches it once and not twice.
 */
static void take_terminal(void)
{
	const int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (terminal < 0)
		return;
	/* It is ours to give only if we are in front. */
	if (tcgetpgrp(terminal) != getpgid(getppid())) {
		close(terminal);
		return;
	}
	/* A background group that takes the terminal is stopped unless it ignores that. */
	signal(SIGTTOU, SIG_IGN);
	tcsetpgrp(terminal, getpid());
	signal(SIGTTOU, SIG_DFL);
	close(terminal);
}

static _Noreturn void run_command(char **argv, const sigset_t *before)
{
	int error;

	setpgid(0, 0);
	take_terminal();
	sigprocmask(SIG_SETMASK, before, NULL);
	execvp(argv[0], argv);
	error = errno;
	complain(argv[0], error);
	_exit(error == ENOENT || error == ENOTDIR ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN);
}

/* Reaps all that are dead. Returns whether the command was among them. */
static bool reap(pid_t command, int *ret_status)
{
	bool over = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != command)
			continue;
		over = true;
		*ret_status = WIFSIGNALED(status) ? STATUS_SIGNAL_BASE + WTERMSIG(status)
		                                  : WEXITSTATUS(status);
	}
	return over;
}

static void hand_on(pid_t command, int sig)
{
	/* Meant for us as a group that reads or writes in the background: not for the command. */
	if (sig == SIGTTIN || sig == SIGTTOU)
		return;
	kill(command, sig);
}

/* Until the command is over; returns its status. */
static int serve(pid_t command, const sigset_t *set)
{
	int status = STATUS_FAILED;
	siginfo_t info;

	for (;;) {
		const int sig = sigwaitinfo(set, &info);

		if (sig < 0)
			continue; /* EINTR: stopped and continued */
		if (sig != SIGCHLD)
			hand_on(command, sig);
		else if (reap(command, &status))
			return status;
	}
}

int main(int argc, char **argv)
{
	sigset_t set, before;
	pid_t command;

	argv++;
	if (argc > 1 && strcmp(*argv, "--") == 0)
		argv++;
	if (argc < 2 || !*argv) {
		say("usage: dolium-init [--] COMMAND [ARGUMENT ...]\n");
		return STATUS_FAILED;
	}

	/* Where another process is the first (a shared pid namespace) orphans come here all the
	 * same. */
	if (getpid() != 1)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	/* Blocked before the child is born: none that ends at once is missed. */
	choose_signals(&set);
	sigprocmask(SIG_SETMASK, &set, &before);
	command = vfork();
	if (command == 0)
		run_command(argv, &before);
	if (command < 0) {
		complain(*argv, errno);
		return STATUS_CANNOT_RUN;
	}
	return serve(command, &set);
}
