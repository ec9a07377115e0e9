/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options are tables
 */
#include "cli/option.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"
#include "base/strv.h"
#include "cli/suggest.h"

const struct cli_option *option_find(const struct cli_option *table, const char *name, size_t len)
{
	option_for_each (o, table) {
		if (strlen(o->name) != len || strncmp(o->name, name, len) != 0)
			continue;
		return o->alias_of ? option_find(table, o->alias_of, strlen(o->alias_of)) : o;
	}
	return NULL;
}

const struct cli_option *option_find_letter(const struct cli_option *table, char letter)
{
	option_for_each (o, table)
		if (o->letter == letter)
			return o;
	return NULL;
}

bool option_takes_value(const struct cli_option *o)
{
	return o->kind != OPTION_FLAG;
}

int option_parse_bool(const char *text, bool *ret_value)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };

	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		if (strcmp(text, yes[i]) == 0) {
			*ret_value = true;
			return 0;
		}
		if (strcmp(text, no[i]) == 0) {
			*ret_value = false;
			return 0;
		}
	}
	return -EINVAL;
}

static int refuse_choice(const struct cli_option *o, struct err *e)
{
	char list[256] = "";
	size_t used = 0;

	for (const char *const *c = o->choices; *c && used < sizeof(list); c++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
		    c == o->choices ? ""
		        : c[1]      ? ", "
		                    : " or ",
		    *c);
	return err_refuse(e, -EINVAL, "it is one of %s", list);
}

static int check_choice(const struct cli_option *o, const char *value, struct err *e)
{
	if (!o->choices)
		return 0;
	for (const char *const *c = o->choices; *c; c++)
		if (strcmp(*c, value) == 0)
			return 0;
	return refuse_choice(o, e);
}

static int set_size(const struct cli_option *o, int64_t *at, const char *value, struct err *e)
{
	int r;

	if (o->unlimited && strcmp(value, "-1") == 0) {
		*at = -1;
		return 0;
	}
	r = num_parse_size(value, at);
	if (r == -ERANGE)
		return err_refuse(e, r, "the size is too large");
	if (r < 0)
		return err_refuse(
		    e, r, "not a size, which is a number with b, k, m, g or t behind it");
	return 0;
}

static int set_number(const struct cli_option *o, int64_t *at, const char *value, struct err *e)
{
	int64_t number;

	if (num_parse_i64(value, &number) < 0)
		return err_refuse(e, -EINVAL, "not a whole number");
	if (o->unlimited && number == -1) {
		*at = number;
		return 0;
	}
	if ((o->min || o->max) && (number < o->min || number > o->max))
		return err_refuse(
		    e, -EINVAL, "not between %lld and %lld", (long long)o->min, (long long)o->max);
	*at = number;
	return 0;
}

/* Puts one value where the table says. The refusal says only what is wrong with it. */
static int option_set(const struct cli_option *o, void *target, const char *value, struct err *e)
{
	void *at = (char *)target + o->offset;
	int r = check_choice(o, value, e);

	if (r < 0)
		return r;
	switch (o->kind) {
	case OPTION_FLAG:
		if (option_parse_bool(value, at) < 0)
			return err_refuse(e, -EINVAL, "neither true nor false");
		return 0;
	case OPTION_TEXT:
		*(const char **)at = value;
		return 0;
	case OPTION_LIST:
		if (strv_add(at, value) < 0)
			return err_refuse(e, -ENOMEM, "no memory is left");
		return 0;
	case OPTION_SIZE:
		return set_size(o, at, value, e);
	case OPTION_CPUS:
		if (num_parse_nano(value, at) < 0)
			return err_refuse(e, -EINVAL, "not a number of cpus such as 1.5");
		return 0;
	case OPTION_NUMBER:
		return set_number(o, at, value, e);
	case OPTION_CALL:
		return o->parse(target, value, e);
	}
	return -EINVAL;
}

/* The state of one run of the parser. */
struct parser {
	const struct cli_option *table;
	const char *who;
	void *target;
	char **next; /* the word after the one in hand */
	struct err *e;
};

static int refuse_unknown(const struct parser *p, const char *name, size_t len)
{
	struct suggestion s = { 0 };
	char typed[80];

	snprintf(typed, sizeof(typed), "%.*s", (int)(len < 64 ? len : 64), name);
	option_for_each (o, p->table)
		if (!o->alias_of)
			suggest_offer(&s, typed, o->name);
	err_refuse(p->e, -EINVAL, "unknown option: '--%s'", typed);
	if (s.word)
		err_hint(p->e, "did you mean '--%s'? See '%s --help'.", s.word, p->who);
	else
		err_hint(p->e, "See '%s --help'.", p->who);
	return -EINVAL;
}

static int refuse_unknown_letter(const struct parser *p, char letter, const char *word)
{
	if (word[1] == letter && !word[2])
		err_refuse(p->e, -EINVAL, "unknown option: '-%c'", letter);
	else
		err_refuse(p->e, -EINVAL, "unknown option: '-%c' in '%s'", letter, word);
	err_hint(p->e, "See '%s --help'.", p->who);
	return -EINVAL;
}

static int give(const struct parser *p, const struct cli_option *o, const char *value)
{
	int r = option_set(o, p->target, value, p->e);

	if (r >= 0)
		return 0;
	err_wrap(p->e, r, "invalid value '%s' for '--%s'", value, o->name);
	if (p->e && !p->e->hint[0])
		err_hint(p->e, "See '%s --help'.", p->who);
	return r;
}

/* The value is the next word. `shown` is the option as it was typed. */
static int give_next(struct parser *p, const struct cli_option *o, const char *shown)
{
	if (!*p->next) {
		err_refuse(p->e, -EINVAL, "option '%s' needs a value: %s", shown, o->argument);
		err_hint(p->e, "See '%s --help'.", p->who);
		return -EINVAL;
	}
	return give(p, o, *p->next++);
}

static int parse_long(struct parser *p, const char *word)
{
	const char *name = word + 2;
	const size_t len = strcspn(name, "=");
	const struct cli_option *o = option_find(p->table, name, len);

	if (!o && len == 4 && strncmp(name, "help", 4) == 0)
		return -ECANCELED;
	if (!o)
		return refuse_unknown(p, name, len);
	if (name[len] == '=')
		return give(p, o, name + len + 1);
	return option_takes_value(o) ? give_next(p, o, word) : give(p, o, "true");
}

/* One word of letters: flags, and at most one that takes the rest of it or the next word. */
static int parse_letters(struct parser *p, const char *word)
{
	for (const char *c = word + 1; *c; c++) {
		const struct cli_option *o = option_find_letter(p->table, *c);
		const char shown[3] = { '-', *c, '\0' };
		int r;

		if (!o && *c == 'h')
			return -ECANCELED;
		if (!o)
			return refuse_unknown_letter(p, *c, word);
		if (c[1] == '=')
			return give(p, o, c + 2);
		if (option_takes_value(o))
			return c[1] ? give(p, o, c + 1) : give_next(p, o, shown);
		r = give(p, o, "true");
		if (r < 0)
			return r;
	}
	return 0;
}

int options_parse(const struct cli_option *table, const char *who, enum option_order order,
    void *target, char **words, struct err *e)
{
	struct parser p = { .table = table, .who = who, .target = target, .next = words, .e = e };
	bool ended = false;
	int n = 0;

	while (*p.next) {
		char *word = *p.next++;
		int r;

		if (ended || word[0] != '-' || !word[1]) {
			words[n++] = word;
			ended = ended || order == OPTIONS_FIRST;
			continue;
		}
		if (strcmp(word, "--") == 0) {
			ended = true;
			continue;
		}
		r = word[1] == '-' ? parse_long(&p, word) : parse_letters(&p, word);
		if (r < 0)
			return r;
	}
	words[n] = NULL;
	return n;
}

void options_done(const struct cli_option *table, void *target)
{
	option_for_each (o, table)
		if (o->kind == OPTION_LIST && !o->alias_of)
			strv_done((struct strv *)((char *)target + o->offset));
}
