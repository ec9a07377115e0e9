/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp profiles: rules, sorted into slots
 *
 * What i386 also has as socketcall(2) and ipc(2) gets a rule there as well. Rules
 * that test one argument twice are split up, as runc and crun do.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "format/oci_config.h"
#include "format/seccomp_compiler.h"

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

static bool lets_pass(uint32_t action)
{
	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG ||
	    (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRACE;
}

int seccomp_read_profile(struct compiler *c, const struct oci_seccomp *profile, struct err *e)
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
