/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EROFS indexes: what a tar says is what its index says, and layers merge as OCI wants
 *
 * Trees are compared as lists of lines. What the kernel sees in an index is
 * tests/cli/erofs.bats' question.
 */
#include <errno.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/erofs_disk.h"
#include "format/erofs_index.h"
#include "format/erofs_layer.h"
#include "format/erofs_tree.h"
#include "format/posix_acl.h"
#include "format/tar.h"

#include "test.h"

static const struct erofs_layer_limits no_limits = { .max_bytes = (uint64_t)1 << 40,
	.max_entries = 1000000 };

/* ---- tars ---- */

static void put_entry(struct buf *tar, const struct tar_entry *x, const char *data)
{
	static const char zeros[TAR_BLOCK];

	CHECK_INT(tar_write_header(tar, x), 0);
	if (x->kind == TAR_FILE) {
		buf_add(tar, data, x->size);
		buf_add(tar, zeros, tar_pad(x->size));
	}
}

static void put_file(struct buf *tar, const char *name, const char *data)
{
	put_entry(tar,
	    &(struct tar_entry){
	        .kind = TAR_FILE, .name = name, .mode = 0644, .mtime = 7, .size = strlen(data) },
	    data);
}

static void put_dir(struct buf *tar, const char *name, unsigned mode)
{
	put_entry(tar,
	    &(struct tar_entry){
	        .kind = TAR_DIR, .name = name, .mode = mode, .uid = 3, .mtime = 9 },
	    NULL);
}

static void put_link(struct buf *tar, enum tar_kind kind, const char *name, const char *target)
{
	put_entry(tar,
	    &(struct tar_entry){ .kind = kind, .name = name, .link = target, .mode = 0777 }, NULL);
}

static int read_tar(void *context, uint64_t offset, void *to, size_t len)
{
	const struct buf *tar = context;

	CHECK(offset <= tar->len && len <= tar->len - offset);
	memcpy(to, tar->data + offset, len);
	return 0;
}

static int tree_of(struct buf *tar, size_t chunk, const struct erofs_layer_limits *limits,
    struct erofs_tree **ret, struct err *e)
{
	AUTO(erofs_layer_free) struct erofs_layer *layer = NULL;
	const struct erofs_source source = { read_tar, tar };

	CHECK_INT(erofs_layer_new(limits, &layer), 0);
	for (size_t at = 0; at < tar->len; at += chunk) {
		size_t n = tar->len - at < chunk ? tar->len - at : chunk;
		int r = erofs_layer_feed(layer, (const uint8_t *)tar->data + at, n, e);

		if (r < 0)
			return r;
	}
	return erofs_layer_finish(layer, &source, ret, NULL, e);
}

static void refuses(struct buf *tar, int code, const char *text)
{
	struct erofs_tree *tree;
	struct err e = { 0 };

	CHECK_INT(tree_of(tar, 512, &no_limits, &tree, &e), code);
	CHECK_STR(e.text, text);
}

/* ---- indexes ---- */

struct index {
	uint8_t *data;
	size_t len;
};

static void index_done(struct index *x)
{
	free(x->data);
}

#define AUTO_INDEX __attribute__((cleanup(index_done)))

static struct index index_of(
    struct erofs_tree *tree, enum erofs_form form, size_t n_devices, uint64_t bytes)
{
	struct erofs_device devices[3] = { { .bytes = bytes }, { .bytes = bytes },
		{ .bytes = bytes } };
	const struct erofs_writing how = {
		.form = form,
		.block_bits = 9,
		.devices = devices,
		.n_devices = n_devices,
	};
	struct index x;
	struct err e = { 0 };
	int r = erofs_write(tree, &how, &x.data, &x.len, &e);

	if (r < 0)
		printf("# %s\n", e.text);
	CHECK_INT(r, 0);
	return x;
}

static struct erofs_tree *tree_in(const struct index *x, uint32_t first_device)
{
	struct erofs_tree *tree;
	struct err e = { 0 };
	int r = erofs_read(x->data, x->len, first_device, &tree, NULL, &e);

	if (r < 0)
		printf("# %s\n", e.text);
	CHECK_INT(r, 0);
	return tree;
}

static void list(struct buf *to, const char *path, const struct erofs_node *node);

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Children in the order of their paths. */
static void list_dir(struct buf *to, const char *path, const struct erofs_node *dir)
{
	char *lines[4096];
	size_t n = 0;

	for (const struct erofs_name *x = dir->dir.names; x; x = x->next_in_dir) {
		struct buf line = { 0 };
		char below[8192];

		snprintf(below, sizeof(below), "%s/%s", path, x->text);
		list(&line, below, x->node);
		CHECK(n < 4096);
		CHECK_INT(buf_take(&line, &lines[n++]), 0);
	}
	qsort(lines, n, sizeof(lines[0]), compare_lines);
	for (size_t i = 0; i < n; i++) {
		buf_adds(to, lines[i]);
		free(lines[i]);
	}
}

static void list(struct buf *to, const char *path, const struct erofs_node *node)
{
	if (!node) {
		buf_addf(to, "%s gone\n", path);
		return;
	}
	buf_addf(to, "%s %o %u:%u %lld.%09u", path, node->mode, node->uid, node->gid,
	    (long long)node->mtime, node->mtime_ns);
	if (S_ISREG(node->mode) && node->file.map)
		buf_addf(to, " %llu in %llu chunks of %u bits", (unsigned long long)node->size,
		    (unsigned long long)node->file.map->n, node->file.map->bits);
	else if (S_ISREG(node->mode) && node->size > 0)
		buf_addf(to, " %llu at %u:%u", (unsigned long long)node->size,
		    (unsigned)(node->file.place >> 32), (unsigned)node->file.place);
	if (S_ISLNK(node->mode))
		buf_addf(to, " -> %s", node->target);
	if (S_ISCHR(node->mode) || S_ISBLK(node->mode))
		buf_addf(to, " %u,%u", node->major, node->minor);
	if (S_ISDIR(node->mode) && node->dir.is_opaque)
		buf_adds(to, " opaque");
	if (S_ISDIR(node->mode) && node->dir.is_implied)
		buf_adds(to, " implied");
	for (uint32_t i = 0; i < node->n_xattrs; i++)
		buf_addf(to, " %s%s=%zu", erofs_xattr_prefix(node->xattrs[i]->index),
		    node->xattrs[i]->name, (size_t)node->xattrs[i]->len);
	buf_addc(to, '\n');
	if (S_ISDIR(node->mode))
		list_dir(to, path, node);
}

static void lists(const struct erofs_tree *tree, const char *want)
{
	AUTO_BUF struct buf have = { 0 };

	list(&have, "", tree->root);
	CHECK_STR(buf_text(&have), want);
}

/* Tar to index to tree: the same lines, and the same bytes from any pieces and again. */
static void goes_round(struct buf *tar, const char *want)
{
	static const size_t chunks[] = { 1, 511, 512, 4097, 1 << 20 };
	AUTO_INDEX struct index first = { 0 };

	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		AUTO(erofs_tree_free) struct erofs_tree *tree = NULL, *again = NULL;
		AUTO_INDEX struct index x = { 0 }, y = { 0 };
		struct err e = { 0 };
		int r = tree_of(tar, chunks[i], &no_limits, &tree, &e);

		if (r < 0)
			printf("# %s\n", e.text);
		CHECK_INT(r, 0);
		x = index_of(tree, EROFS_OF_LAYER, 1, tar->len);
		again = tree_in(&x, 1);
		lists(again, want);
		y = index_of(again, EROFS_OF_LAYER, 1, tar->len);
		CHECK_INT(x.len, y.len);
		CHECK(memcmp(x.data, y.data, x.len) == 0);
		if (!first.data) {
			first = x;
			x = (struct index){ 0 };
			continue;
		}
		CHECK(x.len == first.len && memcmp(x.data, first.data, x.len) == 0);
	}
}

/* ---- one layer ---- */

TEST(every_kind_of_entry_goes_round)
{
	static const uint8_t zeros[60000];
	const struct tar_xattr acl = { "system.posix_acl_access",
		(const uint8_t
		        *)"\2\0\0\0\1\0\6\0\377\377\377\377\2\0\4\0\5\0\0\0\4\0\4\0\377\377\377\377"
		          "\20\0\4\0\377\377\377\377\40\0\0\0\377\377\377\377",
		44 };
	const struct tar_xattr many[] = { { "user.x", (const uint8_t *)"123", 3 },
		{ "user.big", zeros, sizeof(zeros) }, { "trusted.t", (const uint8_t *)"", 0 },
		acl };
	AUTO_BUF struct buf tar = { 0 };
	struct tar_entry device = {
		.kind = TAR_CHAR, .name = "d/char", .mode = 0600, .major = 4095, .minor = 1048575
	};
	struct tar_entry file = { .kind = TAR_FILE,
		.name = "d/file",
		.mode = 04755,
		.uid = 4000000000,
		.gid = 70000,
		.mtime = -5,
		.mtime_ns = 7,
		.size = 5,
		.xattrs = many,
		.n_xattrs = 4 };

	put_dir(&tar, "./", 0711);
	put_dir(&tar, "d", 01777);
	put_entry(&tar, &file, "hello");
	put_entry(&tar, &device, NULL);
	device.kind = TAR_FIFO;
	device.name = "d/fifo";
	put_entry(&tar, &device, NULL);
	put_link(&tar, TAR_SYMLINK, "d/link", "../somewhere");
	put_link(&tar, TAR_LINK, "again", "d/file");
	put_file(&tar, "empty", "");
	goes_round(&tar,
	    " 40711 3:0 9.000000000\n"
	    "/again 104640 4000000000:70000 -5.000000007 5 at 1:122"
	    " user.big=60000 user.x=3 trusted.t=0 system.posix_acl_access=44\n"
	    "/d 41777 3:0 9.000000000\n"
	    "/d/char 20600 0:0 0.000000000 4095,1048575\n"
	    "/d/fifo 10600 0:0 0.000000000\n"
	    "/d/file 104640 4000000000:70000 -5.000000007 5 at 1:122"
	    " user.big=60000 user.x=3 trusted.t=0 system.posix_acl_access=44\n"
	    "/d/link 120777 0:0 0.000000000 -> ../somewhere\n"
	    "/empty 100644 0:0 7.000000000\n");
}

TEST(names_and_links_may_be_as_long_as_they_can_be)
{
	AUTO_BUF struct buf tar = { 0 }, want = { 0 };
	char name[256], target[4096];

	memset(name, 'n', 255);
	memset(target, 't', 4095);
	name[255] = target[4095] = '\0';
	put_file(&tar, name, "");
	put_link(&tar, TAR_SYMLINK, "all", target);
	buf_addf(
	    &want, " 40755 0:0 0.000000000 implied\n/all 120777 0:0 0.000000000 -> %s\n", target);
	buf_addf(&want, "/%s 100644 0:0 7.000000000\n", name);
	goes_round(&tar, buf_text(&want));
}

TEST(a_directory_of_many_blocks_is_sorted)
{
	AUTO_BUF struct buf tar = { 0 }, want = { 0 };

	buf_adds(&want, " 40755 0:0 0.000000000 implied\n/! 100644 0:0 7.000000000\n");
	buf_adds(&want, "/d 40755 0:0 0.000000000 implied\n");
	for (int i = 999; i >= 0; i--) {
		char name[32];

		snprintf(name, sizeof(name), "d/%03d", i);
		put_file(&tar, name, "");
	}
	for (int i = 0; i < 1000; i++)
		buf_addf(&want, "/d/%03d 100644 0:0 7.000000000\n", i);
	put_file(&tar, "!", "");
	goes_round(&tar, buf_text(&want));
}

TEST(whiteouts_stay_in_the_index_of_a_layer)
{
	AUTO_BUF struct buf tar = { 0 };

	put_file(&tar, "a/.wh.gone", "");
	put_file(&tar, "b/.wh..wh..opq", "");
	put_file(&tar, "b/kept", "");
	put_file(&tar, ".wh.both", "");
	put_dir(&tar, "both", 0700);
	put_dir(&tar, "other", 0700);
	put_file(&tar, ".wh.other", "");
	put_file(&tar, ".wh..wh.plnk/1", "");
	put_file(&tar, ".wh.file", "");
	put_file(&tar, "file", "");
	goes_round(&tar,
	    " 40755 0:0 0.000000000 implied\n"
	    "/a 40755 0:0 0.000000000 implied\n"
	    "/a/gone gone\n"
	    "/b 40755 0:0 0.000000000 opaque implied\n"
	    "/b/kept 100644 0:0 7.000000000\n"
	    "/both 40700 3:0 9.000000000 opaque\n"
	    "/file 100644 0:0 7.000000000\n"
	    "/other 40700 3:0 9.000000000 opaque\n");
}

TEST(a_later_entry_replaces_an_earlier_one)
{
	AUTO_BUF struct buf tar = { 0 };

	put_file(&tar, "x/below", "1");
	put_link(&tar, TAR_LINK, "kept", "x/below");
	put_file(&tar, "x", "22");
	put_file(&tar, "y", "1");
	put_dir(&tar, "y", 0700);
	put_file(&tar, "z", "1");
	put_file(&tar, "z", "333");
	goes_round(&tar,
	    " 40755 0:0 0.000000000 implied\n"
	    "/kept 100644 0:0 7.000000000 1 at 1:1\n"
	    "/x 100644 0:0 7.000000000 2 at 1:4\n"
	    "/y 40700 3:0 9.000000000\n"
	    "/z 100644 0:0 7.000000000 3 at 1:11\n");
}

/* ---- sparse files ---- */

/* A pax header of form 0.1, which tar_write_header() does not make: as an attribute is written. */
static void put_sparse(struct buf *tar, const char *map, const char *size, const char *stored)
{
	struct tar_entry x = { .kind = TAR_FILE, .name = "pax", .link = "", .mode = 0644 };
	AUTO_BUF struct buf records = { 0 };
	const char *keys[] = { "GNU.sparse.map", "GNU.sparse.size" }, *values[] = { map, size };
	size_t at = tar->len;
	unsigned sum = 0;

	for (size_t i = 0; i < 2; i++) {
		size_t rest = strlen(keys[i]) + strlen(values[i]) + 3, total = rest + 2;

		CHECK(total < 100);
		buf_addf(&records, "%zu %s=%s\n", total, keys[i], values[i]);
	}
	x.size = records.len;
	put_entry(tar, &x, records.data);
	tar->data[at + 156] = 'x';
	memset(tar->data + at + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += (uint8_t)tar->data[at + i];
	snprintf(tar->data + at + 148, 8, "%06o", sum);
	x.name = "sparse";
	x.size = strlen(stored);
	put_entry(tar, &x, stored);
}

static void sparse_goes_round(const char *map, const char *size, size_t stored, const char *want)
{
	AUTO_BUF struct buf tar = { 0 }, all = { 0 };
	AUTO_FREE char *data = malloc(stored + 1);

	CHECK(data);
	memset(data, 'x', stored);
	data[stored] = '\0';
	put_sparse(&tar, map, size, data);
	buf_addf(&all, " 40755 0:0 0.000000000 implied\n/sparse 100644 0:0 0.000000000 %s\n", want);
	goes_round(&tar, buf_text(&all));
}

TEST(a_sparse_file_is_mapped_in_the_largest_chunks_that_fit)
{
	sparse_goes_round("8192,4096,65536,4096", "131072", 8192, "131072 in 32 chunks of 12 bits");
	sparse_goes_round("1024,512", "4096", 512, "4096 in 8 chunks of 9 bits");
	sparse_goes_round("0,5", "5", 5, "5 at 1:3");
	sparse_goes_round("8192,0", "8192", 0, "8192 in 1 chunks of 13 bits");
	sparse_goes_round("1048576,100", "1048676", 100, "1048676 in 2 chunks of 20 bits");
}

TEST(pieces_of_a_sparse_file_that_are_no_blocks_are_in_the_index)
{
	AUTO_BUF struct buf tar = { 0 };
	AUTO(erofs_tree_free) struct erofs_tree *tree = NULL, *again = NULL;
	AUTO_INDEX struct index x = { 0 };
	const struct erofs_map *map;
	struct err e = { 0 };

	put_sparse(&tar, "100,3,510,5,2000,1", "2048", "abcdefghi");
	CHECK_INT(tree_of(&tar, 512, &no_limits, &tree, &e), 0);
	x = index_of(tree, EROFS_OF_IMAGE, 1, tar.len);
	again = tree_in(&x, 1);
	map = again->root->dir.names->node->file.map;
	CHECK_INT(map->n, 4);
	CHECK_INT(map->own_len, 3 * 512);
	CHECK(map->places[2] == EROFS_HOLE);
	CHECK(memcmp(map->own + 100, "abc", 3) == 0 && map->own[99] == 0 && map->own[103] == 0);
	CHECK(memcmp(map->own + 510, "defgh", 5) == 0);
	CHECK(memcmp(map->own + 1024 + 464, "i", 1) == 0);
}

TEST(a_sparse_file_whose_map_would_be_huge_gets_larger_chunks)
{
	sparse_goes_round(
	    "512,512", "1099511627776", 512, "1099511627776 in 1048576 chunks of 20 bits");
}

/* ---- refusals ---- */

TEST(hostile_entries_are_refused_with_their_names)
{
	const struct {
		struct tar_entry x;
		const char *text;
	} cases[] = {
		{ { .kind = TAR_FILE, .name = "a/../../b" },
		    "refused layer: entry 'a/../../b' leads out of the layer by '..'" },
		{ { .kind = TAR_LINK, .name = "a", .link = "a" },
		    "refused layer: entry 'a' is a hard link to itself" },
		{ { .kind = TAR_LINK, .name = "a", .link = "b" },
		    "refused layer: entry 'a' is a hard link to something that is not in the "
		    "layer" },
		{ { .kind = TAR_LINK, .name = "a", .link = "/" },
		    "refused layer: entry 'a' is a hard link to a directory" },
		{ { .kind = TAR_CHAR, .name = "w" },
		    "refused layer: entry 'w' is the device 0:0, which only overlayfs may use" },
		{ { .kind = TAR_FILE, .name = "." },
		    "refused layer: entry '.' is the layer's root, and no directory" },
		{ { .kind = TAR_FILE, .name = ".wh.." },
		    "refused layer: entry '.wh..' is a whiteout of something outside" },
		{ { .kind = TAR_FILE, .name = ".wh.x/y" },
		    "refused layer: entry '.wh.x/y' lies beneath a whiteout" },
		{ { .kind = TAR_FILE,
		      .name = "f",
		      .xattrs =
		          &(struct tar_xattr){ "trusted.dolium.implied", (const uint8_t *)"y", 1 },
		      .n_xattrs = 1 },
		    "refused layer: entry 'f' has an extended attribute that only overlayfs may "
		    "set" },
		{ { .kind = TAR_FILE,
		      .name = "f",
		      .xattrs =
		          &(struct tar_xattr){ "system.posix_acl_access", (const uint8_t *)"y", 1 },
		      .n_xattrs = 1 },
		    "refused layer: entry 'f' has an access control list that is none" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_BUF struct buf tar = { 0 };

		put_entry(&tar, &cases[i].x, "");
		refuses(&tar, -EBADMSG, cases[i].text);
	}
}

TEST(a_file_below_a_file_is_refused)
{
	AUTO_BUF struct buf tar = { 0 };

	put_file(&tar, "a", "");
	put_file(&tar, "a/b", "");
	refuses(&tar, -EBADMSG,
	    "refused layer: entry 'a/b' goes through something that is not a directory");
}

TEST(limits_are_limits)
{
	const struct erofs_layer_limits one = { .max_bytes = 3, .max_entries = 1 };
	AUTO_BUF struct buf entries = { 0 }, bytes = { 0 };
	struct erofs_tree *tree;
	struct err e = { 0 };

	put_file(&entries, "a", "");
	put_file(&entries, "b", "");
	CHECK_INT(tree_of(&entries, 512, &one, &tree, &e), -EFBIG);
	CHECK_STR(e.text, "refused layer: it has more than 1 entries");
	put_file(&bytes, "a", "four");
	CHECK_INT(tree_of(&bytes, 512, &one, &tree, &e), -EFBIG);
	CHECK_STR(e.text, "refused layer: with entry 'a' its files have more than 3 bytes");
}

TEST(a_list_that_says_what_the_mode_says_is_not_kept)
{
	static const uint8_t minimal[] = { 2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 4, 0, 4, 0,
		255, 255, 255, 255, 32, 0, 1, 0, 255, 255, 255, 255 };
	const struct tar_xattr xattr = { "system.posix_acl_access", minimal, sizeof(minimal) };
	struct tar_entry file = {
		.kind = TAR_FILE, .name = "f", .mode = 01777, .xattrs = &xattr, .n_xattrs = 1
	};
	AUTO_BUF struct buf tar = { 0 };
	struct posix_acl acl;

	put_entry(&tar, &file, "");
	goes_round(&tar, " 40755 0:0 0.000000000 implied\n/f 101641 0:0 0.000000000\n");
	CHECK_INT(posix_acl_parse(minimal, sizeof(minimal) - 8, &acl), -EINVAL);
	CHECK_INT(posix_acl_parse(minimal, sizeof(minimal) - 1, &acl), -EINVAL);
}

/* ---- images ---- */

static struct erofs_tree *merged(struct buf *tars, size_t n)
{
	struct erofs_tree *image;

	CHECK_INT(erofs_tree_new(&image), 0);
	for (size_t i = 0; i < n; i++) {
		AUTO(erofs_tree_free) struct erofs_tree *tree = NULL;
		AUTO_INDEX struct index x = { 0 };
		struct err e = { 0 };

		CHECK_INT(tree_of(&tars[i], 512, &no_limits, &tree, &e), 0);
		x = index_of(tree, EROFS_OF_LAYER, 1, tars[i].len);
		CHECK_INT(erofs_merge_consume(image, tree_in(&x, (uint32_t)i + 1)), 0);
		buf_done(&tars[i]);
	}
	return image;
}

static void image_is(struct buf *tars, size_t n, const char *want)
{
	AUTO(erofs_tree_free) struct erofs_tree *image = merged(tars, n), *again = NULL;
	AUTO_INDEX struct index x = { 0 }, y = { 0 };

	x = index_of(image, EROFS_OF_IMAGE, n, 1 << 20);
	again = tree_in(&x, 1);
	lists(again, want);
	y = index_of(again, EROFS_OF_IMAGE, n, 1 << 20);
	CHECK(x.len == y.len && memcmp(x.data, y.data, x.len) == 0);
}

TEST(an_upper_layer_hides_replaces_and_adds)
{
	struct buf tars[2] = { { 0 }, { 0 } };

	put_dir(&tars[0], "etc", 0755);
	put_file(&tars[0], "etc/gone", "1");
	put_file(&tars[0], "etc/kept", "2");
	put_link(&tars[0], TAR_LINK, "etc/kept2", "etc/kept");
	put_file(&tars[0], "etc/new", "3");
	put_file(&tars[0], "doc/a", "4");
	put_file(&tars[0], "tree/deep/a", "5");
	put_file(&tars[0], "wastree/a", "6");
	put_file(&tars[0], "wasfile", "7");
	put_file(&tars[1], "etc/.wh.gone", "");
	put_file(&tars[1], "etc/.wh.never", "");
	put_link(&tars[1], TAR_SYMLINK, "etc/new", "kept");
	put_file(&tars[1], "etc/kept2", "8");
	put_file(&tars[1], "doc/.wh..wh..opq", "");
	put_file(&tars[1], "doc/b", "9");
	put_file(&tars[1], ".wh.tree", "");
	put_file(&tars[1], "wastree", "10");
	put_dir(&tars[1], "wasfile", 0700);
	image_is(tars, 2,
	    " 40755 0:0 0.000000000\n"
	    "/doc 40755 0:0 0.000000000\n"
	    "/doc/b 100644 0:0 7.000000000 1 at 2:7\n"
	    "/etc 40755 3:0 9.000000000\n"
	    "/etc/kept 100644 0:0 7.000000000 1 at 1:4\n"
	    "/etc/kept2 100644 0:0 7.000000000 1 at 2:4\n"
	    "/etc/new 120777 0:0 0.000000000 -> kept\n"
	    "/wasfile 40700 3:0 9.000000000\n"
	    "/wastree 100644 0:0 7.000000000 2 at 2:10\n");
}

TEST(a_directory_that_a_layer_does_not_name_stays_as_it_was)
{
	struct buf tars[3] = { { 0 }, { 0 }, { 0 } };

	put_dir(&tars[0], ".", 0711);
	put_dir(&tars[0], "tmp", 01777);
	put_file(&tars[1], "tmp/x/y", "");
	put_dir(&tars[2], "tmp/x", 0500);
	image_is(tars, 3,
	    " 40711 3:0 9.000000000\n"
	    "/tmp 41777 3:0 9.000000000\n"
	    "/tmp/x 40500 3:0 9.000000000\n"
	    "/tmp/x/y 100644 0:0 7.000000000\n");
}

TEST(a_layer_whose_root_is_opaque_hides_all_below)
{
	struct buf tars[2] = { { 0 }, { 0 } };

	put_file(&tars[0], "a/b", "");
	put_file(&tars[1], ".wh..wh..opq", "");
	put_file(&tars[1], "c", "");
	image_is(tars, 2, " 40755 0:0 0.000000000\n/c 100644 0:0 7.000000000\n");
}

/* ---- what is damaged ---- */

TEST(every_byte_may_be_wrong_without_harm)
{
	AUTO_BUF struct buf tar = { 0 };
	AUTO(erofs_tree_free) struct erofs_tree *tree = NULL;
	AUTO_INDEX struct index x = { 0 };
	struct tar_xattr xattr = { "user.x", (const uint8_t *)"123", 3 };
	struct tar_entry file = {
		.kind = TAR_FILE, .name = "d/f", .size = 3, .xattrs = &xattr, .n_xattrs = 1
	};
	struct err e = { 0 };

	put_entry(&tar, &file, "abc");
	file.name = "d/g";
	put_entry(&tar, &file, "abc");
	put_link(&tar, TAR_SYMLINK, "l", "target");
	CHECK_INT(tree_of(&tar, 512, &no_limits, &tree, &e), 0);
	x = index_of(tree, EROFS_OF_LAYER, 1, tar.len);
	for (size_t i = 0; i < x.len * 4; i++) {
		static const uint8_t flips[] = { 0x01, 0x80, 0xff, 0x20 };
		struct erofs_tree *read;
		uint8_t *at = &x.data[i / 4], was = *at;
		uint8_t *super = x.data + EROFS_SUPER_AT;

		*at ^= flips[i % 4];
		le32_put(super + S_CHECKSUM, 0);
		le32_put(super + S_CHECKSUM, erofs_crc32c(super, 512));
		if (erofs_read(x.data, x.len, 1, &read, NULL, &e) >= 0)
			erofs_tree_free(read);
		*at = was;
	}
	for (size_t len = 0; len < x.len; len += 13) {
		uint8_t *cut = malloc(len ? len : 1);
		struct erofs_tree *read;

		CHECK(cut);
		memcpy(cut, x.data, len);
		if (erofs_read(cut, len, 1, &read, NULL, &e) >= 0)
			erofs_tree_free(read);
		free(cut);
	}
}

TEST(a_wrong_checksum_is_told)
{
	AUTO(erofs_tree_free) struct erofs_tree *tree = NULL;
	AUTO_INDEX struct index x = { 0 };
	struct erofs_tree *read;
	struct err e = { 0 };

	CHECK_INT(erofs_tree_new(&tree), 0);
	x = index_of(tree, EROFS_OF_IMAGE, 0, 0);
	x.data[EROFS_SUPER_AT + S_UUID] ^= 1;
	CHECK_INT(erofs_read(x.data, x.len, 1, &read, NULL, &e), -EBADMSG);
	CHECK_STR(e.text, "damaged index: superblock: its checksum is wrong");
}
