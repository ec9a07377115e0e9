/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Being attached: our standard streams, our terminal and our signals, and a container's keeper
 */
#ifndef DOLIUM_ENGINE_ATTACH_H
#define DOLIUM_ENGINE_ATTACH_H

#include <stdbool.h>

#include "engine/engine.h"
#include "format/keeper_message.h"

enum attach_end {
	ATTACH_ENDED, /* the container has; *ret_ended is filled */
	ATTACH_DETACHED, /* we left it */
	ATTACH_LOST, /* the keeper went without a word */
};

/* What is to be done once, when we have been attached for some seconds. */
struct attach_later {
	void (*call)(void *context);
	void *context;
};

/* -EINVAL: `options->detach_keys` are none. Before anything is started. */
int attach_check(const struct dolium_start_options *options, struct err *e);

/* Says which streams we want and, of a container with a terminal, how large ours is. May be sent
 * before the keeper runs. */
int attach_ask(int keeper_fd, const struct dolium_start_options *options, bool tty, struct err *e);

/*
 * Until the container ends, or the detach keys are typed. `tty`: the container has a terminal, so
 * ours is put into raw mode, and is as before when this returns. `later` may be NULL.
 */
int attach_run(int keeper_fd, const struct dolium_start_options *options, bool tty,
    const struct attach_later *later, enum attach_end *ret_how, struct keeper_ended *ret_ended,
    struct err *e);

#endif
