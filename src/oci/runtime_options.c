/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading options as users of runc and of crun write them
 */
#include "oci/runtime_options.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"
#include "base/strv.h"

static const struct option_row *find_long(const struct option_row *rows, const char *word)
{
	const char *name = word + 1 + (word[1] == '-');
	size_t len = strcspn(name, "=");

	for (; rows->name; rows++) {
		if (strlen(rows->name) == len && strncmp(rows->name, name, len) == 0)
			return rows;
	}
	return NULL;
}

static const struct option_row *find_letter(const struct option_row *rows, char letter)
{
	for (; rows->name; rows++) {
		if (rows->letter && rows->letter == letter)
			return rows;
	}
	return NULL;
}

static bool is_one_of(const char *const *words, const char *word)
{
	for (; *words; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

int option_read_bool(const char *value, bool *to)
{
	static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True", NULL };
	static const char *const no[] = { "0", "f", "F", "FALSE", "false", "False", NULL };

	if (!is_one_of(yes, value) && !is_one_of(no, value))
		return -EINVAL;
	*to = is_one_of(yes, value);
	return 0;
}

static int set_flag(bool *to, const struct option_row *row, const char *value, struct err *e)
{
	if (!value)
		*to = true;
	else if (option_read_bool(value, to) < 0)
		return err_refuse(
		    e, -EINVAL, "option --%s is true or false, not '%s'", row->name, value);
	return 0;
}

static int set_number(int *to, const struct option_row *row, const char *value, struct err *e)
{
	uint32_t number = 0;

	if (num_parse_u32(value, &number) < 0 || number > 0xfffff)
		return err_refuse(e, -EINVAL, "option --%s: not a number: '%s'", row->name, value);
	*to = (int)number;
	return 0;
}

static int set(void *to, const struct option_row *row, const char *value, struct err *e)
{
	void *at = (char *)to + row->offset;
	int r;

	switch (row->kind) {
	case OPTION_FLAG:
		return set_flag(at, row, value, e);
	case OPTION_NUMBER:
		return set_number(at, row, value, e);
	case OPTION_LIST:
		r = strv_add(at, value);
		return r < 0 ? err_set(e, r, "cannot read option --%s", row->name) : 0;
	case OPTION_TEXT:
		break;
	}
	*(const char **)at = value;
	return 0;
}

static int missing_value(const struct option_row *row, struct err *e)
{
	return err_refuse(e, -EINVAL, "option --%s wants a value", row->name);
}

/* Each returns how many words the option was. */
static int read_long(const struct option_row *row, char *const *argv, void *to, struct err *e)
{
	const char *equal = strchr(argv[0], '='), *value = equal ? equal + 1 : NULL;
	int n = 1, r;

	if (row->kind != OPTION_FLAG && !value) {
		value = argv[1];
		n = 2;
	}
	if (row->kind != OPTION_FLAG && !value)
		return missing_value(row, e);
	r = set(to, row, value, e);
	return r < 0 ? r : n;
}

static int read_letters(const struct option_row *rows, char *const *argv, void *to, struct err *e)
{
	for (const char *at = argv[0] + 1; *at; at++) {
		const struct option_row *row = find_letter(rows, *at);
		const char *value = NULL;
		int r;

		if (!row || (row->kind == OPTION_FLAG && at[1] == '=' && at > argv[0] + 1))
			return err_refuse(
			    e, -EINVAL, "flag provided but not defined: '%s'", argv[0]);
		if (at[1] == '=')
			value = at + 2;
		else if (row->kind != OPTION_FLAG)
			value = at[1] ? at + 1 : argv[1];
		if (row->kind != OPTION_FLAG && !value)
			return missing_value(row, e);
		r = set(to, row, value, e);
		if (r < 0)
			return r;
		if (row->kind != OPTION_FLAG)
			return value == argv[1] ? 2 : 1;
		if (value)
			return 1;
	}
	return 1;
}

static int read_one(const struct option_row *rows, char *const *argv, void *to, struct err *e)
{
	const struct option_row *row = find_long(rows, argv[0]);

	if (row)
		return read_long(row, argv, to, e);
	if (argv[0][1] == '-')
		return err_refuse(e, -EINVAL, "flag provided but not defined: '%s'", argv[0]);
	return read_letters(rows, argv, to, e);
}

int options_read(const struct option_row *rows, char *const *argv, bool in_order, void *to,
    char **rest, int *ret_read, struct err *e)
{
	bool options = true;
	int n = 0, n_rest = 0;

	while (argv[n]) {
		int r;

		if (options && strcmp(argv[n], "--") == 0) {
			options = false;
			n++;
			continue;
		}
		/* "-" alone is a word: a stream. */
		if (!options || argv[n][0] != '-' || argv[n][1] == '\0') {
			if (in_order)
				break;
			rest[n_rest++] = argv[n++];
			continue;
		}
		r = read_one(rows, argv + n, to, e);
		if (r < 0)
			return r;
		n += r;
	}
	if (ret_read)
		*ret_read = n;
	while (argv[n])
		rest[n_rest++] = argv[n++];
	rest[n_rest] = NULL;
	return n_rest;
}
