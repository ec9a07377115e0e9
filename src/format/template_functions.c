/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates: functions
 *
 * The functions are Go's and Docker's, with their order of arguments: a pipe
 * gives the last one.
 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/utf8.h"
#include "format/json.h"
#include "format/template_tree.h"

int template_no_memory(struct template_run *run)
{
	return err_set(run->e, -ENOMEM, "cannot render the template");
}

/* Hands the text in `b` over to the run. */
int template_return_text(struct template_run *run, const struct buf *b, struct template_value *ret)
{
	ret->kind = VALUE_TEXT;
	ret->text = buf_error(b) ? NULL : arena_text(&run->arena, buf_text(b), b->len);
	return ret->text ? 0 : template_no_memory(run);
}

static void return_bool(struct template_value *ret, bool truth)
{
	*ret = (struct template_value){ .kind = VALUE_BOOL, .truth = truth };
}

int template_want_text(
    struct template_run *run, const struct template_value *v, const char **ret_text)
{
	/* A key that is not there has no text: as Go's zero value. */
	if (v->kind == VALUE_NONE) {
		*ret_text = "";
		return 0;
	}
	if (v->kind != VALUE_TEXT)
		return template_fail(
		    run->e, run->at, "a text is wanted, not %s", template_value_kind_name(v));
	*ret_text = v->text;
	return 0;
}

static int want_length(struct template_run *run, const struct template_value *v, size_t *ret_length)
{
	if (v->kind != VALUE_INTEGER || v->integer < 0)
		return template_fail(run->e, run->at, "a whole number from 0 is wanted");
	*ret_length = v->integer > TEMPLATE_WIDTH_MAX ? TEMPLATE_WIDTH_MAX : (size_t)v->integer;
	return 0;
}

/* ---- logic and comparing ---- */

static int call_and(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	size_t i = 0;

	(void)run;
	while (i + 1 < n && template_value_truth(&args[i]))
		i++;
	*ret = args[i];
	return 0;
}

static int call_or(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	size_t i = 0;

	(void)run;
	while (i + 1 < n && !template_value_truth(&args[i]))
		i++;
	*ret = args[i];
	return 0;
}

static int call_not(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	(void)run;
	(void)n;
	return_bool(ret, !template_value_truth(&args[0]));
	return 0;
}

/* <0, 0, >0 in *ret_order. -EINVAL: the two have no order. */
static int compare(const struct template_value *a, const struct template_value *b, int *ret_order)
{
	if (a->kind == VALUE_INTEGER && b->kind == VALUE_INTEGER)
		*ret_order = (a->integer > b->integer) - (a->integer < b->integer);
	else if (template_value_is_number(a) && template_value_is_number(b))
		*ret_order = (template_value_double(a) > template_value_double(b)) -
		    (template_value_double(a) < template_value_double(b));
	else if (a->kind == VALUE_TEXT && b->kind == VALUE_TEXT)
		*ret_order = strcmp(a->text, b->text);
	else
		return -EINVAL;
	return 0;
}

static bool is_equal(const struct template_value *a, const struct template_value *b)
{
	int order;

	if (compare(a, b, &order) == 0)
		return order == 0;
	if (a->kind != b->kind)
		return false;
	return a->kind == VALUE_NONE || (a->kind == VALUE_BOOL && a->truth == b->truth);
}

static int call_eq(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	bool equal = false;

	(void)run;
	for (size_t i = 1; i < n; i++)
		equal = equal || is_equal(&args[0], &args[i]);
	return_bool(ret, equal);
	return 0;
}

static int call_ne(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	(void)run;
	(void)n;
	return_bool(ret, !is_equal(&args[0], &args[1]));
	return 0;
}

static int want_order(struct template_run *run, const struct template_value *args, int *ret_order)
{
	if (compare(&args[0], &args[1], ret_order) == 0)
		return 0;
	return template_fail(run->e, run->at, "%s and %s have no order",
	    template_value_kind_name(&args[0]), template_value_kind_name(&args[1]));
}

static int call_lt(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	int order = 0, r = want_order(run, args, &order);

	(void)n;
	return_bool(ret, order < 0);
	return r;
}

static int call_le(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	int order = 0, r = want_order(run, args, &order);

	(void)n;
	return_bool(ret, order <= 0);
	return r;
}

static int call_gt(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	int order = 0, r = want_order(run, args, &order);

	(void)n;
	return_bool(ret, order > 0);
	return r;
}

static int call_ge(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	int order = 0, r = want_order(run, args, &order);

	(void)n;
	return_bool(ret, order >= 0);
	return r;
}

/* ---- lists and objects ---- */

static int call_len(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	size_t length;

	(void)n;
	if (args->kind == VALUE_TEXT)
		length = strlen(args->text);
	else if (args->kind == VALUE_TREE || args->kind == VALUE_LIST)
		length = template_value_count(args);
	else
		return template_fail(
		    run->e, run->at, "%s has no length", template_value_kind_name(args));
	*ret = (struct template_value){ .kind = VALUE_INTEGER, .integer = (int64_t)length };
	return 0;
}

static int index_one(
    struct template_run *run, const struct template_value *key, struct template_value *value)
{
	if (value->kind == VALUE_NONE)
		return 0;
	if (template_value_is_list(value)) {
		if (key->kind != VALUE_INTEGER)
			return template_fail(run->e, run->at, "the place in a list is a number");
		if (key->integer < 0 || (uint64_t)key->integer >= template_value_count(value))
			return template_fail(
			    run->e, run->at, "the list has no place %jd", (intmax_t)key->integer);
		*value = template_value_at(value, (size_t)key->integer);
		return 0;
	}
	if (value->kind != VALUE_TREE)
		return template_fail(
		    run->e, run->at, "%s has no parts", template_value_kind_name(value));
	if (key->kind != VALUE_TEXT)
		return template_fail(run->e, run->at, "the key of an object is a text");
	*value = template_value_of(json_value_get(value->tree, key->text));
	return 0;
}

static int call_index(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	*ret = args[0];
	for (size_t i = 1; i < n; i++) {
		int r = index_one(run, &args[i], ret);

		if (r < 0)
			return r;
	}
	return 0;
}

/* A place in something of `length`, where `length` itself is its end. */
static int want_place(
    struct template_run *run, const struct template_value *v, size_t length, size_t *ret_place)
{
	if (v->kind != VALUE_INTEGER)
		return template_fail(run->e, run->at, "a place is a number");
	if (v->integer < 0 || (uint64_t)v->integer > length)
		return template_fail(
		    run->e, run->at, "there is no place %jd", (intmax_t)v->integer);
	*ret_place = (size_t)v->integer;
	return 0;
}

static int slice_list(struct template_run *run, const struct template_value *list, size_t from,
    size_t to, struct template_value *ret)
{
	struct template_value *items = arena_alloc(&run->arena, (to - from + 1) * sizeof(*items));

	if (!items)
		return template_no_memory(run);
	for (size_t i = from; i < to; i++)
		items[i - from] = template_value_at(list, i);
	*ret = (struct template_value){ .kind = VALUE_LIST, .items = items, .n = to - from };
	return 0;
}

/* As in Go, a text is cut between bytes. */
static int call_slice(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	size_t from = 0, to, length;
	int r = 0;

	if (args->kind == VALUE_TEXT)
		length = strlen(args->text);
	else if (template_value_is_list(args))
		length = template_value_count(args);
	else
		return template_fail(
		    run->e, run->at, "%s cannot be cut", template_value_kind_name(args));
	to = length;
	if (n > 1)
		r = want_place(run, &args[1], length, &from);
	if (r >= 0 && n > 2)
		r = want_place(run, &args[2], length, &to);
	if (r < 0)
		return r;
	if (from > to)
		return template_fail(run->e, run->at, "it would end before it begins");
	if (args->kind != VALUE_TEXT)
		return slice_list(run, args, from, to, ret);
	ret->kind = VALUE_TEXT;
	ret->text = arena_text(&run->arena, args->text + from, to - from);
	return ret->text ? 0 : template_no_memory(run);
}

static int call_join(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	AUTO_BUF struct buf b = { .max = run->to->max };
	const char *separator = "";
	int r;

	(void)n;
	r = template_want_text(run, &args[1], &separator);
	if (r < 0)
		return r;
	if (args->kind != VALUE_NONE && !template_value_is_list(args))
		return template_fail(
		    run->e, run->at, "a list is wanted, not %s", template_value_kind_name(args));
	for (size_t i = 0; args->kind != VALUE_NONE && i < template_value_count(args); i++) {
		const struct template_value entry = template_value_at(args, i);

		if (i)
			buf_adds(&b, separator);
		template_value_print(run, &entry, &b);
	}
	return template_return_text(run, &b, ret);
}

static int split_characters(struct template_run *run, const char *text, struct template_value *ret)
{
	const size_t n = utf8_count(text);
	struct template_value *items;

	items = arena_alloc(&run->arena, (n ? n : 1) * sizeof(*items));
	for (size_t i = 0; items && i < n; i++) {
		const size_t len = utf8_prefix(text, 1);

		items[i].kind = VALUE_TEXT;
		items[i].text = arena_text(&run->arena, text, len);
		if (!items[i].text)
			return template_no_memory(run);
		text += len;
	}
	*ret = (struct template_value){ .kind = VALUE_LIST, .items = items, .n = n };
	return items ? 0 : template_no_memory(run);
}

static int call_split(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	const char *text = "", *separator = "";
	struct template_value *items;
	size_t count = 1, i = 0;
	int r;

	(void)n;
	r = template_want_text(run, &args[0], &text);
	if (r >= 0)
		r = template_want_text(run, &args[1], &separator);
	if (r < 0)
		return r;
	if (!*separator)
		return split_characters(run, text, ret);
	for (const char *at = text; (at = strstr(at, separator)); at += strlen(separator))
		count++;
	items = arena_alloc(&run->arena, count * sizeof(*items));
	if (!items)
		return template_no_memory(run);
	for (;;) {
		const char *end = strstr(text, separator);
		const size_t len = end ? (size_t)(end - text) : strlen(text);

		items[i].kind = VALUE_TEXT;
		items[i].text = arena_text(&run->arena, text, len);
		if (!items[i].text)
			return template_no_memory(run);
		if (++i == count)
			break;
		text += len + strlen(separator);
	}
	*ret = (struct template_value){ .kind = VALUE_LIST, .items = items, .n = count };
	return 0;
}

/* ---- texts ---- */

/* A copy of a text argument, that the function then changes in place. */
static int copy_text(struct template_run *run, const struct template_value *v,
    struct template_value *ret, char **ret_copy)
{
	const char *text = "";
	int r;

	r = template_want_text(run, v, &text);
	if (r < 0)
		return r;
	*ret_copy = arena_text(&run->arena, text, strlen(text));
	*ret = (struct template_value){ .kind = VALUE_TEXT, .text = *ret_copy };
	return *ret_copy ? 0 : template_no_memory(run);
}

/* Each letter anew; `before` is the one in front of it, as it was, or 0. */
static int change_letters(struct template_run *run, const struct template_value *arg,
    char (*change)(char c, char before), struct template_value *ret)
{
	char *text = NULL, before = '\0';
	int r = copy_text(run, arg, ret, &text);

	for (char *c = text; r >= 0 && *c; c++) {
		const char was = *c;

		*c = change(was, before);
		before = was;
	}
	return r;
}

static char upper_letter(char c, char before)
{
	(void)before;
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static char lower_letter(char c, char before)
{
	(void)before;
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The first letter of each word. */
static char title_letter(char c, char before)
{
	return !before || strchr(" \t\n-/.,:;", before) ? upper_letter(c, before) : c;
}

static int call_upper(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	(void)n;
	return change_letters(run, args, upper_letter, ret);
}

static int call_lower(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	(void)n;
	return change_letters(run, args, lower_letter, ret);
}

static int call_title(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	(void)n;
	return change_letters(run, args, title_letter, ret);
}

static int call_truncate(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	size_t length = 0;
	char *text = NULL;
	int r;

	(void)n;
	r = want_length(run, &args[1], &length);
	if (r < 0)
		return r;
	r = copy_text(run, &args[0], ret, &text);
	if (r < 0)
		return r;
	text[utf8_prefix(text, length)] = '\0';
	return 0;
}

static void add_blanks(struct buf *b, size_t n)
{
	while (n-- > 0)
		buf_addc(b, ' ');
}

static int call_pad(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	AUTO_BUF struct buf b = { 0 };
	size_t before = 0, behind = 0;
	const char *text = "";

	(void)n;
	if (template_want_text(run, &args[0], &text) < 0 ||
	    want_length(run, &args[1], &before) < 0 || want_length(run, &args[2], &behind) < 0)
		return -EINVAL;
	if (*text) {
		add_blanks(&b, before);
		buf_adds(&b, text);
		add_blanks(&b, behind);
	}
	return template_return_text(run, &b, ret);
}

static int call_json(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	AUTO_BUF struct buf b = { 0 };
	struct json_writer w = { .to = &b };

	(void)n;
	template_value_write(&w, args);
	return template_return_text(run, &b, ret);
}

/* ---- printing ---- */

/* As Go's Sprint: a blank between two of which neither is a text. */
static int call_print(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	AUTO_BUF struct buf b = { .max = run->to->max };

	for (size_t i = 0; i < n; i++) {
		if (i && args[i].kind != VALUE_TEXT && args[i - 1].kind != VALUE_TEXT)
			buf_addc(&b, ' ');
		template_value_print(run, &args[i], &b);
	}
	return template_return_text(run, &b, ret);
}

static int call_println(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	AUTO_BUF struct buf b = { .max = run->to->max };

	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(&b, ' ');
		template_value_print(run, &args[i], &b);
	}
	buf_addc(&b, '\n');
	return template_return_text(run, &b, ret);
}

const struct template_function *template_function_find(const char *name, size_t len)
{
	static const struct template_function functions[] = {
		{ "and", 1, TEMPLATE_OPERANDS_MAX, call_and },
		{ "eq", 2, TEMPLATE_OPERANDS_MAX, call_eq },
		{ "ge", 2, 2, call_ge },
		{ "gt", 2, 2, call_gt },
		{ "index", 1, TEMPLATE_OPERANDS_MAX, call_index },
		{ "join", 2, 2, call_join },
		{ "json", 1, 1, call_json },
		{ "le", 2, 2, call_le },
		{ "len", 1, 1, call_len },
		{ "lower", 1, 1, call_lower },
		{ "lt", 2, 2, call_lt },
		{ "ne", 2, 2, call_ne },
		{ "not", 1, 1, call_not },
		{ "or", 1, TEMPLATE_OPERANDS_MAX, call_or },
		{ "pad", 3, 3, call_pad },
		{ "print", 0, TEMPLATE_OPERANDS_MAX, call_print },
		{ "printf", 1, TEMPLATE_OPERANDS_MAX, template_printf },
		{ "println", 0, TEMPLATE_OPERANDS_MAX, call_println },
		{ "slice", 1, 3, call_slice },
		{ "split", 2, 2, call_split },
		{ "title", 1, 1, call_title },
		{ "truncate", 2, 2, call_truncate },
		{ "upper", 1, 1, call_upper },
	};

	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		if (strlen(functions[i].name) == len && strncmp(functions[i].name, name, len) == 0)
			return &functions[i];
	return NULL;
}
