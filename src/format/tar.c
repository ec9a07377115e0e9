/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tar, read as it arrives
 *
 * One state for each thing that may come next. Headers are gathered into one
 * block, pax records and long names into bufs with a ceiling; the data of files
 * is never copied. Texts of an entry point into the bufs, whose '=' and newlines
 * have become NULs.
 */
#include "format/tar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"

#define SEGMENTS_MAX 65536
#define MAP_TEXT_MAX ((size_t)4 << 20) /* of a sparse map of form 1.0 */
#define ID_MAX       0xfffffffeU /* -1 means "leave it" to chown(2) */

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

int tar_reader_new(struct tar_reader **ret_reader)
{
	struct tar_reader *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->pax.max = t->long_name.max = t->long_link.max = TAR_META_MAX + 1;
	t->map.max = MAP_TEXT_MAX;
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

/* What a report may show of a name: printable, and not too long. */
static const char *shown(const char *name, char to[128])
{
	size_t i;

	for (i = 0; i < 120 && name[i]; i++)
		to[i] = (unsigned char)name[i] < 32 || name[i] == 127 ? '?' : name[i];
	strcpy(to + i, name[i] ? "..." : "");
	return to;
}

static int bad(const struct tar_reader *t, struct err *e, const char *why)
{
	char name[128];

	if (t->entry.name && *t->entry.name)
		return err_refuse(
		    e, -EBADMSG, "damaged tar: entry '%s': %s", shown(t->entry.name, name), why);
	return err_refuse(e, -EBADMSG, "damaged tar: %s", why);
}

/* ---- numbers ---- */

/* Decimal digits, all of them; at most `max`. */
static int parse_decimal(const char *text, size_t len, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (len == 0)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' ||
		    __builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
			return -EINVAL;
	}
	if (value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

/* Big-endian two's complement of which the first bit only marks the form (GNU, star). */
static int parse_base256(const uint8_t *field, size_t len, int64_t *ret)
{
	uint8_t invert = field[0] & 0x40 ? 0xff : 0;
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++) {
		uint8_t byte = field[i] ^ invert;

		if (i == 0)
			byte &= 0x7f;
		if (value >> 56)
			return -ERANGE;
		value = value << 8 | byte;
	}
	if (value > INT64_MAX)
		return -ERANGE;
	*ret = invert ? (int64_t)~value : (int64_t)value;
	return 0;
}

/* Octal digits between blanks and NULs, or base 256. An empty field is 0. */
static int parse_field(const uint8_t *field, size_t len, int64_t *ret)
{
	uint64_t value = 0;

	if (field[0] & 0x80)
		return parse_base256(field, len, ret);
	while (len > 0 && (*field == ' ' || *field == '\0'))
		field++, len--;
	while (len > 0 && (field[len - 1] == ' ' || field[len - 1] == '\0'))
		len--;
	for (size_t i = 0; i < len; i++) {
		/* What stands behind a NUL is the rest of an older number. */
		if (field[i] == '\0')
			break;
		if (field[i] < '0' || field[i] > '7' || value >> 60)
			return -EINVAL;
		value = value << 3 | (uint64_t)(field[i] - '0');
	}
	*ret = (int64_t)value;
	return 0;
}

/* "[-]seconds[.fraction]", as pax writes times. */
static int parse_time(const char *text, size_t len, int64_t *ret_s, uint32_t *ret_ns)
{
	const char *dot = memchr(text, '.', len);
	bool negative = len > 0 && *text == '-';
	size_t whole = dot ? (size_t)(dot - text) : len;
	uint64_t seconds = 0;
	uint32_t ns = 0, unit = 100000000;

	if (negative)
		text++, len--, whole--;
	if (parse_decimal(text, whole, (uint64_t)1 << 55, &seconds) < 0)
		return -EINVAL;
	for (size_t i = whole + 1; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		ns += unit * (uint32_t)(text[i] - '0');
		unit /= 10;
	}
	*ret_s = negative ? -(int64_t)seconds : (int64_t)seconds;
	if (negative && ns > 0) {
		*ret_s -= 1;
		ns = 1000000000 - ns;
	}
	*ret_ns = ns;
	return 0;
}

/* ---- pax ---- */

static int unescape_percent(char *text)
{
	char *to = text;

	for (const char *at = text; *at; at++) {
		if (*at == '%') {
			static const char digits[] = "0123456789abcdef0123456789ABCDEF";
			const char *high = at[1] ? strchr(digits, at[1]) : NULL;
			const char *low = high && at[2] ? strchr(digits, at[2]) : NULL;

			if (!low)
				return -EINVAL;
			*to = (char)(((high - digits) % 16) * 16 + (low - digits) % 16);
			if (*to == '\0')
				return -EINVAL;
			to++;
			at += 2;
		} else {
			*to++ = *at;
		}
	}
	*to = '\0';
	return 0;
}

/* In place: what comes out is shorter. Padding may be missing. */
static int decode_base64(uint8_t *text, size_t *len)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	unsigned n_bits = 0;
	size_t n = 0;

	while (*len > 0 && text[*len - 1] == '=')
		--*len;
	for (size_t i = 0; i < *len; i++) {
		const char *digit = text[i] ? strchr(digits, text[i]) : NULL;

		if (!digit)
			return -EINVAL;
		bits = (bits << 6 | (uint32_t)(digit - digits)) & 0xffffff;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			text[n++] = (uint8_t)(bits >> n_bits);
		}
	}
	*len = n;
	return 0;
}

static int add_xattr(struct tar_reader *t, const char *name, const uint8_t *value, size_t len,
    bool replace, struct err *e)
{
	size_t i;

	if (!*name)
		return bad(t, e, "an extended attribute without a name");
	for (i = 0; i < t->entry.n_xattrs; i++) {
		if (strcmp(t->xattrs[i].name, name) == 0)
			break;
	}
	if (i == t->entry.n_xattrs) {
		if (i == TAR_XATTR_MAX)
			return bad(t, e, "more than 256 extended attributes");
		t->entry.n_xattrs++;
	} else if (!replace) {
		return 0;
	}
	t->xattrs[i] = (struct tar_xattr){ .name = name, .value = value, .len = len };
	return 0;
}

static int add_segment(struct tar_reader *t, uint64_t offset, uint64_t len, struct err *e)
{
	const struct segment *last = t->n_segments ? &t->segments[t->n_segments - 1] : NULL;
	uint64_t end;

	if (offset > INT64_MAX || len > INT64_MAX || __builtin_add_overflow(offset, len, &end) ||
	    end > INT64_MAX)
		return bad(t, e, "its sparse map reaches too far");
	if (last && offset < last->offset + last->len)
		return bad(t, e, "its sparse map is not in order");
	if (t->n_segments == SEGMENTS_MAX)
		return bad(t, e, "its sparse map has too many parts");
	if (t->n_segments == t->room_segments) {
		size_t room = t->room_segments ? t->room_segments * 2 : 64;
		struct segment *more = realloc(t->segments, room * sizeof(*more));

		if (!more)
			return err_set(e, -ENOMEM, "cannot read a tar");
		t->segments = more;
		t->room_segments = room;
	}
	t->segments[t->n_segments++] = (struct segment){ .offset = offset, .len = len };
	return 0;
}

/* "offset,length,offset,length": GNU.sparse.map of form 0.1. */
static int read_comma_map(struct tar_reader *t, const char *text, size_t len, struct err *e)
{
	const char *end = text + len;
	uint64_t pair[2];
	unsigned i = 0;

	t->n_segments = 0;
	while (text < end) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		size_t n = (size_t)((comma ? comma : end) - text);

		if (parse_decimal(text, n, INT64_MAX, &pair[i]) < 0)
			return bad(t, e, "its sparse map is not a list of numbers");
		if (i == 1 && add_segment(t, pair[0], pair[1], e) < 0)
			return -EBADMSG;
		i = !i;
		text += n + 1;
	}
	return i ? bad(t, e, "its sparse map ends in the middle") : 0;
}

static int pax_sparse(struct tar_reader *t, const char *key, char *value, size_t len, struct err *e)
{
	uint64_t number = 0;

	if (strcmp(key, "name") == 0) {
		t->entry.name = value;
		return 0;
	}
	if (strcmp(key, "map") == 0) {
		t->entry.is_sparse = true;
		return read_comma_map(t, value, len, e);
	}
	if (parse_decimal(value, len, INT64_MAX, &number) < 0)
		return bad(t, e, "a number of its sparse map is none");
	if (strcmp(key, "major") == 0) {
		t->sparse_major = number > 2 ? 2 : (unsigned)number;
	} else if (strcmp(key, "minor") == 0) {
		t->sparse_minor = number > 2 ? 2 : (unsigned)number;
	} else if (strcmp(key, "size") == 0 || strcmp(key, "realsize") == 0) {
		t->real_size = number;
		t->has_real_size = true;
	} else if (strcmp(key, "offset") == 0) {
		t->sparse_offset = number;
		t->has_sparse_offset = true;
	} else if (strcmp(key, "numbytes") == 0) {
		if (!t->has_sparse_offset)
			return bad(t, e, "its sparse map has a length without an offset");
		t->has_sparse_offset = false;
		t->entry.is_sparse = true;
		return add_segment(t, t->sparse_offset, number, e);
	}
	return 0;
}

struct pax_overrides {
	const char *path, *link;
	bool has_size;
	uint64_t size;
};

static const char *behind(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

static int pax_id(struct tar_reader *t, const char *value, size_t len, uint32_t *ret, struct err *e)
{
	uint64_t number;

	if (parse_decimal(value, len, ID_MAX, &number) < 0)
		return bad(t, e, "its owner is not a number that an owner can be");
	*ret = (uint32_t)number;
	return 0;
}

static int pax_xattr(
    struct tar_reader *t, char *key, char *value, size_t len, bool *ret_is_xattr, struct err *e)
{
	const char *schily = behind(key, "SCHILY.xattr.");
	const char *libarchive = behind(key, "LIBARCHIVE.xattr.");

	*ret_is_xattr = schily || libarchive;
	if (schily)
		return add_xattr(t, schily, (uint8_t *)value, len, true, e);
	if (!libarchive)
		return 0;
	/* bsdtar writes both; its own form is the second choice. */
	if (unescape_percent(key + strlen("LIBARCHIVE.xattr.")) < 0 ||
	    decode_base64((uint8_t *)value, &len) < 0)
		return bad(t, e, "an extended attribute that cannot be decoded");
	return add_xattr(t, libarchive, (uint8_t *)value, len, false, e);
}

static int pax_record(struct tar_reader *t, char *key, char *value, size_t len,
    struct pax_overrides *over, struct err *e)
{
	const char *sparse = behind(key, "GNU.sparse.");
	bool is_xattr;
	int r = pax_xattr(t, key, value, len, &is_xattr, e);

	/* An empty value takes back what was said before (pax(1)): here, the header's word counts.
	 */
	if (r < 0 || is_xattr || len == 0)
		return r;
	if (strcmp(key, "path") == 0 || strcmp(key, "linkpath") == 0 ||
	    strcmp(key, "GNU.sparse.name") == 0) {
		if (memchr(value, '\0', len))
			return bad(t, e, "a name with a NUL in it");
	}
	if (strcmp(key, "path") == 0) {
		over->path = value;
	} else if (strcmp(key, "linkpath") == 0) {
		over->link = value;
	} else if (strcmp(key, "size") == 0) {
		over->has_size = true;
		if (parse_decimal(value, len, INT64_MAX, &over->size) < 0)
			return bad(t, e, "its size is not a number");
	} else if (strcmp(key, "uid") == 0) {
		return pax_id(t, value, len, &t->entry.uid, e);
	} else if (strcmp(key, "gid") == 0) {
		return pax_id(t, value, len, &t->entry.gid, e);
	} else if (strcmp(key, "mtime") == 0) {
		if (parse_time(value, len, &t->entry.mtime, &t->entry.mtime_ns) < 0)
			return bad(t, e, "its time is not a number");
	} else if (sparse) {
		return pax_sparse(t, sparse, value, len, e);
	}
	return 0;
}

/* Records are "LENGTH key=value\n", where LENGTH counts itself. */
static int read_pax(struct tar_reader *t, struct pax_overrides *over, struct err *e)
{
	char *at = t->pax.data;
	char *end = at + t->pax.len;

	while (at < end && *at) {
		char *space = memchr(at, ' ', (size_t)(end - at));
		char *equals, *last;
		uint64_t len;
		int r;

		if (!space ||
		    parse_decimal(at, (size_t)(space - at), (uint64_t)(end - at), &len) < 0 ||
		    len < (uint64_t)(space - at) + 3)
			return bad(t, e, "a pax record of a wrong length");
		last = at + len - 1;
		equals = memchr(space, '=', (size_t)(last - space));
		if (!equals || *last != '\n' || equals == space + 1)
			return bad(t, e, "a pax record that is none");
		if (memchr(space, '\0', (size_t)(equals - space)))
			return bad(t, e, "a pax key with a NUL in it");
		*equals = *last = '\0';

		r = pax_record(t, space + 1, equals + 1, (size_t)(last - equals - 1), over, e);
		if (r < 0)
			return r;
		at = last + 1;
	}
	return 0;
}

/* ---- headers ---- */

static bool sum_is_right(const uint8_t *block)
{
	int64_t want, plain = 0, as_signed = 0;

	if (parse_field(block + H_SUM, 8, &want) < 0)
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

	if (parse_field(t->block + at, 8, &value) < 0 || value < 0 || value > ID_MAX)
		return bad(t, e, "its owner is not a number that an owner can be");
	*ret = (uint32_t)value;
	return 0;
}

static int header_device(struct tar_reader *t, struct err *e)
{
	int64_t major, minor;

	if (parse_field(t->block + H_MAJOR, 8, &major) < 0 ||
	    parse_field(t->block + H_MINOR, 8, &minor) < 0 || major < 0 || major > 0xfff ||
	    minor < 0 || minor > 0xfffff)
		return bad(t, e, "its device number is none");
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

static bool is_gnu(const uint8_t *block)
{
	return memcmp(block + H_MAGIC, "ustar  ", 8) == 0;
}

/* Up to `n` pairs of an old GNU sparse map. An empty pair ends it. */
static int read_old_map(struct tar_reader *t, size_t at, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++, at += 24) {
		int64_t offset, len;

		if (t->block[at] == '\0')
			break;
		if (parse_field(t->block + at, 12, &offset) < 0 ||
		    parse_field(t->block + at + 12, 12, &len) < 0 || offset < 0 || len < 0)
			return bad(t, e, "its sparse map is not a list of numbers");
		if (add_segment(t, (uint64_t)offset, (uint64_t)len, e) < 0)
			return -EBADMSG;
	}
	return 0;
}

static int begin_old_sparse(struct tar_reader *t, struct err *e)
{
	int64_t size;

	if (!is_gnu(t->block))
		return bad(t, e, "sparse, and not of GNU tar");
	if (parse_field(t->block + H_GNU_REAL_SIZE, 12, &size) < 0 || size < 0)
		return bad(t, e, "its size is not a number");
	t->entry.is_sparse = true;
	t->real_size = (uint64_t)size;
	t->has_real_size = true;
	if (read_old_map(t, H_GNU_SPARSE, 4, e) < 0)
		return -EBADMSG;
	if (t->block[H_GNU_EXTENDED])
		t->state = AT_OLD_MAP;
	return 0;
}

/* All that is known of a sparse file is known: do the parts fit together? */
static int check_segments(struct tar_reader *t, struct err *e)
{
	uint64_t sum = 0;

	if (!t->entry.is_sparse)
		return 0;
	if (!t->has_real_size)
		return bad(t, e, "sparse, and its real size is not said");
	for (size_t i = 0; i < t->n_segments; i++) {
		if (t->segments[i].offset + t->segments[i].len > t->real_size)
			return bad(t, e, "its sparse map reaches beyond its end");
		sum += t->segments[i].len; /* in order and below 2^63: cannot wrap */
	}
	if (sum != t->left)
		return bad(t, e, "its sparse map does not fit its size");
	t->entry.size = t->real_size;
	t->at_segment = 0;
	t->in_segment = 0;
	return 0;
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
		return bad(t, e, "it is of a kind that layers do not have");
	}
}

static int check_names(struct tar_reader *t, struct err *e)
{
	bool needs_link = t->entry.kind == TAR_LINK || t->entry.kind == TAR_SYMLINK;

	if (!*t->entry.name)
		return bad(t, e, "an entry without a name");
	if (strlen(t->entry.name) > TAR_NAME_MAX)
		return bad(t, e, "its name is longer than 4095 bytes");
	if (strlen(t->entry.link) > TAR_NAME_MAX)
		return bad(t, e, "its link is longer than 4095 bytes");
	if (needs_link && !*t->entry.link)
		return bad(t, e, "a link to nothing");
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

	if (parse_field(t->block + H_MODE, 8, &mode) < 0)
		return bad(t, e, "its mode is not a number");
	if (parse_field(t->block + H_SIZE, 12, &size) < 0 || size < 0)
		return bad(t, e, "its size is not a number");
	if (parse_field(t->block + H_MTIME, 12, &mtime) < 0)
		return bad(t, e, "its time is not a number");
	r = header_id(t, H_UID, &t->entry.uid, e);
	if (r >= 0)
		r = header_id(t, H_GID, &t->entry.gid, e);
	if (r < 0)
		return r;
	t->entry.mode = (unsigned)mode & 07777;
	t->entry.mtime = mtime;

	if (t->has_pax) {
		r = read_pax(t, &over, e);
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
		return begin_old_sparse(t, e);
	if (t->sparse_major == 1 && t->sparse_minor == 0) {
		buf_done(&t->map);
		t->map_lines = t->map_wants = 0;
		t->entry.is_sparse = true;
		t->n_segments = 0;
		t->state = AT_TEXT_MAP;
	} else if (t->sparse_major > 0) {
		return bad(t, e, "sparse in a form that is not known");
	}
	return 0;
}

static int begin_meta(struct tar_reader *t, uint8_t type, struct err *e)
{
	int64_t size;

	if (parse_field(t->block + H_SIZE, 12, &size) < 0 || size < 0)
		return bad(t, e, "the size of a header is not a number");
	if ((uint64_t)size > TAR_META_MAX)
		return bad(t, e, "a header of more than 1 MiB");
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
		return bad(t, e, "something stands behind a block of zeros");
	if (!sum_is_right(t->block))
		return bad(t, e, "the checksum of a header is wrong");
	if (type && strchr("xXgLK", type))
		return begin_meta(t, type, e);
	/* A volume's label: no file. */
	if (type == 'V') {
		t->left = 0;
		return 0;
	}
	return begin_entry(t, e);
}

/* ---- sparse maps of form 1.0: "count\noffset\nlength\n..." in the file's first blocks ---- */

/* 1: the map is whole; 0: there is more to come. */
static int try_text_map(struct tar_reader *t, struct err *e)
{
	const char *at = t->map.data, *end = at + t->map.len;
	uint64_t numbers = 0, want = 1, pair[2] = { 0 };

	t->n_segments = 0;
	while (numbers < want) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		uint64_t value;

		if (!newline)
			return 0;
		if (parse_decimal(at, (size_t)(newline - at), INT64_MAX, &value) < 0)
			return bad(t, e, "its sparse map is not a list of numbers");
		at = newline + 1;
		if (numbers == 0) {
			if (value > SEGMENTS_MAX)
				return bad(t, e, "its sparse map has too many parts");
			want += 2 * value;
			t->map_wants = want;
		} else {
			pair[(numbers - 1) % 2] = value;
			if (numbers % 2 == 0 && add_segment(t, pair[0], pair[1], e) < 0)
				return -EBADMSG;
		}
		numbers++;
	}
	return 1;
}

/* Counts lines, so that the map is parsed once, when all of them are there. */
static bool map_is_whole(struct tar_reader *t)
{
	const uint8_t *at = t->block, *end = t->block + TAR_BLOCK;

	while ((at = memchr(at, '\n', (size_t)(end - at)))) {
		t->map_lines++;
		at++;
	}
	return t->map_lines > 0 && t->map_lines >= t->map_wants;
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

		/* check_segments(): as long as bytes are left there is a part that wants some. */
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
	int r = check_segments(t, e);

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
		r = read_old_map(t, 0, 21, e);
		if (r < 0)
			return r;
		if (t->block[504])
			return 0;
		t->state = AT_BODY;
		return give_entry(t, ret_entry, e);
	}

	if (t->left < TAR_BLOCK)
		return bad(t, e, "its sparse map ends in the middle");
	t->left -= TAR_BLOCK;
	buf_add(&t->map, t->block, TAR_BLOCK);
	if (buf_error(&t->map) < 0)
		return bad(t, e, "its sparse map is too long");
	if (!map_is_whole(t))
		return 0;
	r = try_text_map(t, e);
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
	char name[128];

	if (t->state == AT_END ||
	    (t->state == AT_HEADER && t->block_len == 0 && !t->has_pax && !t->has_long_name &&
	        !t->has_long_link))
		return 0;
	if (t->state != AT_HEADER && t->entry.name && *t->entry.name)
		return err_refuse(e, -EBADMSG, "the tar is cut off in the middle of '%s'",
		    shown(t->entry.name, name));
	return err_refuse(e, -EBADMSG, "the tar is cut off in the middle of a header");
}
