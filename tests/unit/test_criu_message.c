/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/buf.h"
#include "format/criu_message.h"
#include "format/protobuf.h"

#include "test.h"

/* The first field of that number in a message; .number is 0 where there is none. */
static struct protobuf_field find(const void *data, size_t len, uint32_t number)
{
	struct protobuf_reader r = { data, len };
	struct protobuf_field field, none = { 0 };

	while (protobuf_next(&r, &field) > 0)
		if (field.number == number)
			return field;
	return none;
}

static struct protobuf_field find_option(const struct buf *message, uint32_t number)
{
	struct protobuf_field options = find(message->data, message->len, 2);

	return find(options.data, options.len, number);
}

static bool is_text(struct protobuf_field field, const char *text)
{
	return field.number && field.len == strlen(text) &&
	    memcmp(field.data, text, field.len) == 0;
}

TEST(a_dump_says_what_and_where)
{
	struct criu_request request = {
		.images_fd = 7,
		.work_fd = 8,
		.pid = 4711,
		.leave_running = true,
		.log_file = "dump.log",
		.cgroups = CRIU_CGROUPS_SOFT,
		.status_fd = -1,
		.page_server_address = "::1",
		.page_server_port = 1234,
		.network_lock = CRIU_LOCK_SKIP,
	};
	AUTO_BUF struct buf b = { 0 };
	struct protobuf_field server;

	CHECK_INT(strv_add(&request.external, "mnt[/a]:/b"), 0);
	criu_write_request(CRIU_DUMP, &request, &b);
	strv_done(&request.external);
	CHECK_INT(find(b.data, b.len, 1).value, CRIU_DUMP);
	CHECK_INT(find_option(&b, 1).value, 7);
	CHECK_INT(find_option(&b, 2).value, 4711);
	CHECK_INT(find_option(&b, 3).value, 1);
	CHECK(is_text(find_option(&b, 10), "dump.log"));
	CHECK_INT(find_option(&b, 12).value, 1);
	CHECK_INT(find_option(&b, 17).value, 8);
	CHECK_INT(find_option(&b, 34).value, 3);
	CHECK(is_text(find_option(&b, 37), "mnt[/a]:/b"));
	CHECK_INT(find_option(&b, 49).number, 0); /* no status fd */
	CHECK_INT(find_option(&b, 5).number, 0); /* no --tcp-established */
	CHECK_INT(find_option(&b, 64).value, 3);
	server = find_option(&b, 11);
	CHECK(is_text(find(server.data, server.len, 1), "::1"));
	CHECK_INT(find(server.data, server.len, 2).value, 1234);
}

TEST(a_restore_names_descriptors_and_cgroups)
{
	const struct criu_request request = {
		.images_fd = 0,
		.work_fd = -1,
		.status_fd = 0,
		.root = "/r",
		.inherit = { { "pipe:[5]", 12 } },
		.n_inherit = 1,
		.roots = { { "memory", "/dolium/x" } },
		.n_roots = 1,
	};
	AUTO_BUF struct buf b = { 0 };
	struct protobuf_field inner;

	criu_write_request(CRIU_RESTORE, &request, &b);
	CHECK(is_text(find_option(&b, 13), "/r"));
	CHECK_INT(find_option(&b, 17).number, 0);
	CHECK_INT(find_option(&b, 49).number, 49); /* 0 is a descriptor as well */
	inner = find_option(&b, 27);
	CHECK(is_text(find(inner.data, inner.len, 1), "pipe:[5]"));
	CHECK_INT(find(inner.data, inner.len, 2).value, 12);
	inner = find_option(&b, 25);
	CHECK(is_text(find(inner.data, inner.len, 1), "memory"));
	CHECK(is_text(find(inner.data, inner.len, 2), "/dolium/x"));
}

TEST(a_notification_is_read_and_answered)
{
	AUTO_BUF struct buf notify = { 0 };
	AUTO_BUF struct buf b = { 0 };
	struct criu_answer answer = { 0 };

	protobuf_put_text(&notify, 1, "post-restore");
	protobuf_put_i32(&notify, 2, 99);
	protobuf_put_u64(&b, 1, CRIU_NOTIFY);
	protobuf_put_bool(&b, 2, true);
	protobuf_put_bytes(&b, 5, notify.data, notify.len);
	CHECK_INT(criu_read_answer(b.data, b.len, &answer), 0);
	CHECK(answer.type == CRIU_NOTIFY);
	CHECK_STR(answer.script, "post-restore");
	CHECK_INT(answer.notify_pid, 99);
	b.len = 0;
	criu_write_notify_reply(true, &b);
	CHECK_INT(find(b.data, b.len, 1).value, CRIU_NOTIFY);
	CHECK_INT(find(b.data, b.len, 3).value, 1);
}

TEST(a_failure_says_why)
{
	AUTO_BUF struct buf b = { 0 };
	struct criu_answer answer = { 0 };

	protobuf_put_u64(&b, 1, CRIU_DUMP);
	protobuf_put_bool(&b, 2, false);
	protobuf_put_i32(&b, 7, 22);
	protobuf_put_text(&b, 9, "no");
	CHECK_INT(criu_read_answer(b.data, b.len, &answer), 0);
	CHECK(!answer.success);
	CHECK_INT(answer.code, 22);
	CHECK_STR(answer.message, "no");
}

TEST(a_version_has_three_numbers)
{
	AUTO_BUF struct buf version = { 0 };
	AUTO_BUF struct buf b = { 0 };
	struct criu_answer answer = { 0 };

	protobuf_put_i32(&version, 1, 4);
	protobuf_put_i32(&version, 2, 1);
	protobuf_put_text(&version, 3, "v4.1.1");
	protobuf_put_i32(&version, 4, 2);
	protobuf_put_u64(&b, 1, CRIU_VERSION);
	protobuf_put_bool(&b, 2, true);
	protobuf_put_bytes(&b, 10, version.data, version.len);
	CHECK_INT(criu_read_answer(b.data, b.len, &answer), 0);
	CHECK_INT(answer.major, 4);
	CHECK_INT(answer.minor, 1);
	CHECK_INT(answer.sublevel, 2);
}

TEST(what_is_no_answer_is_refused)
{
	AUTO_BUF struct buf b = { 0 };
	struct criu_answer answer = { 0 };

	CHECK_INT(criu_read_answer("", 0, &answer), -EBADMSG); /* of no type */
	CHECK_INT(criu_read_answer("\x08", 1, &answer), -EBADMSG);
	protobuf_put_u64(&b, 1, CRIU_NOTIFY);
	protobuf_put_bytes(&b, 5, "\x0a\x7f", 2); /* longer than it is */
	CHECK_INT(criu_read_answer(b.data, b.len, &answer), -EBADMSG);
}

TEST(a_text_without_an_end_is_cut)
{
	AUTO_BUF struct buf b = { 0 };
	struct criu_answer answer = { 0 };
	char text[4096];

	memset(text, 'x', sizeof(text));
	protobuf_put_u64(&b, 1, CRIU_DUMP);
	protobuf_put_bytes(&b, 9, text, sizeof(text));
	CHECK_INT(criu_read_answer(b.data, b.len, &answer), 0);
	CHECK_INT(strlen(answer.message), CRIU_TEXT_MAX - 1);
}
