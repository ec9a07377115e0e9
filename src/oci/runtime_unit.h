/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unit of systemd's that a container is, with --systemd-cgroup
 *
 * Its name follows from what the state has from the first moment on: linux.cgroupsPath and the id.
 */
#ifndef DOLIUM_OCI_RUNTIME_UNIT_H
#define DOLIUM_OCI_RUNTIME_UNIT_H

#include <stdbool.h>

struct err;
struct limits;
struct oci_resources;
struct oci_state;

/* Did systemd make its cgroups? */
bool unit_is(const struct oci_state *state);

/* As limits_create(). */
int unit_create(const struct oci_state *state, const struct oci_resources *resources,
    struct limits **ret_limits, struct err *e);
/* What was opened is one; where unit_is() is false nothing happens. */
int unit_adopt(const struct oci_state *state, struct limits *limits, struct err *e);
/* Of a container whose cgroups are not in the state. */
int unit_stop(const struct oci_state *state, struct err *e);

#endif
