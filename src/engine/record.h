/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container is: containers/<id>/state.json
 *
 * Written once, when the container is made, and never changed: the options as
 * they were meant, with what the image said merged in. How it fares is not in
 * here; see engine/container.h. Each start makes a fresh config.json from it.
 */
#ifndef DOLIUM_ENGINE_RECORD_H
#define DOLIUM_ENGINE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/strmap.h"
#include "base/strv.h"

struct buf;
struct err;

#define RECORD_FORMAT  1
#define RECORD_MAX     ((size_t)4 << 20) /* bytes */
#define RECORD_ID_LEN  64
#define RECORD_ID_SHOW 12

struct record_mount {
	char *type; /* "bind" "volume" "tmpfs" */
	char *source; /* bind: a path of the host; volume: its name; tmpfs: NULL */
	char *target;
	char *propagation; /* "rprivate" */
	char *tmpfs_options; /* further ones, with commas; NULL */
	int64_t tmpfs_size;
	uint32_t tmpfs_mode;
	bool read_only, non_recursive, anonymous, no_copy, create_source;
};

struct record_ulimit {
	char *name; /* "nofile" */
	int64_t soft, hard; /* -1: unlimited */
};

struct record_device {
	char *host_path, *path, *permissions;
};

struct record {
	int64_t format;
	char *id, *name;
	int64_t created_ns; /* since the epoch */
	char *image; /* as the user wrote it */
	char *image_id; /* "sha256:..."; NULL: the image `host` */
	struct strv layers; /* diffIDs in hex, lowest first; none: the image `host` */
	char *isolation; /* "container" "chroot" */
	bool tty, interactive, auto_remove, read_only, privileged, init;
	bool of_run; /* made to be run at once by the command that made it */

	/* the process */
	struct strv entrypoint, command, env;
	char *user; /* as it was written; NULL or "": root */
	char *workdir, *stop_signal;
	int64_t stop_timeout;
	char *restart; /* "no" "always" "unless-stopped" "on-failure[:N]" */
	char *log_driver;
	struct strv log_opts; /* each KEY=VALUE */
	struct strv group_add, cap_add, cap_drop, security_opt;
	struct record_ulimit *ulimits;
	size_t n_ulimits;
	int64_t oom_score_adj;
	bool has_oom_score_adj;

	/* its world */
	char *hostname, *domainname, *platform;
	struct strmap labels, annotations, sysctls;
	struct strv add_host, dns, dns_search, dns_option;
	struct record_mount *mounts;
	size_t n_mounts;
	struct record_device *devices;
	size_t n_devices;
	char *network, *pid, *ipc, *uts, *cgroupns,
	    *userns; /* each "private", "host", ...; never NULL */
	uint32_t keep_uid, keep_gid; /* of the caller, for the userns "keep-id" */
	int64_t shm_size;

	/* its limits; zero: none was asked for */
	char *cgroup_parent, *cpuset_cpus, *cpuset_mems;
	int64_t memory, memory_swap, memory_reservation, nano_cpus, cpu_period, cpu_quota,
	    pids_limit;
	uint64_t cpu_shares;
	uint32_t blkio_weight;
	bool oom_kill_disable;
};

struct record *record_new(void); /* NULL when memory is gone */
struct record *record_free(struct record *record); /* NULL is fine; returns NULL */
AUTO_DEFINE(struct record *, record_free);

/* -EBADMSG: damaged, or of a later version. `what` names it in reports. */
int record_parse(
    const char *text, size_t len, const char *what, struct record **ret_record, struct err *e);
void record_write(const struct record *record, struct buf *to);

#endif
