/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities
 */
#include "format/capability.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/strv.h"

#define PREFIX "CAP_"

static const char *const names[] = {
	[CAP_CHOWN] = "CAP_CHOWN",
	[CAP_DAC_OVERRIDE] = "CAP_DAC_OVERRIDE",
	[CAP_DAC_READ_SEARCH] = "CAP_DAC_READ_SEARCH",
	[CAP_FOWNER] = "CAP_FOWNER",
	[CAP_FSETID] = "CAP_FSETID",
	[CAP_KILL] = "CAP_KILL",
	[CAP_SETGID] = "CAP_SETGID",
	[CAP_SETUID] = "CAP_SETUID",
	[CAP_SETPCAP] = "CAP_SETPCAP",
	[CAP_LINUX_IMMUTABLE] = "CAP_LINUX_IMMUTABLE",
	[CAP_NET_BIND_SERVICE] = "CAP_NET_BIND_SERVICE",
	[CAP_NET_BROADCAST] = "CAP_NET_BROADCAST",
	[CAP_NET_ADMIN] = "CAP_NET_ADMIN",
	[CAP_NET_RAW] = "CAP_NET_RAW",
	[CAP_IPC_LOCK] = "CAP_IPC_LOCK",
	[CAP_IPC_OWNER] = "CAP_IPC_OWNER",
	[CAP_SYS_MODULE] = "CAP_SYS_MODULE",
	[CAP_SYS_RAWIO] = "CAP_SYS_RAWIO",
	[CAP_SYS_CHROOT] = "CAP_SYS_CHROOT",
	[CAP_SYS_PTRACE] = "CAP_SYS_PTRACE",
	[CAP_SYS_PACCT] = "CAP_SYS_PACCT",
	[CAP_SYS_ADMIN] = "CAP_SYS_ADMIN",
	[CAP_SYS_BOOT] = "CAP_SYS_BOOT",
	[CAP_SYS_NICE] = "CAP_SYS_NICE",
	[CAP_SYS_RESOURCE] = "CAP_SYS_RESOURCE",
	[CAP_SYS_TIME] = "CAP_SYS_TIME",
	[CAP_SYS_TTY_CONFIG] = "CAP_SYS_TTY_CONFIG",
	[CAP_MKNOD] = "CAP_MKNOD",
	[CAP_LEASE] = "CAP_LEASE",
	[CAP_AUDIT_WRITE] = "CAP_AUDIT_WRITE",
	[CAP_AUDIT_CONTROL] = "CAP_AUDIT_CONTROL",
	[CAP_SETFCAP] = "CAP_SETFCAP",
	[CAP_MAC_OVERRIDE] = "CAP_MAC_OVERRIDE",
	[CAP_MAC_ADMIN] = "CAP_MAC_ADMIN",
	[CAP_SYSLOG] = "CAP_SYSLOG",
	[CAP_WAKE_ALARM] = "CAP_WAKE_ALARM",
	[CAP_BLOCK_SUSPEND] = "CAP_BLOCK_SUSPEND",
	[CAP_AUDIT_READ] = "CAP_AUDIT_READ",
	[CAP_PERFMON] = "CAP_PERFMON",
	[CAP_BPF] = "CAP_BPF",
	[CAP_CHECKPOINT_RESTORE] = "CAP_CHECKPOINT_RESTORE",
};

#define N_NAMES (sizeof(names) / sizeof(*names))

const uint64_t capability_all = CAPABILITY_BIT(N_NAMES) - 1;

const uint64_t capability_default = CAPABILITY_BIT(CAP_CHOWN) | CAPABILITY_BIT(CAP_DAC_OVERRIDE) |
    CAPABILITY_BIT(CAP_FOWNER) | CAPABILITY_BIT(CAP_FSETID) | CAPABILITY_BIT(CAP_KILL) |
    CAPABILITY_BIT(CAP_SETGID) | CAPABILITY_BIT(CAP_SETUID) | CAPABILITY_BIT(CAP_SETPCAP) |
    CAPABILITY_BIT(CAP_NET_BIND_SERVICE) | CAPABILITY_BIT(CAP_NET_RAW) |
    CAPABILITY_BIT(CAP_SYS_CHROOT) | CAPABILITY_BIT(CAP_MKNOD) | CAPABILITY_BIT(CAP_AUDIT_WRITE) |
    CAPABILITY_BIT(CAP_SETFCAP);

const uint64_t capability_chroot = CAPABILITY_BIT(CAP_CHOWN) | CAPABILITY_BIT(CAP_DAC_OVERRIDE) |
    CAPABILITY_BIT(CAP_FOWNER) | CAPABILITY_BIT(CAP_FSETID) | CAPABILITY_BIT(CAP_SETGID) |
    CAPABILITY_BIT(CAP_SETUID) | CAPABILITY_BIT(CAP_SETPCAP) | CAPABILITY_BIT(CAP_NET_BIND_SERVICE);

int capability_number(const char *name)
{
	if (strncasecmp(name, PREFIX, strlen(PREFIX)) == 0)
		name += strlen(PREFIX);
	for (size_t i = 0; i < N_NAMES; i++)
		if (strcasecmp(names[i] + strlen(PREFIX), name) == 0)
			return (int)i;
	return -EINVAL;
}

const char *capability_name(unsigned number)
{
	return number < N_NAMES ? names[number] : NULL;
}

static int refuse(const char *name, struct err *e)
{
	err_refuse(e, -EINVAL, "no such capability: '%s'", name);
	err_hint(e, "names are as in capabilities(7), such as NET_ADMIN or CAP_NET_ADMIN");
	return -EINVAL;
}

uint64_t capability_set(const struct strv *list, const char **ret_unknown)
{
	uint64_t set = 0;

	*ret_unknown = NULL;
	strv_for_each (name, list) {
		const int n = capability_number(*name);

		if (n >= 0)
			set |= CAPABILITY_BIT(n);
		else if (!*ret_unknown)
			*ret_unknown = *name;
	}
	return set;
}

int capability_list(uint64_t set, struct strv *list)
{
	for (unsigned i = 0; i < N_NAMES; i++) {
		int r;

		if (!(set & CAPABILITY_BIT(i)))
			continue;
		r = strv_add(list, names[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Where "ALL" is a name, too, and apart from the others. Unknown names are -EINVAL. */
static int read_with_all(const struct strv *list, uint64_t *ret_set, bool *ret_all, struct err *e)
{
	uint64_t set = 0;
	bool all = false;

	strv_for_each (name, list) {
		const int n = capability_number(*name);

		if (strcasecmp(*name, "ALL") == 0 || strcasecmp(*name, PREFIX "ALL") == 0)
			all = true;
		else if (n < 0)
			return refuse(*name, e);
		else
			set |= CAPABILITY_BIT(n);
	}
	*ret_set = set;
	*ret_all = all;
	return 0;
}

int capability_adjust(
    uint64_t set, const struct strv *add, const struct strv *drop, uint64_t *ret_set, struct err *e)
{
	uint64_t added = 0, dropped = 0;
	bool add_all = false, drop_all = false;
	int r;

	r = read_with_all(add, &added, &add_all, e);
	if (r >= 0)
		r = read_with_all(drop, &dropped, &drop_all, e);
	if (r < 0)
		return r;
	if (add_all)
		*ret_set = capability_all & ~dropped;
	else if (drop_all)
		*ret_set = added;
	else
		*ret_set = (set & ~dropped) | added;
	return 0;
}
