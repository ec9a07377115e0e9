/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warnings and notes for an operator
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static struct {
	const char *program;
	int fd;
	bool debug;
} log_to = { "dolium", STDERR_FILENO, false };

void log_setup(const char *program, int fd, bool debug)
{
	log_to.program = program;
	log_to.fd = fd;
	log_to.debug = debug;
}

/* One write per line: lines of several processes do not mix. */
__attribute__((format(printf, 2, 0))) static void log_line(
    const char *level, const char *fmt, va_list ap)
{
	char raw[2048], line[4096];
	int n = snprintf(line, sizeof(line), "%s: %s: ", log_to.program, level);
	size_t len = n > 0 ? (size_t)n : 0;

	vsnprintf(raw, sizeof(raw), fmt, ap);
	for (const char *c = raw; *c && len < sizeof(line) - 10; c++) {
		/* U+0080 to U+009F are control characters as well: terminals obey them. */
		const bool c1 = (unsigned char)c[0] == 0xc2 && (unsigned char)c[1] >= 0x80 &&
		    (unsigned char)c[1] < 0xa0;

		if ((unsigned char)*c >= ' ' && *c != 127 && !c1) {
			line[len++] = *c;
			continue;
		}
		len += (size_t)snprintf(line + len, 5, "\\x%02x", (unsigned char)*c);
		if (c1)
			len += (size_t)snprintf(line + len, 5, "\\x%02x", (unsigned char)*++c);
	}
	line[len++] = '\n';
	if (write(log_to.fd, line, len) < 0)
		return; /* nowhere left to say it */
}

void log_warning(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line("warning", fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	if (!log_to.debug)
		return;
	va_start(ap, fmt);
	log_line("debug", fmt, ap);
	va_end(ap);
}
