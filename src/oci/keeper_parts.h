/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a keeper is made of: for itself and for what serves its clients
 */
#ifndef DOLIUM_OCI_KEEPER_PARTS_H
#define DOLIUM_OCI_KEEPER_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/strv.h"
#include "format/keeper_message.h"
#include "oci/keeper_log.h"

/* As the command line has them; "" and -1 are what is not said. */
struct keeper_options {
	int fd; /* --keeper-fd: the starter's socket, the first client; -1: no keeper is wanted */
	int dir_fd; /* --dir-fd: of containers/<id>/, which carries the container's lock */
	const char *input; /* --stdin: none, once (until the first who gave it goes) or open */
	const char *log_driver; /* --log-driver */
	struct strv log_opts; /* --log-opt, each KEY=VALUE */
	const char *restart; /* --restart: no, always, on-failure or on-failure:N */
	int restart_count; /* --restart-count: how often it was started again before */
	const char *after; /* --after: the program that is to be run afterwards */
	const char *store_root; /* --store-root: of that program */
	bool auto_remove; /* --rm: that program is to remove it, if nobody else does */
};

struct keeper_client;

struct keeper {
	const struct keeper_options *options;
	pid_t pid; /* the container's init, a child of ours */
	int pidfd, signal_fd, listen_fd, timer_fd;
	int master, slave; /* the container's terminal; -1 */
	int input_fd; /* what it reads; its terminal; -1 */
	struct {
		int from; /* -1: ended */
		enum keeper_message type; /* KEEPER_OUTPUT, KEEPER_ERROR */
	} streams[2];
	struct keeper_client *clients;
	size_t n_clients, clients_room;
	struct keeper_log log;
	/* Lets a paused container go on: what is frozen takes no signal. NULL: there is nothing to
	 * do. */
	void (*thaw)(void *user);
	void *user;
	struct keeper_restart policy;
	bool had_input; /* a client gave it input */
	bool stopped; /* it was asked to end: it is not started again */
	int64_t began_ms; /* CLOCK_MONOTONIC */
	size_t input_at, input_len, packet_len;
	uint8_t input[KEEPER_DATA_MAX];
	uint8_t packet[1 + KEEPER_DATA_MAX]; /* output on its way to the clients */
};

#endif
