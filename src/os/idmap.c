/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Id maps of user namespaces
 */
#include "os/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/auto.h"
#include "os/file.h"
#include "os/process.h"

/* The kernel wants a map in one write. */
static int write_map(pid_t pid, const char *file, const char *map)
{
	AUTO_FD int fd = -1;
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return write(fd, map, strlen(map)) < 0 ? -errno : 0;
}

int idmap_write(pid_t pid, const char *uid_map, const char *gid_map)
{
	int r;

	/* Without CAP_SETGID outside, the kernel wants setgroups(2) given up before the gid map. */
	r = write_map(pid, "gid_map", gid_map);
	if (r == -EPERM && geteuid() != 0) {
		r = write_map(pid, "setgroups", "deny");
		if (r >= 0)
			r = write_map(pid, "gid_map", gid_map);
	}
	if (r < 0)
		return r;
	return write_map(pid, "uid_map", uid_map);
}

int idmap_userns(const char *uid_map, const char *gid_map)
{
	char path[48];
	int r, fd = -1;
	pid_t pid;

	pid = process_clone(CLONE_NEWUSER, -1, NULL);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (pid < 0)
		return pid;

	r = idmap_write(pid, uid_map, gid_map);
	if (r >= 0) {
		snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		r = fd < 0 ? -errno : fd;
	}
	kill(pid, SIGKILL);
	process_wait(pid);
	return r;
}
