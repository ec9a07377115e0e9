/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy of a small tree, for "tmpcopyup"
 *
 * Runs in the child, so directories are read with getdents64(2) into the stack:
 * opendir(3) allocates. Files, directories and links with owner, mode and times;
 * what is something else (a socket, a device) is left out.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "isolate/child.h"

#define DEPTH_MAX 64

struct dirent64_raw {
	uint64_t inode;
	int64_t offset;
	unsigned short len;
	unsigned char type;
	char name[];
};

static int copy_meta(int fd, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchown(fd, st->st_uid, st->st_gid) < 0 || fchmod(fd, st->st_mode & 07777) < 0 ||
	    futimens(fd, times) < 0)
		return -errno;
	return 0;
}

static int copy_file(int from_dir, int to_dir, const char *name, const struct stat *st)
{
	AUTO_FD int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_FD int to =
	    openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t n;

	if (from < 0 || to < 0)
		return -errno;
	do
		n = sendfile(to, from, NULL, 1 << 20);
	while (n > 0);
	return n < 0 ? -errno : copy_meta(to, st);
}

static int copy_link(int from_dir, int to_dir, const char *name, const struct stat *st)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(from_dir, name, text, sizeof(text) - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	if (symlinkat(text, to_dir, name) < 0 ||
	    fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int copy_dir(int from_dir, int to_dir, const char *name, unsigned depth)
{
	AUTO_FD int from = -1;
	AUTO_FD int to = -1;

	if (mkdirat(to_dir, name, 0700) < 0)
		return -errno;
	from = openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	to = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0 || to < 0)
		return -errno;
	return target_copy_tree(from, to, depth + 1);
}

static int copy_entry(int from_dir, int to_dir, const char *name, unsigned depth)
{
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (fstatat(from_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return copy_dir(from_dir, to_dir, name, depth);
	if (S_ISLNK(st.st_mode))
		return copy_link(from_dir, to_dir, name, &st);
	return S_ISREG(st.st_mode) ? copy_file(from_dir, to_dir, name, &st) : 0;
}

int target_copy_tree(int from_fd, int to_fd, unsigned depth)
{
	char entries[4096] __attribute__((aligned(8)));
	struct stat st;

	if (depth > DEPTH_MAX)
		return -ELOOP;
	for (;;) {
		long n = syscall(SYS_getdents64, from_fd, entries, sizeof(entries));

		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		for (long at = 0; at < n;) {
			const struct dirent64_raw *entry =
			    (const struct dirent64_raw *)(const void *)(entries + at);
			int r = copy_entry(from_fd, to_fd, entry->name, depth);

			if (r < 0)
				return r;
			at += entry->len;
		}
	}
	if (fstat(from_fd, &st) < 0)
		return -errno;
	return copy_meta(to_fd, &st);
}
