/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images by the names that people write
 *
 * A text may be a reference ("debian") and the beginning of an id ("deb") at
 * once. References go first, as with docker, but for what has the full length of an id.
 */
#include "engine/image_find.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "engine/hello.h"
#include "format/platform.h"
#include "format/reference.h"
#include "store/store.h"

char *image_familiar(const char *full)
{
	AUTO(reference_done) struct reference ref = { 0 };

	if (reference_parse(full, &ref, NULL) < 0)
		return strdup(full);
	return reference_familiar(&ref);
}

static bool is_hex(const char *text)
{
	return text[0] != '\0' && strspn(text, "0123456789abcdef") == strlen(text);
}

static bool is_id(const char *text)
{
	return strncmp(text, "sha256:", 7) == 0 || (strlen(text) == DIGEST_HEX_LEN && is_hex(text));
}

static int find_by_reference(
    struct store *store, const char *what, struct image **ret_image, struct err *e)
{
	AUTO(reference_done) struct reference ref = { 0 };
	AUTO_BUF struct buf by_digest = { 0 };
	AUTO_FREE char *full = NULL, *name = NULL;
	int r = reference_parse(what, &ref, e);

	if (r < 0)
		return r;
	full = reference_full(&ref);
	name = reference_name(&ref);
	if (!full || !name)
		return err_set(e, -ENOMEM, "cannot find image '%s'", what);
	if (!ref.digest)
		return image_find(store, full, ret_image, e);
	/* What is recorded is the repository with the digest; a tag beside it decides nothing. */
	buf_addf(&by_digest, "%s@%s", name, ref.digest);
	return image_find(store, buf_text(&by_digest), ret_image, e);
}

static int no_such_image(struct store *store, const char *what, struct err *e)
{
	AUTO_FREE char *near = NULL, *familiar = NULL;

	err_refuse(e, -ENOENT, "no such image: '%s'", what);
	if (image_suggest(store, what, &near) == 0 && (familiar = image_familiar(near)))
		err_hint(e, "did you mean '%s'?", familiar);
	return -ENOENT;
}

static int find_plain(struct dolium *d, const char *what, struct image **ret_image, struct err *e)
{
	struct store *store;
	int r = engine_store(d, &store, e);

	if (r < 0)
		return r;
	if (is_id(what))
		r = image_find(store, what, ret_image, e);
	else
		r = find_by_reference(store, what, ret_image, e);
	if ((r == -ENOENT || r == -EINVAL) && is_hex(what))
		r = image_find(store, what, ret_image, e);
	return r;
}

int image_find_by_user(struct dolium *d, const char *what, struct image **ret_image, struct err *e)
{
	int r;

	if (strcmp(what, HELLO_NAME) == 0)
		return hello_find(d, ret_image, e);
	r = find_plain(d, what, ret_image, e);
	return r == -ENOENT ? no_such_image(d->store, what, e) : r;
}

/* Was the image made for a platform that `want` may be run as? */
static bool fits(const struct image *image, const struct platform *want)
{
	struct platform offer = { 0 };

	memcpy(offer.os, image->os, sizeof(offer.os));
	memcpy(offer.arch, image->arch, sizeof(offer.arch));
	memcpy(offer.variant, image->variant, sizeof(offer.variant));
	return platform_match(want, &offer) > 0;
}

static int pull(struct dolium *d, const char *what, const char *platform,
    const struct dolium_pull_options *pulling)
{
	struct dolium_pull_options options = pulling ? *pulling : (struct dolium_pull_options){ 0 };
	AUTO(dolium_value_free) struct dolium_value *pulled = NULL;

	options.size = sizeof(options);
	options.platform = platform;
	/* The public call reports into the engine's own err, which is where `e` is as well. */
	return dolium_image_pull(d, what, &options, &pulled);
}

int image_find_or_pull(struct dolium *d, const char *what, const char *platform, const char *policy,
    const struct dolium_pull_options *pulling, struct image **ret_image, struct err *e)
{
	AUTO(image_free) struct image *image = NULL;
	struct platform want = { 0 };
	int r;

	if (platform && platform_parse(platform, &want) < 0)
		return err_refuse(e, -EINVAL, "not a platform: '%s'", platform);
	if (policy && strcmp(policy, "missing") != 0 && strcmp(policy, "always") != 0 &&
	    strcmp(policy, "never") != 0)
		return err_refuse(e, -EINVAL,
		    "no such pull policy: '%s' (there are missing, always, never)", policy);
	if (strcmp(what, HELLO_NAME) == 0)
		return hello_find(d, ret_image, e);
	if (!policy || strcmp(policy, "always") != 0) {
		r = find_plain(d, what, &image, e);
		if (r == 0 && (!platform || fits(image, &want))) {
			*ret_image = TAKE(image);
			return 0;
		}
		if (r < 0 && r != -ENOENT)
			return r;
		if (policy && strcmp(policy, "never") == 0)
			return r < 0 ? no_such_image(d->store, what, e)
			             : err_refuse(e, -ENOENT, "image '%s' is here for %s/%s only",
			                   what, image->os, image->arch);
		image_free(TAKE(image));
	}
	r = pull(d, what, platform, pulling);
	if (r < 0)
		return r;
	return image_find_by_user(d, what, ret_image, e);
}

int image_read_config(
    struct dolium *d, const struct image *image, struct oci_image_config *ret, struct err *e)
{
	AUTO_FREE char *text = NULL;
	struct store *store;
	size_t len;
	int r = engine_store(d, &store, e);

	if (r == 0)
		r = store_blob_read(store, &image->id, IMAGE_CONFIG_MAX, &text, &len, e);
	if (r < 0)
		return r;
	return oci_image_config_parse(text, len, "image configuration", ret, e);
}
