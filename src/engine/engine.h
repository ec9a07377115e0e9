/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine, from inside
 *
 * What stands behind `struct dolium`, for the files of this folder. A public
 * function begins with engine_begin(), which forgets the last failure and hands
 * out the err that the call reports into; dolium_error() then finds its text.
 *
 * Nothing is opened before it is needed: `dolium logout` never sees a store.
 */
#ifndef DOLIUM_ENGINE_ENGINE_H
#define DOLIUM_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include <dolium/dolium.h>

#include "base/auto.h"
#include "base/err.h"

struct buf;
struct store;

struct dolium {
	struct err err; /* of the last public call */
	char *root, *run_root; /* absolute */
	char *libexec; /* as the caller said; NULL: look for it */
	char *storage_driver; /* NULL: the one that the store has, or the best */
	bool debug;
	struct store *store; /* use engine_store() */
	int run_fd; /* use engine_run_dir() */
	int containers_fd; /* use engine_containers_dir() */
};

/* Forgets the last failure; returns the err of this call. */
struct err *engine_begin(struct dolium *d);

/* The store, opened on first use. Borrowed. */
int engine_store(struct dolium *d, struct store **ret_store, struct err *e);
/* fds of run_root (mode 0700, made on first use) and of the store's containers/. Borrowed. */
int engine_run_dir(struct dolium *d, struct err *e);
int engine_containers_dir(struct dolium *d, struct err *e);

/*
 * The absolute path of one of our other programs ("dolium-oci", "dolium-fetch"),
 * which lie in one folder: that of the options, of $DOLIUM_LIBEXEC, that of this
 * program, or ../libexec/dolium from there. The caller frees it. -ENOENT.
 */
int engine_helper(struct dolium *d, const char *name, char **ret_path, struct err *e);

/* Tells the store where its worker is. Before a layer is unpacked. */
int engine_unpacker(struct dolium *d, struct err *e);

/* Makes a value of the JSON text that a json_writer left in `text`; the buf stays the caller's. */
int engine_value_parse(const struct buf *text, struct dolium_value **ret, struct err *e);

AUTO_DEFINE(struct dolium_value *, dolium_value_free);

#endif
