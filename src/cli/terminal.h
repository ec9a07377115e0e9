/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal, where there is one
 */
#ifndef DOLIUM_CLI_TERMINAL_H
#define DOLIUM_CLI_TERMINAL_H

#include <stdbool.h>

/* Its size in characters; what the terminal does not tell is taken as 80 by 24. */
void terminal_size(int fd, unsigned *ret_columns, unsigned *ret_lines);

/*
 * Prints the question to stderr and reads one line from stdin, with no echo if
 * `secret`; the terminal is as before afterwards, also when Ctrl-C ends the
 * program there. *ret_line has no newline and is the caller's. -ENODATA: the
 * input has ended. -ENOTTY: stdin is no terminal.
 */
int terminal_ask(const char *question, bool secret, char **ret_line);

#endif
