/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walls around dolium-fetch
 *
 * Taken away: new privileges, all capabilities, by Landlock every file but a
 * few, by seccomp every system call but those that curl, OpenSSL and the resolver
 * make: no other program and no process is started any more, only threads. A call that
 * is not on the list is one that this kernel has not got, for libraries know
 * what to do then.
 */
#include "registry/fetch_confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "base/auto.h"
#include "base/err.h"
#include "base/log.h"
#include "format/oci_config.h"
#include "format/seccomp_program.h"
#include "os/caps.h"
#include "os/landlock.h"
#include "os/seccomp.h"
#include "registry/certs.h"

#define RULES_MAX 40

/* ------------------------------------------------------------------- files */

struct rules {
	struct landlock_rule items[RULES_MAX];
	size_t n, n_borrowed; /* borrowed: the first ones, whose fds stay open */
};

static void allow_fd(struct rules *rules, int fd, unsigned rights)
{
	if (fd < 0)
		return;
	rules->items[rules->n++] = (struct landlock_rule){ fd, rights };
	rules->n_borrowed = rules->n;
}

static void allow_path(struct rules *rules, const char *path)
{
	int fd = rules->n < RULES_MAX ? open(path, O_PATH | O_CLOEXEC) : -1;

	/* Most of these are missing on any one machine. */
	if (fd >= 0)
		rules->items[rules->n++] = (struct landlock_rule){ fd, LANDLOCK_READ };
}

/* What TLS and the look-up of names read (resolver(5), nsswitch.conf(5), OpenSSL's folders). */
static void allow_network_files(struct rules *rules)
{
	static const char *const paths[] = {
		"/etc/resolv.conf",
		"/etc/hosts",
		"/etc/host.conf",
		"/etc/nsswitch.conf",
		"/etc/gai.conf",
		"/etc/services",
		"/etc/protocols",
		"/etc/ld.so.cache",
		"/etc/localtime",
		"/etc/ssl",
		"/etc/pki",
		"/etc/ca-certificates",
		"/run/systemd/resolve",
		"/usr/share/ca-certificates",
		"/usr/local/share/ca-certificates",
		"/usr/lib",
		"/usr/lib64",
		"/lib",
		"/lib64",
		"/usr/share/zoneinfo",
		"/dev/urandom",
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		allow_path(rules, paths[i]);
	/* A token server is known only later, and may have certificates of its own. */
	for (unsigned i = 0;; i++) {
		AUTO_FREE char *place = certs_place(i);

		if (!place)
			break;
		allow_path(rules, place);
	}
}

static int give_up_files(const struct fetch_walls *walls, struct err *e)
{
	struct rules rules = { 0 };
	int r;

	allow_fd(&rules, walls->partial_fd, LANDLOCK_READ | LANDLOCK_WRITE);
	allow_fd(&rules, walls->read_fd, LANDLOCK_READ);
	if (walls->network)
		allow_network_files(&rules);
	if (walls->network && walls->cert_dir)
		allow_path(&rules, walls->cert_dir);

	r = landlock_confine(
	    rules.items, rules.n, walls->network ? LANDLOCK_NET_CONNECT : LANDLOCK_NET_NONE);
	for (size_t i = rules.n_borrowed; i < rules.n; i++)
		close(rules.items[i].fd);
	if (r == -EOPNOTSUPP) {
		log_debug("this kernel has no Landlock: dolium-fetch may see files");
		return 0;
	}
	return r < 0 ? err_set(e, r, "cannot confine dolium-fetch") : 0;
}

/* ------------------------------------------------------------ system calls */

static const char *const calls_allowed[] = {
	/* files and what is open */
	"read", "write", "readv", "writev", "pread64", "pwrite64", "close", "close_range", "lseek",
	"openat", "openat2", "open", "fstat", "newfstatat", "statx", "stat", "lstat", "access",
	"faccessat", "faccessat2", "readlink", "readlinkat", "getdents64", "fcntl", "dup", "dup2",
	"dup3", "flock", "ftruncate", "fsync", "fdatasync", "unlinkat", "getcwd", "pipe", "pipe2",
	"eventfd2", "fadvise64",
	/* memory and threads */
	"mmap", "munmap", "mprotect", "mremap", "madvise", "brk", "futex", "sched_yield",
	"sched_getaffinity", "sched_getparam", "sched_getscheduler", "set_robust_list",
	"set_tid_address", "rseq", "membarrier", "arch_prctl", "prlimit64", "getrlimit", "prctl",
	/* time, and who we are */
	"nanosleep", "clock_nanosleep", "clock_gettime", "clock_getres", "gettimeofday", "time",
	"getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "uname", "sysinfo",
	"getrusage", "getrandom",
	/* signals and the end */
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall",
	"tgkill", "exit", "exit_group",
	/* sockets */
	"connect", "bind", "getsockname", "getpeername", "setsockopt", "getsockopt", "sendto",
	"recvfrom", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg", "shutdown", "socketpair", "poll",
	"ppoll", "select", "pselect6", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait",
	NULL
};

/* Calls that are allowed with these arguments alone. */
static const struct {
	const char *name;
	uint64_t mask, value; /* of the argument `index` */
	uint32_t index;
} calls_with[] = {
	/* threads, never processes, and in no new namespace */
	{ "clone", CLONE_THREAD | 0x7e020000, CLONE_THREAD, 0 },
	{ "socket", UINT64_MAX, 1 /* AF_UNIX: nscd, resolved */, 0 },
	{ "socket", UINT64_MAX, 2 /* AF_INET */, 0 },
	{ "socket", UINT64_MAX, 10 /* AF_INET6 */, 0 },
	{ "socket", UINT64_MAX, 16 /* AF_NETLINK: getaddrinfo(3) asks for addresses */, 0 },
	/* nothing that could type into the user's terminal */
	{ "ioctl", UINT32_MAX, FIONREAD, 1 },
	{ "ioctl", UINT32_MAX, FIONBIO, 1 },
};

#define N_WITH (sizeof(calls_with) / sizeof(calls_with[0]))

static int add_call(struct oci_seccomp_rule *rule, const char *name)
{
	rule->action = strdup("SCMP_ACT_ALLOW");
	return rule->action ? strv_add(&rule->names, name) : -ENOMEM;
}

static int fill_profile(struct oci_seccomp *profile)
{
	profile->default_action = strdup("SCMP_ACT_ERRNO");
	profile->default_errno_ret = ENOSYS;
	profile->has_default_errno_ret = true;
	profile->syscalls = calloc(1 + N_WITH, sizeof(*profile->syscalls));
	if (!profile->default_action || !profile->syscalls)
		return -ENOMEM;

	profile->n_syscalls = 1 + N_WITH;
	profile->syscalls[0].action = strdup("SCMP_ACT_ALLOW");
	if (!profile->syscalls[0].action ||
	    strv_add_all(&profile->syscalls[0].names, calls_allowed) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < N_WITH; i++) {
		struct oci_seccomp_rule *rule = &profile->syscalls[1 + i];

		if (add_call(rule, calls_with[i].name) < 0)
			return -ENOMEM;
		rule->args = calloc(1, sizeof(*rule->args));
		if (!rule->args)
			return -ENOMEM;
		rule->n_args = 1;
		rule->args[0].index = calls_with[i].index;
		rule->args[0].value = calls_with[i].mask;
		rule->args[0].value_two = calls_with[i].value;
		rule->args[0].op = strdup("SCMP_CMP_MASKED_EQ");
		if (!rule->args[0].op)
			return -ENOMEM;
	}
	return 0;
}

static void free_profile(struct oci_seccomp *profile)
{
	for (size_t i = 0; i < profile->n_syscalls; i++) {
		struct oci_seccomp_rule *rule = &profile->syscalls[i];

		for (size_t j = 0; j < rule->n_args; j++)
			free(rule->args[j].op);
		free(rule->args);
		free(rule->action);
		strv_done(&rule->names);
	}
	free(profile->syscalls);
	free(profile->default_action);
}

static int give_up_calls(struct err *e)
{
	AUTO_SECCOMP_PROGRAM struct seccomp_program program = { 0 };
	struct oci_seccomp profile = { 0 };
	int r;

	r = fill_profile(&profile);
	if (r >= 0)
		r = seccomp_compile(&profile, &program, e);
	free_profile(&profile);
	if (r < 0)
		return err_set(e, r, "cannot confine dolium-fetch");
	r = seccomp_install(program.filter, program.n, program.flags);
	/* A kernel without seccomp: the other walls stand. */
	if (r == -ENOSYS || r == -EINVAL) {
		log_debug("this kernel has no seccomp filters: dolium-fetch may make any call");
		return 0;
	}
	return r < 0 ? err_set(e, r, "cannot confine dolium-fetch") : 0;
}

int fetch_confine(const struct fetch_walls *walls, struct err *e)
{
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(e, -errno, "cannot give up new privileges");
	r = give_up_files(walls, e);
	if (r < 0)
		return r;
	r = caps_set(0, 0, 0);
	if (r < 0)
		return err_set(e, r, "cannot give up capabilities");
	return give_up_calls(e);
}
