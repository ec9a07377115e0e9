/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp profiles, compiled
 *
 * Two halves. The first sorts rules into one slot per architecture and number:
 * nothing said, one action whatever the arguments are, or a list of rules with
 * arguments. The second makes a program of that: which architecture, then a
 * binary search over ranges of numbers that share an answer, then the arguments.
 *
 * The program is written from its end to its beginning. A jump in it goes only
 * forward, so whatever it jumps to exists already when it is written, and its
 * distance is known: no labels to be patched, no second pass.
 */
#include "format/seccomp_program.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "format/oci_config.h"

#define ARGS_MAX     6
#define RETURNS_KEPT 8
#define RETURN_REUSE 200 /* instructions: near enough for all jumps that follow */

/* Missing in Debian 12's headers. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#	define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

const struct syscall_entry *syscall_find(const char *name)
{
	uint32_t hash = 0;

	for (const char *c = name; *c; c++)
		hash = hash * 31 + (unsigned char)*c;
	hash ^= hash >> 15;
	for (size_t at = hash % SYSCALL_SLOTS; syscall_slots[at] >= 0;
	     at = (at + 1) % SYSCALL_SLOTS) {
		const struct syscall_entry *entry = &syscall_table[syscall_slots[at]];

		if (strcmp(entry->name, name) == 0)
			return entry;
	}
	return NULL;
}

/* ---- rules ---- */

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

static const struct {
	const char *name;
	uint32_t action;
	bool has_data; /* errnoRet */
} actions[] = {
	{ "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW, false },
	{ "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO, true },
	{ "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD, false },
	{ "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS, false },
	{ "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD, false },
	{ "SCMP_ACT_LOG", SECCOMP_RET_LOG, false },
	{ "SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF, false },
	{ "SCMP_ACT_TRACE", SECCOMP_RET_TRACE, true },
	{ "SCMP_ACT_TRAP", SECCOMP_RET_TRAP, false },
};

static int read_action(
    const char *name, bool has_errno, uint32_t errno_ret, uint32_t *ret_action, struct err *e)
{
	for (size_t i = 0; name && i < sizeof(actions) / sizeof(*actions); i++) {
		if (strcmp(actions[i].name, name) != 0)
			continue;
		*ret_action = actions[i].action;
		if (actions[i].has_data)
			*ret_action |= (has_errno ? errno_ret : EPERM) & SECCOMP_RET_DATA;
		return 0;
	}
	return err_refuse(e, -EINVAL, "linux.seccomp: no such action: '%s'", name ? name : "");
}

static const struct {
	const char *name;
	enum compare compare;
} compares[] = {
	{ "SCMP_CMP_NE", COMPARE_NE },
	{ "SCMP_CMP_LT", COMPARE_LT },
	{ "SCMP_CMP_LE", COMPARE_LE },
	{ "SCMP_CMP_EQ", COMPARE_EQ },
	{ "SCMP_CMP_GE", COMPARE_GE },
	{ "SCMP_CMP_GT", COMPARE_GT },
	{ "SCMP_CMP_MASKED_EQ", COMPARE_MASKED_EQ },
};

static int read_condition(
    const struct oci_seccomp_arg *arg, struct condition *ret_condition, struct err *e)
{
	if (arg->index >= ARGS_MAX)
		return err_refuse(
		    e, -EINVAL, "linux.seccomp: a system call has no argument %u", arg->index);
	for (size_t i = 0; arg->op && i < sizeof(compares) / sizeof(*compares); i++) {
		if (strcmp(compares[i].name, arg->op) != 0)
			continue;
		*ret_condition = (struct condition){ .index = (uint8_t)arg->index,
			.compare = compares[i].compare,
			.value = arg->value,
			.mask = UINT64_MAX };
		if (compares[i].compare == COMPARE_MASKED_EQ) {
			ret_condition->mask = arg->value;
			ret_condition->value = arg->value_two;
		}
		return 0;
	}
	return err_refuse(
	    e, -EINVAL, "linux.seccomp: no such operator: '%s'", arg->op ? arg->op : "");
}

static const struct {
	const char *name;
	int arch; /* -1: known, and without a table */
} archs[] = {
	{ "SCMP_ARCH_X86_64", SYSCALL_X86_64 },
	{ "SCMP_ARCH_X86", SYSCALL_I386 },
	{ "SCMP_ARCH_X32", SYSCALL_X32 },
	{ "SCMP_ARCH_AARCH64", SYSCALL_ARM64 },
	{ "SCMP_ARCH_ARM", -1 },
	{ "SCMP_ARCH_LOONGARCH64", -1 },
	{ "SCMP_ARCH_M68K", -1 },
	{ "SCMP_ARCH_MIPS", -1 },
	{ "SCMP_ARCH_MIPS64", -1 },
	{ "SCMP_ARCH_MIPS64N32", -1 },
	{ "SCMP_ARCH_MIPSEL", -1 },
	{ "SCMP_ARCH_MIPSEL64", -1 },
	{ "SCMP_ARCH_MIPSEL64N32", -1 },
	{ "SCMP_ARCH_PARISC", -1 },
	{ "SCMP_ARCH_PARISC64", -1 },
	{ "SCMP_ARCH_PPC", -1 },
	{ "SCMP_ARCH_PPC64", -1 },
	{ "SCMP_ARCH_PPC64LE", -1 },
	{ "SCMP_ARCH_RISCV64", -1 },
	{ "SCMP_ARCH_S390", -1 },
	{ "SCMP_ARCH_S390X", -1 },
	{ "SCMP_ARCH_SH", -1 },
	{ "SCMP_ARCH_SHEB", -1 },
};

static int want_arch(struct compiler *c, const char *name, struct err *e)
{
	for (size_t i = 0; i < sizeof(archs) / sizeof(*archs); i++) {
		if (strcmp(archs[i].name, name) != 0)
			continue;
		if (archs[i].arch >= 0)
			c->trees[archs[i].arch].wanted = true;
		return 0;
	}
	return err_refuse(e, -EINVAL, "linux.seccomp: no such architecture: '%s'", name);
}

struct multiplexed {
	const char *name, *through;
	uint8_t number;
};

/*
 * The calls that i386 also has as socketcall(2) and ipc(2), whose first argument
 * says which. Sorted.
 */
static const struct multiplexed i386_multiplexed[] = {
	{ "accept", "socketcall", 5 },
	{ "accept4", "socketcall", 18 },
	{ "bind", "socketcall", 2 },
	{ "connect", "socketcall", 3 },
	{ "getpeername", "socketcall", 7 },
	{ "getsockname", "socketcall", 6 },
	{ "getsockopt", "socketcall", 15 },
	{ "listen", "socketcall", 4 },
	{ "msgctl", "ipc", 14 },
	{ "msgget", "ipc", 13 },
	{ "msgrcv", "ipc", 12 },
	{ "msgsnd", "ipc", 11 },
	{ "recv", "socketcall", 10 },
	{ "recvfrom", "socketcall", 12 },
	{ "recvmmsg", "socketcall", 19 },
	{ "recvmsg", "socketcall", 17 },
	{ "semctl", "ipc", 3 },
	{ "semget", "ipc", 2 },
	{ "semop", "ipc", 1 },
	{ "semtimedop", "ipc", 4 },
	{ "send", "socketcall", 9 },
	{ "sendmmsg", "socketcall", 20 },
	{ "sendmsg", "socketcall", 16 },
	{ "sendto", "socketcall", 11 },
	{ "setsockopt", "socketcall", 14 },
	{ "shmat", "ipc", 21 },
	{ "shmctl", "ipc", 24 },
	{ "shmdt", "ipc", 22 },
	{ "shmget", "ipc", 23 },
	{ "shutdown", "socketcall", 13 },
	{ "socket", "socketcall", 1 },
	{ "socketpair", "socketcall", 8 },
};

/* 0: added; else -ENOMEM. Returns the rule's index + 1 in *ret_index. */
static int new_rule(struct compiler *c, const struct rule *rule, unsigned *ret_index)
{
	if (c->n_rules == c->room) {
		const size_t room = c->room ? c->room * 2 : 64;
		struct rule *rules = reallocarray(c->rules, room, sizeof(*rules));

		if (!rules)
			return -ENOMEM;
		c->rules = rules;
		c->room = room;
	}
	c->rules[c->n_rules++] = *rule;
	*ret_index = (unsigned)c->n_rules;
	return 0;
}

/*
 * As libseccomp has it: of two rules without arguments the first stays, and one
 * without arguments takes the place of all with arguments, before and behind it.
 */
static int add_to_slot(struct compiler *c, struct tree *tree, int number, const struct rule *rule)
{
	struct slot *slot = &tree->slots[number];
	unsigned index;
	int r;

	if (number > tree->highest)
		tree->highest = number;
	if (rule->action == c->default_action || slot->kind == SLOT_ACTION)
		return 0;
	if (!rule->n) {
		slot->kind = SLOT_ACTION;
		slot->action = rule->action;
		return 0;
	}
	r = new_rule(c, rule, &index);
	if (r < 0)
		return r;
	if (slot->kind == SLOT_RULES)
		c->rules[slot->last - 1].next = index;
	else
		slot->first = index;
	slot->kind = SLOT_RULES;
	slot->last = index;
	return 0;
}

static int compare_multiplexed(const void *name, const void *entry)
{
	return strcmp(name, ((const struct multiplexed *)entry)->name);
}

/* The same rule for the multiplexer: its first argument must be the number of the call. */
static int add_multiplexed(
    struct compiler *c, struct tree *tree, const char *name, const struct rule *rule)
{
	const struct multiplexed *entry =
	    bsearch(name, i386_multiplexed, sizeof(i386_multiplexed) / sizeof(*i386_multiplexed),
	        sizeof(*i386_multiplexed), compare_multiplexed);
	struct rule through = { .action = rule->action, .n = 1 };

	if (!entry)
		return 0;
	through.conditions[0] =
	    (struct condition){ .compare = COMPARE_EQ, .value = entry->number, .mask = UINT64_MAX };
	for (size_t i = 0; i < rule->n; i++)
		if (rule->conditions[i].index != 0)
			through.conditions[through.n++] = rule->conditions[i];
	return add_to_slot(c, tree, syscall_find(entry->through)->number[SYSCALL_I386], &through);
}

static int add_named(struct compiler *c, const char *name, const struct rule *rule)
{
	const struct syscall_entry *entry = syscall_find(name);
	int r;

	if (!entry)
		return 0;
	for (unsigned arch = 0; arch < SYSCALL_N_ARCHS; arch++) {
		struct tree *tree = &c->trees[arch];

		if (!tree->wanted)
			continue;
		if (arch == SYSCALL_I386) {
			r = add_multiplexed(c, tree, name, rule);
			if (r < 0)
				return r;
		}
		if (entry->number[arch] < 0)
			continue;
		r = add_to_slot(c, tree, entry->number[arch], rule);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Two conditions on one argument: then each is a rule of its own, as in runc and crun. */
static bool has_repeated(const struct rule *rule)
{
	unsigned seen = 0;

	for (unsigned i = 0; i < rule->n; i++) {
		if (seen & 1U << rule->conditions[i].index)
			return true;
		seen |= 1U << rule->conditions[i].index;
	}
	return false;
}

static int add_names(struct compiler *c, const struct strv *names, const struct rule *rule)
{
	int r;

	strv_for_each (name, names) {
		r = add_named(c, *name, rule);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_separately(
    struct compiler *c, const struct oci_seccomp_rule *from, uint32_t action, struct err *e)
{
	for (size_t i = 0; i < from->n_args; i++) {
		struct rule rule = { .action = action, .n = 1 };
		int r = read_condition(&from->args[i], &rule.conditions[0], e);

		if (r < 0)
			return r;
		r = add_names(c, &from->names, &rule);
		if (r < 0)
			return err_set(e, r, "cannot compile the seccomp profile");
	}
	return 0;
}

static int add_rule(struct compiler *c, const struct oci_seccomp_rule *from, struct err *e)
{
	struct rule rule = { .n = 0 };
	int r;

	r = read_action(from->action, from->has_errno_ret, from->errno_ret, &rule.action, e);
	if (r < 0)
		return r;
	if (from->n_args > ARGS_MAX)
		return add_separately(c, from, rule.action, e);
	for (size_t i = 0; i < from->n_args; i++) {
		r = read_condition(&from->args[i], &rule.conditions[rule.n++], e);
		if (r < 0)
			return r;
	}
	if (has_repeated(&rule))
		return add_separately(c, from, rule.action, e);
	r = add_names(c, &from->names, &rule);
	return r < 0 ? err_set(e, r, "cannot compile the seccomp profile") : 0;
}

/* ---- code, from the end ---- */

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

static void emit_program(struct compiler *c)
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

/* ---- all of it ---- */

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

static bool lets_pass(uint32_t action)
{
	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG ||
	    (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRACE;
}

static int read_profile(struct compiler *c, const struct oci_seccomp *profile, struct err *e)
{
	int r;

	for (size_t i = 0; i < SYSCALL_N_ARCHS; i++)
		c->trees[i].highest = -1;
	r = read_action(profile->default_action, profile->has_default_errno_ret,
	    profile->default_errno_ret, &c->default_action, e);
	if (r < 0)
		return r;
	c->enosys =
	    !lets_pass(c->default_action) && c->default_action != (SECCOMP_RET_ERRNO | ENOSYS);
	strv_for_each (arch, &profile->architectures) {
		r = want_arch(c, *arch, e);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < profile->n_syscalls; i++) {
		r = add_rule(c, &profile->syscalls[i], e);
		if (r < 0)
			return r;
	}
	return 0;
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
	r = read_profile(c, profile, e);
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
	emit_program(c);
	if (c->too_long)
		return err_refuse(e, -E2BIG,
		    "the seccomp profile needs more than the %d instructions that a kernel takes",
		    BPF_MAXINSNS);
	program.notify = notifies(c);
	if (program.notify)
		program.flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
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
