/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper: the dolium-oci that stays with a container of the engine's
 *
 * `run --keeper-fd N` makes the process a keeper. It leaves its caller's session, owns the
 * container's streams (pipes, or a terminal), writes its log, serves its clients
 * (format/keeper_message.h), ends it when it is asked to, and knows what is to be when it has
 * ended: nothing, or another start, or its removal, for which it becomes `dolium container-after`.
 *
 * It sleeps in poll(2) and has no timer but while it stops the container or waits to start it
 * again. If it is killed, the container is killed with it: what it holds (the container's lock and
 * its range of ids) must not be given to others while the container lives.
 */
#ifndef DOLIUM_OCI_KEEPER_H
#define DOLIUM_OCI_KEEPER_H

#include <stdbool.h>

#include "oci/keeper_parts.h"

struct err;

/* Before the container is made: a session and a socket (in home_fd) of its own, signals held. */
int keeper_begin(
    struct keeper *k, const struct keeper_options *options, int home_fd, struct err *e);

/* As relay_make_pipes() and relay_consume_terminal(). */
int keeper_make_pipes(struct keeper *k, int ret_ends[3], struct err *e);
int keeper_consume_terminal(struct keeper *k, int master, struct err *e);

/* Tells the starter that the program runs. */
void keeper_say_started(struct keeper *k);

/*
 * Until the container's init ends and all that it wrote is with the log and the clients; its exit
 * status as a shell has it. Needs pid and pidfd.
 */
int keeper_run(struct keeper *k, struct err *e);

/* Whether it is to be started again, now that it has ended so. */
bool keeper_restarts(const struct keeper *k, int status);

/*
 * Tells all clients, and closes them. `restarts`: then waits, longer from one quick end to the
 * next, still serving clients; false when one of them asked for the end of it.
 */
void keeper_say_ended(struct keeper *k, int status, bool oom_killed, bool restarts);
bool keeper_wait_to_restart(struct keeper *k);

/* Becomes the program of --after. Returns only when it cannot. */
void keeper_become_after(const struct keeper *k, const char *run_root, const char *id);

/* Did the starter hear of the end? Then it removes what is to be removed. */
bool keeper_starter_is_there(const struct keeper *k);

void keeper_done(struct keeper *k);

#endif
