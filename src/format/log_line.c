/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of a log, as those who read them expect them
 */
#include "format/log_line.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "format/json.h"

#define FACILITY_DAEMON 3

static const char *const names[] = { "error", "warning", "debug" };

/* As syslog and the journal number them. */
static const unsigned priorities[] = { 3, 4, 7 };

void log_line_json(enum log_line_level level, const char *text, const char *when, struct buf *to)
{
	struct json_writer w = { .to = to };

	json_open_object(&w, NULL);
	json_put_text(&w, "level", names[level]);
	json_put_text(&w, "msg", text);
	json_put_text(&w, "time", when);
	json_close_object(&w);
	buf_addc(to, '\n');
}

static void add_quoted(const char *text, struct buf *to)
{
	buf_addc(to, '"');
	for (; *text; text++) {
		const unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			buf_addf(to, "\\%c", c);
		else if (c == '\n')
			buf_adds(to, "\\n");
		else if (c < ' ' || c == 127)
			buf_addf(to, "\\x%02x", c);
		else
			buf_addc(to, (char)c);
	}
	buf_addc(to, '"');
}

void log_line_text(enum log_line_level level, const char *text, const char *when, struct buf *to)
{
	buf_addf(to, "time=\"%s\" level=%s msg=", when, names[level]);
	add_quoted(text, to);
	buf_addc(to, '\n');
}

/* With its length before it where it has more than one line: 64 bits, little-endian. */
static void add_field(const char *name, const char *text, struct buf *to)
{
	const uint64_t len = strlen(text);

	buf_adds(to, name);
	if (strchr(text, '\n')) {
		buf_addc(to, '\n');
		for (unsigned i = 0; i < 8; i++)
			buf_addc(to, (char)(len >> (8 * i)));
	} else {
		buf_addc(to, '=');
	}
	buf_add(to, text, len);
	buf_addc(to, '\n');
}

void log_line_journal(
    enum log_line_level level, const char *text, const char *identifier, struct buf *to)
{
	add_field("MESSAGE", text, to);
	buf_addf(to, "PRIORITY=%u\n", priorities[level]);
	add_field("SYSLOG_IDENTIFIER", identifier, to);
}

void log_line_syslog(
    enum log_line_level level, const char *text, const char *identifier, int pid, struct buf *to)
{
	buf_addf(to, "<%u>%s[%d]: ", FACILITY_DAEMON << 3 | priorities[level], identifier, pid);
	for (; *text; text++) {
		const unsigned char c = (unsigned char)*text;

		if (c < ' ' || c == 127)
			buf_addf(to, "\\x%02x", c);
		else
			buf_addc(to, (char)c);
	}
}
