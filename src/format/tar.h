/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tar, read as it arrives
 *
 * The reader is given bytes in pieces of any size and says what they are: an
 * entry, a piece of its data, the end. It opens nothing and keeps nothing but
 * the headers it is in the middle of, up to a ceiling.
 *
 * It reads V7, ustar, star and GNU tar (long names, base-256 numbers, sparse
 * files of the old kind) and pax (path, linkpath, size, uid, gid, mtime,
 * SCHILY.xattr.*, LIBARCHIVE.xattr.*, GNU.sparse 0.0, 0.1 and 1.0). Where forms
 * contradict each other it decides as Go's archive/tar does, because that is
 * what layers are written and read with. Names come as they stand in the
 * archive: whoever creates files from them checks them first.
 */
#ifndef DOLIUM_FORMAT_TAR_H
#define DOLIUM_FORMAT_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"

struct buf;
struct err;

#define TAR_BLOCK     512
#define TAR_NAME_MAX  4095 /* bytes of a path or a link target */
#define TAR_META_MAX  ((size_t)1 << 20) /* bytes of pax records and long names of one entry */
#define TAR_XATTR_MAX 256 /* of one entry */

enum tar_kind {
	TAR_FILE = '0',
	TAR_LINK = '1', /* hard link to `link` */
	TAR_SYMLINK = '2',
	TAR_CHAR = '3',
	TAR_BLOCK_DEVICE = '4',
	TAR_DIR = '5',
	TAR_FIFO = '6',
};

struct tar_xattr {
	const char *name; /* "user.x" */
	const uint8_t *value;
	size_t len;
};

struct tar_entry {
	enum tar_kind kind;
	const char *name, *link; /* never NULL; `link` is "" where there is none */
	unsigned mode; /* permission bits, at most 07777 */
	uint32_t uid, gid;
	uint32_t major, minor;
	int64_t mtime;
	uint32_t mtime_ns;
	uint64_t size; /* of the file when it is written out: holes count */
	const struct tar_xattr *xattrs;
	size_t n_xattrs;
	bool is_sparse; /* what TAR_DATA does not give is holes */
};

/* Bytes of the entry's file, at `offset` of it. */
struct tar_piece {
	const uint8_t *data; /* in what tar_read() was given */
	size_t len;
	uint64_t offset;
};

enum tar_event {
	TAR_MORE, /* all of *data is used up: give more, or tar_read_end() */
	TAR_ENTRY, /* *ret_entry is filled; good until the next call. Data follows for files */
	TAR_DATA, /* *ret_piece is filled */
	TAR_DONE, /* the entry is whole */
	TAR_END, /* the end mark; what follows is ignored and swallowed */
};

/* What a report may show of a name from an archive: printable, and cut. */
#define TAR_SHOWN_MAX 256
const char *tar_shown(const char *name, char to[TAR_SHOWN_MAX]);

/*
 * Cuts a name into parts, each ending in a NUL and the last in two; empty ones and "." are left
 * out. `to` has room for two bytes more than the name. NULL, or why no file can have that name:
 * "leads out ...".
 */
const char *tar_split_name(const char *name, char *to);

struct tar_reader;
int tar_reader_new(struct tar_reader **ret_reader);
struct tar_reader *tar_reader_free(struct tar_reader *t); /* NULL is fine; returns NULL */
AUTO_DEFINE(struct tar_reader *, tar_reader_free);

/*
 * Looks at the *len bytes at *data, moves both behind what it has used, and
 * returns what it found: an enum tar_event. Every entry gives TAR_ENTRY, then
 * any number of TAR_DATA, then TAR_DONE. -EBADMSG: not a tar, or damaged, or
 * beyond a ceiling; the text names the entry.
 */
int tar_read(struct tar_reader *t, const uint8_t **data, size_t *len,
    const struct tar_entry **ret_entry, struct tar_piece *ret_piece, struct err *e);

/* To be called when there are no more bytes. -EBADMSG: they stop in the middle of an entry. */
int tar_read_end(const struct tar_reader *t, struct err *e);

/*
 * Appends the header of an entry, with a pax header before it where ustar
 * cannot say it. The caller appends the `size` bytes of a file and tar_pad(size)
 * zeros, and at the end of all two blocks of zeros. -EINVAL: a name or number
 * that no header can hold.
 */
int tar_write_header(struct buf *to, const struct tar_entry *entry);

static inline size_t tar_pad(uint64_t size)
{
	return (size_t)(-size % TAR_BLOCK);
}

#endif
