/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of `dolium run` and `dolium create`
 */
#include "cli/create_options.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "cli/env_file.h"
#include "cli/limit_option.h"
#include "cli/mount_option.h"
#include "cli/option.h"

/* ------------------------------------------------- values that need a parser */

/* Makes room for one more in an array that grows one by one: there are never many. */
static void *grow(void **items, size_t n, size_t size, struct err *e)
{
	void *more = reallocarray(*items, n + 1, size);

	if (!more) {
		err_refuse(e, -ENOMEM, "no memory is left");
		return NULL;
	}
	*items = more;
	memset((char *)more + n * size, 0, size);
	return (char *)more + n * size;
}

static int add_mount(struct run_options *o, const char *value,
    int (*parse)(const char *, struct strv *, struct dolium_mount *, struct err *), struct err *e)
{
	struct dolium_mount *m = grow((void **)&o->mounts, o->n_mounts, sizeof(*m), e);
	int r;

	if (!m)
		return -ENOMEM;
	r = parse(value, &o->texts, m, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < o->n_mounts; i++)
		if (strcmp(o->mounts[i].target, m->target) == 0)
			return err_refuse(
			    e, -EINVAL, "something else is mounted on '%s'", m->target);
	o->n_mounts++;
	return 0;
}

static int on_volume(void *target, const char *value, struct err *e)
{
	return add_mount(target, value, mount_parse_volume, e);
}

static int on_mount(void *target, const char *value, struct err *e)
{
	return add_mount(target, value, mount_parse_mount, e);
}

static int on_tmpfs(void *target, const char *value, struct err *e)
{
	return add_mount(target, value, mount_parse_tmpfs, e);
}

/* A limit that is said again replaces the first. */
static int on_ulimit(void *target, const char *value, struct err *e)
{
	struct run_options *o = target;
	struct dolium_ulimit u = { 0 }, *at;
	int r = ulimit_parse(value, &o->texts, &u, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < o->n_ulimits; i++)
		if (strcmp(o->ulimits[i].name, u.name) == 0) {
			o->ulimits[i] = u;
			return 0;
		}
	at = grow((void **)&o->ulimits, o->n_ulimits, sizeof(*at), e);
	if (!at)
		return -ENOMEM;
	*at = u;
	o->n_ulimits++;
	return 0;
}

static int on_device(void *target, const char *value, struct err *e)
{
	struct run_options *o = target;
	struct dolium_device *d = grow((void **)&o->devices, o->n_devices, sizeof(*d), e);
	int r = d ? device_parse(value, &o->texts, d, e) : -ENOMEM;

	if (r >= 0)
		o->n_devices++;
	return r;
}

static int on_attach(void *target, const char *value, struct err *e)
{
	struct run_options *o = target;

	if (strcasecmp(value, "stdin") == 0)
		o->attach_stdin = true;
	else if (strcasecmp(value, "stdout") == 0)
		o->attach_stdout = true;
	else if (strcasecmp(value, "stderr") == 0)
		o->attach_stderr = true;
	else
		return err_refuse(e, -EINVAL, "it is one of stdin, stdout or stderr");
	return 0;
}

static int on_env(void *target, const char *value, struct err *e)
{
	struct run_options *o = target;

	if (!*value || *value == '=')
		return err_refuse(e, -EINVAL, "a variable needs a name");
	return strv_add(&o->env, value) < 0 ? err_refuse(e, -ENOMEM, "no memory is left") : 0;
}

/* A label without a value has an empty one. */
static int add_pair(struct strv *to, const char *value, struct err *e)
{
	const char *equals = strchr(value, '=');
	int r;

	if (!*value || equals == value)
		return err_refuse(e, -EINVAL, "a name is missing");
	r = equals ? strv_add(to, value) : strv_addf(to, "%s=", value);
	return r < 0 ? err_refuse(e, r, "no memory is left") : 0;
}

static int on_label(void *target, const char *value, struct err *e)
{
	return add_pair(&((struct run_options *)target)->labels, value, e);
}

static int on_annotation(void *target, const char *value, struct err *e)
{
	return add_pair(&((struct run_options *)target)->annotations, value, e);
}

static int on_sysctl(void *target, const char *value, struct err *e)
{
	if (!strchr(value, '='))
		return err_refuse(e, -EINVAL, "not of the form NAME=VALUE");
	return add_pair(&((struct run_options *)target)->sysctls, value, e);
}

static int on_add_host(void *target, const char *value, struct err *e)
{
	const size_t name = strcspn(value, ":=");

	if (!value[name] || name == 0 || !value[name + 1])
		return err_refuse(e, -EINVAL, "not of the form HOST:IP");
	/* The engine knows one form. */
	if (strv_addf(&((struct run_options *)target)->add_host, "%.*s:%s", (int)name, value,
	        value + name + 1) < 0)
		return err_refuse(e, -ENOMEM, "no memory is left");
	return 0;
}

/* Docker's 0 means unlimited as well; to the engine 0 is "not said". */
static int on_pids_limit(void *target, const char *value, struct err *e)
{
	struct run_options *o = target;
	char *end;
	long long limit;

	errno = 0;
	limit = strtoll(value, &end, 10);
	if (end == value || *end || errno || limit < -1)
		return err_refuse(e, -EINVAL, "not a whole number, nor -1 for unlimited");
	o->create.pids_limit = limit > 0 ? limit : -1;
	return 0;
}

static int on_oom_score_adj(void *target, const char *value, struct err *e)
{
	struct run_options *o = target;
	char *end;
	long score;

	errno = 0;
	score = strtol(value, &end, 10);
	if (end == value || *end || errno || score < -1000 || score > 1000)
		return err_refuse(e, -EINVAL, "not between -1000 and 1000");
	o->create.oom_score_adj = (int)score;
	o->create.has_oom_score_adj = true;
	return 0;
}

/* ------------------------------------------------------------------ the table */

static const char *const host_or_private[] = { "host", "private", NULL };
static const char *const isolations[] = { "container", "chroot", "vm", NULL };
static const char *const pulls[] = { "missing", "always", "never", NULL };
static const char *const networks[] = { "none", "host", NULL };
static const char *const namespaces_of_users[] = { "auto", "host", "keep-id", NULL };
static const char *const booleans[] = { "true", "false", NULL };

#define RUN(field_) offsetof(struct run_options, field_)
static const char *const log_drivers[] = { "json-file", "k8s-file", "journald", "none", NULL };

#define CREATE(field_) offsetof(struct run_options, create.field_)

const struct cli_option run_option_table[] = {
	/* N_RUN_ONLY of them */
	{ "detach", 'd', OPTION_FLAG, RUN(detach),
	    .help = "Run in the background, and print the id of the container" },
	{ "detach-keys", .kind = OPTION_TEXT, .offset = RUN(detach_keys), .argument = "KEYS",
	    .help = "What to type to leave it running; ctrl-p,ctrl-q unless said otherwise" },
	{ "sig-proxy", 0, OPTION_FLAG, RUN(sig_proxy),
	    .help = "Send signals on to the container; true unless said otherwise" },
	{ "add-host", .kind = OPTION_CALL, .parse = on_add_host, .argument = "HOST:IP",
	    .help = "Add a line to the hosts file of the container" },
	{ "annotation", .kind = OPTION_CALL, .parse = on_annotation, .argument = "KEY=VALUE",
	    .help = "Add an annotation to the OCI configuration" },
	{ "attach", 'a', OPTION_CALL, .parse = on_attach, .argument = "STREAM",
	    .help = "Attach to stdin, stdout or stderr" },
	{ "blkio-weight", .kind = OPTION_NUMBER, .offset = RUN(blkio_weight), .argument = "N",
	    .min = 10, .max = 1000, .help = "Share of block I/O, from 10 to 1000" },
	{ "cap-add", .kind = OPTION_LIST, .offset = RUN(cap_add), .argument = "CAPABILITY",
	    .help = "Give a capability, such as NET_ADMIN, or ALL" },
	{ "cap-drop", .kind = OPTION_LIST, .offset = RUN(cap_drop), .argument = "CAPABILITY",
	    .help = "Take a capability away, or ALL" },
	{ "cgroup-parent", .kind = OPTION_TEXT, .offset = CREATE(cgroup_parent), .argument = "PATH",
	    .help = "Cgroup below which the container's own is made" },
	{ "cgroupns", .kind = OPTION_TEXT, .offset = CREATE(cgroupns), .argument = "WHICH",
	    .choices = host_or_private, .help = "Cgroup namespace" },
	{ "cidfile", .kind = OPTION_TEXT, .offset = RUN(cidfile), .argument = "FILE",
	    .completion = COMPLETE_FILE, .help = "Write the id of the container to a new file" },
	{ "cpu-period", .kind = OPTION_NUMBER, .offset = CREATE(cpu_period), .argument = "US",
	    .min = 1000, .max = 1000000, .help = "Period of the CPU quota, in microseconds" },
	{ "cpu-quota", .kind = OPTION_NUMBER, .offset = CREATE(cpu_quota), .argument = "US",
	    .help = "CPU time in each period, in microseconds" },
	{ "cpu-shares", 'c', OPTION_NUMBER, RUN(cpu_shares), "N", .min = 2, .max = 262144,
	    .help = "Share of CPU time beside others; 1024 is usual" },
	{ "cpus", .kind = OPTION_CPUS, .offset = CREATE(nano_cpus), .argument = "N",
	    .help = "At most so many CPUs, such as 1.5" },
	{ "cpuset-cpus", .kind = OPTION_TEXT, .offset = CREATE(cpuset_cpus), .argument = "LIST",
	    .help = "Only these CPUs: 0-3 or 0,1" },
	{ "cpuset-mems", .kind = OPTION_TEXT, .offset = CREATE(cpuset_mems), .argument = "LIST",
	    .help = "Only the memory of these NUMA nodes" },
	{ "device", .kind = OPTION_CALL, .parse = on_device, .argument = "HOST[:PATH][:rwm]",
	    .completion = COMPLETE_FILE, .help = "Give a device of the host" },
	{ "dns", .kind = OPTION_LIST, .offset = RUN(dns), .argument = "IP",
	    .help = "Name server for the resolv.conf of the container" },
	{ "dns-option", .kind = OPTION_LIST, .offset = RUN(dns_option), .argument = "OPTION",
	    .help = "Option for resolv.conf" },
	{ "dns-opt", .alias_of = "dns-option" },
	{ "dns-search", .kind = OPTION_LIST, .offset = RUN(dns_search), .argument = "DOMAIN",
	    .help = "Search domain for resolv.conf" },
	{ "domainname", .kind = OPTION_TEXT, .offset = CREATE(domainname), .argument = "NAME",
	    .help = "NIS domain name" },
	{ "entrypoint", .kind = OPTION_TEXT, .offset = RUN(entrypoint), .argument = "PROGRAM",
	    .help = "Start this instead of the image's entry point; \"\" for none" },
	{ "env", 'e', OPTION_CALL, .parse = on_env, .argument = "KEY[=VALUE]",
	    .help = "Set a variable; without a value, as it is here" },
	{ "env-file", .kind = OPTION_LIST, .offset = RUN(env_files), .argument = "FILE",
	    .completion = COMPLETE_FILE, .help = "Set the variables that a file lists" },
	{ "env-host", .kind = OPTION_FLAG, .offset = CREATE(env_host),
	    .help = "Set all variables as they are here" },
	{ "group-add", .kind = OPTION_LIST, .offset = RUN(group_add), .argument = "GROUP",
	    .help = "Add a group to those of the user" },
	{ "hostname", 'h', OPTION_TEXT, CREATE(hostname), "NAME",
	    .help = "Host name inside; the id unless said otherwise" },
	{ "init", .kind = OPTION_FLAG, .offset = CREATE(init),
	    .help = "Run an init inside that forwards signals and reaps" },
	{ "interactive", 'i', OPTION_FLAG, CREATE(interactive),
	    .help = "Connect stdin to the container" },
	{ "ipc", .kind = OPTION_TEXT, .offset = CREATE(ipc), .argument = "WHICH",
	    .choices = host_or_private, .help = "IPC namespace" },
	{ "isolation", .kind = OPTION_TEXT, .offset = RUN(isolation), .argument = "LEVEL",
	    .choices = isolations, .help = "Which walls" },
	{ "label", 'l', OPTION_CALL, .parse = on_label, .argument = "KEY[=VALUE]",
	    .help = "Set a label of the container" },
	{ "label-file", .kind = OPTION_LIST, .offset = RUN(label_files), .argument = "FILE",
	    .completion = COMPLETE_FILE, .help = "Set the labels that a file lists" },
	{ "log-driver", .kind = OPTION_TEXT, .offset = CREATE(log_driver), .argument = "DRIVER",
	    .choices = log_drivers, .help = "Where what it writes is kept" },
	{ "log-opt", .kind = OPTION_LIST, .offset = RUN(log_opts), .argument = "KEY=VALUE",
	    .help = "Of the log: max-size=SIZE, max-file=N, tag=TEXT" },
	{ "memory", 'm', OPTION_SIZE, CREATE(memory), "SIZE", .help = "Memory limit" },
	{ "memory-reservation", .kind = OPTION_SIZE, .offset = CREATE(memory_reservation),
	    .argument = "SIZE", .help = "Memory that is left to it when memory is short" },
	{ "memory-swap", .kind = OPTION_SIZE, .offset = CREATE(memory_swap), .argument = "SIZE",
	    .unlimited = true, .help = "Limit of memory and swap together; -1 for unlimited swap" },
	{ "mount", .kind = OPTION_CALL, .parse = on_mount, .argument = "KEY=VALUE,...",
	    .help = "Mount a path of the host, a volume or a tmpfs" },
	{ "name", .kind = OPTION_TEXT, .offset = CREATE(name), .argument = "NAME",
	    .help = "Name of the container" },
	{ "network", .kind = OPTION_TEXT, .offset = CREATE(network), .argument = "WHICH",
	    .choices = networks, .help = "Network" },
	{ "net", .alias_of = "network" },
	{ "oom-kill-disable", .kind = OPTION_FLAG, .offset = CREATE(oom_kill_disable),
	    .help = "Do not kill where memory runs out (cgroup v1)" },
	{ "oom-score-adj", .kind = OPTION_CALL, .parse = on_oom_score_adj, .argument = "N",
	    .help = "How soon the kernel kills it, from -1000 to 1000" },
	{ "pid", .kind = OPTION_TEXT, .offset = CREATE(pid), .argument = "WHICH",
	    .choices = host_or_private, .help = "PID namespace" },
	{ "pids-limit", .kind = OPTION_CALL, .parse = on_pids_limit, .argument = "N",
	    .help = "At most so many processes; -1 for unlimited" },
	{ "platform", .kind = OPTION_TEXT, .offset = CREATE(platform), .argument = "OS/ARCH",
	    .help = "Platform of the image, such as linux/arm64" },
	{ "privileged", .kind = OPTION_FLAG, .offset = CREATE(privileged),
	    .help = "Take most walls down: all capabilities, all devices" },
	{ "pull", .kind = OPTION_TEXT, .offset = CREATE(pull), .argument = "WHEN", .choices = pulls,
	    .help = "When to fetch the image" },
	{ "quiet", 'q', OPTION_FLAG, RUN(quiet), .help = "Do not show how a pull goes on" },
	{ "read-only", .kind = OPTION_FLAG, .offset = CREATE(read_only),
	    .help = "Mount the root of the container read-only" },
	{ "restart", .kind = OPTION_TEXT, .offset = CREATE(restart), .argument = "POLICY",
	    .help = "Start it again when it ends: no, always, unless-stopped, on-failure[:N]" },
	{ "rm", 0, OPTION_FLAG, CREATE(auto_remove), .help = "Remove the container when it ends" },
	{ "security-opt", .kind = OPTION_LIST, .offset = RUN(security_opt), .argument = "OPTION",
	    .help = "seccomp=FILE, seccomp=unconfined or no-new-privileges" },
	{ "shm-size", .kind = OPTION_SIZE, .offset = CREATE(shm_size), .argument = "SIZE",
	    .help = "Size of /dev/shm; 64m unless said otherwise" },
	{ "stop-signal", .kind = OPTION_TEXT, .offset = CREATE(stop_signal), .argument = "SIGNAL",
	    .help = "Signal that asks the container to end" },
	{ "stop-timeout", .kind = OPTION_NUMBER, .offset = RUN(stop_timeout), .argument = "SECONDS",
	    .min = 1, .max = INT_MAX, .help = "How long it may take to end before it is killed" },
	{ "sysctl", .kind = OPTION_CALL, .parse = on_sysctl, .argument = "NAME=VALUE",
	    .help = "Set a sysctl of the container's namespaces" },
	{ "tls-verify", .kind = OPTION_TEXT, .offset = RUN(tls_verify), .argument = "BOOL",
	    .choices = booleans, .help = "Whether a registry must prove who it is" },
	{ "tmpfs", .kind = OPTION_CALL, .parse = on_tmpfs, .argument = "PATH[:OPTIONS]",
	    .help = "Mount a file system in memory" },
	{ "tty", 't', OPTION_FLAG, CREATE(tty), .help = "Give the container a terminal" },
	{ "ulimit", .kind = OPTION_CALL, .parse = on_ulimit, .argument = "NAME=SOFT[:HARD]",
	    .help = "Limit of a process, such as nofile=1024" },
	{ "user", 'u', OPTION_TEXT, CREATE(user), "USER[:GROUP]",
	    .help = "User inside, by name or number" },
	{ "userns", .kind = OPTION_TEXT, .offset = CREATE(userns), .argument = "WHICH",
	    .choices = namespaces_of_users, .help = "User namespace" },
	{ "uts", .kind = OPTION_TEXT, .offset = CREATE(uts), .argument = "WHICH",
	    .choices = host_or_private, .help = "UTS namespace, which has the host name" },
	{ "volume", 'v', OPTION_CALL, .parse = on_volume, .argument = "[SOURCE:]PATH[:MODE]",
	    .completion = COMPLETE_FILE, .help = "Mount a path of the host, or a volume" },
	{ "workdir", 'w', OPTION_TEXT, CREATE(workdir), "DIR", .help = "Directory to start in" },
	{ NULL },
};

const struct run_options run_option_defaults = {
	.create = DOLIUM_OPTIONS(struct dolium_create_options),
	.sig_proxy = true,
};

/* ------------------------------------------------------------------ together */

static const char *const *list(const struct strv *v)
{
	return v->n ? (const char *const *)v->items : NULL;
}

/* The files first: what stands on the command line wins. */
static int collect_env(struct run_options *o, struct err *e)
{
	strv_for_each (path, &o->env_files) {
		int r = env_file_read(*path, &o->env_all, e);

		if (r < 0)
			return r;
	}
	if (strv_add_all(&o->env_all, list(&o->env)) < 0)
		return err_refuse(e, -ENOMEM, "no memory is left");
	o->create.env = list(&o->env_all);
	return 0;
}

static int collect_labels(struct run_options *o, struct err *e)
{
	strv_for_each (path, &o->label_files) {
		struct strv lines = { 0 };
		int r = env_file_read(*path, &lines, e);

		strv_for_each (line, &lines)
			if (r >= 0)
				r = add_pair(&o->labels_all, *line, e);
		strv_done(&lines);
		if (r < 0)
			return r;
	}
	if (strv_add_all(&o->labels_all, list(&o->labels)) < 0)
		return err_refuse(e, -ENOMEM, "no memory is left");
	o->create.labels = list(&o->labels_all);
	return 0;
}

static enum dolium_isolation isolation_of(const char *name)
{
	if (name && strcmp(name, "chroot") == 0)
		return DOLIUM_CHROOT;
	if (name && strcmp(name, "vm") == 0)
		return DOLIUM_VM;
	return DOLIUM_CONTAINER;
}

static void borrow_lists(struct run_options *o)
{
	struct dolium_create_options *c = &o->create;

	c->annotations = list(&o->annotations);
	c->sysctls = list(&o->sysctls);
	c->group_add = list(&o->group_add);
	c->add_host = list(&o->add_host);
	c->dns = list(&o->dns);
	c->dns_search = list(&o->dns_search);
	c->dns_option = list(&o->dns_option);
	c->cap_add = list(&o->cap_add);
	c->cap_drop = list(&o->cap_drop);
	c->security_opt = list(&o->security_opt);
	c->log_opts = list(&o->log_opts);
	c->mounts = o->mounts;
	c->n_mounts = o->n_mounts;
	c->ulimits = o->ulimits;
	c->n_ulimits = o->n_ulimits;
	c->devices = o->devices;
	c->n_devices = o->n_devices;
}

int create_options_finish(struct run_options *o, char **words, struct err *e)
{
	struct dolium_create_options *c = &o->create;
	int r;

	if (c->nano_cpus && (c->cpu_quota || c->cpu_period))
		return err_refuse(e, -EINVAL,
		    "'--cpus' cannot be used together with '--cpu-quota' or '--cpu-period'");
	if (c->memory_swap > 0 && !c->memory)
		return err_refuse(e, -EINVAL, "'--memory-swap' needs '--memory' beside it");
	if (c->memory_swap > 0 && c->memory_swap < c->memory)
		return err_refuse(e, -EINVAL,
		    "'--memory-swap' counts memory and swap together: it cannot be below "
		    "'--memory'");
	r = collect_env(o, e);
	if (r >= 0)
		r = collect_labels(o, e);
	if (r < 0)
		return r;
	borrow_lists(o);
	c->isolation = isolation_of(o->isolation);
	c->cpu_shares = (uint64_t)o->cpu_shares;
	c->blkio_weight = (unsigned)o->blkio_weight;
	c->stop_timeout = (int)o->stop_timeout;
	if (o->entrypoint) {
		o->entrypoint_list[0] = o->entrypoint;
		c->entrypoint = o->entrypoint_list;
	}
	if (o->tls_verify)
		c->pulling.tls_verify = strcmp(o->tls_verify, "true") == 0 ? 1 : -1;
	c->pulling.size = sizeof(c->pulling);
	c->pulling.platform = c->platform;
	c->image = words[0];
	c->command = words[1] ? (const char *const *)(words + 1) : NULL;
	return 0;
}

void create_options_done(void *target)
{
	struct run_options *o = target;

	free(o->mounts);
	free(o->ulimits);
	free(o->devices);
	strv_done(&o->env);
	strv_done(&o->labels);
	strv_done(&o->annotations);
	strv_done(&o->sysctls);
	strv_done(&o->add_host);
	strv_done(&o->env_all);
	strv_done(&o->labels_all);
	strv_done(&o->texts);
}
