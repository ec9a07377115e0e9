/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default seccomp profile
 *
 * What is not here is either of no use in a container (kexec, swap, modules),
 * or has been the way out of one, or into the kernel, too often: keyrings (not
 * namespaced), userfaultfd, io_uring, the mount API without CAP_SYS_ADMIN.
 */
#include "format/default_seccomp.h"

#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "format/capability.h"
#include "format/oci_config.h"

#define ALLOW "SCMP_ACT_ALLOW"
#define ERRNO "SCMP_ACT_ERRNO"

/* NEWNS NEWCGROUP NEWUTS NEWIPC NEWUSER NEWPID NEWNET: clone(2)'s ways to a new namespace. */
#define CLONE_NAMESPACES 0x7e020000

/* clang-format off */
static const char *const always[] = {
	"_llseek", "_newselect", "accept", "accept4", "access", "adjtimex", "alarm",
	"arch_prctl", "bind", "brk", "cachestat", "capget", "capset", "chdir", "chmod", "chown",
	"chown32", "clock_adjtime", "clock_adjtime64", "clock_getres", "clock_getres_time64",
	"clock_gettime", "clock_gettime64", "clock_nanosleep", "clock_nanosleep_time64", "close",
	"close_range", "connect", "copy_file_range", "creat", "dup", "dup2", "dup3",
	"epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_pwait",
	"epoll_pwait2", "epoll_wait", "epoll_wait_old", "eventfd", "eventfd2", "execve",
	"execveat", "exit", "exit_group", "faccessat", "faccessat2", "fadvise64", "fadvise64_64",
	"fallocate", "fanotify_mark", "fchdir", "fchmod", "fchmodat", "fchmodat2", "fchown",
	"fchown32", "fchownat", "fcntl", "fcntl64", "fdatasync", "fgetxattr", "flistxattr",
	"flock", "fork", "fremovexattr", "fsetxattr", "fstat", "fstat64", "fstatat64", "fstatfs",
	"fstatfs64", "fsync", "ftruncate", "ftruncate64", "futex", "futex_requeue",
	"futex_time64", "futex_wait", "futex_waitv", "futex_wake", "futimesat",
	"get_robust_list", "get_thread_area", "getcpu", "getcwd", "getdents", "getdents64",
	"getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32", "getgroups",
	"getgroups32", "getitimer", "getpeername", "getpgid", "getpgrp", "getpid", "getppid",
	"getpriority", "getrandom", "getresgid", "getresgid32", "getresuid", "getresuid32",
	"getrlimit", "getrusage", "getsid", "getsockname", "getsockopt", "gettid",
	"gettimeofday", "getuid", "getuid32", "getxattr", "getxattrat", "inotify_add_watch",
	"inotify_init", "inotify_init1", "inotify_rm_watch", "io_cancel", "io_destroy",
	"io_getevents", "io_pgetevents", "io_pgetevents_time64", "io_setup", "io_submit",
	"ioctl", "ioprio_get", "ioprio_set", "ipc", "kill", "landlock_add_rule",
	"landlock_create_ruleset", "landlock_restrict_self", "lchown", "lchown32", "lgetxattr",
	"link", "linkat", "listen", "listxattr", "listxattrat", "llistxattr", "lremovexattr",
	"lseek", "lsetxattr", "lstat", "lstat64", "madvise", "map_shadow_stack", "membarrier",
	"memfd_create", "memfd_secret", "mincore", "mkdir", "mkdirat", "mknod", "mknodat",
	"mlock", "mlock2", "mlockall", "mmap", "mmap2", "modify_ldt", "mprotect",
	"mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedreceive_time64",
	"mq_timedsend", "mq_timedsend_time64", "mq_unlink", "mremap", "mseal", "msgctl",
	"msgget", "msgrcv", "msgsnd", "msync", "munlock", "munlockall", "munmap",
	"name_to_handle_at", "nanosleep", "newfstatat", "open", "openat", "openat2", "pause",
	"pidfd_open", "pidfd_send_signal", "pipe", "pipe2", "pkey_alloc", "pkey_free",
	"pkey_mprotect", "poll", "ppoll", "ppoll_time64", "prctl", "pread64", "preadv",
	"preadv2", "prlimit64", "process_mrelease", "process_vm_readv", "process_vm_writev",
	"pselect6", "pselect6_time64", "ptrace", "pwrite64", "pwritev", "pwritev2", "read",
	"readahead", "readlink", "readlinkat", "readv", "recv", "recvfrom", "recvmmsg",
	"recvmmsg_time64", "recvmsg", "remap_file_pages", "removexattr", "removexattrat",
	"rename", "renameat", "renameat2", "restart_syscall", "rmdir", "rseq", "rt_sigaction",
	"rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend",
	"rt_sigtimedwait", "rt_sigtimedwait_time64", "rt_tgsigqueueinfo",
	"sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity", "sched_getattr",
	"sched_getparam", "sched_getscheduler", "sched_rr_get_interval",
	"sched_rr_get_interval_time64", "sched_setaffinity", "sched_setattr", "sched_setparam",
	"sched_setscheduler", "sched_yield", "seccomp", "select", "semctl", "semget", "semop",
	"semtimedop", "semtimedop_time64", "send", "sendfile", "sendfile64", "sendmmsg",
	"sendmsg", "sendto", "set_robust_list", "set_thread_area", "set_tid_address", "setfsgid",
	"setfsgid32", "setfsuid", "setfsuid32", "setgid", "setgid32", "setgroups", "setgroups32",
	"setitimer", "setpgid", "setpriority", "setregid", "setregid32", "setresgid",
	"setresgid32", "setresuid", "setresuid32", "setreuid", "setreuid32", "setrlimit",
	"setsid", "setsockopt", "setuid", "setuid32", "setxattr", "setxattrat", "shmat",
	"shmctl", "shmdt", "shmget", "shutdown", "sigaction", "sigaltstack", "signal",
	"signalfd", "signalfd4", "sigpending", "sigprocmask", "sigreturn", "sigsuspend",
	"socketcall", "socketpair", "splice", "stat", "stat64", "statfs", "statfs64", "statx",
	"symlink", "symlinkat", "sync", "sync_file_range", "sync_file_range2", "syncfs",
	"sysinfo", "tee", "tgkill", "time", "timer_create", "timer_delete", "timer_getoverrun",
	"timer_gettime", "timer_gettime64", "timer_settime", "timer_settime64", "timerfd_create",
	"timerfd_gettime", "timerfd_gettime64", "timerfd_settime", "timerfd_settime64", "times",
	"tkill", "truncate", "truncate64", "ugetrlimit", "umask", "uname", "unlink", "unlinkat",
	"uretprobe", "utime", "utimensat", "utimensat_time64", "utimes", "vfork", "vmsplice",
	"wait4", "waitid", "waitpid", "write", "writev",
	NULL,
};

static const char *const with_dac_read_search[] = {
	"open_by_handle_at",
	NULL,
};

static const char *const with_sys_admin[] = {
	"bpf", "clone", "clone3", "fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick",
	"listmount", "lookup_dcookie", "lsm_get_self_attr", "lsm_list_modules",
	"lsm_set_self_attr", "mount", "mount_setattr", "move_mount", "open_tree",
	"open_tree_attr", "perf_event_open", "quotactl", "quotactl_fd", "setdomainname",
	"sethostname", "setns", "statmount", "syslog", "umount", "umount2", "unshare",
	NULL,
};

static const char *const with_sys_boot[] = {
	"reboot",
	NULL,
};

static const char *const with_sys_chroot[] = {
	"chroot",
	NULL,
};

static const char *const with_sys_module[] = {
	"delete_module", "finit_module", "init_module",
	NULL,
};

static const char *const with_sys_pacct[] = {
	"acct",
	NULL,
};

static const char *const with_sys_ptrace[] = {
	"kcmp", "pidfd_getfd", "process_madvise",
	NULL,
};

static const char *const with_sys_rawio[] = {
	"ioperm", "iopl",
	NULL,
};

static const char *const with_sys_time[] = {
	"clock_settime", "clock_settime64", "settimeofday", "stime",
	NULL,
};

static const char *const with_sys_tty_config[] = {
	"vhangup",
	NULL,
};

static const char *const with_sys_nice[] = {
	"get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node",
	NULL,
};

static const char *const with_syslog[] = {
	"syslog",
	NULL,
};

static const char *const with_bpf[] = {
	"bpf",
	NULL,
};

static const char *const with_perfmon[] = {
	"perf_event_open",
	NULL,
};

/* clang-format on */

static const struct {
	unsigned capability;
	const char *const *names;
} by_capability[] = {
	{ CAP_DAC_READ_SEARCH, with_dac_read_search },
	{ CAP_SYS_ADMIN, with_sys_admin },
	{ CAP_SYS_BOOT, with_sys_boot },
	{ CAP_SYS_CHROOT, with_sys_chroot },
	{ CAP_SYS_MODULE, with_sys_module },
	{ CAP_SYS_PACCT, with_sys_pacct },
	{ CAP_SYS_PTRACE, with_sys_ptrace },
	{ CAP_SYS_RAWIO, with_sys_rawio },
	{ CAP_SYS_TIME, with_sys_time },
	{ CAP_SYS_TTY_CONFIG, with_sys_tty_config },
	{ CAP_SYS_NICE, with_sys_nice },
	{ CAP_SYSLOG, with_syslog },
	{ CAP_BPF, with_bpf },
	{ CAP_PERFMON, with_perfmon },
};

/* Those of personality(2) that only change what uname says, and the one that asks. */
static const uint64_t personalities[] = { 0x0, 0x8, 0x20000, 0x20008, 0xffffffff };

/*
 * socket(2) for all families but AF_VSOCK (40), which reaches the host and knows
 * nothing of network namespaces. The kernel looks at the low 32 bits of the
 * argument only, so "not equal to 40" would let through 40 with dirt above it.
 * Hence bit by bit: each rule is a bit in which a family can differ from 101000.
 */
static const struct {
	uint64_t mask, value;
} families[] = {
	{ 0x20, 0 },
	{ 0x10, 0x10 },
	{ 0x08, 0 },
	{ 0x04, 0x04 },
	{ 0x02, 0x02 },
	{ 0x01, 0x01 },
};

#define N(array) (sizeof(array) / sizeof(*(array)))

/* One for each table above, and clone and clone3. */
#define RULES_MAX (1 + N(by_capability) + N(personalities) + N(families) + 2)

static struct oci_seccomp_rule *add_rule(struct oci_seccomp *p, const char *action)
{
	struct oci_seccomp_rule *rule = &p->syscalls[p->n_syscalls++];

	rule->action = strdup(action);
	return rule->action ? rule : NULL;
}

static int add_names(struct oci_seccomp *p, const char *const *names)
{
	struct oci_seccomp_rule *rule = add_rule(p, ALLOW);

	return rule ? strv_add_all(&rule->names, names) : -ENOMEM;
}

static int add_with_arg(
    struct oci_seccomp *p, const char *name, const struct oci_seccomp_arg *arg, const char *op)
{
	struct oci_seccomp_rule *rule = add_rule(p, ALLOW);

	if (!rule)
		return -ENOMEM;
	rule->args = calloc(1, sizeof(*rule->args));
	if (!rule->args)
		return -ENOMEM;
	rule->n_args = 1;
	*rule->args = *arg;
	rule->args->op = strdup(op);
	return rule->args->op ? strv_add(&rule->names, name) : -ENOMEM;
}

static int add_masked(struct oci_seccomp *p, const char *name, uint64_t mask, uint64_t value)
{
	return add_with_arg(p, name, &(struct oci_seccomp_arg){ .value = mask, .value_two = value },
	    "SCMP_CMP_MASKED_EQ");
}

/* clone3(2) has its flags in memory, where no filter sees them: ENOSYS sends a C library to
 * clone(2). */
static int refuse_clone3(struct oci_seccomp *p)
{
	struct oci_seccomp_rule *rule = add_rule(p, ERRNO);

	if (!rule)
		return -ENOMEM;
	rule->has_errno_ret = true;
	rule->errno_ret = ENOSYS;
	return strv_add(&rule->names, "clone3");
}

static int add_architectures(struct oci_seccomp *p)
{
#if defined(__x86_64__)
	static const char *const names[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32",
		NULL };
#elif defined(__aarch64__)
	static const char *const names[] = { "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", NULL };
#else
	static const char *const names[] = { NULL };
#endif

	return strv_add_all(&p->architectures, names);
}

static int add_by_argument(struct oci_seccomp *p, uint64_t capabilities)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < N(personalities); i++)
		r = add_with_arg(p, "personality",
		    &(struct oci_seccomp_arg){ .value = personalities[i] }, "SCMP_CMP_EQ");
	for (size_t i = 0; r >= 0 && i < N(families); i++)
		r = add_masked(p, "socket", families[i].mask, families[i].value);
	if (r < 0 || capabilities & CAPABILITY_BIT(CAP_SYS_ADMIN))
		return r;
	r = add_masked(p, "clone", CLONE_NAMESPACES, 0);
	return r < 0 ? r : refuse_clone3(p);
}

int default_seccomp(struct oci_seccomp *ret, uint64_t capabilities)
{
	int r;

	ret->default_action = strdup(ERRNO);
	ret->has_default_errno_ret = true;
	ret->default_errno_ret = EPERM;
	ret->syscalls = calloc(RULES_MAX, sizeof(*ret->syscalls));
	if (!ret->default_action || !ret->syscalls)
		return -ENOMEM;
	r = add_architectures(ret);
	if (r >= 0)
		r = add_names(ret, always);
	for (size_t i = 0; r >= 0 && i < N(by_capability); i++)
		if (capabilities & CAPABILITY_BIT(by_capability[i].capability))
			r = add_names(ret, by_capability[i].names);
	return r < 0 ? r : add_by_argument(ret, capabilities);
}
