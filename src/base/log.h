/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warnings and notes for an operator
 *
 * One event a line, on stderr until somebody names another place. A line names
 * its program; what comes from outside has its control characters escaped, so
 * that a name with a newline in it cannot forge a line.
 */
#ifndef DOLIUM_BASE_LOG_H
#define DOLIUM_BASE_LOG_H

#include <stdbool.h>

/* `program` stands before each line and is kept, not copied. fd is borrowed. */
void log_setup(const char *program, int fd, bool debug);

void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
