/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tar: what is written is what is read, in pieces of any size
 */
#include <errno.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/tar.h"

#include "test.h"

static void add(struct buf *to, const struct tar_entry *x, const char *data)
{
	static const char zeros[TAR_BLOCK];

	CHECK_INT(tar_write_header(to, x), 0);
	buf_add(to, data, x->size);
	buf_add(to, zeros, tar_pad(x->size));
}

static void end(struct buf *to)
{
	static const char zeros[2 * TAR_BLOCK];

	buf_add(to, zeros, sizeof(zeros));
}

/* Reads the first entry and its data; chunks of `chunk` bytes, each in memory of its own. */
static int read_first(const struct buf *from, size_t chunk, struct tar_entry *ret, char *data,
    size_t room, struct err *e)
{
	AUTO(tar_reader_free) struct tar_reader *t = NULL;
	static char name[TAR_NAME_MAX + 1], link[TAR_NAME_MAX + 1];
	static struct tar_xattr xattrs[4];
	static char names[4][64];
	static uint8_t values[4][64];
	size_t at = 0;

	CHECK_INT(tar_reader_new(&t), 0);
	while (at < from->len) {
		size_t n = from->len - at < chunk ? from->len - at : chunk;
		const uint8_t *bytes = (const uint8_t *)from->data + at;
		int r;

		at += n;
		do {
			const struct tar_entry *x;
			struct tar_piece piece;

			r = tar_read(t, &bytes, &n, &x, &piece, e);
			if (r < 0)
				return r;
			if (r == TAR_ENTRY) {
				*ret = *x;
				strcpy(name, x->name);
				strcpy(link, x->link);
				ret->name = name;
				ret->link = link;
				CHECK(x->n_xattrs <= 4);
				for (size_t i = 0; i < x->n_xattrs; i++) {
					CHECK(x->xattrs[i].len <= sizeof(values[i]));
					strcpy(names[i], x->xattrs[i].name);
					memcpy(values[i], x->xattrs[i].value, x->xattrs[i].len);
					xattrs[i] = (struct tar_xattr){ names[i], values[i],
						x->xattrs[i].len };
				}
				ret->xattrs = xattrs;
			}
			if (r == TAR_DATA) {
				CHECK(piece.offset + piece.len <= room);
				memcpy(data + piece.offset, piece.data, piece.len);
			}
			if (r == TAR_DONE)
				return 0;
		} while (r != TAR_MORE);
	}
	return tar_read_end(t, e) < 0 ? -EBADMSG : -ENOENT;
}

static void round_trip(const struct tar_entry *x, const char *data)
{
	static const size_t chunks[] = { 1, 7, 512, 513, 1 << 20 };
	AUTO_BUF struct buf tar = { 0 };

	add(&tar, x, data);
	end(&tar);
	CHECK_INT(tar.len % TAR_BLOCK, 0);
	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		char have[8192] = "";
		struct tar_entry y;
		struct err e = { 0 };
		int r = read_first(&tar, chunks[i], &y, have, sizeof(have), &e);

		if (r < 0)
			printf("# %s\n", e.text);
		CHECK_INT(r, 0);
		CHECK_INT(y.kind, x->kind);
		CHECK_STR(y.name, x->name);
		CHECK_STR(y.link, x->link ? x->link : "");
		CHECK_INT(y.mode, x->mode);
		CHECK_INT(y.uid, x->uid);
		CHECK_INT(y.gid, x->gid);
		CHECK_INT(y.mtime, x->mtime);
		CHECK_INT(y.mtime_ns, x->mtime_ns);
		CHECK_INT(y.size, x->size);
		CHECK_INT(y.n_xattrs, x->n_xattrs);
		for (size_t j = 0; j < x->n_xattrs; j++) {
			CHECK_STR(y.xattrs[j].name, x->xattrs[j].name);
			CHECK_INT(y.xattrs[j].len, x->xattrs[j].len);
			CHECK(memcmp(y.xattrs[j].value, x->xattrs[j].value, x->xattrs[j].len) == 0);
		}
		CHECK(memcmp(have, data, x->size) == 0);
	}
}

TEST(a_small_file_is_a_header_and_a_block)
{
	struct tar_entry x = { .kind = TAR_FILE, .name = "a", .mode = 0644, .mtime = 5, .size = 3 };
	AUTO_BUF struct buf tar = { 0 };

	add(&tar, &x, "abc");
	CHECK_INT(tar.len, 1024);
	round_trip(&x, "abc");
}

TEST(long_names_big_numbers_and_fractions_survive)
{
	char name[3000], link[2000], data[5000];
	struct tar_entry x = { .kind = TAR_FILE,
		.name = name,
		.mode = 07777,
		.uid = 4000000000U,
		.gid = 2097152,
		.mtime = -77,
		.mtime_ns = 123456789,
		.size = sizeof(data) };

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	memset(link, 'l', sizeof(link));
	link[sizeof(link) - 1] = '\0';
	memset(data, 'd', sizeof(data));
	round_trip(&x, data);
	x = (struct tar_entry){ .kind = TAR_SYMLINK, .name = "s", .link = link, .mode = 0777 };
	round_trip(&x, "");
	x = (struct tar_entry){ .kind = TAR_FILE, .name = "f", .mtime = INT64_C(1) << 40 };
	round_trip(&x, "");
	/* A record whose length needs one digit more because of its own digits. */
	for (size_t n = 80; n < 120; n++) {
		x = (struct tar_entry){ .kind = TAR_FILE, .name = name + sizeof(name) - 1 - n };
		round_trip(&x, "");
	}
}

TEST(attributes_may_hold_any_bytes)
{
	static const uint8_t value[] = { 0, '\n', '=', 255, ' ', '1' };
	struct tar_xattr xattrs[] = { { "user.a", value, sizeof(value) },
		{ "user.empty", value, 0 } };
	struct tar_entry x = { .kind = TAR_DIR, .name = "d/", .xattrs = xattrs, .n_xattrs = 2 };

	round_trip(&x, "");
}

TEST(what_no_header_can_hold_is_refused)
{
	char name[5000];
	struct tar_entry x = { .kind = TAR_FILE, .name = name };
	AUTO_BUF struct buf tar = { 0 };

	memset(name, 'n', sizeof(name));
	name[4096] = '\0';
	CHECK_INT(tar_write_header(&tar, &x), -EINVAL);
	x.name = "";
	CHECK_INT(tar_write_header(&tar, &x), -EINVAL);
}

TEST(every_cut_is_noticed)
{
	struct tar_entry x = { .kind = TAR_FILE, .name = "a", .mtime_ns = 1, .size = 600 };
	static char data[600];
	AUTO_BUF struct buf tar = { 0 };

	add(&tar, &x, data);
	for (size_t len = 1; len < tar.len; len++) {
		struct buf cut = { .data = tar.data, .len = len };
		char have[1024];
		struct tar_entry y;
		struct err e = { 0 };

		CHECK_INT(read_first(&cut, 512, &y, have, sizeof(have), &e), -EBADMSG);
		CHECK(strstr(e.text, "cut off"));
	}
}

TEST(every_flipped_bit_of_a_header_is_noticed)
{
	struct tar_entry x = { .kind = TAR_FILE, .name = "a", .mode = 0644, .size = 3 };
	AUTO_BUF struct buf tar = { 0 };

	add(&tar, &x, "abc");
	for (size_t i = 0; i < 512 * 8; i++) {
		char have[1024];
		struct tar_entry y;
		struct err e = { 0 };

		/* In the sum itself a digit 0 may as well be a blank. */
		if (i / 8 >= 148 && i / 8 < 156)
			continue;
		tar.data[i / 8] ^= (char)(1 << i % 8);
		CHECK_INT(read_first(&tar, 4096, &y, have, sizeof(have), &e), -EBADMSG);
		tar.data[i / 8] ^= (char)(1 << i % 8);
	}
}
