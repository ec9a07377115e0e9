/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is printed
 *
 * What was asked for goes to stdout, all else to stderr. Names and texts come
 * from images and registries: a control character in one could move the cursor
 * or rewrite the title of somebody's terminal, so it is printed as \x1b is here.
 */
#ifndef DOLIUM_CLI_PRINT_H
#define DOLIUM_CLI_PRINT_H

#include <stdbool.h>
#include <stdio.h>

struct buf;
struct err;

/* Adds `text` with each control character as \xNN; those in `keep` stay as they are. */
void print_escape(struct buf *to, const char *text, const char *keep);

/* The same, to a stream. */
void print_text(FILE *to, const char *text, const char *keep);

/* "dolium: text", and "hint: hint" where there is one, to stderr. */
void print_error(const char *text, const char *hint);
/* Asks whether all `what` are to be removed. Anything but a yes is a no; so is the end of the
 * input. */
bool print_sure(const char *what);
void print_err(const struct err *e);

/*
 * Ends the output: everything is written, or a sentence says why not. Returns
 * `status`, or what it has become: 1 where the output could not be written, 141
 * where its reader has gone, as if SIGPIPE had ended the program.
 */
int print_finish(int status);

#endif
