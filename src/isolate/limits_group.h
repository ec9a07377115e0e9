/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits, for the files that make them up: what is asked, where it is put
 */
#ifndef DOLIUM_ISOLATE_LIMITS_GROUP_H
#define DOLIUM_ISOLATE_LIMITS_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/strv.h"
#include "os/cgroup.h"

struct err;
struct oci_resources;

/* The container's directory in one hierarchy. */
struct group {
	const char *path; /* an item of `paths` */
	uint32_t controllers; /* on v2: that are enabled in it */
	bool v2;
};

struct limits {
	struct strv paths;
	struct group groups[CGROUP_HIERARCHIES_MAX]; /* as many as paths, in the same order */
	int join_fds[CGROUP_HIERARCHIES_MAX];
	size_t n_join_fds;
	int v2_fd; /* O_PATH; -1: no v2 group */
	char *place; /* below the root of each hierarchy */
	char *unit; /* of systemd's, which made them; NULL: we did */
	bool user; /* it is one of the user's systemd */
	pid_t keeper; /* of the unit; 0: none */
};

/* Each NULL: there is none. */
const struct group *limits_group(const struct limits *l, enum cgroup_controller controller);
const struct group *limits_group_v2(const struct limits *l);
const struct group *limits_group_freezer(const struct limits *l);

/* One group more. -E2BIG, -ENOMEM. */
int limits_add_group(
    struct limits *l, const struct cgroup_hierarchy *h, const char *path, struct group **ret_group);

/* Puts a running container into its cgroup in this hierarchy too, which is made. */
int limits_join_hierarchy(struct limits *l, const struct cgroup_hierarchy *h);

/* Moves in what is in the container's first group and not there yet. */
int limits_fill_group(const struct limits *l, const struct group *group);

/* Takes the container's v1 freezer in, if there is one. */
int limits_open_freezer(struct limits *l, const struct cgroup_layout *layout);

/* The controllers (CGROUP_BIT()s) without which `resources` cannot be had; NULL: none. */
uint32_t limits_asked(const struct oci_resources *resources);
/* Those that the keys of `unified` name: "memory.max" -> the memory controller. */
uint32_t limits_asked_unified(const struct oci_resources *resources);
/* -EOPNOTSUPP, and says which. */
int limits_refuse_missing(uint32_t missing, struct err *e);

/* Writes all but devices. The controllers that are asked for are there. */
int limits_put(const struct limits *l, const struct oci_resources *resources, struct err *e);
int limits_put_devices(
    const struct limits *l, const struct oci_resources *resources, struct err *e);

#endif
