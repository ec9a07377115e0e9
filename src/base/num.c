/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers in text
 */
#include "base/num.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

int num_parse_u64(const char *text, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return -ERANGE;
	}
	*ret_value = value;
	return 0;
}

int num_parse_u32(const char *text, uint32_t *ret_value)
{
	uint64_t value;
	int r = num_parse_u64(text, &value);

	if (r < 0)
		return r;
	if (value > UINT32_MAX)
		return -ERANGE;
	*ret_value = (uint32_t)value;
	return 0;
}

int num_parse_i64(const char *text, int64_t *ret_value)
{
	const int negative = *text == '-';
	uint64_t value;
	int r = num_parse_u64(text + negative, &value);

	if (r < 0)
		return r;
	if (value > (uint64_t)INT64_MAX + (uint64_t)negative)
		return -ERANGE;
	*ret_value = negative ? (int64_t)(0 - value) : (int64_t)value;
	return 0;
}

int num_parse_mode(const char *text, unsigned *ret_mode)
{
	unsigned mode = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '7')
			return -EINVAL;
		mode = mode * 8 + (unsigned)(*text - '0');
		if (mode > 07777)
			return -ERANGE;
	}
	*ret_mode = mode;
	return 0;
}

/*
 * Reads digits and an optional fraction and returns them times `unit`; stops
 * behind them. What the fraction has below one is dropped.
 */
static int parse_scaled(const char **at, uint64_t unit, uint64_t *ret_value)
{
	uint64_t value = 0, part = unit;
	const char *c = *at;

	if (*c < '0' || *c > '9')
		return -EINVAL;
	for (; *c >= '0' && *c <= '9'; c++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value))
			return -ERANGE;
	if (__builtin_mul_overflow(value, unit, &value))
		return -ERANGE;
	if (*c == '.') {
		uint64_t scale = 1, digits = 0;

		if (c[1] < '0' || c[1] > '9')
			return -EINVAL;
		for (c++; *c >= '0' && *c <= '9'; c++)
			if (scale < 1000000000) {
				scale *= 10;
				digits = digits * 10 + (uint64_t)(*c - '0');
			}
		part = (uint64_t)((unsigned __int128)digits * unit / scale);
		if (__builtin_add_overflow(value, part, &value))
			return -ERANGE;
	}
	*at = c;
	*ret_value = value;
	return 0;
}

/* The same, where the unit stands behind the number and must be known first. */
static const char *skip_number(const char *text)
{
	return text + strspn(text, "0123456789.");
}

int num_parse_size(const char *text, int64_t *ret_bytes)
{
	static const char letters[] = "bkmgtp";
	const char *unit = skip_number(text), *letter;
	uint64_t value, scale = 1;
	int r;

	if (*unit) {
		letter = strchr(letters, *unit | 0x20);
		if (!letter || !*letter)
			return -EINVAL;
		scale = (uint64_t)1 << (10 * (letter - letters));
		unit++;
		if (scale > 1 && *unit && strcasecmp(unit, "b") != 0 && strcasecmp(unit, "ib") != 0)
			return -EINVAL;
		if (scale == 1 && *unit)
			return -EINVAL;
	}
	r = parse_scaled(&text, scale, &value);
	if (r < 0)
		return r;
	if (text != skip_number(text))
		return -EINVAL;
	if (value > INT64_MAX)
		return -ERANGE;
	*ret_bytes = (int64_t)value;
	return 0;
}

int num_parse_nano(const char *text, int64_t *ret_nano)
{
	uint64_t value;
	int r = parse_scaled(&text, 1000000000, &value);

	if (r < 0)
		return r;
	if (*text)
		return -EINVAL;
	if (value > INT64_MAX)
		return -ERANGE;
	*ret_nano = (int64_t)value;
	return 0;
}

void num_format_size(char *to, size_t room, uint64_t bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)bytes;
	size_t i = 0;

	while (value >= 1000.0 && i + 1 < sizeof(units) / sizeof(*units)) {
		value /= 1000.0;
		i++;
	}
	snprintf(to, room, "%.4g%s", value, units[i]);
}
