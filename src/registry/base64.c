/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64, as Docker's credentials are kept
 */
#include "registry/base64.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *data, size_t len)
{
	const uint8_t *in = data;
	char *text, *to;

	text = to = malloc((len / 3 + 1) * 4 + 1);
	if (!text)
		return NULL;
	for (size_t i = 0; i < len; i += 3) {
		uint32_t bits = (uint32_t)in[i] << 16;

		if (i + 1 < len)
			bits |= (uint32_t)in[i + 1] << 8;
		if (i + 2 < len)
			bits |= in[i + 2];
		*to++ = digits[bits >> 18];
		*to++ = digits[bits >> 12 & 63];
		*to++ = i + 1 < len ? digits[bits >> 6 & 63] : '=';
		*to++ = i + 2 < len ? digits[bits & 63] : '=';
	}
	*to = '\0';
	return text;
}

char *base64_decode(const char *text)
{
	AUTO_FREE char *out = NULL;
	uint32_t bits = 0;
	unsigned n_bits = 0;
	size_t n = 0;

	out = malloc(strlen(text) + 1);
	if (!out)
		return NULL;
	for (; *text && *text != '='; text++) {
		const char *digit = strchr(digits, *text);

		if (!digit)
			return NULL;
		bits = bits << 6 | (uint32_t)(digit - digits);
		n_bits += 6;
		if (n_bits < 8)
			continue;
		n_bits -= 8;
		out[n] = (char)(bits >> n_bits & 0xff);
		if (out[n++] == '\0')
			return NULL;
	}
	for (; *text == '='; text++)
		;
	if (*text != '\0')
		return NULL;
	out[n] = '\0';
	return TAKE(out);
}
