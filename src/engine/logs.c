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
#define FILES_MAX      1001 /* with the newest, as many as the keeper keeps */
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

static void name_of(int n, char to[32])
{
	snprintf(to, 32, n > 0 ? LOG_FILE ".%d" : LOG_FILE, n);
}

/* Is that the n-th file? */
static bool is_nth(int dir_fd, int n, const struct stat *file)
{
	struct stat named;
	char name[32];

	name_of(n, name);
	return fstatat(dir_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    named.st_ino == file->st_ino && named.st_dev == file->st_dev;
}

static int open_nth(int dir_fd, int n)
{
	char name[32];
	int fd;

	name_of(n, name);
	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_oldest(int dir_fd)
{
	char name[32];
	int oldest = 0;

	do
		name_of(++oldest, name);
	while (oldest < FILES_MAX && faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
	return open_nth(dir_fd, oldest - 1);
}

/*
 * The file that was begun after `fd`; they may be turned over at any moment, so it is found by
 * where `fd` is now, and only holds if that is so still. -ENOENT: `fd` is the newest.
 */
static int open_next(int dir_fd, int fd)
{
	struct stat file;
	int next;

	if (fstat(fd, &file) < 0)
		return -errno;
	if (is_nth(dir_fd, 0, &file))
		return -ENOENT;
	for (int n = 1; n < FILES_MAX; n++) {
		if (!is_nth(dir_fd, n, &file))
			continue;
		next = -ENOENT;
		/* A keeper that was killed while it turned them over leaves a gap. */
		for (int newer = n - 1; newer >= 0 && next == -ENOENT; newer--)
			next = open_nth(dir_fd, newer);
		if (is_nth(dir_fd, n, &file))
			return next;
		if (next >= 0)
			close(next);
		n = 0;
	}
	/* It was turned over once too often. */
	return open_oldest(dir_fd);
}

/* Opens the files from the oldest to the newest. Returns how many there are. */
static int open_files(int dir_fd, int *fds, struct err *e)
{
	int n = 0, fd = open_oldest(dir_fd);

	for (; fd >= 0 && n <= FILES_MAX; fd = open_next(dir_fd, fd))
		fds[n++] = fd;
	if (fd >= 0)
		close(fd);
	return fd < 0 && fd != -ENOENT ? err_set(e, fd, "cannot open the log") : n;
}

/* ---- following ---- */

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
		code = fd < 0 ? open_oldest(s->dir_fd) : open_next(s->dir_fd, fd);
		if (code >= 0) {
			/* What was written to the old one before it was turned over. */
			if (fd >= 0 && read_on(r, fd, e) < 0)
				return e->code;
			auto_close(&own);
			fd = own = code;
			continue;
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
