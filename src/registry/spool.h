/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip and zstd files into plain ones
 */
#ifndef DOLIUM_REGISTRY_SPOOL_H
#define DOLIUM_REGISTRY_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "format/oci_image.h"

struct err;

/* By the first bytes: LAYER_GZIP, LAYER_ZSTD or LAYER_PLAIN. */
enum layer_compression spool_kind(const uint8_t *magic, size_t len);

/*
 * Copies `from` to `to`, decompressed where it is gzip or zstd; `what` names it
 * in reports. -EBADMSG: damaged. -EFBIG: it grows beyond all measure.
 */
int spool_file(int from, int to, const char *what, struct err *e);

#endif
