/* SPDX-License-Identifier: Apache-2.0 */
/*
 * D-Bus messages
 */
#include "format/dbus_message.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"

#define PROTOCOL_VERSION 1
#define NATIVE_ORDER     (__BYTE_ORDER == __LITTLE_ENDIAN ? 'l' : 'B')
#define TEXT_MAX         ((size_t)1 << 20)

enum field {
	FIELD_PATH = 1,
	FIELD_INTERFACE,
	FIELD_MEMBER,
	FIELD_ERROR_NAME,
	FIELD_REPLY_SERIAL,
	FIELD_DESTINATION,
	FIELD_SENDER,
	FIELD_SIGNATURE,
};

/* ---- making ---- */

void dbus_align(struct buf *to, size_t to_multiple_of)
{
	while (to->len % to_multiple_of && !buf_error(to))
		buf_addc(to, '\0');
}

void dbus_put_byte(struct buf *to, uint8_t value)
{
	buf_add(to, &value, sizeof(value));
}

void dbus_put_u32(struct buf *to, uint32_t value)
{
	dbus_align(to, sizeof(value));
	buf_add(to, &value, sizeof(value));
}

void dbus_put_bool(struct buf *to, bool value)
{
	dbus_put_u32(to, value);
}

void dbus_put_u64(struct buf *to, uint64_t value)
{
	dbus_align(to, sizeof(value));
	buf_add(to, &value, sizeof(value));
}

void dbus_put_text(struct buf *to, const char *text)
{
	dbus_put_u32(to, (uint32_t)strlen(text));
	buf_add(to, text, strlen(text) + 1);
}

void dbus_put_signature(struct buf *to, const char *signature)
{
	dbus_put_byte(to, (uint8_t)strlen(signature));
	buf_add(to, signature, strlen(signature) + 1);
}

size_t dbus_open_array(struct buf *to, size_t alignment)
{
	size_t at;

	dbus_put_u32(to, 0);
	at = to->len;
	dbus_align(to, alignment);
	return at;
}

/* The length leaves out what aligns the first value. */
void dbus_close_array(struct buf *to, size_t at, size_t alignment)
{
	const size_t begin = (at + alignment - 1) / alignment * alignment;
	uint32_t len;

	if (buf_error(to))
		return;
	len = (uint32_t)(to->len - begin);
	memcpy(to->data + at - sizeof(len), &len, sizeof(len));
}

static void put_field(struct buf *to, enum field field, const char *type, const char *value)
{
	if (!value)
		return;
	dbus_align(to, 8);
	dbus_put_byte(to, (uint8_t)field);
	dbus_put_signature(to, type);
	if (*type == 'g')
		dbus_put_signature(to, value);
	else
		dbus_put_text(to, value);
}

void dbus_write_call(
    struct buf *to, const struct dbus_call *call, uint32_t serial, const struct buf *body)
{
	AUTO_BUF struct buf message = { .max = to->max };
	const uint8_t fixed[] = { NATIVE_ORDER, DBUS_CALL, 0, PROTOCOL_VERSION };
	size_t fields;

	buf_add(&message, fixed, sizeof(fixed));
	dbus_put_u32(&message, body ? (uint32_t)body->len : 0);
	dbus_put_u32(&message, serial);
	fields = dbus_open_array(&message, 8);
	put_field(&message, FIELD_PATH, "o", call->path);
	put_field(&message, FIELD_INTERFACE, "s", call->interface);
	put_field(&message, FIELD_MEMBER, "s", call->member);
	put_field(&message, FIELD_DESTINATION, "s", call->destination);
	put_field(&message, FIELD_SIGNATURE, "g", call->signature);
	dbus_close_array(&message, fields, 8);
	dbus_align(&message, 8);
	if (body)
		buf_add(&message, body->data, body->len);
	if (buf_error(&message) || (body && buf_error(body)))
		to->error = to->error ? to->error : -ENOMEM;
	else
		buf_add(to, message.data, message.len);
}

/* ---- reading ---- */

/* A part of a message that is read from its beginning to its end. */
struct cursor {
	const uint8_t *bytes;
	size_t len, at;
};

static int skip_to(struct cursor *c, size_t multiple)
{
	const size_t to = (c->at + multiple - 1) / multiple * multiple;

	if (to > c->len)
		return -EBADMSG;
	for (; c->at < to; c->at++)
		if (c->bytes[c->at])
			return -EBADMSG;
	return 0;
}

static int get_byte(struct cursor *c, uint8_t *ret_value)
{
	if (c->at >= c->len)
		return -EBADMSG;
	*ret_value = c->bytes[c->at++];
	return 0;
}

static int get_u32(struct cursor *c, uint32_t *ret_value)
{
	int r = skip_to(c, sizeof(*ret_value));

	if (r < 0 || c->len - c->at < sizeof(*ret_value))
		return -EBADMSG;
	memcpy(ret_value, c->bytes + c->at, sizeof(*ret_value));
	c->at += sizeof(*ret_value);
	return 0;
}

/* `len` bytes that hold no NUL, and one behind them. */
static int get_bytes(struct cursor *c, size_t len, const char **ret_text)
{
	if (len > TEXT_MAX || c->len - c->at <= len)
		return -EBADMSG;
	*ret_text = (const char *)c->bytes + c->at;
	if (memchr(*ret_text, '\0', len + 1) != *ret_text + len)
		return -EBADMSG;
	c->at += len + 1;
	return 0;
}

static int get_text(struct cursor *c, const char **ret_text)
{
	uint32_t len;
	int r = get_u32(c, &len);

	return r < 0 ? r : get_bytes(c, len, ret_text);
}

static int get_signature(struct cursor *c, const char **ret_text)
{
	uint8_t len;
	int r = get_byte(c, &len);

	return r < 0 ? r : get_bytes(c, len, ret_text);
}

/*
 * The value of a field. Only three types are ever used for those that there are; one of another
 * type cannot be stepped over without knowing it, and ends the message.
 */
static int get_field(struct cursor *c, struct dbus_message *m)
{
	const char *type, *text = "";
	uint32_t number = 0;
	uint8_t field;
	int r;

	r = skip_to(c, 8);
	if (r >= 0)
		r = get_byte(c, &field);
	if (r >= 0)
		r = get_signature(c, &type);
	if (r < 0)
		return r;
	if (strcmp(type, "s") == 0 || strcmp(type, "o") == 0)
		r = get_text(c, &text);
	else if (strcmp(type, "g") == 0)
		r = get_signature(c, &text);
	else if (strcmp(type, "u") == 0)
		r = get_u32(c, &number);
	else
		r = -EBADMSG;
	if (r < 0)
		return r;

	switch (field) {
	case FIELD_PATH:
		m->path = text;
		break;
	case FIELD_INTERFACE:
		m->interface = text;
		break;
	case FIELD_MEMBER:
		m->member = text;
		break;
	case FIELD_ERROR_NAME:
		m->error_name = text;
		break;
	case FIELD_REPLY_SERIAL:
		m->reply_serial = number;
		break;
	case FIELD_SIGNATURE:
		m->signature = text;
		break;
	default: /* who sent it, and what future versions say */
		break;
	}
	return 0;
}

/* The fixed part: where the fields and the body end. */
static int get_lengths(const uint8_t *bytes, size_t *ret_fields, size_t *ret_body)
{
	uint32_t body, fields;

	memcpy(&body, bytes + 4, sizeof(body));
	memcpy(&fields, bytes + 12, sizeof(fields));
	if (bytes[0] != NATIVE_ORDER || bytes[3] != PROTOCOL_VERSION || bytes[1] == 0 ||
	    body > DBUS_MESSAGE_MAX || fields > DBUS_MESSAGE_MAX)
		return -EBADMSG;
	*ret_fields = fields;
	*ret_body = body;
	return 0;
}

static size_t rounded(size_t len)
{
	return (len + 7) / 8 * 8;
}

int dbus_message_length(const uint8_t *bytes, size_t *ret_len)
{
	size_t fields, body;
	int r = get_lengths(bytes, &fields, &body);

	if (r < 0)
		return r;
	if (DBUS_FIXED_LEN + rounded(fields) + body > DBUS_MESSAGE_MAX)
		return -EBADMSG;
	*ret_len = DBUS_FIXED_LEN + rounded(fields) + body;
	return 0;
}

int dbus_message_parse(const uint8_t *bytes, size_t len, struct dbus_message *ret_message)
{
	struct dbus_message m = { .path = "", "", "", "", "" };
	struct cursor c = { .bytes = bytes, .at = DBUS_FIXED_LEN };
	size_t fields, body, whole;
	int r;

	if (len < DBUS_FIXED_LEN || dbus_message_length(bytes, &whole) < 0 || whole != len ||
	    get_lengths(bytes, &fields, &body) < 0)
		return -EBADMSG;
	m.kind = bytes[1];
	memcpy(&m.serial, bytes + 8, sizeof(m.serial));
	c.len = DBUS_FIXED_LEN + fields;
	while (c.at < c.len) {
		r = get_field(&c, &m);
		if (r < 0)
			return r;
	}
	if ((m.kind == DBUS_REPLY || m.kind == DBUS_ERROR) && !m.reply_serial)
		return -EBADMSG;
	m.body = bytes + len - body;
	m.body_len = body;
	*ret_message = m;
	return 0;
}

int dbus_get_u32(const struct dbus_message *m, size_t *at, uint32_t *ret_value)
{
	struct cursor c = { m->body, m->body_len, *at };
	int r = get_u32(&c, ret_value);

	*at = c.at;
	return r;
}

int dbus_get_text(const struct dbus_message *m, size_t *at, const char **ret_text)
{
	struct cursor c = { m->body, m->body_len, *at };
	int r = get_text(&c, ret_text);

	*at = c.at;
	return r;
}
