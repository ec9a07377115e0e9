/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the child tells its parent while it becomes the container
 */
#include "isolate/report.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"

#define ERRNO_MAX 4095

union fd_message {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

/* Only what is filled: most reports have no text. */
static size_t report_len(const struct report *report)
{
	return report->kind == REPORT_FAILED ? sizeof(*report) : offsetof(struct report, error);
}

int report_send(int socket_fd, const struct report *report, int fd)
{
	struct iovec bytes = { (void *)(uintptr_t)report, report_len(report) };
	union fd_message control = { 0 };
	struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };
	struct cmsghdr *head;

	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	}
	return sendmsg(socket_fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int report_check(struct report *report, size_t len)
{
	struct err *e = &report->error;

	if (len < offsetof(struct report, error) || (unsigned)report->kind >= REPORT_N_KINDS ||
	    (unsigned)report->stage > REPORT_EXEC)
		return -EBADMSG;
	if (report->kind != REPORT_FAILED)
		return 0;
	if (len != sizeof(*report) || e->code >= 0 || e->code < -ERRNO_MAX)
		return -EBADMSG;
	e->text[sizeof(e->text) - 1] = e->hint[sizeof(e->hint) - 1] = '\0';
	return 0;
}

int report_receive(int socket_fd, struct report *ret_report, int *ret_fd)
{
	struct report report = { 0 };
	struct iovec bytes = { &report, sizeof(report) };
	union fd_message control = { 0 };
	struct msghdr message = {
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_LEN(sizeof(int)), /* never room for a second one */
	};
	struct cmsghdr *head;
	ssize_t n;
	int r;

	/* A child that ends without having read our byte resets the connection: told once, before
	   what it said. */
	do
		n = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n < 0)
		return -errno;

	*ret_fd = -1;
	head = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (head && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(head), sizeof(int));
	if (n == 0)
		report.kind = REPORT_END;
	r = n > 0 ? report_check(&report, (size_t)n) : 0;
	if (r < 0) {
		auto_close(ret_fd);
		*ret_fd = -1;
		return r;
	}
	*ret_report = report;
	return 0;
}

int report_go(int socket_fd)
{
	return send(socket_fd, "", 1, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int report_wait(int socket_fd)
{
	char byte;
	ssize_t n;

	do
		n = read(socket_fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n == 1 ? 0 : -ECANCELED;
}

ssize_t report_listen(int socket_fd, char *to, size_t room)
{
	ssize_t n;

	do
		n = read(socket_fd, to, room);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n > 0 ? n : -ECANCELED;
}
