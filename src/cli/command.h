/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands are tables too
 *
 * A command is a constant: its words for the help, its options, and a function.
 * A tree of entries says under which names it is found; one command may have
 * several (`dolium images` is `dolium image ls`).
 */
#ifndef DOLIUM_CLI_COMMAND_H
#define DOLIUM_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/option.h"

struct buf;
struct dolium;
struct err;

/* What all commands share. */
struct cli {
	const char *root, *run_root,
	    *storage_driver; /* as the global options say; NULL: not said */
	bool debug;
	struct dolium *dolium; /* NULL until a command needs it: cli_engine() */
	const char *path; /* of the command that runs, as it was typed: "dolium image ls" */
};

/* Where the options before the command go. */
struct cli_words {
	struct cli cli;
	bool version;
};

#define MANY_WORDS ((unsigned)-1)

struct command {
	const char *summary; /* one line, no full stop */
	const char *usage; /* behind the command's path: "[OPTIONS] IMAGE [COMMAND] [ARG...]" */
	const char *about; /* further lines of its help, or NULL */
	const struct cli_option *options; /* NULL: none */
	size_t target_size; /* of the struct that the options are written to */
	const void *defaults; /* NULL: zeros */
	enum option_order order;
	unsigned min_words, max_words;
	enum completion words; /* what the words are; of `order` OPTIONS_FIRST only the first */
	/* Returns the exit status. The words end in NULL and are between the two numbers. */
	int (*run)(struct cli *cli, void *target, char **words);
	/* May be NULL: frees what `parse` functions of options put into the target. */
	void (*done)(void *target);
};

struct command_entry {
	const char *name;
	const struct command *command; /* NULL: a group */
	const struct command_entry *children; /* of a group */
	const char *summary; /* of a group */
	bool hidden; /* works, and is in no list */
};

#define entry_for_each(at_, entries_) \
	for (const struct command_entry *at_ = (entries_); at_ && at_->name; at_++)

/* The tree, ended by an entry without a name, and the options before the command. */
extern const struct command_entry commands_all[];
extern const struct cli_option cli_options[];

const struct command_entry *command_find(const struct command_entry *entries, const char *name);

/*
 * Follows words into the tree as far as they are commands. Returns the entry, or
 * NULL where the first is none; *ret_used words were used. `path` (may be NULL) gets
 * "dolium image ls".
 */
const struct command_entry *command_resolve(
    char *const *words, unsigned *ret_used, struct buf *path);

/* The engine, opened on first use. Returns 0, or prints why not and returns a negative errno. */
int cli_engine(struct cli *cli, struct dolium **ret_dolium);

/* Prints the engine's last error and hint. Returns 1, the usual status. */
int cli_fail(const struct cli *cli);

/* As cli_fail() for something of our own: "dolium: text", and "See 'dolium rm --help'.". Returns 1.
 */
int cli_refuse(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* One a file: command_<family>.c. */
extern const struct command command_run, command_create, command_start;
extern const struct command command_attach, command_stop, command_kill, command_restart,
    command_wait;
extern const struct command command_exec, command_pause, command_unpause, command_top;
extern const struct command command_logs, command_rename, command_container_prune;
extern const struct command command_container_after;
extern const struct command command_ps, command_rm, command_container_inspect;
extern const struct command command_pull, command_load, command_import;
extern const struct command command_images, command_rmi, command_tag, command_history;
extern const struct command command_image_prune, command_image_inspect, command_inspect;
extern const struct command command_login, command_logout;
extern const struct command command_version, command_info, command_help;
extern const struct command command_completion, command_complete, command_man;

#endif
