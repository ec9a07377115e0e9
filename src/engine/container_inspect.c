/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a container, in docker's words
 *
 * Docker's keys with docker's types, so that scripts find what they look for;
 * "Isolation" and what belongs to it are ours.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "engine/container.h"
#include "engine/spec.h"
#include "engine/times.h"
#include "engine/volume.h"
#include "format/json.h"
#include "store/store.h"

static const char *text_of(const char *text)
{
	return text ? text : "";
}

static void put_time(struct json_writer *w, const char *key, int64_t at)
{
	char text[TIMES_TEXT_MAX];

	times_format(at, text);
	json_put_text(w, key, text);
}

static void put_list(struct json_writer *w, const char *key, const struct strv *list)
{
	if (list->n > 0)
		json_put_texts(w, key, list->items);
	else
		json_put_null(w, key);
}

static void put_state(struct json_writer *w, const struct container_status *status)
{
	const bool running = status->phase == CONTAINER_RUNNING;

	json_open_object(w, "State");
	json_put_text(w, "Status",
	    running                                     ? "running"
	        : status->phase == CONTAINER_RESTARTING ? "restarting"
	        : status->phase == CONTAINER_EXITED     ? "exited"
	                                                : "created");
	json_put_bool(w, "Running", running);
	json_put_bool(w, "Paused", false);
	json_put_bool(w, "Restarting", status->phase == CONTAINER_RESTARTING);
	json_put_bool(w, "OOMKilled", status->oom_killed);
	json_put_bool(w, "Dead", false);
	json_put_i64(w, "Pid", status->pid);
	json_put_i64(w, "ExitCode", running ? 0 : status->exit_status);
	json_put_text(w, "Error", status->error);
	put_time(w, "StartedAt", status->started_ns);
	put_time(w, "FinishedAt", running ? 0 : status->finished_ns);
	json_close_object(w);
}

/* The command as one list: docker's Path is its first word, Args the rest. */
static void put_command(struct json_writer *w, const struct record *record)
{
	const struct strv *first = record->entrypoint.n ? &record->entrypoint : &record->command;

	json_put_text(w, "Path", first->n ? first->items[0] : "");
	json_open_array(w, "Args");
	for (size_t i = 1; i < first->n; i++)
		json_put_text(w, NULL, first->items[i]);
	if (first == &record->entrypoint)
		strv_for_each (word, &record->command)
			json_put_text(w, NULL, *word);
	json_close_array(w);
}

static void put_binds(struct json_writer *w, const struct record *record)
{
	size_t n = 0;

	for (size_t i = 0; i < record->n_mounts; i++)
		n += record->mounts[i].source && !record->mounts[i].anonymous;
	if (n == 0) {
		json_put_null(w, "Binds");
		return;
	}
	json_open_array(w, "Binds");
	for (size_t i = 0; i < record->n_mounts; i++) {
		const struct record_mount *m = &record->mounts[i];
		AUTO_BUF struct buf text = { 0 };

		if (!m->source || m->anonymous)
			continue;
		buf_addf(&text, "%s:%s%s", m->source, m->target, m->read_only ? ":ro" : "");
		json_put_text(w, NULL, buf_text(&text));
	}
	json_close_array(w);
}

static void put_tmpfs(struct json_writer *w, const struct record *record)
{
	json_open_object(w, "Tmpfs");
	for (size_t i = 0; i < record->n_mounts; i++)
		if (strcmp(record->mounts[i].type, "tmpfs") == 0)
			json_put_text(
			    w, record->mounts[i].target, text_of(record->mounts[i].tmpfs_options));
	json_close_object(w);
}

static void put_ulimits(struct json_writer *w, const struct record *record)
{
	json_open_array(w, "Ulimits");
	for (size_t i = 0; i < record->n_ulimits; i++) {
		json_open_object(w, NULL);
		json_put_text(w, "Name", record->ulimits[i].name);
		json_put_i64(w, "Soft", record->ulimits[i].soft);
		json_put_i64(w, "Hard", record->ulimits[i].hard);
		json_close_object(w);
	}
	json_close_array(w);
}

static void put_devices(struct json_writer *w, const struct record *record)
{
	json_open_array(w, "Devices");
	for (size_t i = 0; i < record->n_devices; i++) {
		json_open_object(w, NULL);
		json_put_text(w, "PathOnHost", record->devices[i].host_path);
		json_put_text(w, "PathInContainer", record->devices[i].path);
		json_put_text(w, "CgroupPermissions", record->devices[i].permissions);
		json_close_object(w);
	}
	json_close_array(w);
}

static void put_limits(struct json_writer *w, const struct record *record)
{
	json_put_i64(w, "Memory", record->memory);
	json_put_i64(w, "MemorySwap", record->memory_swap);
	json_put_i64(w, "MemoryReservation", record->memory_reservation);
	json_put_i64(w, "NanoCpus", record->nano_cpus);
	json_put_u64(w, "CpuShares", record->cpu_shares);
	json_put_i64(w, "CpuPeriod", record->cpu_period);
	json_put_i64(w, "CpuQuota", record->cpu_quota);
	json_put_text(w, "CpusetCpus", text_of(record->cpuset_cpus));
	json_put_text(w, "CpusetMems", text_of(record->cpuset_mems));
	json_put_u64(w, "BlkioWeight", record->blkio_weight);
	if (record->pids_limit)
		json_put_i64(w, "PidsLimit", record->pids_limit);
	else
		json_put_null(w, "PidsLimit");
	json_put_i64(w, "ShmSize", record->shm_size);
	json_put_i64(w, "OomScoreAdj", record->oom_score_adj);
	json_put_bool(w, "OomKillDisable", record->oom_kill_disable);
	json_put_text(w, "CgroupParent", text_of(record->cgroup_parent));
	put_ulimits(w, record);
	put_devices(w, record);
}

static void put_restart_policy(struct json_writer *w)
{
	json_open_object(w, "RestartPolicy");
	json_put_text(w, "Name", "no");
	json_put_i64(w, "MaximumRetryCount", 0);
	json_close_object(w);
}

static void put_host_config(struct json_writer *w, const struct record *record)
{
	json_open_object(w, "HostConfig");
	put_binds(w, record);
	json_put_text(w, "NetworkMode", record->network);
	put_restart_policy(w);
	json_put_bool(w, "AutoRemove", record->auto_remove);
	put_list(w, "CapAdd", &record->cap_add);
	put_list(w, "CapDrop", &record->cap_drop);
	json_put_text(w, "CgroupnsMode", record->cgroupns);
	json_put_texts(w, "Dns", record->dns.items);
	json_put_texts(w, "DnsOptions", record->dns_option.items);
	json_put_texts(w, "DnsSearch", record->dns_search.items);
	put_list(w, "ExtraHosts", &record->add_host);
	put_list(w, "GroupAdd", &record->group_add);
	json_put_text(w, "IpcMode", record->ipc);
	json_put_text(w, "PidMode", spec_is_host(record->pid) ? "host" : "");
	json_put_text(w, "UTSMode", spec_is_host(record->uts) ? "host" : "");
	json_put_text(w, "UsernsMode", record->userns);
	json_put_bool(w, "Privileged", record->privileged);
	json_put_bool(w, "ReadonlyRootfs", record->read_only);
	put_list(w, "SecurityOpt", &record->security_opt);
	json_put_map(w, "Sysctls", &record->sysctls);
	json_put_map(w, "Annotations", &record->annotations);
	json_put_text(w, "Runtime", "dolium-oci");
	json_put_text(w, "Isolation", record->isolation);
	json_put_bool(w, "Init", record->init);
	put_tmpfs(w, record);
	put_limits(w, record);
	json_close_object(w);
}

static void put_config(struct json_writer *w, const struct record *record)
{
	json_open_object(w, "Config");
	json_put_text(w, "Hostname", text_of(record->hostname));
	json_put_text(w, "Domainname", text_of(record->domainname));
	json_put_text(w, "User", text_of(record->user));
	json_put_bool(w, "AttachStdin", record->interactive);
	json_put_bool(w, "AttachStdout", true);
	json_put_bool(w, "AttachStderr", true);
	json_put_bool(w, "Tty", record->tty);
	json_put_bool(w, "OpenStdin", record->interactive);
	json_put_bool(w, "StdinOnce", record->interactive);
	json_put_texts(w, "Env", record->env.items);
	put_list(w, "Cmd", &record->command);
	json_put_text(w, "Image", record->image);
	json_put_text(w, "WorkingDir", text_of(record->workdir));
	put_list(w, "Entrypoint", &record->entrypoint);
	json_put_map(w, "Labels", &record->labels);
	json_put_text(w, "StopSignal", text_of(record->stop_signal));
	json_put_i64(w, "StopTimeout", record->stop_timeout);
	json_close_object(w);
}

static void put_mount(struct dolium *d, struct json_writer *w, const struct record_mount *m)
{
	AUTO_FREE char *path = NULL;
	const char *source = m->source;

	json_open_object(w, NULL);
	json_put_text(w, "Type", m->type);
	if (strcmp(m->type, "volume") == 0) {
		json_put_text(w, "Name", m->source);
		json_put_text(w, "Driver", "local");
		source = volume_path(d, m->source, &path, NULL) == 0 ? path : "";
	}
	json_put_text(w, "Source", text_of(source));
	json_put_text(w, "Destination", m->target);
	json_put_text(w, "Mode", m->read_only ? "ro" : "");
	json_put_bool(w, "RW", !m->read_only);
	json_put_text(
	    w, "Propagation", strcmp(m->type, "bind") == 0 ? text_of(m->propagation) : "");
	json_close_object(w);
}

static void put_network(struct json_writer *w, const struct record *record)
{
	json_open_object(w, "NetworkSettings");
	json_put_text(w, "IPAddress", "");
	json_open_object(w, "Ports");
	json_close_object(w);
	json_open_object(w, "Networks");
	json_open_object(w, record->network);
	json_put_text(w, "IPAddress", "");
	json_put_text(w, "Gateway", "");
	json_put_text(w, "MacAddress", "");
	json_close_object(w);
	json_close_object(w);
	json_close_object(w);
}

/* Where it keeps things, for who wants to look: hosts, hostname, resolv.conf. */
static void put_paths(struct json_writer *w, const struct record *record, const char *dir)
{
	static const char *const files[][2] = {
		{ "ResolvConfPath", "resolv.conf" },
		{ "HostnamePath", "hostname" },
		{ "HostsPath", "hosts" },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		AUTO_BUF struct buf path = { 0 };

		if (spec_makes_file(record, files[i][1]))
			buf_addf(&path, "%s/%s", dir, files[i][1]);
		json_put_text(w, files[i][0], buf_text(&path));
	}
}

static int put_container(struct dolium *d, struct json_writer *w, const struct record *record,
    const struct container_status *status)
{
	AUTO_BUF struct buf dir = { 0 }, name = { 0 };

	buf_addf(&dir, "%s/containers/%s", store_path(d->store), record->id);
	buf_addf(&name, "/%s", record->name);
	json_open_object(w, NULL);
	json_put_text(w, "Id", record->id);
	put_time(w, "Created", record->created_ns);
	put_command(w, record);
	put_state(w, status);
	json_put_text(w, "Image", text_of(record->image_id));
	put_paths(w, record, buf_text(&dir));
	json_put_text(w, "Name", buf_text(&name));
	json_put_i64(w, "RestartCount", 0);
	json_put_text(w, "Driver", "overlay");
	json_put_text(w, "Platform", "linux");
	json_put_text(w, "Isolation", record->isolation);
	put_host_config(w, record);
	json_open_object(w, "GraphDriver");
	json_put_text(w, "Name", "overlay");
	json_put_null(w, "Data");
	json_close_object(w);
	json_open_array(w, "Mounts");
	for (size_t i = 0; i < record->n_mounts; i++)
		put_mount(d, w, &record->mounts[i]);
	json_close_array(w);
	put_config(w, record);
	put_network(w, record);
	json_close_object(w);
	return buf_error(&dir) < 0 ? buf_error(&dir) : buf_error(&name);
}

int dolium_container_inspect(struct dolium *d, const char *name, struct dolium_value **ret)
{
	AUTO(record_free) struct record *record = NULL;
	AUTO_BUF struct buf text = { 0 };
	AUTO_FD int dir_fd = -1;
	struct json_writer w = { .to = &text };
	struct err *e = engine_begin(d);
	struct container_status status;
	char id[RECORD_ID_LEN + 1];
	int r = container_find(d, name, id, e);

	if (r < 0)
		return r;
	dir_fd = container_open(d, id, e);
	if (dir_fd < 0)
		return dir_fd == -ENOENT ? err_refuse(e, -ENOENT, "no such container: '%s'", name)
		                         : dir_fd;
	r = container_read(dir_fd, id, &record, e);
	if (r < 0)
		return r;
	container_look(d, id, dir_fd, record, &status);
	r = put_container(d, &w, record, &status);
	return r < 0 ? err_set(e, r, "cannot describe container '%s'", name)
	             : engine_value_parse(&text, ret, e);
}
