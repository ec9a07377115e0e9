/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of an image, in docker's words
 */
#ifndef DOLIUM_ENGINE_IMAGE_INSPECT_H
#define DOLIUM_ENGINE_IMAGE_INSPECT_H

struct json_writer;
struct oci_image_config;

/* The "Config" object of an image. */
void image_put_config(struct json_writer *w, const char *key, const struct oci_image_config *c);

#endif
