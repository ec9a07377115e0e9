/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POSIX access control lists, as extended attributes hold them (linux/posix_acl_xattr.h)
 */
#ifndef DOLIUM_FORMAT_POSIX_ACL_H
#define DOLIUM_FORMAT_POSIX_ACL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct posix_acl {
	size_t n_entries; /* none: as if there were no list */
	bool is_extended; /* says more than a mode can */
	uint32_t mode; /* the permission bits that go with it */
};

/* -EINVAL: not a list that the kernel would take. */
int posix_acl_parse(const uint8_t *value, size_t len, struct posix_acl *ret_acl);

#endif
