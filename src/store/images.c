/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images: names, and what points at what
 */
#include "store/images.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "store/images_db.h"
#include "store/layer.h"
#include "store/snapshot.h"
#include "store/store.h"
#include "store/store_state.h"

#define IMAGE_COLUMNS "id, manifest, added, size, os, arch, variant"

struct image *image_free(struct image *image)
{
	if (!image)
		return NULL;
	free(image->layers);
	strv_done(&image->names);
	strv_done(&image->digests);
	free(image);
	return NULL;
}

void images_free(struct image **images, size_t n)
{
	for (size_t i = 0; i < n; i++)
		image_free(images[i]);
	free(images);
}

/* ---- reading ---- */

static const char *column(sqlite3_stmt *q, int i)
{
	const unsigned char *text = sqlite3_column_text(q, i);

	return text ? (const char *)text : "";
}

static int read_strings(
    struct store *s, const char *sql, const char *hex, struct strv *to, struct err *e)
{
	AUTO(statement_free) sqlite3_stmt *q = NULL;
	int r = images_db_prepare(s, sql, &q, e, "t", hex);

	while (r >= 0 && (r = images_db_step(s, q, e)) > 0) {
		r = strv_add(to, column(q, 0));
		if (r < 0)
			return err_set(e, r, "cannot read the list of images");
	}
	return r;
}

static int read_layers(struct store *s, const char *hex, struct image *image, struct err *e)
{
	AUTO(statement_free) sqlite3_stmt *q = NULL;
	int r = images_db_prepare(
	    s, "SELECT diff_id FROM layers WHERE image=?1 ORDER BY position", &q, e, "t", hex);

	while (r >= 0 && (r = images_db_step(s, q, e)) > 0) {
		struct digest *more = realloc(image->layers, (image->n_layers + 1) * sizeof(*more));

		if (!more)
			return err_set(e, -ENOMEM, "cannot read the list of images");
		image->layers = more;
		if (digest_parse_hex(column(q, 0), &more[image->n_layers]) < 0)
			return err_refuse(e, -EBADMSG, "the list of images is damaged: no diffID");
		image->n_layers++;
	}
	return r;
}

static int read_image(struct store *s, sqlite3_stmt *q, struct image **ret, struct err *e)
{
	AUTO(image_free) struct image *image = calloc(1, sizeof(*image));
	char hex[DIGEST_HEX_LEN + 1];
	int r;

	if (!image)
		return err_set(e, -ENOMEM, "cannot read the list of images");
	if (digest_parse_hex(column(q, 0), &image->id) < 0)
		return err_refuse(e, -EBADMSG, "the list of images is damaged: no image id");
	if (*column(q, 1) && digest_parse_hex(column(q, 1), &image->manifest) < 0)
		return err_refuse(e, -EBADMSG, "the list of images is damaged: no manifest digest");
	image->added = sqlite3_column_int64(q, 2);
	image->size = (uint64_t)sqlite3_column_int64(q, 3);
	snprintf(image->os, sizeof(image->os), "%s", column(q, 4));
	snprintf(image->arch, sizeof(image->arch), "%s", column(q, 5));
	snprintf(image->variant, sizeof(image->variant), "%s", column(q, 6));

	digest_hex(&image->id, hex);
	r = read_layers(s, hex, image, e);
	if (r >= 0)
		r = read_strings(s, "SELECT name FROM names WHERE image=?1 ORDER BY name", hex,
		    &image->names, e);
	if (r >= 0)
		r = read_strings(s, "SELECT digest FROM digests WHERE image=?1 ORDER BY digest",
		    hex, &image->digests, e);
	if (r < 0)
		return r;
	*ret = TAKE(image);
	return 0;
}

static int no_such_image(const char *what, struct err *e)
{
	return err_refuse(e, -ENOENT, "no such image: '%s'", what);
}

/* Runs a query for one image. 1: found; 0: not. */
static int find_by(
    struct store *s, const char *sql, const char *key, struct image **ret, struct err *e)
{
	AUTO(statement_free) sqlite3_stmt *q = NULL;
	int r = images_db_prepare(s, sql, &q, e, "t", key);

	if (r >= 0)
		r = images_db_step(s, q, e);
	if (r <= 0)
		return r;
	r = read_image(s, q, ret, e);
	return r < 0 ? r : 1;
}

static const char *hex_part(const char *what)
{
	if (strncmp(what, "sha256:", 7) == 0)
		what += 7;
	if (!*what || strlen(what) > DIGEST_HEX_LEN ||
	    what[strspn(what, "0123456789abcdef")] != '\0')
		return NULL;
	return what;
}

/* By the start of its id; 'g' comes behind all digits. */
static int find_by_prefix(struct store *s, const char *hex, struct image **ret, struct err *e)
{
	AUTO(statement_free) sqlite3_stmt *q = NULL;
	AUTO(image_free) struct image *image = NULL;
	int r;

	r = images_db_prepare(s,
	    "SELECT " IMAGE_COLUMNS " FROM images WHERE id >= ?1 AND id < ?1 || 'g' LIMIT 2", &q, e,
	    "t", hex);
	if (r >= 0)
		r = images_db_step(s, q, e);
	if (r <= 0)
		return r;
	r = read_image(s, q, &image, e);
	if (r >= 0)
		r = images_db_step(s, q, e);
	if (r > 0)
		return err_refuse(
		    e, -ENOTUNIQ, "several images have an id that starts with '%s'", hex);
	if (r < 0)
		return r;
	*ret = TAKE(image);
	return 1;
}

static int find(struct store *s, const char *what, struct image **ret, struct err *e)
{
	const char *hex = hex_part(what);
	int r;

	r = find_by(s,
	    "SELECT " IMAGE_COLUMNS
	    " FROM images WHERE id = (SELECT image FROM names WHERE name=?1)",
	    what, ret, e);
	if (r == 0 && strchr(what, '@'))
		r = find_by(s,
		    "SELECT " IMAGE_COLUMNS
		    " FROM images WHERE id = (SELECT image FROM digests WHERE digest=?1)",
		    what, ret, e);
	if (r == 0 && hex)
		r = find_by_prefix(s, hex, ret, e);
	return r;
}

int image_find(struct store *s, const char *what, struct image **ret_image, struct err *e)
{
	int r = images_db_read(s, e);

	if (r == -ENOENT)
		return no_such_image(what, e);
	/* One lock for the four questions, not four. */
	if (r >= 0)
		r = images_db_run(s, "BEGIN", e, "");
	if (r < 0)
		return r;
	r = find(s, what, ret_image, e);
	(void)images_db_run(s, "COMMIT", NULL, "");
	if (r == 0)
		return no_such_image(what, e);
	return r < 0 ? r : 0;
}

int images_list(struct store *s, struct image ***ret_images, size_t *ret_n, struct err *e)
{
	AUTO(statement_free) sqlite3_stmt *q = NULL;
	struct image **images = NULL;
	size_t n = 0;
	int r = images_db_read(s, e);

	if (r == -ENOENT) {
		*ret_images = NULL;
		*ret_n = 0;
		return 0;
	}
	if (r >= 0)
		r = images_db_prepare(
		    s, "SELECT " IMAGE_COLUMNS " FROM images ORDER BY added DESC, id", &q, e, "");
	while (r >= 0 && (r = images_db_step(s, q, e)) > 0) {
		struct image **more = realloc(images, (n + 1) * sizeof(struct image *));

		if (!more) {
			r = err_set(e, -ENOMEM, "cannot read the list of images");
			break;
		}
		images = more;
		r = read_image(s, q, &images[n], e);
		if (r >= 0)
			n++;
	}
	if (r < 0) {
		images_free(images, n);
		return r;
	}
	*ret_images = images;
	*ret_n = n;
	return 0;
}

/* ---- changing ---- */

/* Runs `change` in one transaction that is durable when it returns. */
static int transact(struct store *s, int (*change)(struct store *, void *, struct err *),
    void *argument, struct err *e)
{
	int r = images_db_write(s, e);

	if (r >= 0)
		r = images_db_run(s, "BEGIN IMMEDIATE", e, "");
	if (r < 0)
		return r;
	r = change(s, argument, e);
	if (r >= 0)
		r = images_db_run(s, "COMMIT", e, "");
	if (r < 0)
		(void)images_db_run(s, "ROLLBACK", NULL, "");
	return r;
}

struct record {
	const struct image *image;
	const char *name, *repo_digest;
};

static bool is_zero(const struct digest *digest)
{
	static const struct digest zero;

	return digest_equal(digest, &zero);
}

static int insert_image(struct store *s, const struct image *image, const char *hex, struct err *e)
{
	char manifest[DIGEST_HEX_LEN + 1];

	digest_hex(&image->manifest, manifest);
	return images_db_run(s,
	    "INSERT INTO images(" IMAGE_COLUMNS ") VALUES(?1,?2,?3,?4,?5,?6,?7) "
	    "ON CONFLICT(id) DO UPDATE SET manifest=coalesce(?2,manifest), size=?4",
	    e, "ttiittt", hex, is_zero(&image->manifest) ? NULL : manifest, image->added,
	    (int64_t)image->size, image->os, image->arch, image->variant);
}

static int insert_layers(struct store *s, const struct image *image, const char *hex, struct err *e)
{
	int r = images_db_run(s, "DELETE FROM layers WHERE image=?1", e, "t", hex);

	for (size_t i = 0; r >= 0 && i < image->n_layers; i++) {
		char layer[DIGEST_HEX_LEN + 1];

		digest_hex(&image->layers[i], layer);
		r = images_db_run(
		    s, "INSERT INTO layers VALUES(?1,?2,?3)", e, "tit", hex, (int64_t)i, layer);
	}
	return r;
}

static int record(struct store *s, void *argument, struct err *e)
{
	const struct record *x = argument;
	char hex[DIGEST_HEX_LEN + 1];
	int r;

	digest_hex(&x->image->id, hex);
	r = insert_image(s, x->image, hex, e);
	if (r >= 0)
		r = insert_layers(s, x->image, hex, e);
	if (r >= 0 && x->name)
		r = images_db_run(
		    s, "INSERT OR REPLACE INTO names VALUES(?1,?2)", e, "tt", x->name, hex);
	if (r >= 0 && x->repo_digest)
		r = images_db_run(s, "INSERT OR REPLACE INTO digests VALUES(?1,?2)", e, "tt",
		    x->repo_digest, hex);
	return r;
}

/* What its roots need beside the layers: now, so that the first container has not to wait for it.
 */
static int compose(struct store *s, const struct image *image, struct err *e)
{
	const struct snapshot_driver *driver;
	int r = snapshot_of(s, false, &driver, e);

	if (r < 0 || !driver->compose)
		return r;
	return driver->compose(s, image->layers, image->n_layers, e);
}

int image_record(struct store *s, const struct image *image, const char *name,
    const char *repo_digest, struct err *e)
{
	struct record x = { .image = image, .name = name, .repo_digest = repo_digest };
	AUTO_FD int hold = store_hold(s, e);
	char text[DIGEST_TEXT_MAX];
	int r;

	if (hold < 0)
		return hold;
	digest_format(&image->id, text);
	if (!store_blob_exists(s, &image->id))
		return err_refuse(
		    e, -ENOENT, "cannot record image '%s': its configuration is missing", text);
	for (size_t i = 0; i < image->n_layers; i++) {
		if (!layer_exists(s, &image->layers[i]))
			return err_refuse(
			    e, -ENOENT, "cannot record image '%s': a layer is missing", text);
	}
	r = compose(s, image, e);
	return r < 0 ? r : transact(s, record, &x, e);
}

struct naming {
	const char *hex, *name;
};

static int add_name(struct store *s, void *argument, struct err *e)
{
	const struct naming *x = argument;
	AUTO(statement_free) sqlite3_stmt *q = NULL;
	int r = images_db_prepare(s, "SELECT 1 FROM images WHERE id=?1", &q, e, "t", x->hex);

	if (r >= 0)
		r = images_db_step(s, q, e);
	if (r == 0)
		return no_such_image(x->hex, e);
	return r < 0 ? r
	             : images_db_run(s, "INSERT OR REPLACE INTO names VALUES(?1,?2)", e, "tt",
	                   x->name, x->hex);
}

int image_name_add(struct store *s, const struct digest *id, const char *name, struct err *e)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(id, hex);
	return transact(s, add_name, &(struct naming){ .hex = hex, .name = name }, e);
}

static int remove_name(struct store *s, void *argument, struct err *e)
{
	const struct naming *x = argument;
	int r = images_db_run(s, "DELETE FROM names WHERE name=?1", e, "t", x->name);

	if (r >= 0 && sqlite3_changes(s->db) == 0)
		return no_such_image(x->name, e);
	return r;
}

int image_name_remove(struct store *s, const char *name, struct err *e)
{
	return transact(s, remove_name, &(struct naming){ .name = name }, e);
}

static int remove_image(struct store *s, void *argument, struct err *e)
{
	const struct naming *x = argument;
	int r = images_db_run(s, "DELETE FROM images WHERE id=?1", e, "t", x->hex);

	if (r >= 0 && sqlite3_changes(s->db) == 0)
		return no_such_image(x->hex, e);
	if (r >= 0)
		r = images_db_run(s, "DELETE FROM layers WHERE image=?1", e, "t", x->hex);
	if (r >= 0)
		r = images_db_run(s, "DELETE FROM names WHERE image=?1", e, "t", x->hex);
	if (r >= 0)
		r = images_db_run(s, "DELETE FROM digests WHERE image=?1", e, "t", x->hex);
	return r;
}

int image_remove(struct store *s, const struct digest *id, struct err *e)
{
	char hex[DIGEST_HEX_LEN + 1];
	uint64_t bytes;
	int r;

	digest_hex(id, hex);
	r = transact(s, remove_image, &(struct naming){ .hex = hex }, e);
	return r < 0 ? r : images_collect(s, &bytes, e);
}

/* ---- the nearest name ---- */

/* As people type it: "docker.io/library/debian:latest" is "debian". The caller frees it. */
static char *familiar(const char *name)
{
	size_t len;
	char *copy;

	if (strncmp(name, "docker.io/", 10) == 0)
		name += 10;
	if (strncmp(name, "library/", 8) == 0)
		name += 8;
	copy = strdup(name);
	len = strlen(name);
	if (copy && len > 7 && strcmp(copy + len - 7, ":latest") == 0)
		copy[len - 7] = '\0';
	return copy;
}

/* How many letters to add, drop or change; UINT_MAX where a text is too long to care. */
static unsigned distance(const char *a, const char *b)
{
	enum { MAX = 128 };
	unsigned row[MAX + 1];
	size_t n_a = strlen(a), n_b = strlen(b);

	if (n_a > MAX || n_b > MAX)
		return ~0U;
	for (unsigned j = 0; j <= n_b; j++)
		row[j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= n_b; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n_b];
}

int image_suggest(struct store *s, const char *name, char **ret_name)
{
	AUTO(statement_free) sqlite3_stmt *q = NULL;
	AUTO_FREE char *wanted = familiar(name), *best = NULL;
	unsigned best_distance;
	int r;

	if (!wanted)
		return -ENOMEM;
	/* A third of it may be wrong, but not all of a short one. */
	best_distance = (unsigned)(strlen(wanted) < 6 ? 2 : strlen(wanted) / 3) + 1;
	if (best_distance > strlen(wanted))
		best_distance = (unsigned)strlen(wanted);
	r = images_db_read(s, NULL);
	if (r >= 0)
		r = images_db_prepare(s, "SELECT name FROM names ORDER BY name", &q, NULL, "");
	while (r >= 0 && (r = images_db_step(s, q, NULL)) > 0) {
		AUTO_FREE char *have = familiar(column(q, 0));
		unsigned d = have ? distance(wanted, have) : ~0U;

		if (d < best_distance) {
			best_distance = d;
			free(best);
			best = TAKE(have);
		}
	}
	if (r < 0 || !best)
		return r < 0 ? r : -ENOENT;
	*ret_name = TAKE(best);
	return 0;
}
