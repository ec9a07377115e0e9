/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which kernel parameters a container may set
 */
#ifndef DOLIUM_ISOLATE_SYSCTL_H
#define DOLIUM_ISOLATE_SYSCTL_H

#include <stddef.h>

struct err;

/*
 * Checks a key ("net.ipv4.ip_forward", or with slashes) and value and makes the
 * path below /proc. Pure. Returns the namespace_kind that the parameter belongs to.
 *
 * -EINVAL: not a key or value ('..', a newline, ...). -EPERM: one for the whole machine.
 */
int sysctl_check(const char *key, const char *value, char *ret_path, size_t room, struct err *e);

#endif
