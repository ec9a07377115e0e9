/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name of a stack of layers: its chain id (OCI image-spec, config.md)
 */
#ifndef DOLIUM_STORE_CHAIN_H
#define DOLIUM_STORE_CHAIN_H

#include <stddef.h>

#include "format/digest.h"

/* Lowest first; at least one. */
void chain_id(const struct digest *layers, size_t n_layers, struct digest *ret_id);

#endif
