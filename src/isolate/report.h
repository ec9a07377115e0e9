/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the child tells its parent while it becomes the container
 *
 * One SOCK_SEQPACKET pair: reports go up, single bytes ("go on") come down. The end
 * of the file, before a report of failure, means that exec has succeeded.
 */
#ifndef DOLIUM_ISOLATE_REPORT_H
#define DOLIUM_ISOLATE_REPORT_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

enum report_kind {
	REPORT_END, /* nothing more comes: the program runs, or the child is dead */
	REPORT_FAILED, /* `stage` and `error` say how */
	REPORT_PROCESS, /* `pid` is the child from now on; who says so ends */
	REPORT_NETWORK, /* its network is made, and wants interfaces; waits for a byte */
	REPORT_NAMESPACES, /* namespaces are made; hooks of the host may run; waits for a byte */
	REPORT_CONSOLE, /* an fd rides along: the master of the terminal */
	REPORT_LISTENER, /* an fd rides along: who holds it answers for the seccomp filter */
	REPORT_READY, /* all is set up; waits for a byte */
	REPORT_N_KINDS,
};

enum report_stage {
	REPORT_SETUP,
	REPORT_EXEC,
};

struct report {
	enum report_kind kind;
	enum report_stage stage;
	pid_t pid;
	struct err error;
};

/* `fd`: one to send along, or -1. Allocates nothing. */
int report_send(int socket_fd, const struct report *report, int fd);
/*
 * Of one that came as `len` bytes, nothing is believed: -EBADMSG, or its kind is one of these, and
 * a failure has a negative code and texts that end. Pure.
 */
int report_check(struct report *report, size_t len);
/* Waits for the next. *ret_fd is the caller's, -1 where none came. */
int report_receive(int socket_fd, struct report *ret_report, int *ret_fd);

/* The byte that the child waits for. */
int report_go(int socket_fd);
/* In the child: waits for one message and returns its length. -ECANCELED, -ECONNRESET: the parent
 * is gone. */
ssize_t report_listen(int socket_fd, char *to, size_t room);
/* In the child. -ECANCELED, -ECONNRESET: the parent is gone. */
int report_wait(int socket_fd);

#endif
