/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bundle: the directory that says what a container is
 */
#ifndef DOLIUM_OCI_RUNTIME_BUNDLE_H
#define DOLIUM_OCI_RUNTIME_BUNDLE_H

#include <limits.h>
#include <stddef.h>

struct err;
struct oci_config;
struct oci_state;
struct runtime;

struct bundle {
	char path[PATH_MAX]; /* absolute */
	char *text; /* of the configuration, until it is kept */
	size_t text_len;
	struct oci_config *config;
};

/* `dir` NULL: the current one. `file` NULL: config.json there; else a path of the caller's. */
int bundle_read(const char *dir, const char *file, struct bundle *ret_bundle, struct err *e);

/* For `exec`, as it is now: what becomes of the bundle does not matter to the container. */
int bundle_keep_config(struct bundle *b, int home_fd, struct err *e);

/* What the state of container `id` can say before there is a process. */
int bundle_fill_state(const struct bundle *b, const struct runtime *rt, const char *id,
    struct oci_state *state, struct err *e);

struct limits;
/* Its cgroups, with its limits, noted in the state; *ret_limits stays NULL where nobody is to make
 * any. */
int bundle_make_limits(const struct bundle *b, const struct runtime *rt, struct oci_state *state,
    struct limits **ret_limits, struct err *e);

#endif
