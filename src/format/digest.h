/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests (OCI image-spec, descriptor.md)
 *
 * Only sha256 is spoken: "sha256:" and 64 lower-case hex digits.
 */
#ifndef DOLIUM_FORMAT_DIGEST_H
#define DOLIUM_FORMAT_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_BYTES    32
#define DIGEST_HEX_LEN  64
#define DIGEST_TEXT_MAX 72 /* with the NUL */

struct digest {
	uint8_t bytes[DIGEST_BYTES];
};

/* -EINVAL: not a digest. -EOPNOTSUPP: one of another algorithm. */
int digest_parse(const char *text, struct digest *ret_digest);
/* As above, from the 64 hex digits alone. */
int digest_parse_hex(const char *hex, struct digest *ret_digest);

void digest_format(const struct digest *digest, char to[DIGEST_TEXT_MAX]); /* "sha256:<hex>" */
void digest_hex(const struct digest *digest, char to[DIGEST_HEX_LEN + 1]);
bool digest_equal(const struct digest *a, const struct digest *b);

#endif
