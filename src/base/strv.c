/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of texts
 */
#include "base/strv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void strv_done(struct strv *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->items[i]);
	free(v->items);
	*v = (struct strv){ 0 };
}

int strv_consume(struct strv *v, char *text)
{
	/* Room is a power of two and never stored: it is full when n + 1 reaches one. */
	const size_t used = v->n + 1;

	if (!text)
		return -ENOMEM;
	if (!v->items || (used & (used - 1)) == 0) {
		char **items = realloc(v->items, (v->items ? used * 2 : 2) * sizeof(*items));

		if (!items) {
			free(text);
			return -ENOMEM;
		}
		v->items = items;
	}
	v->items[v->n++] = text;
	v->items[v->n] = NULL;
	return 0;
}

int strv_add(struct strv *v, const char *text)
{
	return strv_consume(v, strdup(text));
}

int strv_addf(struct strv *v, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	return n < 0 ? -ENOMEM : strv_consume(v, text);
}

int strv_add_all(struct strv *v, const char *const *texts)
{
	int r = 0;

	for (; r >= 0 && texts && *texts; texts++)
		r = strv_add(v, *texts);
	return r;
}

bool strv_has(const struct strv *v, const char *text)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->items[i], text) == 0)
			return true;
	return false;
}

char *const *strv_argv(const struct strv *v)
{
	static char *const none[] = { NULL };

	return v->items ? v->items : none;
}

static size_t env_find(const struct strv *v, const char *key)
{
	const size_t len = strlen(key);
	size_t i;

	for (i = 0; i < v->n; i++)
		if (strncmp(v->items[i], key, len) == 0 && v->items[i][len] == '=')
			break;
	return i;
}

const char *strv_env_get(const struct strv *v, const char *key)
{
	const size_t i = env_find(v, key);

	return i < v->n ? v->items[i] + strlen(key) + 1 : NULL;
}

int strv_env_set(struct strv *v, const char *key, const char *value)
{
	const size_t i = env_find(v, key);
	char *text = NULL;

	if (asprintf(&text, "%s=%s", key, value) < 0)
		return -ENOMEM;
	if (i == v->n)
		return strv_consume(v, text);
	free(v->items[i]);
	v->items[i] = text;
	return 0;
}
