/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Talking to a container's keeper
 */
#include "engine/keeper_call.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/monotonic.h"

int keeper_connect(struct dolium *d, const char *id, struct err *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int run_fd = engine_run_dir(d, e);
	AUTO_FD int fd = -1;

	if (run_fd < 0)
		return run_fd;
	/* By the directory's fd: its path may be longer than a socket's name. */
	snprintf(
	    to.sun_path, sizeof(to.sun_path), "/proc/self/fd/%d/%s/%s", run_fd, id, KEEPER_SOCKET);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(e, -errno, "cannot make a socket");
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return TAKE_FD(fd);
	if (errno == ENOENT || errno == ECONNREFUSED)
		return err_refuse(e, -ESRCH, "container %.12s is not running", id);
	return err_set(e, -errno, "cannot talk to the keeper of container %.12s", id);
}

int keeper_send(int fd, enum keeper_message type, const void *content, size_t len)
{
	uint8_t packet[1 + KEEPER_DATA_MAX];
	size_t size = keeper_message_write(packet, type, content, len);

	while (send(fd, packet, size, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int keeper_await_end(int fd, int timeout_ms, struct keeper_ended *ret_ended)
{
	const uint64_t until = monotonic_ms() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0);
	uint8_t packet[1 + KEEPER_DATA_MAX];

	for (;;) {
		const int left = timeout_ms < 0 ? -1 : (int)(until - monotonic_ms());
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		ssize_t n;
		int r;

		if (timeout_ms >= 0 && left <= 0)
			return -ETIMEDOUT;
		r = poll(&ready, 1, left);
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r <= 0)
			continue;
		n = recv(fd, packet, sizeof(packet), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -ECONNRESET;
		if (packet[0] == KEEPER_ENDED &&
		    keeper_message_read(packet, (size_t)n, ret_ended, sizeof(*ret_ended)))
			return 0;
	}
}

void keeper_end(struct dolium *d, const char *id, int timeout_ms)
{
	const struct keeper_stop now = { .signal_number = SIGKILL };
	AUTO_FD int fd = keeper_connect(d, id, NULL);
	struct keeper_ended ended;

	if (fd >= 0 && keeper_send(fd, KEEPER_STOP, &now, sizeof(now)) == 0)
		(void)keeper_await_end(fd, timeout_ms, &ended);
}
