/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sweep: what earlier commands left behind
 *
 * What is in trash/ is garbage. What is in tmp/ is garbage when its lock can be
 * taken: whoever works there holds it, and the kernel gives it back when he
 * dies. Trees may be deeper than there are fds, or than a path may be long, so a
 * directory far down is first moved up into trash/.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "os/dir.h"
#include "os/file.h"
#include "os/monotonic.h"
#include "store/store.h"
#include "store/store_state.h"

#define DEPTH_MAX 24

struct sweep {
	struct store *store;
	uint64_t deadline_us;
};

static bool is_over(const struct sweep *w)
{
	return monotonic_us() >= w->deadline_us;
}

static void remove_tree(struct sweep *w, int dir_fd, const char *name, unsigned depth);

static void remove_inside(struct sweep *w, int fd, unsigned depth)
{
	AUTO(dir_close) DIR *dir = NULL;
	const struct dirent *x;

	(void)dir_open(fd, ".", &dir);
	while (dir && !is_over(w) && (x = dir_next(dir))) {
		if (x->d_type != DT_DIR && unlinkat(fd, x->d_name, 0) == 0)
			continue;
		remove_tree(w, fd, x->d_name, depth + 1);
	}
}

/* Removes what it can in its time; the rest stays for the next sweep. */
static void remove_tree(struct sweep *w, int dir_fd, const char *name, unsigned depth)
{
	AUTO_FD int fd = -1;

	if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return;
	if (errno == ENOTDIR) {
		(void)unlinkat(dir_fd, name, 0);
		return;
	}
	if (depth > DEPTH_MAX) {
		(void)store_discard(w->store, dir_fd, name, NULL);
		return;
	}
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	remove_inside(w, fd, depth);
	(void)unlinkat(dir_fd, name, AT_REMOVEDIR);
}

/* Takes the lock of a thing in tmp/ and removes it while it has it. */
static void remove_if_unused(struct sweep *w, int tmp_fd, const char *name)
{
	AUTO_FD int fd = openat(tmp_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return;
	remove_tree(w, tmp_fd, name, 0);
}

static void sweep_folder(struct sweep *w, const char *folder, bool is_locked)
{
	AUTO(dir_close) DIR *dir = NULL;
	const struct dirent *x;

	(void)dir_open(w->store->root_fd, folder, &dir);
	while (dir && !is_over(w) && (x = dir_next(dir))) {
		if (is_locked)
			remove_if_unused(w, dirfd(dir), x->d_name);
		else
			remove_tree(w, dirfd(dir), x->d_name, 0);
	}
}

static bool has_entries(int root_fd, const char *folder)
{
	AUTO(dir_close) DIR *dir = NULL;

	return dir_open(root_fd, folder, &dir) == 0 && dir_next(dir);
}

void store_sweep(struct store *s, uint64_t budget_us)
{
	struct sweep w = { .store = s };

	if (__builtin_add_overflow(monotonic_us(), budget_us, &w.deadline_us))
		w.deadline_us = UINT64_MAX;
	sweep_folder(&w, "tmp", true);
	/* Again, because what was too deep has been moved up; not for ever, as something may stay.
	 */
	for (int round = 0; round < 256 && !is_over(&w) && has_entries(s->root_fd, "trash");
	     round++)
		sweep_folder(&w, "trash", false);
}
