/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium logs, rename and container prune
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <dolium/dolium.h>

#include "base/auto.h"
#include "base/num.h"
#include "base/strv.h"
#include "cli/command.h"
#include "cli/near.h"
#include "cli/print.h"

AUTO_DEFINE(struct dolium_value *, dolium_value_free);

/* -------------------------------------------------------------------- logs */

struct logs_options {
	bool follow, timestamps;
	const char *since, *until, *tail;
};

#define LOGS(field_) offsetof(struct logs_options, field_)

static const struct cli_option logs_options[] = {
	{ "follow", 'f', OPTION_FLAG, LOGS(follow), .help = "Go on until the container ends" },
	{ "since", .kind = OPTION_TEXT, .offset = LOGS(since), .argument = "TIME",
	    .help = "From then on: 2026-11-23T21:00:00, seconds, or 10m" },
	{ "tail", 'n', OPTION_TEXT, LOGS(tail), "N", .help = "The last N lines, or all" },
	{ "timestamps", 't', OPTION_FLAG, LOGS(timestamps), .help = "Show when each line came" },
	{ "until", .kind = OPTION_TEXT, .offset = LOGS(until), .argument = "TIME",
	    .help = "Up to then" },
	{ NULL },
};

struct printing {
	bool timestamps;
	bool in_line; /* the last one had no end */
};

static bool print_line(void *user, const struct dolium_log_line *line)
{
	struct printing *p = user;
	FILE *to = strcmp(line->stream, "stderr") == 0 ? stderr : stdout;

	if (p->timestamps && !p->in_line)
		fprintf(to, "%s ", line->time);
	fwrite(line->text, 1, line->len, to);
	p->in_line = line->len > 0 && line->text[line->len - 1] != '\n';
	return fflush(to) == 0;
}

static int read_times(struct cli *cli, const struct logs_options *o, struct dolium_log_options *to)
{
	struct dolium *d = cli->dolium;

	if ((o->since && dolium_time_parse(d, o->since, &to->since_ns) < 0) ||
	    (o->until && dolium_time_parse(d, o->until, &to->until_ns) < 0))
		return cli_fail(cli);
	to->tail = -1;
	if (o->tail && strcmp(o->tail, "all") != 0 && num_parse_i64(o->tail, &to->tail) < 0)
		return cli_refuse(cli, "'%s' is no number of lines", o->tail);
	return 0;
}

static int run_logs(struct cli *cli, void *target, char **words)
{
	const struct logs_options *o = target;
	struct dolium_log_options options = DOLIUM_OPTIONS(struct dolium_log_options);
	struct printing printing = { .timestamps = o->timestamps };
	struct dolium *d;
	int r;

	if (cli_engine(cli, &d) < 0 || read_times(cli, o, &options) != 0)
		return 1;
	options.follow = o->follow;
	options.line = print_line;
	options.user = &printing;
	r = dolium_container_logs(d, words[0], &options);
	if (r >= 0)
		return 0;
	return r == -ENOENT ? near_fail(cli, "container", words[0]) : cli_fail(cli);
}

const struct command command_logs = {
	.summary = "Print what a container has written",
	.usage = "[OPTIONS] CONTAINER",
	.options = logs_options,
	.target_size = sizeof(struct logs_options),
	.min_words = 1,
	.max_words = 1,
	.words = COMPLETE_CONTAINER,
	.run = run_logs,
};

/* ------------------------------------------------------------------ rename */

static int run_rename(struct cli *cli, void *target, char **words)
{
	struct dolium *d;
	int r;

	(void)target;
	if (cli_engine(cli, &d) < 0)
		return 1;
	r = dolium_container_rename(d, words[0], words[1]);
	if (r >= 0)
		return 0;
	return r == -ENOENT ? near_fail(cli, "container", words[0]) : cli_fail(cli);
}

const struct command command_rename = {
	.summary = "Give a container another name",
	.usage = "CONTAINER NAME",
	.min_words = 2,
	.max_words = 2,
	.words = COMPLETE_CONTAINER,
	.run = run_rename,
};

/* --------------------------------------------------------- container prune */

struct prune_options {
	bool force;
	struct strv filters;
};

static const struct cli_option prune_options[] = {
	{ "filter", .kind = OPTION_LIST, .offset = offsetof(struct prune_options, filters),
	    .argument = "KEY=VALUE", .help = "Only those with that label, or made until then" },
	{ "force", 'f', OPTION_FLAG, offsetof(struct prune_options, force), .help = "Do not ask" },
	{ NULL },
};

static int run_prune(struct cli *cli, void *target, char **words)
{
	const struct prune_options *o = target;
	AUTO(dolium_value_free) struct dolium_value *report = NULL;
	const struct dolium_value *gone;
	char size[32];
	struct dolium *d;

	(void)words;
	if (!o->force && !print_sure("containers that do not run")) {
		print_error("nothing was removed", NULL);
		return 1;
	}
	if (cli_engine(cli, &d) < 0)
		return 1;
	if (dolium_container_prune(d, (const char *const *)strv_argv(&o->filters), &report) < 0)
		return cli_fail(cli);
	gone = dolium_value_get(report, "ContainersDeleted");
	if (dolium_value_count(gone) > 0)
		puts("Deleted Containers:");
	for (size_t i = 0; i < dolium_value_count(gone); i++)
		puts(dolium_value_text(dolium_value_at(gone, i), NULL));
	num_format_size(
	    size, sizeof(size), (uint64_t)dolium_value_number(report, "SpaceReclaimed"));
	printf("%sTotal reclaimed space: %s\n", dolium_value_count(gone) > 0 ? "\n" : "", size);
	return 0;
}

const struct command command_container_prune = {
	.summary = "Remove all containers that do not run",
	.usage = "[OPTIONS]",
	.options = prune_options,
	.target_size = sizeof(struct prune_options),
	.run = run_prune,
};
