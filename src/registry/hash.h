/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha256 of bytes that come in pieces
 */
#ifndef DOLIUM_REGISTRY_HASH_H
#define DOLIUM_REGISTRY_HASH_H

#include <stddef.h>

#include "base/auto.h"
#include "format/digest.h"

struct hash;

int hash_new(struct hash **ret_hash); /* -ENOMEM */
struct hash *hash_free(struct hash *h); /* NULL is fine; returns NULL */
AUTO_DEFINE(struct hash *, hash_free);

void hash_restart(struct hash *h);
void hash_add(struct hash *h, const void *data, size_t len);
/* Of all that was added. The hash is to be restarted before it is used again. */
void hash_finish(struct hash *h, struct digest *ret_digest);

/* In one call. -ENOMEM */
int hash_bytes(const void *data, size_t len, struct digest *ret_digest);

#endif
