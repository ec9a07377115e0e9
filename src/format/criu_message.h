/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said to CRIU, and what it says
 *
 * `criu swrk FD` reads requests from a SOCK_SEQPACKET socket and answers there, one protocol
 * buffer a message. Between a request and its answer come notifications, each of
 * which wants a CRIU_NOTIFY request as its reply.
 */
#ifndef DOLIUM_FORMAT_CRIU_MESSAGE_H
#define DOLIUM_FORMAT_CRIU_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strv.h"

struct buf;

enum criu_type {
	CRIU_DUMP = 1,
	CRIU_RESTORE = 2,
	CRIU_PRE_DUMP = 4,
	CRIU_NOTIFY = 6,
	CRIU_FEATURE_CHECK = 9,
	CRIU_VERSION = 10,
};

/* What is done about cgroups. */
enum criu_cgroups {
	CRIU_CGROUPS_IGNORE = 0,
	CRIU_CGROUPS_NONE = 1,
	CRIU_CGROUPS_PROPS = 2,
	CRIU_CGROUPS_SOFT = 3,
	CRIU_CGROUPS_FULL = 4,
	CRIU_CGROUPS_STRICT = 5,
};

enum criu_network_lock {
	CRIU_LOCK_UNSAID = 0,
	CRIU_LOCK_IPTABLES = 1,
	CRIU_LOCK_NFTABLES = 2,
	CRIU_LOCK_SKIP = 3,
};

/* A descriptor that takes the place of what the images know by `key`. */
struct criu_inherit {
	char key[64];
	int fd;
};

/* Where the dumped cgroups of a controller are put. */
struct criu_cgroup_root {
	char controller[32];
	const char *path;
};

#define CRIU_INHERIT_MAX 8
#define CRIU_ROOTS_MAX   16

/* Of a dump, a pre-dump or a restore. Text is borrowed; NULL: not said. */
struct criu_request {
	int images_fd, work_fd;
	int32_t pid; /* 0: not said */
	bool leave_running, ext_unix_sk, tcp_established, tcp_skip_in_flight, tcp_close;
	bool shell_job, file_locks, track_memory, auto_dedup, link_remap, lazy_pages;
	bool orphan_pts_master, restore_sibling;
	const char *log_file, *root, *parent, *freeze_cgroup;
	const char *page_server_address;
	int32_t page_server_port;
	const char *lsm_profile, *lsm_mount_context;
	enum criu_cgroups cgroups;
	enum criu_network_lock network_lock;
	uint32_t empty_namespaces; /* CLONE_NEW... */
	int status_fd; /* -1: none */
	struct strv external, cgroup_controllers;
	struct criu_inherit inherit[CRIU_INHERIT_MAX];
	size_t n_inherit;
	struct criu_cgroup_root roots[CRIU_ROOTS_MAX];
	size_t n_roots;
};

void criu_write_request(enum criu_type type, const struct criu_request *request, struct buf *to);
/* Another one may follow on the same socket. */
void criu_write_version_request(struct buf *to);
/* Asks for memory tracking or lazy pages. */
void criu_write_feature_request(bool memory_tracking, bool lazy_pages, struct buf *to);
void criu_write_notify_reply(bool success, struct buf *to);

#define CRIU_TEXT_MAX 512

struct criu_answer {
	enum criu_type type;
	bool success;
	int32_t restored_pid;
	char script[64]; /* of a notification */
	int32_t notify_pid;
	int32_t code; /* an errno, or 0 */
	char message[CRIU_TEXT_MAX]; /* why it failed; may be empty */
	int32_t major, minor, sublevel; /* of CRIU_VERSION */
	bool has_memory_tracking, has_lazy_pages; /* of CRIU_FEATURE_CHECK */
};

/* -EBADMSG: no answer of CRIU's. */
int criu_read_answer(const void *data, size_t len, struct criu_answer *ret_answer);

#endif
