/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium-unpack: what the worker and the store agree on
 *
 * The worker finds its fds at fixed numbers, its orders as a struct unpack_order
 * in its only argument's hex digits, and reports by messages of one fixed size on a
 * SOCK_SEQPACKET socket, the last of which is UNPACK_DONE or UNPACK_FAILED. Both
 * are built together: no version, no byte order.
 */
#ifndef DOLIUM_STORE_UNPACK_H
#define DOLIUM_STORE_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "format/digest.h"
#include "format/oci_image.h"

enum {
	UNPACK_BLOB_FD = 3, /* the blob, at its start */
	UNPACK_DIR_FD = 4, /* an own directory, empty but for tree/ and junk/ in UNPACK_LAYER */
	UNPACK_REPORT_FD = 5,
	UNPACK_LOCK_FD = 6, /* held so that nobody sweeps; or, in UNPACK_WAIT, waited for */
};

enum unpack_job {
	UNPACK_LAYER, /* makes the tree of a layer: tree/ */
	UNPACK_TAR, /* keeps the tar of a layer, and makes an index of it: tar, index */
	UNPACK_INDEX, /* makes an index of a tar that is there, which is the blob: index */
	UNPACK_WAIT, /* only waits for the lock of somebody who unpacks the same layer */
};

struct unpack_order {
	enum unpack_job job;
	enum layer_compression compression;
	uint64_t max_bytes, max_entries, max_ratio;
	bool forbid_devices;
};

enum unpack_message_kind {
	UNPACK_PROGRESS,
	UNPACK_DONE,
	UNPACK_FAILED,
};

struct unpack_message {
	enum unpack_message_kind kind;
	uint64_t bytes_in, tar_bytes, disk_bytes, n_entries;
	struct digest diff_id;
	struct err err;
};

/* The worker's whole life, after its main() has read the order. Returns an exit status. */
int unpack_run(const struct unpack_order *order);

#endif
