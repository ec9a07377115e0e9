/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper's clients
 */
#include "oci/keeper_clients.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "os/pty.h"

#define BACKLOG 64

/* ---- coming and going ---- */

int keeper_clients_listen(struct keeper *k, int home_fd, struct err *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	/* By the directory's fd: its path may be longer than a socket's name. */
	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/%s", home_fd, KEEPER_SOCKET);
	k->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (k->listen_fd < 0 || bind(k->listen_fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ||
	    listen(k->listen_fd, BACKLOG) < 0)
		return err_set(e, -errno, "cannot make the socket of the container's keeper");
	return 0;
}

int keeper_clients_add(struct keeper *k, int fd)
{
	if (k->n_clients == k->clients_room) {
		size_t room = k->clients_room ? 2 * k->clients_room : 4;
		struct keeper_client *more;

		if (room > KEEPER_CLIENTS_MAX)
			return -EMFILE;
		more = realloc(k->clients, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		k->clients = more;
		k->clients_room = room;
	}
	k->clients[k->n_clients++] = (struct keeper_client){ .fd = fd };
	return 0;
}

void keeper_clients_accept(struct keeper *k)
{
	int fd = accept4(k->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0 && keeper_clients_add(k, fd) < 0)
		close(fd);
}

/* The one whose input is read until its end has gone: so has the input. */
static void end_input(struct keeper *k)
{
	if (k->input_fd < 0 || k->master >= 0)
		return;
	close(k->input_fd);
	k->input_fd = -1;
	k->input_len = 0;
}

static void drop(struct keeper *k, struct keeper_client *client)
{
	const bool gave_input = client->in;

	close(client->fd);
	*client = (struct keeper_client){ .fd = -1 };
	if (gave_input && strcmp(k->options->input, "once") == 0) {
		for (size_t i = 0; i < k->n_clients; i++)
			if (k->clients[i].fd >= 0 && k->clients[i].in)
				return;
		if (k->input_len == 0)
			end_input(k);
		else
			k->had_input = true; /* ends when the rest of it is written */
	}
}

/* Takes those out whose sockets are closed. */
static void tidy(struct keeper *k)
{
	size_t n = 0;

	for (size_t i = 0; i < k->n_clients; i++)
		if (k->clients[i].fd >= 0)
			k->clients[n++] = k->clients[i];
	k->n_clients = n;
}

void keeper_clients_close(struct keeper *k)
{
	for (size_t i = 0; i < k->n_clients; i++)
		close(k->clients[i].fd);
	free(k->clients);
	k->clients = NULL;
	k->n_clients = k->clients_room = 0;
}

/* ---- output ---- */

bool keeper_clients_behind(const struct keeper *k)
{
	for (size_t i = 0; i < k->n_clients; i++)
		if (k->clients[i].behind)
			return true;
	return false;
}

static void send_to(struct keeper *k, struct keeper_client *client)
{
	ssize_t n = send(client->fd, k->packet, k->packet_len, MSG_DONTWAIT | MSG_NOSIGNAL);

	client->behind = n < 0 && (errno == EAGAIN || errno == EINTR);
	if (n < 0 && !client->behind)
		drop(k, client);
}

void keeper_clients_send_packet(struct keeper *k)
{
	for (size_t i = 0; i < k->n_clients; i++) {
		struct keeper_client *client = &k->clients[i];

		if (k->packet[0] == KEEPER_ERROR ? client->error : client->out)
			send_to(k, client);
	}
	tidy(k);
}

void keeper_clients_flush(struct keeper *k, int patience_ms)
{
	for (size_t i = 0; i < k->n_clients; i++) {
		struct keeper_client *client = &k->clients[i];

		while (client->fd >= 0 && client->behind) {
			struct pollfd ready = { .fd = client->fd, .events = POLLOUT };

			if (poll(&ready, 1, patience_ms) > 0)
				send_to(k, client);
			else
				drop(k, client);
		}
	}
	tidy(k);
}

/* ---- what they ask for ---- */

static void send_signal(const struct keeper *k, int n)
{
	if (n > 0 && n < 65 && k->pidfd >= 0)
		(void)syscall(SYS_pidfd_send_signal, k->pidfd, n, NULL, 0);
}

static void arm(struct keeper *k, int timeout_ms)
{
	const struct itimerspec when = {
		.it_value = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L + 1 },
	};

	if (k->timer_fd < 0)
		k->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	/* Without a timer there is no patience. */
	if (k->timer_fd < 0 || timerfd_settime(k->timer_fd, 0, &when, NULL) < 0)
		send_signal(k, SIGKILL);
}

/* What is paused goes on, to end. */
static void stop(struct keeper *k, const struct keeper_stop *how)
{
	k->stopped = true;
	if (k->pidfd < 0)
		return;
	if (k->thaw)
		k->thaw(k->user);
	if (how->timeout_ms == 0)
		send_signal(k, SIGKILL);
	else
		send_signal(k, how->signal_number);
	if (how->timeout_ms > 0)
		arm(k, how->timeout_ms);
}

static void attach(struct keeper_client *client, const struct keeper_attach *how)
{
	client->in = how->in;
	client->out = how->out;
	client->error = how->error;
}

static void take_input(struct keeper *k, const uint8_t *data, size_t len)
{
	if (k->input_fd < 0 || k->input_len > 0 || len > sizeof(k->input))
		return;
	memcpy(k->input, data, len);
	k->input_at = 0;
	k->input_len = len;
}

/* Messages that make no sense are left alone: the client is one of ours, or of the container's
 * owner's. */
static void take(struct keeper *k, struct keeper_client *client, const uint8_t *packet, size_t len)
{
	struct keeper_attach how;
	struct keeper_window window;
	struct keeper_number number;
	struct keeper_stop end;
	struct keeper_restart policy;

	switch ((enum keeper_message)packet[0]) {
	case KEEPER_ATTACH:
		if (keeper_message_read(packet, len, &how, sizeof(how)))
			attach(client, &how);
		return;
	case KEEPER_INPUT:
		if (client->in)
			take_input(k, packet + 1, len - 1);
		return;
	case KEEPER_INPUT_END:
		/* One who attaches to what others use as well ends only their own part. */
		if (client->in && strcmp(k->options->input, "once") == 0)
			end_input(k);
		client->in = false;
		return;
	case KEEPER_WINDOW:
		if (keeper_message_read(packet, len, &window, sizeof(window)) && k->master >= 0)
			(void)pty_resize(k->master, window.rows, window.columns);
		return;
	case KEEPER_SIGNAL:
		if (keeper_message_read(packet, len, &number, sizeof(number)))
			send_signal(k, number.number);
		return;
	case KEEPER_STOP:
		if (keeper_message_read(packet, len, &end, sizeof(end)))
			stop(k, &end);
		return;
	case KEEPER_RESTART:
		if (keeper_message_read(packet, len, &policy, sizeof(policy)))
			k->policy = policy;
		return;
	case KEEPER_WAIT: /* to be connected is all it wants */
	case KEEPER_STARTED:
	case KEEPER_OUTPUT:
	case KEEPER_ERROR:
	case KEEPER_ENDED:
		return;
	}
}

/* Returns whether there was something. */
static bool receive(struct keeper *k, struct keeper_client *client)
{
	static uint8_t packet[1 + KEEPER_DATA_MAX];
	ssize_t n = recv(client->fd, packet, sizeof(packet), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0)
		drop(k, client);
	else
		take(k, client, packet, (size_t)n);
	return n > 0;
}

void keeper_clients_receive(struct keeper *k)
{
	for (size_t i = 0; i < k->n_clients; i++)
		while (receive(k, &k->clients[i]))
			;
	tidy(k);
}

size_t keeper_clients_poll(const struct keeper *k, struct pollfd *fds)
{
	for (size_t i = 0; i < k->n_clients; i++) {
		const struct keeper_client *client = &k->clients[i];

		/* Who gives input waits until the last of it is taken. */
		fds[i] = (struct pollfd){ .fd = client->fd,
			.events = (short)((client->in && k->input_len > 0 ? 0 : POLLIN) |
			    (client->behind ? POLLOUT : 0)) };
	}
	return k->n_clients;
}

void keeper_clients_serve(struct keeper *k, const struct pollfd *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct keeper_client *client = &k->clients[i];

		if ((fds[i].revents & POLLOUT) && client->behind)
			send_to(k, client);
		if (client->fd >= 0 && (fds[i].revents & (POLLIN | POLLHUP | POLLERR)))
			(void)receive(k, client);
	}
	tidy(k);
}
