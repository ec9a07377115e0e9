/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetching an image into the store
 *
 * Layers are unpacked as they arrive, each by a worker of its own, a few at
 * once. The image gets its name when all of it is there and durable; until then
 * nothing that had a name has changed.
 */
#ifndef DOLIUM_ENGINE_FETCHING_H
#define DOLIUM_ENGINE_FETCHING_H

#include "engine/engine.h"
#include "registry/fetch.h"

struct reference;

struct fetching {
	struct dolium *d;
	struct store *store;
	struct fetch *fetch;
	const struct dolium_pull_options *options;
	const struct reference *ref; /* what was asked for at a registry; NULL: an archive */
};

/* Opens the worker with the caller's options; `f` is filled by it. */
int fetching_open(struct fetching *f, struct dolium *d, const char *source, int source_fd,
    const struct dolium_pull_options *options, struct err *e);
/* Resolves and brings all images that there are. *ret: the array of dolium_image_pull(). */
int fetching_all(struct fetching *f, struct dolium_value **ret, struct err *e);
void fetching_done(struct fetching *f);

static inline void fetching_done_at(struct fetching *f)
{
	fetching_done(f);
}

#endif
