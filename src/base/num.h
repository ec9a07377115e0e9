/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers in text
 *
 * The whole text is the number, or it is refused: no blanks, no rest. A refusal
 * leaves the target as it was. Every call: -EINVAL: not a number; -ERANGE: a
 * number, and too large.
 */
#ifndef DOLIUM_BASE_NUM_H
#define DOLIUM_BASE_NUM_H

#include <stddef.h>
#include <stdint.h>

/* Decimal digits only. */
int num_parse_u64(const char *text, uint64_t *ret_value);
int num_parse_u32(const char *text, uint32_t *ret_value);

/* As above with an optional leading '-'. */
int num_parse_i64(const char *text, int64_t *ret_value);

/* Octal digits, as in a file mode: at most 07777. */
int num_parse_mode(const char *text, unsigned *ret_mode);

/*
 * A size as Docker's options write it: digits, an optional fraction, then an
 * optional b, k, m, g, t or p with an optional "b" or "ib" behind it; upper or
 * lower case; always powers of 1024. "1.5g" is 1610612736. In bytes.
 */
int num_parse_size(const char *text, int64_t *ret_bytes);

/* A decimal number of cpus, such as "1.5", in units of 10^-9 cpu. */
int num_parse_nano(const char *text, int64_t *ret_nano);

/* Writes `bytes` as Docker prints sizes ("1.24MB", powers of 1000, four digits). `room` >= 16. */
void num_format_size(char *to, size_t room, uint64_t bytes);

#endif
