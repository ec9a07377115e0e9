/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts of a container that CRIU must not dump, but find again
 *
 * What a container has of its own (its proc, its tmpfs) is dumped with all in it. What comes from
 * the host is only noted, under its place in the container as its name, and a restore says
 * what it is now. Both are entries of CRIU's `external` option.
 */
#ifndef DOLIUM_OCI_CRIU_MOUNTS_H
#define DOLIUM_OCI_CRIU_MOUNTS_H

#include "base/strv.h"

struct err;
struct mountinfo;
struct oci_config;

/* For the dump of a container whose mounts are `own`: "mnt[/data]:/data". Pure. */
int criu_mounts_note(const struct oci_config *config, const struct mountinfo *own,
    const struct mountinfo *host, struct strv *external, struct err *e);

/*
 * For the restore: "mnt[/data]:/srv/data". Makes in the root what is missing of the mounts' places,
 * `root_fd` being a detached mount of it. `cgroups`: the container's new ones.
 */
int criu_mounts_find(const struct oci_config *config, const char *bundle, int root_fd,
    const struct strv *cgroups, const struct mountinfo *host, struct strv *external, struct err *e);

#endif
