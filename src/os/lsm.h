/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Security modules of the kernel: AppArmor and SELinux
 *
 * A process says in a file of its own in /proc what it will be labelled as from its next
 * execve(2) on. `root` is "", or a directory that stands for '/' in a test.
 */
#ifndef DOLIUM_OS_LSM_H
#define DOLIUM_OS_LSM_H

#include <stdbool.h>

/* Is it in force? */
bool lsm_has_apparmor(const char *root);
bool lsm_has_selinux(const char *root);

/*
 * Opens "attr/<name>" of the calling thread for writing. /proc is the host's here, and its
 * file system is checked: elsewhere one could be laid out that takes the label and does nothing
 * (CVE-2019-16884). Async-signal-safe.
 */
int lsm_open_attribute(const char *name);
/* The same of AppArmor's "exec", which had no directory of its own before Linux 5.1. */
int lsm_open_apparmor_exec(void);

/* For the next execve(2) of the thread that opened `fd`. Async-signal-safe. */
int lsm_write_apparmor(int fd, const char *profile);
int lsm_write_selinux(int fd, const char *label);

#endif
