/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protocol buffers: the wire format
 *
 * A message is a row of fields, each a number, a kind and a value; fields that the reader
 * does not know are skipped. Which field means what is the business of who uses this.
 */
#ifndef DOLIUM_FORMAT_PROTOBUF_H
#define DOLIUM_FORMAT_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Each appends one field. A message within a message is bytes: write it into a buf of its own. */
void protobuf_put_u64(struct buf *to, uint32_t number, uint64_t value);
void protobuf_put_i32(struct buf *to, uint32_t number, int32_t value);
void protobuf_put_bool(struct buf *to, uint32_t number, bool value);
void protobuf_put_bytes(struct buf *to, uint32_t number, const void *data, size_t len);
void protobuf_put_text(struct buf *to, uint32_t number, const char *text); /* NULL: no field */

enum protobuf_kind {
	PROTOBUF_VARINT = 0,
	PROTOBUF_FIXED64 = 1,
	PROTOBUF_BYTES = 2,
	PROTOBUF_FIXED32 = 5,
};

struct protobuf_field {
	uint32_t number;
	enum protobuf_kind kind;
	uint64_t value; /* of the numbers */
	const unsigned char *data; /* of PROTOBUF_BYTES; borrowed from the message */
	size_t len;
};

struct protobuf_reader {
	const unsigned char *at;
	size_t left;
};

/* The next field: 1; 0: the message ends. -EBADMSG: it is cut off, or no message. */
int protobuf_next(struct protobuf_reader *r, struct protobuf_field *ret_field);

#endif
