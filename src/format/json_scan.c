/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is this JSON?
 *
 * A recursive descent, at most JSON_DEPTH_MAX deep, that keeps nothing. The
 * first complaint stands in `wrong`, with `at` at its place.
 */
#include "format/json_scan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/utf8.h"
#include "format/json.h"

/* The key at `start`, with its quotes, of the object at `depth`. */
struct scan_key {
	const char *start;
	size_t len;
};

/* How many keys are remembered for the report of the one that stands twice. */
#define SCAN_KEYS_MAX 4096

struct scan {
	const char *at, *end;
	const char *wrong;
	size_t n_keys, n_containers, n_values;

	struct scan_key *keys; /* NULL: not looking for one that stands twice */
	size_t n_remembered;
	struct scan_key twice;
};

static int scan_value(struct scan *s, unsigned depth);

static int fail(struct scan *s, const char *wrong)
{
	s->wrong = wrong;
	return -EBADMSG;
}

static void skip_blanks(struct scan *s)
{
	while (
	    s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r'))
		s->at++;
}

/* The next byte that is no blank, not taken; 0 at the end. */
static char peek(struct scan *s)
{
	skip_blanks(s);
	return s->at < s->end ? *s->at : '\0';
}

static bool is_digit(const struct scan *s)
{
	return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

static int scan_digits(struct scan *s)
{
	if (!is_digit(s))
		return fail(s, "a digit is missing");
	while (is_digit(s))
		s->at++;
	return 0;
}

/* A whole number must fit 64 bits, signed or unsigned. One with a fraction is a double. */
static int check_range(struct scan *s, const char *start)
{
	const bool negative = *start == '-';
	uint64_t value = 0;

	for (const char *c = start + negative; c < s->at; c++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value))
			return fail(s, "a number beyond 64 bits");
	if (negative && value > (uint64_t)INT64_MAX + 1)
		return fail(s, "a number beyond 64 bits");
	return 0;
}

static int scan_number(struct scan *s)
{
	const char *start = s->at;
	bool whole = true;
	int r;

	if (*s->at == '-')
		s->at++;
	if (s->at < s->end && *s->at == '0') {
		s->at++;
		if (is_digit(s))
			return fail(s, "a number that begins with 0");
	} else if (scan_digits(s) < 0) {
		return -EBADMSG;
	}
	if (s->at < s->end && *s->at == '.') {
		whole = false;
		s->at++;
		r = scan_digits(s);
		if (r < 0)
			return r;
	}
	if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
		whole = false;
		s->at++;
		if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
			s->at++;
		r = scan_digits(s);
		if (r < 0)
			return r;
	}
	return whole ? check_range(s, start) : 0;
}

/* Four hex digits at `at`; -1: they are not. */
static long read_hex4(const struct scan *s, const char *at)
{
	long value = 0;

	if (s->end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		const char c = at[i];

		value <<= 4;
		if (c >= '0' && c <= '9')
			value += c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value += (c | 0x20) - 'a' + 10;
		else
			return -1;
	}
	return value;
}

/* Behind a backslash. */
static int scan_escape(struct scan *s)
{
	long unit, low;

	if (s->at == s->end)
		return fail(s, "the text ends within a string");
	if (*s->at != 'u') {
		if (*s->at == '\0' || !strchr("\"\\/bfnrt", *s->at))
			return fail(s, "no such escape");
		s->at++;
		return 0;
	}
	unit = read_hex4(s, s->at + 1);
	if (unit < 0)
		return fail(s, "\\u wants four hex digits");
	if (unit == 0)
		return fail(s, "a NUL in a string");
	if (unit >= 0xdc00 && unit <= 0xdfff)
		return fail(s, "half of a surrogate pair");
	s->at += 5;
	if (unit < 0xd800 || unit > 0xdbff)
		return 0;
	low = s->end - s->at >= 2 && s->at[0] == '\\' && s->at[1] == 'u' ? read_hex4(s, s->at + 2)
	                                                                 : -1;
	if (low < 0xdc00 || low > 0xdfff)
		return fail(s, "half of a surrogate pair");
	s->at += 6;
	return 0;
}

/* Where the plain part of a string ends: the most common bytes of all. */
static const char *skip_plain(const char *at, const char *end)
{
	while (at < end && (unsigned char)*at >= ' ' && (unsigned char)*at < 0x80 && *at != '"' &&
	    *at != '\\')
		at++;
	return at;
}

static int scan_string(struct scan *s)
{
	s->at++;
	for (;;) {
		size_t len;
		int r;

		s->at = skip_plain(s->at, s->end);
		if (s->at == s->end)
			return fail(s, "the text ends within a string");
		if (*s->at == '"') {
			s->at++;
			return 0;
		}
		if (*s->at == '\\') {
			s->at++;
			r = scan_escape(s);
			if (r < 0)
				return r;
			continue;
		}
		if ((unsigned char)*s->at < ' ')
			return fail(s, "a control character in a string");
		len = utf8_length(s->at, (size_t)(s->end - s->at));
		if (len == 0)
			return fail(s, "not UTF-8");
		s->at += len;
	}
}

static int scan_word(struct scan *s, const char *word)
{
	const size_t len = strlen(word);

	if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
		return fail(s, "not a value");
	s->at += len;
	return 0;
}

static int count_container(struct scan *s, unsigned depth)
{
	if (depth >= JSON_DEPTH_MAX)
		return fail(s, "nested too deeply");
	if (++s->n_containers > JSON_CONTAINERS_MAX)
		return fail(s, "too many lists and objects");
	s->at++;
	return 0;
}

/* Behind an entry: takes the comma (1) or what closes the group (0). */
static int scan_separator(struct scan *s, char close, const char *wrong)
{
	const char c = peek(s);

	if (c != ',' && c != close)
		return fail(s, wrong);
	s->at++;
	return c == ',';
}

static int scan_array(struct scan *s, unsigned depth)
{
	int r;

	r = count_container(s, depth);
	if (r < 0)
		return r;
	if (peek(s) == ']') {
		s->at++;
		return 0;
	}
	do {
		r = scan_value(s, depth + 1);
		if (r >= 0)
			r = scan_separator(s, ']', "a ',' or ']' is missing");
	} while (r > 0);
	return r;
}

static void remember_key(struct scan *s, size_t first, struct scan_key key)
{
	for (size_t i = first; i < s->n_remembered; i++)
		if (s->keys[i].len == key.len &&
		    memcmp(s->keys[i].start, key.start, key.len) == 0 && !s->twice.start)
			s->twice = key;
	if (s->n_remembered < SCAN_KEYS_MAX)
		s->keys[s->n_remembered++] = key;
}

/* The key, the colon and the value; `first` is where the keys of this object are remembered. */
static int scan_member(struct scan *s, unsigned depth, size_t first)
{
	const char *key;
	int r;

	if (peek(s) != '"')
		return fail(s, "a key is missing");
	key = s->at;
	r = scan_string(s);
	if (r < 0)
		return r;
	s->n_keys++;
	if (s->keys)
		remember_key(s, first, (struct scan_key){ key, (size_t)(s->at - key) });
	if (peek(s) != ':')
		return fail(s, "a ':' is missing");
	s->at++;
	return scan_value(s, depth + 1);
}

static int scan_object(struct scan *s, unsigned depth)
{
	const size_t first = s->n_remembered;
	int r;

	r = count_container(s, depth);
	if (r < 0)
		return r;
	if (peek(s) == '}') {
		s->at++;
		return 0;
	}
	do {
		r = scan_member(s, depth, first);
		if (r >= 0)
			r = scan_separator(s, '}', "a ',' or '}' is missing");
	} while (r > 0);
	s->n_remembered = first;
	return r;
}

static int scan_value(struct scan *s, unsigned depth)
{
	if (++s->n_values > JSON_VALUES_MAX)
		return fail(s, "too many values");
	switch (peek(s)) {
	case '{':
		return scan_object(s, depth);
	case '[':
		return scan_array(s, depth);
	case '"':
		return scan_string(s);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	case '-':
	case '0' ... '9':
		return scan_number(s);
	default:
		return fail(s, s->at == s->end ? "the text ends too early" : "not a value");
	}
}

/* "line 3, column 7": as an editor counts. */
static int report(const struct scan *s, const char *text, const char *what, struct err *e)
{
	const char *line = text;
	size_t n_lines = 1;

	for (const char *c = text; c < s->at; c++)
		if (*c == '\n') {
			n_lines++;
			line = c + 1;
		}
	return err_refuse(e, -EBADMSG, "%s: line %zu, column %zu: %s", what, n_lines,
	    (size_t)(s->at - line) + 1, s->wrong);
}

int json_scan(const char *text, size_t len, const char *what, struct json_scan_counts *ret_counts,
    struct err *e)
{
	struct scan s = { .at = text, .end = text + len };

	if (len > JSON_SIZE_MAX)
		return err_refuse(
		    e, -EBADMSG, "%s: larger than %zu MiB", what, JSON_SIZE_MAX >> 20);
	if (scan_value(&s, 0) < 0)
		return report(&s, text, what, e);
	skip_blanks(&s);
	if (s.at < s.end) {
		s.wrong = "something stands behind the value";
		return report(&s, text, what, e);
	}
	*ret_counts = (struct json_scan_counts){ s.n_values, s.n_keys };
	return 0;
}

int json_scan_report_twice(const char *text, size_t len, const char *what, struct err *e)
{
	struct scan_key keys[SCAN_KEYS_MAX];
	struct scan s = { .at = text, .end = text + len, .keys = keys };

	if (scan_value(&s, 0) < 0 || !s.twice.start)
		return err_refuse(e, -EBADMSG, "%s: a key stands twice in one object", what);
	/* Without its quotes, and of a long one the beginning. */
	return err_refuse(e, -EBADMSG, "%s: the key '%.*s' stands twice in one object", what,
	    (int)(s.twice.len > 100 ? 100 : s.twice.len - 2), s.twice.start + 1);
}
