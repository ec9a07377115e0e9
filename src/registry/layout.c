/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OCI image layouts
 *
 * Files are mapped, so that a layer is hashed and copied straight from the page
 * cache. Should somebody cut a file short meanwhile, the worker dies of it, which is its job.
 */
#include "registry/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/reference.h"
#include "os/file.h"
#include "registry/archive.h"
#include "registry/source.h"

#define INDEX_DEPTH_MAX 4
#define REF_NAME        "org.opencontainers.image.ref.name"
#define CONTAINERD_NAME "io.containerd.image.name"

/* Bytes of one file of the layout. */
struct slice {
	const uint8_t *data;
	size_t len;
	void *map; /* NULL: the archive's */
};

static void slice_done(struct slice *s)
{
	if (s->map)
		munmap(s->map, s->len);
	*s = (struct slice){ 0 };
}

#define AUTO_SLICE __attribute__((cleanup(slice_done)))

static int map_file(int dir_fd, const char *name, struct slice *to)
{
	AUTO_FD int fd = -1;
	struct stat st;

	fd = file_open_beneath(dir_fd, name, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADMSG;
	if (st.st_size == 0)
		return 0;
	to->map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (to->map == MAP_FAILED) {
		to->map = NULL;
		return -errno;
	}
	to->data = to->map;
	to->len = (size_t)st.st_size;
	return 0;
}

static int open_file(const struct layout *l, const char *name, struct slice *to, struct err *e)
{
	int r;

	if (l->archive)
		r = archive_find(l->archive, name, &to->data, &to->len);
	else
		r = map_file(l->dir_fd, name, to);
	if (r == -ENOENT)
		return err_refuse(e, -ENOENT, "%s has no '%s'", l->what, name);
	if (r < 0)
		return err_set(e, r, "cannot read '%s' of %s", name, l->what);
	return 0;
}

static int open_blob(
    const struct layout *l, const struct digest *digest, struct slice *to, struct err *e)
{
	char name[sizeof("blobs/sha256/") + DIGEST_HEX_LEN] = "blobs/sha256/";

	digest_hex(digest, name + strlen(name));
	return open_file(l, name, to, e);
}

/* A blob of JSON: small, and what its digest says. */
static int open_json(const struct layout *l, const struct oci_descriptor *d, size_t max,
    struct slice *to, struct err *e)
{
	int r;

	r = open_blob(l, &d->digest, to, e);
	if (r < 0)
		return r;
	if (to->len > max)
		return err_refuse(e, -EBADMSG, "%s: '%s' is too large", l->what, d->digest_text);
	return source_check(to->data, to->len, &d->digest, l->what, e);
}

static int copy_text(const struct slice *from, char **ret_text, size_t *ret_len)
{
	char *text = malloc(from->len + 1);

	if (!text)
		return -ENOMEM;
	if (from->len > 0)
		memcpy(text, from->data, from->len);
	text[from->len] = '\0';
	*ret_text = text;
	*ret_len = from->len;
	return 0;
}

/* ------------------------------------------------------------------- names */

static int add_name(struct fetch_image *image, const char *text)
{
	AUTO(reference_done) struct reference ref = { 0 };

	/* A name that is no reference is no name; the image is good all the same. */
	if (reference_parse(text, &ref, NULL) < 0 || ref.digest)
		return 0;
	image->names = calloc(2, sizeof(*image->names));
	if (!image->names)
		return -ENOMEM;
	image->names[0] = reference_full(&ref);
	return image->names[0] ? 0 : -ENOMEM;
}

static int name_image(
    const struct layout *l, const struct oci_descriptor *entry, struct fetch_image *image)
{
	const char *tag = strmap_get(&entry->annotations, REF_NAME);
	const char *full = strmap_get(&entry->annotations, CONTAINERD_NAME);
	AUTO_FREE char *text = NULL;

	if (!full && tag && strpbrk(tag, ":/"))
		full = tag;
	if (full)
		return add_name(image, full);
	if (!l->base)
		return 0;
	if (asprintf(&text, "localhost/%s:%s", l->base, tag ? tag : "latest") < 0) {
		text = NULL;
		return -ENOMEM;
	}
	return add_name(image, text);
}

/* --------------------------------------------------------------- resolving */

static int add_image(const struct layout *l, const struct oci_descriptor *entry,
    const struct slice *manifest, struct source_images *to, struct err *e)
{
	AUTO(oci_manifest_done) struct oci_manifest m = { 0 };
	AUTO_SLICE struct slice config = { 0 };
	struct fetch_image *image;
	int r;

	r = oci_manifest_parse((const char *)manifest->data, manifest->len, l->what, &m, e);
	if (r < 0)
		return r;
	r = open_json(l, &m.config, IMAGE_CONFIG_MAX, &config, e);
	if (r < 0)
		return r;

	image = source_image_add(to);
	if (!image || copy_text(manifest, &image->manifest, &image->manifest_len) < 0 ||
	    copy_text(&config, &image->config, &image->config_len) < 0 ||
	    source_image_layers(image, m.layers, m.n_layers) < 0 || name_image(l, entry, image) < 0)
		return err_set(e, -ENOMEM, "cannot read %s", l->what);
	image->config_digest = m.config.digest;
	return 0;
}

static int note_digests(struct source_images *images, const struct digest *manifest,
    const struct digest *index_digest, const struct slice *index, struct err *e)
{
	struct fetch_image *image = &images->items[images->n - 1];

	image->manifest_digest = *manifest;
	if (!index->data)
		return 0;
	image->index_digest = *index_digest;
	if (copy_text(index, &image->index, &image->index_len) < 0)
		return err_set(e, -ENOMEM, "cannot keep an index");
	return 0;
}

/* Follows an entry of index.json down to one manifest. */
static int resolve_entry(const struct layout *l, const struct oci_descriptor *entry,
    const struct platform *platform, struct source_images *to, struct err *e)
{
	struct digest index_digest = { 0 }, at = entry->digest;
	AUTO_SLICE struct slice index = { 0 };

	for (int depth = 0; depth < INDEX_DEPTH_MAX; depth++) {
		AUTO(oci_index_done) struct oci_index x = { 0 };
		char text_of[DIGEST_TEXT_MAX];
		struct oci_descriptor here = { .digest = at, .digest_text = text_of };
		const struct oci_descriptor *picked;
		AUTO_SLICE struct slice text = { 0 };
		enum manifest_kind kind;
		int r;

		digest_format(&at, text_of);
		r = open_json(l, &here, IMAGE_MANIFEST_MAX, &text, e);
		if (r < 0)
			return r;
		r = manifest_kind((const char *)text.data, text.len, l->what, &kind, e);
		if (r < 0)
			return r;
		if (kind == MANIFEST_IMAGE) {
			r = add_image(l, entry, &text, to, e);
			return r < 0 ? r : note_digests(to, &at, &index_digest, &index, e);
		}

		r = oci_index_parse((const char *)text.data, text.len, l->what, &x, e);
		if (r < 0)
			return r;
		r = oci_index_pick(&x, platform, &picked, e);
		if (r < 0)
			return r;
		at = picked->digest;
		if (!index.data) {
			index_digest = here.digest;
			index = text;
			text = (struct slice){ 0 };
		}
	}
	return err_refuse(e, -EBADMSG, "%s: indexes in indexes in indexes", l->what);
}

static bool has_tag(const struct oci_descriptor *entry, const char *tag)
{
	const char *ref = strmap_get(&entry->annotations, REF_NAME);
	const char *full = strmap_get(&entry->annotations, CONTAINERD_NAME);

	return (ref && strcmp(ref, tag) == 0) || (full && strcmp(full, tag) == 0);
}

static int find_tag(const struct layout *l, const struct oci_index *x,
    const struct oci_descriptor **ret_entry, struct err *e)
{
	AUTO_BUF struct buf there = { .max = 512 };
	int r;

	for (size_t i = 0; i < x->n_manifests; i++) {
		const char *ref = strmap_get(&x->manifests[i].annotations, REF_NAME);

		if (has_tag(&x->manifests[i], l->tag)) {
			*ret_entry = &x->manifests[i];
			return 0;
		}
		if (ref)
			buf_addf(&there, "%s%.60s", there.len > 0 ? ", " : "", ref);
	}
	r = err_refuse(e, -ENOENT, "%s has no image '%s'", l->what, l->tag);
	if (there.len > 0)
		err_hint(e, "it has %s", buf_text(&there));
	return r;
}

/* index.json may be a list of images with names, or one image's list of platforms. */
static bool is_platform_list(const struct oci_index *x)
{
	for (size_t i = 0; i < x->n_manifests; i++)
		if (strmap_get(&x->manifests[i].annotations, REF_NAME) ||
		    x->manifests[i].platform.arch[0] == '\0')
			return false;
	return x->n_manifests > 1;
}

static int resolve_index(const struct layout *l, const struct oci_index *x,
    const struct platform *platform, struct source_images *to, struct err *e)
{
	const struct oci_descriptor *entry = x->manifests;
	int r = 0;

	if (x->n_manifests == 0)
		return err_refuse(e, -ENOENT, "%s holds no image", l->what);
	if (l->tag)
		r = find_tag(l, x, &entry, e);
	else if (is_platform_list(x))
		r = oci_index_pick(x, platform, &entry, e);
	else if (x->n_manifests > 1 && !l->all) {
		r = err_refuse(e, -EINVAL, "%s holds %zu images", l->what, x->n_manifests);
		err_hint(e, "say which one: ...:TAG");
	} else {
		for (size_t i = 0; r >= 0 && i < x->n_manifests; i++)
			r = resolve_entry(l, &x->manifests[i], platform, to, e);
		return r;
	}
	return r < 0 ? r : resolve_entry(l, entry, platform, to, e);
}

int layout_resolve(const struct layout *l, const struct platform *platform,
    struct source_images *to, struct err *e)
{
	AUTO(oci_index_done) struct oci_index x = { 0 };
	AUTO_SLICE struct slice text = { 0 };
	int r;

	r = open_file(l, "index.json", &text, e);
	if (r < 0)
		return r;
	if (text.len > IMAGE_MANIFEST_MAX)
		return err_refuse(e, -EBADMSG, "%s: index.json is too large", l->what);
	r = oci_index_parse((const char *)text.data, text.len, "index.json", &x, e);
	if (r < 0)
		return r;
	return resolve_index(l, &x, platform, to, e);
}

int layout_blobs(const struct layout *l, struct source *s, const struct oci_descriptor *layers,
    size_t n_layers, struct err *e)
{
	for (size_t i = 0; i < n_layers; i++) {
		AUTO_SLICE struct slice blob = { 0 };
		int r;

		r = open_blob(l, &layers[i].digest, &blob, e);
		if (r < 0)
			return r;
		r = source_blob_from_memory(s, &layers[i], blob.data, blob.len, e);
		if (r < 0)
			return r;
	}
	return 0;
}
