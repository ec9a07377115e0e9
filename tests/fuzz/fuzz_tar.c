/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tar: the same events come whatever pieces the bytes arrive in.
 *
 * The first byte chooses the size of the pieces. Checksums are made right, where
 * a block says that it is a header, or a fuzzer would never get past them.
 */
#include "base/err.h"
#include "format/tar.h"

#include "fuzz.h"

static void fix_checksums(uint8_t *data, size_t size)
{
	for (size_t at = 0; at + TAR_BLOCK <= size; at += TAR_BLOCK) {
		uint8_t *block = data + at;
		unsigned sum = 0;

		if (memcmp(block + 257, "ustar", 5) != 0)
			continue;
		memset(block + 148, ' ', 8);
		for (size_t i = 0; i < TAR_BLOCK; i++)
			sum += block[i];
		snprintf((char *)block + 148, 8, "%06o", sum);
	}
}

/* A hash of all that was told: entries, where their bytes lie and what they are, and the end. */
struct told {
	uint64_t hash;
};

static void add(struct told *told, const void *data, size_t len)
{
	const uint8_t *c = data;

	for (size_t i = 0; i < len; i++)
		told->hash = (told->hash ^ c[i]) * 1099511628211u;
}

static void add_number(struct told *told, uint64_t number)
{
	add(told, &number, sizeof(number));
}

static void add_entry(struct told *told, const struct tar_entry *entry)
{
	MUST(strlen(entry->name) <= TAR_NAME_MAX && strlen(entry->link) <= TAR_NAME_MAX);
	MUST(entry->mode <= 07777 && entry->n_xattrs <= TAR_XATTR_MAX);
	add(told, entry->name, strlen(entry->name) + 1);
	add(told, entry->link, strlen(entry->link) + 1);
	add_number(told, entry->kind);
	add_number(told, entry->uid);
	add_number(told, entry->gid);
	add_number(told, (uint64_t)entry->mtime);
	add_number(told, entry->size);
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		add(told, entry->xattrs[i].name, strlen(entry->xattrs[i].name) + 1);
		add(told, entry->xattrs[i].value, entry->xattrs[i].len);
	}
}

/* One byte at a time, so that a piece in two parts counts as the same. */
static void add_piece(struct told *told, const struct tar_piece *piece, uint64_t size)
{
	MUST(piece->len <= size && piece->offset <= size - piece->len);
	for (size_t i = 0; i < piece->len; i++) {
		add_number(told, piece->offset + i);
		add(told, &piece->data[i], 1);
	}
}

/* Until nothing is left of this piece, or it is refused. */
static int read_piece(struct tar_reader *t, const uint8_t *data, size_t len, uint64_t *size,
    struct told *told, struct err *e)
{
	const uint8_t *end = data + len;

	for (;;) {
		const struct tar_entry *entry = NULL;
		struct tar_piece piece = { 0 };
		int event;

		event = tar_read(t, &data, &len, &entry, &piece, e);
		MUST(data + len == end);
		if (event < 0)
			MUST(e->code == event && e->text[0]);
		if (event < 0 || event == TAR_MORE || event == TAR_END)
			return event;
		if (event == TAR_ENTRY) {
			add_entry(told, entry);
			*size = entry->size;
		} else if (event == TAR_DATA) {
			add_piece(told, &piece, *size);
		} else {
			add_number(told, (uint64_t)event);
		}
	}
}

static uint64_t read_all(const uint8_t *data, size_t size, size_t step)
{
	AUTO(tar_reader_free) struct tar_reader *t = NULL;
	struct told told = { .hash = 14695981039346656037u };
	uint64_t file_size = 0;
	struct err e = { 0 };
	int event = TAR_MORE;

	MUST(tar_reader_new(&t) == 0);
	for (size_t at = 0; at < size && event == TAR_MORE; at += step)
		event = read_piece(
		    t, data + at, size - at < step ? size - at : step, &file_size, &told, &e);
	add_number(&told, (uint64_t)(int64_t)event);
	if (event == TAR_MORE)
		add_number(&told, tar_read_end(t, &e) < 0);
	return told.hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;
	size_t step;

	if (size < 1)
		return 0;
	step = 1 + 3 * (size_t)data[0];
	copy = malloc(size);
	MUST(copy);
	memcpy(copy, data + 1, size - 1);
	fix_checksums(copy, size - 1);
	MUST(read_all(copy, size - 1, size) == read_all(copy, size - 1, step));
	free(copy);
	return 0;
}
