/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of dolium-oci, and their options
 */
#ifndef DOLIUM_OCI_RUNTIME_COMMANDS_H
#define DOLIUM_OCI_RUNTIME_COMMANDS_H

#include <stdbool.h>
#include <stdio.h>

struct err;
struct option_row;
struct runtime;
struct runtime_options;

struct command {
	const char *name, *arguments, *title;
	const struct option_row *options;
	int (*run)(const struct runtime *rt, const struct runtime_options *o, struct err *e);
	int min_arguments, max_arguments;
	bool in_order; /* behind the id, all is for somebody else */
	int failed; /* exit status; 0: 1 */
};

/* NULL: there is none of that name. */
const struct command *command_find(const char *name);

void command_help(const struct command *c, FILE *to);
/* A line for each. */
void commands_list(FILE *to);

/* Reads its words, argv, into `o`, and carries it out. */
int command_run(const struct runtime *rt, const struct command *c, char *const *argv,
    struct runtime_options *o, struct err *e);

#endif
