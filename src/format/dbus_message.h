/* SPDX-License-Identifier: Apache-2.0 */
/*
 * D-Bus messages
 *
 * What a client of one service needs of the D-Bus specification: method calls out,
 * replies, errors and signals in. Messages are in this machine's byte order, and those that
 * come in must be, too: both ends are on one machine. Every value is aligned to its
 * size from the start of the message; header and body are each a multiple of 8, so a body
 * can be made by itself.
 */
#ifndef DOLIUM_FORMAT_DBUS_MESSAGE_H
#define DOLIUM_FORMAT_DBUS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* ---- making ---- */

void dbus_align(struct buf *to, size_t to_multiple_of);
void dbus_put_byte(struct buf *to, uint8_t value);
void dbus_put_bool(struct buf *to, bool value);
void dbus_put_u32(struct buf *to, uint32_t value);
void dbus_put_u64(struct buf *to, uint64_t value); /* and, as bits, int64 and double */
void dbus_put_text(struct buf *to, const char *text); /* a string or an object path */
void dbus_put_signature(struct buf *to, const char *signature);

/*
 * An array of values that are aligned to `alignment`: "at" is handed to the close. Structs and
 * dictionaries' entries are aligned to 8: dbus_align() before each.
 */
size_t dbus_open_array(struct buf *to, size_t alignment);
void dbus_close_array(struct buf *to, size_t at, size_t alignment);

struct dbus_call {
	const char *destination; /* NULL: who is at the other end */
	const char *path, *interface, *member;
	const char *signature; /* of the body; NULL: there is none */
};

/* The whole message; `serial` is not 0. */
void dbus_write_call(
    struct buf *to, const struct dbus_call *call, uint32_t serial, const struct buf *body);

/* ---- reading ---- */

#define DBUS_FIXED_LEN   16 /* bytes, after which the length is known */
#define DBUS_MESSAGE_MAX ((size_t)4 << 20) /* ours; the specification's is 128 MiB */

enum dbus_kind {
	DBUS_CALL = 1,
	DBUS_REPLY,
	DBUS_ERROR,
	DBUS_SIGNAL,
};

/* Texts are borrowed from the bytes; "" where the message has none. */
struct dbus_message {
	uint8_t kind; /* enum dbus_kind, or one of the future */
	uint32_t serial, reply_serial;
	const char *path, *interface, *member, *error_name, *signature;
	const uint8_t *body;
	size_t body_len;
};

/* The length of the message whose first DBUS_FIXED_LEN bytes are these. -EBADMSG. */
int dbus_message_length(const uint8_t *bytes, size_t *ret_len);

/* -EBADMSG: is none, or of the other byte order. */
int dbus_message_parse(const uint8_t *bytes, size_t len, struct dbus_message *ret_message);

/*
 * Values of the body one after the other; *at begins with 0. -EBADMSG: the body ends, or that is
 * none. What the signature says is the caller's to compare.
 */
int dbus_get_u32(const struct dbus_message *m, size_t *at, uint32_t *ret_value);
int dbus_get_text(const struct dbus_message *m, size_t *at, const char **ret_text);

#endif
