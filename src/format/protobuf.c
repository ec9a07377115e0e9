/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protocol buffers: the wire format
 *
 * Numbers are little-endian in groups of seven bits, the eighth of each byte says that one more
 * follows. A field begins with such a number: its own, shifted by three, and its kind.
 */
#include "format/protobuf.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"

#define VARINT_MAX 10 /* bytes of 64 bits */
#define NUMBER_MAX ((UINT32_C(1) << 29) - 1)

static void put_varint(struct buf *to, uint64_t value)
{
	while (value >= 0x80) {
		buf_addc(to, (char)(0x80 | (value & 0x7f)));
		value >>= 7;
	}
	buf_addc(to, (char)value);
}

static void put_head(struct buf *to, uint32_t number, enum protobuf_kind kind)
{
	put_varint(to, (uint64_t)number << 3 | kind);
}

void protobuf_put_u64(struct buf *to, uint32_t number, uint64_t value)
{
	put_head(to, number, PROTOBUF_VARINT);
	put_varint(to, value);
}

void protobuf_put_i32(struct buf *to, uint32_t number, int32_t value)
{
	/* A negative one has ten bytes: it is of 64 bits on the wire. */
	protobuf_put_u64(to, number, (uint64_t)(int64_t)value);
}

void protobuf_put_bool(struct buf *to, uint32_t number, bool value)
{
	protobuf_put_u64(to, number, value);
}

void protobuf_put_bytes(struct buf *to, uint32_t number, const void *data, size_t len)
{
	put_head(to, number, PROTOBUF_BYTES);
	put_varint(to, len);
	buf_add(to, data, len);
}

void protobuf_put_text(struct buf *to, uint32_t number, const char *text)
{
	if (text)
		protobuf_put_bytes(to, number, text, strlen(text));
}

static int read_varint(struct protobuf_reader *r, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < VARINT_MAX && i < r->left; i++) {
		uint64_t bits = r->at[i] & 0x7f;

		if (i == VARINT_MAX - 1 && bits > 1)
			return -EBADMSG;
		value |= bits << (7 * i);
		if (r->at[i] & 0x80)
			continue;
		r->at += i + 1;
		r->left -= i + 1;
		*ret_value = value;
		return 0;
	}
	return -EBADMSG;
}

static int read_fixed(struct protobuf_reader *r, size_t len, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (r->left < len)
		return -EBADMSG;
	for (size_t i = 0; i < len; i++)
		value |= (uint64_t)r->at[i] << (8 * i);
	r->at += len;
	r->left -= len;
	*ret_value = value;
	return 0;
}

static int read_bytes(struct protobuf_reader *r, struct protobuf_field *field)
{
	uint64_t len = 0;
	int code = read_varint(r, &len);

	if (code < 0 || len > r->left)
		return -EBADMSG;
	field->data = r->at;
	field->len = (size_t)len;
	r->at += len;
	r->left -= (size_t)len;
	return 0;
}

int protobuf_next(struct protobuf_reader *r, struct protobuf_field *ret_field)
{
	struct protobuf_field field = { 0 };
	uint64_t head = 0;
	int code;

	if (r->left == 0)
		return 0;
	code = read_varint(r, &head);
	if (code < 0 || head >> 3 == 0 || head >> 3 > NUMBER_MAX)
		return -EBADMSG;
	field.number = (uint32_t)(head >> 3);
	field.kind = (enum protobuf_kind)(head & 7);
	switch (field.kind) {
	case PROTOBUF_VARINT:
		code = read_varint(r, &field.value);
		break;
	case PROTOBUF_FIXED64:
		code = read_fixed(r, 8, &field.value);
		break;
	case PROTOBUF_FIXED32:
		code = read_fixed(r, 4, &field.value);
		break;
	case PROTOBUF_BYTES:
		code = read_bytes(r, &field);
		break;
	default:
		code = -EBADMSG;
	}
	if (code < 0)
		return code;
	*ret_field = field;
	return 1;
}
