/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Installing a seccomp filter on the calling thread
 */
#ifndef DOLIUM_OS_SECCOMP_H
#define DOLIUM_OS_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>

struct sock_filter;

/*
 * Installs the program (format/seccomp_program.h makes one) with `flags` of
 * seccomp(2). Returns 0, or with SECCOMP_FILTER_FLAG_NEW_LISTENER the listener's
 * fd. Async-signal-safe. -EACCES: neither no_new_privs nor CAP_SYS_ADMIN.
 */
int seccomp_install(const struct sock_filter *filter, size_t n, unsigned flags);

/* Does this kernel know the flags? Nothing is installed. */
bool seccomp_takes_flags(unsigned flags);

#endif
