/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259)
 *
 * Three ways to use it:
 *
 * - json_value: a parsed tree, for what has no fixed form (inspect, templates).
 * - json_shape: a table of fields (key, kind, offset) that fills a plain struct
 *   from a tree and frees it again. Unknown keys are ignored; a wrong type or
 *   range is refused with its path: "linux.namespaces[2].type: not a string".
 * - json_writer: writes text in one pass, into a buf.
 *
 * Input is hostile: depth and size have ceilings, text must be UTF-8 without
 * NUL, the whole input must be one value, a key twice in one object is refused,
 * and so is a whole number beyond 64 bits.
 */
#ifndef DOLIUM_FORMAT_JSON_H
#define DOLIUM_FORMAT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/buf.h"

struct err;

#define JSON_DEPTH_MAX 64
#define JSON_SIZE_MAX  ((size_t)16 << 20)

/* ---- trees ---- */

struct json_value; /* one owner frees the root; everything below is borrowed */

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

/*
 * Parses `len` bytes; `what` names them in reports ("config.json"). The result
 * is the caller's. -EBADMSG: not JSON, or beyond a ceiling.
 */
int json_value_parse(
    const char *text, size_t len, const char *what, struct json_value **ret_value, struct err *e);
struct json_value *json_value_free(struct json_value *v); /* NULL is fine; returns NULL */
AUTO_DEFINE(struct json_value *, json_value_free);
/* One more owner of a part of a tree, who frees it by json_value_free(). */
struct json_value *json_value_share(const struct json_value *v);

enum json_type json_value_type(const struct json_value *v); /* NULL is JSON_NULL */
/* Each returns NULL / 0 / false where `v` is NULL or of another type. */
const char *json_value_string(const struct json_value *v);
bool json_value_bool(const struct json_value *v);
int64_t json_value_i64(const struct json_value *v);
double json_value_double(const struct json_value *v);
/*
 * A whole number, exactly: its sign and magnitude. -EINVAL: `v` is none; 1.0
 * and 1e3 are none either.
 */
int json_value_integer(const struct json_value *v, bool *ret_negative, uint64_t *ret_magnitude);
/* A number as it was written, "1e3" included. Borrowed. */
const char *json_value_number_text(const struct json_value *v);
size_t json_value_count(const struct json_value *v); /* entries of an array or object */
const struct json_value *json_value_at(const struct json_value *v, size_t i); /* array */
const struct json_value *json_value_get(const struct json_value *v, const char *key); /* object */
/* The i-th entry of an object in the order it was written; NULL behind the last. */
const struct json_value *json_value_entry(
    const struct json_value *v, size_t i, const char **ret_key);

/*
 * Walks all entries of an object, in the order they were written: start with a
 * zeroed cursor. False behind the last one, and where `object` is none.
 */
struct json_cursor {
	size_t next;
};
bool json_value_next(const struct json_value *object, struct json_cursor *cursor,
    const char **ret_key, const struct json_value **ret_value);

/* Appends `v` as text; `indent` 0: one line, else that many blanks a level. */
void json_value_write(const struct json_value *v, unsigned indent, struct buf *to);

/*
 * Changing a tree: for rows that were made to be shown and want another text in a
 * field before they are. What came from outside is read into structs instead.
 */
struct json_value *json_value_new_object(void); /* empty, the caller's; NULL: no memory */
/* Adds or replaces a text. -EINVAL: `object` is none; -ENOMEM. */
int json_value_set_text(struct json_value *object, const char *key, const char *text);

/* ---- tables ---- */

enum json_kind {
	JSON_KIND_END = 0, /* a table ends in a zeroed field */
	JSON_KIND_TEXT, /* char * */
	JSON_KIND_CHARS, /* char[`room`]; a text that does not fit is refused */
	JSON_KIND_BOOL, /* bool */
	JSON_KIND_I64, /* int64_t */
	JSON_KIND_U64, /* uint64_t */
	JSON_KIND_U32, /* uint32_t */
	JSON_KIND_I32, /* int32_t */
	JSON_KIND_STRV, /* struct strv */
	JSON_KIND_MAP, /* struct strmap: an object of texts */
	JSON_KIND_KEYS, /* struct strv: the keys of an object, such as {"80/tcp":{}} */
	/* A struct of `shape`, inline. With offset 0 and a shape of the outer struct's own fields:
	   an object in the text that is flat in the struct. */
	JSON_KIND_STRUCT,
	JSON_KIND_POINTER, /* pointer to a struct of `shape`; NULL where the key is absent or null
	                    */
	JSON_KIND_ARRAY, /* pointer to structs of `shape`, and a size_t right behind it: how many */
	JSON_KIND_ENTRIES, /* the same from an object; each struct begins with a char *, its key */
	JSON_KIND_U32_ARRAY, /* uint32_t *, and a size_t right behind it */
	JSON_KIND_U64_ARRAY, /* uint64_t *, and a size_t right behind it */
	JSON_KIND_VALUE, /* struct json_value *: this part of the tree, kept; owned by the struct */
};

struct json_field {
	const char *key;
	enum json_kind kind;
	size_t offset;
	const struct json_shape *shape; /* for STRUCT, POINTER, ARRAY, ENTRIES */
	size_t
	    present; /* offset of a bool that is set when the key is there and not null; 0: none */
	bool required;
	size_t room; /* for CHARS */
};

/*
 * A line of a table: JSON_FIELD(oci_device, "path", TEXT, path, .required = true),
 * and JSON_HAS() as its last argument for a `has_path` beside it.
 */
#define JSON_FIELD(struct_, key_, kind_, member_, ...)                     \
	{                                                                  \
		.key = (key_), .kind = JSON_KIND_##kind_,                  \
		.offset = offsetof(struct struct_, member_), ##__VA_ARGS__ \
	}
#define JSON_HAS(struct_, member_) .present = offsetof(struct struct_, has_##member_)

struct json_shape {
	size_t size; /* of the struct */
	const struct json_field *fields;
	/*
	 * May be NULL. Called when all fields of one struct are filled, to check or convert them.
	 * `path` is what stands before a key in a report: "config.json: linux.namespaces[2].".
	 */
	int (*check)(void *filled, const char *path, struct err *e);
};

/*
 * Fills the zeroed struct `to`. An absent key leaves its field zero. On failure
 * the caller still calls json_shape_done(). -EBADMSG: a value of the wrong type,
 * out of range, or a required key missing; `e` has the path in it.
 */
int json_shape_read(const struct json_shape *shape, const struct json_value *v, const char *what,
    void *to, struct err *e);
/* json_value_parse() and json_shape_read() in one. */
int json_shape_parse(const struct json_shape *shape, const char *text, size_t len, const char *what,
    void *to, struct err *e);
/* Frees what the fields hold and zeroes the struct. */
void json_shape_done(const struct json_shape *shape, void *filled);

/* ---- writing ---- */

/*
 * Commas and colons are the writer's. A NULL key is for entries of an array.
 * Failure is the buf's: check buf_error() once at the end. Text that is not
 * UTF-8 is written with U+FFFD for what is wrong.
 */
struct json_writer {
	struct buf *to;
	unsigned indent; /* blanks a level; 0: one line */
	unsigned depth;
	bool has_entry;
};

void json_open_object(struct json_writer *w, const char *key);
void json_close_object(struct json_writer *w);
void json_open_array(struct json_writer *w, const char *key);
void json_close_array(struct json_writer *w);
void json_put_text(struct json_writer *w, const char *key, const char *text); /* NULL: null */
/* A text that may have NULs in it. */
void json_put_bytes(struct json_writer *w, const char *key, const char *bytes, size_t len);
void json_put_bool(struct json_writer *w, const char *key, bool value);
void json_put_i64(struct json_writer *w, const char *key, int64_t value);
void json_put_u64(struct json_writer *w, const char *key, uint64_t value);
void json_put_double(struct json_writer *w, const char *key, double value);
void json_put_null(struct json_writer *w, const char *key);
void json_put_value(struct json_writer *w, const char *key, const struct json_value *v);
/* An array of texts that ends in a NULL; a NULL array is written as []. */
void json_put_texts(struct json_writer *w, const char *key, char *const *texts);

struct strmap;
void json_put_map(struct json_writer *w, const char *key, const struct strmap *m);

/* The same for what may not have been said: nothing is written for NULL or where it is empty. */
struct strv;
void json_maybe_text(struct json_writer *w, const char *key, const char *text);
void json_maybe_strv(struct json_writer *w, const char *key, const struct strv *texts);
void json_maybe_map(struct json_writer *w, const char *key, const struct strmap *m);

#endif
