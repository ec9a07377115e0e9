/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a pull goes on
 *
 * On a terminal: one line a layer, with a bar, redrawn in place a few times a
 * second, never wider than the terminal. Elsewhere: one line for each layer that
 * has got somewhere, as a log wants it.
 */
#ifndef DOLIUM_CLI_PROGRESS_H
#define DOLIUM_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct dolium_progress;
struct progress_line;

struct progress {
	FILE *to;
	bool terminal;
	unsigned columns, rows; /* of the terminal */
	uint64_t (*now)(void); /* nanoseconds; tests have a clock of their own */

	struct progress_line *lines;
	size_t n_lines;
	size_t n_drawn; /* lines of the last picture, above which the cursor goes */
	uint64_t drawn_at;
	bool pending; /* something has changed since */
	const char *first; /* a sentence that stands before all else, or NULL */
};

/* To a stream, which is a terminal or is not. */
void progress_init(struct progress *p, FILE *to);
void progress_done(struct progress *p);

/* The callback of struct dolium_pull_options; `user` is the struct progress. */
void progress_update(void *user, const struct dolium_progress *event);

/* Draws what is left to draw. The cursor is on a line of its own afterwards. */
void progress_finish(struct progress *p);

#endif
