/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container wrote, kept
 *
 * Two forms of file, below the container's directory: `json-file` as Docker writes it
 *
 *	{"log":"a line\n","stream":"stdout","time":"2026-11-23T21:00:00.123456789Z"}
 *
 * and `k8s-file` as CRI-O and podman do
 *
 *	2026-11-23T21:00:00.123456789+00:00 stdout F a line
 *
 * A line longer than KEEPER_LOG_LINE_MAX is several records (without the newline, or with P for F).
 *When a file has grown to max-size it becomes NAME.1, that NAME.2 and so on; max-file of them are
 *kept. Or nothing (`none`). A log that cannot be written never disturbs the container.
 */
#ifndef DOLIUM_OCI_KEEPER_LOG_H
#define DOLIUM_OCI_KEEPER_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strv.h"

struct err;

#define KEEPER_LOG_LINE_MAX 16384
#define KEEPER_LOG_FILE     "log"

enum keeper_log_driver {
	KEEPER_LOG_JSON_FILE,
	KEEPER_LOG_K8S_FILE,
	KEEPER_LOG_JOURNALD,
	KEEPER_LOG_NONE,
};

struct keeper_log_part { /* of a stream: a line that has not ended */
	char *data;
	size_t len;
};

struct keeper_log {
	enum keeper_log_driver driver;
	int dir_fd; /* borrowed; the file lies below it */
	int fd; /* -1: nothing was written yet */
	int64_t size; /* of the file */
	int64_t max_size; /* 0: no limit */
	int max_file;
	struct keeper_log_part parts[2]; /* stdout, stderr */
	char *tag; /* of the journal's records; NULL */
};

/* `driver` NULL: json-file. -EINVAL: no such driver, or an option it has not. */
int keeper_log_begin(struct keeper_log *log, int dir_fd, const char *driver,
    const struct strv *options, const char *id, struct err *e);
/* Takes bytes of stream 0 (stdout, a terminal) or 1 (stderr). */
void keeper_log_write(struct keeper_log *log, int stream, const uint8_t *data, size_t len);
/* Writes what has no newline yet. */
void keeper_log_end(struct keeper_log *log);

#endif
