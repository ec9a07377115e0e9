/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates: printf
 *
 * Go's verbs for the values that there are: %s %v %t %q, %d %x %X %o, %f %g %e.
 */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "format/json.h"
#include "format/template_tree.h"

/* "%-20.3s": what stands between '%' and the letter. */
struct verb {
	bool left, zeros, plus;
	size_t width;
	int precision; /* -1: not said */
	char letter;
};

static const char *read_width(const char *at, size_t *ret_width)
{
	for (; *at >= '0' && *at <= '9'; at++)
		if (*ret_width <= TEMPLATE_WIDTH_MAX)
			*ret_width = *ret_width * 10 + (size_t)(*at - '0');
	if (*ret_width > TEMPLATE_WIDTH_MAX)
		*ret_width = TEMPLATE_WIDTH_MAX;
	return at;
}

/* Returns what stands behind the letter. */
static const char *read_verb(const char *at, struct verb *ret_verb)
{
	struct verb verb = { .precision = -1 };

	for (; *at == '-' || *at == '0' || *at == '+'; at++) {
		verb.left = verb.left || *at == '-';
		verb.zeros = verb.zeros || *at == '0';
		verb.plus = verb.plus || *at == '+';
	}
	at = read_width(at, &verb.width);
	if (*at == '.') {
		size_t precision = 0;

		at = read_width(at + 1, &precision);
		verb.precision = (int)precision;
	}
	verb.letter = *at;
	*ret_verb = verb;
	return *at ? at + 1 : at;
}

static void add_padded(struct buf *b, const struct verb *verb, const char *text)
{
	const size_t n = utf8_count(text), rest = verb->width > n ? verb->width - n : 0;
	const bool zeros = verb->zeros && !verb->left;

	/* The sign stands before the zeros. */
	if (zeros && (*text == '-' || *text == '+'))
		buf_addc(b, *text++);
	for (size_t i = 0; i < rest && !verb->left; i++)
		buf_addc(b, zeros ? '0' : ' ');
	buf_adds(b, text);
	for (size_t i = 0; i < rest && verb->left; i++)
		buf_addc(b, ' ');
}

static bool format_integer(const struct verb *verb, int64_t integer, char *to, size_t room)
{
	switch (verb->letter) {
	case 'd':
		snprintf(to, room, verb->plus ? "%+jd" : "%jd", (intmax_t)integer);
		return true;
	case 'x':
		snprintf(to, room, "%jx", (uintmax_t)integer);
		return true;
	case 'X':
		snprintf(to, room, "%jX", (uintmax_t)integer);
		return true;
	case 'o':
		snprintf(to, room, "%jo", (uintmax_t)integer);
		return true;
	default:
		return false;
	}
}

static bool format_double(const struct verb *verb, double number, char *to, size_t room)
{
	const int precision = verb->precision < 0 ? 6 : verb->precision;

	switch (verb->letter) {
	case 'f':
		snprintf(to, room, verb->plus ? "%+.*f" : "%.*f", precision > 60 ? 60 : precision,
		    number);
		return true;
	case 'g':
		snprintf(to, room, "%g", number);
		return true;
	case 'e':
		snprintf(to, room, "%e", number);
		return true;
	default:
		return false;
	}
}

static int format_number(struct template_run *run, const struct verb *verb,
    const struct template_value *v, struct buf *b)
{
	char text[512]; /* 1.8e308 with 60 digits behind the point has 370 */

	if ((v->kind == VALUE_INTEGER && format_integer(verb, v->integer, text, sizeof(text))) ||
	    (template_value_is_number(v) &&
	        format_double(verb, template_value_double(v), text, sizeof(text)))) {
		add_padded(b, verb, text);
		return 0;
	}
	return template_fail(run->e, run->at, "printf has no '%%%c' for %s", verb->letter,
	    template_value_kind_name(v));
}

static int format_one(struct template_run *run, const struct verb *verb,
    const struct template_value *v, struct buf *b)
{
	AUTO_BUF struct buf text = { .max = run->to->max };
	struct json_writer w = { .to = &text };

	switch (verb->letter) {
	case 's':
	case 'v':
	case 't':
		template_value_print(run, v, &text);
		break;
	case 'q':
		if (v->kind == VALUE_TEXT)
			json_put_text(&w, NULL, v->text);
		else
			template_value_print(run, v, &text);
		break;
	default:
		return format_number(run, verb, v, b);
	}
	if (buf_error(&text))
		return template_no_memory(run);
	if (verb->precision >= 0 && text.data)
		text.data[utf8_prefix(text.data, (size_t)verb->precision)] = '\0';
	add_padded(b, verb, buf_text(&text));
	return 0;
}

int template_printf(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	AUTO_BUF struct buf b = { .max = run->to->max };
	const char *format = "";
	size_t i = 1;
	int r;

	r = template_want_text(run, &args[0], &format);
	if (r < 0)
		return r;
	while (*format) {
		struct verb verb;

		if (*format != '%') {
			buf_addc(&b, *format++);
			continue;
		}
		format = read_verb(format + 1, &verb);
		if (verb.letter == '%') {
			buf_addc(&b, '%');
			continue;
		}
		if (!verb.letter || i >= n)
			return template_fail(
			    run->e, run->at, "printf has more verbs than arguments");
		r = format_one(run, &verb, &args[i++], &b);
		if (r < 0)
			return r;
	}
	if (i < n)
		return template_fail(run->e, run->at, "printf has more arguments than verbs");
	return template_return_text(run, &b, ret);
}
