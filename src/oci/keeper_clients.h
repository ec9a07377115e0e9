/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper's clients: who listens, who is behind, what each asks for
 *
 * Output goes to all who want it in one packet at a time. While one of them has not taken the last
 * packet, nothing more is read from the container: who attaches and does not read stops it, as
 * with Docker. A client that is gone is noticed by its socket.
 */
#ifndef DOLIUM_OCI_KEEPER_CLIENTS_H
#define DOLIUM_OCI_KEEPER_CLIENTS_H

#include <poll.h>

#include "oci/keeper_parts.h"

struct err;

#define KEEPER_CLIENTS_MAX 256

struct keeper_client {
	int fd;
	bool in, out, error; /* attached to which streams */
	bool behind; /* has not taken the packet yet */
	bool starter;
};

/* The socket that stands in home_fd. */
int keeper_clients_listen(struct keeper *k, int home_fd, struct err *e);
int keeper_clients_add(struct keeper *k, int fd);
void keeper_clients_accept(struct keeper *k);

/* Takes what they have sent so far. */
void keeper_clients_receive(struct keeper *k);

/* Is anybody behind? */
bool keeper_clients_behind(const struct keeper *k);
/* Sends k->packet to all who want it. */
void keeper_clients_send_packet(struct keeper *k);
/* Sends it to the end to all; to one who takes nothing for `patience_ms` no more. */
void keeper_clients_flush(struct keeper *k, int patience_ms);

/* What to wait for, `fds` having room for all clients; and what to do then. */
size_t keeper_clients_poll(const struct keeper *k, struct pollfd *fds);
void keeper_clients_serve(struct keeper *k, const struct pollfd *fds, size_t n);

void keeper_clients_close(struct keeper *k);

#endif
