/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts the system calls of a program; at the n-th it kills, or lets the call fail
 *
 * usage: inject [-c] [-n N] [-e ERROR] [-o FILE] [--] PROGRAM [ARG]...
 *
 *   -c        those of its children are counted, and not its own
 *   -n N      at the beginning of the N-th call (from 1) who makes it is killed by SIGKILL...
 *   -e ERROR  ...or the call is not made and fails with ERROR (a name, as ENOMEM); one that never
 *             fails so is let through; close(2) is made first, as the kernel does
 *   -o FILE   how it went: "CALLS NUMBER DONE": the calls that were counted; the number (__NR_...)
 *             of the N-th, -1: there was none; 1: it was killed or failed
 *
 * Ends with PROGRAM, with its exit status or 128 and its signal; what still runs then is let go
 * and runs on. That is why it is not strace(1), which stays for as long as there is a child.
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
	bool children;
	long at;
	int error; /* 0: kill */
	const char *report;
	pid_t first; /* the program */
	bool begun; /* it is the program by now, and not a copy of us */
	long calls, number;
	bool done;
	pid_t failing; /* who is in the call that fails */
	bool made; /* that call was made nevertheless */
} o;

static void give_up(const char *what)
{
	perror(what);
	exit(125);
}

/* ---- which call may fail how ---- */

static bool one_of(long number, const long *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == number)
			return true;
	return false;
}

#define ONE_OF(number, ...)                           \
	one_of(number, (const long[]){ __VA_ARGS__ }, \
	    sizeof((const long[]){ __VA_ARGS__ }) / sizeof(long))

static bool never_fails(long number)
{
	return ONE_OF(number, SYS_getpid, SYS_gettid, SYS_getppid, SYS_getuid, SYS_geteuid,
	    SYS_getgid, SYS_getegid, SYS_umask, SYS_exit, SYS_exit_group, SYS_rt_sigreturn,
	    SYS_munmap, SYS_set_tid_address, SYS_set_robust_list, SYS_rseq, SYS_rt_sigprocmask,
	    SYS_rt_sigaction, SYS_clock_gettime, SYS_wait4, SYS_waitid, SYS_nanosleep,
	    SYS_clock_nanosleep, SYS_getcwd, SYS_prlimit64, SYS_getrandom, SYS_mprotect, SYS_brk
#ifdef SYS_arch_prctl
	    ,
	    SYS_arch_prctl
#endif
	);
}

static bool makes_fd(long number)
{
	return ONE_OF(number, SYS_openat, SYS_openat2, SYS_open_tree, SYS_fsopen, SYS_fsmount,
	    SYS_pidfd_open, SYS_socketpair, SYS_socket, SYS_pipe2, SYS_memfd_create, SYS_dup,
	    SYS_dup3, SYS_fcntl, SYS_signalfd4, SYS_epoll_create1, SYS_eventfd2, SYS_accept4
#ifdef SYS_open
	    ,
	    SYS_open, SYS_dup2
#endif
	);
}

static bool makes_file(long number)
{
	return ONE_OF(
	    number, SYS_openat, SYS_openat2, SYS_write, SYS_pwrite64, SYS_mkdirat, SYS_mknodat,
	    SYS_symlinkat, SYS_renameat, SYS_renameat2, SYS_linkat, SYS_ftruncate, SYS_memfd_create
#ifdef SYS_open
	    ,
	    SYS_open, SYS_mkdir, SYS_mknod, SYS_symlink, SYS_rename, SYS_link
#endif
	);
}

static bool touches_files(long number)
{
	return makes_file(number) ||
	    ONE_OF(number, SYS_read, SYS_pread64, SYS_getdents64, SYS_unlinkat, SYS_newfstatat,
	        SYS_fstat, SYS_statx, SYS_readlinkat, SYS_fsync, SYS_fchownat, SYS_fchown,
	        SYS_fchmod, SYS_fchmodat, SYS_fsconfig, SYS_move_mount, SYS_mount_setattr,
	        SYS_chdir, SYS_fchdir, SYS_close, SYS_execve, SYS_execveat, SYS_statfs, SYS_fstatfs
#ifdef SYS_open
	        ,
	        SYS_unlink, SYS_rmdir, SYS_stat, SYS_lstat, SYS_access, SYS_readlink
#endif
	    );
}

static bool may_fail(long number, int error)
{
	if (never_fails(number))
		return false;
	switch (error) {
	case EMFILE:
		return makes_fd(number);
	case ENOSPC:
		return makes_file(number);
	case EIO:
		return touches_files(number);
	default:
		return true;
	}
}

/* ---- the registers of who is stopped in a call ---- */

/* In place of the call one is made that does nothing, and that every seccomp filter allows. */
static void cancel_call(pid_t pid)
{
#if defined(__x86_64__)
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax), (long)SYS_getpid);
#elif defined(__aarch64__)
	int none = SYS_getpid;
	struct iovec v = { &none, sizeof(none) };

	ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &v);
#else
#	error "which register has the number of the system call?"
#endif
}

static void set_result(pid_t pid, long value)
{
#if defined(__x86_64__)
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax), value);
#elif defined(__aarch64__)
	struct user_regs_struct regs;
	struct iovec v = { &regs, sizeof(regs) };

	ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &v);
	regs.regs[0] = (unsigned long)value;
	ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &v);
#endif
}

/* ---- the loop ---- */

static void enter_call(pid_t pid, long number)
{
	if (!o.begun || (pid == o.first) == o.children)
		return;
	o.calls++;
	if (o.calls != o.at)
		return;
	o.number = number;
	if (!o.error) {
		o.done = true;
		kill(pid, SIGKILL);
		return;
	}
	if (!may_fail(number, o.error))
		return;
	o.done = true;
	o.failing = pid;
	o.made = number == SYS_close;
	if (!o.made)
		cancel_call(pid);
}

static void leave_call(pid_t pid)
{
	if (pid != o.failing)
		return;
	set_result(pid, -o.error);
	o.failing = 0;
}

static void on_call(pid_t pid)
{
	struct __ptrace_syscall_info info = { 0 };

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		enter_call(pid, (long)info.entry.nr);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		leave_call(pid);
}

/* Goes on after whatever stopped it. */
static void on_stop(pid_t pid, int status)
{
	const int sig = WSTOPSIG(status), event = status >> 16;

	if (sig == (SIGTRAP | 0x80)) {
		on_call(pid);
		ptrace(PTRACE_SYSCALL, pid, 0, 0);
	} else if (event == PTRACE_EVENT_STOP && sig != SIGTRAP) {
		ptrace(PTRACE_LISTEN, pid, 0, 0); /* a group stop: it lasts until SIGCONT */
	} else {
		if (event == PTRACE_EVENT_EXEC && pid == o.first)
			o.begun = true;
		ptrace(PTRACE_SYSCALL, pid, 0, event ? 0 : (long)sig);
	}
}

/* Returns the wait status of the program. */
static int follow(void)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			give_up("waitpid");
		if (WIFSTOPPED(status))
			on_stop(pid, status);
		else if (pid == o.first)
			return status;
	}
}

static void start(char **argv)
{
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC;
	int go[2], status;
	char byte;

	if (pipe(go) < 0)
		give_up("pipe");
	o.first = fork();
	if (o.first < 0)
		give_up("fork");
	if (o.first == 0) {
		close(go[1]);
		if (read(go[0], &byte, 1) != 1)
			_exit(125);
		close(go[0]);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (o.children)
		options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
	if (ptrace(PTRACE_SEIZE, o.first, 0, options) < 0 ||
	    ptrace(PTRACE_INTERRUPT, o.first, 0, 0) < 0)
		give_up("ptrace");
	if (waitpid(o.first, &status, __WALL) < 0 || !WIFSTOPPED(status))
		give_up("the program did not stop");
	ptrace(PTRACE_SYSCALL, o.first, 0, 0);
	if (write(go[1], "", 1) != 1)
		give_up("write");
	close(go[0]);
	close(go[1]);
}

static int find_error(const char *name)
{
	for (int i = 1; i < 200; i++) {
		const char *known = strerrorname_np(i);

		if (known && strcmp(known, name) == 0)
			return i;
	}
	fprintf(stderr, "inject: no such error: '%s'\n", name);
	exit(125);
}

static void report(void)
{
	FILE *to = o.report ? fopen(o.report, "we") : NULL;

	if (to && (fprintf(to, "%ld %ld %d\n", o.calls, o.number, o.done) < 0 || fclose(to) != 0))
		give_up(o.report);
}

int main(int argc, char **argv)
{
	int c, status;

	o.number = -1;
	while ((c = getopt(argc, argv, "+cn:e:o:")) >= 0) {
		if (c == 'c')
			o.children = true;
		else if (c == 'n')
			o.at = atol(optarg);
		else if (c == 'e')
			o.error = find_error(optarg);
		else if (c == 'o')
			o.report = optarg;
		else
			return 125;
	}
	if (!argv[optind]) {
		fputs("usage: inject [-c] [-n N] [-e ERROR] [-o FILE] PROGRAM [ARG]...\n", stderr);
		return 125;
	}
	start(argv + optind);
	status = follow();
	report();
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
