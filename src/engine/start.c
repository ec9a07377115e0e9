/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a container, and staying with it to its end
 *
 * Everything that a start makes is held by a descriptor (the range of ids, the root, the
 * lock) and goes with it, or is made anew by the next start (config.json, the files).
 */
#include "engine/start.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/strv.h"
#include "engine/attach.h"
#include "engine/container.h"
#include "engine/create.h"
#include "engine/files.h"
#include "engine/idrange.h"
#include "engine/keeper_call.h"
#include "engine/oci_launch.h"
#include "engine/root.h"
#include "engine/spec.h"
#include "engine/times.h"
#include "format/json.h"
#include "os/file.h"
#include "os/idmap.h"
#include "store/store.h"

#define REPORT_MAX  ((size_t)64 << 10)
#define PROFILE_MAX ((size_t)4 << 20)
#define SWEEP_US                                                                        \
	1000 /* enough for what a short run leaves; the rest waits for `rm` and `prune` \
	      */

/* What one start holds. */
struct start {
	struct dolium *d;
	const struct record *record;
	int dir_fd; /* borrowed */
	int range_fd, userns_fd, root_fd, report_fd;
	/* Paths, and the text of a seccomp profile. `after`: of dolium itself, where its keeper
	 * needs it; NULL. */
	char *dir, *volumes, *oci, *init, *after, *profile;
	int restarts;
	struct spec_input spec;
};

static void start_done(struct start *s)
{
	const int fds[] = { s->range_fd, s->userns_fd, s->root_fd, s->report_fd };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(s->dir);
	free(s->volumes);
	free(s->oci);
	free(s->init);
	free(s->after);
	free(s->profile);
}

#define AUTO_START __attribute__((cleanup(start_done)))

/* ---- before ---- */

/* Ids of its own: a range, its maps, and a user namespace that shows them to mounts. */
static int take_ids(struct start *s, struct err *e)
{
	const struct record *record = s->record;
	char uids[128], gids[128];
	uint32_t first;

	if (!spec_has_userns(record))
		return 0;
	s->range_fd = idrange_take(s->d, &first, e);
	if (s->range_fd < 0)
		return s->range_fd;
	if (strcmp(record->userns, "keep-id") == 0) {
		idrange_map_keep(&s->spec.uids, first, record->keep_uid);
		idrange_map_keep(&s->spec.gids, first, record->keep_gid);
	} else {
		idrange_map_plain(&s->spec.uids, first);
		idrange_map_plain(&s->spec.gids, first);
	}
	idrange_map_text(&s->spec.uids, uids, sizeof(uids));
	idrange_map_text(&s->spec.gids, gids, sizeof(gids));
	s->userns_fd = idmap_userns(uids, gids);
	if (s->userns_fd < 0)
		return err_set(e, s->userns_fd, "cannot make a user namespace");
	return 0;
}

/* Will its keeper have something to do when it has ended? */
static bool needs_after(const struct record *record)
{
	return record->auto_remove || (record->restart && strcmp(record->restart, "no") != 0);
}

static int find_paths(struct start *s, struct err *e)
{
	AUTO_BUF struct buf dir = { 0 }, volumes = { 0 };
	int r;

	buf_addf(&dir, "%s/containers/%s", store_path(s->d->store), s->record->id);
	buf_addf(&volumes, "%s/volumes", store_path(s->d->store));
	r = buf_take(&dir, &s->dir);
	if (r == 0)
		r = buf_take(&volumes, &s->volumes);
	if (r < 0)
		return err_set(e, r, "cannot start container %.12s", s->record->id);
	r = engine_helper(s->d, "dolium-oci", &s->oci, e);
	if (r == 0 && s->record->init)
		r = engine_helper(s->d, "dolium-init", &s->init, e);
	if (r == 0 && needs_after(s->record))
		r = engine_helper(s->d, "dolium", &s->after, e);
	return r;
}

static int read_profile(struct start *s, struct err *e)
{
	int r = file_read(s->dir_fd, "seccomp.json", PROFILE_MAX, &s->profile, NULL);

	return r == 0 || r == -ENOENT
	    ? 0
	    : err_set(e, r, "cannot read the seccomp profile of the container");
}

static bool wants_profile(const struct record *record)
{
	strv_for_each (opt, &record->security_opt)
		if (strncmp(*opt, "seccomp=", 8) == 0)
			return true;
	return false;
}

static int write_config(struct start *s, struct err *e)
{
	AUTO(oci_config_free) struct oci_config *config = NULL;
	AUTO_BUF struct buf text = { 0 };
	AUTO_FD int fd = -1;
	int r;

	s->spec.record = s->record;
	s->spec.root_fd = s->root_fd;
	s->spec.userns_fd = s->userns_fd;
	s->spec.dir = s->dir;
	s->spec.store = store_path(s->d->store);
	s->spec.volumes = s->volumes;
	s->spec.init = s->init;
	s->spec.seccomp = s->profile;
	r = spec_make(&s->spec, &config, e);
	if (r < 0)
		return r;
	oci_config_write(config, &text);
	fd = openat(
	    s->dir_fd, "config.json", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : buf_error(&text);
	if (r == 0)
		r = file_write_fd(fd, text.data, text.len);
	return r < 0
	    ? err_set(e, r, "cannot write the configuration of container %.12s", s->record->id)
	    : 0;
}

/* From now on this run leaves a trace; see engine/container.h. */
static int open_report(struct start *s, struct err *e)
{
	char line[128];
	int r;

	s->report_fd = openat(s->dir_fd, "report",
	    O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	snprintf(line, sizeof(line),
	    "{\"event\":\"starting\",\"at_ns\":%" PRId64 ",\"restarts\":%d}\n", times_now(),
	    s->restarts);
	r = s->report_fd < 0 ? -errno : file_write_fd(s->report_fd, line, strlen(line));
	return r < 0 ? err_set(e, r, "cannot write the report of container %.12s", s->record->id)
	             : 0;
}

static int prepare(struct start *s, struct err *e)
{
	int r = find_paths(s, e);

	/* What a keeper that was killed left behind would be in the way of a new one. */
	if (r == 0)
		r = oci_clear(s->d, s->record->id, e);
	if (r == 0)
		r = take_ids(s, e);
	if (r < 0)
		return r;
	s->root_fd = root_attach(s->d, s->record, s->dir_fd, s->userns_fd, e);
	if (s->root_fd < 0)
		return s->root_fd;
	r = files_make(s->record, s->dir_fd, e);
	if (r == 0 && wants_profile(s->record))
		r = read_profile(s, e);
	if (r == 0)
		r = write_config(s, e);
	return r == 0 ? open_report(s, e) : r;
}

/* ---- while it runs ---- */

static const char *input_of(const struct start *s, const struct dolium_start_options *options)
{
	if (options->attach_stdin && !options->detach)
		return "once";
	return s->record->interactive ? "open" : "none";
}

/* The command line of a keeper; `to` borrows from all of it. */
static int keeper_words(struct start *s, const struct dolium_start_options *options, int keeper_fd,
    struct strv *to, struct err *e)
{
	const struct record *record = s->record;
	int r = strv_add(to, s->oci);

	if (r == 0 && s->d->debug)
		r = strv_add(to, "--debug");
	if (r == 0)
		r = strv_addf(to, "--root=%s", s->d->run_root);
	if (r == 0)
		r = strv_add(to, "run");
	if (r == 0)
		r = strv_addf(to, "--bundle=%s", s->dir);
	if (r == 0)
		r = strv_addf(to, "--rootfs-fd=%d", s->root_fd);
	if (r == 0)
		r = strv_addf(to, "--report-fd=%d", s->report_fd);
	if (r == 0)
		r = strv_addf(to, "--keeper-fd=%d", keeper_fd);
	if (r == 0)
		r = strv_addf(to, "--dir-fd=%d", s->dir_fd);
	if (r == 0)
		r = strv_addf(to, "--stdin=%s", input_of(s, options));
	if (r == 0 && record->log_driver && strcmp(record->log_driver, "json-file") != 0)
		r = strv_addf(to, "--log-driver=%s", record->log_driver);
	strv_for_each (opt, &record->log_opts)
		if (r == 0)
			r = strv_addf(to, "--log-opt=%s", *opt);
	if (r == 0 && record->auto_remove)
		r = strv_add(to, "--rm");
	if (r == 0 && s->after) {
		r = strv_addf(to, "--restart=%s", record->restart ? record->restart : "no");
		if (r == 0)
			r = strv_addf(to, "--restart-count=%d", s->restarts);
		if (r == 0)
			r = strv_addf(to, "--after=%s", s->after);
		if (r == 0)
			r = strv_addf(to, "--store-root=%s", store_path(s->d->store));
	}
	if (r == 0)
		r = strv_add(to, record->id);
	return r < 0 ? err_set(e, r, "cannot start container %.12s", record->id) : 0;
}

static pid_t spawn_keeper(
    struct start *s, const struct dolium_start_options *options, int keeper_fd, struct err *e)
{
	AUTO_STRV struct strv words = { 0 };
	int keep[6] = { s->root_fd, s->report_fd, s->dir_fd, keeper_fd };
	struct launch launch = {
		.program = s->oci,
		.keep_fds = keep,
		.n_keep_fds = 4,
		.null_stdin = true,
		.null_stdout = true,
		.null_stderr = !s->d->debug,
	};
	const int image_fd = root_image_fd(s->d);
	int r = keeper_words(s, options, keeper_fd, &words, e);
	pid_t pid;

	if (r < 0)
		return r;
	if (s->range_fd >= 0)
		keep[launch.n_keep_fds++] = s->range_fd;
	if (image_fd >= 0)
		keep[launch.n_keep_fds++] = image_fd;
	launch.argv = strv_argv(&words);
	pid = oci_spawn(&launch, e);
	if (pid > 0)
		root_image_kept(s->d, pid);
	return pid;
}

/* 1: it runs. 0: the keeper is gone; the report says why. */
static int await_start(int keeper_fd)
{
	uint8_t packet[64];
	ssize_t n;

	do
		n = recv(keeper_fd, packet, sizeof(packet), 0);
	while (n < 0 && errno == EINTR);
	return n > 0 && packet[0] == KEEPER_STARTED;
}

static void settle(void *context)
{
	const struct start *s = context;

	root_settle(s->d);
}

/* Waits for the start or the end, as is wanted. 1: *ret_exit is filled; 0: the report says more. */
static int stay(struct start *s, const struct dolium_start_options *options, int keeper_fd,
    struct dolium_exit *ret_exit, struct err *e)
{
	const struct attach_later later = { settle, s };
	struct keeper_ended ended = { 0 };
	enum attach_end how = ATTACH_LOST;
	int r;

	if (options->detach) {
		ret_exit->detached = await_start(keeper_fd) > 0;
		ret_exit->status = ret_exit->detached ? 0 : ret_exit->status;
		return ret_exit->detached;
	}
	r = attach_run(keeper_fd, options, s->record->tty, &later, &how, &ended, e);
	if (r < 0)
		return r;
	ret_exit->detached = how == ATTACH_DETACHED;
	if (how == ATTACH_LOST)
		return 0;
	ret_exit->status = ended.status;
	ret_exit->oom_killed = ended.oom_killed;
	return 1;
}

/* Returns what stay() does; *ret_status is how a keeper that is gone has ended. */
static int run(struct start *s, const struct dolium_start_options *options,
    struct dolium_exit *ret_exit, int *ret_status, struct err *e)
{
	AUTO_FD int ours = -1, its = -1;
	int ends[2], r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_set(e, -errno, "cannot make a socket for the container's keeper");
	ours = ends[0];
	its = ends[1];
	if (!options->detach && (r = attach_ask(ours, options, s->record->tty, e)) < 0)
		return r;
	pid = spawn_keeper(s, options, its, e);
	if (pid < 0)
		return pid;
	close(TAKE_FD(its));
	/* The keeper alone holds them now. */
	close(TAKE_FD(s->root_fd));
	if (s->range_fd >= 0)
		close(TAKE_FD(s->range_fd));
	r = stay(s, options, ours, ret_exit, e);
	if (r >= 0 && !ret_exit->detached)
		*ret_status = oci_wait(pid, e);
	return r;
}

/* ---- afterwards ---- */

/* The report's words on a start that failed become ours. */
static int read_failure(const struct json_value *event, struct dolium_exit *ret_exit, struct err *e)
{
	const char *text = json_value_string(json_value_get(event, "text"));
	const int code = (int)json_value_i64(json_value_get(event, "errno"));

	ret_exit->status = container_failure_status(event);
	return err_refuse(e, code > 0 && code < 4096 ? -code : -EIO, "%s",
	    text ? text : "cannot start the container");
}

/* 1: this line tells the end. */
static int read_line(const char *line, size_t len, struct dolium_exit *ret_exit, struct err *e)
{
	AUTO(json_value_free) struct json_value *v = NULL;
	const char *event;

	if (json_value_parse(line, len, "report", &v, NULL) < 0)
		return 0;
	event = json_value_string(json_value_get(v, "event"));
	if (event && strcmp(event, "failed") == 0)
		return read_failure(v, ret_exit, e);
	if (!event || strcmp(event, "exited") != 0)
		return 0;
	ret_exit->status = (int)json_value_i64(json_value_get(v, "status"));
	ret_exit->oom_killed = json_value_bool(json_value_get(v, "oom_killed"));
	return 1;
}

static int read_report(struct start *s, int oci_status, struct dolium_exit *ret_exit, struct err *e)
{
	AUTO_FREE char *text = NULL;
	char *line, *end;
	int r;

	if (lseek(s->report_fd, 0, SEEK_SET) < 0)
		return err_set(e, -errno, "cannot read how the container ended");
	r = file_read_fd(s->report_fd, REPORT_MAX, &text, NULL);
	if (r < 0)
		return err_set(e, r, "cannot read how the container ended");
	for (line = text; (end = strchr(line, '\n')); line = end + 1) {
		r = read_line(line, (size_t)(end - line), ret_exit, e);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	ret_exit->status = 125;
	return err_refuse(
	    e, -EIO, "dolium-oci ended (status %d) without a word on the container", oci_status);
}

int start_container(struct dolium *d, const struct record *record, int dir_fd,
    const struct dolium_start_options *options, int restarts, struct dolium_exit *ret_exit,
    struct err *e)
{
	AUTO_START struct start s = {
		.d = d,
		.record = record,
		.dir_fd = dir_fd,
		.restarts = restarts,
		.range_fd = -1,
		.userns_fd = -1,
		.root_fd = -1,
		.report_fd = -1,
	};
	int status = 0, r;

	*ret_exit = (struct dolium_exit){ .status = 125 };
	r = attach_check(options, e);
	if (r == 0)
		r = prepare(&s, e);
	if (r == 0)
		r = run(&s, options, ret_exit, &status, e);
	if (r != 0)
		return r < 0 ? r : 0;
	return read_report(&s, status, ret_exit, e);
}

/* ---- what the public sees ---- */

static int remove_after(struct dolium *d, const struct record *record,
    const struct dolium_exit *end, int result, struct err *e)
{
	struct err failure = { 0 };
	int r;

	if (!record->auto_remove || end->detached)
		return result;
	r = container_discard(d, record->id, record, true, &failure);
	store_sweep(d->store, SWEEP_US);
	if (r < 0 && result >= 0) {
		*e = failure;
		return r;
	}
	return result;
}

int dolium_container_run(struct dolium *d, const struct dolium_create_options *create,
    const struct dolium_start_options *start, char **ret_id, struct dolium_exit *ret_exit)
{
	AUTO(record_free) struct record *record = NULL;
	AUTO_FD int dir_fd = -1;
	struct err *e = engine_begin(d);
	int r;

	*ret_exit = (struct dolium_exit){ .status = 125 };
	dir_fd = create_container(d, create, true, &record, e);
	if (dir_fd < 0)
		return dir_fd;
	r = start_container(d, record, dir_fd, start, 0, ret_exit, e);
	r = remove_after(d, record, ret_exit, r, e);
	if (r >= 0 && ret_id && !(*ret_id = strdup(record->id)))
		return err_set(e, -ENOMEM, "container %s was started", record->id);
	return r;
}

int dolium_container_start(struct dolium *d, const char *name,
    const struct dolium_start_options *options, struct dolium_exit *ret_exit)
{
	AUTO(record_free) struct record *record = NULL;
	AUTO_FD int dir_fd = -1;
	struct err *e = engine_begin(d);
	char id[RECORD_ID_LEN + 1];
	int r;

	*ret_exit = (struct dolium_exit){ .status = 125 };
	r = container_find(d, name, id, e);
	if (r < 0)
		return r;
	dir_fd = container_open(d, id, e);
	if (dir_fd < 0)
		return dir_fd;
	r = container_lock(dir_fd);
	if (r < 0)
		return err_refuse(
		    e, r, "container '%s' runs already, or is just being started or removed", name);
	r = container_read(dir_fd, id, &record, e);
	if (r < 0)
		return r;
	(void)unlinkat(dir_fd, CONTAINER_STOPPED_FILE, 0);
	r = start_container(d, record, dir_fd, options, 0, ret_exit, e);
	return remove_after(d, record, ret_exit, r, e);
}

int dolium_container_after(struct dolium *d, const char *id, int lock_fd)
{
	const struct dolium_start_options options = { .size = sizeof(options), .detach = true };
	AUTO(record_free) struct record *record = NULL;
	AUTO_FD int dir_fd = lock_fd;
	struct err *e = engine_begin(d);
	struct dolium_exit end;
	struct store *store;
	int r;

	if (fcntl(dir_fd, F_SETFD, FD_CLOEXEC) < 0)
		return err_set(e, -errno, "no lock was inherited");
	r = engine_store(d, &store, e);
	if (r == 0)
		r = container_read(dir_fd, id, &record, e);
	if (r < 0)
		return r;
	if (record->auto_remove) {
		end.detached = false;
		return remove_after(d, record, &end, 0, e);
	}
	return start_container(
	    d, record, dir_fd, &options, container_restarts(dir_fd) + 1, &end, e);
}
