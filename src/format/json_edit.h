/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing a JSON tree
 *
 * For rows that were made to be shown, and want another text in a field before
 * they are. What came from outside is never changed: it is read into structs.
 */
#ifndef DOLIUM_FORMAT_JSON_EDIT_H
#define DOLIUM_FORMAT_JSON_EDIT_H

struct json_value;

/* An empty object that the caller owns; NULL when memory is gone. */
struct json_value *json_value_new_object(void);

/* Adds or replaces a text in what the caller knows to be an object. -ENOMEM. */
int json_value_set_text(struct json_value *object, const char *key, const char *text);

#endif
