/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the options to the record of a container
 *
 * The record has been given what the image says; what the user says goes on top.
 * Here every default is decided, so that whoever reads a record need not know any.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/num.h"
#include "engine/create.h"
#include "engine/naming.h"
#include "engine/spec.h"
#include "engine/spec_parts.h"
#include "engine/times.h"

#define STOP_SIGNAL  "SIGTERM"
#define STOP_TIMEOUT 10
#define SHM_DEFAULT  INT64_C(67108864)

/* ---- texts ---- */

/* Replaces, where there is a value. */
static int set(char **field, const char *value)
{
	char *copy;

	if (!value)
		return 0;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

static int set_if_said(char **field, const char *value)
{
	return set(field, value && value[0] ? value : NULL);
}

static int set_choice(char **field, const char *value, const char *otherwise)
{
	return set(field, value && value[0] ? value : otherwise);
}

static int env_set(struct strv *env, const char *entry)
{
	const char *equals = strchr(entry, '=');
	char *key;
	int r;

	key = strndup(entry, equals ? (size_t)(equals - entry) : strlen(entry));
	if (!key)
		return -ENOMEM;
	/* A name alone is taken from the caller's environment; where it is not there, neither is it
	 * inside. */
	if (!equals)
		equals = getenv(key);
	else
		equals++;
	r = equals ? strv_env_set(env, key, equals) : 0;
	free(key);
	return r;
}

/* The caller's environment is the lowest layer: whatever the image says stands above it. */
static int env_from_host(struct record *record)
{
	AUTO_STRV struct strv env = { 0 };
	struct strv swap;

	for (char **entry = environ; *entry; entry++)
		if (strchr(*entry, '=') && (*entry)[0] != '=' && strv_add(&env, *entry) < 0)
			return -ENOMEM;
	strv_for_each (entry, &record->env)
		if (env_set(&env, *entry) < 0)
			return -ENOMEM;
	swap = record->env;
	record->env = env;
	env = swap;
	return 0;
}

static int env_fill(const struct dolium_create_options *o, struct record *record)
{
	if (o->env_host && env_from_host(record) < 0)
		return -ENOMEM;
	for (const char *const *entry = o->env; entry && *entry; entry++)
		if (env_set(&record->env, *entry) < 0)
			return -ENOMEM;
	return 0;
}

static int map_fill(struct strmap *map, const char *const *entries)
{
	for (; entries && *entries; entries++) {
		const char *equals = strchr(*entries, '=');
		char *key =
		    strndup(*entries, equals ? (size_t)(equals - *entries) : strlen(*entries));
		int r = key ? strmap_set(map, key, equals ? equals + 1 : "") : -ENOMEM;

		free(key);
		if (r < 0)
			return r;
	}
	return 0;
}

/* "no-new-privileges:true" and its kin become one word each; what is off is left out. */
static int security_fill(const struct dolium_create_options *o, struct record *record)
{
	for (const char *const *at = o->security_opt; at && *at; at++) {
		const bool no_new = strncmp(*at, "no-new-privileges", 17) == 0;
		int r = 0;

		if (no_new && !strstr(*at, "false"))
			r = strv_add(&record->security_opt, "no-new-privileges");
		else if (strncmp(*at, "seccomp:", 8) == 0)
			r = strv_addf(&record->security_opt, "seccomp=%s", *at + 8);
		else if (!no_new)
			r = strv_add(&record->security_opt, *at);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- parts ---- */

/* An entrypoint of the user's own comes without the image's arguments. */
static int command_fill(const struct dolium_create_options *o, struct record *record, struct err *e)
{
	const bool has_command = o->command && o->command[0];

	if (o->entrypoint) {
		strv_done(&record->entrypoint);
		strv_done(&record->command);
		if (o->entrypoint[0] && o->entrypoint[0][0] &&
		    strv_add_all(&record->entrypoint, o->entrypoint) < 0)
			return -ENOMEM;
	}
	if (has_command) {
		strv_done(&record->command);
		if (strv_add_all(&record->command, o->command) < 0)
			return -ENOMEM;
	}
	if (record->entrypoint.n == 0 && record->command.n == 0)
		return err_refuse(
		    e, -EINVAL, "no command is given, and the image '%s' has none", o->image);
	return 0;
}

/* Chroot changes the file tree and nothing else. */
static int namespaces_fill(const struct dolium_create_options *o, struct record *record)
{
	const bool chroot = o->isolation == DOLIUM_CHROOT;
	const char *network = spec_is_host_image(record) ? "host" : "none";
	const char *ipc = o->ipc && strcmp(o->ipc, "host") == 0 ? "host" : "private";
	int r = set(&record->isolation, chroot ? "chroot" : "container");

	if (r == 0)
		r = set_choice(&record->network, chroot ? "host" : o->network, network);
	if (r == 0)
		r = set_choice(&record->pid, chroot ? "host" : o->pid, "private");
	if (r == 0)
		r = set(&record->ipc, chroot ? "host" : ipc);
	if (r == 0)
		r = set_choice(&record->uts, chroot ? "host" : o->uts, "private");
	if (r == 0)
		r = set_choice(&record->cgroupns, chroot ? "host" : o->cgroupns, "private");
	if (r == 0)
		r = set_choice(&record->userns, chroot ? "host" : o->userns, "auto");
	return r;
}

static uint32_t number_of(const char *variable, uint32_t otherwise)
{
	const char *text = getenv(variable);
	uint32_t value;

	return text && num_parse_u32(text, &value) == 0 ? value : otherwise;
}

/* Whose id is kept: the person's who calls, also when it is through sudo. */
static int keep_fill(struct record *record, struct err *e)
{
	if (strcmp(record->userns, "keep-id") != 0)
		return 0;
	record->keep_uid = number_of("SUDO_UID", (uint32_t)getuid());
	record->keep_gid = number_of("SUDO_GID", (uint32_t)getgid());
	if (record->keep_uid != 0)
		return 0;
	err_refuse(e, -EINVAL,
	    "the user namespace mode 'keep-id' keeps the id of the caller, but not root's");
	err_hint(e, "call it as another user through sudo, or say '--userns host'");
	return -EINVAL;
}

static int hostname_fill(const struct dolium_create_options *o, struct record *record)
{
	char name[65] = "";

	if (o->hostname)
		return set(&record->hostname, o->hostname);
	if (spec_is_host(record->uts) || spec_is_host_image(record)) {
		if (gethostname(name, sizeof(name) - 1) < 0)
			return -errno;
		return set(&record->hostname, name);
	}
	return 0; /* the id, which is not known yet */
}

static int world_fill(const struct dolium_create_options *o, struct record *record)
{
	int r = hostname_fill(o, record);

	if (r == 0)
		r = set_if_said(&record->domainname, o->domainname);
	if (r == 0)
		r = map_fill(&record->labels, o->labels);
	if (r == 0)
		r = map_fill(&record->annotations, o->annotations);
	if (r == 0)
		r = map_fill(&record->sysctls, o->sysctls);
	if (r == 0)
		r = strv_add_all(&record->add_host, o->add_host);
	if (r == 0)
		r = strv_add_all(&record->dns, o->dns);
	if (r == 0)
		r = strv_add_all(&record->dns_search, o->dns_search);
	if (r == 0)
		r = strv_add_all(&record->dns_option, o->dns_option);
	record->shm_size = o->shm_size > 0 ? o->shm_size : SHM_DEFAULT;
	return r;
}

static int process_fill(const struct dolium_create_options *o, struct record *record)
{
	int r = set_if_said(&record->user, o->user);

	if (r == 0)
		r = set_if_said(&record->workdir, o->workdir);
	if (r == 0)
		r = set_if_said(&record->stop_signal, o->stop_signal);
	if (r == 0 && !record->stop_signal)
		r = set(&record->stop_signal, STOP_SIGNAL);
	if (r == 0)
		r = set(&record->restart, o->restart && o->restart[0] ? o->restart : "no");
	if (r == 0)
		r = set(&record->log_driver,
		    o->log_driver && o->log_driver[0] ? o->log_driver : "json-file");
	if (r == 0)
		r = strv_add_all(&record->log_opts, o->log_opts);
	if (r == 0)
		r = strv_add_all(&record->group_add, o->group_add);
	if (r == 0)
		r = strv_add_all(&record->cap_add, o->cap_add);
	if (r == 0)
		r = strv_add_all(&record->cap_drop, o->cap_drop);
	if (r == 0)
		r = security_fill(o, record);
	record->tty = o->tty;
	record->interactive = o->interactive;
	record->auto_remove = o->auto_remove;
	record->read_only = o->read_only;
	record->privileged = o->privileged;
	record->init = o->init;
	record->stop_timeout = o->stop_timeout > 0 ? o->stop_timeout : STOP_TIMEOUT;
	record->has_oom_score_adj = o->has_oom_score_adj;
	record->oom_score_adj = o->oom_score_adj;
	return r;
}

static int limits_fill(const struct dolium_create_options *o, struct record *record)
{
	int r = set_if_said(&record->cgroup_parent, o->cgroup_parent);

	if (r == 0)
		r = set_if_said(&record->cpuset_cpus, o->cpuset_cpus);
	if (r == 0)
		r = set_if_said(&record->cpuset_mems, o->cpuset_mems);
	record->memory = o->memory;
	record->memory_swap = o->memory_swap;
	record->memory_reservation = o->memory_reservation;
	record->nano_cpus = o->nano_cpus;
	record->cpu_period = o->cpu_period;
	record->cpu_quota = o->cpu_quota;
	record->cpu_shares = o->cpu_shares;
	record->pids_limit = o->pids_limit;
	record->blkio_weight = o->blkio_weight;
	record->oom_kill_disable = o->oom_kill_disable;
	for (size_t i = 0; r == 0 && i < o->n_ulimits; i++) {
		struct record_ulimit *to = SPEC_GROW(record->ulimits, record->n_ulimits);

		r = to ? set(&to->name, o->ulimits[i].name) : -ENOMEM;
		if (r == 0) {
			to->soft = o->ulimits[i].soft;
			to->hard = o->ulimits[i].hard;
		}
	}
	return r;
}

static int mount_fill(const struct dolium_mount *from, struct record_mount *to)
{
	static const char *const types[] = { "bind", "volume", "tmpfs" };
	char anonymous[RECORD_ID_LEN + 1];
	const char *source = from->source;
	int r = 0;

	if (from->type == DOLIUM_MOUNT_VOLUME && !source) {
		r = naming_id(anonymous);
		source = anonymous;
		to->anonymous = true;
	}
	to->target = create_clean_path(from->target);
	to->read_only = from->read_only;
	to->non_recursive = from->non_recursive;
	to->no_copy = from->no_copy;
	to->create_source = from->create_source;
	to->tmpfs_size = from->tmpfs_size;
	to->tmpfs_mode = from->tmpfs_mode;
	if (r < 0 || !to->target || set(&to->type, types[from->type]) < 0 ||
	    set(&to->source, source) < 0 ||
	    set_choice(&to->propagation, from->propagation, "rprivate") < 0)
		return -ENOMEM;
	return set_if_said(&to->tmpfs_options, from->tmpfs_options);
}

static int mounts_fill(const struct dolium_create_options *o, struct record *record)
{
	for (size_t i = 0; i < o->n_mounts; i++) {
		struct record_mount *to = SPEC_GROW(record->mounts, record->n_mounts);

		if (!to || mount_fill(&o->mounts[i], to) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int devices_fill(const struct dolium_create_options *o, struct record *record)
{
	for (size_t i = 0; i < o->n_devices; i++) {
		const struct dolium_device *from = &o->devices[i];
		struct record_device *to = SPEC_GROW(record->devices, record->n_devices);

		if (!to || set(&to->host_path, from->host_path) < 0)
			return -ENOMEM;
		to->path = create_clean_path(from->path ? from->path : from->host_path);
		if (!to->path || set_choice(&to->permissions, from->permissions, "rwm") < 0)
			return -ENOMEM;
	}
	return 0;
}

int create_fill(const struct dolium_create_options *o, struct record *record, struct err *e)
{
	const char *name = o->name && o->name[0] == '/' ? o->name + 1 : o->name;
	int r;

	record->created_ns = times_now();
	r = command_fill(o, record, e);
	if (r < 0 && r != -ENOMEM)
		return r;
	if (r < 0 || set(&record->image, o->image) < 0 || set(&record->name, name) < 0 ||
	    set(&record->platform, o->platform) < 0 || namespaces_fill(o, record) < 0 ||
	    env_fill(o, record) < 0 || world_fill(o, record) < 0 || process_fill(o, record) < 0 ||
	    limits_fill(o, record) < 0 || mounts_fill(o, record) < 0 || devices_fill(o, record) < 0)
		return err_set(e, -ENOMEM, "cannot make a container");
	return keep_fill(record, e);
}
