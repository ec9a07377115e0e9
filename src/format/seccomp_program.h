/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp profiles, compiled
 *
 * Turns the seccomp part of a configuration into the program that the kernel
 * runs before each system call. Pure, and fast enough (some ten microseconds)
 * that nothing needs to be cached. The program decides as libseccomp's would,
 * call for call and argument for argument; tests/unit/test_seccomp_judge.c
 * holds the two against each other.
 */
#ifndef DOLIUM_FORMAT_SECCOMP_PROGRAM_H
#define DOLIUM_FORMAT_SECCOMP_PROGRAM_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct oci_seccomp;

struct seccomp_program {
	struct sock_filter *filter;
	size_t n; /* 0: nothing to install (no profile or all is allowed) */
	unsigned flags; /* SECCOMP_FILTER_FLAG_... for seccomp(2) */
	bool notify; /* has SCMP_ACT_NOTIFY: wants a listener */
};

/*
 * Compiles for the architecture this program was built for and those in
 * `architectures`. Names of system calls that nobody knows are skipped, as runc
 * does. -EINVAL: an unknown action, operator, flag or architecture, or an
 * argument index above 5. -E2BIG: more than the kernel's 4096 instructions.
 */
int seccomp_compile(
    const struct oci_seccomp *profile, struct seccomp_program *ret_program, struct err *e);

void seccomp_program_done(struct seccomp_program *p);

static inline void seccomp_program_done_at(struct seccomp_program *p)
{
	seccomp_program_done(p);
}

#endif
