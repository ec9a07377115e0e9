/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: which devices a container may use
 *
 * The specification has a list of rules, each of which changes what those
 * before it said, as a v1 kernel takes them. Here the list is folded into what
 * it comes to: one answer for all devices, and exceptions from it. v1 is told
 * that in as few writes as can be; v2 gets it as an eBPF program. Pure.
 */
#ifndef DOLIUM_ISOLATE_LIMITS_DEVICES_H
#define DOLIUM_ISOLATE_LIMITS_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_insn;
struct err;
struct oci_device_rule;

#define DEVICES_ANY UINT32_MAX /* as major or minor number */

enum devices_access {
	DEVICES_MKNOD = 1, /* the kernel's BPF_DEVCG_ACC_... */
	DEVICES_READ = 2,
	DEVICES_WRITE = 4,
	DEVICES_ALL = 7,
};

struct devices_exception {
	char type; /* 'b' or 'c' */
	uint8_t access;
	uint32_t major, minor;
};

struct devices_policy {
	bool allow; /* what is in no exception */
	struct devices_exception *exceptions;
	size_t n, room;
};

void devices_policy_done(struct devices_policy *p);

/*
 * Folds the rules, and behind them those that every container needs (null,
 * zero, full, random, urandom, tty, ptmx, the ptys; mknod of anything, which
 * gives no access). -EINVAL: not a rule. On failure the caller frees all the same.
 */
int devices_policy_make(const struct oci_device_rule *rules, size_t n,
    struct devices_policy *ret_policy, struct err *e);

/* "c 1:3 rwm", as devices.allow and devices.deny take it. `room` >= 48. */
void devices_print(const struct devices_exception *x, char *to, size_t room);

/*
 * The eBPF program: *ret_insns is the caller's to free. It is short: one test
 * of the type for all exceptions of that type, then four instructions for each.
 */
int devices_program(const struct devices_policy *p, struct bpf_insn **ret_insns, size_t *ret_n);

static inline void devices_policy_done_at(struct devices_policy *p)
{
	devices_policy_done(p);
}

#define AUTO_DEVICES_POLICY __attribute__((cleanup(devices_policy_done_at)))

#endif
