/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pseudo-terminals
 */
#include "os/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "os/file.h"

int pty_open(int pts_fd, int *ret_master, int *ret_slave, char *name, size_t room)
{
	AUTO_FD int master = -1;
	AUTO_FD int slave = -1;
	const int unlock = 0;
	unsigned number = 0;

	master = file_open_beneath(pts_fd, "ptmx", O_RDWR | O_NOCTTY, 0);
	if (master < 0)
		return master;
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0 || ioctl(master, TIOCGPTN, &number) < 0)
		return -errno;
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return -errno;

	snprintf(name, room, "/dev/pts/%u", number);
	*ret_master = TAKE_FD(master);
	*ret_slave = TAKE_FD(slave);
	return 0;
}

int pty_resize(int fd, unsigned rows, unsigned columns)
{
	struct winsize size = { 0 };

	if (rows == 0 && columns == 0)
		return 0;
	size.ws_row = (unsigned short)rows;
	size.ws_col = (unsigned short)columns;
	return ioctl(fd, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}

int pty_copy_size(int from_fd, int to_fd)
{
	struct winsize size;

	if (ioctl(from_fd, TIOCGWINSZ, &size) < 0 || ioctl(to_fd, TIOCSWINSZ, &size) < 0)
		return -errno;
	return 0;
}

int pty_make_raw(int fd, struct termios *ret_before)
{
	struct termios before, raw;

	if (tcgetattr(fd, &before) < 0)
		return -errno;
	raw = before;
	cfmakeraw(&raw);
	if (tcsetattr(fd, TCSADRAIN, &raw) < 0)
		return -errno;
	*ret_before = before;
	return 0;
}

/* Room for one fd beside the bytes of a message. */
union fd_message {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int pty_send_fd(int socket_fd, int fd, const char *name)
{
	struct iovec bytes = { .iov_base = (void *)(uintptr_t)name, .iov_len = strlen(name) };
	union fd_message control = { 0 };
	struct msghdr message = {
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	return sendmsg(socket_fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}
