/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a layer's tar, out of its blob
 *
 * Plain, gzip (any number of members) or zstd (any number of frames). Memory is
 * bounded whatever the bytes say: a zstd window of more than 128 MiB is refused.
 * For the worker alone: nothing else links these decoders.
 */
#ifndef DOLIUM_STORE_INFLATE_H
#define DOLIUM_STORE_INFLATE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/auto.h"
#include "format/oci_image.h"

struct err;
struct inflate;

/* Reads from `blob_fd`, borrowed, from where it stands. */
int inflate_open(
    int blob_fd, enum layer_compression compression, struct inflate **ret, struct err *e);
struct inflate *inflate_close(struct inflate *x); /* NULL is fine; returns NULL */
AUTO_DEFINE(struct inflate *, inflate_close);

/* Fills up to `room` bytes; 0: the end, and it was a clean one. -EBADMSG: damaged or cut off. */
ssize_t inflate_read(struct inflate *x, uint8_t *to, size_t room, struct err *e);

/* Bytes of the blob that were read so far. */
uint64_t inflate_bytes_in(const struct inflate *x);

#endif
