/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying a directory with all that belongs to it
 *
 * Attributes are set after contents, those of a directory after what is in it,
 * so that times stay. A file with several names is copied once; its other names
 * become links to the first copy, which is remembered by its path in the copy.
 */
#include "engine/copy_up.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/auto.h"
#include "base/buf.h"
#include "os/dir.h"

#define DEPTH_MAX      256
#define XATTR_NAMES    4096
#define XATTR_VALUE    65536
#define COPY_CHUNK_MAX ((size_t)1 << 30)

struct linked {
	dev_t dev;
	ino_t ino;
	char *path; /* in the copy */
};

struct copy {
	int to_root_fd; /* borrowed */
	struct linked *linked;
	size_t n_linked, room_linked;
	struct buf path; /* of the entry in hand */
	unsigned depth;
};

static int copy_dir(struct copy *c, int from_fd, int to_fd);

/* ---- attributes ---- */

/* overlayfs keeps notes of its own in trusted.overlay.*: they mean nothing in a copy. */
static int copy_xattr(int from_fd, int to_fd, const char *name, char *value)
{
	ssize_t len;

	if (strncmp(name, "trusted.overlay.", 16) == 0)
		return 0;
	len = fgetxattr(from_fd, name, value, XATTR_VALUE);
	if (len < 0)
		return errno == ENODATA ? 0 : -errno;
	if (fsetxattr(to_fd, name, value, (size_t)len, 0) < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	return 0;
}

static int copy_xattrs(int from_fd, int to_fd)
{
	AUTO_FREE char *value = NULL;
	char names[XATTR_NAMES];
	ssize_t len = flistxattr(from_fd, names, sizeof(names));

	if (len < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	if (len == 0)
		return 0;
	value = malloc(XATTR_VALUE);
	if (!value)
		return -ENOMEM;
	for (const char *name = names; name < names + len; name += strlen(name) + 1) {
		int r = copy_xattr(from_fd, to_fd, name, value);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Owner first: it takes set-id bits and file capabilities away. */
static int copy_attributes(int from_fd, int to_fd, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	int r;

	if (fchown(to_fd, st->st_uid, st->st_gid) < 0 || fchmod(to_fd, st->st_mode & 07777) < 0)
		return -errno;
	r = copy_xattrs(from_fd, to_fd);
	if (r < 0)
		return r;
	return futimens(to_fd, times) < 0 ? -errno : 0;
}

/* ---- contents ---- */

/* Copies [from, to) of a file, by whatever the kernel does best between these two. */
static int copy_range(int from_fd, int to_fd, off_t from, off_t to)
{
	bool by_range = true;

	if (lseek(to_fd, from, SEEK_SET) < 0)
		return -errno;
	while (from < to) {
		size_t want =
		    (uint64_t)(to - from) > COPY_CHUNK_MAX ? COPY_CHUNK_MAX : (size_t)(to - from);
		ssize_t n = by_range ? copy_file_range(from_fd, &from, to_fd, NULL, want, 0)
		                     : sendfile(to_fd, from_fd, &from, want);

		if (n < 0 && by_range)
			by_range = false;
		else if (n < 0)
			return -errno;
		else if (n == 0)
			return by_range ? -EIO : 0;
	}
	return 0;
}

static int copy_content(int from_fd, int to_fd, off_t size)
{
	off_t at = 0;
	int r;

	while (at < size) {
		off_t data = lseek(from_fd, at, SEEK_DATA), hole;

		if (data < 0)
			break; /* ENXIO: only a hole is left */
		hole = lseek(from_fd, data, SEEK_HOLE);
		if (hole < 0)
			hole = size;
		r = copy_range(from_fd, to_fd, data, hole);
		if (r < 0)
			return r;
		at = hole;
	}
	return ftruncate(to_fd, size) < 0 ? -errno : 0;
}

/* ---- entries ---- */

static int link_remember(struct copy *c, const struct stat *st)
{
	struct linked *grown;
	char *path;

	if (st->st_nlink < 2)
		return 0;
	if (c->n_linked == c->room_linked) {
		const size_t room = c->room_linked ? 2 * c->room_linked : 64;

		grown = reallocarray(c->linked, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		c->linked = grown;
		c->room_linked = room;
	}
	path = strdup(buf_text(&c->path));
	if (!path)
		return -ENOMEM;
	c->linked[c->n_linked++] = (struct linked){ st->st_dev, st->st_ino, path };
	return 0;
}

static const char *link_find(const struct copy *c, const struct stat *st)
{
	if (st->st_nlink < 2)
		return NULL;
	for (size_t i = 0; i < c->n_linked; i++)
		if (c->linked[i].ino == st->st_ino && c->linked[i].dev == st->st_dev)
			return c->linked[i].path;
	return NULL;
}

static int copy_file(int from_dir, int to_dir, const char *name, const struct stat *st)
{
	AUTO_FD int from_fd =
	    openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	AUTO_FD int to_fd = -1;
	int r;

	if (from_fd < 0)
		return -errno;
	to_fd = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to_fd < 0)
		return -errno;
	r = copy_content(from_fd, to_fd, st->st_size);
	return r < 0 ? r : copy_attributes(from_fd, to_fd, st);
}

static int copy_symlink(int from_dir, int to_dir, const char *name, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	char target[4096];
	ssize_t len = readlinkat(from_dir, name, target, sizeof(target) - 1);

	if (len < 0)
		return -errno;
	target[len] = '\0';
	if (symlinkat(target, to_dir, name) < 0 ||
	    fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    utimensat(to_dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int copy_node(int to_dir, const char *name, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (mknodat(to_dir, name, st->st_mode, st->st_rdev) < 0 ||
	    fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(to_dir, name, st->st_mode & 07777, 0) < 0 ||
	    utimensat(to_dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int copy_subdir(struct copy *c, int from_dir, int to_dir, const char *name)
{
	AUTO_FD int from_fd =
	    openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_FD int to_fd = -1;

	if (from_fd < 0 || mkdirat(to_dir, name, 0700) < 0)
		return -errno;
	to_fd = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to_fd < 0)
		return -errno;
	return copy_dir(c, from_fd, to_fd);
}

static int copy_entry(struct copy *c, int from_dir, int to_dir, const char *name)
{
	const char *first;
	struct stat st;
	int r;

	if (fstatat(from_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return copy_subdir(c, from_dir, to_dir, name);
	first = link_find(c, &st);
	if (first)
		return linkat(c->to_root_fd, first, to_dir, name, 0) < 0 ? -errno : 0;
	r = link_remember(c, &st);
	if (r < 0)
		return r;
	if (S_ISREG(st.st_mode))
		return copy_file(from_dir, to_dir, name, &st);
	if (S_ISLNK(st.st_mode))
		return copy_symlink(from_dir, to_dir, name, &st);
	return copy_node(to_dir, name, &st);
}

static int copy_entries(struct copy *c, DIR *dir, int from_fd, int to_fd)
{
	const struct dirent *entry;

	while ((entry = dir_next(dir))) {
		const size_t before = c->path.len;
		int r;

		buf_addf(&c->path, before ? "/%s" : "%s", entry->d_name);
		r = buf_error(&c->path);
		if (r == 0)
			r = copy_entry(c, from_fd, to_fd, entry->d_name);
		if (r < 0)
			return r;
		c->path.len = before;
		c->path.data[before] = '\0';
	}
	return 0;
}

static int copy_dir(struct copy *c, int from_fd, int to_fd)
{
	AUTO(dir_close) DIR *dir = NULL;
	struct stat st;
	int r;

	if (c->depth >= DEPTH_MAX)
		return -ELOOP;
	if (fstat(from_fd, &st) < 0)
		return -errno;
	r = dir_open(from_fd, ".", &dir);
	if (r < 0)
		return r;
	c->depth++;
	r = copy_entries(c, dir, from_fd, to_fd);
	c->depth--;
	return r < 0 ? r : copy_attributes(from_fd, to_fd, &st);
}

int copy_up(int from_fd, int to_fd)
{
	struct copy c = { .to_root_fd = to_fd };
	int r = copy_dir(&c, from_fd, to_fd);

	for (size_t i = 0; i < c.n_linked; i++)
		free(c.linked[i].path);
	free(c.linked);
	buf_done(&c.path);
	return r;
}
