/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What dolium and dolium-fetch say to one another
 *
 * Frames over a stream socket: a header of two 32-bit numbers (type, bytes that
 * follow), then the bytes. Both ends are of one build. The worker reads hostile
 * bytes and may have fallen to them, so the engine's end bounds each frame and
 * checks its form; it never believes an address or a length.
 *
 *   engine:  OPEN (JSON)   then, in any order:  RESOLVE   BLOBS (JSON)   LOGIN (JSON)
 *   worker:  READY; to RESOLVE: IMAGE (JSON), BYTES (index), BYTES (manifest), BYTES
 *            (configuration), ... END;
 *            to BLOBS: EVENT ... END; to LOGIN: END; to any: FAILED (struct err)
 */
#ifndef DOLIUM_REGISTRY_WIRE_H
#define DOLIUM_REGISTRY_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "format/digest.h"

struct err;

#define WIRE_FRAME_MAX ((uint32_t)16 << 20)

/* The fds that the worker is born with. */
#define WIRE_SOCKET_FD  3
#define WIRE_PARTIAL_FD 4
#define WIRE_SOURCE_FD  5

enum wire_type {
	WIRE_OPEN = 1,
	WIRE_RESOLVE,
	WIRE_BLOBS,
	WIRE_LOGIN,
	WIRE_READY,
	WIRE_IMAGE,
	WIRE_BYTES,
	WIRE_EVENT,
	WIRE_END,
	WIRE_FAILED,
};

struct wire_header {
	uint32_t type, len;
};

struct wire_event {
	uint32_t kind; /* enum fetch_event_kind */
	struct digest digest;
	uint64_t done, total;
	char note[256];
};

struct wire_frame {
	struct wire_header header;
	char *data; /* ends in a NUL that header.len does not count */
};

void wire_frame_done(struct wire_frame *f);

/* Sends one frame whole. -EPIPE: nobody is there. */
int wire_send(int fd, enum wire_type type, const void *data, size_t len);
/* Waits for one frame. -ECONNRESET: the other side has gone. -EBADMSG: no frame of ours. */
int wire_receive(int fd, struct wire_frame *ret_frame);

/* Sends a failure; copies one that came into `e` and returns its code, always negative. */
int wire_send_err(int fd, const struct err *e);
int wire_read_err(const struct wire_frame *f, struct err *e);

#define AUTO_FRAME __attribute__((cleanup(wire_frame_done)))

#endif
