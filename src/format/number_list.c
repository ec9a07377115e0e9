/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of numbers, as the kernel writes those of cpus and memory nodes: "0-3,7"
 */
#include "format/number_list.h"

#include <errno.h>

/* Reads one number and steps behind it; -EINVAL: there is none, or it is too large. */
static int read_number(const char **at)
{
	int value = 0;

	if (**at < '0' || **at > '9')
		return -EINVAL;
	for (; **at >= '0' && **at <= '9'; ++*at) {
		value = value * 10 + (**at - '0');
		if (value >= NUMBER_LIST_MAX)
			return -EINVAL;
	}
	return value;
}

int number_list_parse(const char *text, uint64_t bits[NUMBER_LIST_WORDS])
{
	const char *at = text;

	for (;;) {
		int first = read_number(&at), last = first;

		if (first >= 0 && *at == '-') {
			at++;
			last = read_number(&at);
		}
		if (first < 0 || last < first)
			return -EINVAL;
		for (int n = first; n <= last; n++)
			bits[n / 64] |= UINT64_C(1) << (n % 64);
		if (*at == '\0' || (*at == '\n' && at[1] == '\0'))
			return 0;
		if (*at++ != ',')
			return -EINVAL;
	}
}
