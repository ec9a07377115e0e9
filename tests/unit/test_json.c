/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/err.h"
#include "base/strmap.h"
#include "base/strv.h"
#include "format/json.h"

#include "test.h"

static struct err e;

static struct json_value *parse(const char *text)
{
	struct json_value *v = NULL;

	CHECK_INT(json_value_parse(text, strlen(text), "t", &v, &e), 0);
	return v;
}

static void check_refused(const char *text, const char *words)
{
	struct json_value *v = NULL;

	CHECK_INT(json_value_parse(text, strlen(text), "t", &v, &e), -EBADMSG);
	CHECK(!v);
	CHECK_STR(e.text, words);
}

/* As it is written after it was read. */
static void check_rewritten(const char *text, unsigned indent, const char *expected)
{
	AUTO(json_value_free) struct json_value *v = parse(text);
	AUTO_BUF struct buf b = { 0 };

	json_value_write(v, indent, &b);
	CHECK_INT(buf_error(&b), 0);
	CHECK_STR(buf_text(&b), expected);
}

TEST(reads_every_kind_of_value)
{
	AUTO(json_value_free)
	struct json_value *v = parse(" {\"a\":[1,-2.5,\"x\",true,null],\"b\":{}} ");
	const struct json_value *a = json_value_get(v, "a");

	CHECK_INT(json_value_type(v), JSON_OBJECT);
	CHECK_INT(json_value_count(v), 2);
	CHECK_INT(json_value_count(a), 5);
	CHECK_INT(json_value_i64(json_value_at(a, 0)), 1);
	CHECK(json_value_double(json_value_at(a, 1)) == -2.5);
	CHECK_STR(json_value_string(json_value_at(a, 2)), "x");
	CHECK(json_value_bool(json_value_at(a, 3)));
	CHECK(json_value_at(a, 4));
	CHECK_INT(json_value_type(json_value_at(a, 4)), JSON_NULL);
	CHECK(!json_value_at(a, 5));
	CHECK(!json_value_get(v, "c"));
	CHECK_INT(json_value_type(json_value_get(v, "b")), JSON_OBJECT);
}

TEST(a_value_of_another_type_is_nothing)
{
	AUTO(json_value_free) struct json_value *v = parse("[\"text\"]");

	CHECK(!json_value_string(v));
	CHECK(!json_value_string(NULL));
	CHECK_INT(json_value_i64(json_value_at(v, 0)), 0);
	CHECK(!json_value_bool(json_value_at(v, 0)));
	CHECK(!json_value_get(v, "text"));
	CHECK(!json_value_entry(v, 0, NULL));
	CHECK_INT(json_value_count(NULL), 0);
	CHECK_INT(json_value_type(NULL), JSON_NULL);
}

TEST(a_whole_text_may_be_one_scalar)
{
	AUTO(json_value_free)
	struct json_value *number = parse("12"), *null = parse(" null\n"), *text = parse("\"a\"");

	CHECK_INT(json_value_i64(number), 12);
	CHECK(null);
	CHECK_INT(json_value_type(null), JSON_NULL);
	CHECK_STR(json_value_string(text), "a");
}

TEST(entries_come_in_the_order_they_were_written)
{
	AUTO(json_value_free) struct json_value *v = parse("{\"z\":1,\"a\":null,\"m\":3}");
	struct json_cursor cursor = { 0 };
	const struct json_value *value;
	const char *key, *keys[] = { "z", "a", "m" };
	size_t n = 0;

	while (json_value_next(v, &cursor, &key, &value)) {
		CHECK_STR(key, keys[n++]);
		CHECK(value);
	}
	CHECK_INT(n, 3);
	CHECK(!json_value_next(v, &cursor, &key, &value));
	CHECK(json_value_entry(v, 1, &key));
	CHECK_STR(key, "a");
	CHECK_INT(json_value_i64(json_value_entry(v, 2, NULL)), 3);
	CHECK(!json_value_entry(v, 3, &key));
}

TEST(numbers_of_64_bits_are_exact)
{
	AUTO(json_value_free)
	struct json_value *v =
	    parse("[18446744073709551615,-9223372036854775808,9007199254740993,1e3,1.0,-0]");
	uint64_t n;
	bool negative;

	CHECK_INT(json_value_integer(json_value_at(v, 0), &negative, &n), 0);
	CHECK(!negative && n == UINT64_MAX);
	CHECK_INT(json_value_integer(json_value_at(v, 1), &negative, &n), 0);
	CHECK(negative && n == (uint64_t)1 << 63);
	CHECK_INT(json_value_i64(json_value_at(v, 1)), INT64_MIN);
	CHECK_INT(json_value_integer(json_value_at(v, 2), &negative, &n), 0);
	CHECK(n == 9007199254740993);
	CHECK_INT(json_value_integer(json_value_at(v, 3), &negative, &n), -EINVAL);
	CHECK_INT(json_value_integer(json_value_at(v, 4), &negative, &n), -EINVAL);
	CHECK_INT(json_value_integer(json_value_at(v, 5), &negative, &n), 0);
	CHECK(!negative && n == 0);
}

TEST(a_number_beyond_64_bits_is_refused)
{
	check_refused("18446744073709551616", "t: line 1, column 21: a number beyond 64 bits");
	check_refused("[-9223372036854775809]", "t: line 1, column 22: a number beyond 64 bits");
	check_refused(
	    "99999999999999999999999999999", "t: line 1, column 30: a number beyond 64 bits");
}

TEST(a_key_twice_is_refused_and_named)
{
	check_refused("{\"a\":1,\"b\":{\"c\":1,\"d\":2,\"c\":3}}",
	    "t: the key 'c' stands twice in one object");
	check_refused("{\"a\":1,\"\\u0061\":1}", "t: a key stands twice in one object");
	json_value_free(parse("[{\"a\":1},{\"a\":{\"a\":{}}}]"));
}

TEST(what_is_not_json_is_refused_with_its_place)
{
	check_refused("", "t: line 1, column 1: the text ends too early");
	check_refused("{\n  \"a\": 1,\n}", "t: line 3, column 1: a key is missing");
	check_refused("[1 2]", "t: line 1, column 4: a ',' or ']' is missing");
	check_refused("[1,]", "t: line 1, column 4: not a value");
	check_refused("{\"a\" 1}", "t: line 1, column 6: a ':' is missing");
	check_refused("{\"a\":1", "t: line 1, column 7: a ',' or '}' is missing");
	check_refused("1 1", "t: line 1, column 3: something stands behind the value");
	check_refused("NaN", "t: line 1, column 1: not a value");
	check_refused("nul", "t: line 1, column 1: not a value");
	check_refused("True", "t: line 1, column 1: not a value");
	check_refused("01", "t: line 1, column 2: a number that begins with 0");
	check_refused("[1.]", "t: line 1, column 4: a digit is missing");
	check_refused("[-]", "t: line 1, column 3: a digit is missing");
	check_refused("[1e]", "t: line 1, column 4: a digit is missing");
	check_refused("'a'", "t: line 1, column 1: not a value");
	check_refused("/**/1", "t: line 1, column 1: not a value");
}

TEST(text_must_be_utf8_without_nul_and_control)
{
	struct json_value *v = NULL;

	check_refused("\"\\u0000\"", "t: line 1, column 3: a NUL in a string");
	check_refused("\"a\tb\"", "t: line 1, column 3: a control character in a string");
	check_refused("\"\xff\"", "t: line 1, column 2: not UTF-8");
	check_refused("\"\xc0\xaf\"", "t: line 1, column 2: not UTF-8");
	check_refused("\"\xed\xa0\x80\"", "t: line 1, column 2: not UTF-8");
	check_refused("\"\xe2\x82", "t: line 1, column 2: not UTF-8");
	check_refused("\"\\ud800\"", "t: line 1, column 8: half of a surrogate pair");
	check_refused("\"\\ud800\\u0041\"", "t: line 1, column 8: half of a surrogate pair");
	check_refused("\"\\udc00\"", "t: line 1, column 3: half of a surrogate pair");
	check_refused("\"\\x\"", "t: line 1, column 3: no such escape");
	check_refused("\"\\u12g4\"", "t: line 1, column 3: \\u wants four hex digits");
	check_refused("\"abc", "t: line 1, column 5: the text ends within a string");
	CHECK_INT(json_value_parse("[1]\0", 4, "t", &v, &e), -EBADMSG);
	CHECK_STR(e.text, "t: line 1, column 4: something stands behind the value");
}

TEST(escapes_are_read)
{
	AUTO(json_value_free)
	struct json_value *v = parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u20ac\\ud83d\\ude00\"");

	CHECK_STR(json_value_string(v), "\"\\/\b\f\n\r\t\xe2\x82\xac\xf0\x9f\x98\x80");
}

TEST(a_pair_whose_character_looks_like_half_of_a_pair_is_read)
{
	AUTO(json_value_free) struct json_value *v = parse("\"\\ud837\\ude00\\udbff\\udfff\"");

	CHECK_STR(json_value_string(v), "\xf0\x9d\xb8\x80\xf4\x8f\xbf\xbf");
}

TEST(among_many_keys_one_that_stands_twice_is_found)
{
	char text[400] = "{";

	for (int i = 0; i < 40; i++)
		sprintf(strchr(text, '\0'), "%s\"k%d\":%d", i ? "," : "", i % 39, i);
	strcat(text, "}");
	check_refused(text, "t: the key 'k0' stands twice in one object");
	check_refused("{\"a\":1,\"\\u0061\":2}", "t: a key stands twice in one object");
	/* The same key in another object is another one. */
	json_value_free(parse("{\"a\":{\"a\":[{\"a\":1},{\"a\":2}]}}"));
}

TEST(depth_has_a_ceiling)
{
	char text[200];

	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	text[2 * JSON_DEPTH_MAX] = '\0';
	json_value_free(parse(text));

	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	text[2 * JSON_DEPTH_MAX + 2] = '\0';
	check_refused(text, "t: line 1, column 65: nested too deeply");
}

TEST(a_bomb_of_empty_lists_is_refused)
{
	const size_t len = 3 * 70000 + 1;
	AUTO_FREE char *text = malloc(len + 1);
	struct json_value *v = NULL;

	text[0] = '[';
	for (size_t i = 1; i < len; i += 3)
		memcpy(text + i, "[],", 3);
	text[len - 1] = ']';
	CHECK_INT(json_value_parse(text, len, "t", &v, &e), -EBADMSG);
	CHECK(strstr(e.text, "too many lists and objects"));
}

TEST(writes_what_it_has_read)
{
	check_rewritten("{ \"a\" : [ 1 , 2.50 , 1e3 ] , \"b\" : { } , \"c\" : [ ], \"d\":null }", 0,
	    "{\"a\":[1,2.50,1e3],\"b\":{},\"c\":[],\"d\":null}");
	check_rewritten("{\"a\":[1,{\"b\":true}],\"c\":{}}", 2,
	    "{\n  \"a\": [\n    1,\n    {\n      \"b\": true\n    }\n  ],\n  \"c\": {}\n}");
	check_rewritten("\"\\u0001\\t\\u007f\\u00e9\\\\\"", 0, "\"\\u0001\\t\x7f\xc3\xa9\\\\\"");
	check_rewritten("18446744073709551615", 0, "18446744073709551615");
}

TEST(writes_text_that_is_not_utf8_with_a_mark)
{
	AUTO_BUF struct buf b = { 0 };
	struct json_writer w = { .to = &b };

	json_put_text(&w, NULL,
	    "a\xff"
	    "b\xc3");
	CHECK_STR(buf_text(&b),
	    "\"a\xef\xbf\xbd"
	    "b\xef\xbf\xbd\"");
}

TEST(writes_field_by_field)
{
	AUTO_BUF struct buf b = { 0 };
	struct json_writer w = { .to = &b };
	struct strmap m = { 0 };
	char *texts[] = { (char[]){ "x" }, (char[]){ "y" }, NULL };

	strmap_set(&m, "k", "v");
	json_open_object(&w, NULL);
	json_put_text(&w, "t", NULL);
	json_put_i64(&w, "i", INT64_MIN);
	json_put_u64(&w, "u", UINT64_MAX);
	json_put_double(&w, "d", 0.1);
	json_put_double(&w, "e", 1.0 / 3);
	json_put_double(&w, "inf", 1e308 * 10);
	json_put_texts(&w, "l", texts);
	json_put_texts(&w, "n", NULL);
	json_put_map(&w, "m", &m);
	json_open_array(&w, "a");
	json_put_bool(&w, NULL, true);
	json_put_null(&w, NULL);
	json_close_array(&w);
	json_close_object(&w);
	CHECK_STR(buf_text(&b),
	    "{\"t\":null,\"i\":-9223372036854775808,\"u\":18446744073709551615,\"d\":0.1,"
	    "\"e\":0.3333333333333333,\"inf\":null,\"l\":[\"x\",\"y\"],\"n\":[],"
	    "\"m\":{\"k\":\"v\"},\"a\":[true,null]}");
	strmap_done(&m);
}

TEST(a_text_is_set_in_an_object_and_in_nothing_else)
{
	AUTO(json_value_free)
	struct json_value *v = parse("{\"a\":1}"), *list = parse("[]"), *null = parse("null"),
	                  *made = json_value_new_object();
	AUTO_BUF struct buf b = { 0 };

	CHECK_INT(json_value_set_text(v, "a", "x"), 0);
	CHECK_INT(json_value_set_text(v, "b", "y"), 0);
	json_value_write(v, 0, &b);
	CHECK_STR(buf_text(&b), "{\"a\":\"x\",\"b\":\"y\"}");
	CHECK_INT(json_value_set_text(list, "a", "x"), -EINVAL);
	CHECK_INT(json_value_set_text(null, "a", "x"), -EINVAL);
	CHECK_INT(json_value_set_text(made, "k", "v"), 0);
	CHECK_STR(json_value_string(json_value_get(made, "k")), "v");
}

struct part {
	char *name;
	uint32_t size;
	bool has_size;
};

struct whole {
	char *text;
	bool yes;
	int64_t i64;
	uint64_t u64;
	uint32_t u32;
	int32_t i32;
	struct strv list, keys;
	struct strmap map;
	struct part part, *pointer, *parts;
	size_t n_parts;
	uint32_t *numbers;
	size_t n_numbers;
	uint64_t *large;
	size_t n_large;
	struct json_value *any;
};

static int check_part(void *filled, const char *path, struct err *err)
{
	const struct part *part = filled;

	if (part->name && strcmp(part->name, "bad") == 0)
		return err_refuse(err, -EBADMSG, "%sname: it is 'bad'", path);
	return 0;
}

static const struct json_shape part_shape = {
	.size = sizeof(struct part),
	.fields =
	    (const struct json_field[]){
	        { "name", JSON_KIND_TEXT, offsetof(struct part, name), .required = true },
	        { "size", JSON_KIND_U32, offsetof(struct part, size),
	            .present = offsetof(struct part, has_size) },
	        { 0 },
	    },
	.check = check_part,
};

static const struct json_shape whole_shape = {
	.size = sizeof(struct whole),
	.fields =
	    (const struct json_field[]){
	        { "text", JSON_KIND_TEXT, offsetof(struct whole, text) },
	        { "yes", JSON_KIND_BOOL, offsetof(struct whole, yes) },
	        { "i64", JSON_KIND_I64, offsetof(struct whole, i64) },
	        { "u64", JSON_KIND_U64, offsetof(struct whole, u64) },
	        { "u32", JSON_KIND_U32, offsetof(struct whole, u32) },
	        { "i32", JSON_KIND_I32, offsetof(struct whole, i32) },
	        { "list", JSON_KIND_STRV, offsetof(struct whole, list) },
	        { "keys", JSON_KIND_KEYS, offsetof(struct whole, keys) },
	        { "map", JSON_KIND_MAP, offsetof(struct whole, map) },
	        { "part", JSON_KIND_STRUCT, offsetof(struct whole, part), &part_shape },
	        { "pointer", JSON_KIND_POINTER, offsetof(struct whole, pointer), &part_shape },
	        { "parts", JSON_KIND_ARRAY, offsetof(struct whole, parts), &part_shape },
	        { "numbers", JSON_KIND_U32_ARRAY, offsetof(struct whole, numbers) },
	        { "large", JSON_KIND_U64_ARRAY, offsetof(struct whole, large) },
	        { "any", JSON_KIND_VALUE, offsetof(struct whole, any) },
	        { 0 },
	    },
};

static int read_whole(const char *text, struct whole *w)
{
	*w = (struct whole){ 0 };
	return json_shape_parse(&whole_shape, text, strlen(text), "t", w, &e);
}

static void check_shape_refused(const char *text, const char *words)
{
	struct whole w;

	CHECK_INT(read_whole(text, &w), -EBADMSG);
	CHECK_STR(e.text, words);
	json_shape_done(&whole_shape, &w);
}

TEST(a_table_fills_a_struct)
{
	struct whole w;

	CHECK_INT(read_whole("{\"text\":\"x\",\"yes\":true,\"i64\":-9223372036854775808,"
	                     "\"u64\":18446744073709551615,\"u32\":4294967295,\"i32\":-1000,"
	                     "\"list\":[\"a\",\"b\"],\"keys\":{\"80/tcp\":{},\"1/udp\":{}},"
	                     "\"map\":{\"k\":\"v\"},\"part\":{\"name\":\"p\"},"
	                     "\"pointer\":{\"name\":\"q\",\"size\":0},"
	                     "\"parts\":[{\"name\":\"r\"},{\"name\":\"s\",\"size\":9}],"
	                     "\"numbers\":[1,4294967295],\"large\":[18446744073709551615],"
	                     "\"any\":{\"x\":[1]},\"unknown\":[{}]}",
	              &w),
	    0);
	CHECK_STR(w.text, "x");
	CHECK(w.yes);
	CHECK_INT(w.i64, INT64_MIN);
	CHECK(w.u64 == UINT64_MAX);
	CHECK_INT(w.u32, UINT32_MAX);
	CHECK_INT(w.i32, -1000);
	CHECK_INT(w.list.n, 2);
	CHECK_STR(w.list.items[1], "b");
	CHECK_STR(w.keys.items[0], "80/tcp");
	CHECK_STR(strmap_get(&w.map, "k"), "v");
	CHECK_STR(w.part.name, "p");
	CHECK(!w.part.has_size);
	CHECK(w.pointer->has_size);
	CHECK_INT(w.n_parts, 2);
	CHECK_INT(w.parts[1].size, 9);
	CHECK_INT(w.n_numbers, 2);
	CHECK_INT(w.numbers[1], UINT32_MAX);
	CHECK(w.large[0] == UINT64_MAX);
	CHECK_INT(json_value_i64(json_value_at(json_value_get(w.any, "x"), 0)), 1);
	json_shape_done(&whole_shape, &w);
	CHECK(!w.text && !w.list.items && !w.pointer && w.n_parts == 0);
}

TEST(null_is_as_if_not_said)
{
	struct whole w;

	CHECK_INT(read_whole("{\"text\":null,\"list\":null,\"pointer\":null,\"i64\":null,"
	                     "\"parts\":null,\"any\":null,\"map\":null}",
	              &w),
	    0);
	CHECK(!w.text && !w.list.items && !w.pointer && !w.parts && !w.any);
	json_shape_done(&whole_shape, &w);
}

TEST(a_refusal_says_where)
{
	check_shape_refused("[]", "t: not an object");
	check_shape_refused("{\"text\":1}", "t: text: not a string");
	check_shape_refused("{\"yes\":1}", "t: yes: neither true nor false");
	check_shape_refused("{\"i64\":1.0}", "t: i64: not a whole number");
	check_shape_refused("{\"i64\":1e3}", "t: i64: not a whole number");
	check_shape_refused("{\"i64\":\"1\"}", "t: i64: not a whole number");
	check_shape_refused("{\"i64\":9223372036854775808}", "t: i64: too large a number");
	check_shape_refused("{\"u64\":-1}", "t: u64: a number below 0");
	check_shape_refused("{\"u32\":4294967296}", "t: u32: too large a number");
	check_shape_refused("{\"i32\":-2147483649}", "t: i32: too small a number");
	check_shape_refused("{\"list\":{}}", "t: list: not a list");
	check_shape_refused("{\"list\":[\"a\",2]}", "t: list[1]: not a string");
	check_shape_refused("{\"list\":[null]}", "t: list[0]: not a string");
	check_shape_refused("{\"map\":{\"a\":\"b\",\"c d\":1}}", "t: map.c d: not a string");
	check_shape_refused("{\"keys\":[]}", "t: keys: not an object");
	check_shape_refused("{\"part\":{}}", "t: part.name: missing");
	check_shape_refused(
	    "{\"parts\":[{\"name\":\"a\"},{\"name\":null}]}", "t: parts[1].name: missing");
	check_shape_refused("{\"parts\":[null]}", "t: parts[0]: not an object");
	check_shape_refused("{\"numbers\":[1,-1]}", "t: numbers[1]: a number below 0");
	check_shape_refused("{\"pointer\":{\"name\":\"bad\"}}", "t: pointer.name: it is 'bad'");
}
