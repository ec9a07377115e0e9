/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: cgroups that systemd makes
 *
 * A container is then a scope of systemd's: a unit whose processes somebody else
 * starts. systemd makes the cgroup, below the slice that was named, and leaves it to us
 * (Delegate=yes). The limits are told to it as properties, so that it never sets others, and
 * are written into the files all the same: not every limit has a property.
 *
 * A scope lives as long as it has processes and begins with one. That is the keeper, a child of
 * ours that only waits, until the container's own process is there. It dies with us, and the
 * scope with it: a runtime that is killed leaves no unit.
 */
#ifndef DOLIUM_ISOLATE_LIMITS_SYSTEMD_H
#define DOLIUM_ISOLATE_LIMITS_SYSTEMD_H

#include <stdbool.h>
#include <sys/types.h>

struct err;
struct oci_resources;
struct strmap;

/* The unit of systemd's that a container is, where systemd makes its cgroups. */
struct limits_scope {
	const char *unit, *slice; /* "dolium-web.scope", "system.slice" */
	const char *id; /* of the container */
	const struct strmap *annotations; /* "org.systemd.property.*": more properties */
	bool user; /* the user's own systemd, not the system's */
};

/*
 * Starts the scope. *ret_keeper is to be ended by limits_scope_end_keeper(). *ret_place is where it
 * is below the root of each hierarchy; the caller frees.
 */
int limits_scope_start(const struct limits_scope *scope, const struct oci_resources *resources,
    pid_t *ret_keeper, char **ret_place, struct err *e);
void limits_scope_end_keeper(pid_t keeper);

/* Other limits for one that runs. */
int limits_unit_update(
    const char *unit, bool user, const struct oci_resources *resources, struct err *e);

/* Ends a unit, whose processes are killed. One that is not there is a success. */
int limits_stop_unit(const char *unit, bool user, struct err *e);

#endif
