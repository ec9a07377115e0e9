/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRIU, started as a worker of ours (`criu swrk`)
 */
#ifndef DOLIUM_OCI_CRIU_H
#define DOLIUM_OCI_CRIU_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "format/criu_message.h"

struct err;
struct limits;

struct criu {
	pid_t pid;
	int pidfd, socket;
	int work_fd; /* where its log is; borrowed; -1: not known yet */
	const char *work_path, *log_file; /* the same, to be named */
};

/* What the worker is given at its start. */
struct criu_place {
	int *keep; /* fds that it needs, by the same numbers; borrowed */
	size_t n_keep;
	bool keep_streams; /* our standard streams are its own; else /dev/null */
	const struct limits *limits; /* cgroups that it is in; NULL: ours */
	/* Two folders by path, which in a mount namespace of its own must be that one's: opened
	 * anew over the same numbers. NULL: none. */
	struct {
		int fd;
		const char *path;
	} folders[2];
	/* The first of them looks as if its owner were root of this user namespace, as what is
	 * restored in there reads it; -1. */
	int idmap_fd;
	int root_fd; /* a detached mount, attached on `root_point` in a mount namespace of its own;
	                -1 */
	const char *root_point;
};

/* A notification: what CRIU stops for. `fd`: one that came along, or -1; it is the handler's. */
typedef int (*criu_notified)(void *data, const char *script, pid_t pid, int fd, struct err *e);

/* Starts it, and sees that it is new enough. -ENOENT: there is none. -EOPNOTSUPP: too old. */
int criu_start(const struct criu_place *place, struct criu *ret_criu, struct err *e);

/* -EOPNOTSUPP: this CRIU on this kernel cannot track memory. */
int criu_need_memory_tracking(struct criu *c, struct err *e);
int criu_need_lazy_pages(struct criu *c, struct err *e);

/* One request, until it is answered. `notified` fails: the request does. */
int criu_request(struct criu *c, enum criu_type type, const struct criu_request *request,
    criu_notified notified, void *data, struct criu_answer *ret_answer, struct err *e);

/* Lets it end, and waits. */
void criu_stop(struct criu *c);

#endif
