/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images by the names that people write
 */
#ifndef DOLIUM_ENGINE_IMAGE_FIND_H
#define DOLIUM_ENGINE_IMAGE_FIND_H

#include "engine/engine.h"
#include "format/oci_image.h"
#include "store/images.h"

/*
 * By reference, repository digest or id. -ENOENT: `e` says so, and hints at the
 * nearest name. `hello` is made where it is not there yet.
 */
int image_find_by_user(struct dolium *d, const char *what, struct image **ret_image, struct err *e);

/* The same; fetches it where the policy ("missing", "always", "never"; NULL: missing) says so. */
int image_find_or_pull(struct dolium *d, const char *what, const char *platform, const char *policy,
    const struct dolium_pull_options *pulling, struct image **ret_image, struct err *e);

/* Reads the configuration of an image. On success the caller calls oci_image_config_done(). */
int image_read_config(
    struct dolium *d, const struct image *image, struct oci_image_config *ret, struct err *e);

/* "debian:12" for "docker.io/library/debian:12"; the caller frees. NULL when memory is gone. */
char *image_familiar(const char *full);

#endif
