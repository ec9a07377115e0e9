/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image references, as Docker reads them (distribution/reference)
 *
 * "debian" is docker.io/library/debian:latest; the part before the first '/' is
 * a host when it has a '.' or a ':' or is "localhost". A reference may have a
 * tag, a digest, or both; with neither the tag is "latest".
 */
#ifndef DOLIUM_FORMAT_REFERENCE_H
#define DOLIUM_FORMAT_REFERENCE_H

#include "base/auto.h"

struct err;

struct reference {
	char *domain; /* "docker.io", "localhost:5000" */
	char *path; /* "library/debian" */
	char *tag; /* NULL: none was given and there is a digest */
	char *digest; /* NULL: none */
};

/* -EINVAL: not a reference; `e` says what is wrong with it. On success the caller frees the parts.
 */
int reference_parse(const char *text, struct reference *ret_ref, struct err *e);
void reference_done(struct reference *ref);

/* Each returns a text that the caller frees, or NULL when memory is gone. */
char *reference_full(const struct reference *ref); /* docker.io/library/debian:latest[@digest] */
char *reference_familiar(const struct reference *ref); /* debian:latest */
char *reference_name(const struct reference *ref); /* docker.io/library/debian */
char *reference_familiar_name(const struct reference *ref); /* debian */

static inline void reference_done_at(struct reference *ref)
{
	reference_done(ref);
}

#endif
