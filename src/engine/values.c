/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values: what lists and inspections return
 *
 * A dolium_value is a json_value under a public name; the struct dolium_value
 * itself is never defined. So a part of a tree is a value as well, and nothing is copied.
 * A dolium_template is a template in the same way.
 */
#include <errno.h>

#include "base/buf.h"
#include "engine/engine.h"
#include "format/json.h"
#include "format/template.h"

static struct dolium_value *as_value(struct json_value *v)
{
	return (struct dolium_value *)v;
}

static const struct json_value *as_json(const struct dolium_value *v)
{
	return (const struct json_value *)v;
}

int engine_value_parse(const struct buf *text, struct dolium_value **ret, struct err *e)
{
	struct json_value *v;
	int r = buf_error(text);

	if (r < 0)
		return err_set(e, r, "cannot make a report");
	r = json_value_parse(buf_text(text), text->len, "report", &v, e);
	if (r < 0)
		return r;
	*ret = as_value(v);
	return 0;
}

void dolium_value_free(struct dolium_value *v)
{
	json_value_free((struct json_value *)v);
}

size_t dolium_value_count(const struct dolium_value *v)
{
	return json_value_count(as_json(v));
}

const struct dolium_value *dolium_value_at(const struct dolium_value *v, size_t i)
{
	const struct json_value *json = as_json(v);

	if (json_value_type(json) == JSON_OBJECT)
		return (const struct dolium_value *)json_value_entry(json, i, NULL);
	return (const struct dolium_value *)json_value_at(json, i);
}

const char *dolium_value_key(const struct dolium_value *v, size_t i)
{
	const char *key = NULL;

	if (json_value_type(as_json(v)) != JSON_OBJECT)
		return NULL;
	return json_value_entry(as_json(v), i, &key) ? key : NULL;
}

struct dolium_value *dolium_value_new(void)
{
	return as_value(json_value_new_object());
}

int dolium_value_set(struct dolium_value *object, const char *key, const char *text)
{
	if (json_value_type(as_json(object)) != JSON_OBJECT)
		return -EINVAL;
	return json_value_set_text((struct json_value *)object, key, text);
}

struct dolium_value *dolium_value_row(struct dolium_value *list, size_t i)
{
	/* The list may be changed, so its rows may: only the getters of json.h say const. */
	return (struct dolium_value *)(uintptr_t)dolium_value_at(list, i);
}

const struct dolium_value *dolium_value_get(const struct dolium_value *v, const char *key)
{
	return (const struct dolium_value *)json_value_get(as_json(v), key);
}

/* `key` NULL: the value itself, for entries of an array. */
static const struct json_value *value_part(const struct dolium_value *v, const char *key)
{
	return key ? json_value_get(as_json(v), key) : as_json(v);
}

const char *dolium_value_text(const struct dolium_value *v, const char *key)
{
	const char *text = json_value_string(value_part(v, key));

	return text ? text : "";
}

int64_t dolium_value_number(const struct dolium_value *v, const char *key)
{
	return json_value_i64(value_part(v, key));
}

bool dolium_value_bool(const struct dolium_value *v, const char *key)
{
	return json_value_bool(value_part(v, key));
}

int dolium_value_json(const struct dolium_value *v, unsigned indent, char **ret_text)
{
	AUTO_BUF struct buf text = { 0 };

	json_value_write(as_json(v), indent, &text);
	return buf_take(&text, ret_text);
}

/* ---- templates ---- */

int dolium_template_parse(struct dolium *d, const char *text, struct dolium_template **ret)
{
	struct template *t;
	int r = template_parse(text, &t, engine_begin(d));

	if (r == 0)
		*ret = (struct dolium_template *)t;
	return r;
}

int dolium_template_render(struct dolium *d, const struct dolium_template *t,
    const struct dolium_value *v, char **ret_text)
{
	AUTO_BUF struct buf text = { 0 };
	struct err *e = engine_begin(d);
	int r = template_render((const struct template *)t, as_json(v), &text, e);

	if (r < 0)
		return r;
	r = buf_take(&text, ret_text);
	return r < 0 ? err_set(e, r, "cannot print by the template") : 0;
}

void dolium_template_free(struct dolium_template *t)
{
	template_free((struct template *)t);
}
