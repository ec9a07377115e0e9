/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests
 */
#include "format/digest.h"

#include <errno.h>
#include <string.h>

#define DIGEST_PREFIX "sha256:"

/* Upper case is refused: one digest has one name, also as a file. */
static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int digest_parse_hex(const char *hex, struct digest *ret_digest)
{
	struct digest digest;

	if (strnlen(hex, DIGEST_HEX_LEN + 1) != DIGEST_HEX_LEN)
		return -EINVAL;
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		const int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		digest.bytes[i] = (uint8_t)(high << 4 | low);
	}
	*ret_digest = digest;
	return 0;
}

/* "algorithm:encoded" by the grammar of descriptor.md, whatever the algorithm. */
static bool has_form(const char *text)
{
	const size_t name = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+._-");
	const char *encoded = text + name + 1;

	if (name == 0 || text[name] != ':' || !*encoded)
		return false;
	return encoded[strspn(encoded,
	           "abcdefghijklmnopqrstuvwxyz"
	           "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789=_-")] == '\0';
}

int digest_parse(const char *text, struct digest *ret_digest)
{
	if (strncmp(text, DIGEST_PREFIX, strlen(DIGEST_PREFIX)) == 0)
		return digest_parse_hex(text + strlen(DIGEST_PREFIX), ret_digest);
	return has_form(text) ? -EOPNOTSUPP : -EINVAL;
}

void digest_hex(const struct digest *digest, char to[DIGEST_HEX_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		to[2 * i] = digits[digest->bytes[i] >> 4];
		to[2 * i + 1] = digits[digest->bytes[i] & 15];
	}
	to[DIGEST_HEX_LEN] = '\0';
}

void digest_format(const struct digest *digest, char to[DIGEST_TEXT_MAX])
{
	memcpy(to, DIGEST_PREFIX, strlen(DIGEST_PREFIX));
	digest_hex(digest, to + strlen(DIGEST_PREFIX));
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, DIGEST_BYTES) == 0;
}
