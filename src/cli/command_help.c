/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium help, completion, and the two hidden commands that read the tables
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/command.h"
#include "cli/complete.h"
#include "cli/help.h"
#include "cli/print.h"
#include "cli/suggest.h"

static int refuse_topic(const char *word)
{
	struct suggestion s = { 0 };
	struct err e = { 0 };

	entry_for_each(entry, commands_all) if (!entry->hidden)
	    suggest_offer(&s, word, entry->name);
	err_refuse(&e, -EINVAL, "'%s' is not a command of dolium", word);
	if (s.word)
		err_hint(&e, "did you mean 'dolium help %s'?", s.word);
	print_err(&e);
	return 1;
}

static int run_help(struct cli *cli, void *target, char **words)
{
	AUTO_BUF struct buf path = { 0 };
	const struct command_entry *entry;
	unsigned used;

	(void)cli;
	(void)target;
	if (!words[0]) {
		help_print_all(stdout);
		return 0;
	}
	entry = command_resolve(words, &used, &path);
	if (!entry || words[used])
		return refuse_topic(words[used]);
	if (entry->command)
		help_print(stdout, buf_text(&path), entry->command);
	else
		help_print_group(stdout, buf_text(&path), entry);
	return 0;
}

const struct command command_help = {
	.summary = "Print what a command does and its options",
	.usage = "[COMMAND]",
	.max_words = 2,
	.words = COMPLETE_COMMAND,
	.run = run_help,
};

static int run_completion(struct cli *cli, void *target, char **words)
{
	const char *script = complete_script(words[0]);

	(void)target;
	if (!script)
		return cli_refuse(
		    cli, "no completion for '%s': there is bash, zsh and fish", words[0]);
	fputs(script, stdout);
	return 0;
}

const struct command command_completion = {
	.summary = "Print the completion script for a shell",
	.usage = "bash|zsh|fish",
	.about = "To have it in this shell:\n"
	         "  source <(dolium completion bash)\n"
	         "  source <(dolium completion zsh)\n"
	         "  dolium completion fish | source",
	.min_words = 1,
	.max_words = 1,
	.words = COMPLETE_SHELL,
	.run = run_completion,
};

static int run_complete(struct cli *cli, void *target, char **words)
{
	(void)target;
	complete_words(cli, words, stdout);
	return 0;
}

const struct command command_complete = {
	.summary = "Print what a shell offers for the last word",
	.usage = "-- [WORD...]",
	.order = OPTIONS_FIRST,
	.max_words = MANY_WORDS,
	.run = run_complete,
};

static int run_man(struct cli *cli, void *target, char **words)
{
	const struct command_entry *entry;
	unsigned used;

	(void)target;
	if (!words[0]) {
		help_print_mdoc(stdout, cli_options);
		return 0;
	}
	entry = command_resolve(words, &used, NULL);
	if (!entry || !entry->command || words[used])
		return cli_refuse(cli, "'%s' is no command with options", words[0]);
	help_print_mdoc(stdout, entry->command->options);
	return 0;
}

const struct command command_man = {
	.summary = "Print the list of a command's options for its man page",
	.usage = "[COMMAND...]",
	.max_words = 2,
	.run = run_man,
};
