/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Help, written from the tables of the commands
 */
#include "cli/help.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

/* Help texts begin in one column, unless an option is too long for that. */
#define COLUMN_MAX  32
#define OPTIONS_MAX 128 /* of one command */

/* "  -e, --env KEY=VALUE": returns how wide it is. */
static size_t format_option(char *to, size_t room, const struct cli_option *o)
{
	char letter[8] = "    ";
	int n;

	if (o->letter)
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	n = snprintf(to, room, "  %s--%s%s%s", letter, o->name, o->argument ? " " : "",
	    o->argument ? o->argument : "");
	return n < 0 ? 0 : (size_t)n;
}

static int compare_names(const void *a, const void *b)
{
	const struct cli_option *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* The options that a help shows, by name: a table may have another order. Returns how many. */
static size_t sort_options(
    const struct cli_option *options, const struct cli_option *ret_sorted[OPTIONS_MAX])
{
	size_t n = 0;

	option_for_each (o, options) {
		if (o->alias_of)
			continue;
		assert(n < OPTIONS_MAX);
		ret_sorted[n++] = o;
	}
	qsort(ret_sorted, n, sizeof(*ret_sorted), compare_names);
	return n;
}

static void print_choices(FILE *to, const struct cli_option *o)
{
	for (const char *const *c = o->choices; c && *c; c++)
		fprintf(to, "%s%s%s", c == o->choices ? " (" : ", ", *c, c[1] ? "" : ")");
}

static void print_options(FILE *to, const struct cli_option *options)
{
	const struct cli_option *sorted[OPTIONS_MAX];
	const size_t n = sort_options(options, sorted);
	char line[160];
	size_t column = 0;

	for (size_t i = 0; i < n; i++) {
		const size_t len = format_option(line, sizeof(line), sorted[i]);

		if (len > column && len <= COLUMN_MAX)
			column = len;
	}
	for (size_t i = 0; i < n; i++) {
		const struct cli_option *o = sorted[i];

		if (format_option(line, sizeof(line), o) > COLUMN_MAX)
			fprintf(to, "%s\n%*s", line, (int)column + 3, "");
		else
			fprintf(to, "%-*s   ", (int)column, line);
		fprintf(to, "%s", o->help);
		print_choices(to, o);
		fputc('\n', to);
	}
}

/* All the names of a command: "dolium images, dolium image ls". */
static void print_names(FILE *to, const struct command_entry *entries, const char *path,
    const struct command *command, unsigned *n)
{
	entry_for_each(entry, entries)
	{
		char below[64];

		snprintf(below, sizeof(below), "%s %s", path, entry->name);
		if (entry->children)
			print_names(to, entry->children, below, command, n);
		else if (entry->command == command && !entry->hidden)
			fprintf(to, "%s%s", (*n)++ ? ", " : "", below);
	}
}

static unsigned count_names(const struct command_entry *entries, const struct command *command)
{
	unsigned n = 0;

	entry_for_each(entry, entries)
	{
		if (entry->children)
			n += count_names(entry->children, command);
		else if (entry->command == command && !entry->hidden)
			n++;
	}
	return n;
}

void help_print(FILE *to, const char *path, const struct command *command)
{
	unsigned n = 0;

	fprintf(to, "Usage:  %s%s%s\n\n%s\n", path, *command->usage ? " " : "", command->usage,
	    command->summary);
	if (command->about)
		fprintf(to, "\n%s\n", command->about);
	if (count_names(commands_all, command) > 1) {
		fputs("\nNames:\n  ", to);
		print_names(to, commands_all, "dolium", command, &n);
		fputc('\n', to);
	}
	if (command->options && command->options->name) {
		fputs("\nOptions:\n", to);
		print_options(to, command->options);
	}
}

static void print_commands(FILE *to, const struct command_entry *entries)
{
	entry_for_each(entry, entries) if (!entry->hidden) fprintf(to, "  %-12s%s\n", entry->name,
	    entry->command ? entry->command->summary : entry->summary);
}

void help_print_group(FILE *to, const char *path, const struct command_entry *group)
{
	fprintf(to, "Usage:  %s COMMAND\n\n%s\n\nCommands:\n", path, group->summary);
	print_commands(to, group->children);
	fprintf(to, "\n'%s COMMAND --help' tells more about a command.\n", path);
}

void help_print_all(FILE *to)
{
	fputs(
	    "Usage:  dolium [OPTIONS] COMMAND\n\n"
	    "Runs programs behind the walls that fit: containers from images, without a daemon\n\n"
	    "Commands:\n",
	    to);
	print_commands(to, commands_all);
	fputs("\nOptions:\n", to);
	print_options(to, cli_options);
	fputs("\n'dolium COMMAND --help' tells more about a command; two that need no network:\n"
	      "  dolium run --rm hello\n"
	      "  dolium run --rm -it host bash\n",
	    to);
}

/* Words for a man page: nothing in them may be taken for a macro or an escape. */
static void print_mdoc_text(FILE *to, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", to);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", to);
		else
			fputc(*text, to);
	}
}

void help_print_mdoc(FILE *to, const struct cli_option *options)
{
	const struct cli_option *sorted[OPTIONS_MAX];
	const size_t n = sort_options(options, sorted);

	fputs(".Bl -tag -width Ds\n", to);
	for (size_t i = 0; i < n; i++) {
		const struct cli_option *o = sorted[i];

		fputs(".It ", to);
		if (o->letter)
			fprintf(to, "Fl %c , ", o->letter);
		fprintf(to, "Fl -%s", o->name);
		if (o->argument)
			fprintf(to, " Ar %s", o->argument);
		fputc('\n', to);
		print_mdoc_text(to, o->help);
		print_choices(to, o);
		fputs(".\n", to);
	}
	fputs(".El\n", to);
}
