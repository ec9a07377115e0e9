/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OCI run-time configuration: what a table cannot say
 */
#include "format/oci_config_check.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "format/number_list.h"
#include "format/oci_config.h"

static bool is_one_of(const char *text, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(text, *names) == 0)
			return true;
	return false;
}

static int check_absolute(const char *text, const char *path, const char *key, struct err *e)
{
	if (text[0] == '/')
		return 0;
	return err_refuse(e, -EBADMSG, "%s%s: not an absolute path: '%s'", path, key, text);
}

static int check_absolute_all(
    const struct strv *texts, const char *path, const char *key, struct err *e)
{
	for (size_t i = 0; i < texts->n; i++)
		if (texts->items[i][0] != '/')
			return err_refuse(e, -EBADMSG, "%s%s[%zu]: not an absolute path: '%s'",
			    path, key, i, texts->items[i]);
	return 0;
}

/* "" stands for "not said", where the specification has a path or a name. */
static void drop_empty(char **text)
{
	if (*text && !**text) {
		free(*text);
		*text = NULL;
	}
}

int oci_check_idmap(void *filled, const char *path, struct err *e)
{
	const struct oci_idmap *map = filled;
	uint32_t last;

	if (map->size == 0)
		return err_refuse(e, -EBADMSG, "%ssize: a range of no ids", path);
	if (__builtin_add_overflow(map->container_id, map->size - 1, &last) ||
	    __builtin_add_overflow(map->host_id, map->size - 1, &last))
		return err_refuse(e, -EBADMSG, "%ssize: the range ends beyond 32 bits", path);
	return 0;
}

int oci_check_mount(void *filled, const char *path, struct err *e)
{
	struct oci_mount *mount = filled;
	char *absolute = NULL;

	drop_empty(&mount->type);
	drop_empty(&mount->source);
	if (!*mount->destination)
		return err_refuse(e, -EBADMSG, "%sdestination: empty", path);
	if (mount->destination[0] == '/')
		return 0;
	/* config.md, "Mounts": it may be relative, and then is so to "/". */
	if (asprintf(&absolute, "/%s", mount->destination) < 0)
		return err_set(e, -ENOMEM, "config.json");
	free(mount->destination);
	mount->destination = absolute;
	return 0;
}

int oci_check_rlimit(void *filled, const char *path, struct err *e)
{
	static const char *const names[] = { "RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_CPU",
		"RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_LOCKS", "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE",
		"RLIMIT_NICE", "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_RSS", "RLIMIT_RTPRIO",
		"RLIMIT_RTTIME", "RLIMIT_SIGPENDING", "RLIMIT_STACK", NULL };
	const struct oci_rlimit *limit = filled;

	if (!is_one_of(limit->type, names))
		return err_refuse(e, -EBADMSG, "%stype: no such limit: '%s'", path, limit->type);
	if (limit->soft > limit->hard)
		return err_refuse(e, -EBADMSG, "%ssoft: above the hard limit", path);
	return 0;
}

static int check_all_of(const struct strv *texts, const char *const *names, const char *path,
    const char *key, struct err *e)
{
	for (size_t i = 0; i < texts->n; i++)
		if (!is_one_of(texts->items[i], names))
			return err_refuse(e, -EBADMSG, "%s%s[%zu]: no such flag: '%s'", path, key,
			    i, texts->items[i]);
	return 0;
}

static int check_list(const char *text, const char *path, const char *key, struct err *e)
{
	uint64_t bits[NUMBER_LIST_WORDS] = { 0 };

	if (!text || number_list_parse(text, bits) >= 0)
		return 0;
	return err_refuse(e, -EBADMSG, "%s%s: not a list of numbers: '%s'", path, key, text);
}

/* Each policy has numbers of its own; those of others would be left out without a word. */
static int check_policy(const struct oci_scheduler *s, const char *path, struct err *e)
{
	const bool deadline = strcmp(s->policy, "SCHED_DEADLINE") == 0;
	const bool real_time =
	    strcmp(s->policy, "SCHED_FIFO") == 0 || strcmp(s->policy, "SCHED_RR") == 0;
	const bool fair =
	    strcmp(s->policy, "SCHED_OTHER") == 0 || strcmp(s->policy, "SCHED_BATCH") == 0;

	if (s->has_nice && s->nice != 0 && !fair)
		return err_refuse(e, -EBADMSG, "%snice: not with %s", path, s->policy);
	if (s->nice < -20 || s->nice > 19)
		return err_refuse(e, -EBADMSG, "%snice: not from -20 to 19", path);
	if (s->has_priority && s->priority != 0 && !real_time)
		return err_refuse(e, -EBADMSG, "%spriority: not with %s", path, s->policy);
	if (real_time && (s->priority < 1 || s->priority > 99))
		return err_refuse(e, -EBADMSG, "%spriority: not from 1 to 99", path);
	if ((s->runtime || s->deadline || s->period) && !deadline)
		return err_refuse(e, -EBADMSG, "%sruntime: not with %s", path, s->policy);
	return 0;
}

int oci_check_scheduler(void *filled, const char *path, struct err *e)
{
	static const char *const policies[] = { "SCHED_OTHER", "SCHED_FIFO", "SCHED_RR",
		"SCHED_BATCH", "SCHED_ISO", "SCHED_IDLE", "SCHED_DEADLINE", NULL };
	static const char *const flags[] = { "SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM",
		"SCHED_FLAG_DL_OVERRUN", "SCHED_FLAG_KEEP_POLICY", "SCHED_FLAG_KEEP_PARAMS",
		"SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX", NULL };
	const struct oci_scheduler *scheduler = filled;
	int r;

	if (!is_one_of(scheduler->policy, policies))
		return err_refuse(
		    e, -EBADMSG, "%spolicy: no such policy: '%s'", path, scheduler->policy);
	r = check_all_of(&scheduler->flags, flags, path, "flags", e);
	return r < 0 ? r : check_policy(scheduler, path, e);
}

int oci_check_io_priority(void *filled, const char *path, struct err *e)
{
	static const char *const classes[] = { "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE",
		"IOPRIO_CLASS_IDLE", NULL };
	const struct oci_io_priority *priority = filled;

	if (!is_one_of(priority->class_name, classes))
		return err_refuse(
		    e, -EBADMSG, "%sclass: no such class: '%s'", path, priority->class_name);
	if (priority->priority < 0 || priority->priority > 7)
		return err_refuse(e, -EBADMSG, "%spriority: not from 0 to 7", path);
	return 0;
}

int oci_check_cpu_affinity(void *filled, const char *path, struct err *e)
{
	struct oci_cpu_affinity *affinity = filled;
	int r;

	drop_empty(&affinity->initial);
	drop_empty(&affinity->final_);
	r = check_list(affinity->initial, path, "initial", e);
	return r < 0 ? r : check_list(affinity->final_, path, "final", e);
}

int oci_check_process(void *filled, const char *path, struct err *e)
{
	const struct oci_process *process = filled;
	int r;

	r = check_absolute(process->cwd, path, "cwd", e);
	if (r < 0)
		return r;
	if (process->args.n == 0)
		return err_refuse(e, -EBADMSG, "%sargs: missing", path);
	if (process->oom_score_adj < -1000 || process->oom_score_adj > 1000)
		return err_refuse(e, -EBADMSG, "%soomScoreAdj: not from -1000 to 1000", path);
	if (process->user.umask > 0777)
		return err_refuse(e, -EBADMSG, "%suser.umask: above 0777", path);
	for (size_t i = 0; i < process->n_rlimits; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(process->rlimits[i].type, process->rlimits[k].type) == 0)
				return err_refuse(e, -EBADMSG, "%srlimits[%zu].type: '%s' twice",
				    path, i, process->rlimits[i].type);
	return 0;
}

int oci_check_namespace(void *filled, const char *path, struct err *e)
{
	static const char *const kinds[] = { "pid", "network", "mount", "ipc", "uts", "user",
		"cgroup", "time", NULL };
	struct oci_namespace *ns = filled;

	if (!is_one_of(ns->type, kinds))
		return err_refuse(e, -EBADMSG, "%stype: no such kind: '%s'", path, ns->type);
	drop_empty(&ns->path);
	return ns->path ? check_absolute(ns->path, path, "path", e) : 0;
}

int oci_check_device(void *filled, const char *path, struct err *e)
{
	static const char *const types[] = { "c", "b", "u", "p", NULL };
	struct oci_device *device = filled;

	if (!is_one_of(device->type, types))
		return err_refuse(
		    e, -EBADMSG, "%stype: no such type of device: '%s'", path, device->type);
	if (device->major < 0 || device->minor < 0 || device->major > UINT32_MAX ||
	    device->minor > UINT32_MAX)
		return err_refuse(e, -EBADMSG, "%smajor: no such device: %jd:%jd", path,
		    (intmax_t)device->major, (intmax_t)device->minor);
	/* Some writers leave the file type's bits in: `type` says it already. */
	device->file_mode &= 07777;
	return check_absolute(device->path, path, "path", e);
}

int oci_check_device_rule(void *filled, const char *path, struct err *e)
{
	static const char *const types[] = { "a", "b", "c", "u", NULL };
	struct oci_device_rule *rule = filled;

	drop_empty(&rule->type);
	drop_empty(&rule->access);
	if (rule->type && !is_one_of(rule->type, types))
		return err_refuse(
		    e, -EBADMSG, "%stype: no such type of device: '%s'", path, rule->type);
	if (rule->access && strspn(rule->access, "rwm") != strlen(rule->access))
		return err_refuse(
		    e, -EBADMSG, "%saccess: more than r, w and m: '%s'", path, rule->access);
	if (rule->major < -1 || rule->minor < -1 || rule->major > UINT32_MAX ||
	    rule->minor > UINT32_MAX)
		return err_refuse(e, -EBADMSG, "%smajor: no such device: %jd:%jd", path,
		    (intmax_t)rule->major, (intmax_t)rule->minor);
	return 0;
}

int oci_check_seccomp_arg(void *filled, const char *path, struct err *e)
{
	static const char *const ops[] = { "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",
		"SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL };
	const struct oci_seccomp_arg *arg = filled;

	if (arg->index > 5)
		return err_refuse(
		    e, -EBADMSG, "%sindex: a system call has no argument %u", path, arg->index);
	if (!is_one_of(arg->op, ops))
		return err_refuse(e, -EBADMSG, "%sop: no such comparison: '%s'", path, arg->op);
	return 0;
}

static int check_action(const char *action, const char *path, const char *key, struct err *e)
{
	static const char *const actions[] = { "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS",
		"SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE",
		"SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY", NULL };

	if (is_one_of(action, actions))
		return 0;
	return err_refuse(e, -EBADMSG, "%s%s: no such action: '%s'", path, key, action);
}

int oci_check_seccomp_rule(void *filled, const char *path, struct err *e)
{
	const struct oci_seccomp_rule *rule = filled;

	if (rule->names.n == 0)
		return err_refuse(e, -EBADMSG, "%snames: empty", path);
	return check_action(rule->action, path, "action", e);
}

static bool asks_somebody(const struct oci_seccomp *seccomp)
{
	for (size_t i = 0; i < seccomp->n_syscalls; i++)
		if (strcmp(seccomp->syscalls[i].action, "SCMP_ACT_NOTIFY") == 0)
			return true;
	return false;
}

/*
 * The container's process sends the listener away itself, when the filter is in
 * force already: it must not have to wait for an answer to that.
 */
static int check_notify(const struct oci_seccomp *seccomp, const char *path, struct err *e)
{
	if (strcmp(seccomp->default_action, "SCMP_ACT_NOTIFY") == 0)
		return err_refuse(e, -EBADMSG,
		    "%sdefaultAction: SCMP_ACT_NOTIFY cannot be asked for all calls", path);
	for (size_t i = 0; i < seccomp->n_syscalls; i++) {
		const struct oci_seccomp_rule *rule = &seccomp->syscalls[i];

		if (strcmp(rule->action, "SCMP_ACT_NOTIFY") == 0 &&
		    strv_has(&rule->names, "sendmsg"))
			return err_refuse(e, -EBADMSG,
			    "%ssyscalls[%zu].names: SCMP_ACT_NOTIFY cannot be asked for 'sendmsg': "
			    "by it the listener is handed over",
			    path, i);
	}
	if (asks_somebody(seccomp) && !seccomp->listener_path)
		return err_refuse(
		    e, -EBADMSG, "%slistenerPath: missing, and SCMP_ACT_NOTIFY is asked for", path);
	return 0;
}

int oci_check_seccomp(void *filled, const char *path, struct err *e)
{
	struct oci_seccomp *seccomp = filled;
	int r;

	drop_empty(&seccomp->listener_path);
	drop_empty(&seccomp->listener_metadata);
	if (seccomp->listener_metadata && !seccomp->listener_path)
		return err_refuse(
		    e, -EBADMSG, "%slistenerMetadata: there is no listenerPath", path);
	r = check_action(seccomp->default_action, path, "defaultAction", e);
	return r < 0 ? r : check_notify(seccomp, path, e);
}

int oci_check_hook(void *filled, const char *path, struct err *e)
{
	const struct oci_hook *hook = filled;

	if (hook->has_timeout && hook->timeout <= 0)
		return err_refuse(e, -EBADMSG, "%stimeout: not above 0", path);
	return check_absolute(hook->path, path, "path", e);
}

int oci_check_personality(void *filled, const char *path, struct err *e)
{
	static const char *const domains[] = { "LINUX", "LINUX32", NULL };
	const struct oci_personality *personality = filled;

	if (!is_one_of(personality->domain, domains))
		return err_refuse(
		    e, -EBADMSG, "%sdomain: no such domain: '%s'", path, personality->domain);
	/* The specification has the key, and no value for it. */
	if (personality->flags.n > 0)
		return err_refuse(e, -EBADMSG, "%sflags[0]: no such flag: '%s'", path,
		    personality->flags.items[0]);
	return 0;
}

int oci_check_memory_policy(void *filled, const char *path, struct err *e)
{
	static const char *const modes[] = { "MPOL_DEFAULT", "MPOL_BIND", "MPOL_INTERLEAVE",
		"MPOL_WEIGHTED_INTERLEAVE", "MPOL_PREFERRED", "MPOL_PREFERRED_MANY", "MPOL_LOCAL",
		NULL };
	static const char *const flags[] = { "MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES",
		"MPOL_F_STATIC_NODES", NULL };
	struct oci_memory_policy *policy = filled;
	int r;

	drop_empty(&policy->nodes);
	if (!is_one_of(policy->mode, modes))
		return err_refuse(e, -EBADMSG, "%smode: no such mode: '%s'", path, policy->mode);
	r = check_all_of(&policy->flags, flags, path, "flags", e);
	return r < 0 ? r : check_list(policy->nodes, path, "nodes", e);
}

int oci_check_time_offset(void *filled, const char *path, struct err *e)
{
	const struct oci_time_offset *offset = filled;

	if (offset->nanosecs >= 1000000000)
		return err_refuse(e, -EBADMSG, "%snanosecs: a second or more", path);
	return 0;
}

/* As the kernel has it: dev_valid_name(). */
static bool is_interface(const char *name)
{
	const size_t len = strlen(name);

	return len > 0 && len < 16 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	    !strpbrk(name, "/: \t\n\v\f\r");
}

int oci_check_net_device(void *filled, const char *path, struct err *e)
{
	struct oci_net_device *device = filled;

	drop_empty(&device->name);
	if (!is_interface(device->key))
		return err_refuse(
		    e, -EBADMSG, "%.*s: not the name of an interface", (int)strlen(path) - 1, path);
	if (device->name && !is_interface(device->name))
		return err_refuse(
		    e, -EBADMSG, "%sname: not the name of an interface: '%s'", path, device->name);
	return 0;
}

int oci_check_interface_priority(void *filled, const char *path, struct err *e)
{
	const struct oci_interface_priority *priority = filled;

	if (is_interface(priority->name))
		return 0;
	return err_refuse(
	    e, -EBADMSG, "%sname: not the name of an interface: '%s'", path, priority->name);
}

static const struct oci_namespace *find_namespace(const struct oci_linux *l, const char *type)
{
	for (size_t i = 0; i < l->n_namespaces; i++)
		if (strcmp(l->namespaces[i].type, type) == 0)
			return &l->namespaces[i];
	return NULL;
}

/* What would else happen to the host. */
static int check_needed_namespaces(const struct oci_linux *l, const char *path, struct err *e)
{
	const struct oci_namespace *time_namespace = find_namespace(l, "time");
	const bool offsets =
	    l->time_offsets && (l->time_offsets->monotonic || l->time_offsets->boottime);

	if (offsets && (!time_namespace || time_namespace->path))
		return err_refuse(
		    e, -EBADMSG, "%stimeOffsets: there is no new time namespace", path);
	if (l->n_net_devices > 0 && !find_namespace(l, "network"))
		return err_refuse(e, -EBADMSG, "%snetDevices: there is no network namespace", path);
	return 0;
}

static const char *name_inside(const struct oci_net_device *device)
{
	return device->name ? device->name : device->key;
}

static int check_interfaces_once(const struct oci_linux *l, const char *path, struct err *e)
{
	for (size_t i = 0; i < l->n_net_devices; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(name_inside(&l->net_devices[i]),
			        name_inside(&l->net_devices[k])) == 0 &&
			    !strchr(name_inside(&l->net_devices[i]), '%'))
				return err_refuse(e, -EBADMSG, "%snetDevices.%s.name: '%s' twice",
				    path, l->net_devices[i].key, name_inside(&l->net_devices[i]));
	return 0;
}

static int check_namespaces_once(const struct oci_linux *l, const char *path, struct err *e)
{
	for (size_t i = 0; i < l->n_namespaces; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(l->namespaces[i].type, l->namespaces[k].type) == 0)
				return err_refuse(e, -EBADMSG, "%snamespaces[%zu].type: '%s' twice",
				    path, i, l->namespaces[i].type);
	return 0;
}

static bool has_dot_dot(const char *text)
{
	const char *at = text;

	while ((at = strstr(at, "..")) != NULL) {
		const bool begins = at == text || at[-1] == '/';

		if (begins && (at[2] == '/' || at[2] == '\0'))
			return true;
		at += 2;
	}
	return false;
}

int oci_check_linux(void *filled, const char *path, struct err *e)
{
	static const char *const propagations[] = { "private", "rprivate", "slave", "rslave",
		"shared", "rshared", "unbindable", "runbindable", NULL };
	struct oci_linux *l = filled;
	int r;

	drop_empty(&l->cgroups_path);
	drop_empty(&l->rootfs_propagation);
	drop_empty(&l->mount_label);
	if (l->cgroups_path && has_dot_dot(l->cgroups_path))
		return err_refuse(
		    e, -EBADMSG, "%scgroupsPath: has '..' in it: '%s'", path, l->cgroups_path);
	if (l->rootfs_propagation && !is_one_of(l->rootfs_propagation, propagations))
		return err_refuse(e, -EBADMSG, "%srootfsPropagation: no such propagation: '%s'",
		    path, l->rootfs_propagation);
	for (size_t i = 0; i < l->sysctl.n; i++)
		if (!*l->sysctl.items[i].key || strstr(l->sysctl.items[i].key, ".."))
			return err_refuse(e, -EBADMSG, "%ssysctl: not a name: '%s'", path,
			    l->sysctl.items[i].key);
	r = check_namespaces_once(l, path, e);
	if (r < 0)
		return r;
	r = check_needed_namespaces(l, path, e);
	if (r >= 0)
		r = check_interfaces_once(l, path, e);
	if (r < 0)
		return r;
	r = check_absolute_all(&l->masked_paths, path, "maskedPaths", e);
	if (r < 0)
		return r;
	return check_absolute_all(&l->readonly_paths, path, "readonlyPaths", e);
}

int oci_check_config(void *filled, const char *path, struct err *e)
{
	struct oci_config *config = filled;
	const char *version = config->oci_version;

	if (strncmp(version, "1.", 2) != 0 || version[2] < '0' || version[2] > '9')
		return err_refuse(
		    e, -EBADMSG, "%sociVersion: '%s', and only 1.x is spoken", path, version);
	if (!*config->root_path)
		return err_refuse(e, -EBADMSG, "%sroot.path: empty", path);
	drop_empty(&config->hostname);
	drop_empty(&config->domainname);
	return 0;
}
