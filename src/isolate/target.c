/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Targets of mounts
 *
 * A target is resolved with the container's root as '/', by the kernel. What is
 * missing is made one component at a time, each in a directory that is held by its fd
 * (CVE-2024-45310). Where a link leads to nothing, what it names is made within the root.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "isolate/child.h"
#include "os/file.h"

#define LINKS_MAX 8 /* one after the other, that lead to nothing */

static int make_dir(int parent_fd, const char *name)
{
	int fd;

	if (mkdirat(parent_fd, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(parent_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_or_make(int root_fd, char *path, unsigned n_links);

/*
 * A link that leads to nothing: what it names is made, with the root as '/' again. The
 * name is looked up from the root each time, by the kernel, so it never leads out of it.
 */
static int make_behind_link(
    int root_fd, const char *dir, int parent_fd, const char *name, unsigned n_links)
{
	char link[PATH_MAX], path[PATH_MAX];
	const ssize_t len = readlinkat(parent_fd, name, link, sizeof(link) - 1);
	int n;

	if (len < 0)
		return -ENOTDIR; /* no link either */
	if (n_links == 0)
		return -ELOOP;
	link[len] = '\0';
	n = link[0] == '/' ? snprintf(path, sizeof(path), "%s", link + strspn(link, "/"))
	                   : snprintf(path, sizeof(path), "%s/%s", *dir ? dir : ".", link);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	return open_or_make(root_fd, path, n_links - 1);
}

/* "a/..": not made itself, but what stands before it; then it is the kernel's to resolve. */
static int open_behind(int root_fd, char *path, char *slash, unsigned n_links)
{
	int fd;

	if (!slash)
		return -ENOENT;
	*slash = '\0';
	fd = *path ? open_or_make(root_fd, path, n_links) : -ENOENT;
	*slash = '/';
	if (fd < 0)
		return fd;
	close(fd);
	return file_open_in_root(root_fd, path, O_PATH | O_DIRECTORY, 0);
}

/* `path` is cut into while this runs, and whole again afterwards. */
static int open_or_make(int root_fd, char *path, unsigned n_links)
{
	char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	AUTO_FD int parent = -1;
	int fd;

	fd = file_open_in_root(root_fd, path, O_PATH | O_DIRECTORY, 0);
	if (fd != -ENOENT)
		return fd;
	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return open_behind(root_fd, path, slash, n_links);
	if (slash) {
		*slash = '\0';
		parent = open_or_make(root_fd, path, n_links);
	} else {
		parent = fcntl(root_fd, F_DUPFD_CLOEXEC, 3);
	}
	fd = parent < 0 ? parent : make_dir(parent, name);
	if (fd == -ENOTDIR || fd == -ELOOP)
		fd = make_behind_link(root_fd, slash ? path : "", parent, name, n_links);
	if (slash)
		*slash = '/';
	return fd;
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
	return open_or_make(root_fd, copy, LINKS_MAX);
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
	fd = make_file(parent, slash ? slash + 1 : path);
	/* Others may be starting on the same root: what they have made serves us as well. */
	return fd == -EEXIST ? file_open_in_root(root_fd, path, O_PATH, 0) : fd;
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
