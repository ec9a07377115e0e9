/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists as people and scripts want them
 */
#include "cli/rows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <dolium/dolium.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/num.h"
#include "cli/command.h"
#include "cli/print.h"
#include "cli/table.h"

AUTO_DEFINE(struct dolium_template *, dolium_template_free);

#define ID_DIGITS 12

/* ------------------------------------------------------------- changes */

void rows_cut_id(struct dolium_value *list, const char *key)
{
	for (size_t i = 0; i < dolium_value_count(list); i++) {
		struct dolium_value *row = dolium_value_row(list, i);
		const char *id = dolium_value_text(row, key), *colon = strchr(id, ':');
		char cut[ID_DIGITS + 1];

		/* "<missing>" and the like stay as they are. */
		id = colon ? colon + 1 : id;
		if (strlen(id) <= ID_DIGITS && !colon)
			continue;
		snprintf(cut, sizeof(cut), "%.*s", ID_DIGITS, id);
		dolium_value_set(row, key, cut);
	}
}

/* Adds `text`, or its first most - 1 characters and an ellipsis. */
static void add_cut(struct buf *to, const char *text, size_t most)
{
	size_t len = 0, n = 0;

	if (most == 0 || table_width(text, strlen(text)) <= most) {
		buf_adds(to, text);
		return;
	}
	while (n < most - 1) {
		len++;
		while (((unsigned char)text[len] & 0xc0) == 0x80)
			len++;
		n++;
	}
	buf_add(to, text, len);
	buf_adds(to, "…");
}

void rows_cut(struct dolium_value *list, const char *key, size_t most)
{
	for (size_t i = 0; i < dolium_value_count(list); i++) {
		struct dolium_value *row = dolium_value_row(list, i);
		AUTO_BUF struct buf cut = { 0 };

		add_cut(&cut, dolium_value_text(row, key), most);
		dolium_value_set(row, key, buf_text(&cut));
	}
}

void rows_quote(struct dolium_value *list, const char *key, size_t most)
{
	for (size_t i = 0; i < dolium_value_count(list); i++) {
		struct dolium_value *row = dolium_value_row(list, i);
		AUTO_BUF struct buf cut = { 0 }, quoted = { 0 };
		const char *text = dolium_value_text(row, key);
		const size_t len = strlen(text);
		AUTO_FREE char *bare = NULL;

		/* What has its quotes already gets no second pair: they go and come back. */
		if (len >= 2 && text[0] == '"' && text[len - 1] == '"')
			bare = strndup(text + 1, len - 2);
		add_cut(&cut, bare ? bare : text, most);
		buf_addc(&quoted, '"');
		for (const char *c = buf_text(&cut); *c; c++) {
			if (*c == '"' || *c == '\\')
				buf_addc(&quoted, '\\');
			buf_addc(&quoted, *c);
		}
		buf_addc(&quoted, '"');
		dolium_value_set(row, key, buf_text(&quoted));
	}
}

void rows_size(struct dolium_value *list, const char *key)
{
	for (size_t i = 0; i < dolium_value_count(list); i++) {
		struct dolium_value *row = dolium_value_row(list, i);
		char size[16];

		if (*dolium_value_text(row, key))
			continue;
		num_format_size(size, sizeof(size), (uint64_t)dolium_value_number(row, key));
		dolium_value_set(row, key, size);
	}
}

/* -------------------------------------------------------------- printing */

/* One cell: a tab or a newline in a name must not make another cell. */
static void add_cell(struct buf *to, const struct dolium_value *row, const char *key)
{
	const struct dolium_value *cell = dolium_value_get(row, key);
	const char *text = dolium_value_text(row, key);
	AUTO_FREE char *json = NULL;

	if (!*text && cell && dolium_value_json(cell, 0, &json) == 0 && strcmp(json, "\"\"") != 0 &&
	    strcmp(json, "null") != 0)
		text = json;
	print_escape(to, text, "");
}

static int print_aligned(const struct buf *lines)
{
	AUTO_BUF struct buf out = { 0 };

	if (buf_error(lines) || table_align(&out, buf_text(lines)) < 0) {
		print_error("no memory is left for the table", NULL);
		return 1;
	}
	fputs(buf_text(&out), stdout);
	return 0;
}

static int print_columns(const struct dolium_value *list, const struct rows_style *style)
{
	AUTO_BUF struct buf lines = { 0 };
	bool first = true;

	for (const struct column *c = style->columns; c->key; c++)
		if (!c->extra) {
			buf_addf(&lines, "%s%s", first ? "" : "\t", c->title);
			first = false;
		}
	buf_addc(&lines, '\n');
	for (size_t i = 0; i < dolium_value_count(list); i++) {
		first = true;
		for (const struct column *c = style->columns; c->key; c++) {
			if (c->extra)
				continue;
			buf_adds(&lines, first ? "" : "\t");
			add_cell(&lines, dolium_value_at(list, i), c->key);
			first = false;
		}
		buf_addc(&lines, '\n');
	}
	return print_aligned(&lines);
}

static int print_ids(const struct dolium_value *list, const char *key)
{
	for (size_t i = 0; i < dolium_value_count(list); i++) {
		print_text(stdout, dolium_value_text(dolium_value_at(list, i), key), "");
		fputc('\n', stdout);
	}
	return 0;
}

static int print_json(const struct dolium_value *v)
{
	AUTO_FREE char *text = NULL;

	if (dolium_value_json(v, 0, &text) < 0) {
		print_error("cannot write the answer as JSON: no memory is left", NULL);
		return 1;
	}
	puts(text);
	return 0;
}

/* A shell gives \t and \n as two characters; in a format they are meant as one. */
static int unescape(const char *format, char **ret_text)
{
	AUTO_BUF struct buf b = { 0 };

	for (const char *c = format; *c; c++) {
		if (c[0] == '\\' && (c[1] == 't' || c[1] == 'n'))
			buf_addc(&b, *++c == 't' ? '\t' : '\n');
		else
			buf_addc(&b, *c);
	}
	return buf_take(&b, ret_text);
}

static const char *title_of(const struct column *columns, const char *key, size_t len)
{
	for (const struct column *c = columns; c->key; c++)
		if (strlen(c->key) == len && strncmp(c->key, key, len) == 0)
			return c->title;
	return NULL;
}

static void add_upper(struct buf *to, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_addc(to, text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 32) : text[i]);
}

/* The title of one action: of the first field in it. "" where it has none ("{{end}}"). */
static void add_action_title(
    struct buf *to, const struct column *columns, const char *action, size_t len)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	const char *field = memchr(action, '.', len), *title;
	size_t field_len;

	if (!field)
		return;
	field_len = strspn(++field, letters);
	title = title_of(columns, field, field_len);
	if (title)
		buf_adds(to, title);
	else
		add_upper(to, field, field_len);
}

/* The heading of a table that a template makes: the template with titles for actions. */
static void add_heading(struct buf *to, const struct column *columns, const char *template)
{
	while (*template) {
		const char *open = strstr(template, "{{"),
		           *close = open ? strstr(open, "}}") : NULL;

		if (!close) {
			buf_adds(to, template);
			break;
		}
		buf_add(to, template, (size_t)(open - template));
		add_action_title(to, columns, open + 2, (size_t)(close - open - 2));
		template = close + 2;
	}
	buf_addc(to, '\n');
}

/* Renders each row with a newline behind it. */
static int render_rows(
    struct cli *cli, const struct dolium_value *list, const char *template, struct buf *to)
{
	AUTO(dolium_template_free) struct dolium_template *t = NULL;
	struct dolium *d;

	if (cli_engine(cli, &d) < 0)
		return 1;
	if (dolium_template_parse(d, template, &t) < 0)
		return cli_fail(cli);
	for (size_t i = 0; i < dolium_value_count(list); i++) {
		AUTO_FREE char *line = NULL;

		if (dolium_template_render(d, t, dolium_value_at(list, i), &line) < 0)
			return cli_fail(cli);
		buf_adds(to, line);
		buf_addc(to, '\n');
	}
	if (buf_error(to)) {
		print_error("no memory is left for the list", NULL);
		return 1;
	}
	return 0;
}

/* A program reads the bytes as they are; a terminal must not be driven by them. */
static void print_rendered(const char *text)
{
	if (isatty(STDOUT_FILENO))
		print_text(stdout, text, "\n\t");
	else
		fputs(text, stdout);
}

static int print_template(struct cli *cli, const struct dolium_value *list,
    const struct column *columns, const char *format)
{
	AUTO_BUF struct buf lines = { 0 }, shown = { 0 };
	AUTO_FREE char *template = NULL;
	const bool table = strncmp(format, "table", 5) == 0;
	int status;

	if (table)
		format += 5 + strspn(format + 5, " \t");
	if (unescape(format, &template) < 0) {
		print_error("no memory is left", NULL);
		return 1;
	}
	if (table)
		add_heading(&lines, columns, template);
	status = render_rows(cli, list, template, &lines);
	if (status != 0)
		return status;
	if (!table) {
		print_rendered(buf_text(&lines));
		return 0;
	}
	print_escape(&shown, buf_text(&lines), "\n\t");
	return print_aligned(&shown);
}

static int print_json_rows(const struct dolium_value *list)
{
	int status = 0;

	for (size_t i = 0; status == 0 && i < dolium_value_count(list); i++)
		status = print_json(dolium_value_at(list, i));
	return status;
}

int rows_print(struct cli *cli, const struct dolium_value *list, const struct rows_style *style)
{
	/* As docker: a format of one's own decides, even beside -q. */
	const char *format = style->format ? style->format : "";

	if (strcmp(format, "json") == 0)
		return print_json_rows(list);
	if (*format && strcmp(format, "table") != 0)
		return print_template(cli, list, style->columns, style->format);
	if (style->quiet)
		return print_ids(list, style->id_key);
	return print_columns(list, style);
}

int rows_print_object(struct cli *cli, const struct dolium_value *object, const char *format)
{
	AUTO(dolium_template_free) struct dolium_template *t = NULL;
	AUTO_FREE char *text = NULL;
	struct dolium *d;

	if (strcmp(format, "json") == 0)
		return print_json(object);
	if (cli_engine(cli, &d) < 0)
		return 1;
	if (dolium_template_parse(d, format, &t) < 0 ||
	    dolium_template_render(d, t, object, &text) < 0)
		return cli_fail(cli);
	print_rendered(text);
	fputc('\n', stdout);
	return 0;
}
