/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program: from words to an exit status
 */
#include "cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dolium/dolium.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/print.h"
#include "cli/suggest.h"

/* As docker has them: a word too few or an unknown command is 1, an option that cannot be is 125.
 */
#define STATUS_USAGE  1
#define STATUS_OPTION 125

/* Says that `name` is no command, of all or of the group at `path`. */
static int refuse_command(const struct command_entry *entries, const char *path, const char *name)
{
	struct suggestion s = { 0 };
	struct err e = { 0 };

	entry_for_each(entry, entries) if (!entry->hidden) suggest_offer(&s, name, entry->name);
	err_refuse(&e, -EINVAL, "'%s' is not a command of %s", name, path);
	if (s.word)
		err_hint(&e, "did you mean '%s %s'? See '%s --help'.", path, s.word, path);
	else
		err_hint(&e, "See '%s --help'.", path);
	print_err(&e);
	return STATUS_USAGE;
}

static int check_words(const struct cli *cli, const struct command *command, unsigned n)
{
	const unsigned min = command->min_words, max = command->max_words;
	const unsigned wanted = n < min ? min : max;
	const char *how = min == max ? "" : n < min ? "at least " : "at most ";

	if (n >= min && n <= max)
		return 0;
	if (max == 0)
		return cli_refuse(cli, "'%s' takes no arguments", cli->path);
	return cli_refuse(
	    cli, "'%s' requires %s%u argument%s", cli->path, how, wanted, wanted == 1 ? "" : "s");
}

/* The words behind the command's name: options, then what remains. */
static int run_command(struct cli *cli, const struct command *command, char **words)
{
	AUTO_FREE void *target = calloc(1, command->target_size ? command->target_size : 1);
	struct err e = { 0 };
	int n, status;

	if (!target) {
		print_error("no memory is left", NULL);
		return STATUS_OPTION;
	}
	if (command->defaults)
		memcpy(target, command->defaults, command->target_size);
	n = options_parse(command->options, cli->path, command->order, target, words, &e);
	if (n == -ECANCELED) {
		help_print(stdout, cli->path, command);
		status = 0;
	} else if (n < 0) {
		print_err(&e);
		status = STATUS_OPTION;
	} else {
		status = check_words(cli, command, (unsigned)n);
		if (status == 0)
			status = command->run(cli, target, words);
	}
	options_done(command->options, target);
	if (command->done)
		command->done(target);
	return status;
}

/* A group alone prints its commands; a word that is none of them is refused. */
static int run_group(const char *path, const struct command_entry *group, char **words)
{
	if (words[0] && words[0][0] != '-')
		return refuse_command(group->children, path, words[0]);
	if (words[0] && strcmp(words[0], "--help") != 0 && strcmp(words[0], "-h") != 0) {
		struct err e = { 0 };

		err_refuse(&e, -EINVAL, "unknown option: '%s'", words[0]);
		err_hint(&e, "See '%s --help'.", path);
		print_err(&e);
		return STATUS_OPTION;
	}
	help_print_group(stdout, path, group);
	return 0;
}

static int run_words(struct cli *cli, char **words)
{
	AUTO_BUF struct buf path = { 0 };
	const struct command_entry *entry;
	unsigned used;
	int status;

	if (!words[0]) {
		help_print_all(stdout);
		return 0;
	}
	entry = command_resolve(words, &used, &path);
	if (!entry)
		return refuse_command(commands_all, "dolium", words[0]);
	cli->path = buf_text(&path);
	status = entry->command ? run_command(cli, entry->command, words + used)
	                        : run_group(cli->path, entry, words + used);
	dolium_close(cli->dolium);
	cli->dolium = NULL;
	return status;
}

static void note_broken_pipe(int signal)
{
	(void)signal;
}

/*
 * A write to a pipe that nobody reads is an error of that write, not the end of
 * this program, which may be in the middle of a pull. A handler and not SIG_IGN:
 * what is started from here must find the default.
 */
static void survive_broken_pipes(void)
{
	struct sigaction act = { .sa_handler = note_broken_pipe, .sa_flags = SA_RESTART };

	sigaction(SIGPIPE, &act, NULL);
}

int cli_main(int argc, char **argv)
{
	struct cli_words global = { .cli = { .path = "dolium" } };
	struct err e = { 0 };
	int n, status;

	survive_broken_pipes();
	/* execve() with no arguments at all is legal. */
	n = options_parse(
	    cli_options, "dolium", OPTIONS_FIRST, &global, argc > 0 ? argv + 1 : argv, &e);
	if (n == -ECANCELED) {
		help_print_all(stdout);
		return print_finish(0);
	}
	if (n < 0) {
		print_err(&e);
		return STATUS_OPTION;
	}
	log_setup("dolium", STDERR_FILENO, global.cli.debug);
	if (global.version) {
		printf("dolium version %s\n", dolium_version());
		return print_finish(0);
	}
	status = run_words(&global.cli, argc > 0 ? argv + 1 : argv);
	return print_finish(status);
}
