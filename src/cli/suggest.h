/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The word that was probably meant
 *
 * A zeroed struct suggestion has heard no candidate yet. Offer it all there
 * are; `word` is then the nearest one, or NULL where nothing is near enough to
 * be worth a question.
 */
#ifndef DOLIUM_CLI_SUGGEST_H
#define DOLIUM_CLI_SUGGEST_H

struct suggestion {
	const char *word; /* borrowed from the candidates */
	unsigned distance;
};

void suggest_offer(struct suggestion *s, const char *typed, const char *candidate);

/* Letters to insert, delete, replace or swap with their neighbour to make `b` of `a`. Words of more
 * than 63 letters are infinitely far from everything. */
unsigned suggest_distance(const char *a, const char *b);

#endif
