/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium ps and rm
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <dolium/dolium.h>

#include "base/auto.h"
#include "base/strv.h"
#include "cli/command.h"
#include "cli/near.h"
#include "cli/print.h"
#include "cli/rows.h"

AUTO_DEFINE(struct dolium_value *, dolium_value_free);

#define COMMAND_WIDTH 20

struct ps_options {
	bool all, latest, no_trunc, quiet, size;
	int64_t last;
	const char *format;
	struct strv filters;
};

static const struct cli_option ps_options[] = {
	{ "all", 'a', OPTION_FLAG, offsetof(struct ps_options, all),
	    .help = "List those that do not run as well" },
	{ "filter", 'f', OPTION_LIST, offsetof(struct ps_options, filters), "KEY=VALUE",
	    .help = "Only those with that id, name, status, label, ancestor, exited or isolation" },
	{ "format", .kind = OPTION_TEXT, .offset = offsetof(struct ps_options, format),
	    .argument = "FORMAT", .help = "json, a template, or 'table TEMPLATE'" },
	{ "last", 'n', OPTION_NUMBER, offsetof(struct ps_options, last), "N", .min = -1,
	    .max = INT_MAX, .help = "The last N that were created, whether they run or not" },
	{ "latest", 'l', OPTION_FLAG, offsetof(struct ps_options, latest),
	    .help = "The last that was created" },
	{ "no-trunc", 0, OPTION_FLAG, offsetof(struct ps_options, no_trunc),
	    .help = "Show ids and commands in full" },
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct ps_options, quiet), .help = "Print ids only" },
	{ "size", 's', OPTION_FLAG, offsetof(struct ps_options, size),
	    .help = "Show how much each has written" },
	{ NULL },
};

static const struct column ps_columns[] = {
	{ "ID", "CONTAINER ID" },
	{ "Image", "IMAGE" },
	{ "Command", "COMMAND" },
	{ "RunningFor", "CREATED" },
	{ "Status", "STATUS" },
	{ "Isolation", "ISOLATION" },
	{ "Ports", "PORTS" },
	{ "Names", "NAMES" },
	{ "CreatedAt", "CREATED AT", .extra = true },
	{ "State", "STATE", .extra = true },
	{ "Labels", "LABELS", .extra = true },
	{ "Mounts", "MOUNTS", .extra = true },
	{ "Networks", "NETWORKS", .extra = true },
	{ "Size", "SIZE", .extra = true },
	{ NULL },
};

#define N_PS_COLUMNS (sizeof(ps_columns) / sizeof(*ps_columns))

static int run_ps(struct cli *cli, void *target, char **words)
{
	struct ps_options *o = target;
	struct dolium_list_options options = DOLIUM_OPTIONS(struct dolium_list_options);
	AUTO(dolium_value_free) struct dolium_value *list = NULL;
	struct column columns[N_PS_COLUMNS];
	struct rows_style style = {
		.columns = columns, .format = o->format, .quiet = o->quiet, .id_key = "ID"
	};
	struct dolium *d;

	(void)words;
	options.all = o->all;
	options.with_size = o->size;
	options.last = o->latest ? 1 : o->last > 0 ? (int)o->last : 0;
	options.filters = (const char *const *)strv_argv(&o->filters);
	if (cli_engine(cli, &d) < 0)
		return 1;
	if (dolium_container_list(d, &options, &list) < 0)
		return cli_fail(cli);
	if (!o->no_trunc)
		rows_cut_id(list, "ID");
	rows_quote(list, "Command", o->no_trunc ? 0 : COMMAND_WIDTH);
	if (o->size)
		rows_size(list, "Size");
	memcpy(columns, ps_columns, sizeof(columns));
	columns[N_PS_COLUMNS - 2].extra = !o->size;
	return rows_print(cli, list, &style);
}

const struct command command_ps = {
	.summary = "List containers",
	.usage = "[OPTIONS]",
	.options = ps_options,
	.target_size = sizeof(struct ps_options),
	.run = run_ps,
};

/* ---------------------------------------------------------------------- rm */

struct rm_options {
	bool force, volumes;
};

static const struct cli_option rm_options[] = {
	{ "force", 'f', OPTION_FLAG, offsetof(struct rm_options, force),
	    .help = "Kill it where it runs; a name that is not there is no failure" },
	{ "volumes", 'v', OPTION_FLAG, offsetof(struct rm_options, volumes),
	    .help = "Remove its volumes without a name as well" },
	{ NULL },
};

/* All that can be removed are: one that cannot does not save the rest. */
static int run_rm(struct cli *cli, void *target, char **words)
{
	const struct rm_options *o = target;
	struct dolium *d;
	int status = 0;

	if (cli_engine(cli, &d) < 0)
		return 1;
	for (; *words; words++) {
		int r = dolium_container_remove(d, *words, o->force, o->volumes, NULL);

		if (r >= 0) {
			print_text(stdout, *words, "");
			fputc('\n', stdout);
			continue;
		}
		if (r == -ENOENT && !o->force)
			near_fail(cli, "container", *words);
		else
			cli_fail(cli);
		if (!(o->force && r == -ENOENT))
			status = 1;
	}
	return status;
}

const struct command command_rm = {
	.summary = "Remove containers",
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.options = rm_options,
	.target_size = sizeof(struct rm_options),
	.min_words = 1,
	.max_words = MANY_WORDS,
	.words = COMPLETE_CONTAINER,
	.run = run_rm,
};
