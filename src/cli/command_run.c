/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium run, create and start
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <dolium/dolium.h>

#include "base/auto.h"
#include "base/err.h"
#include "cli/command.h"
#include "cli/create_options.h"
#include "cli/near.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "os/file.h"

/* As docker: 125 is for what dolium itself could not do. */
#define STATUS_FAILED 125

/* What is shown of a pull that a run or create turns out to need. */
struct pulling {
	struct progress progress;
	char first[512];
};

static void show_pulling(struct pulling *pulling, struct run_options *o)
{
	progress_init(&pulling->progress, stderr);
	if (o->quiet)
		return;
	if (!o->create.pull || strcmp(o->create.pull, "missing") == 0) {
		snprintf(pulling->first, sizeof(pulling->first),
		    "Unable to find image '%.400s' locally", o->create.image);
		pulling->progress.first = pulling->first;
	}
	o->create.pulling.progress = progress_update;
	o->create.pulling.user = &pulling->progress;
}

static void pulling_done(struct pulling *pulling)
{
	progress_finish(&pulling->progress);
	progress_done(&pulling->progress);
}

/* Docker refuses to overwrite one: it may be that of a container which still runs. */
static int write_cidfile(const char *path, const char *id, struct err *e)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int r = fd < 0 ? -errno : file_write_fd(fd, id, strlen(id));

	return r < 0 ? err_set(e, r, "cannot write the id of the container to '%s'", path) : 0;
}

static int check_cidfile(const struct run_options *o, struct err *e)
{
	if (!o->cidfile || access(o->cidfile, F_OK) < 0)
		return 0;
	err_refuse(e, -EEXIST, "the file '%s' is already there", o->cidfile);
	err_hint(e, "it has the id of another container: remove it, or name another file");
	return -EEXIST;
}

/* ------------------------------------------------------------------- create */

/* A name that no registry has may be a slip of one that is here. */
static void fail_to_create(const struct cli *cli, const struct run_options *o, int r)
{
	if (r == -EEXIST || r == -EINVAL || r == -EBUSY)
		cli_fail(cli);
	else
		near_fail(cli, "image", o->create.image);
}

static int create_container(struct cli *cli, struct run_options *o, char **ret_id)
{
	struct pulling pulling = { 0 };
	struct err e = { 0 };
	struct dolium *d;
	int r;

	if (cli_engine(cli, &d) < 0)
		return -EIO;
	show_pulling(&pulling, o);
	r = dolium_container_create(d, &o->create, ret_id);
	pulling_done(&pulling);
	if (r < 0) {
		fail_to_create(cli, o, r);
		return r;
	}
	if (o->cidfile && write_cidfile(o->cidfile, *ret_id, &e) < 0) {
		print_err(&e);
		dolium_container_remove(d, *ret_id, true, false, NULL);
		return e.code;
	}
	return 0;
}

/* What docker checks before it does anything. Returns 0, or the exit status. */
static int prepare(struct run_options *o, char **words)
{
	struct err e = { 0 };

	if (create_options_finish(o, words, &e) < 0 || check_cidfile(o, &e) < 0) {
		print_err(&e);
		return STATUS_FAILED;
	}
	return 0;
}

static int run_create(struct cli *cli, void *target, char **words)
{
	struct run_options *o = target;
	AUTO_FREE char *id = NULL;
	int status = prepare(o, words);

	if (status != 0)
		return status;
	if (create_container(cli, o, &id) < 0)
		return 1;
	puts(id);
	return 0;
}

const struct command command_create = {
	.summary = "Make a container and do not start it",
	.usage = "[OPTIONS] IMAGE [COMMAND] [ARG...]",
	.about = "Prints its id. 'dolium start -a' starts it.",
	.options = create_option_table,
	.target_size = sizeof(struct run_options),
	.defaults = &run_option_defaults,
	.order = OPTIONS_FIRST,
	.min_words = 1,
	.max_words = MANY_WORDS,
	.words = COMPLETE_IMAGE,
	.run = run_create,
	.done = create_options_done,
};

/* --------------------------------------------------------------------- run */

/* Which streams: those of -a, else all, and stdin where -i asks for it. */
static struct dolium_start_options streams_of(const struct run_options *o)
{
	struct dolium_start_options start = DOLIUM_OPTIONS(struct dolium_start_options);
	const bool said = o->attach_stdin || o->attach_stdout || o->attach_stderr;

	start.attach_stdin = o->create.interactive && (!said || o->attach_stdin);
	start.attach_stdout = !said || o->attach_stdout;
	start.attach_stderr = !said || o->attach_stderr;
	start.no_signal_proxy = !o->sig_proxy;
	start.detach = o->detach;
	start.detach_keys = o->detach_keys;
	return start;
}

static int check_terminal(const struct run_options *o, const struct dolium_start_options *start)
{
	if (!o->create.tty || !start->attach_stdin || start->detach || isatty(STDIN_FILENO))
		return 0;
	print_error(
	    "the input device is not a TTY", "leave '-t' away where the input is a file or a pipe");
	return 1;
}

/* The status of what ran; where it never did, 125, 126 or 127 and a sentence. `id`, where it goes
 * on in the background, is printed. */
static int finish_run(const struct cli *cli, int r, const struct dolium_exit *end, const char *id)
{
	if (r >= 0 && id)
		puts(id);
	if (r >= 0)
		return end->status;
	cli_fail(cli);
	return end->status;
}

/* With the id in a file before the program starts, as one who waits for it expects. */
static int run_with_cidfile(
    struct cli *cli, struct run_options *o, const struct dolium_start_options *start)
{
	struct dolium_exit end = { 0 };
	AUTO_FREE char *id = NULL;
	int r = create_container(cli, o, &id);

	if (r < 0)
		return STATUS_FAILED;
	r = dolium_container_start(cli->dolium, id, start, &end);
	if (r < 0 && end.status == 0)
		end.status = STATUS_FAILED;
	return finish_run(cli, r, &end, start->detach ? id : NULL);
}

static int run_run(struct cli *cli, void *target, char **words)
{
	struct run_options *o = target;
	struct dolium_start_options start;
	struct dolium_exit end = { 0 };
	struct pulling pulling = { 0 };
	AUTO_FREE char *id = NULL;
	struct dolium *d;
	int status, r;

	if (o->detach && (o->attach_stdin || o->attach_stdout || o->attach_stderr)) {
		print_error("'--detach' and '--attach' cannot be used together", NULL);
		return STATUS_FAILED;
	}
	status = prepare(o, words);
	start = streams_of(o);
	if (status == 0)
		status = check_terminal(o, &start);
	if (status != 0)
		return status;
	if (cli_engine(cli, &d) < 0)
		return STATUS_FAILED;
	if (o->cidfile)
		return run_with_cidfile(cli, o, &start);
	show_pulling(&pulling, o);
	r = dolium_container_run(d, &o->create, &start, o->detach ? &id : NULL, &end);
	pulling_done(&pulling);
	if (r < 0 && (end.status == 0 || end.status == STATUS_FAILED)) {
		fail_to_create(cli, o, r);
		return STATUS_FAILED;
	}
	return finish_run(cli, r, &end, id);
}

const struct command command_run = {
	.summary = "Run a program in a new container",
	.usage = "[OPTIONS] IMAGE [COMMAND] [ARG...]",
	.about =
	    "IMAGE is a reference such as debian or quay.io/fedora/fedora:41, an id, oci:DIR,\n"
	    "oci-archive:FILE or docker-archive:FILE; 'host' is this machine's own root, on which\n"
	    "nothing is changed; 'hello' says what it can see from inside.",
	.options = run_option_table,
	.target_size = sizeof(struct run_options),
	.defaults = &run_option_defaults,
	.order = OPTIONS_FIRST,
	.min_words = 1,
	.max_words = MANY_WORDS,
	.words = COMPLETE_IMAGE,
	.run = run_run,
	.done = create_options_done,
};

/* ------------------------------------------------------------------- start */

struct start_options {
	bool attach, interactive;
	bool sig_proxy;
	const char *detach_keys;
};

static const struct start_options start_defaults = { .sig_proxy = true };

static const struct cli_option start_options[] = {
	{ "attach", 'a', OPTION_FLAG, offsetof(struct start_options, attach),
	    .help = "Stay with it: connect its output and send signals on" },
	{ "detach-keys", .kind = OPTION_TEXT, .offset = offsetof(struct start_options, detach_keys),
	    .argument = "KEYS",
	    .help = "What to type to leave it running; ctrl-p,ctrl-q unless said otherwise" },
	{ "interactive", 'i', OPTION_FLAG, offsetof(struct start_options, interactive),
	    .help = "Connect stdin as well" },
	{ "sig-proxy", 0, OPTION_FLAG, offsetof(struct start_options, sig_proxy),
	    .help = "Send signals on to the container; true unless said otherwise" },
	{ NULL },
};

/* Docker's start has no 125: what could not be started is 1, like all that fails. */
static int fail_to_start(
    const struct cli *cli, int r, const struct dolium_exit *end, const char *name)
{
	if (r == -ENOENT && (end->status == 0 || end->status == STATUS_FAILED))
		return near_fail(cli, "container", name);
	return cli_fail(cli);
}

static int start_each(struct cli *cli, char **words)
{
	struct dolium_start_options start = DOLIUM_OPTIONS(struct dolium_start_options);
	int status = 0;

	start.detach = true;
	for (; *words; words++) {
		struct dolium_exit end = { 0 };
		int r = dolium_container_start(cli->dolium, *words, &start, &end);

		if (r < 0) {
			status = fail_to_start(cli, r, &end, *words);
			continue;
		}
		print_text(stdout, *words, "");
		fputc('\n', stdout);
	}
	return status;
}

static int run_start(struct cli *cli, void *target, char **words)
{
	const struct start_options *o = target;
	struct dolium_start_options start = DOLIUM_OPTIONS(struct dolium_start_options);
	struct dolium_exit end = { 0 };
	struct dolium *d;
	int r;

	if ((o->attach || o->interactive) && words[1])
		return cli_refuse(cli, "only one container can be attached to at once");
	if (cli_engine(cli, &d) < 0)
		return 1;
	if (!o->attach && !o->interactive)
		return start_each(cli, words);
	start.attach_stdin = o->interactive;
	start.attach_stdout = true;
	start.attach_stderr = true;
	start.no_signal_proxy = !o->sig_proxy;
	start.detach_keys = o->detach_keys;
	r = dolium_container_start(d, words[0], &start, &end);
	if (r < 0 && (end.status == 0 || end.status == STATUS_FAILED))
		return fail_to_start(cli, r, &end, words[0]);
	return finish_run(cli, r, &end, NULL);
}

const struct command command_start = {
	.summary = "Start a container that was created, or has ended, once more",
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.options = start_options,
	.target_size = sizeof(struct start_options),
	.defaults = &start_defaults,
	.min_words = 1,
	.max_words = MANY_WORDS,
	.words = COMPLETE_CONTAINER,
	.run = run_start,
};
