/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing containers
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "engine/container.h"
#include "engine/keeper_call.h"
#include "engine/oci_launch.h"
#include "store/store.h"

#define SWEEP_US     200000
#define LOCK_WAIT_MS 10000
#define LOCK_STEP_MS 5

/* Kills what is inside, and waits until whoever stays with it has let go. */
static int end(struct dolium *d, const char *id, int dir_fd, struct err *e)
{
	const struct timespec step = { .tv_nsec = LOCK_STEP_MS * 1000000L };
	AUTO_FREE char *oci = NULL;
	char *argv[] = { NULL, (char[]){ "--root" }, d->run_root, (char[]){ "delete" },
		(char[]){ "--force" }, (char *)(uintptr_t)id, NULL };
	struct launch launch = {
		.argv = argv, .null_stdin = true, .null_stdout = true, .null_stderr = true
	};
	int r = engine_run_dir(d, e);

	keeper_end(d, id, LOCK_WAIT_MS);
	if (r >= 0)
		r = engine_helper(d, "dolium-oci", &oci, e);
	if (r < 0)
		return r;
	launch.program = argv[0] = oci;
	for (int waited = 0; waited < LOCK_WAIT_MS; waited += LOCK_STEP_MS) {
		/* Again from time to time: it may have been about to start when we first looked. */
		if (waited % 500 == 0 && (r = oci_launch(&launch, e)) < 0)
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
