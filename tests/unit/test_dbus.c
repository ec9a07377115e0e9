/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/dbus_message.h"
#include "format/systemd_unit.h"

#include "test.h"

static struct err e;

/* By hand, as the specification lays it out: Manager.GetUnit("a.scope"), serial 2. */
static const uint8_t get_unit[] = "l\1\0\1\f\0\0\0\2\0\0\0\227\0\0\0"
                                  "\1\1o\0\31\0\0\0/org/freedesktop/systemd1\0\0\0\0\0\0\0"
                                  "\2\1s\0 \0\0\0org.freedesktop.systemd1.Manager\0\0\0\0\0\0\0\0"
                                  "\3\1s\0\7\0\0\0GetUnit\0"
                                  "\6\1s\0\30\0\0\0org.freedesktop.systemd1\0\0\0\0\0\0\0\0"
                                  "\10\1g\0\1s\0\0"
                                  "\7\0\0\0a.scope";

static void write_get_unit(struct buf *to)
{
	static const struct dbus_call call = {
		.destination = "org.freedesktop.systemd1",
		.path = "/org/freedesktop/systemd1",
		.interface = "org.freedesktop.systemd1.Manager",
		.member = "GetUnit",
		.signature = "s",
	};
	AUTO_BUF struct buf body = { 0 };

	dbus_put_text(&body, "a.scope");
	dbus_write_call(to, &call, 2, &body);
	CHECK_INT(buf_error(to), 0);
}

TEST(a_call_is_written_as_the_specification_says)
{
	AUTO_BUF struct buf message = { 0 };

	write_get_unit(&message);
	CHECK_INT(message.len, sizeof(get_unit));
	CHECK(memcmp(message.data, get_unit, sizeof(get_unit)) == 0);
}

TEST(a_message_is_read_again)
{
	AUTO_BUF struct buf message = { 0 };
	struct dbus_message m;
	const char *text = "";
	size_t len = 0, at = 0;

	write_get_unit(&message);
	CHECK_INT(dbus_message_length((const uint8_t *)message.data, &len), 0);
	CHECK_INT(len, message.len);
	CHECK_INT(dbus_message_parse((const uint8_t *)message.data, message.len, &m), 0);
	CHECK_INT(m.kind, DBUS_CALL);
	CHECK_INT(m.serial, 2);
	CHECK_STR(m.member, "GetUnit");
	CHECK_STR(m.signature, "s");
	CHECK_STR(m.error_name, "");
	CHECK_INT(dbus_get_text(&m, &at, &text), 0);
	CHECK_STR(text, "a.scope");
	CHECK_INT(dbus_get_text(&m, &at, &text), -EBADMSG);
}

TEST(what_is_no_message_is_refused)
{
	AUTO_BUF struct buf message = { 0 };
	struct dbus_message m;
	uint8_t *bytes;

	write_get_unit(&message);
	bytes = (uint8_t *)message.data;
	for (size_t len = 0; len < message.len; len++)
		CHECK_INT(dbus_message_parse(bytes, len, &m), -EBADMSG);
	bytes[0] = 'B'; /* the other byte order */
	CHECK_INT(dbus_message_parse(bytes, message.len, &m), -EBADMSG);
	bytes[0] = 'l';
	bytes[3] = 2; /* the next version */
	CHECK_INT(dbus_message_parse(bytes, message.len, &m), -EBADMSG);
	bytes[3] = 1;
	bytes[1] = DBUS_REPLY; /* to no call */
	CHECK_INT(dbus_message_parse(bytes, message.len, &m), -EBADMSG);
	bytes[1] = DBUS_CALL;
	bytes[20] = 0xff; /* the path is longer than the message */
	CHECK_INT(dbus_message_parse(bytes, message.len, &m), -EBADMSG);
	bytes[20] = 0x18; /* and does not end in a NUL */
	CHECK_INT(dbus_message_parse(bytes, message.len, &m), -EBADMSG);
	bytes[20] = 0x19;
	CHECK_INT(dbus_message_parse(bytes, message.len, &m), 0);
	bytes[15] = 0x7f;
	CHECK_INT(dbus_message_length(bytes, &(size_t){ 0 }), -EBADMSG);
}

/* ---- scopes ---- */

static void check_scope(const char *path, const char *slice, const char *unit)
{
	AUTO_SYSTEMD_SCOPE struct systemd_scope scope = { 0 };

	CHECK_INT(systemd_scope_parse(path, "web", false, &scope, &e), 0);
	CHECK_STR(scope.slice, slice);
	CHECK_STR(scope.unit, unit);
}

static void check_no_scope(const char *path)
{
	AUTO_SYSTEMD_SCOPE struct systemd_scope scope = { 0 };

	CHECK_INT(systemd_scope_parse(path, "web", false, &scope, &e), -EINVAL);
}

TEST(cgroups_path_is_a_slice_a_prefix_and_a_name)
{
	AUTO_SYSTEMD_SCOPE struct systemd_scope scope = { 0 };

	check_scope(NULL, "system.slice", "dolium-web.scope");
	check_scope("", "system.slice", "dolium-web.scope");
	check_scope("::", "system.slice", "web.scope");
	check_scope("kubepods-burstable-pod1.slice:crio:abc", "kubepods-burstable-pod1.slice",
	    "crio-abc.scope");
	check_scope("-.slice:docker:", "-.slice", "docker-web.scope");
	check_scope(":a/b:c+d", "system.slice", "a\\x2fb-c\\x2bd.scope");
	CHECK_INT(systemd_scope_parse(NULL, "web", true, &scope, &e), 0);
	CHECK_STR(scope.slice, "user.slice");
}

TEST(what_is_no_slice_is_refused)
{
	char name[400];

	check_no_scope("/dolium/web");
	CHECK(strstr(e.text, "slice:prefix:name"));
	check_no_scope("a:b");
	check_no_scope("a.slice:b:c:d");
	check_no_scope("a:b:c");
	check_no_scope(".slice:b:c");
	check_no_scope("-a.slice:b:c");
	check_no_scope("a-.slice:b:c");
	check_no_scope("a--b.slice:b:c");
	check_no_scope("../a.slice:b:c");
	check_no_scope("a.slice:b:c.slice");
	snprintf(name, sizeof(name), "::%0300d", 1);
	check_no_scope(name);
}

/* ---- properties ---- */

/* An annotation's value: the signature, then the bytes of the value. */
static void check_variant(const char *text, const char *type, const void *bytes, size_t len)
{
	AUTO_BUF struct buf property = { 0 }, wanted = { 0 };

	CHECK_INT(systemd_put_annotation(&property, "Some", text, &e), 0);
	dbus_put_text(&wanted, "Some");
	dbus_put_signature(&wanted, type);
	dbus_align(&wanted, strchr("as", *type) ? 4 : len);
	buf_add(&wanted, bytes, len);
	CHECK_INT(property.len, wanted.len);
	CHECK(memcmp(property.data, wanted.data, wanted.len) == 0);
}

TEST(annotations_are_read_as_gvariant)
{
	check_variant("5", "i", "\5\0\0\0", 4);
	check_variant("-1", "i", "\377\377\377\377", 4);
	check_variant("true", "b", "\1\0\0\0", 4);
	check_variant("boolean false", "b", "\0\0\0\0", 4);
	check_variant("byte 7", "y", "\7", 1);
	check_variant("uint16 258", "q", "\2\1", 2);
	check_variant("uint64 18446744073709551615", "t", "\377\377\377\377\377\377\377\377", 8);
	check_variant("@t 1", "t", "\1\0\0\0\0\0\0\0", 8);
	check_variant("1.5", "d", "\0\0\0\0\0\0\370?", 8);
	check_variant("'a'", "s", "\1\0\0\0a", 6);
	check_variant("\"it's\"", "s", "\4\0\0\0it's", 9);
	check_variant("['a', 'b']", "as", "\16\0\0\0\1\0\0\0a\0\0\0\1\0\0\0b", 18);
	check_variant("[uint32 1, 2]", "au", "\10\0\0\0\1\0\0\0\2\0\0\0", 12);
	check_variant("@as []", "as", "\0\0\0\0", 4);
}

TEST(what_is_no_gvariant_is_refused)
{
	static const char *const bad[] = { "", "x", "'a", "'a\\", "1 2", "[", "[]", "[1", "[1,]",
		"[1 2]", "['a', 1]", "uint16 65536", "byte -1", "uint64 -1", "int32 2147483648",
		"@z 1", "@", "@a", "@as 'a'", "@s ['a']", "true 1", "tru", "1.5.5", "[['a']]",
		"{'a': 1}" };
	AUTO_BUF struct buf property = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_INT(systemd_put_annotation(&property, "Some", bad[i], &e), -EINVAL);
	CHECK_INT(systemd_put_annotation(&property, "No.Name", "1", &e), -EINVAL);
	CHECK_INT(systemd_put_annotation(&property, "", "1", &e), -EINVAL);
}

TEST(seconds_become_microseconds)
{
	AUTO_BUF struct buf property = { 0 }, wanted = { 0 };

	CHECK_INT(systemd_put_annotation(&property, "TimeoutStopSec", "uint64 5", &e), 0);
	systemd_put_u64(&wanted, "TimeoutStopUSec", 5000000);
	CHECK_INT(systemd_put_annotation(&property, "TimeoutStopSec", "0.25", &e), 0);
	systemd_put_u64(&wanted, "TimeoutStopUSec", 250000);
	CHECK_INT(property.len, wanted.len);
	CHECK(memcmp(property.data, wanted.data, wanted.len) == 0);
	CHECK_INT(systemd_put_annotation(&property, "TimeoutStopSec", "-1", &e), -EINVAL);
	CHECK_INT(systemd_put_annotation(&property, "TimeoutStopSec", "soon", &e), -EINVAL);
	CHECK_INT(systemd_put_annotation(&property, "TimeoutStopSec", "inf", &e), -EINVAL);
}

TEST(a_list_of_cpus_is_a_mask)
{
	AUTO_BUF struct buf property = { 0 };
	static const uint8_t mask[] = { 2, 0, 0, 0, 3, 2 }; /* two bytes: 0 and 1; 9 */

	CHECK_INT(systemd_put_numbers(&property, "AllowedCPUs", "0-1,9"), 0);
	CHECK(memcmp(property.data + property.len - sizeof(mask), mask, sizeof(mask)) == 0);
	CHECK_INT(systemd_put_numbers(&property, "AllowedCPUs", "1-"), -EINVAL);
	CHECK_INT(systemd_put_numbers(&property, "AllowedCPUs", ""), -EINVAL);
}
