/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes, and how to be sure which one is meant
 */
#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/num.h"

/* The state letter and the start time out of /proc/PID/stat. */
static int read_stat(pid_t pid, char *ret_state, uint64_t *ret_ticks)
{
	AUTO_FD int fd = -1;
	char path[40], text[2048];
	char *at, *rest;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';

	/* The second field is a name in brackets that may have anything in it, also brackets. */
	at = strrchr(text, ')');
	if (!at || at[1] != ' ' || at[2] == '\0')
		return -EBADMSG;
	*ret_state = at[2];
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return -EBADMSG;
	rest = strchr(at + 1, ' ');
	if (rest)
		*rest = '\0';
	return num_parse_u64(at + 1, ret_ticks) < 0 ? -EBADMSG : 0;
}

int process_start_time(pid_t pid, uint64_t *ret_ticks)
{
	char state;

	return read_stat(pid, &state, ret_ticks);
}

bool process_is(pid_t pid, uint64_t start_ticks)
{
	uint64_t ticks = 0;
	char state = 0;

	return pid > 0 && read_stat(pid, &state, &ticks) >= 0 && ticks == start_ticks &&
	    state != 'Z' && state != 'X';
}

int process_kill(pid_t pid, uint64_t start_ticks, int signal_number)
{
	AUTO_FD int pidfd = -1;

	/* First the pidfd, then the look: what the fd names cannot change between them. */
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return -errno;
	if (!process_is(pid, start_ticks))
		return -ESRCH;
	if (signal_number && syscall(SYS_pidfd_send_signal, pidfd, signal_number, NULL, 0) < 0)
		return -errno;
	return 0;
}

static pid_t clone_once(uint64_t clone_flags, int cgroup_fd, int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = clone_flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		/* A sibling takes over the signal of who makes it. */
		.exit_signal = clone_flags & CLONE_PARENT ? 0 : SIGCHLD,
	};
	long pid;

	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		return -errno;
	if (pid > 0 && ret_pidfd)
		*ret_pidfd = pidfd;
	else if (pid > 0)
		close(pidfd);
	return (pid_t)pid;
}

pid_t process_clone(uint64_t clone_flags, int cgroup_fd, int *ret_pidfd)
{
	return clone_once(clone_flags | CLONE_CLEAR_SIGHAND, cgroup_fd, ret_pidfd);
}

int process_exit_status(int wait_status)
{
	if (WIFSIGNALED(wait_status))
		return 128 + WTERMSIG(wait_status);
	return WEXITSTATUS(wait_status);
}

int process_wait(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return process_exit_status(status);
}

/*
 * Where programs inside expect them: Go's and glibc's numbers. SIGRTMIN of the C library
 * that we are linked with may be another (musl's is 35).
 */
#define RT_FIRST 34
#define RT_LAST  64

static int parse_realtime(const char *name)
{
	uint32_t plus = 0;

	if (strncasecmp(name, "RTMIN", 5) == 0) {
		if (name[5] == '\0')
			return RT_FIRST;
		if (name[5] == '+' && num_parse_u32(name + 6, &plus) >= 0 &&
		    plus <= (uint32_t)(RT_LAST - RT_FIRST))
			return RT_FIRST + (int)plus;
	}
	if (strncasecmp(name, "RTMAX", 5) == 0) {
		if (name[5] == '\0')
			return RT_LAST;
		if (name[5] == '-' && num_parse_u32(name + 6, &plus) >= 0 &&
		    plus <= (uint32_t)(RT_LAST - RT_FIRST))
			return RT_LAST - (int)plus;
	}
	return -EINVAL;
}

int process_signal_parse(const char *text)
{
	uint32_t number = 0;

	if (num_parse_u32(text, &number) >= 0)
		return number < NSIG ? (int)number : -EINVAL;
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (int i = 1; i < NSIG; i++) {
		const char *name = sigabbrev_np(i);

		if (name && strcasecmp(name, text) == 0)
			return i;
	}
	if (strcasecmp(text, "IOT") == 0)
		return SIGABRT;
	if (strcasecmp(text, "CLD") == 0)
		return SIGCHLD;
	return parse_realtime(text);
}
