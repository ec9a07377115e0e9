/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tar, read as it arrives
 *
 * One state for each thing that may come next. Headers are gathered into one
 * block, pax records and long names into bufs with a ceiling; the data of files
 * is never copied. Texts of an entry point into the bufs, whose '=' and newlines
 * have become NULs.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/tar.h"
#include "format/tar_state.h"

int tar_reader_new(struct tar_reader **ret_reader)
{
	struct tar_reader *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->pax.max = t->long_name.max = t->long_link.max = TAR_META_MAX + 1;
	t->map.max = TAR_MAP_TEXT_MAX;
	*ret_reader = t;
	return 0;
}

struct tar_reader *tar_reader_free(struct tar_reader *t)
{
	if (!t)
		return NULL;
	buf_done(&t->pax);
	buf_done(&t->long_name);
	buf_done(&t->long_link);
	buf_done(&t->name);
	buf_done(&t->link);
	buf_done(&t->map);
	free(t->segments);
	free(t);
	return NULL;
}

const char *tar_split_name(const char *name, char *to)
{
	char *at = to;

	while (*name) {
		size_t len = strcspn(name, "/");

		if (len == 2 && memcmp(name, "..", 2) == 0)
			return "leads out of the layer by '..'";
		if (len > NAME_MAX)
			return "has a part of more than 255 bytes in its name";
		if (len > 0 && !(len == 1 && *name == '.')) {
			memcpy(at, name, len);
			at[len] = '\0';
			at += len + 1;
		}
		name += len;
		name += *name == '/';
	}
	*at = '\0';
	return NULL;
}

const char *tar_shown(const char *name, char to[TAR_SHOWN_MAX])
{
	size_t i;

	for (i = 0; i < TAR_SHOWN_MAX - 4 && name[i]; i++)
		to[i] = (unsigned char)name[i] < 32 || name[i] == 127 ? '?' : name[i];
	strcpy(to + i, name[i] ? "..." : "");
	return to;
}

int tar_bad(const struct tar_reader *t, struct err *e, const char *why)
{
	char name[TAR_SHOWN_MAX];

	if (t->entry.name && *t->entry.name)
		return err_refuse(e, -EBADMSG, "damaged tar: entry '%s': %s",
		    tar_shown(t->entry.name, name), why);
	return err_refuse(e, -EBADMSG, "damaged tar: %s", why);
}

/* ---- headers ---- */

static bool sum_is_right(const uint8_t *block)
{
	int64_t want, plain = 0, as_signed = 0;

	if (tar_parse_field(block + H_SUM, 8, &want) < 0)
		return false;
	for (size_t i = 0; i < TAR_BLOCK; i++) {
		uint8_t byte = i >= H_SUM && i < H_SUM + 8 ? ' ' : block[i];

		plain += byte;
		as_signed += (int8_t)byte; /* what some old writers summed */
	}
	return want == plain || want == as_signed;
}

static int header_id(struct tar_reader *t, size_t at, uint32_t *ret, struct err *e)
{
	int64_t value;

	if (tar_parse_field(t->block + at, 8, &value) < 0 || value < 0 || value > TAR_ID_MAX)
		return tar_bad(t, e, "its owner is not a number that an owner can be");
	*ret = (uint32_t)value;
	return 0;
}

static int header_device(struct tar_reader *t, struct err *e)
{
	int64_t major, minor;

	if (tar_parse_field(t->block + H_MAJOR, 8, &major) < 0 ||
	    tar_parse_field(t->block + H_MINOR, 8, &minor) < 0 || major < 0 || major > 0xfff ||
	    minor < 0 || minor > 0xfffff)
		return tar_bad(t, e, "its device number is none");
	t->entry.major = (uint32_t)major;
	t->entry.minor = (uint32_t)minor;
	return 0;
}

/* The name of at most `len` bytes in a field, after a prefix where there is one. */
static int header_name(struct tar_reader *t, struct buf *to, size_t at, size_t len, size_t prefix)
{
	const char *field = (const char *)t->block + at;
	const char *before = (const char *)t->block + H_PREFIX;

	buf_done(to);
	if (prefix > 0 && *before) {
		buf_add(to, before, strnlen(before, prefix));
		buf_addc(to, '/');
	}
	buf_add(to, field, strnlen(field, len));
	return buf_error(to);
}

static size_t prefix_len(const uint8_t *block)
{
	if (memcmp(block + H_MAGIC, "ustar\00000", 8) != 0)
		return 0;
	return memcmp(block + H_STAR, "tar", 4) == 0 ? 131 : 155;
}

static int choose_kind(struct tar_reader *t, struct err *e)
{
	uint8_t type = t->block[H_TYPE];
	size_t len = strlen(t->entry.name);

	switch (type) {
	case '\0':
		/* V7 had no type for directories: a slash at the end says it. */
		t->entry.kind = len > 0 && t->entry.name[len - 1] == '/' ? TAR_DIR : TAR_FILE;
		return 0;
	case '0':
	case '7':
	case 'S':
		t->entry.kind = TAR_FILE;
		return 0;
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
		t->entry.kind = (enum tar_kind)type;
		return 0;
	default:
		return tar_bad(t, e, "it is of a kind that layers do not have");
	}
}

static int check_names(struct tar_reader *t, struct err *e)
{
	bool needs_link = t->entry.kind == TAR_LINK || t->entry.kind == TAR_SYMLINK;

	if (!*t->entry.name)
		return tar_bad(t, e, "an entry without a name");
	if (strlen(t->entry.name) > TAR_NAME_MAX)
		return tar_bad(t, e, "its name is longer than 4095 bytes");
	if (strlen(t->entry.link) > TAR_NAME_MAX)
		return tar_bad(t, e, "its link is longer than 4095 bytes");
	if (needs_link && !*t->entry.link)
		return tar_bad(t, e, "a link to nothing");
	return 0;
}

static void forget_meta(struct tar_reader *t)
{
	t->has_pax = t->has_long_name = t->has_long_link = false;
}

/* Reads the fields of the header, then what pax and GNU headers before it put in their place. */
static int fill_entry(struct tar_reader *t, struct err *e)
{
	struct pax_overrides over = { 0 };
	int64_t mode, mtime, size;
	int r;

	t->entry = (struct tar_entry){ .name = "", .link = "", .xattrs = t->xattrs };
	t->n_segments = 0;
	t->sparse_major = t->sparse_minor = 0;
	t->has_sparse_offset = t->has_real_size = false;

	if (header_name(t, &t->name, H_NAME, 100, prefix_len(t->block)) < 0 ||
	    header_name(t, &t->link, H_LINK, 100, 0) < 0)
		return err_set(e, -ENOMEM, "cannot read a tar");
	t->entry.name = buf_text(&t->name);
	t->entry.link = buf_text(&t->link);

	if (tar_parse_field(t->block + H_MODE, 8, &mode) < 0)
		return tar_bad(t, e, "its mode is not a number");
	if (tar_parse_field(t->block + H_SIZE, 12, &size) < 0 || size < 0)
		return tar_bad(t, e, "its size is not a number");
	if (tar_parse_field(t->block + H_MTIME, 12, &mtime) < 0)
		return tar_bad(t, e, "its time is not a number");
	r = header_id(t, H_UID, &t->entry.uid, e);
	if (r >= 0)
		r = header_id(t, H_GID, &t->entry.gid, e);
	if (r < 0)
		return r;
	t->entry.mode = (unsigned)mode & 07777;
	t->entry.mtime = mtime;

	if (t->has_pax) {
		r = tar_read_pax(t, &over, e);
		if (r < 0)
			return r;
	}
	/* GNU.sparse.name has put itself in place already, and outdoes path. */
	if (over.path && t->entry.name == buf_text(&t->name))
		t->entry.name = over.path;
	if (over.link)
		t->entry.link = over.link;
	if (t->has_long_name)
		t->entry.name = buf_text(&t->long_name);
	if (t->has_long_link)
		t->entry.link = buf_text(&t->long_link);
	t->left = over.has_size ? over.size : (uint64_t)size;
	return 0;
}

static int begin_entry(struct tar_reader *t, struct err *e)
{
	int r = fill_entry(t, e);

	if (r >= 0)
		r = choose_kind(t, e);
	if (r >= 0)
		r = check_names(t, e);
	if (r < 0)
		return r;
	if (t->entry.kind == TAR_CHAR || t->entry.kind == TAR_BLOCK_DEVICE) {
		r = header_device(t, e);
		if (r < 0)
			return r;
	}
	/* Others may say a size, and have no data: so read it Go and GNU tar. */
	if (t->entry.kind != TAR_FILE) {
		t->left = 0;
		t->entry.is_sparse = false;
	}
	t->entry.size = t->left;
	t->pad = tar_pad(t->left);
	t->after_pad = AT_HEADER;
	t->done_due = true;
	t->state = AT_BODY;

	if (t->entry.kind != TAR_FILE)
		return 0;
	if (t->block[H_TYPE] == 'S')
		return tar_sparse_begin_old(t, e);
	if (t->sparse_major == 1 && t->sparse_minor == 0) {
		buf_done(&t->map);
		t->map_lines = t->map_wants = 0;
		t->entry.is_sparse = true;
		t->n_segments = 0;
		t->state = AT_TEXT_MAP;
	} else if (t->sparse_major > 0) {
		return tar_bad(t, e, "sparse in a form that is not known");
	}
	return 0;
}

static int begin_meta(struct tar_reader *t, uint8_t type, struct err *e)
{
	int64_t size;

	if (tar_parse_field(t->block + H_SIZE, 12, &size) < 0 || size < 0)
		return tar_bad(t, e, "the size of a header is not a number");
	if ((uint64_t)size > TAR_META_MAX)
		return tar_bad(t, e, "a header of more than 1 MiB");
	t->into = NULL;
	if (type == 'x' || type == 'X') {
		t->into = &t->pax;
		t->has_pax = true;
	} else if (type == 'L') {
		t->into = &t->long_name;
		t->has_long_name = true;
	} else if (type == 'K') {
		t->into = &t->long_link;
		t->has_long_link = true;
	}
	if (t->into) {
		buf_done(t->into);
		buf_adds(t->into, ""); /* even an empty one has text */
	}
	t->left = (uint64_t)size;
	t->pad = tar_pad(t->left);
	t->state = AT_META;
	t->after_pad = AT_HEADER;
	return 0;
}

static bool is_zeros(const uint8_t *block)
{
	return block[0] == 0 && memcmp(block, block + 1, TAR_BLOCK - 1) == 0;
}

static int read_header(struct tar_reader *t, struct err *e)
{
	uint8_t type = t->block[H_TYPE];

	t->entry.name = NULL;
	if (is_zeros(t->block)) {
		if (t->zeros_seen)
			t->state = AT_END;
		t->zeros_seen = true;
		return 0;
	}
	if (t->zeros_seen)
		return tar_bad(t, e, "something stands behind a block of zeros");
	if (!sum_is_right(t->block))
		return tar_bad(t, e, "the checksum of a header is wrong");
	if (type && strchr("xXgLK", type))
		return begin_meta(t, type, e);
	/* A volume's label: no file. */
	if (type == 'V') {
		t->left = 0;
		return 0;
	}
	return begin_entry(t, e);
}

/* ---- the machine ---- */

/* Gathers a block. False: there is not enough yet. */
static bool gather(struct tar_reader *t, const uint8_t **data, size_t *len)
{
	size_t n = TAR_BLOCK - t->block_len;

	if (n > *len)
		n = *len;
	memcpy(t->block + t->block_len, *data, n);
	*data += n;
	*len -= n;
	t->block_len += n;
	if (t->block_len < TAR_BLOCK)
		return false;
	t->block_len = 0;
	return true;
}

static int read_meta(struct tar_reader *t, const uint8_t **data, size_t *len, struct err *e)
{
	size_t n = t->left < *len ? (size_t)t->left : *len;

	if (t->into)
		buf_add(t->into, *data, n);
	*data += n;
	*len -= n;
	t->left -= n;
	if (t->left > 0)
		return 0;
	if (t->into && buf_error(t->into) < 0)
		return err_set(e, buf_error(t->into), "cannot read a tar");
	t->state = AT_PAD;
	return 0;
}

static int read_body(
    struct tar_reader *t, const uint8_t **data, size_t *len, struct tar_piece *ret_piece)
{
	size_t n;

	if (t->left == 0) {
		t->state = AT_PAD;
		return 0;
	}
	n = t->left < *len ? (size_t)t->left : *len;
	if (t->entry.is_sparse) {
		const struct segment *s = &t->segments[t->at_segment];

		/* tar_sparse_check(): as long as bytes are left there is a part that wants some. */
		while (t->in_segment == s->len) {
			s = &t->segments[++t->at_segment];
			t->in_segment = 0;
		}
		if (n > s->len - t->in_segment)
			n = (size_t)(s->len - t->in_segment);
		ret_piece->offset = s->offset + t->in_segment;
		t->in_segment += n;
	} else {
		ret_piece->offset = t->entry.size - t->left;
	}
	ret_piece->data = *data;
	ret_piece->len = n;
	*data += n;
	*len -= n;
	t->left -= n;
	return TAR_DATA;
}

/* An entry is known as far as it needs to be. */
static int give_entry(struct tar_reader *t, const struct tar_entry **ret_entry, struct err *e)
{
	int r = tar_sparse_check(t, e);

	if (r < 0)
		return r;
	forget_meta(t);
	*ret_entry = &t->entry;
	return TAR_ENTRY;
}

static int step_map(struct tar_reader *t, const struct tar_entry **ret_entry, struct err *e)
{
	int r;

	if (t->state == AT_OLD_MAP) {
		r = tar_sparse_old(t, 0, 21, e);
		if (r < 0)
			return r;
		if (t->block[504])
			return 0;
		t->state = AT_BODY;
		return give_entry(t, ret_entry, e);
	}

	if (t->left < TAR_BLOCK)
		return tar_bad(t, e, "its sparse map ends in the middle");
	t->left -= TAR_BLOCK;
	buf_add(&t->map, t->block, TAR_BLOCK);
	if (buf_error(&t->map) < 0)
		return tar_bad(t, e, "its sparse map is too long");
	if (!tar_sparse_is_whole(t))
		return 0;
	r = tar_sparse_text(t, e);
	if (r <= 0)
		return r;
	t->state = AT_BODY;
	return give_entry(t, ret_entry, e);
}

static int step_header(struct tar_reader *t, const struct tar_entry **ret_entry, struct err *e)
{
	int r = read_header(t, e);

	if (r < 0)
		return r;
	if (t->state == AT_END)
		return TAR_END;
	return t->state == AT_BODY ? give_entry(t, ret_entry, e) : 0;
}

static bool step_pad(struct tar_reader *t, const uint8_t **data, size_t *len)
{
	size_t n = t->pad < *len ? t->pad : *len;

	*data += n;
	*len -= n;
	t->pad -= n;
	if (t->pad > 0)
		return false;
	t->state = t->after_pad;
	return true;
}

int tar_read(struct tar_reader *t, const uint8_t **data, size_t *len,
    const struct tar_entry **ret_entry, struct tar_piece *ret_piece, struct err *e)
{
	for (;;) {
		int r = 0;

		if (t->state == AT_END) {
			*data += *len;
			*len = 0;
			return TAR_MORE;
		}
		if (t->state == AT_PAD) {
			if (!step_pad(t, data, len))
				return TAR_MORE;
			if (t->done_due) {
				t->done_due = false;
				return TAR_DONE;
			}
			continue;
		}
		if (*len == 0 && !(t->state == AT_BODY && t->left == 0) &&
		    !(t->state == AT_META && t->left == 0))
			return TAR_MORE;

		if (t->state == AT_META)
			r = read_meta(t, data, len, e);
		else if (t->state == AT_BODY)
			r = read_body(t, data, len, ret_piece);
		else if (!gather(t, data, len))
			return TAR_MORE;
		else if (t->state == AT_HEADER)
			r = step_header(t, ret_entry, e);
		else
			r = step_map(t, ret_entry, e);
		if (r != 0)
			return r;
	}
}

int tar_read_end(const struct tar_reader *t, struct err *e)
{
	char name[TAR_SHOWN_MAX];

	if (t->state == AT_END ||
	    (t->state == AT_HEADER && t->block_len == 0 && !t->has_pax && !t->has_long_name &&
	        !t->has_long_link))
		return 0;
	if (t->state != AT_HEADER && t->entry.name && *t->entry.name)
		return err_refuse(e, -EBADMSG, "the tar is cut off in the middle of '%s'",
		    tar_shown(t->entry.name, name));
	return err_refuse(e, -EBADMSG, "the tar is cut off in the middle of a header");
}
