/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives of `docker save` (moby, image/spec/v1.2.md)
 *
 * manifest.json lists images: a configuration, names, and layers as tars, lowest
 * first. Newer ones are an OCI layout as well; manifest.json then points into its blobs.
 */
#ifndef DOLIUM_REGISTRY_DOCKER_ARCHIVE_H
#define DOLIUM_REGISTRY_DOCKER_ARCHIVE_H

#include <stddef.h>

#include "base/auto.h"

struct archive;
struct docker_archive;
struct err;
struct oci_descriptor;
struct source;
struct source_images;

/*
 * Reads manifest.json and the configurations. `name` NULL: all images. The
 * archive is borrowed and must outlive what is returned.
 */
int docker_archive_resolve(const struct archive *a, const char *name, const char *what,
    struct source_images *to, struct docker_archive **ret, struct err *e);
struct docker_archive *docker_archive_free(struct docker_archive *d); /* NULL is fine */
AUTO_DEFINE(struct docker_archive *, docker_archive_free);

int docker_archive_blobs(const struct docker_archive *d, struct source *s,
    const struct oci_descriptor *layers, size_t n_layers, struct err *e);

#endif
