/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Targets of mounts
 *
 * A target is resolved with the container's root as '/', by the kernel. What is
 * missing is made one component at a time, each in a directory that is held by its fd, and
 * no link is followed to where something is made (CVE-2024-45310).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "isolate/child.h"
#include "os/file.h"

static int make_dir(int parent_fd, const char *name)
{
	int fd;

	if (mkdirat(parent_fd, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(parent_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* `path` is cut into while this runs, and whole again afterwards. */
static int open_or_make(int root_fd, char *path)
{
	char *slash = strrchr(path, '/');
	AUTO_FD int parent = -1;
	int fd;

	fd = file_open_in_root(root_fd, path, O_PATH | O_DIRECTORY, 0);
	if (fd != -ENOENT)
		return fd;
	if (!slash)
		return make_dir(root_fd, path);
	*slash = '\0';
	parent = open_or_make(root_fd, path);
	*slash = '/';
	return parent < 0 ? parent : make_dir(parent, slash + 1);
}

int target_make_dirs(int root_fd, const char *path, size_t len)
{
	char copy[PATH_MAX];
	int fd;

	if (len >= sizeof(copy))
		return -ENAMETOOLONG;
	if (len == 0) {
		fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 3);
		return fd < 0 ? -errno : fd;
	}
	memcpy(copy, path, len);
	copy[len] = '\0';
	return open_or_make(root_fd, copy);
}

/* Not for writing: who still held it so would keep the root from being made read-only. */
static int make_file(int parent_fd, const char *name)
{
	int fd =
	    openat(parent_fd, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDONLY | O_CLOEXEC, 0644);

	return fd < 0 ? -errno : fd;
}

int target_open(int root_fd, const char *path, bool is_dir)
{
	const char *slash = strrchr(path, '/');
	AUTO_FD int parent = -1;
	int fd;

	if (is_dir)
		return target_make_dirs(root_fd, path, strlen(path));
	fd = file_open_in_root(root_fd, path, O_PATH, 0);
	if (fd != -ENOENT)
		return fd;
	parent = target_make_dirs(root_fd, path, slash ? (size_t)(slash - path) : 0);
	if (parent < 0)
		return parent;
	return make_file(parent, slash ? slash + 1 : path);
}

static int open_parent(int root_fd, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');

	*ret_name = slash ? slash + 1 : path;
	return target_make_dirs(root_fd, path, slash ? (size_t)(slash - path) : 0);
}

int target_open_link(int root_fd, const char *path, bool is_dir)
{
	AUTO_FD int parent = -1;
	const char *name;
	int fd;

	parent = open_parent(root_fd, path, &name);
	if (parent < 0)
		return parent;
	fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (errno != ENOENT)
		return -errno;
	return is_dir ? make_dir(parent, name) : make_file(parent, name);
}

int target_make_link(int root_fd, const char *path, const char *to)
{
	AUTO_FD int parent = -1;
	char there[PATH_MAX];
	const char *name;
	ssize_t n;

	parent = open_parent(root_fd, path, &name);
	if (parent < 0)
		return parent;
	if (symlinkat(to, parent, name) >= 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	n = readlinkat(parent, name, there, sizeof(there));
	return n == (ssize_t)strlen(to) && memcmp(there, to, (size_t)n) == 0 ? 0 : -EEXIST;
}
