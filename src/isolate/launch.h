/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Launching a plan: the parent's side
 *
 *	launch_begin()    the child exists and works
 *	launch_await()    its reports, until the one that is wanted
 *	launch_go()       lets it go on
 */
#ifndef DOLIUM_ISOLATE_LAUNCH_H
#define DOLIUM_ISOLATE_LAUNCH_H

#include <sys/types.h>

#include "isolate/plan.h"
#include "isolate/report.h"

struct limits;

struct launch {
	pid_t pid;
	int pidfd;
	int sync_fd;
	int console_fd; /* the master of its terminal, once it has come; -1 */
	int listener_fd; /* of its seccomp filter, once it has come; -1 */
	char console_name[32];
};

/* Makes the child. `limits` may be NULL. On failure there is none. */
int launch_begin(
    const struct plan *p, const struct limits *limits, struct launch *ret_launch, struct err *e);

/*
 * Waits for the report `wanted`. A failure of the child becomes this call's:
 * *ret_stage (may be NULL) says where it was. -ECHILD: it died without a word.
 */
int launch_await(
    struct launch *l, enum report_kind wanted, enum report_stage *ret_stage, struct err *e);
/* Sends the child a message that it listens for. */
int launch_tell(struct launch *l, const char *text, size_t len, struct err *e);
int launch_go(struct launch *l, struct err *e);

/* Closes the fds. The child lives on. */
void launch_done(struct launch *l);
/* Kills the child and waits for it. */
void launch_kill(struct launch *l);

#endif
