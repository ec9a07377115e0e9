/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store by hand: for the tests that look at it from outside
 *
 *   store-tool WORKER ROOT unpack plain|gzip|zstd FILE [DIFFID [BYTES ENTRIES RATIO [forbid]]]
 *   store-tool WORKER ROOT sweep | collect
 *   store-tool WORKER ROOT show DIR DIFFID...     mounts an image of these layers at DIR
 *
 * $DOLIUM_STORAGE_DRIVER: the driver of a new store; overlay where it is not set.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "os/mount.h"
#include "store/images.h"
#include "store/layer.h"
#include "store/snapshot.h"
#include "store/store.h"

static int fail(const struct err *e)
{
	fprintf(stderr, "store-tool: %s\n", e->text);
	return 1;
}

static enum layer_compression compression(const char *name)
{
	if (strcmp(name, "gzip") == 0)
		return LAYER_GZIP;
	return strcmp(name, "zstd") == 0 ? LAYER_ZSTD : LAYER_PLAIN;
}

static uint64_t number(int argc, char **argv, int i)
{
	return i < argc ? strtoull(argv[i], NULL, 10) : 0;
}

static int unpack(struct store *s, int argc, char **argv)
{
	AUTO(layer_unpack_free) struct layer_unpack *u = NULL;
	struct layer_limits limits = {
		.max_bytes = number(argc, argv, 7),
		.max_entries = number(argc, argv, 8),
		.max_ratio = number(argc, argv, 9),
		.forbid_devices = argc > 10,
	};
	AUTO_FD int blob = open(argv[5], O_RDONLY | O_CLOEXEC);
	char text[DIGEST_TEXT_MAX];
	struct digest diff_id;
	struct err e = { 0 };
	bool is_known = argc > 6 && *argv[6];

	if (blob < 0 || (is_known && digest_parse(argv[6], &diff_id) < 0)) {
		fprintf(stderr, "store-tool: no such file, or no digest\n");
		return 2;
	}
	if (layer_unpack_start(
	        s, blob, compression(argv[4]), is_known ? &diff_id : NULL, &limits, &u, &e) < 0 ||
	    layer_unpack_finish(u, &diff_id, &e) < 0)
		return fail(&e);
	digest_format(&diff_id, text);
	puts(text);
	return 0;
}

static int attach(const struct snapshot_driver *driver, struct store *s,
    const struct snapshot_layers *layers, const char *dir, struct err *e)
{
	const struct snapshot_attach how = { .userns_fd = -1 };
	AUTO_FD int home_fd = -1, mount_fd = -1, dir_fd = -1;
	struct snapshot_stack stack = { .layer_fds = layers->fds, .n_layers = layers->n };
	char home[64];
	int r;

	snprintf(home, sizeof(home), "containers/show-%d", (int)getpid());
	if (mkdirat(store_dir(s), home, 0700) < 0)
		return err_set(e, -errno, "cannot make a home");
	stack.home_fd = home_fd = openat(store_dir(s), home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = driver->prepare(&stack, e);
	if (r < 0)
		return r;
	mount_fd = driver->attach(&stack, &how, e);
	if (mount_fd < 0)
		return mount_fd;
	dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = mount_attach(mount_fd, dir_fd);
	return r < 0 ? err_set(e, r, "cannot attach a root") : 0;
}

static int show(struct store *s, int argc, char **argv, struct err *e)
{
	const struct snapshot_driver *driver;
	struct snapshot_layers layers = { 0 };
	static struct digest ids[512];
	size_t n = 0;
	int r;

	for (int i = 5; i < argc && n < 512; i++) {
		if (digest_parse(argv[i], &ids[n++]) < 0)
			return err_refuse(e, -EINVAL, "no digest: '%s'", argv[i]);
	}
	r = snapshot_of(s, false, &driver, e);
	if (r >= 0)
		r = driver->open(s, ids, n, &layers, e);
	if (r < 0)
		return r;
	r = attach(driver, s, &layers, argv[4], e);
	snapshot_layers_done(&layers);
	return r;
}

int main(int argc, char **argv)
{
	const char *driver = getenv("DOLIUM_STORAGE_DRIVER");
	AUTO(store_close) struct store *s = NULL;
	struct err e = { 0 };
	uint64_t bytes;

	if (argc < 4)
		return 2;
	if (store_open(argv[2], &s, &e) < 0 || store_set_worker(s, argv[1]) < 0 ||
	    store_set_driver(s, driver && *driver ? driver : "overlay") < 0)
		return fail(&e);
	if (strcmp(argv[3], "show") == 0 && argc >= 6)
		return show(s, argc, argv, &e) < 0 ? fail(&e) : 0;
	if (strcmp(argv[3], "unpack") == 0 && argc >= 6)
		return unpack(s, argc, argv);
	if (strcmp(argv[3], "sweep") == 0) {
		store_sweep(s, (uint64_t)60 * 1000000);
		return 0;
	}
	if (strcmp(argv[3], "collect") == 0) {
		if (images_collect(s, &bytes, &e) < 0)
			return fail(&e);
		printf("%llu\n", (unsigned long long)bytes);
		return 0;
	}
	return 2;
}
