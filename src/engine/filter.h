/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters of lists: "key=value"
 *
 * Of several with one key any may fit, but all labels must; all keys must have one that fits.
 */
#ifndef DOLIUM_ENGINE_FILTER_H
#define DOLIUM_ENGINE_FILTER_H

#include <stdbool.h>

struct err;
struct strmap;

/* Is each of the form "key=value" with a key out of `known` (ends in a NULL)? -EINVAL */
int filter_check(const char *const *filters, const char *const *known, struct err *e);

/* Is there a filter with that key? */
bool filter_has(const char *const *filters, const char *key);

/*
 * Does any filter with that key fit, by the rule `fits(value, user)`? True where there is none
 * with that key.
 */
bool filter_any(const char *const *filters, const char *key,
    bool (*fits)(const char *value, const void *user), const void *user);

/* "label=k" and "label=k=v": all of them. */
bool filter_labels(const char *const *filters, const struct strmap *labels);

/* Rules for filter_any(): the text is the value; it begins with it; it has it inside. */
bool filter_is(const char *value, const void *text);
bool filter_begins(const char *value, const void *text);
bool filter_contains(const char *value, const void *text);

#endif
