/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loop devices
 *
 * The kernel names a free one; until it is configured somebody else may take it, so
 * that is tried some times. Its reads bypass the file's page cache where the file
 * system can do that: what is mounted from it has one of its own.
 */
#include "os/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "base/auto.h"

#define TRIES 64

static int try_one(int control_fd, int file_fd, char ret_name[LOOP_NAME_MAX])
{
	struct loop_config config = {
		.fd = (unsigned)file_fd,
		.block_size = 512,
		.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO,
	};
	int number = ioctl(control_fd, LOOP_CTL_GET_FREE);
	AUTO_FD int fd = -1;

	if (number < 0)
		return -errno;
	snprintf(ret_name, LOOP_NAME_MAX, "/dev/loop%d", number);
	fd = open(ret_name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, LOOP_CONFIGURE, &config) == 0)
		return TAKE_FD(fd);
	if (errno != EINVAL)
		return -errno;
	config.info.lo_flags &= ~(unsigned)LO_FLAGS_DIRECT_IO;
	return ioctl(fd, LOOP_CONFIGURE, &config) < 0 ? -errno : TAKE_FD(fd);
}

int loop_attach(int file_fd, char ret_name[LOOP_NAME_MAX])
{
	AUTO_FD int control_fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int r = -EBUSY;

	if (control_fd < 0)
		return -errno;
	for (int i = 0; i < TRIES && r == -EBUSY; i++)
		r = try_one(control_fd, file_fd, ret_name);
	return r;
}
