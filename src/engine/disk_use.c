/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much a directory holds
 */
#include "engine/disk_use.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"

#define DEPTH_MAX 256

static uint64_t use_below(int dir_fd, const char *name, unsigned depth)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *entry;
	uint64_t sum = 0;
	struct stat st;
	DIR *dir;

	if (fd < 0)
		return 0;
	dir = depth < DEPTH_MAX ? fdopendir(fd) : NULL;
	if (!dir) {
		close(fd);
		return 0;
	}
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISREG(st.st_mode))
			sum += (uint64_t)st.st_size;
		else if (S_ISDIR(st.st_mode))
			sum += use_below(fd, entry->d_name, depth + 1);
	}
	closedir(dir);
	return sum;
}

uint64_t disk_use(int dir_fd, const char *name)
{
	return use_below(dir_fd, name, 0);
}
