/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tar, written
 *
 * A ustar header, and before it a pax header with what ustar has no room for.
 * The same entry always gives the same bytes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "format/tar_state.h"

#define OCTAL_MAX(digits) (((uint64_t)1 << (3 * (digits))) - 1)

static void put_octal(uint8_t *block, size_t at, size_t width, uint64_t value)
{
	/* A number that does not fit stands in a pax record; the field then says 0. */
	if (value > OCTAL_MAX(width - 1))
		value = 0;
	for (size_t i = width - 1; i-- > 0; value >>= 3)
		block[at + i] = (uint8_t)('0' + (value & 7));
}

static void put_text(uint8_t *block, size_t at, size_t width, const char *text)
{
	memcpy(block + at, text, strnlen(text, width));
}

static void put_sum(uint8_t *block)
{
	unsigned sum = 0;

	memset(block + H_SUM, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += block[i];
	put_octal(block, H_SUM, 7, sum);
	block[H_SUM + 6] = '\0';
}

/* The length counts its own digits. */
static void put_record(
    struct buf *to, const char *prefix, const char *key, const void *value, size_t len)
{
	size_t rest = strlen(prefix) + strlen(key) + len + 3; /* blank, '=', newline */
	size_t total = rest + 1;

	for (;;) {
		size_t digits = 1;

		for (size_t n = total; n >= 10; n /= 10)
			digits++;
		if (rest + digits == total)
			break;
		total = rest + digits;
	}
	buf_addf(to, "%zu %s%s=", total, prefix, key);
	buf_add(to, value, len);
	buf_addc(to, '\n');
}

static void put_number(struct buf *to, const char *key, uint64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)value);

	put_record(to, "", key, text, (size_t)n);
}

static void put_time(struct buf *to, const struct tar_entry *entry)
{
	char text[48];
	int64_t s = entry->mtime;
	uint32_t ns = entry->mtime_ns;
	const char *sign = "";
	int n;

	if (s < 0) {
		sign = "-";
		s = -s;
		if (ns > 0) {
			s -= 1;
			ns = 1000000000 - ns;
		}
	}
	n = snprintf(text, sizeof(text), "%s%lld.%09u", sign, (long long)s, ns);
	put_record(to, "", "mtime", text, (size_t)n);
}

static void put_pax(struct buf *to, const struct tar_entry *entry)
{
	if (strlen(entry->name) > 100)
		put_record(to, "", "path", entry->name, strlen(entry->name));
	if (strlen(entry->link) > 100)
		put_record(to, "", "linkpath", entry->link, strlen(entry->link));
	if (entry->size > OCTAL_MAX(11))
		put_number(to, "size", entry->size);
	if (entry->uid > OCTAL_MAX(7))
		put_number(to, "uid", entry->uid);
	if (entry->gid > OCTAL_MAX(7))
		put_number(to, "gid", entry->gid);
	if (entry->mtime_ns > 0 || entry->mtime < 0 || (uint64_t)entry->mtime > OCTAL_MAX(11))
		put_time(to, entry);
	for (size_t i = 0; i < entry->n_xattrs; i++)
		put_record(to, "SCHILY.xattr.", entry->xattrs[i].name, entry->xattrs[i].value,
		    entry->xattrs[i].len);
}

static void put_header(struct buf *to, const struct tar_entry *entry, char type, uint64_t size)
{
	uint8_t block[TAR_BLOCK] = { 0 };

	put_text(block, H_NAME, 100, entry->name);
	put_text(block, H_LINK, 100, entry->link);
	put_octal(block, H_MODE, 8, entry->mode & 07777);
	put_octal(block, H_UID, 8, entry->uid);
	put_octal(block, H_GID, 8, entry->gid);
	put_octal(block, H_SIZE, 12, size);
	put_octal(block, H_MTIME, 12, entry->mtime < 0 ? 0 : (uint64_t)entry->mtime);
	block[H_TYPE] = (uint8_t)type;
	memcpy(block + H_MAGIC, "ustar\00000", 8);
	put_octal(block, H_MAJOR, 8, entry->major);
	put_octal(block, H_MINOR, 8, entry->minor);
	put_sum(block);
	buf_add(to, block, sizeof(block));
}

int tar_write_header(struct buf *to, const struct tar_entry *entry)
{
	static const char zeros[TAR_BLOCK];
	struct tar_entry meta = { .name = "pax", .link = "", .mode = 0644 };
	AUTO_BUF struct buf pax = { 0 };
	const char *link = entry->link ? entry->link : "";
	struct tar_entry full = *entry;

	full.link = link;
	if (!entry->name || !*entry->name || strlen(entry->name) > TAR_NAME_MAX ||
	    strlen(link) > TAR_NAME_MAX || entry->is_sparse || entry->size > INT64_MAX)
		return -EINVAL;

	put_pax(&pax, &full);
	if (buf_error(&pax) < 0)
		return buf_error(&pax);
	if (pax.len > 0) {
		put_header(to, &meta, 'x', pax.len);
		buf_add(to, pax.data, pax.len);
		buf_add(to, zeros, tar_pad(pax.len));
	}
	put_header(to, &full, (char)full.kind, full.kind == TAR_FILE ? full.size : 0);
	return buf_error(to);
}
