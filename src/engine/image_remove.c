/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Naming and removing images
 *
 * By a name only that name goes, and the image with its last one; by an id the
 * image goes, where it has one name at most or `force` is said.
 */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "engine/hello.h"
#include "engine/image_find.h"
#include "engine/image_users.h"
#include "format/json.h"
#include "format/reference.h"
#include "store/images.h"
#include "store/layer.h"
#include "store/store.h"

/* Who removes images wants the room, but not to wait for it; who prunes does. */
#define SWEEP_US       UINT64_C(1000000)
#define SWEEP_PRUNE_US UINT64_C(60000000)

struct removal {
	struct dolium *d;
	struct image_users users;
	struct json_writer w;
};

static void put_pair(struct json_writer *w, const char *key, const char *value)
{
	json_open_object(w, NULL);
	json_put_text(w, key, value);
	json_close_object(w);
}

static void put_untagged(struct json_writer *w, const char *name)
{
	AUTO_FREE char *familiar =
	    hello_is_name(name) ? strdup(HELLO_NAME ":latest") : image_familiar(name);

	put_pair(w, "Untagged", familiar ? familiar : name);
}

/* The image, with all its names. What it alone needs goes with it. */
static int remove_whole(
    struct removal *removal, const struct image *image, bool tell_names, struct err *e)
{
	char id[DIGEST_TEXT_MAX];
	int r = image_remove(removal->d->store, &image->id, e);

	if (r < 0)
		return r;
	digest_format(&image->id, id);
	strv_for_each (name, &image->names)
		if (tell_names)
			put_untagged(&removal->w, *name);
	strv_for_each (digest, &image->digests)
		put_untagged(&removal->w, *digest);
	put_pair(&removal->w, "Deleted", id);
	for (size_t i = 0; i < image->n_layers; i++) {
		digest_format(&image->layers[i], id);
		if (!layer_exists(removal->d->store, &image->layers[i]))
			put_pair(&removal->w, "Deleted", id);
	}
	return 0;
}

static int refuse_used(
    const struct removal *removal, const struct image *image, const char *name, struct err *e)
{
	const char *user = NULL;

	if (image_users_count(&removal->users, &image->id, &user) == 0)
		return 0;
	err_refuse(e, -EBUSY, "cannot remove image '%s': container %.12s needs it", name, user);
	err_hint(e, "remove the container first");
	return -EBUSY;
}

/* Is `full` one of the image's names? */
static bool has_name(const struct image *image, const char *full)
{
	return full && strv_has(&image->names, full);
}

static int remove_name(struct removal *removal, const struct image *image, const char *name,
    const char *full, bool force, struct err *e)
{
	int r;

	if (image->names.n == 1) {
		/* Forced, an image that is in use loses its name and stays. */
		if (!force || image_users_count(&removal->users, &image->id, NULL) == 0) {
			r = refuse_used(removal, image, name, e);
			return r < 0 ? r : remove_whole(removal, image, true, e);
		}
	}
	r = image_name_remove(removal->d->store, full, e);
	if (r < 0)
		return r;
	put_untagged(&removal->w, full);
	return 0;
}

static int remove_by_id(
    struct removal *removal, const struct image *image, const char *name, bool force, struct err *e)
{
	int r = refuse_used(removal, image, name, e);

	if (r < 0)
		return r;
	if (image->names.n > 1 && !force) {
		err_refuse(
		    e, -EBUSY, "cannot remove image '%s': it has %zu names", name, image->names.n);
		err_hint(e, "remove the names, or the image with --force");
		return -EBUSY;
	}
	return remove_whole(removal, image, true, e);
}

/* The full name under which the store has what a user wrote; NULL: it is an id. */
static char *full_name(const struct image *image, const char *what)
{
	AUTO(reference_done) struct reference ref = { 0 };

	if (strcmp(what, HELLO_NAME) == 0) {
		strv_for_each (name, &image->names)
			if (hello_is_name(*name))
				return strdup(*name);
		return NULL;
	}
	return reference_parse(what, &ref, NULL) == 0 && !ref.digest ? reference_full(&ref) : NULL;
}

static int remove_found(struct removal *removal, const char *name, bool force, struct err *e)
{
	AUTO(image_free) struct image *image = NULL;
	AUTO_FREE char *full = NULL;
	int r = image_find_by_user(removal->d, name, &image, e);

	if (r < 0)
		return r;
	r = image_users_load(removal->d, &removal->users, e);
	if (r < 0)
		return r;
	full = full_name(image, name);
	json_open_array(&removal->w, NULL);
	if (has_name(image, full))
		r = remove_name(removal, image, name, full, force, e);
	else
		r = remove_by_id(removal, image, name, force, e);
	json_close_array(&removal->w);
	image_users_done(&removal->users);
	return r;
}

int dolium_image_remove(struct dolium *d, const char *name, bool force, struct dolium_value **ret)
{
	AUTO_BUF struct buf text = { 0 };
	struct removal removal = { .d = d, .w = { .to = &text } };
	struct err *e = engine_begin(d);
	int r = remove_found(&removal, name, force, e);

	/* A full disk must not keep one from making room: downloads can be fetched again. */
	if (r == -ENOSPC && images_drop_partials(d->store) > 0) {
		buf_done(&text);
		removal = (struct removal){ .d = d, .w = { .to = &text } };
		r = remove_found(&removal, name, force, engine_begin(d));
	}
	if (r < 0)
		return r;
	store_sweep(d->store, SWEEP_US);
	return engine_value_parse(&text, ret, e);
}

int dolium_image_prune(struct dolium *d, bool all, struct dolium_value **ret)
{
	AUTO_BUF struct buf text = { 0 };
	struct removal removal = { .d = d, .w = { .to = &text } };
	struct err *e = engine_begin(d);
	struct image **images;
	struct store *store;
	uint64_t bytes = 0, collected = 0, dropped = 0;
	size_t n;
	int r = engine_store(d, &store, e);

	/* First, as on a full disk nothing else might be possible. */
	if (r == 0)
		dropped = images_drop_partials(store);
	if (r == 0)
		r = image_users_load(d, &removal.users, e);
	if (r < 0)
		return r;
	r = images_list(store, &images, &n, e);
	if (r == 0) {
		json_open_object(&removal.w, NULL);
		json_open_array(&removal.w, "ImagesDeleted");
		for (size_t i = 0; r == 0 && i < n; i++) {
			if ((!all && images[i]->names.n > 0) ||
			    image_users_count(&removal.users, &images[i]->id, NULL) > 0)
				continue;
			bytes += images[i]->size;
			r = remove_whole(&removal, images[i], true, e);
		}
		json_close_array(&removal.w);
		images_free(images, n);
	}
	image_users_done(&removal.users);
	if (r == 0)
		r = images_collect(store, &collected, e);
	if (r < 0)
		return r;
	json_put_u64(&removal.w, "SpaceReclaimed", bytes + collected + dropped);
	json_close_object(&removal.w);
	store_sweep(store, SWEEP_PRUNE_US);
	return engine_value_parse(&text, ret, e);
}

int dolium_image_tag(struct dolium *d, const char *name, const char *new_name)
{
	AUTO(reference_done) struct reference ref = { 0 };
	AUTO(image_free) struct image *image = NULL;
	AUTO_FREE char *full = NULL;
	struct err *e = engine_begin(d);
	int r = image_find_by_user(d, name, &image, e);

	if (r == 0)
		r = reference_parse(new_name, &ref, e);
	if (r < 0)
		return r;
	if (ref.digest)
		return err_refuse(
		    e, -EINVAL, "cannot name an image '%s': a name cannot have a digest", new_name);
	if (strcmp(new_name, HOST_NAME) == 0 || strcmp(new_name, HELLO_NAME) == 0)
		return err_refuse(e, -EINVAL,
		    "cannot name an image '%s': that is an image of dolium's own", new_name);
	full = reference_full(&ref);
	if (!full)
		return err_set(e, -ENOMEM, "cannot name an image '%s'", new_name);
	return image_name_add(d->store, &image->id, full, e);
}
