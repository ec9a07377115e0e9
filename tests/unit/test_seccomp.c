/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp, asked of the kernel
 *
 * The default profile is installed on a child, which then tries what it should
 * not. (That the program decides as libseccomp's would is test_seccomp_judge.c.)
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/err.h"
#include "format/capability.h"
#include "format/default_seccomp.h"
#include "format/oci_config.h"
#include "format/seccomp_program.h"
#include "os/seccomp.h"

#include "test.h"

#define VSOCK 40

/* Behind a filter LeakSanitizer cannot stop its threads, and would wait for ever: not here. */
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}

static void install(const struct oci_seccomp *profile)
{
	AUTO_SECCOMP_PROGRAM struct seccomp_program program = { 0 };
	struct err e = { 0 };

	CHECK_INT(seccomp_compile(profile, &program, &e), 0);
	CHECK_INT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	CHECK_INT(seccomp_install(program.filter, program.n, program.flags), 0);
}

/* A profile belongs to a configuration, which frees it. */
static struct oci_config *config_with_profile(void)
{
	struct oci_config *config = calloc(1, sizeof(*config));

	CHECK(config);
	config->linux_ = calloc(1, sizeof(*config->linux_));
	CHECK(config->linux_);
	config->linux_->seccomp = calloc(1, sizeof(*config->linux_->seccomp));
	CHECK(config->linux_->seccomp);
	return config;
}

static void install_default(uint64_t capabilities)
{
	AUTO(oci_config_free) struct oci_config *config = config_with_profile();

	CHECK_INT(default_seccomp(config->linux_->seccomp, capabilities), 0);
	install(config->linux_->seccomp);
}

static int error_of(long r)
{
	return r < 0 ? errno : 0;
}

TEST(the_default_profile_refuses_what_leads_out)
{
	install_default(capability_default);
	CHECK_INT(error_of(syscall(SYS_mount, 0, 0, 0, 0, 0)), EPERM);
	CHECK_INT(error_of(syscall(SYS_unshare, CLONE_NEWUSER)), EPERM);
	CHECK_INT(error_of(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)), EPERM);
	CHECK_INT(error_of(syscall(SYS_clone3, 0, 0)), ENOSYS);
	CHECK_INT(error_of(syscall(SYS_keyctl, 0, 0, 0, 0, 0)), EPERM);
	CHECK_INT(error_of(syscall(SYS_add_key, 0, 0, 0, 0, 0)), EPERM);
	CHECK_INT(error_of(syscall(SYS_io_uring_setup, 1, 0)), EPERM);
	CHECK_INT(error_of(syscall(SYS_userfaultfd, 0)), EPERM);
	CHECK_INT(error_of(syscall(SYS_bpf, 0, 0, 0)), EPERM);
	CHECK_INT(error_of(syscall(SYS_kexec_load, 0, 0, 0, 0)), EPERM);
	CHECK_INT(error_of(syscall(SYS_open_by_handle_at, 0, 0, 0)), EPERM);
	CHECK_INT(error_of(syscall(SYS_personality, 0x0040000)), EPERM); /* ADDR_NO_RANDOMIZE */
}

TEST(the_default_profile_lets_ordinary_programs_work)
{
	install_default(capability_default);
	CHECK_INT(error_of(syscall(SYS_personality, 0xffffffff)), 0);
	CHECK(fork() >= 0);
	CHECK_INT(error_of(socket(AF_UNIX, SOCK_STREAM, 0)), 0);
	CHECK(error_of(socket(AF_INET6, SOCK_DGRAM, 0)) != EPERM);
	CHECK_INT(error_of(open("/", O_RDONLY)), 0);
}

TEST(vsock_is_refused_with_dirt_in_the_upper_half_too)
{
	install_default(capability_default);
	CHECK_INT(error_of(syscall(SYS_socket, VSOCK, SOCK_STREAM, 0)), EPERM);
	CHECK_INT(
	    error_of(syscall(SYS_socket, UINT64_C(0x100000000) | VSOCK, SOCK_STREAM, 0)), EPERM);
	CHECK_INT(
	    error_of(syscall(SYS_socket, UINT64_C(0xffffffff00000000) | AF_UNIX, SOCK_STREAM, 0)),
	    0);
}

TEST(a_call_newer_than_the_profile_does_not_exist)
{
	install_default(capability_default);
	CHECK_INT(error_of(syscall(900, 0)), ENOSYS);
}

TEST(a_capability_brings_its_calls)
{
	install_default(capability_all);
	CHECK_INT(error_of(syscall(SYS_mount, 0, 0, 0, 0, 0)) == EPERM, geteuid() != 0);
	CHECK(error_of(syscall(SYS_clone3, 0, 0)) != ENOSYS);
	CHECK_INT(error_of(syscall(SYS_keyctl, 0, 0, 0, 0, 0)), EPERM);
}

#ifdef __x86_64__
/* The 32-bit way in, which has numbers of its own. */
static long call_i386(long number, long a)
{
	long result;

	__asm__ volatile("int $0x80"
	                 : "=a"(result)
	                 : "a"(number), "b"(a), "c"(0), "d"(0), "S"(0), "D"(0)
	                 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

TEST(the_ways_in_for_32_bits_have_the_same_walls)
{
	const bool has_i386 = call_i386(20, 0) > 0; /* getpid */

	install_default(capability_default);
	if (has_i386) {
		CHECK(call_i386(20, 0) > 0);
		CHECK_INT(call_i386(21, 0), -EPERM); /* mount */
		CHECK_INT(call_i386(310, CLONE_NEWUSER), -EPERM); /* unshare */
		CHECK_INT(call_i386(435, 0), -ENOSYS); /* clone3 */
	}
	CHECK_INT(error_of(syscall((long)(X32_SYSCALL_BIT | SYS_mount), 0, 0, 0, 0, 0)), EPERM);
}
#endif

TEST(a_profile_without_rules_that_allows_all_is_nothing_to_install)
{
	struct oci_seccomp profile = { .default_action = (char[]){ "SCMP_ACT_ALLOW" } };
	struct seccomp_program program = { 0 };
	struct err e = { 0 };

	CHECK_INT(seccomp_compile(&profile, &program, &e), 0);
	CHECK_INT(program.n, 0);
}

TEST(what_a_profile_cannot_mean_is_refused)
{
	struct oci_seccomp profile = { .default_action = (char[]){ "SCMP_ACT_FLY" } };
	struct oci_seccomp_arg arg = { .index = 6, .op = (char[]){ "SCMP_CMP_EQ" } };
	struct oci_seccomp_rule rule = {
		.action = (char[]){ "SCMP_ACT_ERRNO" }, .args = &arg, .n_args = 1
	};
	struct seccomp_program program = { 0 };
	struct err e = { 0 };

	CHECK_INT(seccomp_compile(&profile, &program, &e), -EINVAL);
	CHECK_STR(e.text, "linux.seccomp: no such action: 'SCMP_ACT_FLY'");
	profile.default_action = NULL;
	CHECK_INT(seccomp_compile(&profile, &program, &e), -EINVAL);
	profile.default_action = (char[]){ "SCMP_ACT_ALLOW" };
	profile.syscalls = &rule;
	profile.n_syscalls = 1;
	CHECK_INT(seccomp_compile(&profile, &program, &e), -EINVAL);
	CHECK_STR(e.text, "linux.seccomp: a system call has no argument 6");
	arg.index = 0;
	arg.op = (char[]){ "SCMP_CMP_NEAR" };
	CHECK_INT(seccomp_compile(&profile, &program, &e), -EINVAL);
	CHECK_STR(e.text, "linux.seccomp: no such operator: 'SCMP_CMP_NEAR'");
}

/* Jumps of BPF reach 255 instructions; this program has thousands. */
TEST(a_large_profile_is_whole_and_one_too_large_is_refused)
{
	enum { N = 450, TOO_MANY = 3000 };
	static char refuse[] = "SCMP_ACT_ERRNO", equal[] = "SCMP_CMP_EQ";
	struct oci_seccomp profile = { .default_action = (char[]){ "SCMP_ACT_ALLOW" } };
	struct seccomp_program program = { 0 };
	struct err e = { 0 };

	profile.syscalls = calloc(TOO_MANY, sizeof(*profile.syscalls));
	CHECK(profile.syscalls);
	for (size_t i = 0; i < TOO_MANY; i++) {
		struct oci_seccomp_rule *rule = &profile.syscalls[i];

		rule->action = refuse;
		rule->has_errno_ret = true;
		rule->errno_ret = (uint32_t)(i + 1);
		rule->args = calloc(1, sizeof(*rule->args));
		CHECK(rule->args);
		rule->n_args = 1;
		rule->args->value = i;
		rule->args->op = equal;
		CHECK_INT(strv_add(&rule->names, "getppid"), 0);
	}
	profile.n_syscalls = TOO_MANY;
	CHECK_INT(seccomp_compile(&profile, &program, &e), -E2BIG);
	profile.n_syscalls = N;
	install(&profile);
	for (long i = 0; i < N; i += 7)
		CHECK_INT(error_of(syscall(SYS_getppid, i)), i + 1);
	CHECK_INT(error_of(syscall(SYS_getppid, N)), 0);
}
