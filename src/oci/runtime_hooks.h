/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks that the runtime itself runs, in its own namespaces
 */
#ifndef DOLIUM_OCI_RUNTIME_HOOKS_H
#define DOLIUM_OCI_RUNTIME_HOOKS_H

#include "format/oci_state.h"

struct err;
struct launch;
struct oci_config;

/* Notes the hooks in the state, for later commands. */
int runtime_hooks_note(const struct oci_config *config, struct oci_state *state, struct err *e);

/*
 * prestart and createRuntime, while the child waits with its namespaces made;
 * then hands the child the state for those that it runs itself.
 */
int runtime_hooks_create(const struct oci_config *config, const struct oci_state *state,
    struct launch *l, struct err *e);

/* The same for a restore, where there is no child of ours that has hooks to run. */
int runtime_hooks_restore(
    const struct oci_config *config, const struct oci_state *state, struct err *e);

/* After the program was started. */
int runtime_hooks_poststart(const struct oci_state *state, struct err *e);
/* After the container was deleted. One that fails is a warning, and the others run. */
void runtime_hooks_poststop(const struct oci_state *state);

#endif
