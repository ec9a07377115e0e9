/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store by hand: for the tests that look at it from outside
 *
 *   store-tool WORKER ROOT unpack plain|gzip|zstd FILE [DIFFID [BYTES ENTRIES RATIO [forbid]]]
 *   store-tool WORKER ROOT sweep | collect | tree DIFFID
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "store/images.h"
#include "store/layer.h"
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

int main(int argc, char **argv)
{
	AUTO(store_close) struct store *s = NULL;
	struct err e = { 0 };
	uint64_t bytes;

	if (argc < 4)
		return 2;
	if (store_open(argv[2], &s, &e) < 0 || store_set_worker(s, argv[1]) < 0)
		return fail(&e);
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
