/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers
 *
 * layers/<hex>/ came into being by one rename, with record.json and tree/ or tar in
 * it: if the name is there, all of it is. Only the index may be missing.
 */
#include "store/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "format/json.h"
#include "os/file.h"
#include "store/store.h"
#include "store/store_state.h"

#define RECORD_MAX ((size_t)4096)

static int no_such_layer(const struct digest *diff_id, struct err *e)
{
	char text[DIGEST_TEXT_MAX];

	digest_format(diff_id, text);
	return err_refuse(e, -ENOENT, "no such layer: '%s'", text);
}

bool layer_exists(struct store *s, const struct digest *diff_id)
{
	char path[STORE_PATH_MAX];

	store_digest_path("layers", diff_id, path);
	return faccessat(s->root_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int open_part(
    struct store *s, const struct digest *diff_id, const char *part, int flags, struct err *e)
{
	char path[STORE_PATH_MAX], full[STORE_PATH_MAX + 16], text[DIGEST_TEXT_MAX];
	int fd;

	store_digest_path("layers", diff_id, path);
	snprintf(full, sizeof(full), "%s/%s", path, part);
	fd = file_open_beneath(s->root_fd, full, flags, 0);
	if (fd == -ENOENT)
		return no_such_layer(diff_id, e);
	digest_format(diff_id, text);
	return fd < 0 ? err_set(e, fd, "cannot open layer '%s'", text) : fd;
}

int layer_open_tree(struct store *s, const struct digest *diff_id, struct err *e)
{
	return open_part(s, diff_id, "tree", O_RDONLY | O_DIRECTORY, e);
}

int layer_open_tar(struct store *s, const struct digest *diff_id, struct err *e)
{
	return open_part(s, diff_id, "tar", O_RDONLY, e);
}

int layer_open_index(struct store *s, const struct digest *diff_id, struct err *e)
{
	return open_part(s, diff_id, LAYER_INDEX, O_RDONLY, e);
}

static const struct json_field record_fields[] = {
	JSON_FIELD(layer_record, "tar_bytes", U64, tar_bytes, .required = true),
	JSON_FIELD(layer_record, "disk_bytes", U64, disk_bytes, .required = true),
	JSON_FIELD(layer_record, "n_entries", U64, n_entries, .required = true),
	{ 0 },
};

static const struct json_shape record_shape = {
	.size = sizeof(struct layer_record),
	.fields = record_fields,
};

int layer_read_record(
    struct store *s, const struct digest *diff_id, struct layer_record *ret, struct err *e)
{
	AUTO_FREE char *text = NULL;
	AUTO_FD int fd = -1;
	struct layer_record record = { 0 };
	size_t len;
	int r;

	fd = open_part(s, diff_id, "record.json", O_RDONLY, e);
	if (fd < 0)
		return fd;
	r = file_read_fd(fd, RECORD_MAX, &text, &len);
	if (r < 0)
		return err_set(e, r, "cannot read the record of a layer");
	r = json_shape_parse(&record_shape, text, len, "record.json", &record, e);
	if (r < 0)
		return r;
	*ret = record;
	return 0;
}
