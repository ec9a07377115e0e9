/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tar: pax records
 *
 * "LENGTH key=value\n", where LENGTH counts itself. Texts stay where they are: the
 * '=' and the newline become NULs.
 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "format/tar_state.h"

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
		return tar_bad(t, e, "an extended attribute without a name");
	for (i = 0; i < t->entry.n_xattrs; i++) {
		if (strcmp(t->xattrs[i].name, name) == 0)
			break;
	}
	if (i == t->entry.n_xattrs) {
		if (i == TAR_XATTR_MAX)
			return tar_bad(t, e, "more than 256 extended attributes");
		t->entry.n_xattrs++;
	} else if (!replace) {
		return 0;
	}
	t->xattrs[i] = (struct tar_xattr){ .name = name, .value = value, .len = len };
	return 0;
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
		return tar_sparse_commas(t, value, len, e);
	}
	if (tar_parse_decimal(value, len, INT64_MAX, &number) < 0)
		return tar_bad(t, e, "a number of its sparse map is none");
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
			return tar_bad(t, e, "its sparse map has a length without an offset");
		t->has_sparse_offset = false;
		t->entry.is_sparse = true;
		return tar_sparse_add(t, t->sparse_offset, number, e);
	}
	return 0;
}

static const char *behind(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

static int pax_id(struct tar_reader *t, const char *value, size_t len, uint32_t *ret, struct err *e)
{
	uint64_t number;

	if (tar_parse_decimal(value, len, TAR_ID_MAX, &number) < 0)
		return tar_bad(t, e, "its owner is not a number that an owner can be");
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
		return tar_bad(t, e, "an extended attribute that cannot be decoded");
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
			return tar_bad(t, e, "a name with a NUL in it");
	}
	if (strcmp(key, "path") == 0) {
		over->path = value;
	} else if (strcmp(key, "linkpath") == 0) {
		over->link = value;
	} else if (strcmp(key, "size") == 0) {
		over->has_size = true;
		if (tar_parse_decimal(value, len, INT64_MAX, &over->size) < 0)
			return tar_bad(t, e, "its size is not a number");
	} else if (strcmp(key, "uid") == 0) {
		return pax_id(t, value, len, &t->entry.uid, e);
	} else if (strcmp(key, "gid") == 0) {
		return pax_id(t, value, len, &t->entry.gid, e);
	} else if (strcmp(key, "mtime") == 0) {
		if (tar_parse_time(value, len, &t->entry.mtime, &t->entry.mtime_ns) < 0)
			return tar_bad(t, e, "its time is not a number");
	} else if (sparse) {
		return pax_sparse(t, sparse, value, len, e);
	}
	return 0;
}

/* Records are "LENGTH key=value\n", where LENGTH counts itself. */
int tar_read_pax(struct tar_reader *t, struct pax_overrides *over, struct err *e)
{
	char *at = t->pax.data;
	char *end = at + t->pax.len;

	while (at < end && *at) {
		char *space = memchr(at, ' ', (size_t)(end - at));
		char *equals, *last;
		uint64_t len;
		int r;

		if (!space ||
		    tar_parse_decimal(at, (size_t)(space - at), (uint64_t)(end - at), &len) < 0 ||
		    len < (uint64_t)(space - at) + 3)
			return tar_bad(t, e, "a pax record of a wrong length");
		last = at + len - 1;
		equals = memchr(space, '=', (size_t)(last - space));
		if (!equals || *last != '\n' || equals == space + 1)
			return tar_bad(t, e, "a pax record that is none");
		if (memchr(space, '\0', (size_t)(equals - space)))
			return tar_bad(t, e, "a pax key with a NUL in it");
		*equals = *last = '\0';

		r = pax_record(t, space + 1, equals + 1, (size_t)(last - equals - 1), over, e);
		if (r < 0)
			return r;
		at = last + 1;
	}
	return 0;
}
