/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates: values
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "format/json.h"
#include "format/template_tree.h"

const char *template_value_kind_name(const struct template_value *v)
{
	switch (v->kind) {
	case VALUE_BOOL:
		return "true or false";
	case VALUE_INTEGER:
	case VALUE_DOUBLE:
		return "a number";
	case VALUE_TEXT:
		return "a text";
	case VALUE_TREE:
		return json_value_type(v->tree) == JSON_ARRAY ? "a list" : "an object";
	case VALUE_LIST:
		return "a list";
	case VALUE_NONE:
	default:
		return "nothing";
	}
}

bool template_value_is_number(const struct template_value *v)
{
	return v->kind == VALUE_INTEGER || v->kind == VALUE_DOUBLE;
}

double template_value_double(const struct template_value *v)
{
	return v->kind == VALUE_INTEGER ? (double)v->integer : v->number;
}

bool template_value_is_list(const struct template_value *v)
{
	return v->kind == VALUE_LIST ||
	    (v->kind == VALUE_TREE && json_value_type(v->tree) == JSON_ARRAY);
}

size_t template_value_count(const struct template_value *v)
{
	return v->kind == VALUE_LIST ? v->n : json_value_count(v->tree);
}

struct template_value template_value_at(const struct template_value *list, size_t index)
{
	return list->kind == VALUE_LIST ? list->items[index]
	                                : template_value_of(json_value_at(list->tree, index));
}

bool template_value_truth(const struct template_value *v)
{
	switch (v->kind) {
	case VALUE_BOOL:
		return v->truth;
	case VALUE_INTEGER:
		return v->integer != 0;
	case VALUE_DOUBLE:
		return v->number < 0 || v->number > 0;
	case VALUE_TEXT:
		return *v->text != '\0';
	case VALUE_TREE:
	case VALUE_LIST:
		return template_value_count(v) > 0;
	case VALUE_NONE:
	default:
		return false;
	}
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **template_value_keys(struct template_run *run, const struct template_value *v)
{
	const size_t n = template_value_count(v);
	struct json_cursor cursor = { 0 };
	const struct json_value *value;
	const char **keys;
	size_t i = 0;

	keys = arena_alloc(&run->arena, (n ? n : 1) * sizeof(*keys));
	if (!keys)
		return NULL;
	while (i < n && json_value_next(v->tree, &cursor, &keys[i], &value))
		i++;
	qsort(keys, i, sizeof(*keys), compare_keys);
	return keys;
}

static void print_object(struct template_run *run, const struct template_value *v, struct buf *to)
{
	const char **keys = template_value_keys(run, v);

	if (!keys) {
		to->error = to->error ? to->error : -ENOMEM;
		return;
	}
	buf_adds(to, "map[");
	for (size_t i = 0; i < template_value_count(v); i++) {
		const struct template_value entry =
		    template_value_of(json_value_get(v->tree, keys[i]));

		buf_addf(to, "%s%s:", i ? " " : "", keys[i]);
		template_value_print(run, &entry, to);
	}
	buf_addc(to, ']');
}

static void print_list(struct template_run *run, const struct template_value *v, struct buf *to)
{
	buf_addc(to, '[');
	for (size_t i = 0; i < template_value_count(v); i++) {
		const struct template_value entry = template_value_at(v, i);

		if (i)
			buf_addc(to, ' ');
		template_value_print(run, &entry, to);
	}
	buf_addc(to, ']');
}

void template_value_print(struct template_run *run, const struct template_value *v, struct buf *to)
{
	switch (v->kind) {
	case VALUE_BOOL:
		buf_adds(to, v->truth ? "true" : "false");
		break;
	case VALUE_INTEGER:
		buf_addf(to, "%jd", (intmax_t)v->integer);
		break;
	case VALUE_DOUBLE:
		if (v->text)
			buf_adds(to, v->text);
		else
			buf_addf(to, "%g", v->number);
		break;
	case VALUE_TEXT:
		buf_adds(to, v->text);
		break;
	case VALUE_TREE:
	case VALUE_LIST:
		if (template_value_is_list(v))
			print_list(run, v, to);
		else
			print_object(run, v, to);
		break;
	case VALUE_NONE:
	default:
		buf_adds(to, "<no value>");
	}
}

void template_value_write(struct json_writer *w, const struct template_value *v)
{
	switch (v->kind) {
	case VALUE_BOOL:
		json_put_bool(w, NULL, v->truth);
		break;
	case VALUE_INTEGER:
		json_put_i64(w, NULL, v->integer);
		break;
	case VALUE_DOUBLE:
		json_put_double(w, NULL, v->number);
		break;
	case VALUE_TEXT:
		json_put_text(w, NULL, v->text);
		break;
	case VALUE_TREE:
		json_put_value(w, NULL, v->tree);
		break;
	case VALUE_LIST:
		json_open_array(w, NULL);
		for (size_t i = 0; i < v->n; i++)
			template_value_write(w, &v->items[i]);
		json_close_array(w);
		break;
	case VALUE_NONE:
	default:
		json_put_null(w, NULL);
	}
}
