/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Installing a seccomp filter
 */
#include "os/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int seccomp_install(const struct sock_filter *filter, size_t n, unsigned flags)
{
	const struct sock_fprog program = { .len = (unsigned short)n,
		.filter = (struct sock_filter *)(uintptr_t)filter };
	long r;

	if (n > BPF_MAXINSNS)
		return -E2BIG;
	r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	if (r >= 0)
		return (int)r;
	/* Kernels before 3.17, and outer filters that do not let seccomp(2) through. */
	if (errno == ENOSYS && !flags &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0)
		return 0;
	return -errno;
}

bool seccomp_takes_flags(unsigned flags)
{
	/* It is for listeners only. */
	if (flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	/* The flags are looked at before the program, which is not there. */
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL) < 0 && errno == EFAULT;
}
