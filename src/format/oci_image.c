/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image manifests, indexes and configurations: reading
 */
#include "format/oci_image.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/json.h"

#define PLATFORM_PART(key_, member_) \
	JSON_FIELD(platform, key_, CHARS, member_, .room = PLATFORM_PART_MAX)

static int check_platform(void *filled, const char *path, struct err *e)
{
	(void)path;
	(void)e;
	platform_normalize(filled);
	return 0;
}

static const struct json_shape platform_shape = {
	.size = sizeof(struct platform),
	.fields =
	    (const struct json_field[]){
	        PLATFORM_PART("os", os),
	        PLATFORM_PART("architecture", arch),
	        PLATFORM_PART("variant", variant),
	        { .key = NULL },
	    },
	.check = check_platform,
};

static int check_digest(
    const char *text, const char *path, const char *key, struct digest *to, struct err *e)
{
	const int r = digest_parse(text, to);

	if (r == -EOPNOTSUPP)
		return err_refuse(
		    e, -EBADMSG, "%s%s: of the digests only sha256 is spoken", path, key);
	if (r < 0)
		return err_refuse(e, -EBADMSG, "%s%s: not a digest", path, key);
	return 0;
}

static int check_descriptor(void *filled, const char *path, struct err *e)
{
	struct oci_descriptor *d = filled;

	if (d->size < 0)
		return err_refuse(e, -EBADMSG, "%ssize: below 0", path);
	return check_digest(d->digest_text, path, "digest", &d->digest, e);
}

static const struct json_shape descriptor_shape = {
	.size = sizeof(struct oci_descriptor),
	.fields =
	    (const struct json_field[]){
	        JSON_FIELD(oci_descriptor, "mediaType", TEXT, media_type, .required = true),
	        JSON_FIELD(oci_descriptor, "digest", TEXT, digest_text, .required = true),
	        JSON_FIELD(oci_descriptor, "size", I64, size, .required = true),
	        JSON_FIELD(oci_descriptor, "annotations", MAP, annotations),
	        JSON_FIELD(oci_descriptor, "platform", STRUCT, platform, .shape = &platform_shape),
	        { .key = NULL },
	    },
	.check = check_descriptor,
};

static const struct json_shape manifest_shape = {
	.size = sizeof(struct oci_manifest),
	.fields =
	    (const struct json_field[]){
	        JSON_FIELD(oci_manifest, "schemaVersion", I64, schema_version, .required = true),
	        JSON_FIELD(oci_manifest, "mediaType", TEXT, media_type),
	        JSON_FIELD(oci_manifest, "config", STRUCT, config, .shape = &descriptor_shape,
	            .required = true),
	        JSON_FIELD(oci_manifest, "layers", ARRAY, layers, .shape = &descriptor_shape,
	            .required = true),
	        JSON_FIELD(oci_manifest, "annotations", MAP, annotations),
	        { .key = NULL },
	    },
};

static const struct json_shape index_shape = {
	.size = sizeof(struct oci_index),
	.fields =
	    (const struct json_field[]){
	        JSON_FIELD(oci_index, "schemaVersion", I64, schema_version, .required = true),
	        JSON_FIELD(oci_index, "mediaType", TEXT, media_type),
	        JSON_FIELD(oci_index, "manifests", ARRAY, manifests, .shape = &descriptor_shape,
	            .required = true),
	        { .key = NULL },
	    },
};

#define CONFIG(key_, kind_, member_) JSON_FIELD(oci_image_config, key_, kind_, config.member_)

static const struct json_shape healthcheck_shape = {
	.size = sizeof(struct oci_healthcheck),
	.fields =
	    (const struct json_field[]){
	        JSON_FIELD(oci_healthcheck, "Test", STRV, test),
	        JSON_FIELD(oci_healthcheck, "Interval", I64, interval),
	        JSON_FIELD(oci_healthcheck, "Timeout", I64, timeout),
	        JSON_FIELD(oci_healthcheck, "StartPeriod", I64, start_period),
	        JSON_FIELD(oci_healthcheck, "StartInterval", I64, start_interval),
	        JSON_FIELD(oci_healthcheck, "Retries", I64, retries),
	        { .key = NULL },
	    },
};

static const struct json_shape history_shape = {
	.size = sizeof(struct oci_history),
	.fields =
	    (const struct json_field[]){
	        JSON_FIELD(oci_history, "created", TEXT, created),
	        JSON_FIELD(oci_history, "created_by", TEXT, created_by),
	        JSON_FIELD(oci_history, "author", TEXT, author),
	        JSON_FIELD(oci_history, "comment", TEXT, comment),
	        JSON_FIELD(oci_history, "empty_layer", BOOL, empty_layer),
	        { .key = NULL },
	    },
};

/* Two objects that are flat in the struct: their offsets are its own. */
static const struct json_shape run_shape = {
	.size = sizeof(struct oci_image_config),
	.fields =
	    (const struct json_field[]){
	        CONFIG("User", TEXT, user),
	        CONFIG("WorkingDir", TEXT, working_dir),
	        CONFIG("StopSignal", TEXT, stop_signal),
	        CONFIG("Env", STRV, env),
	        CONFIG("Entrypoint", STRV, entrypoint),
	        CONFIG("Cmd", STRV, cmd),
	        CONFIG("ExposedPorts", KEYS, exposed_ports),
	        CONFIG("Volumes", KEYS, volumes),
	        CONFIG("Shell", STRV, shell),
	        CONFIG("OnBuild", STRV, on_build),
	        CONFIG("Labels", MAP, labels),
	        JSON_FIELD(oci_image_config, "Healthcheck", POINTER, config.healthcheck,
	            .shape = &healthcheck_shape),
	        { .key = NULL },
	    },
};

static const struct json_shape rootfs_shape = {
	.size = sizeof(struct oci_image_config),
	.fields =
	    (const struct json_field[]){
	        JSON_FIELD(oci_image_config, "type", TEXT, rootfs_type, .required = true),
	        JSON_FIELD(oci_image_config, "diff_ids", STRV, diff_id_texts),
	        { .key = NULL },
	    },
};

static const struct json_shape image_config_shape = {
	.size = sizeof(struct oci_image_config),
	.fields =
	    (const struct json_field[]){
	        JSON_FIELD(oci_image_config, "created", TEXT, created),
	        JSON_FIELD(oci_image_config, "author", TEXT, author),
	        JSON_FIELD(oci_image_config, "architecture", TEXT, architecture),
	        JSON_FIELD(oci_image_config, "os", TEXT, os),
	        JSON_FIELD(oci_image_config, "variant", TEXT, variant),
	        { .key = "config", .kind = JSON_KIND_STRUCT, .shape = &run_shape },
	        { .key = "rootfs",
	            .kind = JSON_KIND_STRUCT,
	            .shape = &rootfs_shape,
	            .required = true },
	        JSON_FIELD(oci_image_config, "history", ARRAY, history, .shape = &history_shape),
	        { .key = NULL },
	    },
};

static int check_size(size_t len, size_t max, const char *what, struct err *e)
{
	if (len > max)
		return err_refuse(e, -EBADMSG, "%s: larger than %zu MiB", what, max >> 20);
	return 0;
}

static int check_schema(int64_t version, const char *what, struct err *e)
{
	if (version == 1)
		return err_refuse(e, -EOPNOTSUPP,
		    "%s: of Docker's schema 1, which registries gave up years ago", what);
	if (version != 2)
		return err_refuse(e, -EBADMSG, "%s: schemaVersion: not 2", what);
	return 0;
}

/* NULL: any kind. -EBADMSG where mediaType says another one: it must not depend on the reader. */
static int check_media_type(
    const char *media_type, const char *oci, const char *docker, const char *what, struct err *e)
{
	if (!media_type || !*media_type || strcmp(media_type, oci) == 0 ||
	    strcmp(media_type, docker) == 0)
		return 0;
	return err_refuse(e, -EBADMSG, "%s: mediaType: not '%s'", what, oci);
}

static bool has_part(const struct json_value *v, const char *key)
{
	return json_value_type(json_value_get(v, key)) != JSON_NULL;
}

int manifest_kind(
    const char *text, size_t len, const char *what, enum manifest_kind *ret_kind, struct err *e)
{
	AUTO(json_value_free) struct json_value *v = NULL;
	bool image, index;
	int r;

	r = check_size(len, IMAGE_MANIFEST_MAX, what, e);
	if (r < 0)
		return r;
	r = json_value_parse(text, len, what, &v, e);
	if (r < 0)
		return r;
	if (json_value_type(v) != JSON_OBJECT)
		return err_refuse(e, -EBADMSG, "%s: not an object", what);
	r = check_schema(json_value_i64(json_value_get(v, "schemaVersion")), what, e);
	if (r < 0)
		return r;

	/* One text that is both would be one image to us and another to who signed it. */
	image = has_part(v, "config") || has_part(v, "layers");
	index = has_part(v, "manifests");
	if (image && index)
		return err_refuse(e, -EBADMSG, "%s: both a manifest and an index", what);
	if (!image && !index)
		return err_refuse(e, -EBADMSG, "%s: neither a manifest nor an index", what);
	*ret_kind = index ? MANIFEST_INDEX : MANIFEST_IMAGE;
	return 0;
}

static int check_manifest(const struct oci_manifest *m, const char *what, struct err *e)
{
	const char *config_type = m->config.media_type;
	int r;

	r = check_schema(m->schema_version, what, e);
	if (r < 0)
		return r;
	r = check_media_type(m->media_type, MEDIA_OCI_MANIFEST, MEDIA_DOCKER_MANIFEST, what, e);
	if (r < 0)
		return r;
	if (m->n_layers > IMAGE_LAYERS_MAX)
		return err_refuse(e, -EBADMSG, "%s: layers: more than %d", what, IMAGE_LAYERS_MAX);
	if (m->config.size > (int64_t)IMAGE_CONFIG_MAX)
		return err_refuse(e, -EBADMSG, "%s: config.size: larger than %zu MiB", what,
		    IMAGE_CONFIG_MAX >> 20);
	/* Docker once pushed configurations as "octet-stream". */
	if (strcmp(config_type, MEDIA_OCI_CONFIG) != 0 &&
	    strcmp(config_type, MEDIA_DOCKER_CONFIG) != 0 &&
	    strcmp(config_type, "application/octet-stream") != 0)
		return err_refuse(e, -EOPNOTSUPP, "%s: not an image but '%s'", what, config_type);
	return 0;
}

int oci_manifest_parse(
    const char *text, size_t len, const char *what, struct oci_manifest *ret, struct err *e)
{
	__attribute__((cleanup(oci_manifest_done_at))) struct oci_manifest m = { 0 };
	enum manifest_kind kind;
	int r;

	r = manifest_kind(text, len, what, &kind, e);
	if (r < 0)
		return r;
	r = json_shape_parse(&manifest_shape, text, len, what, &m, e);
	if (r < 0)
		return r;
	r = check_manifest(&m, what, e);
	if (r < 0)
		return r;
	*ret = m;
	m = (struct oci_manifest){ 0 };
	return 0;
}

int oci_index_parse(
    const char *text, size_t len, const char *what, struct oci_index *ret, struct err *e)
{
	__attribute__((cleanup(oci_index_done_at))) struct oci_index x = { 0 };
	enum manifest_kind kind;
	int r;

	r = manifest_kind(text, len, what, &kind, e);
	if (r < 0)
		return r;
	r = json_shape_parse(&index_shape, text, len, what, &x, e);
	if (r < 0)
		return r;
	r = check_media_type(x.media_type, MEDIA_OCI_INDEX, MEDIA_DOCKER_LIST, what, e);
	if (r < 0)
		return r;
	*ret = x;
	x = (struct oci_index){ 0 };
	return 0;
}

static int read_diff_ids(struct oci_image_config *c, const char *what, struct err *e)
{
	const size_t n = c->diff_id_texts.n;

	if (strcmp(c->rootfs_type, "layers") != 0)
		return err_refuse(e, -EBADMSG, "%s: rootfs.type: not 'layers'", what);
	if (n > IMAGE_LAYERS_MAX)
		return err_refuse(
		    e, -EBADMSG, "%s: rootfs.diff_ids: more than %d", what, IMAGE_LAYERS_MAX);
	c->diff_ids = calloc(n ? n : 1, sizeof(*c->diff_ids));
	if (!c->diff_ids)
		return err_set(e, -ENOMEM, "%s", what);
	for (size_t i = 0; i < n; i++)
		if (digest_parse(c->diff_id_texts.items[i], &c->diff_ids[i]) < 0)
			return err_refuse(
			    e, -EBADMSG, "%s: rootfs.diff_ids[%zu]: not a sha256 digest", what, i);
	c->n_layers = n;
	return 0;
}

/* No ceilings of the format, but of what an honest image has: each costs whoever makes a container.
 */
static int check_counts(const struct oci_image_config *c, const char *what, struct err *e)
{
	if (c->config.env.n > IMAGE_WORDS_MAX)
		return err_refuse(
		    e, -EBADMSG, "%s: config.Env: more than %d", what, IMAGE_WORDS_MAX);
	if (c->config.labels.n > IMAGE_WORDS_MAX)
		return err_refuse(
		    e, -EBADMSG, "%s: config.Labels: more than %d", what, IMAGE_WORDS_MAX);
	if (c->config.volumes.n > IMAGE_VOLUMES_MAX)
		return err_refuse(
		    e, -EBADMSG, "%s: config.Volumes: more than %d", what, IMAGE_VOLUMES_MAX);
	return 0;
}

int oci_image_config_parse(
    const char *text, size_t len, const char *what, struct oci_image_config *ret, struct err *e)
{
	__attribute__((cleanup(oci_image_config_done_at))) struct oci_image_config c = { 0 };
	int r;

	r = check_size(len, IMAGE_CONFIG_MAX, what, e);
	if (r < 0)
		return r;
	r = json_shape_parse(&image_config_shape, text, len, what, &c, e);
	if (r < 0)
		return r;
	r = check_counts(&c, what, e);
	if (r >= 0)
		r = read_diff_ids(&c, what, e);
	if (r < 0)
		return r;
	*ret = c;
	c = (struct oci_image_config){ 0 };
	return 0;
}

void oci_manifest_done(struct oci_manifest *m)
{
	json_shape_done(&manifest_shape, m);
}

void oci_index_done(struct oci_index *x)
{
	json_shape_done(&index_shape, x);
}

void oci_image_config_done(struct oci_image_config *c)
{
	free(c->diff_ids);
	c->diff_ids = NULL;
	json_shape_done(&image_config_shape, c);
}

static bool is_manifest_type(const char *media_type)
{
	return strcmp(media_type, MEDIA_OCI_MANIFEST) == 0 ||
	    strcmp(media_type, MEDIA_OCI_INDEX) == 0 ||
	    strcmp(media_type, MEDIA_DOCKER_MANIFEST) == 0 ||
	    strcmp(media_type, MEDIA_DOCKER_LIST) == 0;
}

/* One that says no platform will do where nothing better is: an OCI layout of a single image. */
static int score(const struct oci_descriptor *d, const struct platform *want)
{
	if (!is_manifest_type(d->media_type))
		return 0;
	if (!d->platform.os[0] && !d->platform.arch[0])
		return 1;
	return platform_match(want, &d->platform);
}

static int report_none(const struct oci_index *x, const struct platform *want, struct err *e)
{
	AUTO_BUF struct buf list = { .max = 512 };
	char text[3 * PLATFORM_PART_MAX + 3];

	for (size_t i = 0; i < x->n_manifests && !buf_error(&list); i++) {
		const struct platform *p = &x->manifests[i].platform;

		/* Attestations of builders stand under this name. */
		if (!p->os[0] || strcmp(p->os, "unknown") == 0)
			continue;
		platform_format(p, text, sizeof(text));
		buf_addf(&list, "%s%s", list.len ? ", " : "", text);
	}
	platform_format(want, text, sizeof(text));
	if (!list.len)
		return err_refuse(e, -ENOENT, "there is no image for %s, nor for any other", text);
	return err_refuse(
	    e, -ENOENT, "there is no image for %s, only for %s", text, buf_text(&list));
}

int oci_index_pick(const struct oci_index *x, const struct platform *want,
    const struct oci_descriptor **ret_manifest, struct err *e)
{
	const struct oci_descriptor *best = NULL;
	int best_score = 0;

	for (size_t i = 0; i < x->n_manifests; i++) {
		const int s = score(&x->manifests[i], want);

		if (s > best_score) {
			best = &x->manifests[i];
			best_score = s;
		}
	}
	if (!best)
		return report_none(x, want, e);
	*ret_manifest = best;
	return 0;
}

enum layer_compression layer_compression(const char *media_type)
{
	static const struct {
		const char *media_type;
		enum layer_compression compression;
	} known[] = {
		{ MEDIA_OCI_LAYER, LAYER_PLAIN },
		{ MEDIA_OCI_LAYER_GZIP, LAYER_GZIP },
		{ MEDIA_OCI_LAYER_ZSTD, LAYER_ZSTD },
		{ "application/vnd.docker.image.rootfs.diff.tar", LAYER_PLAIN },
		{ MEDIA_DOCKER_LAYER, LAYER_GZIP },
		{ "application/vnd.docker.image.rootfs.diff.tar.zstd", LAYER_ZSTD },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(media_type, known[i].media_type) == 0)
			return known[i].compression;
	return LAYER_UNKNOWN;
}
