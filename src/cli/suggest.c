/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The word that was probably meant
 */
#include "cli/suggest.h"

#include <limits.h>
#include <string.h>

#define WORD_MAX 63

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Three rows of the usual table are enough: a swap looks two rows back. */
unsigned suggest_distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_MAX + 1], *before = rows[0], *last = rows[1], *row = rows[2];
	const size_t len_a = strlen(a), len_b = strlen(b);

	if (len_a > WORD_MAX || len_b > WORD_MAX)
		return UINT_MAX;
	memset(rows, 0, sizeof(rows));
	for (unsigned j = 0; j <= len_b; j++)
		last[j] = j;
	for (unsigned i = 1; i <= len_a; i++) {
		unsigned *oldest = before;

		row[0] = i;
		for (unsigned j = 1; j <= len_b; j++) {
			const unsigned replace = last[j - 1] + (a[i - 1] != b[j - 1]);

			row[j] = least(replace, least(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = last;
		last = row;
		row = oldest;
	}
	return last[len_b];
}

void suggest_offer(struct suggestion *s, const char *typed, const char *candidate)
{
	const size_t len = strlen(typed);
	unsigned distance = suggest_distance(typed, candidate);

	/* The beginning of a longer word is a good guess, but a true near miss is a better one. */
	if (len >= 3 && strncmp(typed, candidate, len) == 0)
		distance = least(distance, 2);
	else if (distance > 1 + len / 4)
		return;
	if (distance >= len)
		return;
	if (!s->word || distance < s->distance) {
		s->word = candidate;
		s->distance = distance;
	}
}
