/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium version and info
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <dolium/dolium.h>

#include "base/auto.h"
#include "cli/command.h"
#include "cli/print.h"
#include "cli/rows.h"

AUTO_DEFINE(struct dolium_value *, dolium_value_free);

struct format_options {
	const char *format;
};

static const struct cli_option format_options[] = {
	{ "format", 'f', OPTION_TEXT, offsetof(struct format_options, format), "FORMAT",
	    .help = "json, or a template" },
	{ NULL },
};

/* ----------------------------------------------------------------- version */

static int run_version(struct cli *cli, void *target, char **words)
{
	const struct format_options *o = target;
	AUTO(dolium_value_free) struct dolium_value *v = NULL;
	struct utsname host;

	(void)words;
	uname(&host);
	if (!o->format) {
		printf("Version:  %s\nKernel:   %s %s\nMachine:  %s\n", dolium_version(),
		    host.sysname, host.release, host.machine);
		return 0;
	}
	v = dolium_value_new();
	if (!v || dolium_value_set(v, "Version", dolium_version()) < 0 ||
	    dolium_value_set(v, "Os", "linux") < 0 ||
	    dolium_value_set(v, "Machine", host.machine) < 0 ||
	    dolium_value_set(v, "KernelVersion", host.release) < 0) {
		print_error("no memory is left", NULL);
		return 1;
	}
	return rows_print_object(cli, v, o->format);
}

const struct command command_version = {
	.summary = "Print the version",
	.usage = "[OPTIONS]",
	.options = format_options,
	.target_size = sizeof(struct format_options),
	.run = run_version,
};

/* -------------------------------------------------------------------- info */

#define DEPTH_MAX 8

static void print_member(const char *key, const struct dolium_value *member, int depth);

/* A text as it is, anything else that is no tree as JSON has it. */
static void print_plain(const struct dolium_value *v)
{
	const char *text = dolium_value_text(v, NULL);
	AUTO_FREE char *json = NULL;

	if (*text)
		print_text(stdout, text, "");
	else if (dolium_value_json(v, 0, &json) == 0 && strcmp(json, "\"\"") != 0 &&
	    strcmp(json, "{}") != 0 && strcmp(json, "[]") != 0)
		fputs(json, stdout);
	fputc('\n', stdout);
}

static void print_members(const struct dolium_value *v, int depth)
{
	for (size_t i = 0; i < dolium_value_count(v); i++)
		print_member(dolium_value_key(v, i), dolium_value_at(v, i), depth);
}

/* "Key: value", or the key and its members below, one blank further in each. */
static void print_member(const char *key, const struct dolium_value *member, int depth)
{
	printf("%*s", depth, "");
	if (key) {
		print_text(stdout, key, "");
		fputc(':', stdout);
	}
	if (dolium_value_count(member) == 0 || depth >= DEPTH_MAX) {
		fputs(key ? " " : "", stdout);
		print_plain(member);
		return;
	}
	fputc('\n', stdout);
	print_members(member, depth + 1);
}

static int run_info(struct cli *cli, void *target, char **words)
{
	const struct format_options *o = target;
	AUTO(dolium_value_free) struct dolium_value *info = NULL;
	struct dolium *d;

	(void)words;
	if (cli_engine(cli, &d) < 0)
		return 1;
	if (dolium_info(d, &info) < 0)
		return cli_fail(cli);
	if (o->format)
		return rows_print_object(cli, info, o->format);
	print_members(info, 0);
	return 0;
}

const struct command command_info = {
	.summary = "Show what is here, and what this host can do",
	.usage = "[OPTIONS]",
	.options = format_options,
	.target_size = sizeof(struct format_options),
	.run = run_info,
};
