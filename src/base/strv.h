/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of texts
 *
 * A strv is a growing list that ends in a NULL, so that `items` can be given to
 * execve(2). A zeroed struct is an empty list. It owns its texts.
 */
#ifndef DOLIUM_BASE_STRV_H
#define DOLIUM_BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>

struct strv {
	char **items; /* NULL while nothing was ever added; else ends in a NULL */
	size_t n;
};

void strv_done(struct strv *v);

/* Each returns 0 or -ENOMEM. strv_consume() frees the text even when it fails. */
int strv_add(struct strv *v, const char *text);
int strv_addf(struct strv *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int strv_consume(struct strv *v, char *text);
int strv_add_all(struct strv *v, const char *const *texts); /* ends in a NULL; NULL: nothing */

bool strv_has(const struct strv *v, const char *text);

/* For execve(2) and friends: never NULL. */
char *const *strv_argv(const struct strv *v);

/* The entry "key=..." of an environment, or NULL. Returns what stands behind the '='. */
const char *strv_env_get(const struct strv *v, const char *key);
/* Sets "key=value", in place of an entry with that key if there is one. -ENOMEM. */
int strv_env_set(struct strv *v, const char *key, const char *value);

static inline void strv_done_at(struct strv *v)
{
	strv_done(v);
}

#define AUTO_STRV __attribute__((cleanup(strv_done_at)))

#define strv_for_each(at_, v_) for (char **at_ = (v_)->items; at_ && *at_; at_++)

#endif
