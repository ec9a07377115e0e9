/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64 (RFC 4648, 4), as Docker's credentials are kept
 */
#ifndef DOLIUM_REGISTRY_BASE64_H
#define DOLIUM_REGISTRY_BASE64_H

#include <stddef.h>

/* Each returns a text that the caller frees; NULL: no memory, or (decode) not base64 or not text.
 */
char *base64_encode(const void *data, size_t len);
char *base64_decode(const char *text);

#endif
