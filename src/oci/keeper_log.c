/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container wrote, kept
 *
 * A record is one write(2) to a file opened with O_APPEND, so that a keeper which is killed leaves
 * whole records, and who reads the file meanwhile sees whole records.
 */
#include "oci/keeper_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/num.h"
#include "format/json.h"
#include "oci/clock.h"
#include "os/file.h"

#define JOURNAL      "/run/systemd/journal/socket"
#define MAX_FILE_MAX 1000
#define WHEN_MAX     48

static const char *const stream_names[] = { "stdout", "stderr" };

static const char *const driver_names[] = {
	[KEEPER_LOG_JSON_FILE] = "json-file",
	[KEEPER_LOG_K8S_FILE] = "k8s-file",
	[KEEPER_LOG_JOURNALD] = "journald",
	[KEEPER_LOG_NONE] = "none",
};

/* ---- options ---- */

static int find_driver(struct keeper_log *log, const char *name, struct err *e)
{
	for (size_t i = 0; i < sizeof(driver_names) / sizeof(driver_names[0]); i++) {
		if (strcmp(driver_names[i], name) != 0)
			continue;
		log->driver = (enum keeper_log_driver)i;
		return 0;
	}
	return err_refuse(e, -EINVAL, "no such log driver: '%s'", name);
}

static bool is_file(const struct keeper_log *log)
{
	return log->driver == KEEPER_LOG_JSON_FILE || log->driver == KEEPER_LOG_K8S_FILE;
}

static int read_option(struct keeper_log *log, const char *option, struct err *e)
{
	const char *value = strchr(option, '=');
	uint32_t n = 0;

	value = value ? value + 1 : "";
	if (strncmp(option, "max-size=", 9) == 0 && is_file(log)) {
		if (strcmp(value, "-1") == 0)
			return 0;
		if (num_parse_size(value, &log->max_size) < 0 || log->max_size <= 0)
			return err_refuse(
			    e, -EINVAL, "log option max-size: '%s' is no size", value);
		return 0;
	}
	if (strncmp(option, "max-file=", 9) == 0 && is_file(log)) {
		if (num_parse_u32(value, &n) < 0 || n == 0 || n > MAX_FILE_MAX)
			return err_refuse(e, -EINVAL,
			    "log option max-file: '%s' is no number from 1 to %d", value,
			    MAX_FILE_MAX);
		log->max_file = (int)n;
		return 0;
	}
	if (strncmp(option, "tag=", 4) == 0) {
		free(log->tag);
		log->tag = strdup(value);
		return log->tag ? 0 : err_set(e, -ENOMEM, "cannot read the log's options");
	}
	return err_refuse(
	    e, -EINVAL, "log driver %s has no option '%s'", driver_names[log->driver], option);
}

int keeper_log_begin(struct keeper_log *log, int dir_fd, const char *driver,
    const struct strv *options, const char *id, struct err *e)
{
	int r;

	*log = (struct keeper_log){ .dir_fd = dir_fd, .fd = -1, .max_file = 1 };
	r = find_driver(log, driver ? driver : "json-file", e);
	strv_for_each (option, options) {
		if (r < 0)
			return r;
		r = read_option(log, *option, e);
	}
	if (r >= 0 && !log->tag && log->driver == KEEPER_LOG_JOURNALD &&
	    asprintf(&log->tag, "%.12s", id) < 0) {
		log->tag = NULL;
		return err_set(e, -ENOMEM, "cannot read the log's options");
	}
	return r;
}

/* ---- files ---- */

static void open_file(struct keeper_log *log)
{
	struct stat st;

	log->fd = openat(log->dir_fd, KEEPER_LOG_FILE,
	    O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
	log->size = log->fd >= 0 && fstat(log->fd, &st) >= 0 ? st.st_size : 0;
}

/* log.2 becomes log.3, log.1 log.2, log log.1. A kill in between leaves a gap in the numbers. */
static void rotate(struct keeper_log *log)
{
	char from[32], to[32];

	for (int n = log->max_file - 1; n >= 1; n--) {
		snprintf(to, sizeof(to), KEEPER_LOG_FILE ".%d", n);
		if (n > 1)
			snprintf(from, sizeof(from), KEEPER_LOG_FILE ".%d", n - 1);
		(void)renameat(log->dir_fd, n > 1 ? from : KEEPER_LOG_FILE, log->dir_fd, to);
	}
	if (log->max_file == 1)
		(void)unlinkat(log->dir_fd, KEEPER_LOG_FILE, 0);
	close(log->fd);
	open_file(log);
}

static void write_record(struct keeper_log *log, const struct buf *record)
{
	if (buf_error(record) < 0)
		return;
	if (log->fd < 0)
		open_file(log);
	if (log->fd < 0)
		return;
	if (log->max_size > 0 && log->size > 0 && log->size + (int64_t)record->len > log->max_size)
		rotate(log);
	if (log->fd >= 0 && file_write_fd(log->fd, record->data, record->len) >= 0)
		log->size += (int64_t)record->len;
}

/* "2026-11-23T21:00:00.123456789" */
static void now(char to[WHEN_MAX])
{
	char seconds[CLOCK_TEXT_MAX];
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	clock_format(t.tv_sec, seconds);
	snprintf(to, WHEN_MAX, "%.*s.%09ld", (int)strcspn(seconds, "Z"), seconds, t.tv_nsec);
}

static void add_json(struct buf *to, int stream, const char *line, size_t len)
{
	struct json_writer w = { .to = to };
	char when[WHEN_MAX];

	now(when);
	strcat(when, "Z");
	json_open_object(&w, NULL);
	json_put_bytes(&w, "log", line, len);
	json_put_text(&w, "stream", stream_names[stream]);
	json_put_text(&w, "time", when);
	json_close_object(&w);
	buf_addc(to, '\n');
}

static void add_k8s(struct buf *to, int stream, const char *line, size_t len)
{
	const bool whole = len > 0 && line[len - 1] == '\n';
	char when[WHEN_MAX];

	now(when);
	buf_addf(to, "%s+00:00 %s %c ", when, stream_names[stream], whole ? 'F' : 'P');
	buf_add(to, line, len - whole);
	buf_addc(to, '\n');
}

/* ---- the journal ---- */

/* A value that may have newlines: the name, a newline, its length in eight bytes, itself. */
static void add_field(struct buf *to, const char *name, const char *value, size_t len)
{
	uint8_t size[8];

	for (int i = 0; i < 8; i++)
		size[i] = (uint8_t)((uint64_t)len >> (8 * i));
	buf_addf(to, "%s\n", name);
	buf_add(to, size, sizeof(size));
	buf_add(to, value, len);
	buf_addc(to, '\n');
}

/* systemd's native protocol: one datagram. Where nobody listens, nothing is kept. */
static void write_journal(struct keeper_log *log, int stream, const char *line, size_t len)
{
	const struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = JOURNAL };
	const bool whole = len > 0 && line[len - 1] == '\n';
	AUTO_BUF struct buf record = { 0 };

	if (log->fd < 0)
		log->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	buf_addf(&record, "PRIORITY=%d\n", stream == 1 ? 3 : 6);
	add_field(&record, "SYSLOG_IDENTIFIER", log->tag, strlen(log->tag));
	add_field(&record, "CONTAINER_ID", log->tag, strlen(log->tag));
	if (!whole)
		buf_adds(&record, "CONTAINER_PARTIAL_MESSAGE=true\n");
	add_field(&record, "MESSAGE", line, len - whole);
	if (log->fd >= 0 && buf_error(&record) >= 0)
		(void)sendto(log->fd, record.data, record.len, MSG_DONTWAIT | MSG_NOSIGNAL,
		    (const struct sockaddr *)&to, sizeof(to));
}

/* ---- lines ---- */

static void put_line(struct keeper_log *log, int stream, const char *line, size_t len)
{
	AUTO_BUF struct buf record = { 0 };

	if (log->driver == KEEPER_LOG_JOURNALD) {
		write_journal(log, stream, line, len);
		return;
	}
	if (log->driver == KEEPER_LOG_K8S_FILE)
		add_k8s(&record, stream, line, len);
	else
		add_json(&record, stream, line, len);
	write_record(log, &record);
}

static void flush_part(struct keeper_log *log, int stream)
{
	struct keeper_log_part *part = &log->parts[stream];

	if (part->len > 0)
		put_line(log, stream, part->data, part->len);
	part->len = 0;
}

/* Keeps the beginning of a line; without memory it is a record of its own. */
static void keep_part(struct keeper_log *log, int stream, const char *data, size_t len)
{
	struct keeper_log_part *part = &log->parts[stream];

	if (len == 0)
		return;
	if (!part->data)
		part->data = malloc(KEEPER_LOG_LINE_MAX);
	if (!part->data) {
		put_line(log, stream, data, len);
		return;
	}
	memcpy(part->data + part->len, data, len);
	part->len += len;
}

void keeper_log_write(struct keeper_log *log, int stream, const uint8_t *bytes, size_t len)
{
	const char *data = (const char *)bytes;

	if (log->driver == KEEPER_LOG_NONE)
		return;
	while (len > 0) {
		struct keeper_log_part *part = &log->parts[stream];
		const char *end = memchr(data, '\n', len);
		size_t room = KEEPER_LOG_LINE_MAX - part->len;
		size_t n = end ? (size_t)(end - data) + 1 : len;

		if (n > room)
			n = room;
		if (part->len == 0 && end && n == (size_t)(end - data) + 1) {
			put_line(log, stream, data, n);
		} else {
			keep_part(log, stream, data, n);
			if (part->len == KEEPER_LOG_LINE_MAX || data[n - 1] == '\n')
				flush_part(log, stream);
		}
		data += n;
		len -= n;
	}
}

void keeper_log_end(struct keeper_log *log)
{
	for (int i = 0; i < 2; i++) {
		flush_part(log, i);
		free(log->parts[i].data);
		log->parts[i].data = NULL;
	}
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
	free(log->tag);
	log->tag = NULL;
}
