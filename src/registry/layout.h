/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OCI image layouts (image-spec, image-layout.md)
 *
 * index.json and blobs/sha256/<hex>, in a directory or in an archive. What both
 * kinds of source share.
 */
#ifndef DOLIUM_REGISTRY_LAYOUT_H
#define DOLIUM_REGISTRY_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "format/platform.h"

struct archive;
struct err;
struct oci_descriptor;
struct source;
struct source_images;

struct layout {
	int dir_fd; /* one of these two */
	const struct archive *archive;
	const char *what; /* for reports */
	const char
	    *base; /* first part of the names of images that have only a tag; NULL: no name */
	const char *tag; /* the image that is wanted; NULL: the only one */
	int all; /* every image there is, where no tag is given */
};

int layout_resolve(const struct layout *l, const struct platform *platform,
    struct source_images *to, struct err *e);
int layout_blobs(const struct layout *l, struct source *s, const struct oci_descriptor *layers,
    size_t n_layers, struct err *e);

#endif
