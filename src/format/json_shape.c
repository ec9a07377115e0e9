/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON: from a tree into structs, by tables
 *
 * Where a value stands is a chain of frames on the stack, one a level: it costs
 * nothing until something is refused, and is only then written out.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/strmap.h"
#include "base/strv.h"
#include "format/json.h"

struct place {
	const struct place *up;
	const char *name; /* a key, or the name of the whole text; NULL: an entry of a list */
	size_t index;
};

static int read_struct(const struct json_shape *shape, const struct json_value *v,
    const struct place *place, void *to, struct err *e);

static void put_index(struct buf *to, size_t index)
{
	char digits[24], *at = digits + sizeof(digits);

	*--at = '\0';
	*--at = ']';
	do
		*--at = (char)('0' + index % 10);
	while ((index /= 10) > 0);
	*--at = '[';
	buf_adds(to, at);
}

/*
 * Without the '.' or ": " behind it. Written for every struct that has a check,
 * each time a container starts: hence no printf.
 */
static void put_place(const struct place *place, struct buf *to)
{
	if (place->up)
		put_place(place->up, to);
	if (!place->name) {
		put_index(to, place->index);
		return;
	}
	if (place->up)
		buf_adds(to, place->up->up ? "." : ": ");
	buf_adds(to, place->name);
}

static int __attribute__((format(printf, 3, 4)))
refuse(struct err *e, const struct place *place, const char *fmt, ...)
{
	AUTO_BUF struct buf path = { .max = ERR_TEXT_MAX };
	char words[160];
	va_list ap;

	put_place(place, &path);
	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	return err_refuse(e, -EBADMSG, "%s: %s", buf_text(&path), words);
}

static int no_memory(struct err *e, const struct place *place)
{
	const struct place *top = place;

	while (top->up)
		top = top->up;
	return err_set(e, -ENOMEM, "%s", top->name);
}

static int read_text(
    const struct json_value *v, const struct place *place, char **to, struct err *e)
{
	const char *text = json_value_string(v);

	if (!text)
		return refuse(e, place, "not a string");
	*to = strdup(text);
	return *to ? 0 : no_memory(e, place);
}

static int read_chars(
    const struct json_value *v, const struct place *place, size_t room, char *to, struct err *e)
{
	const char *text = json_value_string(v);

	if (!text)
		return refuse(e, place, "not a string");
	if (strlen(text) >= room)
		return refuse(e, place, "longer than %zu bytes", room - 1);
	memcpy(to, text, strlen(text) + 1);
	return 0;
}

static int read_bool(const struct json_value *v, const struct place *place, bool *to, struct err *e)
{
	if (json_value_type(v) != JSON_BOOL)
		return refuse(e, place, "neither true nor false");
	*to = json_value_bool(v);
	return 0;
}

/* A whole number from -min to max. */
static int read_whole(const struct json_value *v, const struct place *place, uint64_t min,
    uint64_t max, uint64_t *ret_bits, struct err *e)
{
	uint64_t magnitude;
	bool negative;

	if (json_value_integer(v, &negative, &magnitude) < 0)
		return refuse(e, place, "not a whole number");
	if (negative && magnitude > min)
		return refuse(e, place, min ? "too small a number" : "a number below 0");
	if (!negative && magnitude > max)
		return refuse(e, place, "too large a number");
	*ret_bits = negative ? 0 - magnitude : magnitude;
	return 0;
}

static int read_list(const struct json_value *v, const struct place *place, struct err *e)
{
	return json_value_type(v) == JSON_ARRAY ? 0 : refuse(e, place, "not a list");
}

static int read_strv(
    const struct json_value *v, const struct place *place, struct strv *to, struct err *e)
{
	const size_t n = json_value_count(v);
	int r;

	r = read_list(v, place, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		const struct place entry = { .up = place, .index = i };
		char *text = NULL;

		r = read_text(json_value_at(v, i), &entry, &text, e);
		if (r < 0)
			return r;
		if (strv_consume(to, text) < 0)
			return no_memory(e, place);
	}
	return 0;
}

static int read_map(
    const struct json_value *v, const struct place *place, struct strmap *to, struct err *e)
{
	struct json_cursor cursor = { 0 };
	const struct json_value *value;
	const char *key;
	int r;

	if (json_value_type(v) != JSON_OBJECT)
		return refuse(e, place, "not an object");
	if (json_value_count(v) == 0)
		return 0;
	/* The keys differ, or the text would not have been JSON: no strmap_set(), which looks. */
	to->items = calloc(json_value_count(v), sizeof(*to->items));
	if (!to->items)
		return no_memory(e, place);
	while (json_value_next(v, &cursor, &key, &value)) {
		const struct place entry = { .up = place, .name = key };
		struct strmap_entry *item = &to->items[to->n++];

		r = read_text(value, &entry, &item->value, e);
		if (r < 0)
			return r;
		item->key = strdup(key);
		if (!item->key)
			return no_memory(e, place);
	}
	return 0;
}

static int read_keys(
    const struct json_value *v, const struct place *place, struct strv *to, struct err *e)
{
	struct json_cursor cursor = { 0 };
	const struct json_value *value;
	const char *key;

	if (json_value_type(v) != JSON_OBJECT)
		return refuse(e, place, "not an object");
	while (json_value_next(v, &cursor, &key, &value))
		if (strv_add(to, key) < 0)
			return no_memory(e, place);
	return 0;
}

/* `to` is a pointer, and right behind it the size_t that says how many. */
struct array {
	void *items;
	size_t n;
};

static int read_array(const struct json_shape *shape, const struct json_value *v,
    const struct place *place, struct array *to, struct err *e)
{
	const size_t n = json_value_count(v);
	int r;

	r = read_list(v, place, e);
	if (r < 0 || n == 0)
		return r;
	to->items = calloc(n, shape->size);
	if (!to->items)
		return no_memory(e, place);
	to->n = n;
	for (size_t i = 0; i < n; i++) {
		const struct place entry = { .up = place, .index = i };

		r = read_struct(
		    shape, json_value_at(v, i), &entry, (char *)to->items + i * shape->size, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Items begin with a char *: the key. */
static int read_entries(const struct json_shape *shape, const struct json_value *v,
    const struct place *place, struct array *to, struct err *e)
{
	struct json_cursor cursor = { 0 };
	const struct json_value *value;
	const char *key;
	int r;

	if (json_value_type(v) != JSON_OBJECT)
		return refuse(e, place, "not an object");
	if (json_value_count(v) == 0)
		return 0;
	to->items = calloc(json_value_count(v), shape->size);
	if (!to->items)
		return no_memory(e, place);
	while (json_value_next(v, &cursor, &key, &value)) {
		const struct place entry = { .up = place, .name = key };
		char **item = (char **)((char *)to->items + to->n++ * shape->size);

		*item = strdup(key);
		if (!*item)
			return no_memory(e, place);
		r = read_struct(shape, value, &entry, item, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_numbers(const struct json_value *v, const struct place *place, size_t size,
    struct array *to, struct err *e)
{
	const uint64_t max = size == sizeof(uint32_t) ? UINT32_MAX : UINT64_MAX;
	const size_t n = json_value_count(v);
	int r;

	r = read_list(v, place, e);
	if (r < 0 || n == 0)
		return r;
	to->items = calloc(n, size);
	if (!to->items)
		return no_memory(e, place);
	to->n = n;
	for (size_t i = 0; i < n; i++) {
		const struct place entry = { .up = place, .index = i };
		uint64_t bits;

		r = read_whole(json_value_at(v, i), &entry, 0, max, &bits, e);
		if (r < 0)
			return r;
		if (size == sizeof(uint32_t))
			((uint32_t *)to->items)[i] = (uint32_t)bits;
		else
			((uint64_t *)to->items)[i] = bits;
	}
	return 0;
}

static int read_pointer(const struct json_shape *shape, const struct json_value *v,
    const struct place *place, void **to, struct err *e)
{
	*to = calloc(1, shape->size);
	if (!*to)
		return no_memory(e, place);
	return read_struct(shape, v, place, *to, e);
}

static int read_signed(const struct json_value *v, const struct place *place, int64_t min,
    int64_t max, int64_t *ret_value, struct err *e)
{
	uint64_t bits;
	int r;

	r = read_whole(v, place, 0 - (uint64_t)min, (uint64_t)max, &bits, e);
	if (r >= 0)
		*ret_value = (int64_t)bits;
	return r;
}

static int read_i32(
    const struct json_value *v, const struct place *place, int32_t *to, struct err *e)
{
	int64_t value;
	int r;

	r = read_signed(v, place, INT32_MIN, INT32_MAX, &value, e);
	if (r >= 0)
		*to = (int32_t)value;
	return r;
}

static int read_u32(
    const struct json_value *v, const struct place *place, uint32_t *to, struct err *e)
{
	uint64_t value;
	int r;

	r = read_whole(v, place, 0, UINT32_MAX, &value, e);
	if (r >= 0)
		*to = (uint32_t)value;
	return r;
}

static int read_field(const struct json_field *field, const struct json_value *v,
    const struct place *place, void *to, struct err *e)
{
	switch (field->kind) {
	case JSON_KIND_TEXT:
		return read_text(v, place, to, e);
	case JSON_KIND_CHARS:
		return read_chars(v, place, field->room, to, e);
	case JSON_KIND_BOOL:
		return read_bool(v, place, to, e);
	case JSON_KIND_I64:
		return read_signed(v, place, INT64_MIN, INT64_MAX, to, e);
	case JSON_KIND_U64:
		return read_whole(v, place, 0, UINT64_MAX, to, e);
	case JSON_KIND_U32:
		return read_u32(v, place, to, e);
	case JSON_KIND_I32:
		return read_i32(v, place, to, e);
	case JSON_KIND_STRV:
		return read_strv(v, place, to, e);
	case JSON_KIND_MAP:
		return read_map(v, place, to, e);
	case JSON_KIND_KEYS:
		return read_keys(v, place, to, e);
	case JSON_KIND_STRUCT:
		return read_struct(field->shape, v, place, to, e);
	case JSON_KIND_POINTER:
		return read_pointer(field->shape, v, place, to, e);
	case JSON_KIND_ARRAY:
		return read_array(field->shape, v, place, to, e);
	case JSON_KIND_ENTRIES:
		return read_entries(field->shape, v, place, to, e);
	case JSON_KIND_U32_ARRAY:
		return read_numbers(v, place, sizeof(uint32_t), to, e);
	case JSON_KIND_U64_ARRAY:
		return read_numbers(v, place, sizeof(uint64_t), to, e);
	case JSON_KIND_VALUE:
		*(struct json_value **)to = json_value_share(v);
		return 0;
	case JSON_KIND_END:
	default:
		return -EINVAL;
	}
}

/* What stands before a key at this place, for a shape's check. */
static int run_check(
    const struct json_shape *shape, const struct place *place, void *filled, struct err *e)
{
	AUTO_BUF struct buf path = { .max = ERR_TEXT_MAX };

	put_place(place, &path);
	buf_adds(&path, place->up ? "." : ": ");
	return shape->check(filled, buf_text(&path), e);
}

/* Which line of the table has this key; mostly it is the one after the last found, `guess`. */
static const struct json_field *find_field(
    const struct json_shape *shape, const struct json_field *guess, const char *key)
{
	if (guess->kind != JSON_KIND_END && strcmp(guess->key, key) == 0)
		return guess;
	for (const struct json_field *f = shape->fields; f->kind != JSON_KIND_END; f++)
		if (strcmp(f->key, key) == 0)
			return f;
	return NULL;
}

static int check_required(const struct json_shape *shape, const struct json_value *v,
    const struct place *place, struct err *e)
{
	for (const struct json_field *f = shape->fields; f->kind != JSON_KIND_END; f++) {
		const struct place at = { .up = place, .name = f->key };

		if (f->required && json_value_type(json_value_get(v, f->key)) == JSON_NULL)
			return refuse(e, &at, "missing");
	}
	return 0;
}

/* Goes by the keys that are there, not by the table: an object has few of the keys it may have. */
static int read_struct(const struct json_shape *shape, const struct json_value *v,
    const struct place *place, void *to, struct err *e)
{
	const struct json_field *guess = shape->fields;
	struct json_cursor cursor = { 0 };
	const struct json_value *value;
	const char *key;
	int r;

	if (json_value_type(v) != JSON_OBJECT)
		return refuse(e, place, "not an object");
	r = check_required(shape, v, place, e);
	if (r < 0)
		return r;
	while (json_value_next(v, &cursor, &key, &value)) {
		const struct json_field *field = find_field(shape, guess, key);
		const struct place at = { .up = place, .name = key };

		/* null is "not said", as Go's encoding/json has it. */
		if (!field || json_value_type(value) == JSON_NULL)
			continue;
		guess = field + 1;
		r = read_field(field, value, &at, (char *)to + field->offset, e);
		if (r < 0)
			return r;
		if (field->present)
			*(bool *)((char *)to + field->present) = true;
	}
	return shape->check ? run_check(shape, place, to, e) : 0;
}

int json_shape_read(const struct json_shape *shape, const struct json_value *v, const char *what,
    void *to, struct err *e)
{
	const struct place top = { .name = what };

	return read_struct(shape, v, &top, to, e);
}

int json_shape_parse(const struct json_shape *shape, const char *text, size_t len, const char *what,
    void *to, struct err *e)
{
	AUTO(json_value_free) struct json_value *value = NULL;
	int r;

	r = json_value_parse(text, len, what, &value, e);
	if (r < 0)
		return r;
	return json_shape_read(shape, value, what, to, e);
}

static void free_fields(const struct json_shape *shape, void *filled);

static void free_array(const struct json_shape *shape, struct array *array)
{
	for (size_t i = 0; i < array->n; i++)
		free_fields(shape, (char *)array->items + i * shape->size);
	free(array->items);
}

static void free_entries(const struct json_shape *shape, struct array *array)
{
	for (size_t i = 0; i < array->n; i++)
		free(*(char **)((char *)array->items + i * shape->size));
	free_array(shape, array);
}

static void free_pointer(const struct json_shape *shape, void *pointer)
{
	if (pointer)
		free_fields(shape, pointer);
	free(pointer);
}

static void free_field(const struct json_field *field, void *at)
{
	switch (field->kind) {
	case JSON_KIND_TEXT:
		free(*(char **)at);
		break;
	case JSON_KIND_STRV:
	case JSON_KIND_KEYS:
		strv_done(at);
		break;
	case JSON_KIND_MAP:
		strmap_done(at);
		break;
	case JSON_KIND_STRUCT:
		free_fields(field->shape, at);
		break;
	case JSON_KIND_POINTER:
		free_pointer(field->shape, *(void **)at);
		break;
	case JSON_KIND_ARRAY:
		free_array(field->shape, at);
		break;
	case JSON_KIND_ENTRIES:
		free_entries(field->shape, at);
		break;
	case JSON_KIND_U32_ARRAY:
	case JSON_KIND_U64_ARRAY:
		free(((struct array *)at)->items);
		break;
	case JSON_KIND_VALUE:
		json_value_free(*(struct json_value **)at);
		break;
	case JSON_KIND_CHARS:
	case JSON_KIND_BOOL:
	case JSON_KIND_I64:
	case JSON_KIND_U64:
	case JSON_KIND_U32:
	case JSON_KIND_I32:
	case JSON_KIND_END:
	default:
		break;
	}
}

static void free_fields(const struct json_shape *shape, void *filled)
{
	for (const struct json_field *field = shape->fields; field->kind != JSON_KIND_END; field++)
		free_field(field, (char *)filled + field->offset);
}

void json_shape_done(const struct json_shape *shape, void *filled)
{
	free_fields(shape, filled);
	memset(filled, 0, shape->size);
}
