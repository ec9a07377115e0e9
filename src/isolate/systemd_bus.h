/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Speaking with systemd
 *
 * One connection for one command. All that is done on it has one deadline: a systemd that is
 * busy or hangs makes an error with a sentence, never a command that hangs with it.
 */
#ifndef DOLIUM_ISOLATE_SYSTEMD_BUS_H
#define DOLIUM_ISOLATE_SYSTEMD_BUS_H

#include <stdbool.h>

#include "base/auto.h"

struct buf;
struct err;
struct systemd_bus;

/*
 * `user`: the caller's own systemd, not the system's. -ENOENT: none is there. -ETIMEDOUT.
 * $DOLIUM_SYSTEMD_TIMEOUT is the deadline of the connection in seconds, 30 where it is not said.
 */
int systemd_bus_open(bool user, struct systemd_bus **ret_bus, struct err *e);
struct systemd_bus *systemd_bus_close(struct systemd_bus *bus); /* NULL is fine; returns NULL */

/*
 * Calls a method of systemd's manager. `signature` is the body's; both may be NULL. `what` is for
 * the sentence: "cannot start unit 'x'". *ret_text (may be NULL; the caller frees) is the first
 * value of the reply where that is a text, else "".
 *
 * -EEXIST: such a unit is there. -ENOENT: no such unit. -EOPNOTSUPP: this systemd does not know
 * a property. -ETIMEDOUT.
 */
int systemd_bus_call(struct systemd_bus *bus, const char *method, const char *signature,
    const struct buf *body, const char *what, char **ret_text, struct err *e);

/*
 * Waits for a job, which a call returned. `done` is asked now and then: a signal may have been
 * lost, and what counts can be seen without it.
 */
int systemd_bus_wait_job(struct systemd_bus *bus, const char *job, bool (*done)(void *with),
    void *with, const char *what, struct err *e);

AUTO_DEFINE(struct systemd_bus *, systemd_bus_close);

#endif
