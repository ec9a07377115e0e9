/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces: their kinds
 */
#include "os/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/auto.h"

static const struct {
	const char *name;
	uint64_t flag;
} kinds[NAMESPACE_N] = {
	[NAMESPACE_USER] = { "user", CLONE_NEWUSER },
	[NAMESPACE_PID] = { "pid", CLONE_NEWPID },
	[NAMESPACE_NETWORK] = { "network", CLONE_NEWNET },
	[NAMESPACE_IPC] = { "ipc", CLONE_NEWIPC },
	[NAMESPACE_UTS] = { "uts", CLONE_NEWUTS },
	[NAMESPACE_CGROUP] = { "cgroup", CLONE_NEWCGROUP },
	[NAMESPACE_TIME] = { "time", CLONE_NEWTIME },
	[NAMESPACE_MOUNT] = { "mount", CLONE_NEWNS },
};

enum namespace_kind namespace_find(const char *word)
{
	enum namespace_kind kind = 0;

	while (kind < NAMESPACE_N && strcmp(kinds[kind].name, word) != 0)
		kind++;
	return kind;
}

const char *namespace_name(enum namespace_kind kind)
{
	return kinds[kind].name;
}

uint64_t namespace_flag(enum namespace_kind kind)
{
	return kinds[kind].flag;
}

bool namespace_user_is_first(void)
{
	/* As the kernel numbers it since 3.8: PROC_USER_INIT_INO. */
	static const ino_t first = 0xEFFFFFFDU;
	static int known = -1;
	struct stat st;

	if (known < 0)
		known = stat("/proc/self/ns/user", &st) < 0 || st.st_ino == first;
	return known;
}

int namespace_open(enum namespace_kind kind, const char *path)
{
	AUTO_FD int fd = -1;
	int found;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	found = ioctl(fd, NS_GET_NSTYPE);
	if (found < 0 || (uint64_t)found != kinds[kind].flag)
		return -EINVAL;
	return TAKE_FD(fd);
}
