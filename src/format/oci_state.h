/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a container, <root>/<id>/state.json
 *
 * What a later command needs to know, so that none reads config.json again.
 * Whether the container runs is not in it: the kernel knows (pid and pid_start).
 */
#ifndef DOLIUM_FORMAT_OCI_STATE_H
#define DOLIUM_FORMAT_OCI_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/strmap.h"
#include "base/strv.h"

struct buf;
struct err;

#define OCI_STATE_FORMAT 1

struct oci_state {
	uint32_t format; /* OCI_STATE_FORMAT */
	char *oci_version, *id;
	int32_t pid; /* 0: its process was not made yet */
	uint64_t pid_start; /* process_start_time() of it */
	char *bundle, *rootfs; /* absolute */
	char *created; /* RFC 3339 */
	struct strv cgroups; /* absolute paths; empty while they are made */
	struct strv intel_rdt; /* what the container has in the resctrl file system */
	char *cgroups_path; /* linux.cgroupsPath; NULL: none */
	char *cgroup_manager; /* who made them: "systemd" or "disabled"; NULL: cgroupfs */
	struct strmap annotations;
	char *hooks; /* the text of a config.json that has only them; NULL: none */
};

/* A zeroed *ret_state is filled; on failure nothing needs freeing. -EBADMSG: not a state. */
int oci_state_parse(const char *text, size_t len, struct oci_state *ret_state, struct err *e);
void oci_state_write(const struct oci_state *state, struct buf *to);
void oci_state_done(struct oci_state *state);

/*
 * What the OCI calls the state: `dolium-oci state` prints it and hooks read it.
 * status: creating created running stopped.
 */
void oci_state_show(
    const struct oci_state *state, const char *status, unsigned indent, struct buf *to);

static inline void oci_state_done_at(struct oci_state *state)
{
	oci_state_done(state);
}

#define AUTO_OCI_STATE __attribute__((cleanup(oci_state_done_at)))

#endif
