/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Help, written from the tables of the commands
 */
#ifndef DOLIUM_CLI_HELP_H
#define DOLIUM_CLI_HELP_H

#include <stdio.h>

struct cli_option;
struct command;
struct command_entry;

/* `path` is the command as it was typed: "dolium image ls". */
void help_print(FILE *to, const char *path, const struct command *command);
void help_print_group(FILE *to, const char *path, const struct command_entry *group);
void help_print_all(FILE *to);

/* The same options as the list of a man page, in mdoc. */
void help_print_mdoc(FILE *to, const struct cli_option *options);

#endif
