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

enum log_level {
	LOG_LEVEL_ERROR, /* only for log_set_sink(): errors are reports, which programs print */
	LOG_LEVEL_WARNING,
	LOG_LEVEL_DEBUG,
};

/* What is less urgent than that is not said. */
void log_set_level(enum log_level level);
/* Lines go there in place of the fd, without their program and level, and with nothing escaped. */
void log_set_sink(void (*sink)(enum log_level level, const char *text));

void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
