/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Downloads: several blobs of one repository at once
 */
#ifndef DOLIUM_REGISTRY_DOWNLOAD_H
#define DOLIUM_REGISTRY_DOWNLOAD_H

#include <stddef.h>

struct endpoint;
struct err;
struct http;
struct oci_descriptor;
struct source;

struct download_plan {
	struct source *source;
	struct http *http;
	struct endpoint *endpoints; /* in the order in which they are tried */
	size_t n_endpoints;
	size_t first; /* the one that served the manifest: begin there */
	unsigned retries;
};

/* Returns when all are there and told of; on failure what has come stays, to be resumed. */
int download_blobs(const struct download_plan *plan, const struct oci_descriptor *layers,
    size_t n_layers, struct err *e);

#endif
