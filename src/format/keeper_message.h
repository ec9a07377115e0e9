/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a keeper and its clients say to each other
 *
 * The keeper is the dolium-oci that stays with a container. Its clients (the command that
 * started the container, attach, stop, wait) are connected by unix sockets of the kind
 * SOCK_SEQPACKET, so a message is a packet: one byte that says what it is, then its content,
 * at most KEEPER_DATA_MAX bytes. Numbers are of the machine's own order: both sides are on it.
 *
 * Who may connect is decided by the directory in which the socket is: 0700, its owner's.
 */
#ifndef DOLIUM_FORMAT_KEEPER_MESSAGE_H
#define DOLIUM_FORMAT_KEEPER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEEPER_SOCKET   "control" /* in <run root>/<id>/ */
#define KEEPER_DATA_MAX 32768

enum keeper_message {
	/* from a client */
	KEEPER_ATTACH = 'A', /* struct keeper_attach: send me what it writes, take what I send */
	KEEPER_INPUT = 'I', /* bytes for its standard input */
	KEEPER_INPUT_END = 'E', /* no more of them */
	KEEPER_WINDOW = 'W', /* struct keeper_window: its terminal's size */
	KEEPER_SIGNAL = 'S', /* struct keeper_number: to its first process */
	KEEPER_STOP = 'T', /* struct keeper_stop: end it, and do not start it again */
	KEEPER_WAIT = 'Q', /* only KEEPER_ENDED is of interest */
	KEEPER_RESTART = 'P', /* struct keeper_restart: another restart policy */

	/* from the keeper */
	KEEPER_STARTED = 's', /* its program runs; to the starter alone */
	KEEPER_OUTPUT = 'o', /* bytes of its standard output, or of its terminal */
	KEEPER_ERROR = 'r', /* bytes of its standard error */
	KEEPER_ENDED = 'x', /* struct keeper_ended: the last message */
};

/* Each is sent with its type before it and no padding between. */
struct keeper_attach {
	uint8_t in, out, error; /* bool: which streams */
};

struct keeper_window {
	uint16_t rows, columns;
};

struct keeper_number {
	int32_t number;
};

struct keeper_stop {
	int32_t signal_number; /* the first one; SIGKILL follows */
	int32_t timeout_ms; /* after so long; -1: never */
};

enum keeper_policy {
	KEEPER_RESTART_NO,
	KEEPER_RESTART_ON_FAILURE,
	KEEPER_RESTART_ALWAYS, /* and unless-stopped: they differ at boot alone */
};

struct keeper_restart {
	int32_t policy; /* enum keeper_policy */
	int32_t max; /* on-failure: how often at most; 0: no limit */
};

struct keeper_ended {
	int32_t status; /* 0..255, 128 + signal */
	uint8_t oom_killed; /* bool */
	uint8_t restarts; /* bool: it will be started again */
};

/* Puts a message together; `to` has room for 1 + len bytes. Returns its length. */
size_t keeper_message_write(uint8_t *to, enum keeper_message type, const void *content, size_t len);

/* Copies the content of a message out of a packet. False: its length is not that of the struct. */
bool keeper_message_read(const uint8_t *packet, size_t len, void *ret_content, size_t content_len);

#endif
