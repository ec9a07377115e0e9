/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EROFS indexes: what is read can be written, and what was written is read as the same.
 *
 * The first byte says what the others are: even, an index, whose checksum is made
 * right; odd, the tar of a layer, whose checksums are.
 */
#include <errno.h>

#include "base/err.h"
#include "format/erofs_disk.h"
#include "format/erofs_index.h"
#include "format/erofs_layer.h"
#include "format/erofs_tree.h"
#include "format/tar.h"

#include "fuzz.h"

struct bytes {
	uint8_t *data;
	size_t len;
};

static int read_tar(void *context, uint64_t offset, void *to, size_t len)
{
	const struct bytes *tar = context;

	MUST(offset <= tar->len && len <= tar->len - offset);
	memcpy(to, tar->data + offset, len);
	return 0;
}

static void fix_tar(struct bytes *x)
{
	for (size_t at = 0; at + TAR_BLOCK <= x->len; at += TAR_BLOCK) {
		uint8_t *block = x->data + at;
		unsigned sum = 0;

		if (memcmp(block + 257, "ustar", 5) != 0)
			continue;
		memset(block + 148, ' ', 8);
		for (size_t i = 0; i < TAR_BLOCK; i++)
			sum += block[i];
		snprintf((char *)block + 148, 8, "%06o", sum);
	}
}

static void fix_index(struct bytes *x)
{
	uint8_t *super = x->data + EROFS_SUPER_AT;
	uint64_t len;

	if (x->len < EROFS_SUPER_AT + EROFS_SUPER_LEN)
		return;
	len = super[S_BLOCK_BITS] == 12 ? 4096 - EROFS_SUPER_AT : 512;
	if (len > x->len - EROFS_SUPER_AT)
		return;
	le32_put(super + S_CHECKSUM, 0);
	le32_put(super + S_CHECKSUM, erofs_crc32c(super, len));
}

static struct bytes write_index(
    struct erofs_tree *tree, enum erofs_form form, const struct erofs_about *about, unsigned bits)
{
	const struct erofs_writing how = {
		.form = form,
		.block_bits = bits,
		.devices = about->devices,
		.n_devices = about->n_devices,
	};
	struct bytes x = { 0 };
	struct err e = { 0 };
	int r = erofs_write(tree, &how, &x.data, &x.len, &e);

	/* The devices of the index that was read may leave no room for one more block. */
	MUST(r == 0 || r == -EFBIG);
	return x;
}

static struct erofs_tree *read_index(const struct bytes *x, struct erofs_about *about)
{
	struct erofs_tree *tree = NULL;
	struct err e = { 0 };
	int r = erofs_read(x->data, x->len, 1, &tree, about, &e);

	MUST(r == 0 || (e.code == r && e.text[0]));
	return tree;
}

/* A tree, written and read and written: the same bytes. Then as an image, which has less. */
static void go_round(struct erofs_tree *tree, const struct erofs_about *about, unsigned bits)
{
	struct bytes one = write_index(tree, EROFS_OF_LAYER, about, bits), two, image;
	struct erofs_tree *again, *whole;

	if (!one.data)
		return;
	again = read_index(&one, NULL);
	MUST(again);
	two = write_index(again, EROFS_OF_LAYER, about, bits);
	MUST(two.len == one.len && memcmp(two.data, one.data, one.len) == 0);
	MUST(erofs_tree_new(&whole) == 0);
	MUST(erofs_merge_consume(whole, again) == 0);
	image = write_index(whole, EROFS_OF_IMAGE, about, bits);
	if (image.data) {
		again = read_index(&image, NULL);
		MUST(again);
		erofs_tree_free(again);
	}
	erofs_tree_free(whole);
	free(one.data);
	free(two.data);
	free(image.data);
}

static void try_tar(struct bytes *x)
{
	const struct erofs_layer_limits limits = { (uint64_t)1 << 24, 1000, false };
	const struct erofs_source source = { read_tar, x };
	static struct erofs_about about;
	struct erofs_layer *layer;
	struct erofs_tree *tree;
	struct err e = { 0 };

	fix_tar(x);
	MUST(erofs_layer_new(&limits, &layer) == 0);
	if (erofs_layer_feed(layer, x->data, x->len, &e) >= 0 &&
	    erofs_layer_finish(layer, &source, &tree, NULL, &e) >= 0) {
		about.n_devices = 1;
		about.devices[0].bytes = x->len;
		go_round(tree, &about, 9);
		erofs_tree_free(tree);
	} else {
		MUST(e.text[0]);
	}
	erofs_layer_free(layer);
}

static void try_index(struct bytes *x)
{
	static struct erofs_about about;
	struct erofs_tree *tree;

	fix_index(x);
	tree = read_index(x, &about);
	if (tree)
		go_round(tree, &about, x->data[EROFS_SUPER_AT + S_BLOCK_BITS]);
	erofs_tree_free(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes x;

	if (size < 2)
		return 0;
	x = (struct bytes){ malloc(size - 1), size - 1 };
	MUST(x.data);
	memcpy(x.data, data + 1, size - 1);
	if (data[0] & 1)
		try_tar(&x);
	else
		try_index(&x);
	free(x.data);
	return 0;
}
