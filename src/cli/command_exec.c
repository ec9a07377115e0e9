/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium exec, pause, unpause and top
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <dolium/dolium.h>

#include "base/auto.h"
#include "base/err.h"
#include "base/strv.h"
#include "cli/command.h"
#include "cli/env_file.h"
#include "cli/near.h"
#include "cli/print.h"
#include "cli/table.h"

AUTO_DEFINE(struct dolium_value *, dolium_value_free);

static int fail_of(const struct cli *cli, int r, const char *name)
{
	return r == -ENOENT ? near_fail(cli, "container", name) : cli_fail(cli);
}

/* -------------------------------------------------------------------- exec */

struct exec_options {
	bool detach, interactive, tty, privileged;
	const char *user, *workdir;
	struct strv env, env_files;
};

#define EXEC(field_) offsetof(struct exec_options, field_)

static const struct cli_option exec_options[] = {
	{ "detach", 'd', OPTION_FLAG, EXEC(detach), .help = "Do not wait for it" },
	{ "env", 'e', OPTION_LIST, EXEC(env), "KEY[=VALUE]",
	    .help = "Set a variable, or hand on one of ours" },
	{ "env-file", .kind = OPTION_LIST, .offset = EXEC(env_files), .argument = "FILE",
	    .completion = COMPLETE_FILE, .help = "Set the variables that are in the file" },
	{ "interactive", 'i', OPTION_FLAG, EXEC(interactive), .help = "Give it our stdin" },
	{ "privileged", 0, OPTION_FLAG, EXEC(privileged),
	    .help = "Give it all capabilities, as far as its user namespace has them" },
	{ "tty", 't', OPTION_FLAG, EXEC(tty), .help = "Give it a terminal" },
	{ "user", 'u', OPTION_TEXT, EXEC(user), "USER[:GROUP]",
	    .help = "Run as that user of the container" },
	{ "workdir", 'w', OPTION_TEXT, EXEC(workdir), "DIR", .help = "Where it begins" },
	{ NULL },
};

static int collect_env(const struct exec_options *o, struct strv *to)
{
	struct err e = { 0 };
	int r = 0;

	strv_for_each (path, &o->env_files)
		if (r >= 0)
			r = env_file_read(*path, to, &e);
	if (r >= 0)
		r = strv_add_all(to, (const char *const *)strv_argv(&o->env));
	if (r < 0)
		print_err(&e);
	return r;
}

/* As docker: 1 where there is no such container or it does not run. */
static int run_exec(struct cli *cli, void *target, char **words)
{
	const struct exec_options *o = target;
	struct dolium_exec_options options = DOLIUM_OPTIONS(struct dolium_exec_options);
	AUTO_STRV struct strv env = { 0 };
	struct dolium_exit end = { 0 };
	struct dolium *d;
	int r;

	if (o->tty && o->interactive && !o->detach && !isatty(STDIN_FILENO)) {
		print_error("the input device is not a TTY",
		    "leave '-t' away where the input is a file or a pipe");
		return 1;
	}
	if (collect_env(o, &env) < 0 || cli_engine(cli, &d) < 0)
		return 1;
	options.command = (const char *const *)(words + 1);
	options.env = (const char *const *)strv_argv(&env);
	options.user = o->user;
	options.workdir = o->workdir;
	options.tty = o->tty;
	options.interactive = o->interactive;
	options.privileged = o->privileged;
	options.detach = o->detach;
	r = dolium_container_exec(d, words[0], &options, &end);
	if (r >= 0)
		return end.status;
	fail_of(cli, end.status == 126 || end.status == 127 ? -EIO : r, words[0]);
	return end.status == 126 || end.status == 127 ? end.status : 1;
}

const struct command command_exec = {
	.summary = "Run one more program in a container that runs",
	.usage = "[OPTIONS] CONTAINER COMMAND [ARG...]",
	.options = exec_options,
	.target_size = sizeof(struct exec_options),
	.order = OPTIONS_FIRST,
	.min_words = 2,
	.max_words = MANY_WORDS,
	.words = COMPLETE_CONTAINER,
	.run = run_exec,
};

/* ---------------------------------------------------------- pause, unpause */

static int pause_each(struct cli *cli, char **words, bool pause)
{
	struct dolium *d;
	int status = 0;

	if (cli_engine(cli, &d) < 0)
		return 1;
	for (; *words; words++) {
		int r = dolium_container_pause(d, *words, pause);

		if (r < 0) {
			status = fail_of(cli, r, *words);
			continue;
		}
		print_text(stdout, *words, "");
		fputc('\n', stdout);
	}
	return status;
}

static int run_pause(struct cli *cli, void *target, char **words)
{
	(void)target;
	return pause_each(cli, words, true);
}

static int run_unpause(struct cli *cli, void *target, char **words)
{
	(void)target;
	return pause_each(cli, words, false);
}

const struct command command_pause = {
	.summary = "Freeze all that runs in containers",
	.usage = "CONTAINER [CONTAINER...]",
	.min_words = 1,
	.max_words = MANY_WORDS,
	.words = COMPLETE_CONTAINER,
	.run = run_pause,
};

const struct command command_unpause = {
	.summary = "Let paused containers go on",
	.usage = "CONTAINER [CONTAINER...]",
	.min_words = 1,
	.max_words = MANY_WORDS,
	.words = COMPLETE_CONTAINER,
	.run = run_unpause,
};

/* --------------------------------------------------------------------- top */

static void print_row(const struct dolium_value *row)
{
	for (size_t i = 0; i < dolium_value_count(row); i++) {
		if (i > 0)
			fputs("\t", stdout);
		print_text(stdout, dolium_value_text(dolium_value_at(row, i), NULL), "");
	}
	fputc('\n', stdout);
}

static int run_top(struct cli *cli, void *target, char **words)
{
	AUTO(dolium_value_free) struct dolium_value *table = NULL;
	const struct dolium_value *rows;
	struct dolium *d;
	int r;

	(void)target;
	if (cli_engine(cli, &d) < 0)
		return 1;
	r = dolium_container_top(d, words[0], (const char *const *)(words + 1), &table);
	if (r < 0)
		return fail_of(cli, r, words[0]);
	print_row(dolium_value_get(table, "Titles"));
	rows = dolium_value_get(table, "Processes");
	for (size_t i = 0; i < dolium_value_count(rows); i++)
		print_row(dolium_value_at(rows, i));
	return 0;
}

const struct command command_top = {
	.summary = "Show the processes of a container",
	.usage = "CONTAINER [PS-OPTION...]",
	.order = OPTIONS_FIRST,
	.min_words = 1,
	.max_words = MANY_WORDS,
	.words = COMPLETE_CONTAINER,
	.run = run_top,
};
