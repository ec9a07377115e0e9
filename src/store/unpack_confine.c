/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walls around dolium-unpack
 *
 * Landlock says what may be made where; it does not cover chown, chmod, times
 * and extended attributes, so the directory also becomes the root, which cannot
 * be left without CAP_SYS_CHROOT. CAP_SYS_ADMIN stays, because overlayfs' opaque
 * mark is a trusted.* attribute; everything else that it opens is a system call
 * that the filter does not let through.
 */
#include "store/unpack_confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "os/landlock.h"

#if defined(__x86_64__)
#	define AUDIT_ARCH_HERE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#	define AUDIT_ARCH_HERE AUDIT_ARCH_AARCH64
#else
#	error "which AUDIT_ARCH_ is this?"
#endif

/*
 * A sanitizer reserves terabytes and opens /proc: builds with one are for finding
 * mistakes, never for use, and do without these two walls.
 */
#if defined(__SANITIZE_ADDRESS__)
#	define IS_SANITIZED 1
#elif defined(__has_feature)
#	if __has_feature(address_sanitizer)
#		define IS_SANITIZED 1
#	endif
#endif
#ifndef IS_SANITIZED
#	define IS_SANITIZED 0
#endif

#define CAP(name) ((uint64_t)1 << (name))
#define CAPS_KEPT                                                                     \
	(CAP(CAP_CHOWN) | CAP(CAP_DAC_OVERRIDE) | CAP(CAP_FOWNER) | CAP(CAP_FSETID) | \
	    CAP(CAP_MKNOD) | CAP(CAP_SETFCAP) | CAP(CAP_SYS_ADMIN))

/* What is not here ends the process. Threads run already, so there is no clone. */
static const int calls_allowed[] = {
	/* bytes, and the report */
	SYS_read,
	SYS_write,
	SYS_pwrite64,
	SYS_pread64,
	SYS_sendto,
	SYS_close,
	/* making files */
	SYS_openat,
	SYS_openat2,
	SYS_mkdirat,
	SYS_mknodat,
	SYS_symlinkat,
	SYS_linkat,
	SYS_unlinkat,
	SYS_renameat,
	SYS_renameat2, /* all that newer architectures have of it */
	SYS_newfstatat,
	SYS_fstat,
	SYS_ftruncate,
	SYS_sync_file_range,
	SYS_fchown,
	SYS_fchownat,
	SYS_fchmod,
	SYS_fchmodat,
	SYS_utimensat,
	SYS_fsetxattr,
	SYS_lsetxattr,
	SYS_fremovexattr,
	SYS_fchdir,
	SYS_syncfs,
	SYS_fsync,
	/* memory and threads */
	SYS_brk,
	SYS_sysinfo, /* qsort(3) of glibc asks how much there is */
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	SYS_futex,
	SYS_sched_yield,
	SYS_clock_gettime,
	SYS_clock_nanosleep,
	SYS_getpid,
	SYS_gettid,
	SYS_getrandom,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_restart_syscall,
	SYS_set_robust_list, /* these two by a thread that has just been started */
	SYS_rseq,
	SYS_exit,
	SYS_exit_group,
};

#define N_ALLOWED (sizeof(calls_allowed) / sizeof(calls_allowed[0]))

static int limit(int what, rlim_t value)
{
	struct rlimit now;

	if (getrlimit((enum __rlimit_resource)what, &now) < 0)
		return -errno;
	if (now.rlim_max != RLIM_INFINITY && value > now.rlim_max)
		value = now.rlim_max;
	now.rlim_cur = now.rlim_max = value;
	return setrlimit((enum __rlimit_resource)what, &now) < 0 ? -errno : 0;
}

static int set_limits(uint64_t max_file_bytes)
{
	int r = limit(RLIMIT_CORE, 0);

	if (r >= 0)
		r = limit(RLIMIT_NOFILE, 256);
	if (r >= 0 && !IS_SANITIZED)
		r = limit(RLIMIT_AS, (rlim_t)2 << 30);
	if (r >= 0)
		r = limit(RLIMIT_FSIZE, max_file_bytes);
	return r;
}

static int keep_capabilities(uint64_t kept)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	/* EPERM where the caller is a plain user: then there is nothing to take away. */
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++) {
		if (!(kept & CAP(cap)))
			(void)prctl(PR_CAPBSET_DROP, cap);
	}
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	data[0].permitted &= (uint32_t)kept;
	data[1].permitted &= (uint32_t)(kept >> 32);
	for (size_t i = 0; i < 2; i++) {
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int unpack_confine(int dir_fd, uint64_t max_file_bytes, bool makes_files, struct err *e)
{
	const struct landlock_rule rule = {
		.fd = dir_fd,
		.rights = LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_DEVICES,
	};
	int r;

	if (fchdir(dir_fd) < 0)
		return err_set(e, -errno, "cannot enter the directory of a layer");
	if (geteuid() == 0 && (chroot(".") < 0 || chdir("/") < 0))
		return err_set(e, -errno, "cannot make the directory of a layer the root");
	r = set_limits(max_file_bytes);
	if (r < 0)
		return err_set(e, r, "cannot limit the unpacking worker");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(e, -errno, "cannot set no_new_privs");
	r = landlock_confine(&rule, 1, LANDLOCK_NET_NONE);
	if (r < 0 && r != -EOPNOTSUPP) /* an old kernel: chroot and the filter are left */
		return err_set(e, r, "cannot confine the unpacking worker by Landlock");
	r = keep_capabilities(makes_files ? CAPS_KEPT : 0);
	if (r < 0)
		return err_set(e, r, "cannot drop capabilities");
	return 0;
}

#define LOAD(field_) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field_))
#define RETURN(what_) BPF_STMT(BPF_RET | BPF_K, what_)

/* Memory that can be executed is asked for by nobody honest here. */
static size_t add_mapping(struct sock_filter *to, int nr)
{
	const struct sock_filter part[] = {
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 4),
		LOAD(args[2]), /* its low half: both architectures are little-endian */
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		RETURN(SECCOMP_RET_ALLOW),
	};

	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		to[i] = part[i];
	return sizeof(part) / sizeof(part[0]);
}

int unpack_confine_calls(struct err *e)
{
	struct sock_filter code[4 + 10 + 2 * N_ALLOWED + 1] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_HERE, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
	};
	struct sock_fprog program = { .filter = code };
	size_t n = 4;

	n += add_mapping(code + n, SYS_mmap);
	n += add_mapping(code + n, SYS_mprotect);
	for (size_t i = 0; i < N_ALLOWED; i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(
		    BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls_allowed[i], 0, 1);
		code[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	}
	code[n++] = (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS);
	program.len = (unsigned short)n;
	if (IS_SANITIZED)
		return 0;

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
		return err_set(e, -errno, "cannot filter the unpacking worker's system calls");
	return 0;
}
