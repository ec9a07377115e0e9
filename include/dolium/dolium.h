/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libdolium: images and containers, behind the walls that fit
 *
 * One `struct dolium` is an open engine: a store, and what runs from it. It
 * belongs to one thread at a time. Any number of engines, in any number of
 * processes, may have the same store open; no daemon is needed.
 *
 * Functions return zero or more on success and a negative errno on failure;
 * dolium_error() then has a sentence that says what could not be done, to what,
 * and why, and dolium_hint() may have one that helps. Option structs start with
 * their own size, so that they can grow: set it by DOLIUM_OPTIONS(type) and leave
 * what you do not care for zero. What a call is given is borrowed for the call;
 * what it returns through a `ret_` parameter is the caller's.
 */
#ifndef DOLIUM_DOLIUM_H
#define DOLIUM_DOLIUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DOLIUM_OPTIONS(type_)         \
	{                             \
		.size = sizeof(type_) \
	}

struct dolium;

struct dolium_options {
	size_t size;
	const char *root; /* NULL: $DOLIUM_ROOT, else /var/lib/dolium, else $XDG_DATA_HOME/dolium
	                     for a plain user */
	const char
	    *run_root; /* NULL: $DOLIUM_RUN_ROOT, else /run/dolium, else $XDG_RUNTIME_DIR/dolium */
	const char *libexec; /* where dolium-oci and the workers are; NULL: beside this program,
	                        else ../libexec/dolium */
	bool debug;
	const char *storage_driver; /* "erofs", "overlay"; NULL: $DOLIUM_STORAGE_DRIVER, else the
	                               one that has made what is there, else the best that works */
};

/* *ret_dolium is set even on failure, for dolium_error(); close it all the same. NULL only when
 * memory is gone. */
int dolium_open(const struct dolium_options *options, struct dolium **ret_dolium);
void dolium_close(struct dolium *d);

const char *dolium_error(const struct dolium *d); /* of the last call that failed; "" */
const char *dolium_hint(const struct dolium *d); /* NULL: none */
const char *dolium_version(void);

/* ------------------------------------------------------------------ values */

/*
 * What lists and inspections return: a tree of objects, arrays and texts. Its
 * keys are Docker's ("Id", "RepoTags", "State"). Parts are borrowed from the root.
 */
struct dolium_value;
void dolium_value_free(struct dolium_value *v);

size_t dolium_value_count(const struct dolium_value *v);
const struct dolium_value *dolium_value_at(const struct dolium_value *v, size_t i);
const struct dolium_value *dolium_value_get(const struct dolium_value *v, const char *key);
const char *dolium_value_text(
    const struct dolium_value *v, const char *key); /* "" where it is not there or no text */
int64_t dolium_value_number(const struct dolium_value *v, const char *key);
bool dolium_value_bool(const struct dolium_value *v, const char *key);
/* In these three a `key` of NULL means `v` itself: an element of an array of texts or numbers. */

/* The name of the i-th member of an object; dolium_value_at() has its value. NULL: no object, or
 * no such member. */
const char *dolium_value_key(const struct dolium_value *v, size_t i);

/*
 * To change what a list returned before it is printed (ids cut to twelve digits, sizes for people).
 * A new value is an empty object; dolium_value_set() adds or replaces a text in an object; the row
 * is dolium_value_at() of a list, as something that can be set. -ENOMEM, -EINVAL: no object.
 */
struct dolium_value *dolium_value_new(void);
int dolium_value_set(struct dolium_value *object, const char *key, const char *text);
struct dolium_value *dolium_value_row(struct dolium_value *list, size_t i);

/* As JSON text; `indent` 0: one line. The caller frees *ret_text. */
int dolium_value_json(const struct dolium_value *v, unsigned indent, char **ret_text);

/*
 * A template in the form of Go's text/template, the part that Docker's users know: {{.Field.Sub}},
 * {{index .A "k"}},
 * {{json .}}, {{range}}..{{end}}, {{if}}..{{else}}..{{end}}, {{join .L ","}}, {{upper}} {{lower}}
 * {{title}}
 * {{split}} {{truncate}} {{pad}} {{println}} {{len}} {{eq}} {{ne}} {{and}} {{or}} {{not}}, pipes.
 * Parsed once, used on each row.
 */
struct dolium_template;
int dolium_template_parse(struct dolium *d, const char *text, struct dolium_template **ret);
int dolium_template_render(struct dolium *d, const struct dolium_template *t,
    const struct dolium_value *v, char **ret_text);
void dolium_template_free(struct dolium_template *t);

/* ------------------------------------------------------------------ images */

struct dolium_progress {
	const char *id; /* twelve digits of the layer, or NULL: about the image */
	const char *status; /* "Waiting" "Downloading" "Unpacking" "Pull complete" "Already exists"
	                       "Retrying" */
	const char *note; /* NULL, or words */
	uint64_t done, total; /* bytes; total 0: not known */
};

struct dolium_pull_options {
	size_t size;
	const char *platform;
	int tls_verify; /* 0: the default (HTTP to loopback only); 1: always; -1: never */
	const char *auth_file, *cert_dir, *credentials;
	const char *const
	    *mirrors; /* "docker.io=http://127.0.0.1:5000"; NULL: those of the configuration */
	void (*progress)(void *user, const struct dolium_progress *p); /* NULL: none */
	void *user;
};

/*
 * Fetches a reference, oci:DIR[:TAG], oci-archive:FILE or docker-archive:FILE. The value: an array
 * of
 * {"Id","Name","RepoTags":[..],"Digest","Status":"downloaded"|"up to date"}, one an image; the
 * name is written in full, the tags as people write them.
 */
int dolium_image_pull(struct dolium *d, const char *source,
    const struct dolium_pull_options *options, struct dolium_value **ret);
/* An archive of `docker save` or an OCI archive, plain, gzip or zstd, from an open file or pipe
 * (borrowed). */
int dolium_image_load(
    struct dolium *d, int fd, const struct dolium_pull_options *options, struct dolium_value **ret);
/* A tar of a root file system as an image of one layer. `name` may be NULL; changes as Dockerfile
 * lines (CMD, ENV, ...). */
int dolium_image_import(struct dolium *d, int fd, const char *name, const char *const *changes,
    const char *message, const char *platform, struct dolium_value **ret);

/* Rows: ID Repository Tag Digest CreatedAt CreatedSince Size Containers, and Names. Filters:
 * "reference=..", "label=..", "dangling=true", "before=", "since=" */
int dolium_image_list(
    struct dolium *d, const char *const *filters, bool digests, struct dolium_value **ret);
int dolium_image_inspect(
    struct dolium *d, const char *name, struct dolium_value **ret); /* one object, as docker's */
int dolium_image_history(struct dolium *d, const char *name,
    struct dolium_value **ret); /* rows: ID CreatedAt CreatedSince CreatedBy Size Comment */
int dolium_image_tag(struct dolium *d, const char *name, const char *new_name);
/* Rows: {"Untagged":..} or {"Deleted":..}. -EBUSY: a container uses it and `force` is not said. */
int dolium_image_remove(struct dolium *d, const char *name, bool force, struct dolium_value **ret);
/* {"ImagesDeleted":[rows as above],"SpaceReclaimed":n}. all: every image no container uses, else
 * those without a name. */
int dolium_image_prune(struct dolium *d, bool all, struct dolium_value **ret);

/* Asks the registry whether the credentials are good, then stores them in auth_file (NULL:
 * ~/.docker/config.json) or its helper. */
int dolium_login(struct dolium *d, const char *server, const char *user, const char *password,
    int tls_verify, const char *auth_file);
int dolium_logout(struct dolium *d, const char *server, const char *auth_file);

/* -------------------------------------------------------------- containers */

enum dolium_isolation {
	DOLIUM_CONTAINER = 0,
	DOLIUM_CHROOT,
	DOLIUM_VM,
};

enum dolium_mount_type {
	DOLIUM_MOUNT_BIND,
	DOLIUM_MOUNT_VOLUME,
	DOLIUM_MOUNT_TMPFS,
};

struct dolium_mount {
	enum dolium_mount_type type;
	const char *source; /* host path or volume name; NULL: an anonymous volume */
	const char *target;
	bool read_only;
	bool create_source; /* -v makes a host directory that is missing; --mount does not */
	bool no_copy; /* a new volume is not filled from the image */
	bool non_recursive;
	const char *propagation; /* NULL: rprivate */
	int64_t tmpfs_size; /* bytes; 0: no limit */
	unsigned tmpfs_mode; /* 0: 01777 */
	const char *tmpfs_options; /* further ones, as --tmpfs has them; NULL */
};

struct dolium_ulimit {
	const char *name; /* "nofile" */
	int64_t soft, hard; /* -1: unlimited */
};

struct dolium_device {
	const char *host_path, *path, *permissions; /* permissions: "rwm" */
};

/* Lists end in NULL and may be NULL; counted arrays have their n_ beside them. Zero is "not said".
 */
struct dolium_create_options {
	size_t size;
	const char *image; /* a reference, an id, "host" or "hello" */
	const char *const *command; /* replaces the image's CMD */
	const char *const *entrypoint; /* NULL: the image's; an empty list or "": none */
	const char *name, *hostname, *domainname, *user, *workdir, *stop_signal, *platform,
	    *cgroup_parent;
	const char *pull; /* "missing" (default), "always", "never" */
	enum dolium_isolation isolation;
	bool tty, interactive, auto_remove, read_only, privileged, init, env_host;
	const char *const *env; /* "KEY=value", or "KEY": from the caller's environment */
	const char *const *labels, *const *annotations, *const *sysctls; /* "key=value" */
	const char *const *group_add, *const *add_host, *const *dns, *const *dns_search,
	                                                                 *const *dns_option;
	const char *const *cap_add, *const *cap_drop, *const *security_opt;
	const struct dolium_mount *mounts;
	size_t n_mounts;
	const struct dolium_ulimit *ulimits;
	size_t n_ulimits;
	const struct dolium_device *devices;
	size_t n_devices;
	int64_t memory, memory_swap, memory_reservation, nano_cpus, shm_size,
	    pids_limit; /* bytes; 10^-9 cpus; -1: unlimited */
	uint64_t cpu_shares;
	int64_t cpu_period, cpu_quota; /* microseconds */
	const char *cpuset_cpus, *cpuset_mems;
	unsigned blkio_weight;
	int oom_score_adj;
	bool has_oom_score_adj, oom_kill_disable;
	const char *network; /* "none" (the default, but for the image "host") or "host" */
	const char *pid, *ipc, *uts, *cgroupns; /* "host" or "private"; NULL: private */
	const char *userns; /* "auto" (default): a range of 64k ids of its own; "host"; "keep-id" */
	int stop_timeout; /* seconds; 0: 10 */
	const char *restart; /* "no" (default), "always", "unless-stopped", "on-failure[:N]" */
	const char *log_driver; /* "json-file" (default), "k8s-file", "journald", "none" */
	const char *const *log_opts; /* "max-size=1m" "max-file=3" "tag=..." */
	struct dolium_pull_options pulling; /* for an image that is not here */
};

/* The caller frees *ret_id: 64 hex digits. -EEXIST: the name is taken. -ENOENT: no such image, and
 * it was not to be pulled. */
int dolium_container_create(
    struct dolium *d, const struct dolium_create_options *options, char **ret_id);

struct dolium_start_options {
	size_t size;
	bool attach_stdin, attach_stdout, attach_stderr;
	bool no_signal_proxy;
	bool detach; /* return as soon as it runs */
	bool no_tty; /* of dolium_container_attach(): leave our terminal's mode as it is */
	const char *detach_keys; /* NULL: "ctrl-p,ctrl-q"; "": none */
};

/* What became of the process inside. */
struct dolium_exit {
	int status; /* 0..255; 128+n where signal n ended it; 125 126 127 as `docker run` where it
	               never ran */
	bool oom_killed;
	bool detached; /* it runs: `detach` was asked for, or somebody typed the detach keys */
};

/*
 * Starts a container. Its keeper, a process of its own, stays with it to its end; we stay, too,
 * attached to the streams that are named, and return when it has ended: 0 with *ret_exit filled,
 * also where the program inside failed. Where it could not be started at all: a negative errno, and
 * ret_exit->status is 127 (no such program), 126 (it cannot be executed) or 125 (all else).
 * Signals that reach this process meanwhile are sent on, unless options say no. Removes it at the
 * end when it was created so. If we are killed, or leave (`detach`), the keeper does what remains
 * to be done.
 */
int dolium_container_start(struct dolium *d, const char *name,
    const struct dolium_start_options *options, struct dolium_exit *ret_exit);

/* dolium_container_create() and dolium_container_start() in one: what `dolium run` is. With
 * `detach`, *ret_id (may be NULL) is the new container's, for the caller to free. */
int dolium_container_run(struct dolium *d, const struct dolium_create_options *create,
    const struct dolium_start_options *start, char **ret_id, struct dolium_exit *ret_exit);

/* To one that runs, as dolium_container_start() does. -ESRCH: it does not run. */
int dolium_container_attach(struct dolium *d, const char *name,
    const struct dolium_start_options *options, struct dolium_exit *ret_exit);

/*
 * Its stop signal, or `signal` where that is not NULL, and SIGKILL `timeout` seconds later (-1: its
 * own stop timeout; -2: never). It is not started again by its restart policy. 0 also where it did
 * not run.
 */
int dolium_container_stop(struct dolium *d, const char *name, const char *signal, int timeout);
int dolium_container_restart(struct dolium *d, const char *name, const char *signal, int timeout);
/* `signal` NULL: KILL. -ESRCH: it does not run. */
int dolium_container_kill(struct dolium *d, const char *name, const char *signal);

/*
 * Waits for an end. `condition`: NULL or "not-running" (also one that was), "next-exit", "removed".
 */
int dolium_container_wait(
    struct dolium *d, const char *name, const char *condition, struct dolium_exit *ret_exit);

struct dolium_exec_options {
	size_t size;
	const char *const *command; /* ends in NULL */
	const char *const *env; /* "KEY=value", or "KEY": from the caller's environment */
	const char *user, *workdir; /* NULL: the container's */
	bool tty, interactive, privileged, detach;
};

/*
 * One more program in a container that runs. 0: *ret_exit has its status. -ESRCH: the container
 * does not run; -EBUSY: it is paused. A program that is not there or cannot be executed is a
 * failure, with 127 or 126 in ret_exit->status.
 */
int dolium_container_exec(struct dolium *d, const char *name,
    const struct dolium_exec_options *options, struct dolium_exit *ret_exit);

/* Freezes all of it, or lets it go on. -ESRCH: it does not run; -EALREADY: it is as it is wanted.
 */
int dolium_container_pause(struct dolium *d, const char *name, bool pause);

/* -EEXIST: the name is taken. */
int dolium_container_rename(struct dolium *d, const char *name, const char *new_name);

/* Its processes as ps(1) lists them: {"Titles":[..],"Processes":[[..]]}. ps_options may be NULL. */
int dolium_container_top(
    struct dolium *d, const char *name, const char *const *ps_options, struct dolium_value **ret);

/* {"ContainersDeleted":[ids],"SpaceReclaimed":n}: those that do not run. Filters: label= until= */
int dolium_container_prune(struct dolium *d, const char *const *filters, struct dolium_value **ret);

struct dolium_log_line {
	const char *stream; /* "stdout" or "stderr" */
	const char *text; /* `len` bytes, with its newline unless it was cut there */
	size_t len;
	const char *time; /* RFC 3339, UTC, nine digits */
};

struct dolium_log_options {
	size_t size;
	bool follow; /* until the container ends */
	int64_t tail; /* so many of the last lines; -1: all */
	int64_t since_ns, until_ns; /* since the epoch; 0: not said */
	bool (*line)(void *user, const struct dolium_log_line *line); /* false: no more */
	void *user;
};

/* What it wrote. -EOPNOTSUPP: its log driver keeps nothing that can be read here. */
int dolium_container_logs(
    struct dolium *d, const char *name, const struct dolium_log_options *options);

/* "2026-11-23T21:00:00Z", "2026-11-23", seconds since the epoch, or how long ago ("10m", "1h30m").
 * -EINVAL. */
int dolium_time_parse(struct dolium *d, const char *text, int64_t *ret_ns);

/* For a keeper: its container has ended. Removes it or starts it again, as is meant. lock_fd: of
 * the container's directory, locked; consumed. */
int dolium_container_after(struct dolium *d, const char *id, int lock_fd);

/* Rows: ID Names Image Command CreatedAt RunningFor Status State Isolation Ports Labels Mounts
 * Networks Size(with size). Filters as docker's: id= name= status= label= ancestor= exited= */
struct dolium_list_options {
	size_t size;
	bool all, with_size;
	int last; /* 0: no limit */
	const char *const *filters;
};
int dolium_container_list(
    struct dolium *d, const struct dolium_list_options *options, struct dolium_value **ret);
int dolium_container_inspect(struct dolium *d, const char *name, struct dolium_value **ret);
/* -EBUSY: it runs and `force` is not said. The caller frees *ret_id (may be NULL). */
int dolium_container_remove(
    struct dolium *d, const char *name, bool force, bool volumes, char **ret_id);

/* Names for completion and suggestions. kind: "container" "image" "volume". Array of texts. */
int dolium_names(struct dolium *d, const char *kind, struct dolium_value **ret);
int dolium_info(
    struct dolium *d, struct dolium_value **ret); /* as `docker info`, and what this host can do */

#ifdef __cplusplus
}
#endif

#endif
