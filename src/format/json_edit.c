/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing a JSON tree
 */
#include "format/json_edit.h"

#include <errno.h>
#include <json-c/json_object.h>

struct json_value *json_value_new_object(void)
{
	return (struct json_value *)json_object_new_object();
}

int json_value_set_text(struct json_value *object, const char *key, const char *text)
{
	struct json_object *to = (struct json_object *)object, *value;

	value = json_object_new_string(text);
	if (!value)
		return -ENOMEM;
	if (json_object_object_add(to, key, value) < 0) {
		json_object_put(value);
		return -ENOMEM;
	}
	return 0;
}
