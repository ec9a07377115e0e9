/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: images, layers and roots on disk
 *
 * One directory, shared by any number of processes at once; no daemon. Layout
 * and rules are in ARCHITECTURE.md, "On disk": data is durable before its name,
 * what has its final name is whole and never changes, removing is a rename into
 * trash/. So a kill at any moment loses the operation and never the store; what
 * it left in tmp/ or trash/ is swept by a later command.
 *
 *   blobs/sha256/<hex>      manifests and configurations
 *   blobs/partial/<hex>     a compressed layer, until it is unpacked; locked by who writes it
 *   layers/<hex>/           one layer, named by its diffID: record.json and, as the driver wants
 * it, tree/ or tar and index.<abi> images/<hex>.<abi>      the driver erofs's: one index for all
 * layers of an image, named by its chain driver                  a link that says which storage
 * driver has made what is here containers/<id>/        the engine's; the store keeps a root's
 * upper/ and work/ in it volumes/<name>/         the engine's dolium.db               names of
 * images, and which image needs what tmp/ trash/             garbage whenever its lock can be taken
 */
#ifndef DOLIUM_STORE_STORE_H
#define DOLIUM_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/auto.h"
#include "format/digest.h"

struct err;
struct store;

/* Opens the store, making its folders where they are missing (mode 0700). */
int store_open(const char *root, struct store **ret_store, struct err *e);
struct store *store_close(struct store *s); /* NULL is fine; returns NULL */
AUTO_DEFINE(struct store *, store_close);

/* Where the program dolium-unpack is; without it layers cannot be unpacked. Copied. -ENOMEM */
int store_set_worker(struct store *s, const char *path);

/* Which storage driver is to serve the store; see snapshot_of(). Copied; NULL: any. -ENOMEM */
int store_set_driver(struct store *s, const char *name);

/*
 * A directory that is gone with a reboot, where the store notes what is mounted, so that other
 * processes find it; made where it is missing. Without it nothing is shared. Copied. -ENOMEM
 */
int store_set_run_dir(struct store *s, const char *path);

/*
 * What a driver has mounted last and shares with other processes: an fd, borrowed; -1: nothing.
 * A process that has inherited it under the same number, and outlives this one, is noted by
 * store_shared_kept().
 */
int store_shared_fd(const struct store *s);
void store_shared_kept(struct store *s, pid_t pid);

int store_dir(const struct store *s); /* fd of the root directory; borrowed */
const char *store_path(const struct store *s); /* as it was given, made absolute; borrowed */

/* Removes what earlier commands left in tmp/ and trash/, for at most `budget_us`. Never fails
 * loudly. */
void store_sweep(struct store *s, uint64_t budget_us);

/* Moves `name` below `dir_fd` into trash/: O(1), the name is free on return. -ENOENT */
int store_discard(struct store *s, int dir_fd, const char *name, struct err *e);

/*
 * Keeps garbage collection away while an operation holds blobs, layers or images that no row
 * names yet (pull, load, create). A shared lock, given back by closing the fd that is returned
 * or by the end of the process.
 */
int store_hold(struct store *s, struct err *e);

/* ---- blobs ---- */

/* Opens a whole blob for reading. -ENOENT: the store has it not. */
int store_blob_open(struct store *s, const struct digest *digest, struct err *e);
bool store_blob_exists(struct store *s, const struct digest *digest);

/* Reads one whole, at most `max` bytes; the caller frees *ret_data. -ENOENT, -EFBIG. */
int store_blob_read(struct store *s, const struct digest *digest, size_t max, char **ret_data,
    size_t *ret_len, struct err *e);

/* Adds small bytes made or checked by the caller; `digest` is computed. Fine when it is there
 * already. */
int store_blob_put(
    struct store *s, const void *data, size_t len, struct digest *ret_digest, struct err *e);

/*
 * blobs/partial, opened: a fetch worker may write here and nowhere else. It
 * names its files by the digest's hex digits, holds flock(LOCK_EX) while it
 * writes, and appends, so that a later fetch resumes. A layer is unpacked from
 * here and then unlinked: it never becomes a blob of the store. Borrowed.
 */
int store_partial_dir(struct store *s);

int store_blob_remove(struct store *s, const struct digest *digest, struct err *e);

#endif
