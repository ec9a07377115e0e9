/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of dolium-oci
 *
 * runc's: options before the id, "--name value" or "--name=value".
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/num.h"
#include "format/json.h"
#include "oci/clock.h"
#include "oci/runtime.h"
#include "os/file.h"

#define ROOT_DEFAULT "/run/dolium-oci"

enum option_kind {
	OPTION_FLAG, /* bool */
	OPTION_TEXT, /* const char * */
	OPTION_NUMBER, /* int */
};

struct option_row {
	const char *name;
	char letter; /* 0: none */
	enum option_kind kind;
	size_t offset;
};

#define GLOBAL(member) offsetof(struct runtime, member)
#define OWN(member)    offsetof(struct runtime_options, member)

static const struct option_row global_options[] = {
	{ "root", 0, OPTION_TEXT, GLOBAL(root) },
	{ "log", 0, OPTION_TEXT, GLOBAL(log) },
	{ "log-format", 0, OPTION_TEXT, GLOBAL(log_format) },
	{ "debug", 0, OPTION_FLAG, GLOBAL(debug) },
	{ NULL, 0, 0, 0 },
};

#define START_OPTIONS                                                  \
	{ "bundle", 'b', OPTION_TEXT, OWN(bundle) },                   \
	    { "console-socket", 0, OPTION_TEXT, OWN(console_socket) }, \
	    { "pid-file", 0, OPTION_TEXT, OWN(pid_file) },             \
	    { "no-pivot", 0, OPTION_FLAG, OWN(no_pivot) },             \
	    { "no-new-keyring", 0, OPTION_FLAG, OWN(no_new_keyring) }, \
	    { "preserve-fds", 0, OPTION_NUMBER, OWN(preserve_fds) },   \
	    { "no-subreaper", 0, OPTION_FLAG, OWN(no_subreaper) },     \
	    { "rootfs-fd", 0, OPTION_NUMBER, OWN(rootfs_fd) },         \
	{                                                              \
		"report-fd", 0, OPTION_NUMBER, OWN(report_fd)          \
	}

static const struct option_row run_options[] = {
	START_OPTIONS,
	{ "stdio", 0, OPTION_TEXT, OWN(stdio) },
	{ "detach", 'd', OPTION_FLAG, OWN(detach) },
	{ "keep", 0, OPTION_FLAG, OWN(keep) },
	{ NULL, 0, 0, 0 },
};

static const struct option_row create_options[] = {
	START_OPTIONS,
	{ NULL, 0, 0, 0 },
};

static const struct option_row kill_options[] = {
	{ "all", 'a', OPTION_FLAG, OWN(all) },
	{ NULL, 0, 0, 0 },
};

static const struct option_row delete_options[] = {
	{ "force", 'f', OPTION_FLAG, OWN(force) },
	{ NULL, 0, 0, 0 },
};

static const struct option_row list_options[] = {
	{ "format", 'f', OPTION_TEXT, OWN(format) },
	{ "quiet", 'q', OPTION_FLAG, OWN(quiet) },
	{ NULL, 0, 0, 0 },
};

static const struct option_row spec_options[] = {
	{ "bundle", 'b', OPTION_TEXT, OWN(bundle) },
	{ NULL, 0, 0, 0 },
};

static const struct option_row no_options[] = { { NULL, 0, 0, 0 } };

static const struct command {
	const char *name, *arguments, *title;
	const struct option_row *options;
	int (*run)(const struct runtime *rt, const struct runtime_options *o, struct err *e);
	int min_arguments, max_arguments;
} commands[] = {
	{ "create", "[options] ID", "make a container that waits for start", create_options,
	    runtime_create, 1, 1 },
	{ "delete", "[--force] ID", "remove what a container left", delete_options, runtime_delete,
	    1, 1 },
	{ "kill", "[--all] ID [SIGNAL]", "send a signal to the container's first process",
	    kill_options, runtime_kill, 1, 2 },
	{ "list", "[--format table|json] [--quiet]", "list the containers of this root",
	    list_options, runtime_list, 0, 0 },
	{ "run", "[options] ID", "create, start, wait and delete", run_options, runtime_run, 1, 1 },
	{ "spec", "[--bundle DIR]", "write a config.json to begin with", spec_options, runtime_spec,
	    0, 0 },
	{ "start", "ID", "start the program of a container that was created", no_options,
	    runtime_start, 1, 1 },
	{ "state", "ID", "print the state of a container as JSON", no_options, runtime_state, 1,
	    1 },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* ---- reading ---- */

static const struct option_row *find_option(
    const struct option_row *rows, const char *word, const char **ret_value)
{
	const char *name = word + strspn(word, "-");
	size_t len = strcspn(name, "=");

	*ret_value = name[len] == '=' ? name + len + 1 : NULL;
	for (; rows->name; rows++) {
		if (strlen(rows->name) == len && strncmp(rows->name, name, len) == 0)
			return rows;
		if (rows->letter && len == 1 && rows->letter == name[0])
			return rows;
	}
	return NULL;
}

static int set_flag(bool *to, const struct option_row *row, const char *value, struct err *e)
{
	if (value && strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
		return err_refuse(
		    e, -EINVAL, "option --%s is true or false, not '%s'", row->name, value);
	*to = !value || strcmp(value, "true") == 0;
	return 0;
}

static int set_number(int *to, const struct option_row *row, const char *value, struct err *e)
{
	uint32_t number = 0;

	if (num_parse_u32(value, &number) < 0 || number > 0xfffff)
		return err_refuse(e, -EINVAL, "option --%s: not a number: '%s'", row->name, value);
	*to = (int)number;
	return 0;
}

/* Reads the options at the front of argv. Returns how many words they were. */
static int read_options(const struct option_row *rows, char *const *argv, void *to, struct err *e)
{
	int n = 0, r = 0;

	for (; argv[n] && argv[n][0] == '-' && argv[n][1] != '\0'; n++) {
		const struct option_row *row;
		const char *value;

		if (strcmp(argv[n], "--") == 0)
			return n + 1;
		row = find_option(rows, argv[n], &value);
		if (!row)
			return err_refuse(
			    e, -EINVAL, "flag provided but not defined: '%s'", argv[n]);
		if (row->kind != OPTION_FLAG && !value)
			value = argv[++n];
		if (row->kind != OPTION_FLAG && !value)
			return err_refuse(e, -EINVAL, "option --%s wants a value", row->name);
		if (row->kind == OPTION_FLAG)
			r = set_flag((bool *)((char *)to + row->offset), row, value, e);
		else if (row->kind == OPTION_NUMBER)
			r = set_number((int *)(void *)((char *)to + row->offset), row, value, e);
		else
			*(const char **)(void *)((char *)to + row->offset) = value;
		if (r < 0)
			return r;
	}
	return n;
}

static int help(FILE *to)
{
	fprintf(to,
	    "usage: dolium-oci [--root DIR] [--log FILE] [--log-format text|json] [--debug] "
	    "COMMAND\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(to, "  %-7s %-32s %s\n", commands[i].name, commands[i].arguments,
		    commands[i].title);
	fprintf(to, "\nThe options of each are in dolium-oci(1).\n");
	return 0;
}

static int version(void)
{
	printf("dolium-oci version %s\nspec: 1.3.0\n", DOLIUM_VERSION);
	return 0;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static int run_command(const struct runtime *rt, const struct command *c, char *const *argv,
    struct runtime_options *o, struct err *e)
{
	int n, n_arguments = 0;

	n = read_options(c->options, argv, o, e);
	if (n < 0)
		return n;
	argv += n;
	while (argv[n_arguments])
		n_arguments++;
	if (n_arguments < c->min_arguments || n_arguments > c->max_arguments)
		return err_refuse(e, -EINVAL, "usage: dolium-oci %s %s", c->name, c->arguments);
	o->id = n_arguments > 0 ? argv[0] : NULL;
	o->signal_name = n_arguments > 1 ? argv[1] : NULL;
	return c->run(rt, o, e);
}

/* ---- reporting ---- */

/* One line, as engines read it from the end of --log. */
static void write_log(const struct runtime *rt, const struct err *e)
{
	AUTO_BUF struct buf line = { 0 };
	struct json_writer w = { .to = &line };
	AUTO_FD int fd = -1;
	char when[CLOCK_TEXT_MAX];

	if (!rt->log || rt->log[0] == '\0')
		return;
	clock_format(time(NULL), when);
	if (rt->log_format && strcmp(rt->log_format, "json") == 0) {
		json_open_object(&w, NULL);
		json_put_text(&w, "level", "error");
		json_put_text(&w, "msg", e->text);
		json_put_text(&w, "time", when);
		json_close_object(&w);
		buf_addc(&line, '\n');
	} else {
		buf_addf(&line, "time=\"%s\" level=error msg=\"%s\"\n", when, e->text);
	}
	fd = open(rt->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd >= 0 && buf_error(&line) >= 0)
		(void)file_write_fd(fd, line.data, line.len);
}

static void print_error(const struct err *e)
{
	if (!e->text[0])
		return;
	fprintf(stderr, "dolium-oci: %s\n", e->text);
	if (e->hint[0])
		fprintf(stderr, "hint: %s\n", e->hint);
}

int runtime_main(int argc, char **argv)
{
	struct runtime_options o = { .rootfs_fd = -1, .report_fd = -1, .argv = argv };
	struct runtime rt = { .root = ROOT_DEFAULT };
	const struct command *c;
	struct err e = { 0 };
	int r;

	if (argc < 2)
		return help(stderr), 1;
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return help(stdout);
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-v") == 0)
		return version();
	r = read_options(global_options, argv + 1, &rt, &e);
	log_setup("dolium-oci", STDERR_FILENO, rt.debug);
	c = r >= 0 && argv[1 + r] ? find_command(argv[1 + r]) : NULL;
	if (r >= 0 && !c)
		r = err_refuse(
		    &e, -EINVAL, "no such command: '%s'", argv[1 + r] ? argv[1 + r] : "");
	if (r >= 0)
		r = run_command(&rt, c, argv + 2 + r, &o, &e);
	if (r >= 0)
		return r;
	write_log(&rt, &e);
	if (o.report_fd < 0 || !o.id)
		print_error(&e); /* else it was told there, and the engine says it */
	return 1;
}
