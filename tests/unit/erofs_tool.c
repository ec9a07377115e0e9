/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EROFS indexes by hand, for tests/cli/erofs.bats
 *
 *   erofs-tool layer OUT TAR           the index of a layer
 *   erofs-tool image OUT TAR...        the index of an image, lowest layer first
 *   erofs-tool image4k OUT TAR...      the same in blocks of 4096 bytes
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/err.h"
#include "format/erofs_index.h"
#include "format/erofs_layer.h"
#include "format/erofs_tree.h"

static int read_at(void *context, uint64_t offset, void *to, size_t len)
{
	return pread(*(int *)context, to, len, (off_t)offset) == (ssize_t)len ? 0 : -5;
}

static void must(int r, const struct err *e)
{
	if (r < 0)
		errx(1, "%s", e->text);
}

static struct erofs_tree *read_tar(const char *path, struct erofs_device *device)
{
	const struct erofs_layer_limits limits = { UINT64_MAX / 2, 10000000, false };
	static uint8_t data[1 << 16];
	AUTO(erofs_layer_free) struct erofs_layer *layer = NULL;
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	const struct erofs_source source = { read_at, &fd };
	struct erofs_tree *tree;
	struct err e = { 0 };
	ssize_t n;

	if (fd < 0)
		err(1, "%s", path);
	must(erofs_layer_new(&limits, &layer), &e);
	while ((n = read(fd, data, sizeof(data))) > 0) {
		must(erofs_layer_feed(layer, data, (size_t)n, &e), &e);
		device->bytes += (uint64_t)n;
	}
	must(erofs_layer_finish(layer, &source, &tree, NULL, &e), &e);
	return tree;
}

static void write_out(const char *path, const uint8_t *data, size_t len)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	for (ssize_t n = 0; len > 0; data += n, len -= (size_t)n) {
		n = write(fd, data, len);
		if (n < 0)
			err(1, "%s", path);
	}
}

static void make_index(const char *tar, struct erofs_device *device, uint8_t **ret, size_t *ret_len)
{
	struct erofs_writing how = { .form = EROFS_OF_LAYER, .block_bits = 9, .n_devices = 1 };
	AUTO(erofs_tree_free) struct erofs_tree *tree = read_tar(tar, device);
	struct err e = { 0 };

	how.devices = device;
	must(erofs_write(tree, &how, ret, ret_len, &e), &e);
}

int main(int argc, char **argv)
{
	static struct erofs_device devices[EROFS_DEVICES_MAX];
	struct erofs_writing how = { .form = EROFS_OF_IMAGE, .block_bits = 9, .devices = devices };
	AUTO(erofs_tree_free) struct erofs_tree *image = NULL;
	AUTO_FREE uint8_t *data = NULL;
	struct err e = { 0 };
	size_t len;

	if (argc < 4)
		errx(2, "usage: erofs-tool layer|image|image4k OUT TAR...");
	if (strcmp(argv[1], "layer") == 0) {
		make_index(argv[3], devices, &data, &len);
		write_out(argv[2], data, len);
		return 0;
	}
	if (strcmp(argv[1], "image4k") == 0)
		how.block_bits = 12;
	how.n_devices = (size_t)argc - 3;
	must(erofs_tree_new(&image), &e);
	for (size_t i = 0; i < how.n_devices; i++) {
		AUTO_FREE uint8_t *layer = NULL;
		struct erofs_tree *tree;

		make_index(argv[3 + i], &devices[i], &layer, &len);
		must(erofs_read(layer, len, (uint32_t)i + 1, &tree, NULL, &e), &e);
		must(erofs_merge_consume(image, tree), &e);
	}
	must(erofs_write(image, &how, &data, &len, &e), &e);
	write_out(argv[2], data, len);
	return 0;
}
