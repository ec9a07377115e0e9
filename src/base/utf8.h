/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8 (RFC 3629)
 */
#ifndef DOLIUM_BASE_UTF8_H
#define DOLIUM_BASE_UTF8_H

#include <stddef.h>

/*
 * How many bytes the character at the start of `len` bytes has: 1 to 4, or 0
 * where there is none: cut off, overlong, a surrogate, beyond U+10FFFF.
 */
size_t utf8_length(const char *at, size_t len);

/* How many characters a text has. A byte that belongs to none counts as one. */
size_t utf8_count(const char *text);

/* How many bytes its first `n_chars` characters have, counted likewise. */
size_t utf8_prefix(const char *text, size_t n_chars);

#endif
