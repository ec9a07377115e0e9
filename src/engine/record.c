/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container is: containers/<id>/state.json
 *
 * One table says how the struct and its JSON belong together, for both ways:
 * record_write() walks the same fields as json_shape_read().
 */
#include "engine/record.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/json.h"

#define FIELD(key_, kind_, ...) JSON_FIELD(record, key_, kind_, __VA_ARGS__)

static const struct json_field mount_fields[] = {
	JSON_FIELD(record_mount, "type", TEXT, type),
	JSON_FIELD(record_mount, "source", TEXT, source),
	JSON_FIELD(record_mount, "target", TEXT, target),
	JSON_FIELD(record_mount, "propagation", TEXT, propagation),
	JSON_FIELD(record_mount, "tmpfs_options", TEXT, tmpfs_options),
	JSON_FIELD(record_mount, "tmpfs_size", I64, tmpfs_size),
	JSON_FIELD(record_mount, "tmpfs_mode", U32, tmpfs_mode),
	JSON_FIELD(record_mount, "read_only", BOOL, read_only),
	JSON_FIELD(record_mount, "non_recursive", BOOL, non_recursive),
	JSON_FIELD(record_mount, "anonymous", BOOL, anonymous),
	JSON_FIELD(record_mount, "no_copy", BOOL, no_copy),
	JSON_FIELD(record_mount, "create_source", BOOL, create_source),
	{ 0 },
};
static const struct json_shape mount_shape = { sizeof(struct record_mount), mount_fields, NULL };

static const struct json_field ulimit_fields[] = {
	JSON_FIELD(record_ulimit, "name", TEXT, name),
	JSON_FIELD(record_ulimit, "soft", I64, soft),
	JSON_FIELD(record_ulimit, "hard", I64, hard),
	{ 0 },
};
static const struct json_shape ulimit_shape = { sizeof(struct record_ulimit), ulimit_fields, NULL };

static const struct json_field device_fields[] = {
	JSON_FIELD(record_device, "host_path", TEXT, host_path),
	JSON_FIELD(record_device, "path", TEXT, path),
	JSON_FIELD(record_device, "permissions", TEXT, permissions),
	{ 0 },
};
static const struct json_shape device_shape = { sizeof(struct record_device), device_fields, NULL };

static const struct json_field record_fields[] = {
	FIELD("format", I64, format, .required = true),
	FIELD("id", TEXT, id, .required = true),
	FIELD("name", TEXT, name, .required = true),
	FIELD("created_ns", I64, created_ns),
	FIELD("image", TEXT, image),
	FIELD("image_id", TEXT, image_id),
	FIELD("layers", STRV, layers),
	FIELD("isolation", TEXT, isolation),
	FIELD("tty", BOOL, tty),
	FIELD("interactive", BOOL, interactive),
	FIELD("auto_remove", BOOL, auto_remove),
	FIELD("of_run", BOOL, of_run),
	FIELD("read_only", BOOL, read_only),
	FIELD("privileged", BOOL, privileged),
	FIELD("init", BOOL, init),
	FIELD("entrypoint", STRV, entrypoint),
	FIELD("command", STRV, command),
	FIELD("env", STRV, env),
	FIELD("user", TEXT, user),
	FIELD("workdir", TEXT, workdir),
	FIELD("stop_signal", TEXT, stop_signal),
	FIELD("stop_timeout", I64, stop_timeout),
	FIELD("restart", TEXT, restart),
	FIELD("log_driver", TEXT, log_driver),
	FIELD("log_opts", STRV, log_opts),
	FIELD("group_add", STRV, group_add),
	FIELD("cap_add", STRV, cap_add),
	FIELD("cap_drop", STRV, cap_drop),
	FIELD("security_opt", STRV, security_opt),
	FIELD("ulimits", ARRAY, ulimits, .shape = &ulimit_shape),
	FIELD("oom_score_adj", I64, oom_score_adj),
	FIELD("has_oom_score_adj", BOOL, has_oom_score_adj),
	FIELD("hostname", TEXT, hostname),
	FIELD("domainname", TEXT, domainname),
	FIELD("platform", TEXT, platform),
	FIELD("labels", MAP, labels),
	FIELD("annotations", MAP, annotations),
	FIELD("sysctls", MAP, sysctls),
	FIELD("add_host", STRV, add_host),
	FIELD("dns", STRV, dns),
	FIELD("dns_search", STRV, dns_search),
	FIELD("dns_option", STRV, dns_option),
	FIELD("mounts", ARRAY, mounts, .shape = &mount_shape),
	FIELD("devices", ARRAY, devices, .shape = &device_shape),
	FIELD("network", TEXT, network),
	FIELD("pid", TEXT, pid),
	FIELD("ipc", TEXT, ipc),
	FIELD("uts", TEXT, uts),
	FIELD("cgroupns", TEXT, cgroupns),
	FIELD("userns", TEXT, userns),
	FIELD("keep_uid", U32, keep_uid),
	FIELD("keep_gid", U32, keep_gid),
	FIELD("shm_size", I64, shm_size),
	FIELD("cgroup_parent", TEXT, cgroup_parent),
	FIELD("cpuset_cpus", TEXT, cpuset_cpus),
	FIELD("cpuset_mems", TEXT, cpuset_mems),
	FIELD("memory", I64, memory),
	FIELD("memory_swap", I64, memory_swap),
	FIELD("memory_reservation", I64, memory_reservation),
	FIELD("nano_cpus", I64, nano_cpus),
	FIELD("cpu_period", I64, cpu_period),
	FIELD("cpu_quota", I64, cpu_quota),
	FIELD("pids_limit", I64, pids_limit),
	FIELD("cpu_shares", U64, cpu_shares),
	FIELD("blkio_weight", U32, blkio_weight),
	FIELD("oom_kill_disable", BOOL, oom_kill_disable),
	{ 0 },
};
static const struct json_shape record_shape = { sizeof(struct record), record_fields, NULL };

struct record *record_new(void)
{
	struct record *record = calloc(1, sizeof(*record));

	if (record)
		record->format = RECORD_FORMAT;
	return record;
}

struct record *record_free(struct record *record)
{
	if (record)
		json_shape_done(&record_shape, record);
	free(record);
	return NULL;
}

/* What the rest of the engine takes for granted: without it a damaged file would crash it. */
static int record_check(const struct record *record, const char *what, struct err *e)
{
	const char *const needed[] = { record->isolation, record->network, record->pid, record->ipc,
		record->uts, record->cgroupns, record->userns, record->image };

	if (record->format != RECORD_FORMAT)
		return err_refuse(e, -EBADMSG,
		    "%s is in format %" PRId64 ", made by another version of dolium", what,
		    record->format);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!needed[i])
			return err_refuse(e, -EBADMSG, "%s is damaged: a field is missing", what);
	if (strlen(record->id) != RECORD_ID_LEN ||
	    strspn(record->id, "0123456789abcdef") != RECORD_ID_LEN)
		return err_refuse(e, -EBADMSG, "%s is damaged: it has no id", what);
	for (size_t i = 0; i < record->n_mounts; i++)
		if (!record->mounts[i].type || !record->mounts[i].target ||
		    (strcmp(record->mounts[i].type, "tmpfs") != 0 && !record->mounts[i].source))
			return err_refuse(
			    e, -EBADMSG, "%s is damaged: a mount lacks a field", what);
	for (size_t i = 0; i < record->n_ulimits; i++)
		if (!record->ulimits[i].name)
			return err_refuse(
			    e, -EBADMSG, "%s is damaged: a limit lacks its name", what);
	for (size_t i = 0; i < record->n_devices; i++)
		if (!record->devices[i].host_path || !record->devices[i].path ||
		    !record->devices[i].permissions)
			return err_refuse(
			    e, -EBADMSG, "%s is damaged: a device lacks a field", what);
	return 0;
}

int record_parse(
    const char *text, size_t len, const char *what, struct record **ret_record, struct err *e)
{
	AUTO(record_free) struct record *record = record_new();
	int r;

	if (!record)
		return err_set(e, -ENOMEM, "cannot read %s", what);
	r = json_shape_parse(&record_shape, text, len, what, record, e);
	if (r < 0)
		return r;
	r = record_check(record, what, e);
	if (r < 0)
		return r;
	*ret_record = TAKE(record);
	return 0;
}

/* ---- writing ---- */

static void write_struct(struct json_writer *w, const struct json_field *fields, const char *from);

static void write_array(struct json_writer *w, const struct json_field *field, const char *from)
{
	const char *items;
	size_t n;

	memcpy(&items, from, sizeof(items));
	memcpy(&n, from + sizeof(items), sizeof(n));
	if (n == 0)
		return;
	json_open_array(w, field->key);
	for (size_t i = 0; i < n; i++) {
		json_open_object(w, NULL);
		write_struct(w, field->shape->fields, items + i * field->shape->size);
		json_close_object(w);
	}
	json_close_array(w);
}

/* What is zero or empty is left out: reading gives it back as that. */
static void write_field(struct json_writer *w, const struct json_field *field, const char *from)
{
	const union {
		const char *raw;
		char *const *text;
		const bool *flag;
		const int64_t *i64;
		const uint64_t *u64;
		const uint32_t *u32;
		const struct strv *strv;
		const struct strmap *map;
	} at = { .raw = from };

	if (field->kind == JSON_KIND_TEXT && *at.text)
		json_put_text(w, field->key, *at.text);
	else if (field->kind == JSON_KIND_BOOL && *at.flag)
		json_put_bool(w, field->key, true);
	else if (field->kind == JSON_KIND_I64 && *at.i64 != 0)
		json_put_i64(w, field->key, *at.i64);
	else if (field->kind == JSON_KIND_U64 && *at.u64 != 0)
		json_put_u64(w, field->key, *at.u64);
	else if (field->kind == JSON_KIND_U32 && *at.u32 != 0)
		json_put_u64(w, field->key, *at.u32);
	else if (field->kind == JSON_KIND_STRV && at.strv->n > 0)
		json_put_texts(w, field->key, at.strv->items);
	else if (field->kind == JSON_KIND_MAP && at.map->n > 0)
		json_put_map(w, field->key, at.map);
	else if (field->kind == JSON_KIND_ARRAY)
		write_array(w, field, from);
}

static void write_struct(struct json_writer *w, const struct json_field *fields, const char *from)
{
	for (; fields->key; fields++)
		write_field(w, fields, from + fields->offset);
}

void record_write(const struct record *record, struct buf *to)
{
	struct json_writer w = { .to = to };

	json_open_object(&w, NULL);
	write_struct(&w, record_fields, (const char *)record);
	json_close_object(&w);
	buf_addc(to, '\n');
}
