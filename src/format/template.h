/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates in the form of Go's text/template, over JSON trees
 *
 * The part that users of Docker's --format know: {{.Field.Sub}}, $x, texts and
 * numbers; pipes and parentheses; if, else if, else, range, with, end, break,
 * continue, $x := and $x =; {{- and -}} and comments; the functions
 *
 *	and or not eq ne lt le gt ge len index slice print printf println
 *	json join split upper lower title truncate pad
 *
 * A key that is not there is printed as "<no value>". Output and depth of
 * recursion have ceilings: templates may come from anybody.
 */
#ifndef DOLIUM_FORMAT_TEMPLATE_H
#define DOLIUM_FORMAT_TEMPLATE_H

#include "base/auto.h"

struct buf;
struct err;
struct json_value;
struct template;

/* -EINVAL: not a template; `e` says where (character, counted from 1) and why. */
int template_parse(const char *text, struct template **ret_template, struct err *e);
struct template *template_free(struct template *t); /* NULL is fine; returns NULL */
AUTO_DEFINE(struct template *, template_free);

/*
 * Appends what the template makes of `v`. -EINVAL: a function cannot do that with
 * such a value. -EFBIG: more output than `to` may hold, or more steps than
 * anybody's list needs.
 */
int template_render(
    const struct template *t, const struct json_value *v, struct buf *to, struct err *e);

#endif
