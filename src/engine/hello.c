/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image `hello`
 *
 * Its name in the store has a sum of the program in it: after an upgrade of
 * dolium the name is another one, and the image is made anew.
 */
#include "engine/hello.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "engine/times.h"
#include "format/oci_image.h"
#include "format/tar.h"
#include "os/file.h"
#include "store/images.h"
#include "store/layer.h"
#include "store/store.h"

#define HELLO_REPOSITORY "localhost/dolium-hello"
#define HELLO_PATH       "hello"

/* The bytes of dolium-hello: see hello_program.S.in */
extern const char hello_program[], hello_program_end[];

static size_t program_size(void)
{
	return (size_t)(hello_program_end - hello_program);
}

bool hello_is_name(const char *full)
{
	return strncmp(full, HELLO_REPOSITORY ":", sizeof(HELLO_REPOSITORY)) == 0;
}

/* FNV-1a: only has to differ between two builds of ours. */
static void name_make(char *to, size_t room)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (const char *at = hello_program; at < hello_program_end; at++)
		sum = (sum ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
	snprintf(to, room, HELLO_REPOSITORY ":%s-%016" PRIx64, DOLIUM_VERSION, sum);
}

/* ---- the layer ---- */

/* A tar with the one file, in an fd at its start. */
static int tar_make(struct err *e)
{
	static const char zeros[2 * TAR_BLOCK];
	const struct tar_entry entry = { .kind = TAR_FILE,
		.name = HELLO_PATH,
		.link = "",
		.mode = 0755,
		.size = program_size() };
	AUTO_BUF struct buf header = { 0 };
	AUTO_FD int fd = memfd_create("hello", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : tar_write_header(&header, &entry);

	if (r == 0)
		r = buf_error(&header);
	if (r == 0)
		r = file_write_fd(fd, header.data, header.len);
	if (r == 0)
		r = file_write_fd(fd, hello_program, program_size());
	if (r == 0)
		r = file_write_fd(fd, zeros, tar_pad(program_size()));
	if (r == 0)
		r = file_write_fd(fd, zeros, sizeof(zeros));
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? err_set(e, r, "cannot make the image 'hello'") : TAKE_FD(fd);
}

static int layer_make(struct store *store, struct digest *ret_diff_id, struct err *e)
{
	AUTO(layer_unpack_free) struct layer_unpack *unpack = NULL;
	AUTO_FD int tar_fd = tar_make(e);
	int r;

	if (tar_fd < 0)
		return tar_fd;
	r = layer_unpack_start(store, tar_fd, LAYER_PLAIN, NULL, NULL, &unpack, e);
	return r < 0 ? r : layer_unpack_finish(unpack, ret_diff_id, e);
}

/* ---- the image ---- */

static int config_fill(struct oci_image_config *config, const struct digest *diff_id)
{
	char created[TIMES_TEXT_MAX];
	struct platform platform;

	platform_host(&platform);
	times_format(times_now(), created);
	config->created = strdup(created);
	config->os = strdup(platform.os);
	config->architecture = strdup(platform.arch);
	config->rootfs_type = strdup("layers");
	config->config.working_dir = strdup("/");
	config->history = calloc(1, sizeof(*config->history));
	if (!config->created || !config->os || !config->architecture || !config->rootfs_type ||
	    !config->config.working_dir || !config->history)
		return -ENOMEM;
	config->n_history = 1;
	config->history[0].created = strdup(created);
	config->history[0].created_by = strdup("dolium " DOLIUM_VERSION);
	if (!config->history[0].created || !config->history[0].created_by)
		return -ENOMEM;
	if (strv_add(&config->config.entrypoint, "/" HELLO_PATH) < 0)
		return -ENOMEM;
	config->diff_ids = malloc(sizeof(*diff_id));
	if (!config->diff_ids)
		return -ENOMEM;
	config->diff_ids[0] = *diff_id;
	config->n_layers = 1;
	return 0;
}

static int config_put(
    struct store *store, const struct digest *diff_id, struct digest *ret_id, struct err *e)
{
	AUTO(oci_image_config_done) struct oci_image_config config = { 0 };
	AUTO_BUF struct buf text = { 0 };
	int r = config_fill(&config, diff_id);

	if (r == 0) {
		oci_image_config_write(&config, &text);
		r = buf_error(&text);
	}
	if (r < 0)
		return err_set(e, r, "cannot make the image 'hello'");
	return store_blob_put(store, text.data, text.len, ret_id, e);
}

/* The images of older versions stay for their containers; without a name `prune` takes them. */
static void forget_older(struct store *store, const char *name)
{
	struct image **images;
	size_t n;

	if (images_list(store, &images, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		strv_for_each (other, &images[i]->names)
			if (hello_is_name(*other) && strcmp(*other, name) != 0)
				image_name_remove(store, *other, NULL);
	images_free(images, n);
}

static int image_make(struct store *store, const char *name, struct err *e)
{
	struct image image = { .added = times_now() / TIMES_SECOND, .size = program_size() };
	AUTO_FD int hold_fd = store_hold(store, e);
	struct digest diff_id;
	struct platform platform;
	int r;

	if (hold_fd < 0)
		return hold_fd;
	r = layer_make(store, &diff_id, e);
	if (r == 0)
		r = config_put(store, &diff_id, &image.id, e);
	if (r < 0)
		return r;
	platform_host(&platform);
	memcpy(image.os, platform.os, sizeof(image.os));
	memcpy(image.arch, platform.arch, sizeof(image.arch));
	image.layers = &diff_id;
	image.n_layers = 1;
	r = image_record(store, &image, name, NULL, e);
	if (r == 0)
		forget_older(store, name);
	return r;
}

int hello_find(struct dolium *d, struct image **ret_image, struct err *e)
{
	struct store *store;
	char name[128];
	int r = engine_store(d, &store, e);

	if (r < 0)
		return r;
	name_make(name, sizeof(name));
	r = image_find(store, name, ret_image, e);
	if (r != -ENOENT)
		return r;
	r = engine_unpacker(d, e);
	if (r == 0)
		r = image_make(store, name, e);
	return r < 0 ? r : image_find(store, name, ret_image, e);
}
