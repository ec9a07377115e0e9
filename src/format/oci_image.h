/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image manifests, indexes and configurations
 *
 * OCI image-spec 1.1 and Docker's schema 2 (image manifest v2.2, manifest list)
 * are read into the same structs. Digests and sizes are checked for form here;
 * that bytes match them is for who fetches the bytes.
 */
#ifndef DOLIUM_FORMAT_OCI_IMAGE_H
#define DOLIUM_FORMAT_OCI_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/strmap.h"
#include "base/strv.h"
#include "format/digest.h"
#include "format/platform.h"

struct buf;
struct err;

#define IMAGE_MANIFEST_MAX ((size_t)4 << 20) /* bytes; as the registries' own limit */
#define IMAGE_CONFIG_MAX   ((size_t)8 << 20)
#define IMAGE_LAYERS_MAX   1024
#define IMAGE_WORDS_MAX    10000 /* variables of its environment; labels */
#define IMAGE_VOLUMES_MAX  256

struct oci_descriptor {
	char *media_type, *digest_text;
	struct digest digest; /* checked and read from digest_text */
	int64_t size;
	struct strmap annotations;
	struct platform platform; /* in an index; empty parts: not said */
};

enum layer_compression {
	LAYER_PLAIN,
	LAYER_GZIP,
	LAYER_ZSTD,
	LAYER_UNKNOWN, /* foreign or encrypted: refused by who unpacks */
};

/* One manifest of one image: its configuration and its layers, lowest first. */
struct oci_manifest {
	int64_t schema_version;
	char *media_type;
	struct oci_descriptor config;
	struct oci_descriptor *layers;
	size_t n_layers;
	struct strmap annotations;
};

/* An index or manifest list: one manifest a platform. */
struct oci_index {
	int64_t schema_version;
	char *media_type;
	struct oci_descriptor *manifests;
	size_t n_manifests;
};

struct oci_healthcheck {
	struct strv test;
	int64_t interval, timeout, start_period, start_interval, retries; /* ns, but for retries */
};

struct oci_history {
	char *created, *created_by, *author, *comment;
	bool empty_layer;
};

/* The image configuration: config.md of the image-spec, and what Docker adds. */
struct oci_image_config {
	char *created, *author, *architecture, *os, *variant;
	struct {
		char *user, *working_dir, *stop_signal;
		struct strv env, entrypoint, cmd, exposed_ports, volumes, shell, on_build;
		struct strmap labels;
		struct oci_healthcheck *healthcheck;
	} config;
	char *rootfs_type;
	struct strv diff_id_texts;
	struct digest *diff_ids; /* read from the texts; n_layers of them */
	size_t n_layers;
	struct oci_history *history;
	size_t n_history;
};

/* What a blob of manifest bytes is, by its mediaType field or its form. */
enum manifest_kind {
	MANIFEST_IMAGE,
	MANIFEST_INDEX,
};

/*
 * Each reads and checks one. On failure nothing needs freeing. -EBADMSG: damaged
 * or not what it should be. -EOPNOTSUPP: well-formed, and of a kind that is not
 * spoken (Docker's schema 1).
 */
int manifest_kind(
    const char *text, size_t len, const char *what, enum manifest_kind *ret_kind, struct err *e);
int oci_manifest_parse(
    const char *text, size_t len, const char *what, struct oci_manifest *ret, struct err *e);
int oci_index_parse(
    const char *text, size_t len, const char *what, struct oci_index *ret, struct err *e);
int oci_image_config_parse(
    const char *text, size_t len, const char *what, struct oci_image_config *ret, struct err *e);

void oci_manifest_done(struct oci_manifest *m);
void oci_index_done(struct oci_index *x);
void oci_image_config_done(struct oci_image_config *c);

/* The best entry for a platform. -ENOENT: none; `e` lists what there is. */
int oci_index_pick(const struct oci_index *x, const struct platform *want,
    const struct oci_descriptor **ret_manifest, struct err *e);

enum layer_compression layer_compression(const char *media_type);

/* Appends canonical JSON: for images that are made here (import, hello). */
void oci_manifest_write(const struct oci_manifest *m, struct buf *to);
void oci_image_config_write(const struct oci_image_config *c, struct buf *to);

#define MEDIA_OCI_MANIFEST    "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_INDEX       "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_CONFIG      "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_LAYER       "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_OCI_LAYER_GZIP  "application/vnd.oci.image.layer.v1.tar+gzip"
#define MEDIA_OCI_LAYER_ZSTD  "application/vnd.oci.image.layer.v1.tar+zstd"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_LIST     "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_CONFIG   "application/vnd.docker.container.image.v1+json"
#define MEDIA_DOCKER_LAYER    "application/vnd.docker.image.rootfs.diff.tar.gzip"

static inline void oci_manifest_done_at(struct oci_manifest *m)
{
	oci_manifest_done(m);
}

static inline void oci_index_done_at(struct oci_index *x)
{
	oci_index_done(x);
}

static inline void oci_image_config_done_at(struct oci_image_config *c)
{
	oci_image_config_done(c);
}

#endif
