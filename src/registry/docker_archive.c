/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives of `docker save`
 *
 * A layer that is a plain tar is named by its diffID, which the configuration
 * has, so it is hashed once, while it is copied. A compressed one is hashed here.
 */
#include "registry/docker_archive.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/strv.h"
#include "format/json.h"
#include "format/reference.h"
#include "registry/archive.h"
#include "registry/hash.h"
#include "registry/source.h"
#include "registry/spool.h"

#define IMAGES_MAX 256

struct stored_layer {
	struct digest digest;
	const uint8_t *data;
	size_t len;
};

struct docker_archive {
	struct stored_layer *layers;
	size_t n_layers;
};

struct entry {
	char *config;
	struct strv names, layers;
};

static const struct json_shape entry_shape = {
	.size = sizeof(struct entry),
	.fields =
	    (const struct json_field[]){
	        JSON_FIELD(entry, "Config", TEXT, config, .required = true),
	        JSON_FIELD(entry, "RepoTags", STRV, names),
	        JSON_FIELD(entry, "Layers", STRV, layers, .required = true),
	        { 0 },
	    },
};

struct docker_archive *docker_archive_free(struct docker_archive *d)
{
	if (!d)
		return NULL;
	free(d->layers);
	free(d);
	return NULL;
}

/* Full references of the entry; all of them good. */
static int full_names(const struct entry *entry, struct strv *to)
{
	strv_for_each (name, &entry->names) {
		AUTO(reference_done) struct reference ref = { 0 };

		if (reference_parse(*name, &ref, NULL) < 0)
			continue;
		if (strv_consume(to, reference_full(&ref)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int note_layer(struct docker_archive *d, const struct digest *diff_id, const uint8_t *data,
    size_t len, struct oci_descriptor *ret_layer)
{
	static char plain[] = MEDIA_OCI_LAYER, gzip[] = MEDIA_OCI_LAYER_GZIP,
	            zstd[] = MEDIA_OCI_LAYER_ZSTD;
	struct stored_layer *more;

	*ret_layer = (struct oci_descriptor){ .digest = *diff_id, .size = (int64_t)len };
	switch (spool_kind(data, len)) {
	case LAYER_GZIP:
		ret_layer->media_type = gzip;
		break;
	case LAYER_ZSTD:
		ret_layer->media_type = zstd;
		break;
	case LAYER_PLAIN:
	case LAYER_UNKNOWN:
		ret_layer->media_type = plain;
		break;
	}
	if (ret_layer->media_type != plain && hash_bytes(data, len, &ret_layer->digest) < 0)
		return -ENOMEM;

	more = realloc(d->layers, (d->n_layers + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	d->layers = more;
	more[d->n_layers++] =
	    (struct stored_layer){ .digest = ret_layer->digest, .data = data, .len = len };
	return 0;
}

static int add_layers(struct docker_archive *d, const struct archive *a, const char *what,
    const struct entry *entry, const struct oci_image_config *config, struct fetch_image *image,
    struct err *e)
{
	AUTO_FREE struct oci_descriptor *layers = NULL;

	if (entry->layers.n > IMAGE_LAYERS_MAX || entry->layers.n != config->n_layers)
		return err_refuse(e, -EBADMSG,
		    "%s: %zu layers, and a configuration that speaks of %zu", what, entry->layers.n,
		    config->n_layers);
	layers = calloc(entry->layers.n + 1, sizeof(*layers));
	if (!layers)
		return err_set(e, -ENOMEM, "cannot read %s", what);

	for (size_t i = 0; i < entry->layers.n; i++) {
		const uint8_t *data;
		size_t len;
		int r;

		r = archive_find(a, entry->layers.items[i], &data, &len);
		if (r < 0)
			return err_refuse(e, r == -ENOMEM ? r : -EBADMSG,
			    "%s: its manifest.json names a layer that is not there", what);
		if (note_layer(d, &config->diff_ids[i], data, len, &layers[i]) < 0)
			return err_set(e, -ENOMEM, "cannot read %s", what);
	}
	if (source_image_layers(image, layers, entry->layers.n) < 0)
		return err_set(e, -ENOMEM, "cannot read %s", what);
	return 0;
}

static int add_image(struct docker_archive *d, const struct archive *a, const char *what,
    const struct entry *entry, struct strv *names, struct source_images *to, struct err *e)
{
	AUTO(oci_image_config_done) struct oci_image_config config = { 0 };
	struct fetch_image *image;
	const uint8_t *data;
	size_t len;
	int r;

	r = archive_find(a, entry->config, &data, &len);
	if (r < 0)
		return err_refuse(e, r == -ENOMEM ? r : -EBADMSG,
		    "%s: its manifest.json names a configuration that is not there", what);
	if (len > IMAGE_CONFIG_MAX)
		return err_refuse(e, -EBADMSG, "%s: a configuration that is too large", what);
	r = oci_image_config_parse((const char *)data, len, what, &config, e);
	if (r < 0)
		return r;

	image = source_image_add(to);
	if (!image || hash_bytes(data, len, &image->config_digest) < 0)
		return err_set(e, -ENOMEM, "cannot read %s", what);
	image->config = strndup((const char *)data, len);
	if (!image->config)
		return err_set(e, -ENOMEM, "cannot read %s", what);
	image->config_len = len;
	if (names->n > 0) {
		image->names = TAKE(names->items);
		names->n = 0;
	}
	return add_layers(d, a, what, entry, &config, image, e);
}

/* Is it one that is wanted? `*ret_names` are its names, or the one that was asked for. */
static int select_entry(
    const struct entry *entry, const char *wanted, struct strv *ret_names, struct err *e)
{
	AUTO(reference_done) struct reference ref = { 0 };
	AUTO_FREE char *full = NULL;
	AUTO_STRV struct strv names = { 0 };
	int r;

	if (full_names(entry, &names) < 0)
		return err_set(e, -ENOMEM, "cannot read manifest.json");
	if (!wanted) {
		*ret_names = names;
		names = (struct strv){ 0 };
		return 1;
	}

	r = reference_parse(wanted, &ref, e);
	if (r < 0)
		return r;
	full = reference_full(&ref);
	if (!full)
		return err_set(e, -ENOMEM, "cannot read manifest.json");
	if (!strv_has(&names, full))
		return 0;
	return strv_add(ret_names, full) < 0 ? -ENOMEM : 1;
}

static int read_entry(struct docker_archive *d, const struct archive *a, const char *name,
    const char *what, const struct json_value *v, struct source_images *to, struct err *e)
{
	AUTO_STRV struct strv names = { 0 };
	struct entry entry = { 0 };
	int r;

	r = json_shape_read(&entry_shape, v, "manifest.json", &entry, e);
	if (r >= 0)
		r = select_entry(&entry, name, &names, e);
	if (r > 0)
		r = add_image(d, a, what, &entry, &names, to, e);
	json_shape_done(&entry_shape, &entry);
	return r;
}

int docker_archive_resolve(const struct archive *a, const char *name, const char *what,
    struct source_images *to, struct docker_archive **ret, struct err *e)
{
	AUTO(docker_archive_free) struct docker_archive *d = NULL;
	AUTO(json_value_free) struct json_value *list = NULL;
	const uint8_t *data;
	size_t len;
	int r;

	r = archive_find(a, "manifest.json", &data, &len);
	if (r == -ENOENT)
		return err_refuse(e, -ENOENT, "%s has no manifest.json", what);
	if (r < 0 || len > IMAGE_MANIFEST_MAX)
		return err_refuse(e, -EBADMSG, "%s: its manifest.json cannot be read", what);
	r = json_value_parse((const char *)data, len, "manifest.json", &list, e);
	if (r < 0)
		return r;
	if (json_value_type(list) != JSON_ARRAY || json_value_count(list) > IMAGES_MAX)
		return err_refuse(e, -EBADMSG, "manifest.json: not a list of images");
	d = calloc(1, sizeof(*d));
	if (!d)
		return err_set(e, -ENOMEM, "cannot read %s", what);

	for (size_t i = 0; i < json_value_count(list); i++) {
		r = read_entry(d, a, name, what, json_value_at(list, i), to, e);
		if (r < 0)
			return r;
	}
	if (to->n == 0 && name)
		return err_refuse(e, -ENOENT, "%s has no image '%s'", what, name);
	if (to->n == 0)
		return err_refuse(e, -ENOENT, "%s holds no image", what);
	*ret = TAKE(d);
	return 0;
}

int docker_archive_blobs(const struct docker_archive *d, struct source *s,
    const struct oci_descriptor *layers, size_t n_layers, struct err *e)
{
	for (size_t i = 0; i < n_layers; i++) {
		const struct stored_layer *found = NULL;
		int r;

		for (size_t j = 0; j < d->n_layers && !found; j++)
			if (digest_equal(&d->layers[j].digest, &layers[i].digest))
				found = &d->layers[j];
		if (!found)
			return err_refuse(e, -ENOENT, "no layer '%s'", layers[i].digest_text);
		r = source_blob_from_memory(s, &layers[i], found->data, found->len, e);
		if (r < 0)
			return r;
	}
	return 0;
}
