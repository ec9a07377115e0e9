/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program inside a container tries that it should not
 *
 * usage: probe VERB [ARG]...; prints one line: "ok", or the name of the error. Static, so that it
 * runs in any image, and it makes system calls by number, so that no library stands between.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static int say(long r)
{
	puts(r >= 0 ? "ok" : strerrorname_np(errno));
	return 0;
}

static int by_number(int argc, char **argv)
{
	long a[6] = { 0 };

	for (int i = 0; i < 6 && i + 1 < argc; i++)
		a[i] = strtol(argv[i + 1], NULL, 0);
	return say(syscall(strtol(argv[0], NULL, 0), a[0], a[1], a[2], a[3], a[4], a[5]));
}

static int by_x32_number(int argc, char **argv)
{
	char text[32];
	char *copy[8] = { text };

	snprintf(text, sizeof(text), "%ld", strtol(argv[0], NULL, 0) | 0x40000000);
	for (int i = 1; i < argc && i < 7; i++)
		copy[i] = argv[i];
	return by_number(argc < 7 ? argc : 7, copy);
}

#ifdef __x86_64__
static void no_such_entry(int signal)
{
	(void)signal;
	/* A kernel without 32-bit entry: the attack has nowhere to go. */
	write(1, "SIGSEGV\n", 8);
	_exit(0);
}

static int by_i386_number(int argc, char **argv)
{
	long r, a[3] = { 0 };

	signal(SIGSEGV, no_such_entry);
	for (int i = 0; i < 3 && i + 1 < argc; i++)
		a[i] = strtol(argv[i + 1], NULL, 0);
	__asm__ volatile("int $0x80"
	                 : "=a"(r)
	                 : "a"(strtol(argv[0], NULL, 0)), "b"(a[0]), "c"(a[1]), "d"(a[2])
	                 : "memory", "r8", "r9", "r10", "r11");
	r = (int)r;
	if (r < 0) {
		errno = (int)-r;
		r = -1;
	}
	return say(r);
}
#endif

static int open_for_writing(int argc, char **argv)
{
	(void)argc;
	return say(open(argv[0], O_WRONLY | O_CLOEXEC));
}

/* probe write PATH TEXT */
static int write_text(int argc, char **argv)
{
	int fd = open(argv[0], O_WRONLY | O_CLOEXEC);

	(void)argc;
	return say(fd < 0 ? -1 : write(fd, argv[1], strlen(argv[1])));
}

static int mount_tmpfs(int argc, char **argv)
{
	(void)argc;
	return say(mount("none", argv[0], "tmpfs", 0, NULL));
}

static int unshare_flags(int argc, char **argv)
{
	(void)argc;
	return say(unshare((int)strtol(argv[0], NULL, 0)));
}

static int clone_flags(int argc, char **argv)
{
	long pid = syscall(SYS_clone, strtol(argv[0], NULL, 0) | SIGCHLD, 0, 0, 0, 0);

	(void)argc;
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return say(pid);
}

/* probe node MAJOR MINOR: makes a block device and opens it */
static int open_block_device(int argc, char **argv)
{
	dev_t dev = makedev((unsigned)atoi(argv[0]), (unsigned)atoi(argv[1]));

	(void)argc;
	if (mknod("/tmp/probe-node", S_IFBLK | 0600, dev) < 0)
		return say(-1);
	return say(open("/tmp/probe-node", O_RDONLY | O_CLOEXEC));
}

/* Types a character into whatever terminal can be reached. */
static int type_into_terminals(int argc, char **argv)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	int reached = 0;

	(void)argc;
	for (int fd = 0; fd <= 2; fd++)
		reached += ioctl(fd, TIOCSTI, argv[0]) == 0;
	if (tty >= 0)
		reached += ioctl(tty, TIOCSTI, argv[0]) == 0;
	printf("terminals reached: %d\n", reached);
	return 0;
}

/* Every fd but the standard three, and the one that reads the list. */
static int list_fds(int argc, char **argv)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *entry;

	(void)argc;
	(void)argv;
	while (d && (entry = readdir(d))) {
		char target[4096];
		ssize_t n;
		int fd = atoi(entry->d_name);
		if (entry->d_name[0] == '.' || fd <= 2 || fd == dirfd(d))
			continue;
		n = readlinkat(dirfd(d), entry->d_name, target, sizeof(target));
		printf("%d -> %.*s\n", fd, (int)(n < 0 ? 0 : n), target);
	}
	puts("listed");
	return 0;
}

/* The number of the session keyring. */
static int show_keyring(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("%08lx\n", syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -3, 0));
	return 0;
}

static int make_socket(int argc, char **argv)
{
	(void)argc;
	return say(socket(atoi(argv[0]), SOCK_STREAM, 0));
}

static int eat_memory(int argc, char **argv)
{
	size_t step = 1 << 20;

	(void)argc;
	for (long i = 0; i < atol(argv[0]); i++) {
		char *p = malloc(step);
		if (!p)
			return say(-1);
		memset(p, 1, step);
	}
	return say(0);
}

static int crash(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	raise(SIGSEGV); /* from itself, pid 1 would not hear it */
	*(volatile int *)NULL = 0;
	return 0;
}

/* probe fork N: that many children at once; says how many came to be */
static int fork_many(int argc, char **argv)
{
	int n = 0;

	(void)argc;
	for (int i = 0; i < atoi(argv[0]); i++) {
		pid_t pid = fork();
		if (pid == 0) {
			pause();
			_exit(0);
		}
		n += pid > 0;
	}
	printf("%d\n", n);
	fflush(stdout);
	kill(0, SIGKILL);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int n_args;
		int (*run)(int argc, char **argv);
	} verbs[] = {
		{ "syscall", 1, by_number },
		{ "x32", 1, by_x32_number },
#ifdef __x86_64__
		{ "i386", 1, by_i386_number },
#endif
		{ "openw", 1, open_for_writing },
		{ "write", 2, write_text },
		{ "mount", 1, mount_tmpfs },
		{ "unshare", 1, unshare_flags },
		{ "clone", 1, clone_flags },
		{ "node", 2, open_block_device },
		{ "tiocsti", 1, type_into_terminals },
		{ "fds", 0, list_fds },
		{ "keyring", 0, show_keyring },
		{ "socket", 1, make_socket },
		{ "eat", 1, eat_memory },
		{ "fork", 1, fork_many },
		{ "crash", 0, crash },
	};

	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[1], verbs[i].name) == 0 && argc - 2 >= verbs[i].n_args)
			return verbs[i].run(argc - 2, argv + 2);
	fputs("usage: probe VERB [ARG]...\n", stderr);
	return 2;
}
