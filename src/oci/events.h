/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `run --report-fd N` tells the engine: one JSON object a line
 *
 *	{"event":"started","pid":123}
 *	{"event":"failed","stage":"setup","errno":2,"text":"..."}      stage: setup or exec
 *	{"event":"exited","status":0,"oom_killed":false}
 *	{"event":"restarting"}                                        behind exited: it will be
 *started again
 */
#ifndef DOLIUM_OCI_EVENTS_H
#define DOLIUM_OCI_EVENTS_H

#include <stdbool.h>
#include <sys/types.h>

struct err;

/* Each does nothing where fd is -1. That nobody reads is no failure of the container's. */
void event_started(int fd, pid_t pid);
void event_failed(int fd, const char *stage, const struct err *failure);
void event_exited(int fd, int status, bool oom_killed);
void event_restarting(int fd);

#endif
