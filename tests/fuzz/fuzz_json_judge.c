/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON: json-c reads the same out of what we have read.
 */
/* json-c has an enum of the same name as ours, and its own names for the values. */
#define json_type json_c_type
#include <json-c/json_object.h>
#include <json-c/json_object_iterator.h>
#include <json-c/json_tokener.h>
#undef json_type

#include "base/err.h"
#include "format/json.h"

#include "fuzz.h"

static void compare(const struct json_value *v, struct json_object *judge);

/*
 * json-c 0.16 takes a character beyond U+FFFF, written as a pair of \u, for half of a pair
 * where its lower bits look like one (U+1DE00), and makes U+FFFD of it. There it is no judge.
 */
static bool beyond_the_judge(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		if (*c >= 0xf0 && ((c[1] & 0x0f) == 0x0d) && (c[2] & 0x20))
			return true;
	return false;
}

static void compare_text(const char *text, const char *judge)
{
	MUST(strcmp(text, judge) == 0 || beyond_the_judge(text));
}

static void compare_number(const struct json_value *v, struct json_object *judge)
{
	uint64_t magnitude;
	bool negative;

	MUST(json_value_type(v) == JSON_NUMBER);
	if (json_object_is_type(judge, json_type_double)) {
		MUST(json_value_integer(v, &negative, &magnitude) < 0);
		MUST(json_value_double(v) == json_object_get_double(judge));
		return;
	}
	MUST(json_value_integer(v, &negative, &magnitude) == 0);
	MUST(negative == (json_object_get_int64(judge) < 0));
	MUST(json_value_i64(v) == json_object_get_int64(judge));
	if (!negative)
		MUST(magnitude == json_object_get_uint64(judge));
}

static void compare_object(const struct json_value *v, struct json_object *judge)
{
	struct json_object_iterator at = json_object_iter_begin(judge),
	                            end = json_object_iter_end(judge);
	struct json_cursor cursor = { 0 };
	const struct json_value *value;
	const char *key;

	/* Keys that differ may be one to the judge. */
	if (json_value_count(v) != (size_t)json_object_object_length(judge)) {
		bool beyond = false;

		while (json_value_next(v, &cursor, &key, &value))
			beyond |= beyond_the_judge(key);
		MUST(beyond);
		return;
	}
	while (json_value_next(v, &cursor, &key, &value)) {
		MUST(!json_object_iter_equal(&at, &end));
		compare_text(key, json_object_iter_peek_name(&at));
		MUST(json_value_get(v, key) == value);
		compare(value, json_object_iter_peek_value(&at));
		json_object_iter_next(&at);
	}
	MUST(json_object_iter_equal(&at, &end));
}

static void compare(const struct json_value *v, struct json_object *judge)
{
	switch (json_object_get_type(judge)) {
	case json_type_null:
		MUST(v && json_value_type(v) == JSON_NULL);
		break;
	case json_type_boolean:
		MUST(json_value_type(v) == JSON_BOOL);
		MUST(json_value_bool(v) == json_object_get_boolean(judge));
		break;
	case json_type_double:
	case json_type_int:
		compare_number(v, judge);
		break;
	case json_type_string:
		MUST(json_value_type(v) == JSON_STRING);
		compare_text(json_value_string(v), json_object_get_string(judge));
		break;
	case json_type_array:
		MUST(json_value_type(v) == JSON_ARRAY);
		MUST(json_value_count(v) == json_object_array_length(judge));
		for (size_t i = 0; i < json_value_count(v); i++)
			compare(json_value_at(v, i), json_object_array_get_idx(judge, i));
		break;
	case json_type_object:
		MUST(json_value_type(v) == JSON_OBJECT);
		compare_object(v, judge);
		break;
	default:
		MUST(false);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(json_value_free) struct json_value *v = NULL;
	struct json_tokener *tokener;
	struct json_object *judge;
	struct err e = { 0 };

	if (json_value_parse((const char *)data, size, "input", &v, &e) < 0)
		return 0;
	tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 2);
	MUST(tokener);
	judge = json_tokener_parse_ex(tokener, (const char *)data, (int)size);
	/* A number at the top might go on: only the end of all text ends it. */
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		judge = json_tokener_parse_ex(tokener, "", 1);
	MUST(json_tokener_get_error(tokener) == json_tokener_success);
	compare(v, judge);
	json_object_put(judge);
	json_tokener_free(tokener);
	return 0;
}
