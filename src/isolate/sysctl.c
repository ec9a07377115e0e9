/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which kernel parameters a container may set
 *
 * Only those that a namespace has for itself, and only where that namespace is
 * the container's own (CVE-2022-0811 put a second parameter behind a '+').
 */
#include "isolate/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "format/oci_config.h"
#include "isolate/plan.h"
#include "os/namespace.h"

#define KEY_MAX   200
#define VALUE_MAX 4096

static const struct {
	const char *path; /* ends in '/': all below */
	enum namespace_kind kind;
} namespaced[] = {
	{ "kernel/domainname", NAMESPACE_UTS },
	{ "kernel/msgmax", NAMESPACE_IPC },
	{ "kernel/msgmnb", NAMESPACE_IPC },
	{ "kernel/msgmni", NAMESPACE_IPC },
	{ "kernel/sem", NAMESPACE_IPC },
	{ "kernel/shmall", NAMESPACE_IPC },
	{ "kernel/shmmax", NAMESPACE_IPC },
	{ "kernel/shmmni", NAMESPACE_IPC },
	{ "kernel/shm_rmid_forced", NAMESPACE_IPC },
	{ "fs/mqueue/", NAMESPACE_IPC },
	{ "net/", NAMESPACE_NETWORK },
};

static bool valid_key(const char *key)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "0123456789_-./";
	size_t len = strlen(key);

	return len > 0 && len <= KEY_MAX && strspn(key, allowed) == len && !strstr(key, "..") &&
	    !strstr(key, "//") && !strchr("./", key[0]) && !strchr("./", key[len - 1]);
}

static bool valid_value(const char *value)
{
	return strlen(value) <= VALUE_MAX && !strpbrk(value, "\n\r+");
}

int sysctl_check(const char *key, const char *value, char *ret_path, size_t room, struct err *e)
{
	bool slashes =
	    strchr(key, '/') && (!strchr(key, '.') || strchr(key, '/') < strchr(key, '.'));
	char path[KEY_MAX + 1];

	if (!valid_key(key))
		return err_refuse(
		    e, -EINVAL, "sysctl '%s': not the name of a kernel parameter", key);
	if (!valid_value(value))
		return err_refuse(
		    e, -EINVAL, "sysctl '%s': the value has a '+' or a line end in it", key);

	/* As sysctl(8): what comes first, '.' or '/', separates; the other is part of a name. */
	for (size_t i = 0; i <= strlen(key); i++) {
		path[i] = key[i];
		if (!slashes && key[i] == '.')
			path[i] = '/';
		else if (!slashes && key[i] == '/')
			path[i] = '.';
	}
	if (strstr(path, "/./") || strstr(path, "/../"))
		return err_refuse(
		    e, -EINVAL, "sysctl '%s': not the name of a kernel parameter", key);
	for (size_t i = 0; i < sizeof(namespaced) / sizeof(namespaced[0]); i++) {
		const char *known = namespaced[i].path;
		size_t len = strlen(known);

		if (known[len - 1] == '/' ? strncmp(path, known, len) != 0
		                          : strcmp(path, known) != 0)
			continue;
		snprintf(ret_path, room, "sys/%s", path);
		return (int)namespaced[i].kind;
	}
	return err_refuse(e, -EPERM, "sysctl '%s' is not in a separate kernel namespace", key);
}

/* Is it not the namespace that we are in ourselves? */
static bool is_private(const struct plan *p, enum namespace_kind kind)
{
	const char *own = kind == NAMESPACE_NETWORK ? "/proc/self/ns/net"
	    : kind == NAMESPACE_IPC                 ? "/proc/self/ns/ipc"
	                                            : "/proc/self/ns/uts";
	struct stat ours, theirs;

	if (p->new_namespaces & namespace_flag(kind))
		return true;
	if (p->join[kind] < 0)
		return false;
	return stat(own, &ours) >= 0 && fstat(p->join[kind], &theirs) >= 0 &&
	    ours.st_ino != theirs.st_ino;
}

int plan_add_sysctls(struct plan *p, struct err *e)
{
	const struct oci_linux *linux_ = p->config->linux_;
	char path[KEY_MAX + 8];
	int kind;

	if (!linux_ || linux_->sysctl.n == 0)
		return 0;
	p->sysctls = calloc(linux_->sysctl.n, sizeof(*p->sysctls));
	if (!p->sysctls)
		return err_set(e, -ENOMEM, "cannot plan the sysctls");
	for (size_t i = 0; i < linux_->sysctl.n; i++) {
		const struct strmap_entry *from = &linux_->sysctl.items[i];
		struct plan_sysctl *to = &p->sysctls[i];

		kind = sysctl_check(from->key, from->value, path, sizeof(path), e);
		if (kind < 0)
			return kind;
		if (!is_private(p, (enum namespace_kind)kind))
			return err_refuse(e, -EPERM,
			    "sysctl '%s' is not allowed: the %s namespace is the host's", from->key,
			    namespace_name((enum namespace_kind)kind));
		*to = (struct plan_sysctl){ strdup(path), from->key, from->value };
		p->n_sysctls++;
		if (!to->path)
			return err_set(e, -ENOMEM, "cannot plan the sysctls");
	}
	return 0;
}
