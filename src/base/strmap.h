/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small maps from text to text
 *
 * For labels, annotations, sysctls: tens of entries, kept in the order they
 * came. A zeroed struct is an empty map. It owns its texts.
 */
#ifndef DOLIUM_BASE_STRMAP_H
#define DOLIUM_BASE_STRMAP_H

#include <stddef.h>

struct strmap_entry {
	char *key, *value;
};

struct strmap {
	struct strmap_entry *items;
	size_t n;
};

void strmap_done(struct strmap *m);

/* The value of `key`, borrowed; NULL where there is none. */
const char *strmap_get(const struct strmap *m, const char *key);

/* Sets or replaces. -ENOMEM. */
int strmap_set(struct strmap *m, const char *key, const char *value);

#endif
