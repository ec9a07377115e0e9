/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of a log, as those who read them expect them
 *
 * A text may hold whatever somebody has put into a name: it ends no line, closes no quote and adds
 * no field.
 */
#ifndef DOLIUM_FORMAT_LOG_LINE_H
#define DOLIUM_FORMAT_LOG_LINE_H

struct buf;

enum log_line_level {
	LOG_LINE_ERROR,
	LOG_LINE_WARNING,
	LOG_LINE_DEBUG,
};

/* {"level":"error","msg":"...","time":"..."} and time="..." level=error msg="...", each a line. */
void log_line_json(enum log_line_level level, const char *text, const char *when, struct buf *to);
void log_line_text(enum log_line_level level, const char *text, const char *when, struct buf *to);

/* One datagram for /run/systemd/journal/socket: MESSAGE, PRIORITY, SYSLOG_IDENTIFIER. */
void log_line_journal(
    enum log_line_level level, const char *text, const char *identifier, struct buf *to);

/* One datagram for /dev/log: "<27>identifier[pid]: text". */
void log_line_syslog(
    enum log_line_level level, const char *text, const char *identifier, int pid, struct buf *to);

#endif
