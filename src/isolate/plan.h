/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of a container
 *
 * Whoever starts a container makes a plan first: everything that has to be
 * allocated, looked up on the host, opened or compiled. The child that becomes
 * the container then only carries it out (isolate/child.c): between clone and
 * exec nothing allocates and nothing locks.
 *
 * A plan borrows the configuration that it was made from.
 */
#ifndef DOLIUM_ISOLATE_PLAN_H
#define DOLIUM_ISOLATE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/auto.h"
#include "format/seccomp_program.h"
#include "isolate/mount_options.h"
#include "isolate/tuning.h"
#include "os/namespace.h"

struct err;
struct limits;
struct oci_config;

enum plan_mount_kind {
	PLAN_BIND, /* fd: a detached copy of a tree of the host, made by the parent */
	PLAN_FILE_SYSTEM, /* fd: made by the child within its namespaces */
	PLAN_CGROUPS, /* v1: a tmpfs (fd, by the child) with a bind per hierarchy */
	PLAN_LINK, /* no fd: a symbolic link to `source` */
	PLAN_REMOUNT, /* no fd: the flags of what is there change */
	PLAN_REMOVE, /* no fd: what is there is taken away */
};

/* Targets with rules of their own. */
enum plan_place {
	PLACE_OTHER,
	PLACE_PROC,
	PLACE_SYS,
	PLACE_DEV,
	PLACE_PTS,
};

struct plan_mount {
	enum plan_mount_kind kind;
	enum plan_place place;
	char *target; /* within the root, without the first '/', no "." or ".." */
	const char *type, *source;
	char *link; /* of PLAN_LINK: where it leads */
	struct mount_options options;
	bool is_dir;
	bool on_proc; /* one of the few files of /proc that may be covered */
	int fd;
};

struct plan_cgroup {
	char name[64]; /* as it is seen below /sys/fs/cgroup: "memory" */
	int fd; /* a detached bind of the container's own cgroup */
};

struct plan_device {
	char *path; /* within the root, without the first '/' */
	mode_t mode; /* with the type */
	dev_t number;
	uid_t uid;
	gid_t gid;
	int fd; /* a detached bind of the host's node, where mknod(2) is not allowed; else -1 */
};

struct plan_sysctl {
	char *path; /* below /proc: "sys/net/ipv4/ip_forward" */
	const char *key, *value;
};

struct plan_rlimit {
	int resource;
	struct rlimit value;
};

struct plan {
	const struct oci_config *config;
	const char *id;

	uint64_t new_namespaces; /* CLONE_NEW... for clone3(2) */
	bool new_cgroup_namespace; /* made after the cgroups were joined */
	bool new_time_namespace; /* made by the child: its clocks are set before it is in force */
	int join[NAMESPACE_N]; /* namespaces by path; -1: none */
	bool user_namespace;
	bool confined; /* there, or because we are in one: no device nodes, no other's file systems
	                */
	bool in_user_namespace; /* the one that the container's process is to be in: already */
	char *uid_map, *gid_map; /* of a new user namespace */
	int idmap_fd; /* a user namespace with the container's maps, for idmapped binds; -1 */

	char *root_path; /* on the host, where hooks find the root; NULL: no hooks, or no path */
	/* No process: mounts for a container that runs, or away from it. */
	bool only_mounts;
	/* For one more process in a container that runs: borrowed, of its first process; else -1.
	 */
	int container_pidfd;
	bool shared_mounts; /* its mount namespace was given by path: the root there is not its own
	                     */
	uint64_t container_namespaces; /* CLONE_NEW... that are joined there */

	int root_fd; /* detached mount, or a directory where there is no mount namespace */
	bool no_pivot;
	uint64_t root_propagation; /* MS_...; 0: not said */
	bool root_propagation_below; /* "rslave" */
	bool own_mounts; /* a mount namespace, new or by path */
	struct plan_mount *mounts;
	size_t n_mounts;
	struct plan_cgroup *cgroups;
	size_t n_cgroups;
	struct plan_device *devices;
	size_t n_devices;
	struct plan_sysctl *sysctls;
	size_t n_sysctls;
	int null_fd; /* detached bind of the host's /dev/null, checked; -1: nothing is masked */

	struct plan_rlimit *rlimits;
	size_t n_rlimits;
	uint64_t bounding, effective, permitted, inheritable, ambient, drop;
	uint64_t ignored_signals; /* that our caller ignores; bit n is signal n + 1 */
	struct tuning tuning;
	const char *apparmor_profile, *selinux_label, *mount_label; /* NULL: none */
	struct seccomp_program seccomp;
	char **env; /* config's, with room for HOME where that is missing; NULL: config's own */
	char **home; /* the place in `env` for the child to fill in; NULL: is there */
	bool new_keyring;
	bool die_with_parent;
	bool terminal;
	unsigned preserve_fds;
	int stdio[3]; /* -1: as ours */
	int start_fd; /* -1: start at once; else wait for a byte there (create) */
	int exec_report_fd; /* -1, or the fifo on which `start` hears of a failed exec */
};

struct plan_options {
	const char *id;
	const char *bundle;
	int rootfs_fd; /* -1: root.path */
	bool no_pivot, no_keyring;
	bool in_user_namespace; /* we are in the container's already: rootless_enter() */
	bool die_with_parent; /* SIGKILL for its init when who launched it is gone */
	unsigned preserve_fds;
};

/*
 * Makes the plan. What the host must give is opened here, so that the reports
 * name it. Borrows all it is given. `limits` may be NULL.
 */
int plan_make(const struct oci_config *config, const struct plan_options *options,
    const struct limits *limits, struct plan **ret_plan, struct err *e);
/*
 * The plan of one more process, config->process, in the container whose first process
 * `pidfd` is; `pid` is its id. Of the rest of the configuration only namespaces and seccomp count.
 */
int plan_make_exec(const struct oci_config *config, const struct plan_options *options, int pidfd,
    pid_t pid, struct plan **ret_plan, struct err *e);
/*
 * The plan of mounts, config->mounts, for the container whose first process that is; or, of which
 * only the destinations count, for those that are to be taken away from it.
 */
int plan_make_mounts(const struct oci_config *config, const struct plan_options *options, int pidfd,
    bool remove, struct plan **ret_plan, struct err *e);
struct plan *plan_free(struct plan *p); /* NULL is fine; returns NULL */
AUTO_DEFINE(struct plan *, plan_free);

/* The id on the host of a user of the container; -1: it has none. */
int64_t plan_host_uid(const struct plan *p, uid_t uid);
int64_t plan_host_gid(const struct plan *p, gid_t gid);

/* ---- parts, each in a file of its own ---- */

/* With nothing in it. NULL: no memory. */
struct plan *plan_new(const struct oci_config *config, const struct plan_options *options);
int plan_add_mounts(struct plan *p, const char *bundle, const struct limits *limits, struct err *e);
int plan_add_devices(struct plan *p, struct err *e);
int plan_add_sysctls(struct plan *p, struct err *e);
int plan_add_process(struct plan *p, struct err *e);

struct oci_idmap;
/* The maps as the kernel reads them; the caller frees *ret_text. */
int plan_format_map(const struct oci_idmap *maps, size_t n, char **ret_text, struct err *e);

/* "/a//b/../c/" becomes "a/c": within the root, and never above it. NULL: no memory. */
char *plan_clean_path(const char *path);

#endif
