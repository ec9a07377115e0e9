/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much a directory holds
 */
#include "engine/disk_use.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "os/dir.h"

#define DEPTH_MAX 256

static uint64_t use_below(int dir_fd, const char *name, unsigned depth)
{
	AUTO(dir_close) DIR *dir = NULL;
	const struct dirent *entry;
	uint64_t sum = 0;
	struct stat st;

	if (depth >= DEPTH_MAX || dir_open(dir_fd, name, &dir) < 0)
		return 0;
	while ((entry = dir_next(dir))) {
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISREG(st.st_mode))
			sum += (uint64_t)st.st_size;
		else if (S_ISDIR(st.st_mode))
			sum += use_below(dirfd(dir), entry->d_name, depth + 1);
	}
	return sum;
}

uint64_t disk_use(int dir_fd, const char *name)
{
	return use_below(dir_fd, name, 0);
}
