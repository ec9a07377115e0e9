/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child: carries the plan out, step by step, and becomes the container
 *
 * Nothing here allocates, locks or looks anything up on the host; what a step
 * needs is in the plan. Fds are not closed one by one: all are close-on-exec.
 */
#ifndef DOLIUM_ISOLATE_CHILD_H
#define DOLIUM_ISOLATE_CHILD_H

#include "isolate/plan.h"
#include "isolate/report.h"

#define CHILD_SPENT_MAX 32

struct child {
	const struct plan *plan;
	const struct limits *limits; /* NULL: no cgroups */
	int sync_fd;
	bool in_cgroup2; /* born there */
	bool in_user_namespace; /* the one to join: already */
	int root_fd;
	int proc_fd, sys_fd, dev_fd, pts_fd; /* roots of those mounts once they are there; -1 */
	bool own_dev; /* dev_fd is of a file system that we have made */
	int null_fd, empty_fd; /* attached sources of masks; -1 until the first */
	int own_proc_fd; /* a procfs that nobody else can have touched; -1 */
	int apparmor_fd, selinux_fd, keycreate_fd; /* of /proc/self/attr; -1: not asked for */
	int spent[CHILD_SPENT_MAX]; /* open still, and of no use any more */
	size_t n_spent;
	enum report_stage stage;
	const char *state_created; /* for startContainer hooks */
	size_t state_created_len;
};

/* Never returns. */
void child_run(const struct plan *plan, const struct limits *limits, int sync_fd, bool in_cgroup2)
    __attribute__((noreturn));

/*
 * The same for a plan that joins a user namespace and makes a pid namespace: that must
 * belong to the former, and holds only for children. So this process joins, makes
 * a sibling that goes on, says which in a REPORT_PROCESS, and ends.
 */
void child_run_sibling(const struct plan *plan, const struct limits *limits, int sync_fd)
    __attribute__((noreturn));

/* ---- steps, in the order in which they are done; each file's head says what it is about ---- */

int step_open_labels(struct child *c, struct err *e); /* step_labels.c */
int step_join_namespaces(struct child *c, struct err *e); /* step_namespaces.c */
int step_await_interfaces(struct child *c, struct err *e);
int step_join_container(struct child *c, struct err *e);
int step_name_host(struct child *c, struct err *e);
int step_make_file_systems(struct child *c, struct err *e); /* step_mounts.c */
int step_attach_root(struct child *c, struct err *e); /* step_root.c */
int step_enter_root(struct child *c, struct err *e);
int step_attach_mounts(struct child *c, struct err *e); /* step_mounts.c */
int step_make_devices(struct child *c, struct err *e); /* step_devices.c */
int step_hold_for_hooks(struct child *c, struct err *e); /* step_hooks.c */
int step_enter_root_late(struct child *c, struct err *e); /* step_root.c */
int step_open_console(struct child *c, struct err *e); /* step_devices.c */
int step_set_sysctls(struct child *c, struct err *e); /* step_paths.c */
int step_cover_paths(struct child *c, struct err *e);
int step_finish_root(struct child *c, struct err *e); /* step_root.c */
int step_join_mounts(struct child *c, struct err *e);
int step_label_keys(struct child *c, struct err *e); /* step_labels.c */
int step_set_limits(struct child *c, struct err *e); /* step_process.c */
int step_find_home(struct child *c, struct err *e); /* step_home.c */
int step_enter_cwd(struct child *c, struct err *e);
int step_set_labels(struct child *c, struct err *e); /* step_labels.c */
int step_become_user(struct child *c, struct err *e);
int step_run_start_hooks(struct child *c, struct err *e); /* step_hooks.c; from step_exec() */
int step_end(struct child *c, struct err *e); /* child.c; does not return */
int step_exec(struct child *c, struct err *e); /* step_exec.c */

/* ---- what several steps use ---- */

/*
 * In place of close(2), for the many fds that are needed for a moment: the program's
 * start closes all that are left in one call. Closes a few dozen at a time where there are more.
 */
void child_spend(struct child *c, int fd);

/*
 * Opens a mount's target with O_PATH, and makes what is missing of it, beneath
 * the root and nowhere else. The path is relative to the root.
 */
int target_open(int root_fd, const char *path, bool is_dir); /* target.c */
/* The same; a link at the end of the path is the target itself. */
int target_open_link(int root_fd, const char *path, bool is_dir);
/* Makes a link there, with the directories before it. One that leads there already is fine. */
int target_make_link(int root_fd, const char *path, const char *to);
/* Makes the missing directories of `path`; returns the last one. */
int target_make_dirs(int root_fd, const char *path, size_t len);
/* A copy of the tree below from_fd into to_fd, for "tmpcopyup". */
int target_copy_tree(int from_fd, int to_fd, unsigned depth); /* copy_tree.c */

#endif
