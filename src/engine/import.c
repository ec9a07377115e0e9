/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium import
 *
 * The same tar with the same changes gives the same image but for its date; and
 * with $SOURCE_DATE_EPOCH the very same.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"
#include "base/num.h"
#include "engine/changes.h"
#include "engine/engine.h"
#include "engine/times.h"
#include "format/json.h"
#include "format/oci_image.h"
#include "format/reference.h"
#include "os/file.h"
#include "store/images.h"
#include "store/layer.h"
#include "store/store.h"

/* ------------------------------------------------------------------- layer */

/* A pipe cannot be looked into, so it goes into a file without a name first. */
static int spool(struct store *store, int fd, struct err *e)
{
	const size_t room = (size_t)256 << 10;
	AUTO_FREE char *buffer = malloc(room);
	AUTO_FD int to = -1;

	to = openat(store_partial_dir(store), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (!buffer || to < 0)
		return err_set(e, buffer ? -errno : -ENOMEM, "cannot make room for the import");
	for (;;) {
		ssize_t n = read(fd, buffer, room);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, -errno, "cannot read what is to be imported");
		if (n == 0)
			break;
		r = file_write_fd(to, buffer, (size_t)n);
		if (r < 0)
			return err_set(e, r, "cannot make room for the import");
	}
	return TAKE_FD(to);
}

static enum layer_compression look_at(int fd)
{
	unsigned char magic[4] = { 0 };

	if (pread(fd, magic, sizeof(magic), 0) < 2)
		return LAYER_PLAIN;
	if (magic[0] == 0x1f && magic[1] == 0x8b)
		return LAYER_GZIP;
	if (memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0)
		return LAYER_ZSTD;
	return LAYER_PLAIN;
}

static int import_layer(
    struct dolium *d, struct store *store, int fd, struct digest *ret_diff_id, struct err *e)
{
	AUTO(layer_unpack_free) struct layer_unpack *unpack = NULL;
	AUTO_FD int spooled = -1;
	struct stat st;
	int r;

	r = engine_unpacker(d, e);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return err_set(e, -errno, "cannot read what is to be imported");
	if (!S_ISREG(st.st_mode)) {
		spooled = spool(store, fd, e);
		if (spooled < 0)
			return spooled;
		fd = spooled;
	}
	r = layer_unpack_start(store, fd, look_at(fd), NULL, NULL, &unpack, e);
	return r < 0 ? r : layer_unpack_finish(unpack, ret_diff_id, e);
}

/* ----------------------------------------------------------- configuration */

static int64_t date_of_image(void)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	int64_t seconds;

	if (epoch && num_parse_i64(epoch, &seconds) == 0 && seconds > 0 &&
	    seconds < INT64_MAX / TIMES_SECOND)
		return seconds * TIMES_SECOND;
	return times_now();
}

static int fill_config(struct oci_image_config *config, const struct platform *platform,
    const struct digest *diff_id, const char *message)
{
	char created[TIMES_TEXT_MAX];

	times_format(date_of_image(), created);
	config->created = strdup(created);
	config->os = strdup(platform->os);
	config->architecture = strdup(platform->arch);
	config->rootfs_type = strdup("layers");
	config->diff_ids = malloc(sizeof(*diff_id));
	config->history = calloc(1, sizeof(*config->history));
	if (!config->created || !config->os || !config->architecture || !config->rootfs_type ||
	    !config->diff_ids || !config->history)
		return -ENOMEM;
	config->diff_ids[0] = *diff_id;
	config->n_layers = 1;
	config->n_history = 1;
	config->history[0].created = strdup(created);
	config->history[0].comment = strdup(message ? message : "imported");
	if (platform->variant[0])
		config->variant = strdup(platform->variant);
	if (!config->history[0].created || !config->history[0].comment ||
	    (platform->variant[0] && !config->variant))
		return -ENOMEM;
	return 0;
}

static int put_config(struct store *store, const struct oci_image_config *config,
    struct digest *ret_id, struct err *e)
{
	AUTO_BUF struct buf text = { 0 };

	oci_image_config_write(config, &text);
	if (buf_error(&text) < 0)
		return err_set(e, buf_error(&text), "cannot write the image's configuration");
	return store_blob_put(store, text.data, text.len, ret_id, e);
}

/* ------------------------------------------------------------------- image */

static int record(struct store *store, const struct platform *platform,
    const struct oci_image_config *config, const char *name, struct digest *ret_id, struct err *e)
{
	struct image image = {
		.added = time(NULL),
		.layers = config->diff_ids,
		.n_layers = config->n_layers,
	};
	struct layer_record layer;
	int r;

	r = layer_read_record(store, &config->diff_ids[0], &layer, e);
	if (r >= 0)
		r = put_config(store, config, &image.id, e);
	if (r < 0)
		return r;
	image.size = layer.disk_bytes;
	memcpy(image.os, platform->os, sizeof(image.os));
	memcpy(image.arch, platform->arch, sizeof(image.arch));
	memcpy(image.variant, platform->variant, sizeof(image.variant));
	*ret_id = image.id;
	return image_record(store, &image, name, NULL, e);
}

static int write_value(
    const struct digest *id, const char *name, struct dolium_value **ret, struct err *e)
{
	AUTO_BUF struct buf text = { 0 };
	struct json_writer w = { .to = &text };
	char id_text[DIGEST_TEXT_MAX];

	digest_format(id, id_text);
	json_open_array(&w, NULL);
	json_open_object(&w, NULL);
	json_put_text(&w, "Id", id_text);
	json_put_text(&w, "Name", name ? name : "");
	json_put_text(&w, "Digest", "");
	json_put_text(&w, "Status", "imported");
	json_close_object(&w);
	json_close_array(&w);
	return engine_value_parse(&text, ret, e);
}

static int full_name(const char *name, char **ret_full, struct err *e)
{
	AUTO(reference_done) struct reference ref = { 0 };
	int r;

	if (!name || !*name)
		return 0;
	r = reference_parse(name, &ref, e);
	if (r < 0)
		return r;
	if (ref.digest)
		return err_refuse(e, -EINVAL, "an image gets a name with a tag, not '%s'", name);
	*ret_full = reference_full(&ref);
	return *ret_full ? 0 : err_set(e, -ENOMEM, "cannot name the image");
}

static int read_platform(const char *text, struct platform *to, struct err *e)
{
	platform_host(to);
	if (text && platform_parse(text, to) < 0)
		return err_refuse(e, -EINVAL, "no platform: '%s'", text);
	return 0;
}

static int import(struct dolium *d, int fd, const char *name, struct oci_image_config *config,
    const struct platform *platform, const char *message, struct digest *ret_id, struct err *e)
{
	AUTO_FD int hold_fd = -1;
	struct digest diff_id;
	struct store *store;
	int r;

	r = engine_store(d, &store, e);
	if (r < 0)
		return r;
	hold_fd = store_hold(store, e);
	if (hold_fd < 0)
		return hold_fd;
	r = import_layer(d, store, fd, &diff_id, e);
	if (r < 0)
		return r;
	if (fill_config(config, platform, &diff_id, message) < 0)
		return err_set(e, -ENOMEM, "cannot import");
	return record(store, platform, config, name, ret_id, e);
}

int dolium_image_import(struct dolium *d, int fd, const char *name, const char *const *changes,
    const char *message, const char *platform_text, struct dolium_value **ret)
{
	AUTO(oci_image_config_done) struct oci_image_config config = { 0 };
	struct err *e = engine_begin(d);
	AUTO_FREE char *full = NULL;
	struct platform platform;
	struct digest id;
	int r;

	/* All that can be wrong with the words is found before the first byte is read. */
	r = full_name(name, &full, e);
	if (r >= 0)
		r = read_platform(platform_text, &platform, e);
	for (const char *const *line = changes; r >= 0 && line && *line; line++)
		r = changes_apply(&config, *line, e);
	if (r >= 0)
		r = import(d, fd, full, &config, &platform, message, &id, e);
	return r < 0 ? r : write_value(&id, full, ret, e);
}
