/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said to CRIU, and what it says
 *
 * The numbers are those of images/rpc.proto, which CRIU promises to keep.
 */
#include "format/criu_message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "format/protobuf.h"

/* Of criu_req and criu_resp. */
enum {
	REQUEST_TYPE = 1,
	REQUEST_OPTIONS = 2,
	REQUEST_NOTIFY_SUCCESS = 3,
	REQUEST_KEEP_OPEN = 4,
	REQUEST_FEATURES = 5,
	ANSWER_TYPE = 1,
	ANSWER_SUCCESS = 2,
	ANSWER_RESTORE = 4,
	ANSWER_NOTIFY = 5,
	ANSWER_ERRNO = 7,
	ANSWER_FEATURES = 8,
	ANSWER_MESSAGE = 9,
	ANSWER_VERSION = 10,
};

/* Of criu_opts. */
enum {
	OPTION_IMAGES_FD = 1,
	OPTION_PID = 2,
	OPTION_LEAVE_RUNNING = 3,
	OPTION_EXT_UNIX_SK = 4,
	OPTION_TCP_ESTABLISHED = 5,
	OPTION_SHELL_JOB = 7,
	OPTION_FILE_LOCKS = 8,
	OPTION_LOG_LEVEL = 9,
	OPTION_LOG_FILE = 10,
	OPTION_PAGE_SERVER = 11,
	OPTION_NOTIFY = 12,
	OPTION_ROOT = 13,
	OPTION_PARENT = 14,
	OPTION_TRACK_MEMORY = 15,
	OPTION_AUTO_DEDUP = 16,
	OPTION_WORK_FD = 17,
	OPTION_LINK_REMAP = 18,
	OPTION_MANAGE_CGROUPS = 24,
	OPTION_CGROUP_ROOT = 25,
	OPTION_RESTORE_SIBLING = 26,
	OPTION_INHERIT_FD = 27,
	OPTION_CGROUPS_MODE = 34,
	OPTION_EXTERNAL = 37,
	OPTION_EMPTY_NS = 38,
	OPTION_CGROUP_CONTROLLER = 43,
	OPTION_FREEZE_CGROUP = 44,
	OPTION_TCP_SKIP_IN_FLIGHT = 46,
	OPTION_LAZY_PAGES = 48,
	OPTION_STATUS_FD = 49,
	OPTION_ORPHAN_PTS_MASTER = 50,
	OPTION_TCP_CLOSE = 52,
	OPTION_LSM_PROFILE = 53,
	OPTION_LSM_MOUNT_CONTEXT = 63,
	OPTION_NETWORK_LOCK = 64,
};

#define LOG_DEBUG_LEVEL 4

/* ---- requests ---- */

static void put_flag(struct buf *to, uint32_t number, bool value)
{
	if (value)
		protobuf_put_bool(to, number, true);
}

static void put_flags(const struct criu_request *r, struct buf *to)
{
	put_flag(to, OPTION_LEAVE_RUNNING, r->leave_running);
	put_flag(to, OPTION_EXT_UNIX_SK, r->ext_unix_sk);
	put_flag(to, OPTION_TCP_ESTABLISHED, r->tcp_established);
	put_flag(to, OPTION_SHELL_JOB, r->shell_job);
	put_flag(to, OPTION_FILE_LOCKS, r->file_locks);
	put_flag(to, OPTION_TRACK_MEMORY, r->track_memory);
	put_flag(to, OPTION_AUTO_DEDUP, r->auto_dedup);
	put_flag(to, OPTION_LINK_REMAP, r->link_remap);
	put_flag(to, OPTION_RESTORE_SIBLING, r->restore_sibling);
	put_flag(to, OPTION_TCP_SKIP_IN_FLIGHT, r->tcp_skip_in_flight);
	put_flag(to, OPTION_LAZY_PAGES, r->lazy_pages);
	put_flag(to, OPTION_ORPHAN_PTS_MASTER, r->orphan_pts_master);
	put_flag(to, OPTION_TCP_CLOSE, r->tcp_close);
}

static void put_message(struct buf *to, uint32_t number, const struct buf *message)
{
	/* One that could not be written makes the whole fail, and not a part go missing. */
	if (buf_error(message) < 0 && to->error == 0)
		to->error = buf_error(message);
	protobuf_put_bytes(to, number, message->len ? message->data : "", message->len);
}

static void put_page_server(const struct criu_request *r, struct buf *to)
{
	AUTO_BUF struct buf server = { 0 };

	if (!r->page_server_address)
		return;
	protobuf_put_text(&server, 1, r->page_server_address);
	protobuf_put_i32(&server, 2, r->page_server_port);
	put_message(to, OPTION_PAGE_SERVER, &server);
}

static void put_cgroups(const struct criu_request *r, struct buf *to)
{
	protobuf_put_bool(to, OPTION_MANAGE_CGROUPS, r->cgroups != CRIU_CGROUPS_IGNORE);
	protobuf_put_u64(to, OPTION_CGROUPS_MODE, r->cgroups);
	strv_for_each (at, &r->cgroup_controllers)
		protobuf_put_text(to, OPTION_CGROUP_CONTROLLER, *at);
	for (size_t i = 0; i < r->n_roots; i++) {
		AUTO_BUF struct buf root = { 0 };

		protobuf_put_text(&root, 1, r->roots[i].controller);
		protobuf_put_text(&root, 2, r->roots[i].path);
		put_message(to, OPTION_CGROUP_ROOT, &root);
	}
	protobuf_put_text(to, OPTION_FREEZE_CGROUP, r->freeze_cgroup);
}

static void put_inherited(const struct criu_request *r, struct buf *to)
{
	for (size_t i = 0; i < r->n_inherit; i++) {
		AUTO_BUF struct buf one = { 0 };

		protobuf_put_text(&one, 1, r->inherit[i].key);
		protobuf_put_i32(&one, 2, r->inherit[i].fd);
		put_message(to, OPTION_INHERIT_FD, &one);
	}
}

static void put_options(const struct criu_request *r, struct buf *to)
{
	protobuf_put_i32(to, OPTION_IMAGES_FD, r->images_fd);
	if (r->work_fd >= 0)
		protobuf_put_i32(to, OPTION_WORK_FD, r->work_fd);
	if (r->pid)
		protobuf_put_i32(to, OPTION_PID, r->pid);
	protobuf_put_i32(to, OPTION_LOG_LEVEL, LOG_DEBUG_LEVEL);
	protobuf_put_text(to, OPTION_LOG_FILE, r->log_file);
	protobuf_put_bool(to, OPTION_NOTIFY, true);
	protobuf_put_text(to, OPTION_ROOT, r->root);
	protobuf_put_text(to, OPTION_PARENT, r->parent);
	protobuf_put_text(to, OPTION_LSM_PROFILE, r->lsm_profile);
	protobuf_put_text(to, OPTION_LSM_MOUNT_CONTEXT, r->lsm_mount_context);
	put_flags(r, to);
	put_page_server(r, to);
	put_cgroups(r, to);
	put_inherited(r, to);
	strv_for_each (at, &r->external)
		protobuf_put_text(to, OPTION_EXTERNAL, *at);
	if (r->empty_namespaces)
		protobuf_put_u64(to, OPTION_EMPTY_NS, r->empty_namespaces);
	if (r->status_fd >= 0)
		protobuf_put_i32(to, OPTION_STATUS_FD, r->status_fd);
	if (r->network_lock != CRIU_LOCK_UNSAID)
		protobuf_put_u64(to, OPTION_NETWORK_LOCK, r->network_lock);
}

void criu_write_request(enum criu_type type, const struct criu_request *request, struct buf *to)
{
	AUTO_BUF struct buf options = { 0 };

	put_options(request, &options);
	protobuf_put_u64(to, REQUEST_TYPE, type);
	put_message(to, REQUEST_OPTIONS, &options);
}

void criu_write_version_request(struct buf *to)
{
	protobuf_put_u64(to, REQUEST_TYPE, CRIU_VERSION);
	protobuf_put_bool(to, REQUEST_KEEP_OPEN, true);
}

void criu_write_feature_request(bool memory_tracking, bool lazy_pages, struct buf *to)
{
	AUTO_BUF struct buf features = { 0 };

	put_flag(&features, 1, memory_tracking);
	put_flag(&features, 2, lazy_pages);
	protobuf_put_u64(to, REQUEST_TYPE, CRIU_FEATURE_CHECK);
	protobuf_put_bool(to, REQUEST_KEEP_OPEN, true);
	put_message(to, REQUEST_FEATURES, &features);
}

void criu_write_notify_reply(bool success, struct buf *to)
{
	protobuf_put_u64(to, REQUEST_TYPE, CRIU_NOTIFY);
	protobuf_put_bool(to, REQUEST_NOTIFY_SUCCESS, success);
}

/* ---- answers ---- */

/* Cut where there is no room: it is only shown, or compared with words that are short. */
static void take_text(const struct protobuf_field *field, char *to, size_t room)
{
	size_t len = field->len < room ? field->len : room - 1;

	if (field->kind != PROTOBUF_BYTES)
		return;
	memcpy(to, field->data, len);
	to[len] = '\0';
}

static struct protobuf_reader inside(const struct protobuf_field *field)
{
	return (struct protobuf_reader){
		.at = field->data,
		.left = field->kind == PROTOBUF_BYTES ? field->len : 0,
	};
}

/* Numbers of messages that have nothing but numbers, by their field's number from 1 on. */
static int take_numbers(const struct protobuf_field *message, int32_t *to, size_t n)
{
	struct protobuf_reader r = inside(message);
	struct protobuf_field field;
	int code;

	while ((code = protobuf_next(&r, &field)) > 0) {
		if (field.kind == PROTOBUF_VARINT && field.number <= n)
			to[field.number - 1] = (int32_t)field.value;
	}
	return code;
}

static int take_notify(const struct protobuf_field *message, struct criu_answer *answer)
{
	struct protobuf_reader r = inside(message);
	struct protobuf_field field;
	int code;

	while ((code = protobuf_next(&r, &field)) > 0) {
		if (field.number == 1)
			take_text(&field, answer->script, sizeof(answer->script));
		else if (field.number == 2 && field.kind == PROTOBUF_VARINT)
			answer->notify_pid = (int32_t)field.value;
	}
	return code;
}

static int take_version(const struct protobuf_field *message, struct criu_answer *answer)
{
	int32_t numbers[4] = { 0 }; /* the third is a text */
	int code = take_numbers(message, numbers, 4);

	answer->major = numbers[0];
	answer->minor = numbers[1];
	answer->sublevel = numbers[3];
	return code;
}

static int take_features(const struct protobuf_field *message, struct criu_answer *answer)
{
	int32_t numbers[2] = { 0 };
	int code = take_numbers(message, numbers, 2);

	answer->has_memory_tracking = numbers[0] != 0;
	answer->has_lazy_pages = numbers[1] != 0;
	return code;
}

static int take(const struct protobuf_field *field, struct criu_answer *answer)
{
	switch (field->number) {
	case ANSWER_TYPE:
		answer->type = (enum criu_type)(field->value & 0xff);
		return 0;
	case ANSWER_SUCCESS:
		answer->success = field->value != 0;
		return 0;
	case ANSWER_RESTORE:
		return take_numbers(field, &answer->restored_pid, 1);
	case ANSWER_NOTIFY:
		return take_notify(field, answer);
	case ANSWER_ERRNO:
		answer->code = (int32_t)field->value;
		return 0;
	case ANSWER_FEATURES:
		return take_features(field, answer);
	case ANSWER_MESSAGE:
		take_text(field, answer->message, sizeof(answer->message));
		return 0;
	case ANSWER_VERSION:
		return take_version(field, answer);
	default:
		return 0;
	}
}

int criu_read_answer(const void *data, size_t len, struct criu_answer *ret_answer)
{
	struct protobuf_reader r = { .at = data, .left = len };
	struct criu_answer answer = { 0 };
	struct protobuf_field field;
	int code;

	while ((code = protobuf_next(&r, &field)) > 0) {
		code = take(&field, &answer);
		if (code < 0)
			return code;
	}
	if (code < 0 || (unsigned)answer.type == 0)
		return -EBADMSG;
	*ret_answer = answer;
	return 0;
}
