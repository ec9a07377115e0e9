/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives: a tar that is looked into by name
 *
 * Names and link targets are only ever compared with the names of other
 * members: no path of an archive reaches the file system.
 */
#include "registry/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/tar.h"
#include "registry/spool.h"

#define MEMBERS_MAX 65536
#define LINKS_MAX   8

struct member {
	char *name; /* in normal form: no "./", no "..", no '/' at either end */
	char *link; /* NULL: a file */
	const uint8_t *data;
	size_t len;
};

struct archive {
	const char *what;
	uint8_t *map;
	size_t map_len;
	struct member *members; /* sorted by name when all are there */
	size_t n_members, room;
};

struct archive *archive_close(struct archive *a)
{
	if (!a)
		return NULL;
	for (size_t i = 0; i < a->n_members; i++) {
		free(a->members[i].name);
		free(a->members[i].link);
	}
	free(a->members);
	if (a->map)
		munmap(a->map, a->map_len);
	free(a);
	return NULL;
}

/*
 * `path`, relative to the folder of `base` (NULL: the top), in normal form. NULL with
 * errno set: it leads out of the archive, or there is no memory.
 */
static char *normal_form(const char *base, const char *path)
{
	AUTO_BUF struct buf out = { .max = TAR_NAME_MAX };
	const char *slash = base ? strrchr(base, '/') : NULL;
	char *text = NULL;
	int r;

	if (slash && path[0] != '/')
		buf_add(&out, base, (size_t)(slash - base));
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && strncmp(path, "..", 2) == 0) {
			const char *last = out.len > 0 ? strrchr(out.data, '/') : NULL;

			if (out.len == 0) {
				errno = EXDEV;
				return NULL;
			}
			out.len = last ? (size_t)(last - out.data) : 0;
			out.data[out.len] = '\0';
		} else if (n > 0 && !(n == 1 && path[0] == '.')) {
			if (out.len > 0)
				buf_addc(&out, '/');
			buf_add(&out, path, n);
		}
		path += n + (path[n] == '/');
	}

	r = buf_take(&out, &text);
	if (r < 0)
		errno = -r;
	return text;
}

static struct member *add_member(struct archive *a)
{
	if (a->n_members == a->room) {
		size_t room = a->room ? a->room * 2 : 64;
		struct member *more = realloc(a->members, room * sizeof(*more));

		if (!more)
			return NULL;
		a->members = more;
		a->room = room;
	}
	a->members[a->n_members] = (struct member){ 0 };
	return &a->members[a->n_members];
}

static int note_entry(struct archive *a, const struct tar_entry *entry, struct err *e)
{
	struct member *m;

	if (entry->kind != TAR_FILE && entry->kind != TAR_LINK && entry->kind != TAR_SYMLINK)
		return 0;
	if (a->n_members == MEMBERS_MAX)
		return err_refuse(e, -EBADMSG, "%s: more than %d files", a->what, MEMBERS_MAX);
	if (entry->is_sparse)
		return err_refuse(e, -EBADMSG, "%s: a file with holes in it", a->what);

	m = add_member(a);
	if (!m)
		return err_set(e, -ENOMEM, "cannot read %s", a->what);
	m->name = normal_form(NULL, entry->name);
	if (m->name && entry->kind != TAR_FILE)
		/* A hard link is told from the top, a symbolic one from where it stands. */
		m->link = normal_form(entry->kind == TAR_SYMLINK ? m->name : NULL, entry->link);
	if (!m->name || (entry->kind != TAR_FILE && !m->link)) {
		int r = errno == ENOMEM ? -ENOMEM : -EBADMSG;

		free(m->name);
		return err_refuse(e, r, "%s: a name that leads out of it", a->what);
	}
	a->n_members++;
	return 1;
}

static int compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	if (r != 0 || x->data == y->data)
		return r;
	return x->data < y->data ? -1 : 1;
}

/* Walks over the map. The reader hands out pieces of what it was given, so their addresses stay. */
static int index_members(struct archive *a, struct err *e)
{
	AUTO(tar_reader_free) struct tar_reader *reader = NULL;
	const struct tar_entry *entry = NULL;
	const uint8_t *at = a->map;
	struct tar_piece piece;
	size_t len = a->map_len;
	bool wanted = false;
	int r;

	if (tar_reader_new(&reader) < 0)
		return err_set(e, -ENOMEM, "cannot read %s", a->what);

	for (;;) {
		struct member *m = wanted ? &a->members[a->n_members - 1] : NULL;

		r = tar_read(reader, &at, &len, &entry, &piece, e);
		if (r < 0)
			return err_wrap(e, r, "%s", a->what);
		if (r == TAR_MORE || r == TAR_END)
			break;
		if (r == TAR_ENTRY) {
			r = note_entry(a, entry, e);
			if (r < 0)
				return r;
			wanted = r > 0;
		} else if (r == TAR_DATA && m) {
			if (!m->data)
				m->data = piece.data;
			if (m->data + m->len != piece.data)
				return err_refuse(
				    e, -EBADMSG, "%s: '%s' is in parts", a->what, m->name);
			m->len += piece.len;
		}
	}
	if (r == TAR_MORE) {
		r = tar_read_end(reader, e);
		if (r < 0)
			return err_wrap(e, r, "%s", a->what);
	}
	if (a->n_members > 0)
		qsort(a->members, a->n_members, sizeof(*a->members), compare_members);
	return 0;
}

static int map_file(struct archive *a, int fd, struct err *e)
{
	struct stat st;
	void *map;

	if (fstat(fd, &st) < 0)
		return err_set(e, -errno, "cannot read %s", a->what);
	if (st.st_size == 0)
		return err_refuse(e, -EBADMSG, "%s is empty", a->what);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_set(e, -errno, "cannot read %s", a->what);
	a->map = map;
	a->map_len = (size_t)st.st_size;
	return 0;
}

/* A plain tar in a file needs no copy, if it is read from its start. */
static bool is_plain_file(int fd)
{
	uint8_t magic[4] = { 0 };
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || lseek(fd, 0, SEEK_CUR) != 0)
		return false;
	if (pread(fd, magic, sizeof(magic), 0) < 0)
		return false;
	return spool_kind(magic, sizeof(magic)) == LAYER_PLAIN;
}

int archive_open(
    int fd, int spool_dir_fd, const char *what, struct archive **ret_archive, struct err *e)
{
	AUTO(archive_close) struct archive *a = NULL;
	AUTO_FD int spool_fd = -1;
	int r;

	a = calloc(1, sizeof(*a));
	if (!a)
		return err_set(e, -ENOMEM, "cannot read %s", what);
	a->what = what;

	if (!is_plain_file(fd)) {
		spool_fd = openat(spool_dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		if (spool_fd < 0)
			return err_set(e, -errno, "cannot make room for %s", what);
		r = spool_file(fd, spool_fd, what, e);
		if (r < 0)
			return r;
	}

	r = map_file(a, spool_fd >= 0 ? spool_fd : fd, e);
	if (r < 0)
		return r;
	r = index_members(a, e);
	if (r < 0)
		return r;
	*ret_archive = TAKE(a);
	return 0;
}

/* The last of several members of one name counts, as in a tar that is unpacked. */
static const struct member *find_member(const struct archive *a, const char *name)
{
	size_t low = 0, high = a->n_members;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(a->members[middle].name, name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || strcmp(a->members[low - 1].name, name) != 0)
		return NULL;
	return &a->members[low - 1];
}

int archive_find(
    const struct archive *a, const char *name, const uint8_t **ret_data, size_t *ret_len)
{
	AUTO_FREE char *normal = normal_form(NULL, name);
	const struct member *m;

	if (!normal)
		return errno == ENOMEM ? -ENOMEM : -ENOENT;
	m = find_member(a, normal);
	for (int links = 0; m && m->link; links++) {
		if (links == LINKS_MAX)
			return -ELOOP;
		m = find_member(a, m->link);
	}
	if (!m)
		return -ENOENT;
	*ret_data = m->data;
	*ret_len = m->len;
	return 0;
}
