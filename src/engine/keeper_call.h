/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Talking to a container's keeper (format/keeper_message.h)
 */
#ifndef DOLIUM_ENGINE_KEEPER_CALL_H
#define DOLIUM_ENGINE_KEEPER_CALL_H

#include <stddef.h>

#include "engine/engine.h"
#include "format/keeper_message.h"

/* Returns a connected socket, which the caller owns. -ESRCH: it has no keeper, so it does not run.
 */
int keeper_connect(struct dolium *d, const char *id, struct err *e);

/* -EPIPE: the keeper is gone. */
int keeper_send(int fd, enum keeper_message type, const void *content, size_t len);

/*
 * Waits for the end, past all other messages. 0: *ret_ended is filled. -ECONNRESET: the keeper went
 * without a word. -ETIMEDOUT: after `timeout_ms` (-1: never).
 */
int keeper_await_end(int fd, int timeout_ms, struct keeper_ended *ret_ended);

/* Has it killed and not started again, and waits for that. Without a keeper nothing happens. */
void keeper_end(struct dolium *d, const char *id, int timeout_ms);

#endif
