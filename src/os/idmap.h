/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Id maps of user namespaces
 *
 * A map is text as the kernel reads it: lines "inside outside count".
 */
#ifndef DOLIUM_OS_IDMAP_H
#define DOLIUM_OS_IDMAP_H

#include <sys/types.h>

/* Writes the maps of a process that is alone in a new user namespace. */
int idmap_write(pid_t pid, const char *uid_map, const char *gid_map);

/*
 * The same without rights: who wants no more than his own ids writes that himself; for more,
 * newuidmap(1) and newgidmap(1) look into /etc/subuid and /etc/subgid. -ENOENT: they are not
 * here. -EPERM: they refuse, and have said why on stderr.
 */
int idmap_write_as_user(pid_t pid, const char *uid_map, const char *gid_map);

/*
 * Makes a user namespace with these maps that nobody lives in, for
 * mount_idmap(). Returns its fd, which the caller owns.
 */
int idmap_userns(const char *uid_map, const char *gid_map);
int idmap_userns_as_user(const char *uid_map, const char *gid_map);

#endif
