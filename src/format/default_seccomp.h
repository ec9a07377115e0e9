/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default seccomp profile
 *
 * What a container may ask of the kernel unless it says otherwise: as strict as
 * Docker's default. All that is not needed by ordinary programs fails with
 * EPERM; a system call that is newer than this table with ENOSYS, so that a C library falls
 * back. Some calls come with a capability, as mount(2) with CAP_SYS_ADMIN.
 */
#ifndef DOLIUM_FORMAT_DEFAULT_SECCOMP_H
#define DOLIUM_FORMAT_DEFAULT_SECCOMP_H

#include <stdint.h>

struct oci_seccomp;

/*
 * Fills the zeroed *ret with the profile for a process with these capabilities
 * (bits, see format/capability.h). All in it is from malloc: oci_config_free()
 * frees it as part of a configuration. -ENOMEM, with *ret to be freed all the same.
 */
int default_seccomp(struct oci_seccomp *ret, uint64_t capabilities);

#endif
