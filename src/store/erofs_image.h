/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of an image: those of its layers, merged
 *
 * images/<chain id>.<abi>. Derived: it may be thrown away at any time and is made
 * again when it is needed. The kernel parses nothing else: what it meets was written by
 * this process, from indexes that it has checked.
 */
#ifndef DOLIUM_STORE_EROFS_IMAGE_H
#define DOLIUM_STORE_EROFS_IMAGE_H

#include <stddef.h>

#include "format/digest.h"

struct err;
struct store;

#define EROFS_IMAGE_NAME_MAX (DIGEST_HEX_LEN + 16)

/* "<hex>.<abi>" */
void erofs_image_name(const struct digest *chain, char to[EROFS_IMAGE_NAME_MAX]);

/* Makes it durable under its name, in place of one that is there. */
int erofs_image_make(struct store *s, const struct digest *layers, size_t n_layers,
    const struct digest *chain, struct err *e);

#endif
