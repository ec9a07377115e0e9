/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks: programs of the host's owner that look on while a container is made
 *
 * Each gets the container's state as JSON on its stdin, an environment of its
 * own, and no fd of ours.
 */
#ifndef DOLIUM_ISOLATE_HOOK_H
#define DOLIUM_ISOLATE_HOOK_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct oci_hook_list;
struct oci_hooks;

#define HOOK_STATE_MAX 65536 /* what a pipe takes without a reader */

/*
 * Runs them one after the other; `kind` names them in reports. dir: their
 * working directory, NULL: as ours. Allocates nothing, so that the child may call it too.
 * -ECANCELED: one failed, or was killed because its time was over.
 */
int hooks_run(const struct oci_hook_list *hooks, const char *kind, const char *dir,
    const char *state, size_t len, struct err *e);

/* Are there any that run before the program does? */
bool hooks_before_start(const struct oci_hooks *hooks);

#endif
