/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What dolium and dolium-fetch say to one another
 *
 * MSG_NOSIGNAL everywhere: that the other side died is an error code here, not a
 * signal to the program that holds the engine.
 */
#include "registry/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/err.h"

void wire_frame_done(struct wire_frame *f)
{
	free(f->data);
	*f = (struct wire_frame){ 0 };
}

static int send_all(int fd, const void *data, size_t len, int flags)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL | flags);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int wire_send(int fd, enum wire_type type, const void *data, size_t len)
{
	struct wire_header header = { .type = type, .len = (uint32_t)len };
	int r;

	if (len > WIRE_FRAME_MAX)
		return -EMSGSIZE;
	r = send_all(fd, &header, sizeof(header), len > 0 ? MSG_MORE : 0);
	if (r >= 0)
		r = send_all(fd, data, len, 0);
	return r;
}

static int receive_all(int fd, void *data, size_t len)
{
	char *at = data;

	while (len > 0) {
		ssize_t n = recv(fd, at, len, MSG_WAITALL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ECONNRESET;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int wire_receive(int fd, struct wire_frame *ret_frame)
{
	AUTO_FRAME struct wire_frame f = { 0 };
	int r;

	r = receive_all(fd, &f.header, sizeof(f.header));
	if (r < 0)
		return r;
	if (f.header.len > WIRE_FRAME_MAX)
		return -EBADMSG;

	f.data = malloc(f.header.len + (size_t)1);
	if (!f.data)
		return -ENOMEM;
	r = receive_all(fd, f.data, f.header.len);
	if (r < 0)
		return r;
	f.data[f.header.len] = '\0';

	*ret_frame = f;
	f.data = NULL;
	return 0;
}

int wire_send_err(int fd, const struct err *e)
{
	return wire_send(fd, WIRE_FAILED, e, sizeof(*e));
}

int wire_read_err(const struct wire_frame *f, struct err *e)
{
	struct err got;

	if (f->header.len != sizeof(got))
		return err_refuse(e, -EBADMSG, "dolium-fetch: its report is damaged");

	memcpy(&got, f->data, sizeof(got));
	got.text[sizeof(got.text) - 1] = '\0';
	got.hint[sizeof(got.hint) - 1] = '\0';
	if (got.code >= 0 || got.code < -4095)
		got.code = -EBADMSG;
	if (e)
		*e = got;
	return got.code;
}
