/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp profiles: the program
 *
 * Which architecture, then a binary search over ranges of numbers that share an
 * answer, then the arguments.
 *
 * The program is written from its end to its beginning. A jump in it goes only
 * forward, so whatever it jumps to exists already when it is written, and its
 * distance is known: no labels to be patched, no second pass.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include "format/seccomp_compiler.h"

#define RETURN_REUSE 200 /* instructions: near enough for all jumps that follow */

/* Where an instruction is, counted from the end: what was written first is 0. */
typedef size_t label;

static label emit(struct compiler *c, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (c->n == BPF_MAXINSNS) {
		c->too_long = true;
		return c->n - 1;
	}
	c->code[c->n] = (struct sock_filter){ .code = code, .jt = jt, .jf = jf, .k = k };
	return c->n++;
}

/* How far a jump that is written next has to go. */
static size_t distance(const struct compiler *c, label to)
{
	return c->n - to - 1;
}

/* A return that a jump written soon can reach: one that stands there already, or a new one. */
static label emit_return(struct compiler *c, uint32_t action)
{
	size_t i;

	for (i = 0; i < c->n_returns; i++)
		if (c->returns[i].action == action)
			break;
	if (i < c->n_returns && distance(c, c->returns[i].at) < RETURN_REUSE)
		return c->returns[i].at;
	if (i == c->n_returns) {
		if (i == RETURNS_KEPT)
			i = 0;
		else
			c->n_returns++;
	}
	c->returns[i].action = action;
	c->returns[i].at = emit(c, BPF_RET | BPF_K, action, 0, 0);
	return c->returns[i].at;
}

/* A load that goes on at `next`, wherever that is. */
static label emit_load(struct compiler *c, size_t offset, label next)
{
	if (distance(c, next) > 0)
		emit(c, BPF_JMP | BPF_JA, (uint32_t)distance(c, next), 0, 0);
	return emit(c, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* The place itself if a jump (with up to two instructions before it) can reach it, or a copy or a
 * way to it. */
static label bring_near(struct compiler *c, label to)
{
	if (distance(c, to) <= UINT8_MAX - 2)
		return to;
	if (c->code[to].code == (BPF_RET | BPF_K))
		return emit(c, BPF_RET | BPF_K, c->code[to].k, 0, 0);
	return emit(c, BPF_JMP | BPF_JA, (uint32_t)distance(c, to), 0, 0);
}

static label emit_jump(struct compiler *c, uint16_t test, uint32_t k, label yes, label no)
{
	if (yes == no)
		return yes;
	yes = bring_near(c, yes);
	no = bring_near(c, no);
	return emit(
	    c, BPF_JMP | BPF_K | test, k, (uint8_t)distance(c, yes), (uint8_t)distance(c, no));
}

/* Both architectures with 64-bit arguments that have a table are little-endian. */
static label emit_load_arg(struct compiler *c, uint8_t index, bool high, label next)
{
	return emit_load(c,
	    offsetof(struct seccomp_data, args) + index * sizeof(uint64_t) + (high ? 4 : 0), next);
}

/* One word: load, mask, test. */
static label emit_word(
    struct compiler *c, const struct condition *x, bool high, uint16_t test, label yes, label no)
{
	const uint32_t mask = (uint32_t)(high ? x->mask >> 32 : x->mask);
	const uint32_t value = (uint32_t)(high ? x->value >> 32 : x->value);
	label to;

	if (yes == no)
		return yes;
	to = emit_jump(c, test, value, yes, no);
	if (mask != UINT32_MAX)
		to = emit(c, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
	return emit_load_arg(c, x->index, high, to);
}

static label emit_equal(
    struct compiler *c, const struct condition *x, bool wide, label yes, label no)
{
	label low = emit_word(c, x, false, BPF_JEQ, yes, no);

	/* A mask that has no high bits wants none from the argument. */
	if (!wide || (!(x->mask >> 32) && !(x->value >> 32)))
		return low;
	return emit_word(c, x, true, BPF_JEQ, low, no);
}

/* Greater, or greater or equal: by the high words, and if they are the same by the low ones. */
static label emit_greater(
    struct compiler *c, const struct condition *x, bool wide, uint16_t test, label yes, label no)
{
	label low = emit_word(c, x, false, test, yes, no), same;

	if (!wide)
		return low;
	same = emit_jump(c, BPF_JEQ, (uint32_t)(x->value >> 32), low, no);
	same = emit_jump(c, BPF_JGT, (uint32_t)(x->value >> 32), yes, same);
	return emit_load_arg(c, x->index, true, same);
}

static label emit_condition(
    struct compiler *c, const struct condition *x, bool wide, label yes, label no)
{
	switch (x->compare) {
	case COMPARE_NE:
		return emit_equal(c, x, wide, no, yes);
	case COMPARE_LT:
		return emit_greater(c, x, wide, BPF_JGE, no, yes);
	case COMPARE_LE:
		return emit_greater(c, x, wide, BPF_JGT, no, yes);
	case COMPARE_GE:
		return emit_greater(c, x, wide, BPF_JGE, yes, no);
	case COMPARE_GT:
		return emit_greater(c, x, wide, BPF_JGT, yes, no);
	case COMPARE_EQ:
	case COMPARE_MASKED_EQ:
	default:
		return emit_equal(c, x, wide, yes, no);
	}
}

/* The first rule that holds decides; the list is written from its end, as all is. */
static label emit_rules(struct compiler *c, const struct rule *rule, bool wide)
{
	label miss, hit;

	miss = rule->next ? emit_rules(c, &c->rules[rule->next - 1], wide)
	                  : emit_return(c, c->default_action);
	hit = emit_return(c, rule->action);
	for (unsigned i = rule->n; i-- > 0;)
		hit = emit_condition(c, &rule->conditions[i], wide, hit, miss);
	return hit;
}

struct range {
	uint32_t first;
	const struct slot *slot;
};

static bool is_same(const struct slot *a, const struct slot *b)
{
	if (a->kind != b->kind || a->kind == SLOT_RULES)
		return false;
	return a->kind == SLOT_DEFAULT || a->action == b->action;
}

static label emit_slot(struct compiler *c, const struct slot *slot, bool wide)
{
	switch (slot->kind) {
	case SLOT_ACTION:
		return emit_return(c, slot->action);
	case SLOT_RULES:
		return emit_rules(c, &c->rules[slot->first - 1], wide);
	case SLOT_DEFAULT:
	default:
		return emit_return(c, c->default_action);
	}
}

static label emit_search(
    struct compiler *c, const struct range *ranges, size_t n, uint32_t bit, bool wide)
{
	label low, high;

	if (n == 1)
		return emit_slot(c, ranges->slot, wide);
	high = emit_search(c, ranges + n / 2, n - n / 2, bit, wide);
	low = emit_search(c, ranges, n / 2, bit, wide);
	return emit_jump(c, BPF_JGE, ranges[n / 2].first | bit, high, low);
}

static label emit_tree(struct compiler *c, const struct tree *tree, uint32_t bit, bool wide)
{
	static const struct slot enosys = { .kind = SLOT_ACTION,
		.action = SECCOMP_RET_ERRNO | ENOSYS };
	static const struct slot none = { .kind = SLOT_DEFAULT };
	struct range ranges[SYSCALL_NUMBER_MAX + 3];
	size_t n = 0;

	for (int i = 0; i <= tree->highest; i++)
		if (!n || !is_same(ranges[n - 1].slot, &tree->slots[i]))
			ranges[n++] =
			    (struct range){ .first = (uint32_t)i, .slot = &tree->slots[i] };
	if (!n || c->enosys || !is_same(ranges[n - 1].slot, &none))
		ranges[n++] = (struct range){ .first = (uint32_t)(tree->highest + 1),
			.slot = c->enosys ? &enosys : &none };
	return emit_search(c, ranges, n, bit, wide);
}

/* x86-64 and x32 share an audit architecture and differ in a bit of the number. */
static label emit_x86_64(struct compiler *c, label bad)
{
	const struct tree *x64 = &c->trees[SYSCALL_X86_64], *x32 = &c->trees[SYSCALL_X32];
	label low = bad, high = bad;

	if (x32->wanted)
		high = emit_tree(c, x32, X32_SYSCALL_BIT, false);
	if (x64->wanted)
		low = emit_tree(c, x64, 0, true);
	low = emit_jump(c, BPF_JGE, X32_SYSCALL_BIT, high, low);
	return emit_load(c, offsetof(struct seccomp_data, nr), low);
}

static label emit_one_arch(struct compiler *c, const struct tree *tree, bool wide)
{
	return emit_load(c, offsetof(struct seccomp_data, nr), emit_tree(c, tree, 0, wide));
}

void seccomp_emit_program(struct compiler *c)
{
	const label bad = emit_return(c, SECCOMP_RET_KILL_THREAD);
	label x86_64 = bad, i386 = bad, arm64 = bad, next = bad;

	if (c->trees[SYSCALL_I386].wanted)
		i386 = emit_one_arch(c, &c->trees[SYSCALL_I386], false);
	if (c->trees[SYSCALL_ARM64].wanted)
		arm64 = emit_one_arch(c, &c->trees[SYSCALL_ARM64], true);
	if (c->trees[SYSCALL_X86_64].wanted || c->trees[SYSCALL_X32].wanted)
		x86_64 = emit_x86_64(c, bad);
	next = emit_jump(c, BPF_JEQ, AUDIT_ARCH_I386, i386, next);
	next = emit_jump(c, BPF_JEQ, AUDIT_ARCH_AARCH64, arm64, next);
	next = emit_jump(c, BPF_JEQ, AUDIT_ARCH_X86_64, x86_64, next);
	emit_load(c, offsetof(struct seccomp_data, arch), next);
}
