/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha256 of bytes that come in pieces, by OpenSSL
 *
 * Once there is a context, none of its calls has a reason to fail; if one does,
 * the digest is all zero, which nothing matches.
 */
#include "registry/hash.h"

#include <errno.h>
#include <openssl/evp.h>

struct hash {
	EVP_MD_CTX *context;
	int ok;
};

int hash_new(struct hash **ret_hash)
{
	struct hash *h;

	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->context = EVP_MD_CTX_new();
	if (!h->context) {
		free(h);
		return -ENOMEM;
	}
	hash_restart(h);
	*ret_hash = h;
	return 0;
}

struct hash *hash_free(struct hash *h)
{
	if (!h)
		return NULL;
	EVP_MD_CTX_free(h->context);
	free(h);
	return NULL;
}

void hash_restart(struct hash *h)
{
	h->ok = EVP_DigestInit_ex(h->context, EVP_sha256(), NULL);
}

void hash_add(struct hash *h, const void *data, size_t len)
{
	if (h->ok)
		h->ok = EVP_DigestUpdate(h->context, data, len);
}

void hash_finish(struct hash *h, struct digest *ret_digest)
{
	if (!h->ok || !EVP_DigestFinal_ex(h->context, ret_digest->bytes, NULL))
		*ret_digest = (struct digest){ 0 };
}

int hash_bytes(const void *data, size_t len, struct digest *ret_digest)
{
	AUTO(hash_free) struct hash *h = NULL;

	if (hash_new(&h) < 0)
		return -ENOMEM;
	hash_add(h, data, len);
	hash_finish(h, ret_digest);
	return 0;
}
