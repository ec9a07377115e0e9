/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists as people and scripts want them
 *
 * A list from the engine is printed in one of five ways: a table, a column of
 * ids (-q), one JSON object a line (--format json), a template on each row, or a
 * table made by a template (--format 'table {{.ID}}\t{{.Names}}').
 */
#ifndef DOLIUM_CLI_ROWS_H
#define DOLIUM_CLI_ROWS_H

#include <stdbool.h>
#include <stddef.h>

struct cli;
struct dolium_value;

struct column {
	const char *key; /* in the row, and of a template */
	const char *title; /* "CONTAINER ID" */
	bool extra; /* not in the default table, but a template may name it */
};

struct rows_style {
	const struct column *columns; /* ends in one without a key */
	const char *format; /* NULL: the default table */
	bool quiet; /* only the first column that `id_key` names */
	const char *id_key;
};

/* Prints and returns the exit status. */
int rows_print(struct cli *cli, const struct dolium_value *list, const struct rows_style *style);

/* One object through a template, with a newline behind it. `format` "json": as one line of JSON. */
int rows_print_object(struct cli *cli, const struct dolium_value *object, const char *format);

/*
 * Changes of rows before they are printed. rows_cut_id(): twelve digits, without
 * "sha256:". rows_cut(): at most `most` characters, the last of them an ellipsis.
 * rows_size(): a number of bytes as a text for people; a text stays.
 */
void rows_cut_id(struct dolium_value *list, const char *key);
void rows_cut(struct dolium_value *list, const char *key, size_t most);
void rows_size(struct dolium_value *list, const char *key);

/* As the command of a container is shown: in quotes, and cut to `most` characters unless 0. */
void rows_quote(struct dolium_value *list, const char *key, size_t most);

#endif
