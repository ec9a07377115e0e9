/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of a container: its process
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "format/capability.h"
#include "format/oci_config.h"
#include "isolate/plan.h"
#include "os/lsm.h"

/* Whoever writes this says: rather a lower limit than no container. */
#define RLIMIT_CLAMP_KEY "org.dolium.rlimits"

static int find_rlimit(const char *name)
{
	static const struct {
		const char *name;
		int resource;
	} known[] = {
		{ "RLIMIT_AS", RLIMIT_AS },
		{ "RLIMIT_CORE", RLIMIT_CORE },
		{ "RLIMIT_CPU", RLIMIT_CPU },
		{ "RLIMIT_DATA", RLIMIT_DATA },
		{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
		{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
		{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
		{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
		{ "RLIMIT_NICE", RLIMIT_NICE },
		{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
		{ "RLIMIT_NPROC", RLIMIT_NPROC },
		{ "RLIMIT_RSS", RLIMIT_RSS },
		{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
		{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
		{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
		{ "RLIMIT_STACK", RLIMIT_STACK },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, name) == 0)
			return known[i].resource;
	}
	return -EINVAL;
}

/*
 * Only a privileged process of the host may raise a hard limit, so the parent
 * raises its own and the child inherits it; going down is always allowed.
 */
static int allow_rlimit(
    const char *name, int resource, struct rlimit *value, bool clamp, struct err *e)
{
	struct rlimit own;

	if (getrlimit((__rlimit_resource_t)resource, &own) < 0)
		return err_set(e, -errno, "cannot read %s", name);
	if (value->rlim_max <= own.rlim_max)
		return 0;
	if (setrlimit((__rlimit_resource_t)resource,
	        &(struct rlimit){ own.rlim_cur, value->rlim_max }) >= 0)
		return 0;
	if (errno != EPERM || !clamp)
		return err_set(
		    e, -errno, "cannot raise %s to %ju", name, (uintmax_t)value->rlim_max);

	log_warning("%s stays at %ju: no right to raise it", name, (uintmax_t)own.rlim_max);
	value->rlim_max = own.rlim_max;
	if (value->rlim_cur > value->rlim_max)
		value->rlim_cur = value->rlim_max;
	return 0;
}

static int add_rlimits(struct plan *p, const struct oci_process *process, struct err *e)
{
	const char *word = strmap_get(&p->config->annotations, RLIMIT_CLAMP_KEY);
	bool clamp = word && strcmp(word, "clamp") == 0;
	int r;

	if (process->n_rlimits == 0)
		return 0;
	p->rlimits = calloc(process->n_rlimits, sizeof(*p->rlimits));
	if (!p->rlimits)
		return err_set(e, -ENOMEM, "cannot plan the resource limits");
	for (size_t i = 0; i < process->n_rlimits; i++) {
		const struct oci_rlimit *from = &process->rlimits[i];
		struct plan_rlimit *to = &p->rlimits[i];

		to->resource = find_rlimit(from->type);
		if (to->resource < 0)
			return err_refuse(e, -EINVAL,
			    "config.json: process.rlimits: no such limit: '%s'", from->type);
		for (size_t k = 0; k < i; k++) {
			if (p->rlimits[k].resource == to->resource)
				return err_refuse(e, -EINVAL,
				    "config.json: process.rlimits: '%s' is there twice",
				    from->type);
		}
		if (from->soft > from->hard)
			return err_refuse(e, -EINVAL,
			    "config.json: process.rlimits: the soft %s is above the hard one",
			    from->type);
		to->value = (struct rlimit){ from->soft, from->hard };
		r = allow_rlimit(from->type, to->resource, &to->value, clamp, e);
		if (r < 0)
			return r;
		p->n_rlimits++;
	}
	return 0;
}

static uint64_t read_mask(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoull(at + strlen(key), NULL, 16) : 0;
}

/* What we were given and must not pass on: ignored signals, the bounding set. */
static int read_own_status(struct plan *p, uint64_t *ret_bounding, struct err *e)
{
	AUTO_FD int fd = -1;
	char text[4096];
	ssize_t n;

	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, -errno, "cannot read /proc/self/status");
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return err_set(e, -errno, "cannot read /proc/self/status");
	text[n] = '\0';
	p->ignored_signals = read_mask(text, "SigIgn:");
	*ret_bounding = read_mask(text, "CapBnd:");
	return 0;
}

/* What a newer kernel's list has is no reason to fail (config.md: warned of, and left out). */
static uint64_t capabilities_of(const struct strv *names, const char *set_name)
{
	const char *unknown;
	const uint64_t set = capability_set(names, &unknown);

	if (unknown)
		log_warning("config.json: process.capabilities.%s: no such capability: '%s'",
		    set_name, unknown);
	return set;
}

static void add_capabilities(struct plan *p, const struct oci_process *process, uint64_t own)
{
	const struct oci_capabilities *c = process->capabilities;

	/* A new user namespace begins with all of them. */
	if (p->user_namespace)
		own = UINT64_MAX;
	if (c) {
		p->bounding = capabilities_of(&c->bounding, "bounding");
		p->effective = capabilities_of(&c->effective, "effective");
		p->permitted = capabilities_of(&c->permitted, "permitted");
		p->inheritable = capabilities_of(&c->inheritable, "inheritable");
		p->ambient = capabilities_of(&c->ambient, "ambient");
	}

	/* What nobody here has cannot be given: left out, as runc does. */
	p->drop = own & ~p->bounding;
	p->permitted &= own;
	p->effective &= p->permitted;
	p->inheritable &= own;
	p->ambient &= p->permitted & p->inheritable;
}

static int check_process(const struct oci_process *process, struct err *e)
{
	if (process->args.n > 0 && process->args.items[0][0] == '\0')
		return err_refuse(e, -EINVAL, "config.json: process.args is empty");
	if (!process->cwd || process->cwd[0] != '/')
		return err_refuse(e, -EINVAL, "config.json: process.cwd must be an absolute path");
	return 0;
}

static const char *if_any(const char *text)
{
	return text && *text ? text : NULL;
}

/* What would make the walls higher and cannot be done here is refused, never left out. */
static int add_labels(struct plan *p, const struct oci_process *process, struct err *e)
{
	const struct oci_linux *linux_ = p->config->linux_;

	p->apparmor_profile = if_any(process->apparmor_profile);
	p->selinux_label = if_any(process->selinux_label);
	p->mount_label = linux_ ? if_any(linux_->mount_label) : NULL;
	if (p->apparmor_profile && !lsm_has_apparmor("")) {
		if (strcmp(p->apparmor_profile, "unconfined") != 0)
			return err_refuse(e, -EOPNOTSUPP,
			    "config.json: process.apparmorProfile: apparmor is not enabled on "
			    "this host: '%s'",
			    p->apparmor_profile);
		p->apparmor_profile = NULL;
	}
	if (!p->selinux_label && !p->mount_label)
		return 0;
	if (!lsm_has_selinux(""))
		return err_refuse(e, -EOPNOTSUPP,
		    "config.json: %s: selinux is not enabled on this host: '%s'",
		    p->selinux_label ? "process.selinuxLabel" : "linux.mountLabel",
		    p->selinux_label ? p->selinux_label : p->mount_label);
	return 0;
}

/* An empty one is as good as none, as with runc. */
static int add_env(struct plan *p, const struct oci_process *process, struct err *e)
{
	const char *home = strv_env_get(&process->env, "HOME");
	size_t n = 0;

	if (home && *home)
		return 0;
	p->env = calloc(process->env.n + 2, sizeof(*p->env));
	if (!p->env)
		return err_set(e, -ENOMEM, "cannot plan the environment");
	strv_for_each (at, &process->env) {
		if (strcmp(*at, "HOME=") != 0)
			p->env[n++] = *at;
	}
	p->home = &p->env[n];
	return 0;
}

static int add_filter(struct plan *p, struct err *e)
{
	const struct oci_linux *linux_ = p->config->linux_;

	if (!linux_ || !linux_->seccomp)
		return 0;
	return seccomp_compile(linux_->seccomp, &p->seccomp, e);
}

int plan_add_process(struct plan *p, struct err *e)
{
	const struct oci_process *process = p->config->process;
	uint64_t own = 0;
	int r;

	if (!process)
		return err_refuse(e, -EINVAL, "config.json: process is missing");
	r = check_process(process, e);
	if (r >= 0)
		r = read_own_status(p, &own, e);
	if (r < 0)
		return r;
	add_capabilities(p, process, own);
	r = add_rlimits(p, process, e);
	if (r >= 0)
		r = add_env(p, process, e);
	if (r >= 0)
		r = add_labels(p, process, e);
	if (r >= 0)
		r = tuning_read(p->config, &p->tuning, e);
	if (r >= 0)
		r = add_filter(p, e);
	p->terminal = process->terminal;
	return r;
}
