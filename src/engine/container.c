/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers on disk: claimed, found, locked, taken down
 *
 * The order of the steps is what makes a kill harmless. A name is claimed after
 * the directory is there and locked, and given back before the directory goes: so a link
 * whose container is missing or garbage is left from a kill, and may be taken
 * over. Takers of such links exclude one another by a lock on names/.
 */
#include "engine/container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/strv.h"
#include "engine/naming.h"
#include "engine/oci_launch.h"
#include "engine/volume.h"
#include "format/json.h"
#include "format/oci_state.h"
#include "os/dir.h"
#include "os/file.h"
#include "os/monotonic.h"
#include "os/process.h"
#include "store/store.h"

#define NAMES           "names"
#define NAME_ATTEMPTS   64
#define REPORT_MAX      ((size_t)64 << 10)
#define LOST_RUN_STATUS 137 /* nobody saw how it ended: as if killed, which is the likeliest */

/* ---- locks ---- */

int container_lock(int dir_fd)
{
	if (flock(dir_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? -EBUSY : -errno;
}

int container_open(struct dolium *d, const char *id, struct err *e)
{
	int containers_fd = engine_containers_dir(d, e);
	int fd;

	if (containers_fd < 0)
		return containers_fd;
	fd = file_open_beneath(containers_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd == -ENOENT)
		return err_refuse(e, -ENOENT, "no such container: %s", id);
	if (fd < 0)
		return err_set(e, fd, "cannot open container '%s'", id);
	return fd;
}

int container_read(int dir_fd, const char *id, struct record **ret_record, struct err *e)
{
	AUTO_FREE char *text = NULL;
	char what[64];
	size_t len;
	int r;

	r = file_read(dir_fd, "state.json", RECORD_MAX, &text, &len);
	if (r == -ENOENT)
		return err_refuse(e, r, "no such container: %s", id);
	snprintf(what, sizeof(what), "the record of container %.12s", id);
	if (r < 0)
		return err_set(e, r, "cannot read %s", what);
	return record_parse(text, len, what, ret_record, e);
}

/* ---- names ---- */

static int names_dir(int containers_fd)
{
	int fd = openat(containers_fd, NAMES, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT &&
	    (mkdirat(containers_fd, NAMES, 0700) == 0 || errno == EEXIST))
		fd = openat(containers_fd, NAMES, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The id that a name belongs to. -ENOENT */
static int name_read(int names_fd, const char *name, char ret_id[RECORD_ID_LEN + 1])
{
	char target[RECORD_ID_LEN + 2];
	ssize_t len = readlinkat(names_fd, name, target, sizeof(target));

	if (len < 0)
		return errno == EINVAL || errno == ENOTDIR ? -ENOENT : -errno;
	if (len != RECORD_ID_LEN)
		return -ENOENT;
	memcpy(ret_id, target, RECORD_ID_LEN);
	ret_id[RECORD_ID_LEN] = '\0';
	return 0;
}

/* Does the container that a name points at still hold it? Takes it down where it is garbage. */
static bool name_is_held(struct dolium *d, const char *id)
{
	AUTO(record_free) struct record *record = NULL;
	AUTO_FD int dir_fd = container_open(d, id, NULL);
	struct container_status status;

	if (dir_fd < 0)
		return dir_fd != -ENOENT;
	container_read(dir_fd, id, &record, NULL);
	container_look(d, id, dir_fd, record, &status);
	if (status.phase != CONTAINER_GARBAGE || container_lock(dir_fd) < 0)
		return true;
	container_discard(d, id, record, true, NULL);
	return false;
}

/* Takes over the name of a container that is no more. -EEXIST: it is held. */
static int name_take_over(struct dolium *d, int names_fd, const char *name, const char *id)
{
	AUTO_FD int lock_fd = openat(names_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char owner[RECORD_ID_LEN + 1];
	int r;

	if (lock_fd < 0 || flock(lock_fd, LOCK_EX) < 0)
		return -errno;
	r = name_read(names_fd, name, owner);
	if (r == 0 && name_is_held(d, owner))
		return -EEXIST;
	if (unlinkat(names_fd, name, 0) < 0 && errno != ENOENT)
		return -errno;
	return symlinkat(id, names_fd, name) < 0 ? -errno : 0;
}

static int name_claim(
    struct dolium *d, int names_fd, const char *name, const char *id, struct err *e)
{
	char owner[RECORD_ID_LEN + 1];
	int r;

	if (symlinkat(id, names_fd, name) == 0)
		return 0;
	r = errno == EEXIST ? name_take_over(d, names_fd, name, id) : -errno;
	if (r == 0)
		return 0;
	if (r != -EEXIST || name_read(names_fd, name, owner) < 0)
		return err_set(e, r, "cannot give the name '%s'", name);
	err_refuse(e, -EEXIST, "the name '%s' is in use by container %.12s", name, owner);
	err_hint(e, "remove or rename that one, or choose another name");
	return -EEXIST;
}

static int name_find_free(struct dolium *d, int names_fd, struct record *record, struct err *e)
{
	char name[NAMING_NAME_MAX];
	int r = -EEXIST;

	for (unsigned attempt = 0; r == -EEXIST && attempt < NAME_ATTEMPTS; attempt++) {
		uint32_t seed;

		/* An id is random already: each attempt takes other digits of it. */
		sscanf(record->id + attempt % 56, "%8x", &seed);
		naming_random(seed, attempt, name);
		r = name_claim(d, names_fd, name, record->id, e);
	}
	if (r < 0)
		return r;
	record->name = strdup(name);
	return record->name ? 0 : err_set(e, -ENOMEM, "cannot make a container");
}

/* ---- making ---- */

/*
 * Makes containers/<id>, locked. Between mkdir and flock a sweeper may take the
 * empty directory for garbage: then the id that we hold is not the one on the disk.
 */
static int dir_make(int containers_fd, char id[RECORD_ID_LEN + 1])
{
	for (;;) {
		AUTO_FD int fd = -1;
		struct stat ours, on_disk;
		int r = naming_id(id);

		if (r < 0)
			return r;
		if (mkdirat(containers_fd, id, 0700) < 0)
			return -errno;
		fd = openat(containers_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && errno != ENOENT)
			return -errno;
		if (fd < 0 || container_lock(fd) < 0)
			continue;
		if (fstat(fd, &ours) == 0 &&
		    fstatat(containers_fd, id, &on_disk, AT_SYMLINK_NOFOLLOW) == 0 &&
		    ours.st_ino == on_disk.st_ino && ours.st_dev == on_disk.st_dev)
			return TAKE_FD(fd);
	}
}

int container_claim(struct dolium *d, struct record *record, struct err *e)
{
	AUTO_FD int names_fd = -1, dir_fd = -1;
	int containers_fd = engine_containers_dir(d, e);
	char id[RECORD_ID_LEN + 1];
	int r;

	if (containers_fd < 0)
		return containers_fd;
	names_fd = names_dir(containers_fd);
	if (names_fd < 0)
		return err_set(e, names_fd, "cannot open '%s/containers/names'", d->root);
	dir_fd = dir_make(containers_fd, id);
	if (dir_fd < 0)
		return err_set(e, dir_fd, "cannot make a container in '%s/containers'", d->root);
	record->id = strdup(id);
	if (!record->id)
		return err_set(e, -ENOMEM, "cannot make a container");

	if (record->name)
		r = name_claim(d, names_fd, record->name, id, e);
	else
		r = name_find_free(d, names_fd, record, e);
	if (r < 0) {
		store_discard(d->store, containers_fd, id, NULL);
		return r;
	}
	return TAKE_FD(dir_fd);
}

int container_commit(int dir_fd, const struct record *record, struct err *e)
{
	AUTO_BUF struct buf text = { 0 };
	int r;

	record_write(record, &text);
	r = buf_error(&text);
	/* What is thrown away at the end of its one run need not outlive a power cut. */
	if (r == 0 && record->auto_remove)
		r = file_replace_fast(dir_fd, "state.json", text.data, text.len, 0600);
	else if (r == 0)
		r = file_replace(dir_fd, "state.json", text.data, text.len, 0600);
	if (r < 0)
		return err_set(e, r, "cannot write the record of container %.12s", record->id);
	return 0;
}

/*
 * The new name, then the record, then the old name away: killed in between it has two names for a
 * while, and none that another could take for its own.
 */
int container_rename(
    struct dolium *d, int dir_fd, struct record *record, const char *name, struct err *e)
{
	AUTO_FREE char *old = record->name, *copy = strdup(name);
	AUTO_FD int names_fd = -1;
	int containers_fd = engine_containers_dir(d, e), r;
	char owner[RECORD_ID_LEN + 1];

	record->name = NULL;
	if (containers_fd < 0)
		return containers_fd;
	if (!copy)
		return err_set(e, -ENOMEM, "cannot rename the container");
	names_fd = names_dir(containers_fd);
	if (names_fd < 0)
		return err_set(e, names_fd, "cannot open the names of containers");
	r = name_claim(d, names_fd, name, record->id, e);
	if (r < 0)
		return r;
	record->name = TAKE(copy);
	r = container_commit(dir_fd, record, e);
	if (r == 0 && name_read(names_fd, old, owner) == 0 && strcmp(owner, record->id) == 0)
		unlinkat(names_fd, old, 0);
	return r;
}

/* ---- finding ---- */

static bool is_id(const char *text, size_t len)
{
	return len > 0 && len <= RECORD_ID_LEN && strspn(text, "0123456789abcdef") == len;
}

int container_ids(struct dolium *d, struct strv *ret_ids, struct err *e)
{
	AUTO(dir_close) DIR *dir = NULL;
	int containers_fd = engine_containers_dir(d, e);
	const struct dirent *entry;
	int r;

	if (containers_fd < 0)
		return containers_fd;
	r = dir_open(containers_fd, ".", &dir);
	if (r < 0)
		return err_set(e, r, "cannot list the containers");
	while ((entry = dir_next(dir)))
		if (strlen(entry->d_name) == RECORD_ID_LEN && is_id(entry->d_name, RECORD_ID_LEN) &&
		    strv_add(ret_ids, entry->d_name) < 0)
			return err_set(e, -ENOMEM, "cannot list the containers");
	return 0;
}

static int find_by_prefix(
    struct dolium *d, const char *what, char ret_id[RECORD_ID_LEN + 1], struct err *e)
{
	AUTO_STRV struct strv ids = { 0 };
	size_t n = 0;
	int r;

	r = container_ids(d, &ids, e);
	if (r < 0)
		return r;
	strv_for_each (id, &ids) {
		if (strncmp(*id, what, strlen(what)) != 0)
			continue;
		memcpy(ret_id, *id, RECORD_ID_LEN + 1);
		n++;
	}
	if (n > 1)
		return err_refuse(
		    e, -ENOTUNIQ, "several containers have an id that begins with '%s'", what);
	return n == 1 ? 0 : -ENOENT;
}

int container_find(
    struct dolium *d, const char *what, char ret_id[RECORD_ID_LEN + 1], struct err *e)
{
	AUTO_FD int names_fd = -1;
	int containers_fd = engine_containers_dir(d, e);
	const char *name = what[0] == '/' ? what + 1 : what;
	int r = -ENOENT;

	if (containers_fd < 0)
		return containers_fd;
	names_fd = names_dir(containers_fd);
	if (naming_is_name(name) && names_fd >= 0)
		r = name_read(names_fd, name, ret_id);
	if (r == -ENOENT && is_id(what, strlen(what)))
		r = find_by_prefix(d, what, ret_id, e);
	if (r == -ENOENT)
		return err_refuse(e, -ENOENT, "no such container: '%s'", what);
	return r;
}

/* ---- how it fares ---- */

/* One line of dolium-oci's report; see the man page of dolium-oci, --report-fd. */
static void report_read_line(
    const char *line, size_t len, struct container_status *status, bool *ended)
{
	AUTO(json_value_free) struct json_value *v = NULL;
	const char *event, *text;

	if (json_value_parse(line, len, "report", &v, NULL) < 0)
		return;
	event = json_value_string(json_value_get(v, "event"));
	if (!event)
		return;
	if (strcmp(event, "starting") == 0) {
		status->started_ns = json_value_i64(json_value_get(v, "at_ns"));
		status->restarts = json_value_i64(json_value_get(v, "restarts"));
	} else if (strcmp(event, "exited") == 0) {
		status->exit_status = (int)json_value_i64(json_value_get(v, "status"));
		status->oom_killed = json_value_bool(json_value_get(v, "oom_killed"));
		status->phase = CONTAINER_EXITED;
		*ended = true;
	} else if (strcmp(event, "restarting") == 0) {
		status->phase = CONTAINER_RESTARTING;
	} else if (strcmp(event, "failed") == 0) {
		text = json_value_string(json_value_get(v, "text"));
		snprintf(status->error, sizeof(status->error), "%s", text ? text : "");
		status->exit_status = container_failure_status(v);
		status->phase = CONTAINER_CREATED;
		*ended = true;
	}
}

int container_failure_status(const struct json_value *event)
{
	const char *stage = json_value_string(json_value_get(event, "stage"));
	const int64_t code = json_value_i64(json_value_get(event, "errno"));

	if (!stage || strcmp(stage, "exec") != 0)
		return 125;
	return code == ENOENT || code == ENOTDIR ? 127 : 126;
}

/* Returns whether there is a report; *ended: and it tells of an end. */
static bool report_read(int dir_fd, struct container_status *status, bool *ended)
{
	AUTO_FREE char *text = NULL;
	struct stat st;
	char *line, *end;

	if (fstatat(dir_fd, "report", &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    file_read(dir_fd, "report", REPORT_MAX, &text, NULL) < 0)
		return false;
	for (line = text; (end = strchr(line, '\n')); line = end + 1)
		report_read_line(line, (size_t)(end - line), status, ended);
	if (*ended)
		status->finished_ns = st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
	return true;
}

int container_restarts(int dir_fd)
{
	struct container_status status = { 0 };
	bool ended = false;

	(void)report_read(dir_fd, &status, &ended);
	return (int)status.restarts;
}

/* The pid inside, if dolium-oci's state is of a process that lives; else 0. */
static pid_t pid_of_running(struct dolium *d, const char *id)
{
	AUTO_OCI_STATE struct oci_state state = { 0 };
	AUTO_FREE char *text = NULL;
	char path[RECORD_ID_LEN + 16];
	int run_fd = engine_run_dir(d, NULL);
	size_t len;

	snprintf(path, sizeof(path), "%s/state.json", id);
	if (run_fd < 0 || file_read(run_fd, path, RECORD_MAX, &text, &len) < 0 ||
	    oci_state_parse(text, len, &state, NULL) < 0)
		return 0;
	return state.pid > 0 && process_is(state.pid, state.pid_start) ? state.pid : 0;
}

void container_look(struct dolium *d, const char *id, int dir_fd, const struct record *record,
    struct container_status *ret_status)
{
	bool ended = false, ran;

	*ret_status = (struct container_status){ .phase = CONTAINER_CREATED };
	ran = report_read(dir_fd, ret_status, &ended);
	if (!ended)
		ret_status->pid = pid_of_running(d, id);
	if (ret_status->pid > 0) {
		ret_status->phase = CONTAINER_RUNNING;
		return;
	}
	if (ret_status->phase == CONTAINER_RESTARTING) {
		/* A keeper that was killed while it waited starts nothing any more. */
		if (container_lock(dir_fd) < 0)
			return;
		ret_status->phase = CONTAINER_EXITED;
		flock(dir_fd, LOCK_UN);
		return;
	}
	if (record && ((!ran && !record->of_run) || (ended && !record->auto_remove)))
		return;

	/* It is half made, or just starts or ends, or was left by a kill: the lock tells. */
	if (container_lock(dir_fd) < 0)
		return;
	if (!record || record->auto_remove || !ran) {
		ret_status->phase = CONTAINER_GARBAGE;
	} else {
		ret_status->phase = CONTAINER_EXITED;
		ret_status->exit_status = LOST_RUN_STATUS;
	}
	flock(dir_fd, LOCK_UN);
}

/* ---- taking down ---- */

/* The names of one whose record was never written: it was killed between the claim and that. */
static void names_drop(int names_fd, const char *id)
{
	AUTO(dir_close) DIR *dir = NULL;
	const struct dirent *entry;
	char owner[RECORD_ID_LEN + 1];

	if (dir_open(names_fd, ".", &dir) < 0)
		return;
	while ((entry = dir_next(dir)))
		if (name_read(names_fd, entry->d_name, owner) == 0 && strcmp(owner, id) == 0)
			unlinkat(names_fd, entry->d_name, 0);
}

int container_discard(
    struct dolium *d, const char *id, const struct record *record, bool volumes, struct err *e)
{
	AUTO_FD int names_fd = -1;
	int containers_fd = engine_containers_dir(d, e);
	char owner[RECORD_ID_LEN + 1];
	int r;

	if (containers_fd < 0)
		return containers_fd;
	/* We hold the lock, so nobody can take the name over between the look and the unlink. */
	names_fd = names_dir(containers_fd);
	if (record && names_fd >= 0 && name_read(names_fd, record->name, owner) == 0 &&
	    strcmp(owner, id) == 0)
		unlinkat(names_fd, record->name, 0);
	if (!record && names_fd >= 0)
		names_drop(names_fd, id);
	if (record && volumes)
		for (size_t i = 0; i < record->n_mounts; i++)
			if (record->mounts[i].anonymous)
				volume_remove(d, record->mounts[i].source, NULL);
	/* Of one whose keeper was killed, or its cgroups would stay for ever. */
	r = oci_clear(d, id, e);
	if (r < 0)
		return r;
	r = store_discard(d->store, containers_fd, id, e);
	return r == -ENOENT ? 0 : r;
}

static void sweep_one(struct dolium *d, const char *id)
{
	AUTO(record_free) struct record *record = NULL;
	AUTO_FD int dir_fd = container_open(d, id, NULL);
	struct container_status status;
	int r;

	if (dir_fd < 0)
		return;
	r = container_read(dir_fd, id, &record, NULL);
	if (r < 0 && r != -ENOENT)
		return; /* Damaged, or of a later dolium: a person should see it. */
	container_look(d, id, dir_fd, record, &status);
	if (status.phase != CONTAINER_GARBAGE || container_lock(dir_fd) < 0)
		return;
	log_debug("container %.12s: swept, its command was killed", id);
	container_discard(d, id, record, true, NULL);
}

void container_sweep(struct dolium *d, uint64_t budget_us)
{
	AUTO_STRV struct strv ids = { 0 };
	const uint64_t begin = monotonic_us();

	if (container_ids(d, &ids, NULL) < 0)
		return;
	strv_for_each (id, &ids) {
		if (monotonic_us() - begin > budget_us)
			return;
		sweep_one(d, *id);
	}
}
