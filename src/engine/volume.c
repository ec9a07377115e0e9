/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes: directories that outlive their containers
 */
#include "engine/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "engine/copy_up.h"
#include "engine/naming.h"
#include "os/file.h"
#include "store/store.h"

static int dir_open_or_make(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && (mkdirat(dir_fd, name, 0700) == 0 || errno == EEXIST))
		fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int volumes_dir(struct dolium *d, struct err *e)
{
	struct store *store;
	int r = engine_store(d, &store, e);

	if (r < 0)
		return r;
	r = dir_open_or_make(store_dir(store), "volumes");
	if (r < 0)
		return err_set(e, r, "cannot open '%s/volumes'", d->root);
	return r;
}

bool volume_exists(struct dolium *d, const char *name)
{
	AUTO_FD int volumes_fd = volumes_dir(d, NULL);

	return volumes_fd >= 0 && faccessat(volumes_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What the image has at `path`: an fd of the directory, or -ENOENT where it has none there. */
static int image_dir(int image_fd, const char *path)
{
	int fd = image_fd < 0
	    ? -ENOENT
	    : file_open_in_root(image_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

	return fd == -ENOTDIR ? -ENOENT : fd;
}

static int volume_fill(int home_fd, int image_fd, const char *path)
{
	AUTO_FD int data_fd = -1, from_fd = -1;

	/* Whoever a container runs as must be able to enter; the folder above is ours alone. */
	if (mkdirat(home_fd, "_data", 0755) < 0 || fchmodat(home_fd, "_data", 0755, 0) < 0)
		return -errno;
	from_fd = image_dir(image_fd, path);
	if (from_fd == -ENOENT)
		return 0;
	if (from_fd < 0)
		return from_fd;
	data_fd = openat(home_fd, "_data", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (data_fd < 0)
		return -errno;
	return copy_up(from_fd, data_fd);
}

int volume_ensure(struct dolium *d, const char *name, int image_fd, const char *path, struct err *e)
{
	AUTO_FD int volumes_fd = volumes_dir(d, e), tmp_fd = -1, home_fd = -1;
	char temporary[65];
	int r;

	if (volumes_fd < 0)
		return volumes_fd;
	if (faccessat(volumes_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	r = naming_id(temporary);
	if (r < 0)
		return err_set(e, r, "cannot make volume '%s'", name);
	tmp_fd = openat(store_dir(d->store), "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tmp_fd < 0 || mkdirat(tmp_fd, temporary, 0700) < 0)
		return err_set(e, -errno, "cannot make volume '%s'", name);
	home_fd = openat(tmp_fd, temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* Locked: the store's sweeper leaves it alone. */
	if (home_fd < 0 || flock(home_fd, LOCK_EX) < 0)
		return err_set(e, -errno, "cannot make volume '%s'", name);
	r = volume_fill(home_fd, image_fd, path);
	if (r == 0 && syncfs(home_fd) < 0)
		r = -errno;
	if (r == 0 && renameat2(tmp_fd, temporary, volumes_fd, name, RENAME_NOREPLACE) < 0)
		r = -errno;
	if (r == 0)
		return 1;
	store_discard(d->store, tmp_fd, temporary, NULL);
	return r == -EEXIST ? 0 : err_set(e, r, "cannot make volume '%s'", name);
}

int volume_path(struct dolium *d, const char *name, char **ret_path, struct err *e)
{
	AUTO_BUF struct buf path = { 0 };
	struct store *store;
	int r = engine_store(d, &store, e);

	if (r < 0)
		return r;
	buf_addf(&path, "%s/volumes/%s/_data", store_path(store), name);
	r = buf_take(&path, ret_path);
	return r < 0 ? err_set(e, r, "cannot find volume '%s'", name) : 0;
}

int volume_remove(struct dolium *d, const char *name, struct err *e)
{
	AUTO_FD int volumes_fd = volumes_dir(d, e);

	if (volumes_fd < 0)
		return volumes_fd;
	return store_discard(d->store, volumes_fd, name, e);
}
