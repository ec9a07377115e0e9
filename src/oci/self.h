/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping our own program file out of a container's reach
 */
#ifndef DOLIUM_OCI_SELF_H
#define DOLIUM_OCI_SELF_H

struct err;

/*
 * A container without a user namespace of its own whose program is
 * "/proc/self/exe" runs this program, and could then write to it through
 * /proc/PID/exe (CVE-2019-5736). So we run from a read-only, detached copy of
 * the mount that our file is on: starts us again from there, once, with `argv`.
 * Returns 0 where we run so already.
 */
int self_protect(char *const *argv, struct err *e);

#endif
