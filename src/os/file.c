/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole files, read and written at once
 *
 * The kernel does the path checks (openat2 with RESOLVE_BENEATH), so there is
 * no moment between a check and its use.
 */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"

static int open_how(int dir_fd, const char *path, int flags, mode_t mode, unsigned resolve)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC,
		.mode = (flags & (O_CREAT | __O_TMPFILE)) ? mode : 0,
		.resolve = resolve,
	};
	long fd;

	/* -EAGAIN: something was renamed while the kernel looked (openat2(2)); a rival cannot keep
	 * that up for ever. */
	for (int tries = 0; tries < 128; tries++) {
		fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

int file_open_beneath(int dir_fd, const char *path, int flags, mode_t mode)
{
	return open_how(dir_fd, path, flags, mode, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

int file_open_in_root(int root_fd, const char *path, int flags, mode_t mode)
{
	return open_how(root_fd, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int file_read_fd(int fd, size_t max, char **ret_text, size_t *ret_len)
{
	AUTO_FREE char *text = NULL;
	size_t len = 0, room = 0;

	for (;;) {
		ssize_t n;

		if (len == room) {
			char *more;

			room = room ? room * 2 : 16384;
			if (room > max)
				room = max + 1;
			if (len > max)
				return -EFBIG;
			more = realloc(text, room + 1);
			if (!more)
				return -ENOMEM;
			text = more;
		}
		n = read(fd, text + len, room - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	if (len > max)
		return -EFBIG;

	text[len] = '\0';
	*ret_text = TAKE(text);
	if (ret_len)
		*ret_len = len;
	return 0;
}

int file_read(int dir_fd, const char *path, size_t max, char **ret_text, size_t *ret_len)
{
	AUTO_FD int fd = -1;

	fd = file_open_beneath(dir_fd, path, O_RDONLY, 0);
	if (fd < 0)
		return fd;
	return file_read_fd(fd, max, ret_text, ret_len);
}

int file_read_path(const char *path, size_t max, char **ret_text, size_t *ret_len)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : file_read_fd(fd, max, ret_text, ret_len);
}

int file_write_fd(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int replace(
    int dir_fd, const char *path, const void *data, size_t len, mode_t mode, bool durable)
{
	AUTO_FREE char *next = NULL;
	AUTO_FD int fd = -1;
	int r;

	/* Named by the process: two that replace one file do not write into each other's. */
	if (asprintf(&next, "%s.%d.next", path, getpid()) < 0) {
		next = NULL;
		return -ENOMEM;
	}

	/* Never opens what is there: a directory that a worker may write to could have a device
	   or a pipe of that name. */
	fd = file_open_beneath(dir_fd, next, O_WRONLY | O_CREAT | O_EXCL, mode);
	if (fd == -EEXIST && unlinkat(dir_fd, next, 0) >= 0)
		fd = file_open_beneath(dir_fd, next, O_WRONLY | O_CREAT | O_EXCL, mode);
	if (fd < 0)
		return fd;

	r = file_write_fd(fd, data, len);
	if (r >= 0 && durable && fsync(fd) < 0)
		r = -errno;
	if (r >= 0 && renameat(dir_fd, next, dir_fd, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(dir_fd, next, 0);
	else if (durable && fsync(dir_fd) < 0)
		r = -errno;
	return r;
}

int file_replace(int dir_fd, const char *path, const void *data, size_t len, mode_t mode)
{
	return replace(dir_fd, path, data, len, mode, true);
}

int file_replace_fast(int dir_fd, const char *path, const void *data, size_t len, mode_t mode)
{
	return replace(dir_fd, path, data, len, mode, false);
}
