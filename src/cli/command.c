/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands are tables too: finding one, and running it
 */
#include "cli/command.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dolium/dolium.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "cli/help.h"
#include "cli/print.h"
#include "cli/suggest.h"

/* As docker has them: a word too few or an unknown command is 1, an option that cannot be is 125.
 */
#define STATUS_USAGE  1
#define STATUS_OPTION 125

static const struct command_entry container_commands[] = {
	{ "ls", .command = &command_ps },
	{ "list", .command = &command_ps, .hidden = true },
	{ "ps", .command = &command_ps, .hidden = true },
	{ "run", .command = &command_run },
	{ "create", .command = &command_create },
	{ "start", .command = &command_start },
	{ "rm", .command = &command_rm },
	{ "remove", .command = &command_rm, .hidden = true },
	{ "inspect", .command = &command_container_inspect },
	{ NULL },
};

static const struct command_entry image_commands[] = {
	{ "ls", .command = &command_images },
	{ "list", .command = &command_images, .hidden = true },
	{ "pull", .command = &command_pull },
	{ "rm", .command = &command_rmi },
	{ "remove", .command = &command_rmi, .hidden = true },
	{ "tag", .command = &command_tag },
	{ "inspect", .command = &command_image_inspect },
	{ "history", .command = &command_history },
	{ "prune", .command = &command_image_prune },
	{ "load", .command = &command_load },
	{ "import", .command = &command_import },
	{ NULL },
};

const struct command_entry commands_all[] = {
	{ "run", .command = &command_run },
	{ "create", .command = &command_create },
	{ "start", .command = &command_start },
	{ "ps", .command = &command_ps },
	{ "rm", .command = &command_rm },
	{ "inspect", .command = &command_inspect },
	{ "pull", .command = &command_pull },
	{ "images", .command = &command_images },
	{ "rmi", .command = &command_rmi },
	{ "tag", .command = &command_tag },
	{ "history", .command = &command_history },
	{ "load", .command = &command_load },
	{ "import", .command = &command_import },
	{ "login", .command = &command_login },
	{ "logout", .command = &command_logout },
	{ "container", .children = container_commands, .summary = "Work with containers" },
	{ "image", .children = image_commands, .summary = "Work with images" },
	{ "info", .command = &command_info },
	{ "version", .command = &command_version },
	{ "help", .command = &command_help },
	{ "completion", .command = &command_completion },
	{ "__complete", .command = &command_complete, .hidden = true },
	{ "__man", .command = &command_man, .hidden = true },
	{ NULL },
};

/* Where the options before the command go. */
struct global {
	struct cli cli;
	bool version;
};

const struct cli_option cli_options[] = {
	{ "root", .kind = OPTION_TEXT, .offset = offsetof(struct global, cli.root),
	    .argument = "DIR", .completion = COMPLETE_DIRECTORY,
	    .help = "Where images and containers are kept" },
	{ "run-root", .kind = OPTION_TEXT, .offset = offsetof(struct global, cli.run_root),
	    .argument = "DIR", .completion = COMPLETE_DIRECTORY,
	    .help = "Where the state of what runs is kept" },
	{ "debug", 'D', OPTION_FLAG, offsetof(struct global, cli.debug),
	    .help = "Say on stderr what is being done" },
	{ "version", 'v', OPTION_FLAG, offsetof(struct global, version),
	    .help = "Print the version and quit" },
	{ NULL },
};

const struct command_entry *command_find(const struct command_entry *entries, const char *name)
{
	entry_for_each(entry, entries) if (strcmp(entry->name, name) == 0) return entry;
	return NULL;
}

const struct command_entry *command_resolve(
    char *const *words, unsigned *ret_used, struct buf *path)
{
	const struct command_entry *found = NULL, *entries = commands_all;
	unsigned used = 0;

	if (path)
		buf_adds(path, "dolium");
	while (entries && words[used]) {
		const struct command_entry *entry = command_find(entries, words[used]);

		if (!entry)
			break;
		if (path)
			buf_addf(path, " %s", entry->name);
		found = entry;
		entries = entry->children;
		used++;
	}
	*ret_used = used;
	return found;
}

int cli_engine(struct cli *cli, struct dolium **ret_dolium)
{
	struct dolium_options options = DOLIUM_OPTIONS(struct dolium_options);
	int r = 0;

	options.root = cli->root;
	options.run_root = cli->run_root;
	options.debug = cli->debug;
	if (!cli->dolium) {
		r = dolium_open(&options, &cli->dolium);
		if (r < 0 && cli->dolium)
			cli_fail(cli);
		else if (r < 0)
			print_error("no memory is left", NULL);
		if (r < 0) {
			dolium_close(cli->dolium);
			cli->dolium = NULL;
		}
	}
	*ret_dolium = cli->dolium;
	return r;
}

int cli_fail(const struct cli *cli)
{
	print_error(dolium_error(cli->dolium), dolium_hint(cli->dolium));
	return 1;
}

int cli_refuse(const struct cli *cli, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX], hint[ERR_HINT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(hint, sizeof(hint), "See '%s --help'.", cli->path);
	print_error(text, hint);
	return STATUS_USAGE;
}

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
	struct global global = { .cli = { .path = "dolium" } };
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
