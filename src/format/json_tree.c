/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON: trees
 *
 * A json_value is json-c's json_object by another name. json-c has no object
 * for null, only NULL, which here means "not there": null has a stand-in.
 */

/* json-c has an enum of the same name as ours, and its own names for the values. */
#define json_type json_c_type
#include <json-c/json_object.h>
#include <json-c/json_tokener.h>
#include <json-c/linkhash.h>
#undef json_type

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "format/json.h"
#include "format/json_scan.h"

static const char null_stand_in;

static const struct json_value *json_null(void)
{
	return (const struct json_value *)&null_stand_in;
}

/* NULL where `v` is NULL or null. json-c reads through pointers that are not const. */
static struct json_object *to_object(const struct json_value *v)
{
	return v == json_null() ? NULL : (struct json_object *)(uintptr_t)v;
}

static const struct json_value *from_object(struct json_object *object)
{
	return object ? (const struct json_value *)object : json_null();
}

/* How many keys the tree kept: fewer than were written, where one stood twice. */
static size_t count_keys(struct json_object *object)
{
	size_t n = 0;

	if (json_object_is_type(object, json_type_object)) {
		struct lh_entry *entry;

		lh_foreach(json_object_get_object(object), entry) n +=
		    1 + count_keys(lh_entry_v(entry));
	} else if (json_object_is_type(object, json_type_array)) {
		const size_t length = json_object_array_length(object);

		for (size_t i = 0; i < length; i++)
			n += count_keys(json_object_array_get_idx(object, i));
	}
	return n;
}

int json_value_parse(
    const char *text, size_t len, const char *what, struct json_value **ret_value, struct err *e)
{
	AUTO(json_value_free) struct json_value *value = NULL;
	struct json_tokener *tokener;
	enum json_tokener_error error;
	size_t n_keys;
	int r;

	r = json_scan(text, len, what, &n_keys, e);
	if (r < 0)
		return r;

	tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 2);
	if (!tokener)
		return err_set(e, -ENOMEM, "%s", what);
	value = (struct json_value *)json_tokener_parse_ex(tokener, text, (int)len);
	error = json_tokener_get_error(tokener);
	/* A number at the top might go on: only the end of all text ends it. */
	if (error == json_tokener_continue) {
		value = (struct json_value *)json_tokener_parse_ex(tokener, "", 1);
		error = json_tokener_get_error(tokener);
	}
	json_tokener_free(tokener);
	if (error != json_tokener_success)
		return err_refuse(e, -EBADMSG, "%s: %s", what, json_tokener_error_desc(error));
	if (count_keys(to_object(value)) != n_keys)
		return json_scan_report_twice(text, len, what, e);

	*ret_value = value ? TAKE(value) : (struct json_value *)(uintptr_t)json_null();
	return 0;
}

struct json_value *json_value_free(struct json_value *v)
{
	json_object_put(to_object(v));
	return NULL;
}

struct json_value *json_value_share(const struct json_value *v)
{
	struct json_object *object = to_object(v);

	if (object)
		json_object_get(object);
	return (struct json_value *)(uintptr_t)v;
}

enum json_type json_value_type(const struct json_value *v)
{
	switch (json_object_get_type(to_object(v))) {
	case json_type_boolean:
		return JSON_BOOL;
	case json_type_double:
	case json_type_int:
		return JSON_NUMBER;
	case json_type_string:
		return JSON_STRING;
	case json_type_array:
		return JSON_ARRAY;
	case json_type_object:
		return JSON_OBJECT;
	case json_type_null:
	default:
		return JSON_NULL;
	}
}

const char *json_value_string(const struct json_value *v)
{
	return json_value_type(v) == JSON_STRING ? json_object_get_string(to_object(v)) : NULL;
}

bool json_value_bool(const struct json_value *v)
{
	return json_value_type(v) == JSON_BOOL && json_object_get_boolean(to_object(v));
}

int64_t json_value_i64(const struct json_value *v)
{
	return json_value_type(v) == JSON_NUMBER ? json_object_get_int64(to_object(v)) : 0;
}

double json_value_double(const struct json_value *v)
{
	return json_value_type(v) == JSON_NUMBER ? json_object_get_double(to_object(v)) : 0;
}

int json_value_integer(const struct json_value *v, bool *ret_negative, uint64_t *ret_magnitude)
{
	struct json_object *object = to_object(v);
	int64_t number;

	if (!json_object_is_type(object, json_type_int))
		return -EINVAL;
	number = json_object_get_int64(object);
	*ret_negative = number < 0;
	/* What is larger than INT64_MAX only comes out whole through the unsigned call. */
	*ret_magnitude = number < 0 ? 0 - (uint64_t)number : json_object_get_uint64(object);
	return 0;
}

const char *json_value_number_text(const struct json_value *v)
{
	/* A double keeps the very text it was read from. */
	return json_value_type(v) == JSON_NUMBER ? json_object_to_json_string(to_object(v)) : NULL;
}

size_t json_value_count(const struct json_value *v)
{
	struct json_object *object = to_object(v);

	if (json_object_is_type(object, json_type_array))
		return json_object_array_length(object);
	if (json_object_is_type(object, json_type_object))
		return (size_t)json_object_object_length(object);
	return 0;
}

const struct json_value *json_value_at(const struct json_value *v, size_t i)
{
	struct json_object *object = to_object(v);

	if (!json_object_is_type(object, json_type_array) || i >= json_object_array_length(object))
		return NULL;
	return from_object(json_object_array_get_idx(object, i));
}

const struct json_value *json_value_get(const struct json_value *v, const char *key)
{
	struct json_object *object = to_object(v), *member;

	if (!json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, key, &member))
		return NULL;
	return from_object(member);
}

bool json_value_next(const struct json_value *object, struct json_cursor *cursor,
    const char **ret_key, const struct json_value **ret_value)
{
	const struct lh_entry *entry = cursor->next;

	if (!cursor->begun) {
		cursor->begun = true;
		entry = json_object_is_type(to_object(object), json_type_object)
		    ? json_object_get_object(to_object(object))->head
		    : NULL;
	}
	if (!entry)
		return false;
	*ret_key = entry->k;
	*ret_value = from_object((struct json_object *)(uintptr_t)entry->v);
	cursor->next = entry->next;
	return true;
}

const struct json_value *json_value_entry(
    const struct json_value *v, size_t i, const char **ret_key)
{
	const struct json_value *value = NULL;
	struct json_cursor cursor = { 0 };
	const char *key;

	do {
		if (!json_value_next(v, &cursor, &key, &value))
			return NULL;
	} while (i-- > 0);
	if (ret_key)
		*ret_key = key;
	return value;
}

struct json_value *json_value_new_object(void)
{
	return (struct json_value *)json_object_new_object();
}

int json_value_set_text(struct json_value *object, const char *key, const char *text)
{
	struct json_object *to = to_object(object), *value;

	if (!json_object_is_type(to, json_type_object))
		return -EINVAL;
	value = json_object_new_string(text);
	if (!value)
		return -ENOMEM;
	if (json_object_object_add(to, key, value) < 0) {
		json_object_put(value);
		return -ENOMEM;
	}
	return 0;
}

void json_value_write(const struct json_value *v, unsigned indent, struct buf *to)
{
	struct json_writer w = { .to = to, .indent = indent };

	json_put_value(&w, NULL, v);
}
