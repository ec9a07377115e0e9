/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listener of a seccomp filter: handed to an agent of the host, who decides
 */
#ifndef DOLIUM_OCI_LISTENER_H
#define DOLIUM_OCI_LISTENER_H

struct err;
struct launch;
struct oci_state;
struct plan;

/*
 * Takes the listener from the child and sends it, with the state of the process, to
 * linux.seccomp.listenerPath. Does nothing where no system call is to be asked about.
 */
int listener_hand_over(const struct plan *p, const struct oci_state *state, const char *status,
    struct launch *l, struct err *e);

#endif
