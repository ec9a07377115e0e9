/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tar reader from inside: for src/format/tar*.c alone
 */
#ifndef DOLIUM_FORMAT_TAR_STATE_H
#define DOLIUM_FORMAT_TAR_STATE_H

#include "base/buf.h"
#include "format/tar.h"

#define TAR_SEGMENTS_MAX 65536
#define TAR_MAP_TEXT_MAX ((size_t)4 << 20) /* of a sparse map of form 1.0 */
#define TAR_ID_MAX       0xfffffffeU /* -1 means "leave it" to chown(2) */

enum state {
	AT_HEADER,
	AT_META, /* pax records, a long name: `left` bytes more */
	AT_OLD_MAP, /* a block more of an old GNU sparse map */
	AT_TEXT_MAP, /* a block more of a sparse map of form 1.0 */
	AT_BODY,
	AT_PAD, /* `pad` bytes more up to the next block, then `after_pad` */
	AT_END,
};

struct segment {
	uint64_t offset, len;
};

struct tar_reader {
	enum state state, after_pad;
	uint8_t block[TAR_BLOCK + 1]; /* the last byte is a NUL for texts that fill their field */
	size_t block_len;
	bool zeros_seen, done_due;

	uint64_t left; /* stored bytes of what we are in */
	size_t pad;

	struct buf *into; /* NULL: a global header, which is skipped */
	struct buf pax, long_name, long_link, name, link, map;
	bool has_pax, has_long_name, has_long_link;

	struct tar_entry entry;
	struct tar_xattr xattrs[TAR_XATTR_MAX];

	struct segment *segments;
	size_t n_segments, room_segments, at_segment;
	uint64_t in_segment;
	uint64_t real_size;
	unsigned sparse_major, sparse_minor;
	bool has_sparse_offset, has_real_size;
	uint64_t map_lines, map_wants;
	uint64_t sparse_offset;
};

/* The ustar header, POSIX.1-1988; offsets in the block. */
enum {
	H_NAME = 0,
	H_MODE = 100,
	H_UID = 108,
	H_GID = 116,
	H_SIZE = 124,
	H_MTIME = 136,
	H_SUM = 148,
	H_TYPE = 156,
	H_LINK = 157,
	H_MAGIC = 257,
	H_MAJOR = 329,
	H_MINOR = 337,
	H_PREFIX = 345,
	H_GNU_SPARSE = 386,
	H_GNU_EXTENDED = 482,
	H_GNU_REAL_SIZE = 483,
	H_STAR = 508,
};

/* What pax records say in place of the header. */
struct pax_overrides {
	const char *path, *link;
	bool has_size;
	uint64_t size;
};

/* A report that names the entry, as far as there is one. Returns -EBADMSG. */
int tar_bad(const struct tar_reader *t, struct err *e, const char *why);

/* ---- numbers: each -EINVAL or -ERANGE ---- */

/* Decimal digits, all of them; at most `max`. */
int tar_parse_decimal(const char *text, size_t len, uint64_t max, uint64_t *ret);
/* A field of a header: octal digits between blanks and NULs, or base 256. Empty is 0. */
int tar_parse_field(const uint8_t *field, size_t len, int64_t *ret);
/* "[-]seconds[.fraction]", as pax writes times. */
int tar_parse_time(const char *text, size_t len, int64_t *ret_s, uint32_t *ret_ns);

/* ---- pax ---- */

/* Reads what t->pax holds into the entry, and into `over` what is weighed against the header. */
int tar_read_pax(struct tar_reader *t, struct pax_overrides *over, struct err *e);

/* ---- sparse maps, which end up as t->segments ---- */

int tar_sparse_add(struct tar_reader *t, uint64_t offset, uint64_t len, struct err *e);
int tar_sparse_commas(struct tar_reader *t, const char *text, size_t len, struct err *e);
/* Up to `n` pairs of old GNU form at `at` of the block. */
int tar_sparse_old(struct tar_reader *t, size_t at, size_t n, struct err *e);
int tar_sparse_begin_old(struct tar_reader *t, struct err *e);
/* Form 1.0: has the block that was added completed t->map? Then tar_sparse_text() is 1. */
bool tar_sparse_is_whole(struct tar_reader *t);
int tar_sparse_text(struct tar_reader *t, struct err *e);
/* All that is known of a sparse file is known: do the parts fit together? */
int tar_sparse_check(struct tar_reader *t, struct err *e);

#endif
