/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources: what their drivers share
 */
#include "registry/source.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "registry/hash.h"
#include "registry/partial.h"
#include "registry/wire.h"

#define STEP ((size_t)4 << 20)

static const struct source_driver *const drivers[] = {
	&source_oci,
	&source_oci_archive,
	&source_docker_archive,
	&source_archive,
};

const struct source_driver *source_find(const char *text, const char **ret_rest)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		size_t n = strlen(drivers[i]->scheme);

		if (strncmp(text, drivers[i]->scheme, n) == 0) {
			*ret_rest = text + n;
			return drivers[i];
		}
	}
	if (strncmp(text, source_registry.scheme, strlen(source_registry.scheme)) == 0)
		text += strlen(source_registry.scheme);
	*ret_rest = text;
	return &source_registry;
}

int source_report(const struct source *s, enum fetch_event_kind kind, const struct digest *digest,
    uint64_t done, uint64_t total, const char *note)
{
	struct wire_event event = {
		.kind = kind,
		.digest = *digest,
		.done = done,
		.total = total,
	};

	source_printable(note ? note : "", note ? strlen(note) : 0, event.note, sizeof(event.note));
	return wire_send(s->socket_fd, WIRE_EVENT, &event, sizeof(event));
}

struct fetch_image *source_image_add(struct source_images *images)
{
	struct fetch_image *more;

	more = realloc(images->items, (images->n + 1) * sizeof(*more));
	if (!more)
		return NULL;
	images->items = more;
	more[images->n] = (struct fetch_image){ 0 };
	return &more[images->n++];
}

int source_image_layers(
    struct fetch_image *image, const struct oci_descriptor *layers, size_t n_layers)
{
	image->layers = calloc(n_layers + 1, sizeof(*image->layers));
	if (!image->layers)
		return -ENOMEM;

	for (size_t i = 0; i < n_layers; i++) {
		struct oci_descriptor *layer = &image->layers[image->n_layers++];
		char text[DIGEST_TEXT_MAX];

		digest_format(&layers[i].digest, text);
		layer->digest = layers[i].digest;
		layer->size = layers[i].size;
		layer->digest_text = strdup(text);
		layer->media_type = strdup(layers[i].media_type ? layers[i].media_type : "");
		if (!layer->digest_text || !layer->media_type)
			return -ENOMEM;
	}
	return 0;
}

int source_check(
    const void *data, size_t len, const struct digest *digest, const char *what, struct err *e)
{
	char said[DIGEST_TEXT_MAX], found[DIGEST_TEXT_MAX];
	struct digest is;

	if (hash_bytes(data, len, &is) < 0)
		return err_set(e, -ENOMEM, "cannot check %s", what);
	if (digest_equal(&is, digest))
		return 0;
	digest_format(digest, said);
	digest_format(&is, found);
	return err_refuse(e, -EBADMSG, "%s is to be %s, the bytes are %s", what, said, found);
}

static int keep_parts(
    const char *rest, size_t path_len, char **ret_path, char **ret_name, struct err *e)
{
	AUTO_FREE char *path = NULL, *name = NULL;

	path = strndup(rest, path_len);
	if (path && rest[path_len] == ':')
		name = strdup(rest + path_len + 1);
	if (!path || (rest[path_len] == ':' && !name))
		return err_set(e, -ENOMEM, "cannot open '%s'", rest);
	*ret_path = TAKE(path);
	*ret_name = TAKE(name);
	return 0;
}

int source_split(const char *rest, char **ret_path, char **ret_name, struct err *e)
{
	struct stat st;

	if (stat(rest, &st) == 0)
		return keep_parts(rest, strlen(rest), ret_path, ret_name, e);

	for (const char *colon = strchr(rest, ':'); colon; colon = strchr(colon + 1, ':')) {
		AUTO_FREE char *path = strndup(rest, (size_t)(colon - rest));

		if (path && stat(path, &st) == 0)
			return keep_parts(rest, (size_t)(colon - rest), ret_path, ret_name, e);
	}
	return err_refuse(e, -ENOENT, "no such file or directory: '%s'", rest);
}

static int mismatch(
    struct partial *p, const struct digest *said, const struct digest *is, struct err *e)
{
	char said_text[DIGEST_TEXT_MAX], is_text[DIGEST_TEXT_MAX];

	partial_drop(p);
	digest_format(said, said_text);
	digest_format(is, is_text);
	return err_refuse(
	    e, -EBADMSG, "the manifest says %s, the bytes are %s", said_text, is_text);
}

int source_blob_from_memory(struct source *s, const struct oci_descriptor *layer, const void *data,
    size_t len, struct err *e)
{
	AUTO(partial_close) struct partial *p = NULL;
	const uint8_t *bytes = data;
	struct digest found;
	int r;

	if (len != (uint64_t)layer->size)
		return err_refuse(e, -EBADMSG, "layer '%s' has %zu bytes, the manifest says %jd",
		    layer->digest_text, len, (intmax_t)layer->size);
	r = partial_open(s->partial_fd, &layer->digest, len, true, &p, e);
	if (r == -EALREADY)
		return source_report(s, FETCH_DONE, &layer->digest, len, len, NULL);
	if (r < 0)
		return r;
	/* What is there counts if it is whole and right; else copying again is the cheapest. */
	if (partial_done(p) == len && partial_finish(p, &found) == 0)
		return source_report(s, FETCH_DONE, &layer->digest, len, len, NULL);
	r = partial_restart(p);

	for (uint64_t at = 0; r >= 0 && at < len; at = partial_done(p)) {
		r = partial_add(p, bytes + at, len - at < STEP ? len - at : STEP);
		if (r >= 0)
			r = source_report(
			    s, FETCH_PROGRESS, &layer->digest, partial_done(p), len, NULL);
	}
	if (r < 0)
		return err_set(e, r, "cannot copy layer '%s'", layer->digest_text);

	r = partial_finish(p, &found);
	if (r == -EBADMSG)
		return mismatch(p, &layer->digest, &found, e);
	if (r < 0)
		return err_set(e, r, "cannot write layer '%s'", layer->digest_text);
	return source_report(s, FETCH_DONE, &layer->digest, len, len, NULL);
}

void source_printable(const char *text, size_t len, char *to, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < len && text[i] != '\0' && n + 1 < room; i++)
		to[n++] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	to[n] = '\0';
}
