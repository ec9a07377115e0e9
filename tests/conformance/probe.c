/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The witness: the program of every container of the conformance tests
 *
 * usage: probe ACTION [WORD]... [';' ACTION [WORD]...]...
 *
 * Carries out each action and prints one line of JSON about it, at once, so that a test sees how
 * far it came:
 * {"report": ...}, or {"does": ACTION, "errno": "ok" or the name of the error, ...}. Static, and in
 * need of nothing in its root: what /proc would say is reported as the bytes of the file, or not at
 * all.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define FILE_MAX (256 * 1024)

extern char **environ;

/* ---- JSON ---- */

static bool first = true;

static void quoted(const char *text, size_t len)
{
	putchar('"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void key(const char *name)
{
	if (!first)
		putchar(',');
	first = false;
	if (name) {
		quoted(name, strlen(name));
		putchar(':');
	}
}

static void begin(const char *name, char bracket)
{
	key(name);
	putchar(bracket);
	first = true;
}

static void end(char bracket)
{
	putchar(bracket);
	first = false;
}

static void put_text(const char *name, const char *text)
{
	key(name);
	if (text)
		quoted(text, strlen(text));
	else
		fputs("null", stdout);
}

static void put_number(const char *name, long long number)
{
	key(name);
	printf("%lld", number);
}

/* RLIM_INFINITY and seccomp's words want all 64 bits */
static void put_unsigned(const char *name, unsigned long long number)
{
	key(name);
	printf("%llu", number);
}

static void put_result(long r)
{
	put_text("errno", r >= 0 ? "ok" : strerrorname_np(errno));
}

/* ---- what it sees ---- */

static void put_texts(const char *name, char **items)
{
	begin(name, '[');
	for (; items && *items; items++)
		put_text(NULL, *items);
	end(']');
}

static long put_file(const char *name, const char *path)
{
	static char text[FILE_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = fd < 0 ? -1 : 0;

	while (fd >= 0 && len < sizeof(text) && (n = read(fd, text + len, sizeof(text) - len)) > 0)
		len += (size_t)n;
	if (n < 0) {
		int why = errno;
		put_text(name, NULL);
		errno = why;
	} else {
		key(name);
		quoted(text, len);
	}
	if (fd >= 0)
		close(fd);
	return n;
}

static void see_args(char **argv)
{
	put_texts("args", argv);
}

static void see_env(char **argv)
{
	(void)argv;
	put_texts("env", environ);
}

static void see_cwd(char **argv)
{
	char path[4096];

	(void)argv;
	put_text("cwd", syscall(SYS_getcwd, path, sizeof(path)) < 0 ? NULL : path);
}

static void see_ids(char **argv)
{
	uid_t r, e, s;
	gid_t gr, ge, gs;
	gid_t groups[1024];
	int n = getgroups(1024, groups);
	mode_t mask = umask(0);

	(void)argv;
	umask(mask);
	getresuid(&r, &e, &s);
	getresgid(&gr, &ge, &gs);
	begin("uids", '[');
	put_number(NULL, r);
	put_number(NULL, e);
	put_number(NULL, s);
	end(']');
	begin("gids", '[');
	put_number(NULL, gr);
	put_number(NULL, ge);
	put_number(NULL, gs);
	end(']');
	begin("groups", '[');
	for (int i = 0; i < n; i++)
		put_number(NULL, groups[i]);
	end(']');
	put_number("umask", mask);
}

static void see_rlimits(char **argv)
{
	static const char *const names[] = { [RLIMIT_CPU] = "CPU",
		[RLIMIT_FSIZE] = "FSIZE",
		[RLIMIT_DATA] = "DATA",
		[RLIMIT_STACK] = "STACK",
		[RLIMIT_CORE] = "CORE",
		[RLIMIT_RSS] = "RSS",
		[RLIMIT_NPROC] = "NPROC",
		[RLIMIT_NOFILE] = "NOFILE",
		[RLIMIT_MEMLOCK] = "MEMLOCK",
		[RLIMIT_AS] = "AS",
		[RLIMIT_LOCKS] = "LOCKS",
		[RLIMIT_SIGPENDING] = "SIGPENDING",
		[RLIMIT_MSGQUEUE] = "MSGQUEUE",
		[RLIMIT_NICE] = "NICE",
		[RLIMIT_RTPRIO] = "RTPRIO",
		[RLIMIT_RTTIME] = "RTTIME" };

	(void)argv;
	begin("rlimits", '{');
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct rlimit l;
		if (getrlimit((int)i, &l) < 0)
			continue;
		begin(names[i], '[');
		put_unsigned(NULL, l.rlim_cur);
		put_unsigned(NULL, l.rlim_max);
		end(']');
	}
	end('}');
}

static void see_scheduler(char **argv)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} a = { 0 };
	long io = syscall(SYS_ioprio_get, 1, 0);
	cpu_set_t set;

	(void)argv;
	if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) == 0) {
		begin("scheduler", '{');
		put_number("policy", a.policy);
		put_number("flags", (long long)a.flags);
		put_number("nice", a.nice);
		put_number("priority", a.priority);
		put_number("runtime", (long long)a.runtime);
		put_number("deadline", (long long)a.deadline);
		put_number("period", (long long)a.period);
		end('}');
	}
	begin("ioprio", '[');
	put_number(NULL, io >> 13);
	put_number(NULL, io & 0x1fff);
	end(']');
	begin("affinity", '[');
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		for (int i = 0; i < CPU_SETSIZE; i++)
			if (CPU_ISSET(i, &set))
				put_number(NULL, i);
	end(']');
}

static void see_memory_policy(char **argv)
{
	int mode = -1;
	unsigned long nodes[16] = { 0 };

	(void)argv;
	if (syscall(SYS_get_mempolicy, &mode, nodes, 8 * sizeof(nodes), 0, 0) < 0)
		mode = -1;
	put_number("mempolicy", mode);
	put_number("memnodes", (long long)nodes[0]);
}

static void see_uts(char **argv)
{
	struct utsname u;

	(void)argv;
	uname(&u);
	put_text("hostname", u.nodename);
	put_text("domainname", u.domainname);
	put_text("machine", u.machine);
}

static void see_namespaces(char **argv)
{
	static const char *const kinds[] = { "pid", "net", "mnt", "ipc", "uts", "user", "cgroup",
		"time" };

	(void)argv;
	begin("ns", '{');
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char path[64], target[64];
		ssize_t n;
		snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i]);
		n = readlink(path, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = 0;
		put_text(kinds[i], target);
	}
	end('}');
}

static void see_fds(char **argv)
{
	(void)argv;
	begin("fds", '{');
	for (int fd = 0; fd < 1024; fd++) {
		char path[64], number[16], target[4096];
		ssize_t n;
		if (fcntl(fd, F_GETFD) < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = 0;
		snprintf(number, sizeof(number), "%d", fd);
		put_text(number, target);
	}
	end('}');
}

static void see_tty(char **argv)
{
	struct winsize size = { 0 };
	struct termios mode;

	(void)argv;
	begin("tty", '[');
	for (int fd = 0; fd <= 2; fd++)
		put_number(NULL, isatty(fd));
	end(']');
	if (ioctl(0, TIOCGWINSZ, &size) == 0) {
		put_number("rows", size.ws_row);
		put_number("columns", size.ws_col);
	}
	if (tcgetattr(0, &mode) == 0)
		put_number("onlcr", (mode.c_oflag & ONLCR) != 0);
	put_number("foreground", tcgetpgrp(0));
}

static void see_pids(char **argv)
{
	(void)argv;
	put_number("pid", getpid());
	put_number("ppid", getppid());
	put_number("sid", getsid(0));
	put_number("pgrp", getpgrp());
}

static void see_clocks(char **argv)
{
	struct timespec t;

	(void)argv;
	clock_gettime(CLOCK_MONOTONIC, &t);
	put_number("monotonic", t.tv_sec);
	clock_gettime(CLOCK_BOOTTIME, &t);
	put_number("boottime", t.tv_sec);
}

static void see_keyring(char **argv)
{
	char text[256] = "";
	long id = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);

	(void)argv;
	put_number("keyring", id);
	if (id >= 0 && syscall(SYS_keyctl, KEYCTL_DESCRIBE, id, text, sizeof(text) - 1) > 0)
		put_text("keyring_is", text);
}

static void see_personality(char **argv)
{
	(void)argv;
	put_number("personality", personality(0xffffffff));
}

static void see_network(char **argv)
{
	struct if_nameindex *list = if_nameindex();
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)argv;
	begin("net", '{');
	for (struct if_nameindex *at = list; at && at->if_name; at++) {
		struct ifreq r = { 0 };
		strncpy(r.ifr_name, at->if_name, IFNAMSIZ - 1);
		if (ioctl(fd, SIOCGIFFLAGS, &r) == 0)
			put_number(at->if_name, r.ifr_flags);
	}
	end('}');
	if (list)
		if_freenameindex(list);
	if (fd >= 0)
		close(fd);
}

static void see_prctl(char **argv)
{
	int subreaper = -1, death = -1;

	(void)argv;
	prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
	prctl(PR_GET_PDEATHSIG, &death);
	put_number("dumpable", prctl(PR_GET_DUMPABLE));
	put_number("subreaper", subreaper);
	put_number("pdeathsig", death);
	put_number("securebits", prctl(PR_GET_SECUREBITS));
	put_number("nnp", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

static const struct {
	const char *name;
	void (*see)(char **argv);
} sights[] = {
	{ "args", see_args },
	{ "env", see_env },
	{ "cwd", see_cwd },
	{ "ids", see_ids },
	{ "rlimits", see_rlimits },
	{ "scheduler", see_scheduler },
	{ "mempolicy", see_memory_policy },
	{ "uts", see_uts },
	{ "ns", see_namespaces },
	{ "fds", see_fds },
	{ "tty", see_tty },
	{ "pids", see_pids },
	{ "clocks", see_clocks },
	{ "keyring", see_keyring },
	{ "personality", see_personality },
	{ "net", see_network },
	{ "prctl", see_prctl },
};

static char **whole_argv;

/* report SIGHT...: a sight of the table, or the name of a file of /proc/self */
static int do_report(int n, char **words)
{
	begin("report", '{');
	for (int w = 1; w < n; w++) {
		bool found = false;
		for (unsigned i = 0; i < sizeof(sights) / sizeof(sights[0]); i++)
			if (strcmp(sights[i].name, words[w]) == 0) {
				sights[i].see(whole_argv);
				found = true;
			}
		if (!found) {
			char path[128];
			snprintf(path, sizeof(path), "/proc/self/%s", words[w]);
			put_file(words[w], path);
		}
	}
	end('}');
	return 0;
}

/* ---- what it tries ---- */

static int do_read(int n, char **words)
{
	(void)n;
	put_result(put_file("text", words[1]));
	return 0;
}

/* The bytes are written by one call, as files of /proc and of cgroups want it. */
static long write_file(const char *path, const char *text, int flags)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0644);
	long r;

	if (fd < 0)
		return -1;
	r = write(fd, text, strlen(text));
	if (r >= 0 && close(fd) < 0)
		return -1;
	return r;
}

static int do_write(int n, char **words)
{
	(void)n;
	put_result(write_file(words[1], words[2], strncmp(words[1], "/proc", 5) ? O_CREAT : 0));
	return 0;
}

/* open PATH r|w|rw|d: only opens */
static int do_open(int n, char **words)
{
	int flags = O_RDONLY, fd;

	if (n > 2 && words[2][0] == 'w')
		flags = O_WRONLY;
	if (n > 2 && strcmp(words[2], "rw") == 0)
		flags = O_RDWR;
	if (n > 2 && words[2][0] == 'd')
		flags = O_RDONLY | O_DIRECTORY;
	fd = open(words[1], flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	put_result(fd);
	if (fd >= 0)
		close(fd);
	return 0;
}

static int do_stat(int n, char **words)
{
	static const char *const kinds = "?pc?d?b?-?l?s???";
	struct stat s;
	struct statvfs fs;
	char target[4096] = "", kind[2] = "?";
	long r = lstat(words[1], &s);

	(void)n;
	put_result(r);
	if (r < 0)
		return 0;
	kind[0] = kinds[(s.st_mode & S_IFMT) >> 12];
	put_text("type", kind);
	put_number("mode", s.st_mode & 07777);
	put_number("uid", s.st_uid);
	put_number("gid", s.st_gid);
	put_number("size", s.st_size);
	put_number("links", (long long)s.st_nlink);
	put_number("major", major(s.st_rdev));
	put_number("minor", minor(s.st_rdev));
	put_number("dev", (long long)s.st_dev);
	if (S_ISLNK(s.st_mode) && readlink(words[1], target, sizeof(target) - 1) >= 0)
		put_text("target", target);
	if (!S_ISLNK(s.st_mode) && statvfs(words[1], &fs) == 0)
		put_number("fsflags", (long long)fs.f_flag);
	return 0;
}

static int do_list(int n, char **words)
{
	DIR *d = opendir(words[1]);
	struct dirent *entry;

	(void)n;
	put_result(d ? 0 : -1);
	begin("names", '[');
	while (d && (entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			put_text(NULL, entry->d_name);
	end(']');
	if (d)
		closedir(d);
	return 0;
}

static int do_mkdir(int n, char **words)
{
	(void)n;
	put_result(mkdir(words[1], 0755));
	return 0;
}

static int do_unlink(int n, char **words)
{
	(void)n;
	put_result(unlink(words[1]));
	return 0;
}

static int do_symlink(int n, char **words)
{
	(void)n;
	put_result(symlink(words[1], words[2]));
	return 0;
}

/* chown PATH UID GID */
static int do_chown(int n, char **words)
{
	(void)n;
	put_result(lchown(words[1], (uid_t)atoi(words[2]), (gid_t)atoi(words[3])));
	return 0;
}

static int do_chmod(int n, char **words)
{
	(void)n;
	put_result(chmod(words[1], (mode_t)strtol(words[2], NULL, 8)));
	return 0;
}

/* mknod PATH c|b|p MAJOR MINOR */
static int do_mknod(int n, char **words)
{
	mode_t kind = words[2][0] == 'b' ? S_IFBLK : words[2][0] == 'p' ? S_IFIFO : S_IFCHR;

	put_result(mknod(words[1], kind | 0600,
	    n > 4 ? makedev((unsigned)atoi(words[3]), (unsigned)atoi(words[4])) : 0));
	return 0;
}

/* mount TYPE AT [DATA]; umount AT */
static int do_mount(int n, char **words)
{
	put_result(mount("none", words[2], words[1], 0, n > 3 ? words[3] : NULL));
	return 0;
}

static int do_umount(int n, char **words)
{
	(void)n;
	put_result(umount2(words[1], MNT_DETACH));
	return 0;
}

static int do_sethostname(int n, char **words)
{
	(void)n;
	put_result(sethostname(words[1], strlen(words[1])));
	return 0;
}

static int do_setuid(int n, char **words)
{
	(void)n;
	put_result(setuid((uid_t)atoi(words[1])));
	return 0;
}

static int do_setgroups(int n, char **words)
{
	gid_t group = (gid_t)atoi(words[1]);

	(void)n;
	put_result(syscall(SYS_setgroups, 1, &group));
	return 0;
}

static int do_unshare(int n, char **words)
{
	(void)n;
	put_result(unshare((int)strtol(words[1], NULL, 0)));
	return 0;
}

/* call NAME [NUMBER]...: a system call with numbers for arguments, as seccomp sees them; `value` is
 * its result */
static int do_call(int n, char **words)
{
	static const struct {
		const char *name;
		long number;
	} calls[] = {
		{ "getpid", SYS_getpid },
		{ "getppid", SYS_getppid },
		{ "getuid", SYS_getuid },
		{ "gettid", SYS_gettid },
		{ "getpgid", SYS_getpgid },
		{ "getpriority", SYS_getpriority },
		{ "personality", SYS_personality },
		{ "sync", SYS_sync },
		{ "umask", SYS_umask },
		{ "uname", SYS_uname },
		{ "dup", SYS_dup },
		{ "lseek", SYS_lseek },
		{ "socket", SYS_socket },
		{ "setpgid", SYS_setpgid },
		{ "sched_yield", SYS_sched_yield },
		{ "bpf", SYS_bpf },
		{ "add_key", SYS_add_key },
		{ "ptrace", SYS_ptrace },
		{ "syslog", SYS_syslog },
	};
	long a[6] = { 0 }, r, number = -1;

	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i].name, words[1]) == 0)
			number = calls[i].number;
	if (number < 0)
		number = strtol(words[1], NULL, 0);
	for (int i = 2; i < n && i < 8; i++)
		a[i - 2] = (long)strtoull(words[i], NULL, 0);
	r = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	put_result(r);
	put_number("value", r);
	return 0;
}

/* fork N: so many children that sleep until they are killed; says how many there are, and their ids
 */
static int do_fork(int n, char **words)
{
	int why = 0;

	(void)n;
	begin("pids", '[');
	fflush(stdout);
	for (int i = 0; i < atoi(words[1]); i++) {
		pid_t pid = fork();
		if (pid == 0) {
			for (;;)
				pause();
		}
		if (pid < 0)
			why = errno;
		else
			put_number(NULL, pid);
	}
	end(']');
	errno = why;
	put_result(why ? -1 : 0);
	return 0;
}

static int do_eat(int n, char **words)
{
	long left = atol(words[1]);
	char *p = NULL;

	(void)n;
	for (; left > 0 && (p = malloc(1 << 20)); left--)
		memset(p, 1, 1 << 20);
	put_result(left ? -1 : 0);
	return 0;
}

static int do_kill(int n, char **words)
{
	(void)n;
	put_result(kill((pid_t)atoi(words[1]), atoi(words[2])));
	return 0;
}

/* Connects to the stream socket PATH. */
static int do_connect(int n, char **words)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)n;
	strncpy(a.sun_path, words[1], sizeof(a.sun_path) - 1);
	put_result(connect(fd, (struct sockaddr *)&a, sizeof(a)));
	close(fd);
	return 0;
}

/* notify TEXT: a datagram to $NOTIFY_SOCKET */
static int do_notify(int n, char **words)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)n;
	if (path)
		strncpy(a.sun_path, path, sizeof(a.sun_path) - 1);
	put_text("path", path);
	put_result(sendto(fd, words[1], strlen(words[1]), 0, (struct sockaddr *)&a, sizeof(a)));
	close(fd);
	return 0;
}

static int do_setxattr(int n, char **words)
{
	(void)n;
	put_result(setxattr(words[1], words[2], "1", 1, 0));
	return 0;
}

/* Whatever stdin has, until its end. */
static int do_input(int n, char **words)
{
	static char text[FILE_MAX];
	size_t len = 0;
	ssize_t got;

	(void)n;
	(void)words;
	while (len < sizeof(text) && (got = read(0, text + len, sizeof(text) - len)) > 0)
		len += (size_t)got;
	key("text");
	quoted(text, len);
	return 0;
}

/* out FILE: all that follows is said there, behind what it has */
static int do_out(int n, char **words)
{
	int fd = open(words[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	(void)n;
	if (fd < 0 || dup2(fd, 1) < 0)
		return 99;
	close(fd);
	put_result(0);
	return 0;
}

static int do_tag(int n, char **words)
{
	(void)n;
	put_text("tag", words[1]);
	return 0;
}

static int do_sleep(int n, char **words)
{
	double s = atof(words[1]);
	struct timespec t = { (time_t)s, (long)((s - (double)(time_t)s) * 1e9) };

	(void)n;
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
	return 0;
}

/* wait: says what signals come, with TERM the last */
static int do_wait(int n, char **words)
{
	sigset_t all;
	siginfo_t info;

	(void)n;
	(void)words;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	put_text("state", "waits");
	printf("}\n");
	fflush(stdout);
	while (sigwaitinfo(&all, &info) < 0 || info.si_signo != SIGTERM) {
		if (info.si_signo == SIGCHLD) {
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
			continue;
		}
		printf("{\"signal\":%d}\n", info.si_signo);
		fflush(stdout);
	}
	printf("{\"signal\":%d", SIGTERM);
	first = false;
	return 0;
}

static int do_exit(int n, char **words)
{
	(void)n;
	printf("}\n");
	fflush(stdout);
	_exit(atoi(words[1]));
}

/* die SIGNAL: by it, which pid 1 of a namespace can do only by a fault */
static int do_die(int n, char **words)
{
	(void)n;
	fflush(stdout);
	raise(atoi(words[1]));
	*(volatile int *)NULL = 0;
	return 0;
}

/* exec PATH [ARG]... */
static int do_exec(int n, char **words)
{
	(void)n;
	printf("}\n");
	fflush(stdout);
	execv(words[1], words + 1);
	printf("{\"does\":\"exec\"");
	first = false;
	put_result(-1);
	return 0;
}

static const struct {
	const char *name;
	int n_words;
	int (*run)(int n, char **words);
} actions[] = {
	{ "report", 0, do_report },
	{ "read", 1, do_read },
	{ "write", 2, do_write },
	{ "open", 1, do_open },
	{ "stat", 1, do_stat },
	{ "list", 1, do_list },
	{ "mkdir", 1, do_mkdir },
	{ "unlink", 1, do_unlink },
	{ "symlink", 2, do_symlink },
	{ "chown", 3, do_chown },
	{ "chmod", 2, do_chmod },
	{ "mknod", 2, do_mknod },
	{ "mount", 2, do_mount },
	{ "umount", 1, do_umount },
	{ "sethostname", 1, do_sethostname },
	{ "setuid", 1, do_setuid },
	{ "setgroups", 1, do_setgroups },
	{ "unshare", 1, do_unshare },
	{ "call", 1, do_call },
	{ "fork", 1, do_fork },
	{ "eat", 1, do_eat },
	{ "kill", 2, do_kill },
	{ "connect", 1, do_connect },
	{ "notify", 1, do_notify },
	{ "setxattr", 2, do_setxattr },
	{ "input", 0, do_input },
	{ "out", 1, do_out },
	{ "tag", 1, do_tag },
	{ "sleep", 1, do_sleep },
	{ "wait", 0, do_wait },
	{ "exit", 1, do_exit },
	{ "die", 1, do_die },
	{ "exec", 1, do_exec },
};

static int act(int n, char **words)
{
	for (unsigned i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		int r;
		if (strcmp(actions[i].name, words[0]) != 0 || n - 1 < actions[i].n_words)
			continue;
		first = true;
		putchar('{');
		put_text("does", words[0]);
		r = actions[i].run(n, words);
		printf("}\n");
		fflush(stdout);
		return r;
	}
	fprintf(stderr, "probe: no such action, or too few words: '%s'\n", words[0]);
	return 98;
}

int main(int argc, char **argv)
{
	static char buffer[2 * FILE_MAX];
	int begins = 1;

	whole_argv = argv;
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	for (int i = 1; i <= argc; i++) {
		int r;
		if (i < argc && strcmp(argv[i], ";") != 0)
			continue;
		if (i > begins) {
			r = act(i - begins, argv + begins);
			if (r != 0)
				return r;
		}
		begins = i + 1;
	}
	return 0;
}
