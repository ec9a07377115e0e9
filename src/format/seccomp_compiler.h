/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp profiles: what stands between rules and program
 *
 * For the files seccomp_*.c alone. Rules are sorted into one slot per
 * architecture and number: nothing said, one action whatever the arguments are,
 * or a list of rules with arguments.
 */
#ifndef DOLIUM_FORMAT_SECCOMP_COMPILER_H
#define DOLIUM_FORMAT_SECCOMP_COMPILER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/syscall_table.h"

struct err;
struct oci_seccomp;

#define ARGS_MAX     6
#define RETURNS_KEPT 8

enum compare {
	COMPARE_NE,
	COMPARE_LT,
	COMPARE_LE,
	COMPARE_EQ,
	COMPARE_GE,
	COMPARE_GT,
	COMPARE_MASKED_EQ,
};

struct condition {
	uint8_t index;
	enum compare compare;
	uint64_t value, mask;
};

/* All conditions must hold. In a slot's list until `next` is 0. */
struct rule {
	uint32_t action;
	unsigned n, next; /* next: index + 1 */
	struct condition conditions[ARGS_MAX];
};

enum slot_kind {
	SLOT_DEFAULT,
	SLOT_ACTION,
	SLOT_RULES,
};

struct slot {
	enum slot_kind kind;
	uint32_t action;
	unsigned first, last; /* index + 1 of rules */
};

struct tree {
	bool wanted;
	int highest; /* number that a rule names; -1: none */
	struct slot slots[SYSCALL_NUMBER_MAX + 1];
};

struct compiler {
	struct tree trees[SYSCALL_N_ARCHS];
	struct rule *rules;
	size_t n_rules, room;
	uint32_t default_action;
	bool enosys; /* for numbers above the highest */

	struct sock_filter code[BPF_MAXINSNS]; /* from the end to the beginning */
	size_t n;
	bool too_long;
	struct {
		uint32_t action;
		size_t at;
	} returns[RETURNS_KEPT]; /* the newest return of each action */
	size_t n_returns;
};

/* The first half: fills the slots of a zeroed compiler. seccomp_rules.c */
int seccomp_read_profile(struct compiler *c, const struct oci_seccomp *profile, struct err *e);
/* The second half: writes `code`, or sets `too_long`. seccomp_code.c */
void seccomp_emit_program(struct compiler *c);

#endif
