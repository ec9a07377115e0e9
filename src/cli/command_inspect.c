/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium inspect: all that is known, as JSON or through a template
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <dolium/dolium.h>

#include "base/auto.h"
#include "base/buf.h"
#include "cli/command.h"
#include "cli/near.h"
#include "cli/rows.h"

AUTO_DEFINE(struct dolium_value *, dolium_value_free);

#define INDENT "    "

struct inspect_options {
	const char *format;
	const char *type;
};

static const char *const types[] = { "container", "image", NULL };

static const struct cli_option inspect_options[] = {
	{ "format", 'f', OPTION_TEXT, offsetof(struct inspect_options, format), "FORMAT",
	    .help = "json, or a template for each object" },
	{ NULL },
};

static const struct cli_option inspect_any_options[] = {
	{ "format", 'f', OPTION_TEXT, offsetof(struct inspect_options, format), "FORMAT",
	    .help = "json, or a template for each object" },
	{ "type", .kind = OPTION_TEXT, .offset = offsetof(struct inspect_options, type),
	    .argument = "TYPE", .choices = types, .help = "Look for nothing else" },
	{ NULL },
};

/* Looks one name up. Returns 0, or prints why not and returns a negative errno. */
static int look_up(struct cli *cli, const char *type, const char *name, struct dolium_value **ret)
{
	struct dolium *d = cli->dolium;
	int r = -ENOENT;

	if (!type || strcmp(type, "container") == 0)
		r = dolium_container_inspect(d, name, ret);
	if (r == -ENOENT && (!type || strcmp(type, "image") == 0))
		r = dolium_image_inspect(d, name, ret);
	if (r == -ENOENT && !type) {
		AUTO_BUF struct buf text = { 0 };

		buf_addf(&text, "no such container or image: '%s'", name);
		near_refuse(cli, NULL, name, buf_text(&text));
	} else if (r == -ENOENT) {
		near_fail(cli, type, name);
	} else if (r < 0) {
		cli_fail(cli);
	}
	return r;
}

/* Lines of JSON, each further in. Texts in JSON have no raw newlines. */
static void add_indented(struct buf *to, const char *json)
{
	buf_adds(to, INDENT);
	for (; *json; json++) {
		buf_addc(to, *json);
		if (*json == '\n')
			buf_adds(to, INDENT);
	}
}

static int add_object(struct buf *to, const struct dolium_value *object, bool compact)
{
	AUTO_FREE char *json = NULL;
	int r = dolium_value_json(object, compact ? 0 : 4, &json);

	if (r < 0)
		return r;
	if (compact) {
		buf_addf(to, "%s%s", to->len > 1 ? "," : "", json);
		return buf_error(to);
	}
	buf_adds(to, to->len > 2 ? ",\n" : "");
	add_indented(to, json);
	return buf_error(to);
}

/* An array of all that were found: also where some were not. */
static int print_array(struct cli *cli, const char *type, bool compact, char **names)
{
	AUTO_BUF struct buf out = { 0 };
	int status = 0;

	buf_adds(&out, compact ? "[" : "[\n");
	for (; *names; names++) {
		AUTO(dolium_value_free) struct dolium_value *object = NULL;

		if (look_up(cli, type, *names, &object) < 0)
			status = 1;
		else if (add_object(&out, object, compact) < 0)
			status = 1;
	}
	if (out.len <= 2 && !compact)
		fputs("[]\n", stdout);
	else
		printf("%s%s\n", buf_text(&out), compact ? "]" : "\n]");
	return status;
}

static int print_each(struct cli *cli, const char *type, const char *format, char **names)
{
	int status = 0;

	for (; *names; names++) {
		AUTO(dolium_value_free) struct dolium_value *object = NULL;

		if (look_up(cli, type, *names, &object) < 0)
			status = 1;
		else if (rows_print_object(cli, object, format) != 0)
			return 1;
	}
	return status;
}

static int inspect(struct cli *cli, const struct inspect_options *o, const char *type, char **names)
{
	struct dolium *d;

	if (cli_engine(cli, &d) < 0)
		return 1;
	if (o->format && strcmp(o->format, "json") != 0)
		return print_each(cli, type, o->format, names);
	return print_array(cli, type, o->format != NULL, names);
}

static int run_inspect(struct cli *cli, void *target, char **words)
{
	const struct inspect_options *o = target;

	return inspect(cli, o, o->type, words);
}

static int run_container_inspect(struct cli *cli, void *target, char **words)
{
	return inspect(cli, target, "container", words);
}

static int run_image_inspect(struct cli *cli, void *target, char **words)
{
	return inspect(cli, target, "image", words);
}

const struct command command_inspect = {
	.summary = "Print all that is known of containers and images",
	.usage = "[OPTIONS] NAME|ID [NAME|ID...]",
	.options = inspect_any_options,
	.target_size = sizeof(struct inspect_options),
	.min_words = 1,
	.max_words = MANY_WORDS,
	.words = COMPLETE_OBJECT,
	.run = run_inspect,
};

const struct command command_container_inspect = {
	.summary = "Print all that is known of containers",
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.options = inspect_options,
	.target_size = sizeof(struct inspect_options),
	.min_words = 1,
	.max_words = MANY_WORDS,
	.words = COMPLETE_CONTAINER,
	.run = run_container_inspect,
};

const struct command command_image_inspect = {
	.summary = "Print all that is known of images",
	.usage = "[OPTIONS] IMAGE [IMAGE...]",
	.options = inspect_options,
	.target_size = sizeof(struct inspect_options),
	.min_words = 1,
	.max_words = MANY_WORDS,
	.words = COMPLETE_IMAGE,
	.run = run_image_inspect,
};
