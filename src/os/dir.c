/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading directories
 */
#include "os/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

int dir_open(int dir_fd, const char *path, DIR **ret_dir)
{
	AUTO_FD int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		return -errno;
	(void)TAKE_FD(fd); /* the stream's now */
	*ret_dir = dir;
	return 0;
}

const struct dirent *dir_next(DIR *dir)
{
	const struct dirent *entry;

	do
		entry = readdir(dir);
	while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
	return entry;
}

DIR *dir_close(DIR *dir)
{
	if (dir)
		closedir(dir);
	return NULL;
}
