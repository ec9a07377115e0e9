/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of `dolium images`: one for each name of each image
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "engine/filter.h"
#include "engine/hello.h"
#include "engine/image_find.h"
#include "engine/image_users.h"
#include "engine/times.h"
#include "format/json.h"
#include "format/reference.h"
#include "store/store.h"

struct list {
	struct dolium *d;
	const char *const *filters;
	struct image_users users;
	bool digests;
	int64_t before, since; /* of the images that filters name; 0: none */
	struct json_writer w;
};

/* "repository" and "tag" of a full reference, as people know them. */
static int split_name(const char *full, char **ret_repository, char **ret_tag)
{
	AUTO(reference_done) struct reference ref = { 0 };

	if (hello_is_name(full)) {
		*ret_repository = strdup(HELLO_NAME);
		*ret_tag = strdup("latest");
	} else if (reference_parse(full, &ref, NULL) == 0) {
		*ret_repository = reference_familiar_name(&ref);
		*ret_tag = strdup(ref.tag ? ref.tag : "<none>");
	} else {
		*ret_repository = strdup(full);
		*ret_tag = strdup("<none>");
	}
	return *ret_repository && *ret_tag ? 0 : -ENOMEM;
}

/* The digest that an image has in a repository; "<none>". Borrowed. */
static const char *digest_in(const struct image *image, const char *full_name)
{
	const size_t len = full_name ? strcspn(full_name, "@") : 0;
	const char *colon = full_name ? strrchr(full_name, ':') : NULL;
	const size_t name_len = colon && !strchr(colon, '/') ? (size_t)(colon - full_name) : len;

	strv_for_each (digest, &image->digests) {
		const char *at = strchr(*digest, '@');

		if (at &&
		    (!full_name ||
		        ((size_t)(at - *digest) == name_len &&
		            strncmp(*digest, full_name, name_len) == 0)))
			return at + 1;
	}
	return "<none>";
}

static void put_times(struct json_writer *w, int64_t created)
{
	char text[TIMES_TEXT_MAX], span[TIMES_TEXT_MAX];
	char ago[TIMES_TEXT_MAX + 8];

	times_format_plain(created, text);
	json_put_text(w, "CreatedAt", text);
	times_format_span(times_now() - created, span);
	snprintf(ago, sizeof(ago), "%s ago", span);
	json_put_text(w, "CreatedSince", created ? ago : "N/A");
}

static int put_row(
    struct list *l, const struct image *image, const char *full_name, int64_t created)
{
	AUTO_FREE char *repository = NULL, *tag = NULL;
	struct json_writer *w = &l->w;
	char id[DIGEST_TEXT_MAX], size[16];

	if (full_name && split_name(full_name, &repository, &tag) < 0)
		return -ENOMEM;
	digest_format(&image->id, id);
	num_format_size(size, sizeof(size), image->size);
	json_open_object(w, NULL);
	json_put_text(w, "ID", id);
	json_put_text(w, "Repository", repository ? repository : "<none>");
	json_put_text(w, "Tag", tag ? tag : "<none>");
	json_put_text(w, "Digest", digest_in(image, full_name));
	put_times(w, created);
	json_put_text(w, "Size", size);
	json_put_i64(w, "Containers", image_users_count(&l->users, &image->id, NULL));
	json_open_array(w, "Names");
	strv_for_each (name, &image->names) {
		AUTO_FREE char *familiar =
		    hello_is_name(*name) ? strdup(HELLO_NAME ":latest") : image_familiar(*name);

		json_put_text(w, NULL, familiar ? familiar : *name);
	}
	json_close_array(w);
	json_close_object(w);
	return 0;
}

/* A pattern with '*' against "repository" or "repository:tag". */
static bool fits_pattern(const char *pattern, const char *text)
{
	for (; *pattern; pattern++, text++) {
		if (*pattern == '*') {
			for (;; text++) {
				if (fits_pattern(pattern + 1, text))
					return true;
				if (*text == '\0' || *text == '/')
					return false;
			}
		}
		if (*pattern != *text)
			return false;
	}
	return *text == '\0';
}

static bool fits_reference(const char *value, const void *user)
{
	AUTO_FREE char *familiar = user ? image_familiar(user) : NULL;
	AUTO_FREE char *repository = NULL, *tag = NULL;

	if (!familiar || split_name(user, &repository, &tag) < 0)
		return false;
	return fits_pattern(value, familiar) || fits_pattern(value, repository);
}

static bool fits_dangling(const char *value, const void *user)
{
	const struct image *image = user;
	const bool want = strcmp(value, "true") == 0 || strcmp(value, "1") == 0;

	return want == (image->names.n == 0);
}

static int image_put(struct list *l, const struct image *image)
{
	AUTO(oci_image_config_done) struct oci_image_config config = { 0 };
	int64_t created;
	int r = 0;

	if (!filter_any(l->filters, "dangling", fits_dangling, image) ||
	    (l->before && image->added >= l->before) || (l->since && image->added <= l->since))
		return 0;
	/* One whose configuration cannot be read is shown all the same: it can be removed. */
	image_read_config(l->d, image, &config, NULL);
	created = times_parse(config.created);
	if (!filter_labels(l->filters, &config.config.labels))
		return 0;
	if (image->names.n == 0)
		return filter_has(l->filters, "reference") ? 0 : put_row(l, image, NULL, created);
	strv_for_each (name, &image->names)
		if (r == 0 && filter_any(l->filters, "reference", fits_reference, *name))
			r = put_row(l, image, *name, created);
	return r;
}

static int time_of(
    struct dolium *d, const char *const *filters, const char *key, int64_t *ret_time, struct err *e)
{
	const size_t len = strlen(key);

	for (; filters && *filters; filters++) {
		AUTO(image_free) struct image *image = NULL;
		int r;

		if (strncmp(*filters, key, len) != 0 || (*filters)[len] != '=')
			continue;
		r = image_find_by_user(d, *filters + len + 1, &image, e);
		if (r < 0)
			return r;
		*ret_time = image->added;
	}
	return 0;
}

int dolium_image_list(
    struct dolium *d, const char *const *filters, bool digests, struct dolium_value **ret)
{
	static const char *const known[] = { "reference", "label", "dangling", "before", "since",
		NULL };
	AUTO_BUF struct buf text = { 0 };
	struct list l = { .d = d, .filters = filters, .digests = digests, .w = { .to = &text } };
	struct err *e = engine_begin(d);
	struct image **images;
	struct store *store;
	size_t n;
	int r = filter_check(filters, known, e);

	if (r == 0)
		r = engine_store(d, &store, e);
	if (r == 0)
		r = time_of(d, filters, "before", &l.before, e);
	if (r == 0)
		r = time_of(d, filters, "since", &l.since, e);
	if (r == 0)
		r = image_users_load(d, &l.users, e);
	if (r < 0)
		return r;
	r = images_list(store, &images, &n, e);
	if (r == 0) {
		json_open_array(&l.w, NULL);
		for (size_t i = 0; r == 0 && i < n; i++)
			r = image_put(&l, images[i]);
		json_close_array(&l.w);
		images_free(images, n);
		if (r < 0)
			err_set(e, r, "cannot list the images");
	}
	image_users_done(&l.users);
	return r < 0 ? r : engine_value_parse(&text, ret, e);
}
