/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters of lists: "key=value"
 */
#include "engine/filter.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strmap.h"

/* What stands behind "key=", or NULL. */
static const char *value_of(const char *filter, const char *key)
{
	const size_t len = strlen(key);

	return strncmp(filter, key, len) == 0 && filter[len] == '=' ? filter + len + 1 : NULL;
}

int filter_check(const char *const *filters, const char *const *known, struct err *e)
{
	for (; filters && *filters; filters++) {
		AUTO_BUF struct buf list = { 0 };
		bool found = false;

		for (const char *const *key = known; *key; key++) {
			found |= value_of(*filters, *key) != NULL;
			buf_addf(&list, "%s%s", key == known ? "" : ", ", *key);
		}
		if (!found)
			return err_refuse(e, -EINVAL,
			    "invalid filter '%s': it needs to be KEY=VALUE, with one of: %s",
			    *filters, buf_text(&list));
	}
	return 0;
}

bool filter_has(const char *const *filters, const char *key)
{
	for (; filters && *filters; filters++)
		if (value_of(*filters, key))
			return true;
	return false;
}

bool filter_any(const char *const *filters, const char *key,
    bool (*fits)(const char *value, const void *user), const void *user)
{
	bool seen = false;

	for (; filters && *filters; filters++) {
		const char *value = value_of(*filters, key);

		if (value && fits(value, user))
			return true;
		seen |= value != NULL;
	}
	return !seen;
}

bool filter_labels(const char *const *filters, const struct strmap *labels)
{
	for (; filters && *filters; filters++) {
		const char *want = value_of(*filters, "label");
		bool found = want == NULL;

		for (size_t i = 0; want && i < labels->n; i++) {
			const size_t len = strlen(labels->items[i].key);

			found |= strncmp(want, labels->items[i].key, len) == 0 &&
			    (want[len] == '\0' ||
			        (want[len] == '=' &&
			            strcmp(want + len + 1, labels->items[i].value) == 0));
		}
		if (!found)
			return false;
	}
	return true;
}

bool filter_is(const char *value, const void *text)
{
	return strcmp(text, value) == 0;
}

bool filter_begins(const char *value, const void *text)
{
	return strncmp(text, value, strlen(value)) == 0;
}

bool filter_contains(const char *value, const void *text)
{
	return strstr(text, value) != NULL;
}
