/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running dolium-oci
 */
#ifndef DOLIUM_ENGINE_OCI_LAUNCH_H
#define DOLIUM_ENGINE_OCI_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "engine/engine.h"

struct launch {
	const char *program; /* path of dolium-oci */
	char *const *argv;
	const int *keep_fds; /* stay open in it, under the same numbers */
	size_t n_keep_fds;
	bool forward_signals; /* those that reach us are sent on */
	int stdout_fd; /* 0: ours; else it is stdout in it */
	bool null_stdin, null_stdout, null_stderr; /* are /dev/null in it */
};

/*
 * Starts the program from a read-only copy of its mount, so that nothing it
 * runs can write to our file (CVE-2019-5736), and waits for it. Returns its exit
 * status as a shell has it. Signals come to us as before when it returns.
 */
int oci_launch(const struct launch *launch, struct err *e);

/*
 * Has dolium-oci take down what it has of a container: processes, cgroups, state. Where it has
 * nothing, which is what ended in peace, no program is started.
 */
int oci_clear(struct dolium *d, const char *id, struct err *e);

/* Starts it in the same way, and does not wait: returns its pid, for oci_wait(). */
pid_t oci_spawn(const struct launch *launch, struct err *e);
int oci_wait(pid_t pid, struct err *e);

#endif
