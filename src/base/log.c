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
	enum log_level level;
	void (*sink)(enum log_level level, const char *text);
} log_to = { "dolium", STDERR_FILENO, LOG_LEVEL_WARNING, NULL };

void log_setup(const char *program, int fd, bool debug)
{
	log_to.program = program;
	log_to.fd = fd;
	log_to.level = debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING;
}

void log_set_level(enum log_level level)
{
	log_to.level = level;
}

void log_set_sink(void (*sink)(enum log_level level, const char *text))
{
	log_to.sink = sink;
}

/* One write per line: lines of several processes do not mix. */
__attribute__((format(printf, 2, 0))) static void log_line(
    enum log_level level, const char *fmt, va_list ap)
{
	char raw[2048], line[4096];
	size_t len;
	int n;

	if (level > log_to.level)
		return;
	vsnprintf(raw, sizeof(raw), fmt, ap);
	if (log_to.sink) {
		log_to.sink(level, raw);
		return;
	}
	n = snprintf(line, sizeof(line), "%s: %s: ", log_to.program,
	    level == LOG_LEVEL_DEBUG ? "debug" : "warning");
	len = n > 0 ? (size_t)n : 0;
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
	log_line(LOG_LEVEL_WARNING, fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(LOG_LEVEL_DEBUG, fmt, ap);
	va_end(ap);
}
