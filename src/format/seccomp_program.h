/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp profiles, compiled
 *
 * Turns the seccomp part of a configuration into the program that the kernel
 * runs before each system call. Pure, and fast enough (some ten microseconds)
 * that nothing needs to be cached. The program decides as libseccomp's would,
 * call for call and argument for argument; tests/unit/test_seccomp_judge.c
 * holds the two against each other. Where rules with arguments overlap and
 * libseccomp leaves open which decides, the first in the profile does. On top of that, as runc
 * does, a call whose number is higher than all in the profile fails with ENOSYS where the default
 * is to refuse: a C library then falls back to an older call.
 */
#ifndef DOLIUM_FORMAT_SECCOMP_PROGRAM_H
#define DOLIUM_FORMAT_SECCOMP_PROGRAM_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/syscall_table.h"

struct err;
struct oci_seccomp;

struct seccomp_program {
	struct sock_filter *filter;
	size_t n; /* 0: nothing to install: all is allowed */
	unsigned flags; /* SECCOMP_FILTER_FLAG_... for seccomp(2) */
	bool notify; /* has SCMP_ACT_NOTIFY: flags has NEW_LISTENER */
};

/*
 * Compiles for the architecture this program was built for and those in
 * `architectures`. Names of system calls that nobody knows are skipped, as runc
 * does; so are architectures that have no table here: their calls are
 * killed. -EINVAL: an unknown action, operator, flag or architecture, or an
 * argument index above 5. -E2BIG: more than the kernel's 4096 instructions.
 */
int seccomp_compile(
    const struct oci_seccomp *profile, struct seccomp_program *ret_program, struct err *e);

/* As if built for `native`. */
int seccomp_compile_on(enum syscall_arch native, const struct oci_seccomp *profile,
    struct seccomp_program *ret_program, struct err *e);

void seccomp_program_done(struct seccomp_program *p);

static inline void seccomp_program_done_at(struct seccomp_program *p)
{
	seccomp_program_done(p);
}

#define AUTO_SECCOMP_PROGRAM __attribute__((cleanup(seccomp_program_done_at)))

#endif
