/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options are tables
 *
 * One table a command is the only place that knows its options: the parser,
 * `--help`, the completion of the shells and the lists in the man pages all read
 * it. A table ends in an entry without a name. The parser writes each value into
 * a struct of the command's, at the entry's offset.
 *
 * How options are written is as with Docker: -it, -e A=1, -eA=1, --env A=1,
 * --env=A=1, --rm, --rm=false; "--" ends them.
 */
#ifndef DOLIUM_CLI_OPTION_H
#define DOLIUM_CLI_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum option_kind {
	OPTION_FLAG, /* bool */
	OPTION_TEXT, /* const char *, borrowed from the words; the last one counts */
	OPTION_LIST, /* struct strv; may be given several times */
	OPTION_SIZE, /* int64_t, in bytes: 512m */
	OPTION_CPUS, /* int64_t, in 10^-9 cpu: 1.5 */
	OPTION_NUMBER, /* int64_t, from `min` to `max` */
	OPTION_CALL, /* `parse` does it; may be given several times */
};

/* What a shell offers where a word is wanted. */
enum completion {
	COMPLETE_NOTHING,
	COMPLETE_FILE,
	COMPLETE_DIRECTORY,
	COMPLETE_CONTAINER,
	COMPLETE_IMAGE,
	COMPLETE_OBJECT, /* a container or an image */
	COMPLETE_VOLUME,
	COMPLETE_COMMAND,
	COMPLETE_SHELL,
};

struct cli_option {
	const char *name; /* without the dashes */
	char letter; /* 0: none */
	enum option_kind kind;
	size_t offset;
	const char *argument; /* its name in the help; NULL for a flag */
	const char *help; /* one line, no full stop */
	const char *const *choices; /* NULL, or all the words it takes; ends in NULL */
	enum completion completion;
	int64_t min, max; /* of a number; both 0: any */
	bool unlimited; /* a size or number may also be -1 */
	/* Of OPTION_CALL. `target` is the whole struct. The text of a refusal says what is wrong
	 * with `value`, no more: the parser adds which option and value it was. */
	int (*parse)(void *target, const char *value, struct err *e);
	const char *alias_of; /* another name for that option: works, and is not in the help */
};

/* May be NULL or empty. */
#define option_for_each(at_, table_) \
	for (const struct cli_option *at_ = (table_); at_ && at_->name; at_++)

/* NULL: there is no such option. An alias is followed. */
const struct cli_option *option_find(const struct cli_option *table, const char *name, size_t len);
const struct cli_option *option_find_letter(const struct cli_option *table, char letter);

bool option_takes_value(const struct cli_option *o);

/* "yes" as strconv.ParseBool has it: 1 t T true TRUE True, 0 f F false FALSE False. -EINVAL. */
int option_parse_bool(const char *text, bool *ret_value);

enum option_order {
	OPTIONS_ANYWHERE, /* options and words may be mixed: dolium rm NAME -f */
	OPTIONS_FIRST, /* the first word ends them: what follows belongs to a program inside */
};

/*
 * Parses `words`, which end in NULL, and leaves those that are no options in
 * their order at its beginning, with a NULL behind. Returns how many these are.
 * `who` is the command for a hint: "dolium run".
 *
 * -ECANCELED: help was asked for. -EINVAL: a refusal.
 */
int options_parse(const struct cli_option *table, const char *who, enum option_order order,
    void *target, char **words, struct err *e);

/* Frees what the parser allocated in the target: its lists. */
void options_done(const struct cli_option *table, void *target);

#endif
