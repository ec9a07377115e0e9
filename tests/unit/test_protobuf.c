/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/buf.h"
#include "format/protobuf.h"

#include "test.h"

static struct protobuf_reader over(const struct buf *b)
{
	return (struct protobuf_reader){ (const unsigned char *)b->data, b->len };
}

static int read_bytes(const char *bytes, size_t len)
{
	struct protobuf_reader r = { (const unsigned char *)bytes, len };
	struct protobuf_field field;

	return protobuf_next(&r, &field);
}

TEST(numbers_are_written_as_the_format_has_them)
{
	AUTO_BUF struct buf b = { 0 };

	protobuf_put_u64(&b, 1, 150);
	CHECK_INT(b.len, 3);
	CHECK(memcmp(b.data, "\x08\x96\x01", 3) == 0);
}

TEST(a_text_is_a_length_and_bytes)
{
	AUTO_BUF struct buf b = { 0 };

	protobuf_put_text(&b, 2, "testing");
	CHECK_INT(b.len, 9);
	CHECK(memcmp(b.data, "\x12\x07testing", 9) == 0);
	protobuf_put_text(&b, 3, NULL);
	CHECK_INT(b.len, 9);
}

TEST(what_was_written_is_read_again)
{
	static const uint64_t values[] = { 0, 1, 127, 128, 16384, UINT32_MAX, UINT64_MAX };
	AUTO_BUF struct buf b = { 0 };
	struct protobuf_reader r;
	struct protobuf_field field;

	for (size_t i = 0; i < 7; i++)
		protobuf_put_u64(&b, (uint32_t)i + 1, values[i]);
	protobuf_put_i32(&b, 20, -1);
	protobuf_put_bool(&b, 536870911, true);
	protobuf_put_bytes(&b, 21, "a\0b", 3);
	r = over(&b);
	for (size_t i = 0; i < 7; i++) {
		CHECK_INT(protobuf_next(&r, &field), 1);
		CHECK_INT(field.number, i + 1);
		CHECK(field.value == values[i]);
	}
	CHECK_INT(protobuf_next(&r, &field), 1);
	CHECK_INT((int32_t)field.value, -1);
	CHECK_INT(protobuf_next(&r, &field), 1);
	CHECK_INT(field.number, 536870911);
	CHECK_INT(protobuf_next(&r, &field), 1);
	CHECK_INT(field.len, 3);
	CHECK(memcmp(field.data, "a\0b", 3) == 0);
	CHECK_INT(protobuf_next(&r, &field), 0);
}

TEST(numbers_of_fixed_width_are_read_too)
{
	struct protobuf_reader r = {
		(const unsigned char *)"\x0d\x01\x02\x03\x04\x11\x01\0\0\0\0\0\0\x80", 14
	};
	struct protobuf_field field;

	CHECK_INT(protobuf_next(&r, &field), 1);
	CHECK(field.kind == PROTOBUF_FIXED32 && field.value == 0x04030201);
	CHECK_INT(protobuf_next(&r, &field), 1);
	CHECK(field.kind == PROTOBUF_FIXED64 && field.value == 0x8000000000000001);
	CHECK_INT(protobuf_next(&r, &field), 0);
}

TEST(what_is_cut_off_is_refused)
{
	CHECK_INT(read_bytes("\x08", 1), -EBADMSG);
	CHECK_INT(read_bytes("\x08\x80", 2), -EBADMSG);
	CHECK_INT(read_bytes("\x12\x07test", 6), -EBADMSG);
	CHECK_INT(read_bytes("\x0d\x01", 2), -EBADMSG);
	CHECK_INT(read_bytes("\x11\x01\x01\x01\x01", 5), -EBADMSG);
}

TEST(lengths_and_numbers_out_of_range_are_refused)
{
	/* 2^64 - 1 bytes; a number of 70 bits; field 0; field 2^29; a group */
	CHECK_INT(read_bytes("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11), -EBADMSG);
	CHECK_INT(read_bytes("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11), -EBADMSG);
	CHECK_INT(read_bytes("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12), -EBADMSG);
	CHECK_INT(read_bytes("\x00\x01", 2), -EBADMSG);
	CHECK_INT(read_bytes("\x80\x80\x80\x80\x10\x01", 6), -EBADMSG);
	CHECK_INT(read_bytes("\x0b", 1), -EBADMSG);
}
