/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small maps from text to text
 */
#include "base/strmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

void strmap_done(struct strmap *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->items[i].key);
		free(m->items[i].value);
	}
	free(m->items);
	*m = (struct strmap){ 0 };
}

static struct strmap_entry *strmap_find(const struct strmap *m, const char *key)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->items[i].key, key) == 0)
			return &m->items[i];
	return NULL;
}

const char *strmap_get(const struct strmap *m, const char *key)
{
	const struct strmap_entry *entry = strmap_find(m, key);

	return entry ? entry->value : NULL;
}

int strmap_set(struct strmap *m, const char *key, const char *value)
{
	struct strmap_entry *entry = strmap_find(m, key);
	AUTO_FREE char *new_key = NULL, *new_value = strdup(value);
	struct strmap_entry *items;

	if (!new_value)
		return -ENOMEM;
	if (entry) {
		free(entry->value);
		entry->value = TAKE(new_value);
		return 0;
	}
	new_key = strdup(key);
	items = realloc(m->items, (m->n + 1) * sizeof(*items));
	if (items)
		m->items = items;
	if (!new_key || !items)
		return -ENOMEM;
	items[m->n++] = (struct strmap_entry){ TAKE(new_key), TAKE(new_value) };
	return 0;
}
