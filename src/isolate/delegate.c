/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delegation
 *
 * config-linux.md, "cgroup ownership": the directory and the files that the kernel lists in
 * /sys/kernel/cgroup/delegate change their owner. The limits do not: they are the host's.
 */
#include "isolate/delegate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/err.h"
#include "os/file.h"

#define DELEGATE_LIST "/sys/kernel/cgroup/delegate"
#define LIST_MAX      4096

int delegate_cgroup(const char *path, uid_t owner, struct err *e)
{
	/* What kernels had before they had the list. */
	char before[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";
	AUTO_FREE char *list = NULL;
	AUTO_FD int dir = -1;
	size_t len = 0;
	char *rest = NULL;
	int r;

	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = dir < 0 || fchown(dir, owner, (gid_t)-1) < 0 ? -errno : 0;
	/* A plain user may do that no more than the container. */
	if (r == -EPERM)
		return 0;
	if (r < 0)
		return err_set(e, r, "cannot give the cgroup '%s' to the container", path);
	if (file_read_path(DELEGATE_LIST, LIST_MAX, &list, &len) < 0)
		list = NULL;
	for (char *name = strtok_r(list ? list : before, "\n", &rest); name;
	     name = strtok_r(NULL, "\n", &rest)) {
		/* One that a newer kernel knows may be of a controller that is not here. */
		if (!strchr(name, '/') &&
		    fchownat(dir, name, owner, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno != ENOENT)
			return err_set(
			    e, -errno, "cannot give '%s/%s' to the container", path, name);
	}
	return 0;
}
