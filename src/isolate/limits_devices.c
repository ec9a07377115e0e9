/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: devices
 *
 * The folding does what security/device_cgroup.c does with the same lines, so
 * that a list means the same on v1 and v2.
 */
#include "isolate/limits_devices.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "format/oci_config.h"

#define EXCEPTIONS_MAX 1024

static const struct devices_exception always_allowed[] = {
	{ 'c', DEVICES_MKNOD, DEVICES_ANY, DEVICES_ANY },
	{ 'b', DEVICES_MKNOD, DEVICES_ANY, DEVICES_ANY }, { 'c', DEVICES_ALL, 1, 3 }, /* null */
	{ 'c', DEVICES_ALL, 1, 5 }, /* zero */
	{ 'c', DEVICES_ALL, 1, 7 }, /* full */
	{ 'c', DEVICES_ALL, 1, 8 }, /* random */
	{ 'c', DEVICES_ALL, 1, 9 }, /* urandom */
	{ 'c', DEVICES_ALL, 5, 0 }, /* tty */
	{ 'c', DEVICES_ALL, 5, 2 }, /* ptmx */
	{ 'c', DEVICES_ALL, 136, DEVICES_ANY }, /* pts */
};

void devices_policy_done(struct devices_policy *p)
{
	free(p->exceptions);
	*p = (struct devices_policy){ .allow = false };
}

static struct devices_exception *find(struct devices_policy *p, const struct devices_exception *x)
{
	for (size_t i = 0; i < p->n; i++) {
		struct devices_exception *at = &p->exceptions[i];

		if (at->type == x->type && at->major == x->major && at->minor == x->minor)
			return at;
	}
	return NULL;
}

static int except(struct devices_policy *p, const struct devices_exception *x)
{
	struct devices_exception *at = find(p, x);

	if (at) {
		at->access |= x->access;
		return 0;
	}
	if (p->n == EXCEPTIONS_MAX)
		return -E2BIG;
	if (p->n == p->room) {
		const size_t room = p->room ? p->room * 2 : 32;

		at = reallocarray(p->exceptions, room, sizeof(*at));
		if (!at)
			return -ENOMEM;
		p->exceptions = at;
		p->room = room;
	}
	p->exceptions[p->n++] = *x;
	return 0;
}

static void unexcept(struct devices_policy *p, const struct devices_exception *x)
{
	struct devices_exception *at = find(p, x);

	if (!at)
		return;
	at->access &= (uint8_t)~x->access;
	if (at->access)
		return;
	p->n--;
	memmove(at, at + 1, (size_t)(p->exceptions + p->n - at) * sizeof(*at));
}

static int apply(struct devices_policy *p, bool allow, const struct devices_exception *x)
{
	if (allow != p->allow)
		return except(p, x);
	unexcept(p, x);
	return 0;
}

static int read_access(const char *text, uint8_t *ret_access)
{
	*ret_access = 0;
	for (; text && *text; text++) {
		if (*text == 'r')
			*ret_access |= DEVICES_READ;
		else if (*text == 'w')
			*ret_access |= DEVICES_WRITE;
		else if (*text == 'm')
			*ret_access |= DEVICES_MKNOD;
		else
			return -EINVAL;
	}
	if (!*ret_access)
		*ret_access = DEVICES_ALL;
	return 0;
}

static int read_number(bool has, int64_t number, uint32_t *ret_number)
{
	if (!has || number == -1)
		*ret_number = DEVICES_ANY;
	else if (number < 0 || number >= DEVICES_ANY)
		return -EINVAL;
	else
		*ret_number = (uint32_t)number;
	return 0;
}

static int add_rule(struct devices_policy *p, const struct oci_device_rule *rule)
{
	const char *type = rule->type && *rule->type ? rule->type : "a";
	struct devices_exception x = { .type = *type };
	int r;

	if (type[1] || !strchr("abcup", *type))
		return -EINVAL;
	if (read_access(rule->access, &x.access) < 0 ||
	    read_number(rule->has_major, rule->major, &x.major) < 0 ||
	    read_number(rule->has_minor, rule->minor, &x.minor) < 0)
		return -EINVAL;
	if (x.type == 'p')
		return 0; /* a fifo is no device: no cgroup ever asks about one */
	if (x.type == 'u')
		x.type = 'c';
	if (x.type != 'a')
		return apply(p, rule->allow, &x);
	if (x.access == DEVICES_ALL && x.major == DEVICES_ANY && x.minor == DEVICES_ANY) {
		p->allow = rule->allow;
		p->n = 0;
		return 0;
	}
	x.type = 'b';
	r = apply(p, rule->allow, &x);
	if (r < 0)
		return r;
	x.type = 'c';
	return apply(p, rule->allow, &x);
}

int devices_policy_make(
    const struct oci_device_rule *rules, size_t n, struct devices_policy *ret_policy, struct err *e)
{
	int r;

	*ret_policy = (struct devices_policy){ .allow = true };
	for (size_t i = 0; i < n; i++) {
		r = add_rule(ret_policy, &rules[i]);
		if (r == -EINVAL)
			return err_refuse(
			    e, r, "not a rule for devices: linux.resources.devices[%zu]", i);
		if (r < 0)
			return err_set(e, r, "cannot take rule %zu for devices", i);
	}
	for (size_t i = 0; i < sizeof(always_allowed) / sizeof(*always_allowed); i++) {
		r = apply(ret_policy, true, &always_allowed[i]);
		if (r < 0)
			return err_set(e, r, "cannot allow the usual devices");
	}
	return 0;
}

static void print_number(uint32_t number, char *to, size_t room)
{
	if (number == DEVICES_ANY)
		snprintf(to, room, "*");
	else
		snprintf(to, room, "%u", number);
}

void devices_print(const struct devices_exception *x, char *to, size_t room)
{
	char major[12], minor[12];

	print_number(x->major, major, sizeof(major));
	print_number(x->minor, minor, sizeof(minor));
	snprintf(to, room, "%c %s:%s %s%s%s", x->type, major, minor,
	    x->access & DEVICES_READ ? "r" : "", x->access & DEVICES_WRITE ? "w" : "",
	    x->access & DEVICES_MKNOD ? "m" : "");
}

/* ---- eBPF ---- */

enum {
	REG_RESULT = BPF_REG_0,
	REG_CONTEXT = BPF_REG_1,
	REG_TYPE = BPF_REG_2,
	REG_ACCESS = BPF_REG_3,
	REG_MAJOR = BPF_REG_4,
	REG_MINOR = BPF_REG_5,
};

struct assembly {
	struct bpf_insn *insns;
	size_t n;
};

static size_t emit(struct assembly *a, uint8_t code, uint8_t to, uint8_t from, int32_t number)
{
	struct bpf_insn *insn = &a->insns[a->n];

	*insn = (struct bpf_insn){ .code = code, .imm = number };
	insn->dst_reg = (unsigned char)(to & 0xfU);
	insn->src_reg = (unsigned char)(from & 0xfU);
	return a->n++;
}

/* Makes the jump at `from` go to what is emitted next. */
static void land(struct assembly *a, size_t from)
{
	a->insns[from].off = (int16_t)(a->n - from - 1);
}

static void emit_return(struct assembly *a, int32_t result)
{
	emit(a, BPF_ALU64 | BPF_MOV | BPF_K, REG_RESULT, 0, result);
	emit(a, BPF_JMP | BPF_EXIT, 0, 0, 0);
}

static void load(struct assembly *a, uint8_t to, size_t offset)
{
	const size_t at = emit(a, BPF_LDX | BPF_MEM | BPF_W, to, REG_CONTEXT, 0);

	a->insns[at].off = (int16_t)offset;
}

/*
 * An exception that allows must hold all the access that is asked for; one
 * that denies, any of it.
 */
static void emit_exception(struct assembly *a, const struct devices_exception *x, bool allow)
{
	size_t misses[4], n = 0, hit;

	if (x->major != DEVICES_ANY)
		misses[n++] = emit(a, BPF_JMP32 | BPF_JNE | BPF_K, REG_MAJOR, 0, (int32_t)x->major);
	if (x->minor != DEVICES_ANY)
		misses[n++] = emit(a, BPF_JMP32 | BPF_JNE | BPF_K, REG_MINOR, 0, (int32_t)x->minor);
	if (x->access != DEVICES_ALL && allow) {
		misses[n++] =
		    emit(a, BPF_JMP | BPF_JSET | BPF_K, REG_ACCESS, 0, DEVICES_ALL & ~x->access);
	} else if (x->access != DEVICES_ALL) {
		hit = emit(a, BPF_JMP | BPF_JSET | BPF_K, REG_ACCESS, 0, x->access);
		misses[n++] = emit(a, BPF_JMP | BPF_JA, 0, 0, 0);
		land(a, hit);
	}
	emit_return(a, allow);
	while (n > 0)
		land(a, misses[--n]);
}

/* Is an exception for all devices of its type: behind it nothing of the type is reached. */
static bool is_total(const struct devices_exception *x)
{
	return x->major == DEVICES_ANY && x->minor == DEVICES_ANY && x->access == DEVICES_ALL;
}

static void emit_type(struct assembly *a, const struct devices_policy *p, char type)
{
	const int32_t number = type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
	size_t other = 0, begin = a->n;

	for (size_t i = 0; i < p->n; i++) {
		if (p->exceptions[i].type != type)
			continue;
		if (a->n == begin)
			other = emit(a, BPF_JMP | BPF_JNE | BPF_K, REG_TYPE, 0, number);
		emit_exception(a, &p->exceptions[i], !p->allow);
		if (is_total(&p->exceptions[i])) {
			land(a, other);
			return; /* the verifier refuses code that nothing reaches */
		}
	}
	if (a->n == begin)
		return;
	emit_return(a, p->allow);
	land(a, other);
}

int devices_program(const struct devices_policy *p, struct bpf_insn **ret_insns, size_t *ret_n)
{
	struct assembly a = { .insns = calloc(p->n * 6 + 16, sizeof(*a.insns)) };

	if (!a.insns)
		return -ENOMEM;
	load(&a, REG_TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(&a, BPF_ALU64 | BPF_MOV | BPF_X, REG_ACCESS, REG_TYPE, 0);
	emit(&a, BPF_ALU64 | BPF_AND | BPF_K, REG_TYPE, 0, 0xffff);
	emit(&a, BPF_ALU64 | BPF_RSH | BPF_K, REG_ACCESS, 0, 16);
	load(&a, REG_MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	load(&a, REG_MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	emit_type(&a, p, 'c');
	emit_type(&a, p, 'b');
	emit_return(&a, p->allow);
	*ret_insns = a.insns;
	*ret_n = a.n;
	return 0;
}
