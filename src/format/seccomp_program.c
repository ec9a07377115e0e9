/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp profiles, compiled
 *
 * Two halves: seccomp_rules.c sorts the rules into slots, seccomp_code.c makes a
 * program of those.
 */
#include "format/seccomp_program.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "format/oci_config.h"
#include "format/seccomp_compiler.h"

/* Missing in Debian 12's headers. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#	define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

static const struct {
	const char *name;
	unsigned flag;
} flags[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
};

static int read_flag(const char *name, unsigned *flags_so_far, struct err *e)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (strcmp(flags[i].name, name) == 0) {
			*flags_so_far |= flags[i].flag;
			return 0;
		}
	return err_refuse(e, -EINVAL, "linux.seccomp: no such flag: '%s'", name);
}

static bool notifies(const struct compiler *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->code[i].code == (BPF_RET | BPF_K) &&
		    (c->code[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF)
			return true;
	return false;
}

static int hand_out(const struct compiler *c, struct seccomp_program *ret_program)
{
	struct sock_filter *filter = calloc(c->n, sizeof(*filter));

	if (!filter)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++)
		filter[i] = c->code[c->n - 1 - i];
	ret_program->filter = filter;
	ret_program->n = c->n;
	return 0;
}

static struct compiler *compiler_free(struct compiler *c)
{
	if (c)
		free(c->rules);
	free(c);
	return NULL;
}
AUTO_DEFINE(struct compiler *, compiler_free);

int seccomp_compile_on(enum syscall_arch native, const struct oci_seccomp *profile,
    struct seccomp_program *ret_program, struct err *e)
{
	AUTO(compiler_free) struct compiler *c = calloc(1, sizeof(*c));
	struct seccomp_program program = { .filter = NULL };
	int r;

	if (!c)
		return err_set(e, -ENOMEM, "cannot compile the seccomp profile");
	c->trees[native].wanted = true;
	r = seccomp_read_profile(c, profile, e);
	if (r < 0)
		return r;
	strv_for_each (flag, &profile->flags) {
		r = read_flag(*flag, &program.flags, e);
		if (r < 0)
			return r;
	}
	if (c->default_action == SECCOMP_RET_ALLOW && !profile->n_syscalls) {
		*ret_program = (struct seccomp_program){ .filter = NULL };
		return 0;
	}
	seccomp_emit_program(c);
	if (c->too_long)
		return err_refuse(e, -E2BIG,
		    "the seccomp profile needs more than the %d instructions that a kernel takes",
		    BPF_MAXINSNS);
	program.notify = notifies(c);
	/* One call cannot return both a listener and the thread that did not follow; there is one
	   thread. */
	if (program.notify)
		program.flags = (program.flags & ~(unsigned)SECCOMP_FILTER_FLAG_TSYNC) |
		    SECCOMP_FILTER_FLAG_NEW_LISTENER;
	else
		program.flags &= ~(unsigned)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	r = hand_out(c, &program);
	if (r < 0)
		return err_set(e, r, "cannot compile the seccomp profile");
	*ret_program = program;
	return 0;
}

int seccomp_compile(
    const struct oci_seccomp *profile, struct seccomp_program *ret_program, struct err *e)
{
#if defined(__aarch64__)
	return seccomp_compile_on(SYSCALL_ARM64, profile, ret_program, e);
#elif defined(__x86_64__) && defined(__ILP32__)
	return seccomp_compile_on(SYSCALL_X32, profile, ret_program, e);
#elif defined(__x86_64__)
	return seccomp_compile_on(SYSCALL_X86_64, profile, ret_program, e);
#elif defined(__i386__)
	return seccomp_compile_on(SYSCALL_I386, profile, ret_program, e);
#else
#	error "no table of system calls for this architecture: see tools/make-syscall-tables"
#endif
}

void seccomp_program_done(struct seccomp_program *p)
{
	free(p->filter);
	*p = (struct seccomp_program){ .filter = NULL };
}
