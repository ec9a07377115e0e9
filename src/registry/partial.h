/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partial blobs: downloads that go on, or can be resumed
 *
 * A file in the partial directory under the hex digits of the digest that it is
 * to have. Who writes it holds its lock; bytes are only ever appended, so that
 * after any kill what is there is a beginning of the blob and is used. A file
 * that turns out to be something else is removed.
 */
#ifndef DOLIUM_REGISTRY_PARTIAL_H
#define DOLIUM_REGISTRY_PARTIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/auto.h"
#include "format/digest.h"

struct err;
struct partial;

/*
 * Opens and locks one; what is there already is read and hashed.
 *
 * -EAGAIN: another process writes it, and `wait` is false.
 * -EALREADY: another process was waited for and has used it up: nothing is open.
 */
int partial_open(int dir_fd, const struct digest *digest, uint64_t size, bool wait,
    struct partial **ret_partial, struct err *e);
struct partial *partial_close(struct partial *p); /* keeps the bytes; NULL is fine; returns NULL */
AUTO_DEFINE(struct partial *, partial_close);

uint64_t partial_done(const struct partial *p); /* bytes that are there */
bool partial_is_resumed(const struct partial *p); /* some came from an earlier run */

/* -EFBIG: more than the size that was said; -ENOSPC, ... */
int partial_add(struct partial *p, const void *data, size_t len);
/* Forgets all bytes. */
int partial_restart(struct partial *p);
/* Checks the whole. -EBADMSG: its digest is *ret_found. */
int partial_finish(struct partial *p, struct digest *ret_found);
/* Removes the file. */
void partial_drop(struct partial *p);

#endif
