/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes to an image's configuration, as lines of a Dockerfile
 *
 * CMD ENTRYPOINT ENV EXPOSE LABEL STOPSIGNAL USER VOLUME WORKDIR; those that run
 * something in the form ["a","b"], or as a line for /bin/sh.
 */
#ifndef DOLIUM_ENGINE_CHANGES_H
#define DOLIUM_ENGINE_CHANGES_H

struct err;
struct oci_image_config;

/* -EINVAL: not such a line; `e` says what is wrong with it. */
int changes_apply(struct oci_image_config *config, const char *line, struct err *e);

#endif
