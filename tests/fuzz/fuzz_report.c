/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the child says to its parent, as messages of any bytes: the first byte of the input says how
 * long the first message is, and whether fds ride along. Whatever comes, a report that is
 * taken has a kind, a failure has a code and texts that end, and no fd is left open.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "isolate/report.h"

#include "fuzz.h"

#define N_FDS 3

static void say(int to, const uint8_t *data, size_t size, unsigned n_fds)
{
	union {
		char bytes[CMSG_SPACE(N_FDS * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec bytes = { (void *)(uintptr_t)data, size };
	struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };
	struct cmsghdr *head;
	int fds[N_FDS] = { to, to, to };

	if (n_fds) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(head), fds, n_fds * sizeof(int));
	}
	MUST(sendmsg(to, &message, MSG_NOSIGNAL) >= 0);
}

/* 1: another may come. */
static int hear(int from)
{
	struct report report;
	int fd = -1, r;

	r = report_receive(from, &report, &fd);
	MUST(r == 0 || r == -EBADMSG);
	if (r < 0) {
		MUST(fd == -1);
		return 1;
	}
	MUST((unsigned)report.kind < REPORT_N_KINDS);
	if (report.kind == REPORT_FAILED) {
		MUST(report.error.code < 0);
		MUST(strlen(report.error.text) < sizeof(report.error.text));
		MUST(strlen(report.error.hint) < sizeof(report.error.hint));
	}
	if (fd >= 0)
		MUST(close(fd) == 0);
	return report.kind != REPORT_END;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = size ? (size_t)(data[0] >> 2) * 32 : 0;
	int pair[2], next;

	if (size < 2)
		return 0;
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	if (len > size - 1)
		len = size - 1;
	if (len)
		say(pair[1], data + 1, len, data[0] & 3);
	if (size - 1 > len)
		say(pair[1], data + 1 + len, size - 1 - len, 0);
	close(pair[1]);
	while (hear(pair[0]))
		;
	close(pair[0]);
	/* The lowest number that is free is the one that was. */
	next = fcntl(0, F_DUPFD_CLOEXEC, 3);
	MUST(next == -1 || next <= pair[0]);
	if (next >= 0)
		close(next);
	return 0;
}
