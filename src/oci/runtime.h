/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium-oci: the OCI run-time
 *
 * The options and words are runc's, so that engines can use either. One
 * directory per container below the root, "<root>/<id>/", 0700:
 *
 *   state.json     format/oci_state.h
 *   config.json    as it was in the bundle; for `exec`
 *   exec.fifo      `create` made the container and it waits here for `start`
 *   cgroups        `pause` or `update` was there: it may be in more cgroups; empty
 *   notify/      oci/activation.h: a folder that the container has bound
 *   report.fifo    on which `start` hears how exec went
 */
#ifndef DOLIUM_OCI_RUNTIME_H
#define DOLIUM_OCI_RUNTIME_H

#include <stdbool.h>

#include "format/oci_state.h"
#include "oci/keeper_parts.h"

struct err;

/* Who makes the cgroups. */
enum runtime_cgroups {
	RUNTIME_CGROUPS_FS, /* we, in the file system */
	RUNTIME_CGROUPS_SYSTEMD, /* systemd, asked for by D-Bus; then linux.cgroupsPath is
	                            slice:prefix:name */
	RUNTIME_CGROUPS_NONE, /* nobody: the container stays in ours */
};

struct runtime {
	const char *root; /* --root */
	const char *log; /* --log; NULL: none */
	const char *log_format; /* --log-format: text or json */
	bool debug;
	const char *log_level; /* crun's: error, warning or debug */
	const char *criu; /* that of old runcs, which newer ones ignore: it is found in $PATH */
	const char *cgroup_manager; /* crun's name of what --systemd-cgroup says */
	bool systemd_cgroup;
	enum runtime_cgroups cgroups; /* what these two come to */
	const char *rootless;
	bool help, version;
};

/* What `exec` says of its process. */
struct exec_options {
	const char *process, *cwd, *user, *process_label, *apparmor, *cgroup;
	struct strv env, additional_gids, caps;
	bool tty, no_new_privs, ignore_paused;
};

/* What `update` changes, as it was written; NULL: not said. */
struct update_options {
	const char *resources;
	const char *blkio_weight, *cpu_period, *cpu_quota, *cpu_burst, *cpu_share, *cpu_idle;
	const char *cpu_rt_period, *cpu_rt_runtime, *cpuset_cpus, *cpuset_mems;
	const char *memory, *memory_reservation, *memory_swap, *pids_limit;
	const char *kernel_memory, *kernel_memory_tcp; /* no kernel has them any more */
	const char *l3_cache_schema, *mem_bw_schema;
};

/* What `checkpoint` and `restore` are told; each has some of these. */
struct checkpoint_options {
	const char *image_path, *work_path, *parent_path; /* --parent-path: relative to the first */
	const char *page_server, *cgroups_mode, *network_lock;
	const char *lsm_profile, *lsm_mount_context;
	int status_fd; /* -1: none */
	bool leave_running, pre_dump, lazy_pages, auto_dedup, shell_job;
	bool tcp_established, tcp_skip_in_flight, tcp_close;
	bool link_remap, ext_unix_sk, file_locks;
	struct strv empty_ns;
};

struct runtime_options {
	const char *id;
	const char *bundle; /* --bundle */
	const char *config; /* --config: crun's, in place of config.json */
	const char *console_socket, *pidfd_socket, *pid_file;
	const char *stdio; /* --stdio: inherit or pipe */
	const char *format; /* list --format */
	const char *signal_name;
	int preserve_fds, rootfs_fd, report_fd;
	bool detach, keep, no_pivot, no_new_keyring, no_subreaper;
	bool rootless; /* spec --rootless */
	const char *interval; /* events --interval */
	bool all, force, quiet, stats;
	bool regex; /* kill, delete: the id is a pattern, and all that match are meant */
	bool help;
	struct keeper_options keeper; /* of `run`, for the engine */
	struct exec_options exec;
	struct update_options update;
	struct checkpoint_options checkpoint;
	char *const *arguments; /* behind the id; ends in a NULL */
	char *const *argv; /* of the whole program */
};

/* Each is one command; returns the exit status of the program or a negative errno. */
int runtime_run(const struct runtime *rt, const struct runtime_options *o, struct err *e);
int runtime_create(const struct runtime *rt, const struct runtime_options *o, struct err *e);
int runtime_start(const struct runtime *rt, const struct runtime_options *o, struct err *e);
int runtime_state(const struct runtime *rt, const struct runtime_options *o, struct err *e);
int runtime_list(const struct runtime *rt, const struct runtime_options *o, struct err *e);
int runtime_kill(const struct runtime *rt, const struct runtime_options *o, struct err *e);
int runtime_delete(const struct runtime *rt, const struct runtime_options *o, struct err *e);
int runtime_exec(const struct runtime *rt, const struct runtime_options *o, struct err *e);
int runtime_pause(const struct runtime *rt, const struct runtime_options *o, struct err *e);
int runtime_resume(const struct runtime *rt, const struct runtime_options *o, struct err *e);
int runtime_update(const struct runtime *rt, const struct runtime_options *o, struct err *e);
int runtime_features(const struct runtime *rt, const struct runtime_options *o, struct err *e);
int runtime_events(const struct runtime *rt, const struct runtime_options *o, struct err *e);
int runtime_ps(const struct runtime *rt, const struct runtime_options *o, struct err *e);
int runtime_mounts(const struct runtime *rt, const struct runtime_options *o, struct err *e);
int runtime_checkpoint(const struct runtime *rt, const struct runtime_options *o, struct err *e);
int runtime_restore(const struct runtime *rt, const struct runtime_options *o, struct err *e);
int runtime_spec(const struct runtime *rt, const struct runtime_options *o, struct err *e);

/* --regex: the command for each container whose id matches the pattern o->id. One that fails does
 * not keep the others from it. */
int runtime_each_matching(const struct runtime *rt, const struct runtime_options *o,
    int (*command)(const struct runtime *rt, const struct runtime_options *o, struct err *e),
    struct err *e);

/* The whole program: reads the command line, runs, reports. */
int runtime_main(int argc, char **argv);

/* ---- the directories of containers (runtime_home.c) ---- */

/* Letters, digits and "_+-." and nothing else, at most 1024; not "." or "..". Pure. */
bool runtime_id_valid(const char *id);

/* Makes the directory and returns its fd. -EEXIST: there is such a container. */
int home_make(const struct runtime *rt, const char *id, struct err *e);
/* Opens it. -ENOENT: "container does not exist". */
int home_open(const struct runtime *rt, const char *id, struct err *e);
/* Removes the directory and what we put there. */
int home_remove(const struct runtime *rt, const char *id, int home_fd, struct err *e);

int home_read_state(int home_fd, const char *id, struct oci_state *ret_state, struct err *e);
/* Both, for a container that has processes (created, running or paused). -ESRCH: it has none. */
int home_open_alive(
    const struct runtime *rt, const char *id, struct oci_state *ret_state, struct err *e);
struct limits;
/* Its cgroups. -EOPNOTSUPP: it has none (--cgroup-manager disabled). */
int home_open_limits(const struct oci_state *state, struct limits **ret_limits, struct err *e);
/* Before they are used for more than to look: an update or pause before may have been killed. */
int home_mend_limits(int home_fd, struct limits *limits, struct err *e);
/* The first one, of a home that was just made. */
int home_write_first_state(int home_fd, const struct oci_state *state, struct err *e);
int home_write_state(int home_fd, const struct oci_state *state, struct err *e);

#define HOME_CONFIG_MAX ((size_t)16 << 20)

struct oci_config;
/* The configuration that the container was made from, as text; and that, read. */
int home_keep_config(int home_fd, const char *text, size_t len, struct err *e);
int home_read_config(int home_fd, struct oci_config **ret_config, struct err *e);

/* That pause or update puts it into more cgroups than it began with, noted before: it may be
 * frozen, and who has the state in memory has not got them all. */
int home_note_more_cgroups(int home_fd);
bool home_has_more_cgroups(int home_fd);

enum home_status {
	HOME_CREATING,
	HOME_CREATED,
	HOME_RUNNING,
	HOME_PAUSED,
	HOME_STOPPED,
};

/* How it is with the container just now. */
enum home_status home_status(int home_fd, const struct oci_state *state);
const char *home_status_name(enum home_status status);

/*
 * Removes what is left of a container whose process is gone, or is killed here:
 * poststop hooks, cgroups, directory.
 */
int home_clean(const struct runtime *rt, int home_fd, const struct oci_state *state, struct err *e);

#endif
