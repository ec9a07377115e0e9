/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Security modules of the kernel: AppArmor and SELinux
 */
#include "os/lsm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/auto.h"

static int read_byte(const char *root, const char *path)
{
	char whole[PATH_MAX], byte = 0;
	AUTO_FD int fd = -1;

	if ((size_t)snprintf(whole, sizeof(whole), "%s%s", root, path) >= sizeof(whole))
		return -ENAMETOOLONG;
	fd = open(whole, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return read(fd, &byte, 1) == 1 ? byte : -EIO;
}

bool lsm_has_apparmor(const char *root)
{
	return read_byte(root, "/sys/module/apparmor/parameters/enabled") == 'Y';
}

/* The file is there as soon as SELinux is in force and its file system mounted. */
bool lsm_has_selinux(const char *root)
{
	return read_byte(root, "/sys/fs/selinux/enforce") >= 0;
}

int lsm_open_attribute(const char *name)
{
	AUTO_FD int fd = -1;
	struct statfs fs;
	char path[64];

	if ((size_t)snprintf(path, sizeof(path), "/proc/thread-self/attr/%s", name) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	return fs.f_type == PROC_SUPER_MAGIC ? TAKE_FD(fd) : -EXDEV;
}

int lsm_open_apparmor_exec(void)
{
	int fd = lsm_open_attribute("apparmor/exec");

	return fd == -ENOENT ? lsm_open_attribute("exec") : fd;
}

/* The kernel takes it in one write or not at all; a label is shorter than a page. */
static int write_text(int fd, const char *before, const char *label)
{
	char text[4096];
	const int len = snprintf(text, sizeof(text), "%s%s", before, label);

	if (len < 0 || (size_t)len >= sizeof(text))
		return -ENAMETOOLONG;
	return write(fd, text, (size_t)len) < 0 ? -errno : 0;
}

int lsm_write_apparmor(int fd, const char *profile)
{
	return write_text(fd, "exec ", profile);
}

int lsm_write_selinux(int fd, const char *label)
{
	return write_text(fd, "", label);
}
