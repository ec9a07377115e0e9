/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON: writing
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/strmap.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "format/json.h"

static void put_line(struct json_writer *w)
{
	if (!w->indent)
		return;
	buf_addc(w->to, '\n');
	for (unsigned i = 0; i < w->indent * w->depth; i++)
		buf_addc(w->to, ' ');
}

static bool is_plain(char c)
{
	return (unsigned char)c >= ' ' && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

static void put_special(struct buf *to, char c)
{
	switch (c) {
	case '"':
	case '\\':
		buf_addc(to, '\\');
		buf_addc(to, c);
		break;
	case '\n':
		buf_adds(to, "\\n");
		break;
	case '\r':
		buf_adds(to, "\\r");
		break;
	case '\t':
		buf_adds(to, "\\t");
		break;
	default:
		buf_addf(to, "\\u%04x", (unsigned)(unsigned char)c);
	}
}

static void put_bytes(struct buf *to, const char *text, size_t left)
{
	buf_addc(to, '"');
	while (left > 0) {
		size_t n = 0;

		while (n < left && is_plain(text[n]))
			n++;
		if (n > 0) {
			buf_add(to, text, n);
		} else if ((unsigned char)*text < 0x80) {
			put_special(to, *text);
			n = 1;
		} else {
			n = utf8_length(text, left);
			if (n > 0)
				buf_add(to, text, n);
			else
				buf_adds(to, "\xef\xbf\xbd"); /* U+FFFD */
			n += n == 0;
		}
		text += n;
		left -= n;
	}
	buf_addc(to, '"');
}

static void put_string(struct buf *to, const char *text)
{
	put_bytes(to, text, strlen(text));
}

/* The comma, the line and the key: what stands before each entry. */
static void put_start(struct json_writer *w, const char *key)
{
	if (w->has_entry)
		buf_addc(w->to, ',');
	if (w->depth > 0)
		put_line(w);
	w->has_entry = true;
	if (!key)
		return;
	put_string(w->to, key);
	buf_adds(w->to, w->indent ? ": " : ":");
}

static void open_group(struct json_writer *w, const char *key, char c)
{
	put_start(w, key);
	buf_addc(w->to, c);
	w->depth++;
	w->has_entry = false;
}

static void close_group(struct json_writer *w, char c)
{
	w->depth--;
	if (w->has_entry)
		put_line(w);
	buf_addc(w->to, c);
	w->has_entry = true;
}

void json_open_object(struct json_writer *w, const char *key)
{
	open_group(w, key, '{');
}

void json_close_object(struct json_writer *w)
{
	close_group(w, '}');
}

void json_open_array(struct json_writer *w, const char *key)
{
	open_group(w, key, '[');
}

void json_close_array(struct json_writer *w)
{
	close_group(w, ']');
}

void json_put_text(struct json_writer *w, const char *key, const char *text)
{
	put_start(w, key);
	if (text)
		put_string(w->to, text);
	else
		buf_adds(w->to, "null");
}

void json_put_bytes(struct json_writer *w, const char *key, const char *bytes, size_t len)
{
	put_start(w, key);
	put_bytes(w->to, bytes, len);
}

static void put_word(struct json_writer *w, const char *key, const char *word)
{
	put_start(w, key);
	buf_adds(w->to, word);
}

void json_put_bool(struct json_writer *w, const char *key, bool value)
{
	put_word(w, key, value ? "true" : "false");
}

void json_put_i64(struct json_writer *w, const char *key, int64_t value)
{
	put_start(w, key);
	buf_addf(w->to, "%jd", (intmax_t)value);
}

void json_put_u64(struct json_writer *w, const char *key, uint64_t value)
{
	put_start(w, key);
	buf_addf(w->to, "%ju", (uintmax_t)value);
}

void json_put_double(struct json_writer *w, const char *key, double value)
{
	char text[32];

	/* JSON has no word for these. */
	if (!isfinite(value)) {
		json_put_null(w, key);
		return;
	}
	/* The shortest text that is read back as the same number. */
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	put_word(w, key, text);
}

void json_put_null(struct json_writer *w, const char *key)
{
	put_word(w, key, "null");
}

void json_put_value(struct json_writer *w, const char *key, const struct json_value *v)
{
	struct json_cursor cursor = { 0 };
	const struct json_value *entry;
	const char *name;

	switch (json_value_type(v)) {
	case JSON_NULL:
		json_put_null(w, key);
		break;
	case JSON_BOOL:
		json_put_bool(w, key, json_value_bool(v));
		break;
	case JSON_NUMBER:
		put_word(w, key, json_value_number_text(v));
		break;
	case JSON_STRING:
		json_put_text(w, key, json_value_string(v));
		break;
	case JSON_ARRAY:
		json_open_array(w, key);
		for (size_t i = 0; i < json_value_count(v); i++)
			json_put_value(w, NULL, json_value_at(v, i));
		json_close_array(w);
		break;
	case JSON_OBJECT:
		json_open_object(w, key);
		while (json_value_next(v, &cursor, &name, &entry))
			json_put_value(w, name, entry);
		json_close_object(w);
		break;
	}
}

void json_put_texts(struct json_writer *w, const char *key, char *const *texts)
{
	json_open_array(w, key);
	for (; texts && *texts; texts++)
		json_put_text(w, NULL, *texts);
	json_close_array(w);
}

void json_put_map(struct json_writer *w, const char *key, const struct strmap *m)
{
	json_open_object(w, key);
	for (size_t i = 0; i < m->n; i++)
		json_put_text(w, m->items[i].key, m->items[i].value);
	json_close_object(w);
}

void json_maybe_text(struct json_writer *w, const char *key, const char *text)
{
	if (text)
		json_put_text(w, key, text);
}

void json_maybe_strv(struct json_writer *w, const char *key, const struct strv *texts)
{
	if (texts->n > 0)
		json_put_texts(w, key, texts->items);
}

void json_maybe_map(struct json_writer *w, const char *key, const struct strmap *m)
{
	if (m->n > 0)
		json_put_map(w, key, m);
}
