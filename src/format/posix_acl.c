/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POSIX access control lists
 *
 * A version, then entries of eight bytes in the order of their tags; owner, group and
 * others are there once, and a mask where a user or group is named.
 */
#include "format/posix_acl.h"

#include <errno.h>

#define ACL_VERSION 2
#define ACL_HEADER  4
#define ACL_ENTRY   8

enum {
	ACL_OWNER = 0x01,
	ACL_USER = 0x02,
	ACL_OWNING_GROUP = 0x04,
	ACL_GROUP = 0x08,
	ACL_MASK = 0x10,
	ACL_OTHER = 0x20,
};

static uint32_t number(const uint8_t *at, size_t len)
{
	uint32_t value = 0;

	while (len-- > 0)
		value = value << 8 | at[len];
	return value;
}

/* Places of the tags: each is at least the one before, and only names may repeat. */
static bool is_next(uint32_t before, uint32_t tag)
{
	return tag > before || (tag == before && (tag == ACL_USER || tag == ACL_GROUP));
}

int posix_acl_parse(const uint8_t *value, size_t len, struct posix_acl *ret_acl)
{
	struct posix_acl acl = { 0 };
	uint32_t before = 0, seen = 0, group = 0;

	if (len < ACL_HEADER || (len - ACL_HEADER) % ACL_ENTRY != 0 ||
	    number(value, ACL_HEADER) != ACL_VERSION)
		return -EINVAL;
	acl.n_entries = (len - ACL_HEADER) / ACL_ENTRY;
	for (size_t i = 0; i < acl.n_entries; i++) {
		const uint8_t *at = value + ACL_HEADER + i * ACL_ENTRY;
		uint32_t tag = number(at, 2), bits = number(at + 2, 2);

		if (tag == 0 || tag > ACL_OTHER || (tag & (tag - 1)) != 0 || bits > 7 ||
		    !is_next(before, tag))
			return -EINVAL;
		before = tag;
		seen |= tag;
		if (tag == ACL_OWNER)
			acl.mode |= bits << 6;
		else if (tag == ACL_OWNING_GROUP || tag == ACL_MASK)
			group = bits; /* the mask comes later, and is what the mode shows */
		else if (tag == ACL_OTHER)
			acl.mode |= bits;
	}
	acl.mode |= group << 3;
	acl.is_extended = (seen & (ACL_USER | ACL_GROUP | ACL_MASK)) != 0;
	if (acl.n_entries > 0 &&
	    (seen & (ACL_OWNER | ACL_OWNING_GROUP | ACL_OTHER)) !=
	        (ACL_OWNER | ACL_OWNING_GROUP | ACL_OTHER))
		return -EINVAL;
	if ((seen & (ACL_USER | ACL_GROUP)) && !(seen & ACL_MASK))
		return -EINVAL;
	*ret_acl = acl;
	return 0;
}
