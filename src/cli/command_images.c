/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium images, rmi, tag, history and image prune: images that are here
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <dolium/dolium.h>

#include "base/auto.h"
#include "base/num.h"
#include "base/strv.h"
#include "cli/command.h"
#include "cli/near.h"
#include "cli/print.h"
#include "cli/rows.h"

AUTO_DEFINE(struct dolium_value *, dolium_value_free);

/* ------------------------------------------------------------------ images */

struct images_options {
	bool all, digests, no_trunc, quiet;
	const char *format;
	struct strv filters;
};

static const struct cli_option images_options[] = {
	{ "all", 'a', OPTION_FLAG, offsetof(struct images_options, all),
	    .help = "List all; the same as without it, for there are no images between" },
	{ "digests", 0, OPTION_FLAG, offsetof(struct images_options, digests),
	    .help = "Show the digests of the registries" },
	{ "filter", 'f', OPTION_LIST, offsetof(struct images_options, filters), "KEY=VALUE",
	    .help = "Only those with that reference, label, dangling, before or since" },
	{ "format", .kind = OPTION_TEXT, .offset = offsetof(struct images_options, format),
	    .argument = "FORMAT", .help = "json, a template, or 'table TEMPLATE'" },
	{ "no-trunc", 0, OPTION_FLAG, offsetof(struct images_options, no_trunc),
	    .help = "Show ids in full" },
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct images_options, quiet),
	    .help = "Print ids only" },
	{ NULL },
};

static const struct column images_columns[] = {
	{ "Repository", "REPOSITORY" },
	{ "Tag", "TAG" },
	{ "Digest", "DIGEST", .extra = true },
	{ "ID", "IMAGE ID" },
	{ "CreatedSince", "CREATED" },
	{ "Size", "SIZE" },
	{ "CreatedAt", "CREATED AT", .extra = true },
	{ "Containers", "CONTAINERS", .extra = true },
	{ NULL },
};

#define DIGEST_COLUMN 2

static int run_images(struct cli *cli, void *target, char **words)
{
	struct images_options *o = target;
	AUTO(dolium_value_free) struct dolium_value *list = NULL;
	struct column columns[sizeof(images_columns) / sizeof(*images_columns)];
	struct rows_style style = {
		.columns = columns, .format = o->format, .quiet = o->quiet, .id_key = "ID"
	};
	struct dolium *d;

	if (words[0] && strv_addf(&o->filters, "reference=%s", words[0]) < 0) {
		print_error("no memory is left", NULL);
		return 1;
	}
	if (cli_engine(cli, &d) < 0)
		return 1;
	if (dolium_image_list(d, (const char *const *)strv_argv(&o->filters), o->digests, &list) <
	    0)
		return cli_fail(cli);
	if (!o->no_trunc)
		rows_cut_id(list, "ID");
	rows_size(list, "Size");
	memcpy(columns, images_columns, sizeof(columns));
	columns[DIGEST_COLUMN].extra = !o->digests;
	return rows_print(cli, list, &style);
}

const struct command command_images = {
	.summary = "List images",
	.usage = "[OPTIONS] [REPOSITORY[:TAG]]",
	.options = images_options,
	.target_size = sizeof(struct images_options),
	.max_words = 1,
	.words = COMPLETE_IMAGE,
	.run = run_images,
};

/* --------------------------------------------------------------------- rmi */

struct rmi_options {
	bool force;
};

static const struct cli_option rmi_options[] = {
	{ "force", 'f', OPTION_FLAG, offsetof(struct rmi_options, force),
	    .help = "Also where a container uses it; an image that is not here is no failure" },
	{ NULL },
};

/* Rows such as {"Untagged":"debian:latest"}. */
static void print_removed(
    const struct dolium_value *rows, const char *untagged, const char *deleted)
{
	for (size_t i = 0; i < dolium_value_count(rows); i++) {
		const struct dolium_value *row = dolium_value_at(rows, i);
		const char *name = dolium_value_text(row, "Untagged");
		const char *id = dolium_value_text(row, "Deleted");

		if (*name) {
			fputs(untagged, stdout);
			print_text(stdout, name, "");
			fputc('\n', stdout);
		}
		if (*id)
			printf("%s%s\n", deleted, id);
	}
}

static int run_rmi(struct cli *cli, void *target, char **words)
{
	const struct rmi_options *o = target;
	struct dolium *d;
	int status = 0;

	if (cli_engine(cli, &d) < 0)
		return 1;
	for (; *words; words++) {
		AUTO(dolium_value_free) struct dolium_value *rows = NULL;
		int r = dolium_image_remove(d, *words, o->force, &rows);

		if (r >= 0) {
			print_removed(rows, "Untagged: ", "Deleted: ");
			continue;
		}
		if (r == -ENOENT && !o->force)
			near_fail(cli, "image", *words);
		else
			cli_fail(cli);
		if (!(o->force && r == -ENOENT))
			status = 1;
	}
	return status;
}

const struct command command_rmi = {
	.summary = "Remove images",
	.usage = "[OPTIONS] IMAGE [IMAGE...]",
	.options = rmi_options,
	.target_size = sizeof(struct rmi_options),
	.min_words = 1,
	.max_words = MANY_WORDS,
	.words = COMPLETE_IMAGE,
	.run = run_rmi,
};

/* --------------------------------------------------------------------- tag */

static int run_tag(struct cli *cli, void *target, char **words)
{
	struct dolium *d;
	int r;

	(void)target;
	if (cli_engine(cli, &d) < 0)
		return 1;
	r = dolium_image_tag(d, words[0], words[1]);
	if (r == -ENOENT)
		return near_fail(cli, "image", words[0]);
	return r < 0 ? cli_fail(cli) : 0;
}

const struct command command_tag = {
	.summary = "Give an image another name",
	.usage = "IMAGE[:TAG] NAME[:TAG]",
	.min_words = 2,
	.max_words = 2,
	.words = COMPLETE_IMAGE,
	.run = run_tag,
};

/* ----------------------------------------------------------------- history */

#define CREATED_BY_WIDTH 45

struct history_options {
	bool human, no_trunc, quiet;
	const char *format;
};

static const struct history_options history_defaults = { .human = true };

static const struct cli_option history_options[] = {
	{ "format", .kind = OPTION_TEXT, .offset = offsetof(struct history_options, format),
	    .argument = "FORMAT", .help = "json, a template, or 'table TEMPLATE'" },
	{ "human", 'H', OPTION_FLAG, offsetof(struct history_options, human),
	    .help = "Sizes and times for people; true unless said otherwise" },
	{ "no-trunc", 0, OPTION_FLAG, offsetof(struct history_options, no_trunc),
	    .help = "Show ids and commands in full" },
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct history_options, quiet),
	    .help = "Print ids only" },
	{ NULL },
};

static const struct column history_columns[] = {
	{ "ID", "IMAGE" },
	{ "CreatedSince", "CREATED" },
	{ "CreatedAt", "CREATED", .extra = true },
	{ "CreatedBy", "CREATED BY" },
	{ "Size", "SIZE" },
	{ "Comment", "COMMENT" },
	{ NULL },
};

#define SINCE_COLUMN 1
#define AT_COLUMN    2

static int run_history(struct cli *cli, void *target, char **words)
{
	const struct history_options *o = target;
	AUTO(dolium_value_free) struct dolium_value *list = NULL;
	struct column columns[sizeof(history_columns) / sizeof(*history_columns)];
	struct rows_style style = {
		.columns = columns, .format = o->format, .quiet = o->quiet, .id_key = "ID"
	};
	struct dolium *d;
	int r;

	if (cli_engine(cli, &d) < 0)
		return 1;
	r = dolium_image_history(d, words[0], &list);
	if (r == -ENOENT)
		return near_fail(cli, "image", words[0]);
	if (r < 0)
		return cli_fail(cli);
	if (!o->no_trunc) {
		rows_cut_id(list, "ID");
		rows_cut(list, "CreatedBy", CREATED_BY_WIDTH);
	}
	if (o->human)
		rows_size(list, "Size");
	memcpy(columns, history_columns, sizeof(columns));
	columns[SINCE_COLUMN].extra = !o->human;
	columns[AT_COLUMN].extra = o->human;
	return rows_print(cli, list, &style);
}

const struct command command_history = {
	.summary = "Show the steps that made an image",
	.usage = "[OPTIONS] IMAGE",
	.options = history_options,
	.target_size = sizeof(struct history_options),
	.defaults = &history_defaults,
	.min_words = 1,
	.max_words = 1,
	.words = COMPLETE_IMAGE,
	.run = run_history,
};

/* ------------------------------------------------------------------- prune */

struct prune_options {
	bool all, force;
};

static const struct cli_option prune_options[] = {
	{ "all", 'a', OPTION_FLAG, offsetof(struct prune_options, all),
	    .help = "All that no container uses, not only those without a name" },
	{ "force", 'f', OPTION_FLAG, offsetof(struct prune_options, force), .help = "Do not ask" },
	{ NULL },
};

static int run_prune(struct cli *cli, void *target, char **words)
{
	const struct prune_options *o = target;
	AUTO(dolium_value_free) struct dolium_value *result = NULL;
	const struct dolium_value *rows;
	char size[16];
	struct dolium *d;

	(void)words;
	if (!o->force &&
	    !print_sure(o->all ? "images that no container uses" : "images without a name")) {
		print_error("nothing was removed", NULL);
		return 1;
	}
	if (cli_engine(cli, &d) < 0)
		return 1;
	if (dolium_image_prune(d, o->all, &result) < 0)
		return cli_fail(cli);
	rows = dolium_value_get(result, "ImagesDeleted");
	if (dolium_value_count(rows) > 0) {
		puts("Deleted Images:");
		print_removed(rows, "untagged: ", "deleted: ");
		putchar('\n');
	}
	num_format_size(
	    size, sizeof(size), (uint64_t)dolium_value_number(result, "SpaceReclaimed"));
	printf("Total reclaimed space: %s\n", size);
	return 0;
}

const struct command command_image_prune = {
	.summary = "Remove images that are not used",
	.usage = "[OPTIONS]",
	.options = prune_options,
	.target_size = sizeof(struct prune_options),
	.run = run_prune,
};
