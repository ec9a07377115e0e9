/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: a cgroup that the container may divide further
 *
 * config-linux.md, "Cgroup ownership": of v2 alone, and of the files that the kernel names. Others
 * would let the container lift its own limits.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/strv.h"
#include "isolate/limits.h"
#include "isolate/limits_group.h"
#include "os/file.h"

#define DELEGATE_FILE "/sys/kernel/cgroup/delegate"
/* Before Linux 4.15 there is no such file. */
#define DELEGATE_DEFAULT "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n"

static int give(int dir_fd, const char *name, uid_t owner)
{
	if (fchownat(dir_fd, name, owner, (gid_t)-1, AT_SYMLINK_NOFOLLOW) >= 0)
		return 0;
	return errno == ENOENT ? 0 : -errno;
}

static int give_files(int dir_fd, char *names, uid_t owner)
{
	char *name;
	int r = 0;

	while (r >= 0 && (name = strsep(&names, "\n")))
		if (*name && !strchr(name, '/'))
			r = give(dir_fd, name, owner);
	return r;
}

int limits_delegate(const struct limits *l, uid_t owner, struct err *e)
{
	const struct group *g = limits_group_v2(l);
	AUTO_FREE char *names = NULL;
	AUTO_FD int dir = -1;
	int r;

	if (!g)
		return 0;
	r = file_read_path(DELEGATE_FILE, 65536, &names, NULL);
	if (r < 0)
		names = strdup(DELEGATE_DEFAULT);
	if (!names)
		return err_set(e, -ENOMEM, "cannot delegate cgroup '%s'", g->path);
	dir = open(g->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = dir < 0 || fchown(dir, owner, (gid_t)-1) < 0 ? -errno : give_files(dir, names, owner);
	return r < 0 ? err_set(e, r, "cannot delegate cgroup '%s'", g->path) : 0;
}
