/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as tar has them
 */
#include <errno.h>
#include <string.h>

#include "format/tar_state.h"

/* Decimal digits, all of them; at most `max`. */
int tar_parse_decimal(const char *text, size_t len, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (len == 0)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' ||
		    __builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
			return -EINVAL;
	}
	if (value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

/* Big-endian two's complement of which the first bit only marks the form (GNU, star). */
static int parse_base256(const uint8_t *field, size_t len, int64_t *ret)
{
	uint8_t invert = field[0] & 0x40 ? 0xff : 0;
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++) {
		uint8_t byte = field[i] ^ invert;

		if (i == 0)
			byte &= 0x7f;
		if (value >> 56)
			return -ERANGE;
		value = value << 8 | byte;
	}
	if (value > INT64_MAX)
		return -ERANGE;
	*ret = invert ? (int64_t)~value : (int64_t)value;
	return 0;
}

/* Octal digits between blanks and NULs, or base 256. An empty field is 0. */
int tar_parse_field(const uint8_t *field, size_t len, int64_t *ret)
{
	uint64_t value = 0;

	if (field[0] & 0x80)
		return parse_base256(field, len, ret);
	while (len > 0 && (*field == ' ' || *field == '\0'))
		field++, len--;
	while (len > 0 && (field[len - 1] == ' ' || field[len - 1] == '\0'))
		len--;
	for (size_t i = 0; i < len; i++) {
		/* What stands behind a NUL is the rest of an older number. */
		if (field[i] == '\0')
			break;
		if (field[i] < '0' || field[i] > '7' || value >> 60)
			return -EINVAL;
		value = value << 3 | (uint64_t)(field[i] - '0');
	}
	*ret = (int64_t)value;
	return 0;
}

/* "[-]seconds[.fraction]", as pax writes times. */
int tar_parse_time(const char *text, size_t len, int64_t *ret_s, uint32_t *ret_ns)
{
	const char *dot = memchr(text, '.', len);
	bool negative = len > 0 && *text == '-';
	size_t whole = dot ? (size_t)(dot - text) : len;
	uint64_t seconds = 0;
	uint32_t ns = 0, unit = 100000000;

	if (negative)
		text++, len--, whole--;
	if (tar_parse_decimal(text, whole, (uint64_t)1 << 55, &seconds) < 0)
		return -EINVAL;
	for (size_t i = whole + 1; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		ns += unit * (uint32_t)(text[i] - '0');
		unit /= 10;
	}
	*ret_s = negative ? -(int64_t)seconds : (int64_t)seconds;
	if (negative && ns > 0) {
		*ret_s -= 1;
		ns = 1000000000 - ns;
	}
	*ret_ns = ns;
	return 0;
}
