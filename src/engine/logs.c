/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container wrote, read again: log, and log.N .. log.1 before it (oci/keeper_log.h)
 *
 * The files are the keeper's; we read whole records, those of files that were turned over meanwhile
 * as well, because a file is followed by its descriptor until it ends and then by its name.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "engine/container.h"
#include "engine/keeper_call.h"
#include "engine/subject.h"
#include "engine/times.h"
#include "format/json.h"

#define LOG_FILE "log"
#define RECORD_BYTES \
	((size_t)256 << 10) /* of one record: a line of 16 KiB with every byte escaped */
#define FILES_MAX      1000
#define FOLLOW_STEP_MS 1000

struct reader {
	const struct dolium_log_options *o;
	bool k8s;
	int64_t skip; /* so many records before those that are wanted */
	bool over; /* past --until, or nobody wants more */
	struct buf rest; /* of a record whose end was not read yet */
};

/* ---- one record ---- */

static int hand_on(struct reader *r, const struct dolium_log_line *line)
{
	const int64_t at = times_parse(line->time);

	if (r->o->since_ns && at < r->o->since_ns)
		return 0;
	if (r->o->until_ns && at > r->o->until_ns) {
		r->over = true;
		return 0;
	}
	if (!r->o->line(r->o->user, line))
		r->over = true;
	return 0;
}

static int take_json(struct reader *r, const char *text, size_t len)
{
	AUTO(json_value_free) struct json_value *v = NULL;
	struct dolium_log_line line = { 0 };

	if (json_value_parse(text, len, "log", &v, NULL) < 0)
		return 0; /* cut by a power failure: the next one is whole */
	line.stream = json_value_string(json_value_get(v, "stream"));
	line.text = json_value_string(json_value_get(v, "log"));
	line.time = json_value_string(json_value_get(v, "time"));
	if (!line.stream || !line.text || !line.time)
		return 0;
	line.len = strlen(line.text);
	return hand_on(r, &line);
}

/* TIME STREAM F|P TEXT */
static int take_k8s(struct reader *r, char *text, size_t len)
{
	struct dolium_log_line line = { .time = text };
	char *stream = memchr(text, ' ', len), *tag, *words;

	if (!stream)
		return 0;
	*stream++ = '\0';
	tag = strchr(stream, ' ');
	if (!tag || !tag[1] || tag[2] != ' ')
		return 0;
	*tag++ = '\0';
	words = tag + 2;
	line.stream = stream;
	line.text = words;
	line.len = len - (size_t)(words - text);
	/* The record's newline is the line's, where it is whole. */
	if (tag[0] == 'F')
		words[line.len++] = '\n';
	return hand_on(r, &line);
}

/* `text` has room for one byte behind its end. */
static int take_record(struct reader *r, char *text, size_t len)
{
	if (r->skip > 0) {
		r->skip--;
		return 0;
	}
	return r->k8s ? take_k8s(r, text, len) : take_json(r, text, len);
}

/* ---- files ---- */

/* From where it stands to its present end. */
static int read_on(struct reader *r, int fd, struct err *e)
{
	char piece[16384];
	ssize_t n;

	while (!r->over && (n = read(fd, piece, sizeof(piece))) != 0) {
		char *begin, *end;

		if (n < 0)
			return err_set(e, -errno, "cannot read the log");
		buf_add(&r->rest, piece, (size_t)n);
		if (buf_error(&r->rest) < 0)
			return err_refuse(e, -EFBIG, "the log has a record that is too long");
		begin = r->rest.data;
		while (!r->over &&
		    (end = memchr(begin, '\n', r->rest.len - (size_t)(begin - r->rest.data)))) {
			*end = '\0';
			take_record(r, begin, (size_t)(end - begin));
			begin = end + 1;
		}
		r->rest.len -= (size_t)(begin - r->rest.data);
		memmove(r->rest.data, begin, r->rest.len);
		r->rest.data[r->rest.len] = '\0';
	}
	return 0;
}

static int count_records(int fd, int64_t *n)
{
	char piece[16384];
	ssize_t got;

	while ((got = read(fd, piece, sizeof(piece))) > 0)
		for (ssize_t i = 0; i < got; i++)
			*n += piece[i] == '\n';
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;
}

/* Opens the files from the oldest to the newest. Returns how many there are. */
static int open_files(int dir_fd, int *fds, struct err *e)
{
	char name[32];
	int n = 0, oldest = 0;

	do
		snprintf(name, sizeof(name), LOG_FILE ".%d", ++oldest);
	while (oldest < FILES_MAX && faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
	for (int i = oldest - 1; i >= 0; i--) {
		snprintf(name, sizeof(name), i > 0 ? LOG_FILE ".%d" : LOG_FILE, i);
		fds[n] = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fds[n] >= 0)
			n++;
		else if (errno != ENOENT)
			return err_set(e, -errno, "cannot open the log");
	}
	return n;
}

/* ---- following ---- */

static bool same_file(int fd, int dir_fd)
{
	struct stat here, named;

	return fstat(fd, &here) == 0 &&
	    fstatat(dir_fd, LOG_FILE, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    here.st_ino == named.st_ino;
}

/* Until the container has ended and all is read. `fd` is of the newest file, or -1. */
static int follow(
    struct reader *r, struct dolium *d, const struct subject *s, int fd, struct err *e)
{
	AUTO_FD int notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), keeper = -1, own = -1;
	char path[64], events[4096];
	bool ended = false;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->dir_fd);
	if (notify < 0 ||
	    inotify_add_watch(notify, path, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0)
		return err_set(e, -errno, "cannot follow the log");
	keeper = keeper_connect(d, s->id, NULL);
	ended = keeper < 0;
	for (;;) {
		struct pollfd fds[] = { { .fd = notify, .events = POLLIN },
			{ .fd = ended ? -1 : keeper, .events = POLLIN } };
		int code;

		if (fd >= 0 && (code = read_on(r, fd, e)) < 0)
			return code;
		if (fd < 0 || !same_file(fd, s->dir_fd)) {
			int next = openat(s->dir_fd, LOG_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

			if (next >= 0) {
				auto_close(&own);
				fd = own = next;
				continue;
			}
		}
		if (r->over || ended)
			return 0;
		if (poll(fds, 2, FOLLOW_STEP_MS) < 0 && errno != EINTR)
			return err_set(e, -errno, "cannot follow the log");
		while (read(notify, events, sizeof(events)) > 0)
			;
		/* Any word of the keeper's is its last one: we asked for nothing. */
		ended = fds[1].revents != 0;
	}
}

/* ---- the whole ---- */

static int read_files(struct reader *r, struct dolium *d, const struct subject *s, struct err *e)
{
	static int fds[FILES_MAX + 1];
	int n = open_files(s->dir_fd, fds, e), code = n < 0 ? n : 0;
	int64_t records = 0;

	for (int i = 0; i < n && code >= 0 && r->o->tail >= 0; i++)
		code = count_records(fds[i], &records);
	if (r->o->tail >= 0 && records > r->o->tail)
		r->skip = records - r->o->tail;
	for (int i = 0; i < n && code >= 0 && !r->over; i++)
		code = read_on(r, fds[i], e);
	if (code >= 0 && !r->over && r->o->follow)
		code = follow(r, d, s, n > 0 ? fds[n - 1] : -1, e);
	for (int i = 0; i < n; i++)
		close(fds[i]);
	return code;
}

int dolium_container_logs(
    struct dolium *d, const char *name, const struct dolium_log_options *options)
{
	AUTO_SUBJECT struct subject s = SUBJECT_NONE;
	struct reader reader = { .o = options, .rest = { .max = RECORD_BYTES } };
	struct err *e = engine_begin(d);
	const char *driver;
	int r = subject_find(d, name, &s, e);

	if (r < 0)
		return r;
	driver = s.record->log_driver ? s.record->log_driver : "json-file";
	reader.k8s = strcmp(driver, "k8s-file") == 0;
	if (!reader.k8s && strcmp(driver, "json-file") != 0)
		return err_refuse(e, -EOPNOTSUPP,
		    "container '%s' has the log driver %s, which cannot be read here", name,
		    driver);
	r = read_files(&reader, d, &s, e);
	buf_done(&reader.rest);
	return r;
}

/* ---- times, as people write them ---- */

static int parse_ago(const char *text, int64_t *ret_ns)
{
	int64_t span = 0;

	if (!*text)
		return -EINVAL;
	while (*text) {
		char *end;
		double n = strtod(text, &end);
		const int64_t unit = *end == 's' ? 1 : *end == 'm' ? 60 : *end == 'h' ? 3600 : 0;

		if (end == text || unit == 0 || n < 0 || n > 1e9)
			return -EINVAL;
		span += (int64_t)(n * (double)unit * (double)TIMES_SECOND);
		text = end + 1;
	}
	*ret_ns = times_now() - span;
	return 0;
}

int dolium_time_parse(struct dolium *d, const char *text, int64_t *ret_ns)
{
	struct err *e = engine_begin(d);
	char day[TIMES_TEXT_MAX], *end;
	double seconds = strtod(text, &end);

	if (end != text && *end == '\0' && seconds >= 0 && seconds < 9e9) {
		*ret_ns = (int64_t)(seconds * (double)TIMES_SECOND);
		return 0;
	}
	*ret_ns = times_parse(text);
	if (*ret_ns != 0)
		return 0;
	snprintf(day, sizeof(day), "%.10sT00:00:00", text);
	if (strlen(text) == 10 && (*ret_ns = times_parse(day)) != 0)
		return 0;
	if (parse_ago(text, ret_ns) == 0)
		return 0;
	return err_refuse(e, -EINVAL,
	    "'%s' is no time: write 2026-11-23T21:00:00, seconds since the epoch, or 10m", text);
}
