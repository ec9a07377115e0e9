/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp profiles that users bring
 *
 * In Docker's form: as the runtime-spec's, and rules may be for some
 * capabilities, architectures or kernels only ("includes", "excludes"). What such
 * conditions say is decided here, once; what is left is the runtime-spec's form.
 */
#ifndef DOLIUM_ENGINE_SECCOMP_PROFILE_H
#define DOLIUM_ENGINE_SECCOMP_PROFILE_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct oci_seccomp;

/* On success *ret_seccomp is the caller's (part of an oci_config). -EBADMSG: no profile. */
int seccomp_profile_read(const char *text, size_t len, const char *what, uint64_t capabilities,
    struct oci_seccomp **ret_seccomp, struct err *e);

#endif
