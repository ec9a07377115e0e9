/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A burglar for LD_PRELOAD
 *
 * In programs named PEEK_PROGRAM it wakes up PEEK_MS milliseconds after the start, in the
 * main thread, and tries to open the files of PEEK_READ and PEEK_WRITE (split at ':') and
 * to run /bin/true. What it could do goes to PEEK_LOG, opened at the start.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int log_fd = -1;
static char *to_read, *to_write;

static void try_open(char *list, int flags, const char *what)
{
	for (char *name = strtok(list, ":"); name; name = strtok(NULL, ":")) {
		int fd = open(name, flags, 0600);

		dprintf(log_fd, "%s %s: %s\n", what, name, fd < 0 ? strerror(errno) : "done");
		if (fd >= 0)
			close(fd);
	}
}

static void wake(int signal_number)
{
	char *const argv[] = { (char *)"true", NULL };
	pid_t pid;

	(void)signal_number;
	try_open(to_read, O_RDONLY, "read");
	try_open(to_write, O_WRONLY | O_CREAT, "write");
	pid = fork();
	if (pid == 0) {
		execv("/bin/true", argv);
		dprintf(log_fd, "exec: %s\n", strerror(errno));
		_exit(1);
	}
	if (pid < 0)
		dprintf(log_fd, "exec: %s\n", strerror(errno));
	else if (waitpid(pid, NULL, 0) > 0)
		dprintf(log_fd, "end\n");
}

__attribute__((constructor)) static void arrive(void)
{
	const char *program = getenv("PEEK_PROGRAM"), *ms = getenv("PEEK_MS");
	struct itimerval timer = { 0 };

	if (!program || strcmp(program_invocation_short_name, program) != 0)
		return;
	log_fd = open(getenv("PEEK_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	log_fd = fcntl(log_fd, F_DUPFD_CLOEXEC, 50);
	to_read = strdup(getenv("PEEK_READ"));
	to_write = strdup(getenv("PEEK_WRITE"));
	signal(SIGALRM, wake);
	timer.it_value.tv_usec = 1000L * atoi(ms ? ms : "500");
	setitimer(ITIMER_REAL, &timer, NULL);
}
