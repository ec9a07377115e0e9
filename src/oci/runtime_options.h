/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading options as users of runc and of crun write them
 *
 * "--name value", "--name=value", "-name" (Go), "-n value", "-nvalue" and "-ab"
 * (argp); behind the id as well, unless what follows it is a command of its own.
 */
#ifndef DOLIUM_OCI_RUNTIME_OPTIONS_H
#define DOLIUM_OCI_RUNTIME_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct err;

enum option_kind {
	OPTION_FLAG, /* bool */
	OPTION_TEXT, /* const char * */
	OPTION_NUMBER, /* int */
	OPTION_LIST, /* struct strv: may be said several times */
};

struct option_row {
	const char *name; /* NULL: the end of a table */
	char letter; /* 0: none */
	enum option_kind kind;
	size_t offset; /* of the value in the struct that is filled */
};

/* As Go reads it: "1", "t", "TRUE" and so on. -EINVAL: neither true nor false. */
int option_read_bool(const char *value, bool *to);

/*
 * Fills `to`. Words that are no options go to `rest`, which has room for all words of
 * argv and a NULL. `in_order`: from the first of those on, all are. Returns how
 * many there are; *ret_read (may be NULL) is how many words of argv came before them.
 */
int options_read(const struct option_row *rows, char *const *argv, bool in_order, void *to,
    char **rest, int *ret_read, struct err *e);

#endif
