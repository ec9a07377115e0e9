/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collecting what no image needs
 *
 * Only while nobody holds the store: what a pull has brought in and not recorded
 * yet looks like garbage. If somebody does, the next collection will do.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/err.h"
#include "os/dir.h"
#include "os/file.h"
#include "store/chain.h"
#include "store/erofs_image.h"
#include "store/images.h"
#include "store/images_db.h"
#include "store/layer.h"
#include "store/store.h"
#include "store/store_state.h"

#define PARTIAL_DAYS 7 /* a download that nobody has resumed for so long */

struct live {
	struct digest *items;
	size_t n, room;
};

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct digest));
}

static bool is_live(const struct live *live, const struct digest *digest)
{
	return live->n > 0 &&
	    bsearch(digest, live->items, live->n, sizeof(*digest), compare) != NULL;
}

static int read_live(struct store *s, const char *sql, struct live *to, struct err *e)
{
	AUTO(statement_free) sqlite3_stmt *q = NULL;
	int r = images_db_prepare(s, sql, &q, e, "");

	while (r >= 0 && (r = images_db_step(s, q, e)) > 0) {
		const char *hex = (const char *)sqlite3_column_text(q, 0);

		if (to->n == to->room) {
			size_t room = to->room ? to->room * 2 : 64;
			struct digest *more = realloc(to->items, room * sizeof(*more));

			if (!more)
				return err_set(e, -ENOMEM, "cannot collect garbage");
			to->items = more;
			to->room = room;
		}
		if (!hex || digest_parse_hex(hex, &to->items[to->n]) < 0)
			return err_refuse(e, -EBADMSG, "the list of images is damaged: no digest");
		to->n++;
	}
	if (r >= 0 && to->n > 0)
		qsort(to->items, to->n, sizeof(struct digest), compare);
	return r;
}

/* Removes what a folder has besides what lives; each removal says how many bytes it gave back. */
static uint64_t remove_dead(struct store *s, const char *folder, const struct live *live,
    uint64_t (*remove)(struct store *, int dir_fd, const char *name))
{
	AUTO_FD int fd = file_open_beneath(s->root_fd, folder, O_RDONLY | O_DIRECTORY, 0);
	AUTO(dir_close) DIR *dir = NULL;
	const struct dirent *x;
	uint64_t bytes = 0;

	if (fd >= 0)
		(void)dir_open(fd, ".", &dir);
	while (dir && (x = dir_next(dir))) {
		struct digest digest;

		if (digest_parse_hex(x->d_name, &digest) >= 0 && !is_live(live, &digest))
			bytes += remove(s, dirfd(dir), x->d_name);
	}
	return bytes;
}

static uint64_t remove_blob(struct store *s, int dir_fd, const char *name)
{
	struct stat st = { 0 };

	(void)s;
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || unlinkat(dir_fd, name, 0) < 0)
		return 0;
	return (uint64_t)st.st_size;
}

/* The chains of all images, whose indexes are to stay. */
static int read_chains(struct store *s, struct live *to, struct err *e)
{
	struct image **images;
	size_t n;
	int r = images_list(s, &images, &n, e);

	if (r < 0)
		return r;
	to->items = calloc(n + 1, sizeof(*to->items));
	for (size_t i = 0; i < n && to->items; i++) {
		if (images[i]->n_layers > 0)
			chain_id(images[i]->layers, images[i]->n_layers, &to->items[to->n++]);
	}
	images_free(images, n);
	if (!to->items)
		return err_set(e, -ENOMEM, "cannot collect garbage");
	qsort(to->items, to->n, sizeof(struct digest), compare);
	return 0;
}

/* Also those of another version: they are derived, and that version makes its own again. */
static uint64_t remove_dead_indexes(struct store *s, const struct live *chains)
{
	AUTO(dir_close) DIR *dir = NULL;
	const struct dirent *x;
	uint64_t bytes = 0;

	(void)dir_open(s->root_fd, "images", &dir);
	while (dir && (x = dir_next(dir))) {
		char hex[DIGEST_HEX_LEN + 1], name[EROFS_IMAGE_NAME_MAX] = "";
		struct digest chain;

		snprintf(hex, sizeof(hex), "%.*s", DIGEST_HEX_LEN, x->d_name);
		if (digest_parse_hex(hex, &chain) >= 0)
			erofs_image_name(&chain, name);
		if (strcmp(name, x->d_name) != 0 || !is_live(chains, &chain))
			bytes += remove_blob(s, dirfd(dir), x->d_name);
	}
	return bytes;
}

static uint64_t remove_layer(struct store *s, int dir_fd, const char *name)
{
	struct layer_record record = { 0 };
	struct digest diff_id;

	if (digest_parse_hex(name, &diff_id) < 0)
		return 0;
	(void)layer_read_record(s, &diff_id, &record, NULL);
	return store_discard(s, dir_fd, name, NULL) < 0 ? 0 : record.disk_bytes;
}

/* A download that nobody writes to and nobody has resumed for days. */
static uint64_t remove_old_partial(struct store *s, int dir_fd, const char *name)
{
	AUTO_FD int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &st) < 0 ||
	    st.st_mtime + PARTIAL_DAYS * 86400 > time(NULL))
		return 0;
	return remove_blob(s, dir_fd, name);
}

/* Any download that nobody writes to. */
static uint64_t remove_partial(struct store *s, int dir_fd, const char *name)
{
	AUTO_FD int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	return remove_blob(s, dir_fd, name);
}

uint64_t images_drop_partials(struct store *s)
{
	static const struct live none;
	/* A layer that is whole and waits to be unpacked has no lock of its own; who pulls holds
	 * the store. */
	AUTO_FD int lock = store_lock_out(s);

	return lock < 0 ? 0 : remove_dead(s, "blobs/partial", &none, remove_partial);
}

static int collect(struct store *s, struct live *layers, struct live *blobs, struct live *chains,
    uint64_t *ret_bytes, struct err *e)
{
	static const struct live none;
	int r = images_db_read(s, e);

	/* No database: no image was ever recorded, and nothing is needed. */
	if (r < 0 && r != -ENOENT)
		return r;
	if (r >= 0)
		r = read_live(s, "SELECT DISTINCT diff_id FROM layers", layers, e);
	if (r >= 0)
		r = read_live(s,
		    "SELECT id FROM images UNION SELECT manifest FROM images WHERE manifest NOT "
		    "NULL",
		    blobs, e);
	if (r >= 0)
		r = read_chains(s, chains, e);
	if (r < 0 && r != -ENOENT)
		return r;

	*ret_bytes = remove_dead_indexes(s, chains);
	*ret_bytes += remove_dead(s, "layers", layers, remove_layer);
	*ret_bytes += remove_dead(s, "blobs/sha256", blobs, remove_blob);
	*ret_bytes += remove_dead(s, "blobs/partial", &none, remove_old_partial);
	return 0;
}

int images_collect(struct store *s, uint64_t *ret_bytes, struct err *e)
{
	struct live layers = { 0 }, blobs = { 0 }, chains = { 0 };
	AUTO_FD int lock = store_lock_out(s);
	uint64_t bytes = 0;
	int r;

	if (lock == -EWOULDBLOCK) {
		*ret_bytes = 0;
		return 0;
	}
	if (lock < 0)
		return err_set(e, lock, "cannot lock the store '%s'", s->path);
	r = collect(s, &layers, &blobs, &chains, &bytes, e);
	free(layers.items);
	free(blobs.items);
	free(chains.items);
	if (r < 0)
		return r;
	*ret_bytes = bytes;
	return 0;
}
