/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rootless: a container that a plain user makes
 *
 * The run-time makes the container's user namespace first and goes there itself: to who
 * is in it with all capabilities a container is made as root makes one. Its ids stay, so what
 * it writes is its user's. What no namespace can give is left out: device nodes (the
 * host's are bound), cgroups that were not delegated, resource limits above the hard ones.
 */
#ifndef DOLIUM_ISOLATE_ROOTLESS_H
#define DOLIUM_ISOLATE_ROOTLESS_H

#include <stdbool.h>

struct err;
struct oci_config;

/* Is this process a plain user's? */
bool rootless_needed(void);

/*
 * Into a new user namespace with the maps of the configuration, and a mount namespace that
 * belongs to it. From then on the container makes neither of its own for ids: see plan_options.
 * -EINVAL: it has no new user namespace. -EPERM: those maps are not this user's to have.
 */
int rootless_enter(const struct oci_config *config, struct err *e);

#endif
