/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name of a stack of layers
 *
 * That of one layer is its diffID; of more, the digest of the text of the name of
 * those below, a blank, and the text of the uppermost one's diffID.
 */
/*
 * The plain functions: asking OpenSSL 3 for "sha256" by name reads its configuration and loads
 * providers, which each `dolium run` would wait for.
 */
#define OPENSSL_API_COMPAT 0x10100000L

#include "store/chain.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

void chain_id(const struct digest *layers, size_t n_layers, struct digest *ret_id)
{
	*ret_id = layers[0];
	for (size_t i = 1; i < n_layers; i++) {
		char text[2 * DIGEST_TEXT_MAX];
		SHA256_CTX sum;
		size_t len;

		digest_format(ret_id, text);
		len = strlen(text);
		text[len++] = ' ';
		digest_format(&layers[i], text + len);
		SHA256_Init(&sum);
		SHA256_Update(&sum, text, strlen(text));
		SHA256_Final(ret_id->bytes, &sum);
	}
}
