/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium attach, stop, kill, restart and wait
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <dolium/dolium.h>

#include "cli/command.h"
#include "cli/near.h"
#include "cli/print.h"

/* Its own stop timeout; see dolium_container_stop(). */
#define OWN_TIMEOUT (-3)

static int fail_of(const struct cli *cli, int r, const char *name)
{
	return r == -ENOENT ? near_fail(cli, "container", name) : cli_fail(cli);
}

/* Does it to each, and prints the names of those it was done to. One that fails does not save the
 * rest. */
static int do_to_each(struct cli *cli, char **words, const void *options,
    int (*act)(struct dolium *d, const char *name, const void *options))
{
	struct dolium *d;
	int status = 0;

	if (cli_engine(cli, &d) < 0)
		return 1;
	for (; *words; words++) {
		int r = act(d, *words, options);

		if (r < 0) {
			status = fail_of(cli, r, *words);
			continue;
		}
		print_text(stdout, *words, "");
		fputc('\n', stdout);
	}
	return status;
}

/* ------------------------------------------------------------ stop, restart */

struct stop_options {
	const char *signal;
	int64_t timeout;
};

static const struct stop_options stop_defaults = { .timeout = OWN_TIMEOUT };

static const struct cli_option stop_options[] = {
	{ "signal", 's', OPTION_TEXT, offsetof(struct stop_options, signal), "SIGNAL",
	    .help = "The signal that asks it to end; its own stop signal unless said" },
	{ "timeout", 't', OPTION_NUMBER, offsetof(struct stop_options, timeout), "SECONDS",
	    .min = -1, .max = INT_MAX / 1000,
	    .help = "How long to wait before it is killed; -1: for ever" },
	{ "time", .kind = OPTION_NUMBER, .alias_of = "timeout" },
	{ NULL },
};

/* -1 is the user's word for "for ever". */
static int timeout_of(const struct stop_options *o)
{
	return o->timeout == OWN_TIMEOUT ? -1 : o->timeout == -1 ? -2 : (int)o->timeout;
}

static int stop(struct dolium *d, const char *name, const void *options)
{
	const struct stop_options *o = options;

	return dolium_container_stop(d, name, o->signal, timeout_of(o));
}

static int restart(struct dolium *d, const char *name, const void *options)
{
	const struct stop_options *o = options;

	return dolium_container_restart(d, name, o->signal, timeout_of(o));
}

static int run_stop(struct cli *cli, void *target, char **words)
{
	return do_to_each(cli, words, target, stop);
}

static int run_restart(struct cli *cli, void *target, char **words)
{
	return do_to_each(cli, words, target, restart);
}

const struct command command_stop = {
	.summary = "Ask containers to end, and kill those that do not",
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.about = "A container that was stopped is not started again by its restart policy.",
	.options = stop_options,
	.target_size = sizeof(struct stop_options),
	.defaults = &stop_defaults,
	.min_words = 1,
	.max_words = MANY_WORDS,
	.words = COMPLETE_CONTAINER,
	.run = run_stop,
};

const struct command command_restart = {
	.summary = "Stop containers, where they run, and start them",
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.options = stop_options,
	.target_size = sizeof(struct stop_options),
	.defaults = &stop_defaults,
	.min_words = 1,
	.max_words = MANY_WORDS,
	.words = COMPLETE_CONTAINER,
	.run = run_restart,
};

/* -------------------------------------------------------------------- kill */

struct kill_options {
	const char *signal;
};

static const struct cli_option kill_options[] = {
	{ "signal", 's', OPTION_TEXT, offsetof(struct kill_options, signal), "SIGNAL",
	    .help = "Another signal than KILL" },
	{ NULL },
};

static int kill_one(struct dolium *d, const char *name, const void *options)
{
	const struct kill_options *o = options;

	return dolium_container_kill(d, name, o->signal);
}

static int run_kill(struct cli *cli, void *target, char **words)
{
	return do_to_each(cli, words, target, kill_one);
}

const struct command command_kill = {
	.summary = "Send a signal to containers: KILL, unless another is named",
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.options = kill_options,
	.target_size = sizeof(struct kill_options),
	.min_words = 1,
	.max_words = MANY_WORDS,
	.words = COMPLETE_CONTAINER,
	.run = run_kill,
};

/* -------------------------------------------------------------------- wait */

struct wait_options {
	const char *condition;
};

static const char *const conditions[] = { "not-running", "next-exit", "removed", NULL };

static const struct cli_option wait_options[] = {
	{ "condition", .kind = OPTION_TEXT, .offset = offsetof(struct wait_options, condition),
	    .argument = "WHICH", .choices = conditions,
	    .help = "not-running, next-exit or removed" },
	{ NULL },
};

static int run_wait(struct cli *cli, void *target, char **words)
{
	const struct wait_options *o = target;
	struct dolium *d;
	int status = 0;

	if (cli_engine(cli, &d) < 0)
		return 1;
	for (; *words; words++) {
		struct dolium_exit end = { 0 };
		int r = dolium_container_wait(d, *words, o->condition, &end);

		if (r >= 0)
			printf("%d\n", end.status);
		else
			status = fail_of(cli, r, *words);
	}
	return status;
}

const struct command command_wait = {
	.summary = "Wait until containers end, and print their exit statuses",
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.options = wait_options,
	.target_size = sizeof(struct wait_options),
	.min_words = 1,
	.max_words = MANY_WORDS,
	.words = COMPLETE_CONTAINER,
	.run = run_wait,
};

/* ------------------------------------------------------------------ attach */

struct attach_options {
	const char *detach_keys;
	bool no_stdin, sig_proxy;
};

static const struct attach_options attach_defaults = { .sig_proxy = true };

static const struct cli_option attach_options[] = {
	{ "detach-keys", .kind = OPTION_TEXT,
	    .offset = offsetof(struct attach_options, detach_keys), .argument = "KEYS",
	    .help = "What to type to leave it running; ctrl-p,ctrl-q unless said otherwise" },
	{ "no-stdin", 0, OPTION_FLAG, offsetof(struct attach_options, no_stdin),
	    .help = "Give it no input" },
	{ "sig-proxy", 0, OPTION_FLAG, offsetof(struct attach_options, sig_proxy),
	    .help = "Send signals on to the container; true unless said otherwise" },
	{ NULL },
};

static int run_attach(struct cli *cli, void *target, char **words)
{
	const struct attach_options *o = target;
	struct dolium_start_options start = DOLIUM_OPTIONS(struct dolium_start_options);
	struct dolium_exit end = { 0 };
	struct dolium *d;
	int r;

	if (cli_engine(cli, &d) < 0)
		return 1;
	start.attach_stdin = !o->no_stdin;
	start.attach_stdout = true;
	start.attach_stderr = true;
	start.no_signal_proxy = !o->sig_proxy;
	start.detach_keys = o->detach_keys;
	r = dolium_container_attach(d, words[0], &start, &end);
	if (r < 0)
		return fail_of(cli, r, words[0]);
	return end.status;
}

const struct command command_attach = {
	.summary = "Connect to the streams of a container that runs",
	.usage = "[OPTIONS] CONTAINER",
	.options = attach_options,
	.target_size = sizeof(struct attach_options),
	.defaults = &attach_defaults,
	.min_words = 1,
	.max_words = 1,
	.words = COMPLETE_CONTAINER,
	.run = run_attach,
};

/* -------------------------------------------------------- container-after */

struct after_options {
	int64_t lock_fd;
};

static const struct cli_option after_options[] = {
	{ "lock-fd", .kind = OPTION_NUMBER, .offset = offsetof(struct after_options, lock_fd),
	    .argument = "FD", .min = 3, .max = INT_MAX,
	    .help = "The container's directory, locked" },
	{ NULL },
};

static int run_after(struct cli *cli, void *target, char **words)
{
	const struct after_options *o = target;
	struct dolium *d;

	if (cli_engine(cli, &d) < 0 || o->lock_fd < 3)
		return 1;
	return dolium_container_after(d, words[0], (int)o->lock_fd) < 0 ? cli_fail(cli) : 0;
}

const struct command command_container_after = {
	.summary = "What a keeper runs when its container has ended",
	.usage = "--lock-fd FD CONTAINER",
	.options = after_options,
	.target_size = sizeof(struct after_options),
	.min_words = 1,
	.max_words = 1,
	.run = run_after,
};
