/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a container, and staying with it to its end
 */
#ifndef DOLIUM_ENGINE_START_H
#define DOLIUM_ENGINE_START_H

#include "engine/engine.h"
#include "engine/record.h"

/* `dir_fd` is the container's directory, locked; borrowed. See dolium_container_start().
 * `restarts`: how often its restart policy started it before. */
int start_container(struct dolium *d, const struct record *record, int dir_fd,
    const struct dolium_start_options *options, int restarts, struct dolium_exit *ret_exit,
    struct err *e);

#endif
