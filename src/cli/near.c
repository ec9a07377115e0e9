/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container or image that was probably meant
 */
#include "cli/near.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <dolium/dolium.h>

#include "base/auto.h"
#include "cli/command.h"
#include "cli/print.h"
#include "cli/suggest.h"

AUTO_DEFINE(struct dolium_value *, dolium_value_free);

#define NAME_MAX_COMPARED 128

/* Is `name` what `typed` says, with the tag that is meant where none is said? */
static bool is_meant(const char *typed, const char *name)
{
	const size_t len = strlen(typed);

	return strncmp(name, typed, len) == 0 && strcmp(name + len, ":latest") == 0;
}

/* Who types "busybxo" may mean localhost:5000/busybox:latest: repository and tag are often left
 * out. */
static void offer_name(struct suggestion *s, const char *typed, const char *name)
{
	const char *slash = strrchr(name, '/'), *last = slash ? slash + 1 : name;
	struct suggestion part = { 0 };
	char bare[NAME_MAX_COMPARED];

	snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(last, ":@"), last);
	suggest_offer(&part, typed, name);
	suggest_offer(&part, typed, last);
	suggest_offer(&part, typed, bare);
	/* It is here, so what went wrong is no slip of a name: nothing is nearer than itself. */
	if (is_meant(typed, name))
		part = (struct suggestion){ .word = name };
	if (part.word && (!s->word || part.distance < s->distance)) {
		s->word = name;
		s->distance = part.distance;
	}
}

static void offer_kind(const struct dolium_value *names, const char *typed, struct suggestion *s)
{
	for (size_t i = 0; i < dolium_value_count(names); i++)
		offer_name(s, typed, dolium_value_text(dolium_value_at(names, i), NULL));
}

int near_refuse(const struct cli *cli, const char *kind, const char *name, const char *text)
{
	AUTO(dolium_value_free) struct dolium_value *containers = NULL, *images = NULL;
	struct suggestion s = { 0 };
	char hint[512] = "";

	if ((!kind || strcmp(kind, "container") == 0) &&
	    dolium_names(cli->dolium, "container", &containers) >= 0)
		offer_kind(containers, name, &s);
	if ((!kind || strcmp(kind, "image") == 0) &&
	    dolium_names(cli->dolium, "image", &images) >= 0)
		offer_kind(images, name, &s);
	if (s.word && s.distance > 0)
		snprintf(hint, sizeof(hint), "did you mean '%.400s'?", s.word);
	print_error(text, hint);
	return 1;
}

int near_fail(const struct cli *cli, const char *kind, const char *name)
{
	/* Asking for names is a call of its own, which could put another sentence there. */
	AUTO_FREE char *text = strdup(dolium_error(cli->dolium));

	if (!text || dolium_hint(cli->dolium))
		return cli_fail(cli);
	return near_refuse(cli, kind, name, text);
}
