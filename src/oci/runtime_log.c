/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --log: where the run-time says what went wrong, besides stderr
 *
 * A file (runc: its path; crun: "file:PATH"), the journal or syslog ("journald:NAME",
 * "syslog:NAME"). Engines read the last line of the file.
 */
#include "oci/runtime_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "format/log_line.h"
#include "oci/clock.h"
#include "oci/runtime.h"
#include "os/file.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define SYSLOG_SOCKET  "/dev/log"
#define OWN_NAME       "dolium-oci"

static struct {
	enum { TO_NOBODY, TO_FILE, TO_JOURNAL, TO_SYSLOG } kind;
	const char *where; /* the file, or our name there */
	bool json;
} target;

static int send_to(const char *path, const struct buf *message)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	AUTO_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strcpy(to.sun_path, path);
	if (fd < 0 ||
	    sendto(fd, message->data, message->len, MSG_NOSIGNAL, (const struct sockaddr *)&to,
	        sizeof(to)) < 0)
		return -errno;
	return 0;
}

static int append(const char *path, const struct buf *line)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

	return fd < 0 ? -errno : file_write_fd(fd, line->data, line->len);
}

static int put(enum log_line_level level, const char *text)
{
	AUTO_BUF struct buf line = { 0 };
	char when[CLOCK_TEXT_MAX];

	switch (target.kind) {
	case TO_NOBODY:
		return 0;
	case TO_JOURNAL:
		log_line_journal(level, text, target.where, &line);
		return buf_error(&line) < 0 ? buf_error(&line) : send_to(JOURNAL_SOCKET, &line);
	case TO_SYSLOG:
		log_line_syslog(level, text, target.where, getpid(), &line);
		return buf_error(&line) < 0 ? buf_error(&line) : send_to(SYSLOG_SOCKET, &line);
	case TO_FILE:
		break;
	}
	clock_format(time(NULL), when);
	if (target.json)
		log_line_json(level, text, when, &line);
	else
		log_line_text(level, text, when, &line);
	return buf_error(&line) < 0 ? buf_error(&line) : append(target.where, &line);
}

/* That a log cannot be written fails no command. */
static void put_or_tell(enum log_line_level level, const char *text)
{
	static bool told;
	int r = put(level, text);

	if (r >= 0 || told)
		return;
	told = true;
	fprintf(stderr, "dolium-oci: warning: cannot write to the log '%s': %s\n", target.where,
	    strerror(-r));
}

static void sink(enum log_level level, const char *text)
{
	put_or_tell(level == LOG_LEVEL_DEBUG ? LOG_LINE_DEBUG : LOG_LINE_WARNING, text);
}

void runtime_log_error(const struct err *e)
{
	if (e->text[0])
		put_or_tell(LOG_LINE_ERROR, e->text);
}

/* ---- options ---- */

static void find_target(const char *log)
{
	static const struct {
		const char *prefix;
		int kind;
	} kinds[] = { { "file:", TO_FILE }, { "journald:", TO_JOURNAL }, { "syslog:", TO_SYSLOG } };

	target.kind = log && log[0] ? TO_FILE : TO_NOBODY;
	target.where = log;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && log; i++) {
		size_t len = strlen(kinds[i].prefix);

		if (strncmp(log, kinds[i].prefix, len) != 0)
			continue;
		target.kind = kinds[i].kind;
		target.where = log[len] || target.kind == TO_FILE ? log + len : OWN_NAME;
	}
}

static int find_level(const struct runtime *rt, enum log_level *ret_level, struct err *e)
{
	const char *name = rt->log_level;

	*ret_level = rt->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING;
	if (!name)
		return 0;
	if (strcmp(name, "error") == 0)
		*ret_level = LOG_LEVEL_ERROR;
	else if (strcmp(name, "debug") == 0)
		*ret_level = LOG_LEVEL_DEBUG;
	else if (strcmp(name, "warning") != 0)
		return err_refuse(
		    e, -EINVAL, "option --log-level is error, warning or debug, not '%s'", name);
	return 0;
}

int runtime_log_setup(const struct runtime *rt, struct err *e)
{
	const char *format = rt->log_format;
	enum log_level level;
	int r;

	find_target(rt->log);
	target.json = format && strcmp(format, "json") == 0;
	log_setup(OWN_NAME, STDERR_FILENO, rt->debug);
	if (target.kind != TO_NOBODY)
		log_set_sink(sink);
	r = find_level(rt, &level, e);
	if (r < 0)
		return r;
	log_set_level(level);
	if (format && !target.json && strcmp(format, "text") != 0)
		return err_refuse(
		    e, -EINVAL, "unknown log-format '%s': it is text or json", format);
	return 0;
}
