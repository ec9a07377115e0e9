/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing containers, and giving them other names
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "engine/container.h"
#include "engine/disk_use.h"
#include "engine/filter.h"
#include "engine/keeper_call.h"
#include "engine/naming.h"
#include "engine/oci_launch.h"
#include "engine/subject.h"
#include "format/json.h"
#include "store/store.h"

#define SWEEP_US     200000
#define LOCK_WAIT_MS 10000
#define LOCK_STEP_MS 5

/* Kills what is inside, and waits until whoever stays with it has let go. */
static int end(struct dolium *d, const char *id, int dir_fd, struct err *e)
{
	const struct timespec step = { .tv_nsec = LOCK_STEP_MS * 1000000L };
	int r;

	keeper_end(d, id, LOCK_WAIT_MS);
	for (int waited = 0; waited < LOCK_WAIT_MS; waited += LOCK_STEP_MS) {
		/* Again from time to time: it may have been about to start when we first looked. */
		if (waited % 500 == 0 && (r = oci_clear(d, id, e)) < 0)
			return r;
		r = container_lock(dir_fd);
		if (r != -EBUSY)
			return r;
		nanosleep(&step, NULL);
	}
	return err_refuse(e, -EBUSY, "container %.12s does not end", id);
}

static int lock_to_remove(
    struct dolium *d, const char *name, const char *id, int dir_fd, bool force, struct err *e)
{
	int r = container_lock(dir_fd);

	if (r != -EBUSY)
		return r < 0 ? err_set(e, r, "cannot lock container '%s'", name) : 0;
	if (force)
		return end(d, id, dir_fd, e);
	err_refuse(e, -EBUSY, "cannot remove container '%s': it is running", name);
	err_hint(e, "end it first, or remove it with --force");
	return -EBUSY;
}

static int remove_one(
    struct dolium *d, const char *name, const char *id, bool force, bool volumes, struct err *e)
{
	AUTO(record_free) struct record *record = NULL;
	AUTO_FD int dir_fd = container_open(d, id, e);
	int r;

	if (dir_fd == -ENOENT)
		return err_refuse(e, -ENOENT, "no such container: '%s'", name);
	if (dir_fd < 0)
		return dir_fd;
	r = lock_to_remove(d, name, id, dir_fd, force, e);
	if (r < 0)
		return r;
	r = container_read(dir_fd, id, &record, e);
	if (r < 0 && !force)
		return r;
	return container_discard(d, id, record, volumes, e);
}

/* ---- rename ---- */

int dolium_container_rename(struct dolium *d, const char *name, const char *new_name)
{
	AUTO_SUBJECT struct subject s = SUBJECT_NONE;
	struct err *e = engine_begin(d);
	const char *to = new_name[0] == '/' ? new_name + 1 : new_name;
	int r = subject_find(d, name, &s, e);

	if (r < 0)
		return r;
	if (!naming_is_name(to))
		return err_refuse(e, -EINVAL,
		    "invalid container name '%s': letters, digits, '_', '.' and '-' are allowed, "
		    "and it "
		    "begins with a letter or digit",
		    new_name);
	if (strcmp(to, s.record->name) == 0)
		return err_refuse(e, -EINVAL, "container '%s' has that name already", name);
	return container_rename(d, s.dir_fd, s.record, to, e);
}

/* ---- prune ---- */

/* 1: it was removed. */
static int prune_one(struct dolium *d, const char *id, const char *const *filters, int64_t until_ns,
    uint64_t *freed, struct err *e)
{
	AUTO(record_free) struct record *record = NULL;
	AUTO_FD int dir_fd = container_open(d, id, NULL);
	struct container_status status;

	if (dir_fd < 0 || container_read(dir_fd, id, &record, NULL) < 0)
		return 0;
	if (!filter_labels(filters, &record->labels) || (until_ns && record->created_ns > until_ns))
		return 0;
	container_look(d, id, dir_fd, record, &status);
	if ((status.phase != CONTAINER_EXITED && status.phase != CONTAINER_CREATED) ||
	    container_lock(dir_fd) < 0)
		return 0;
	*freed += disk_use(dir_fd, "upper");
	return container_discard(d, id, record, false, e) < 0 ? e->code : 1;
}

int dolium_container_prune(struct dolium *d, const char *const *filters, struct dolium_value **ret)
{
	static const char *const known[] = { "label", "until", NULL };
	AUTO_STRV struct strv ids = { 0 };
	AUTO_BUF struct buf text = { 0 };
	struct json_writer w = { .to = &text };
	struct err *e = engine_begin(d);
	int64_t until_ns = 0;
	uint64_t freed = 0;
	int r = filters ? filter_check(filters, known, e) : 0;

	for (const char *const *f = filters; r == 0 && f && *f; f++)
		if (strncmp(*f, "until=", 6) == 0)
			r = dolium_time_parse(d, *f + 6, &until_ns);
	if (r == 0)
		r = container_ids(d, &ids, e);
	if (r < 0)
		return r;
	json_open_object(&w, NULL);
	json_open_array(&w, "ContainersDeleted");
	strv_for_each (id, &ids) {
		r = prune_one(d, *id, filters, until_ns, &freed, e);
		if (r < 0)
			return r;
		if (r > 0)
			json_put_text(&w, NULL, *id);
	}
	json_close_array(&w);
	json_put_u64(&w, "SpaceReclaimed", freed);
	json_close_object(&w);
	container_sweep(d, SWEEP_US);
	store_sweep(d->store, SWEEP_US);
	return engine_value_parse(&text, ret, e);
}

int dolium_container_remove(
    struct dolium *d, const char *name, bool force, bool volumes, char **ret_id)
{
	struct err *e = engine_begin(d);
	char id[RECORD_ID_LEN + 1];
	int r = container_find(d, name, id, e);

	if (r == 0)
		r = remove_one(d, name, id, force, volumes, e);
	if (r < 0)
		return r;
	container_sweep(d, SWEEP_US);
	store_sweep(d->store, SWEEP_US);
	if (ret_id && !(*ret_id = strdup(id)))
		return err_set(e, -ENOMEM, "container %s was removed", id);
	return 0;
}
