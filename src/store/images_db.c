/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database of images
 *
 * dolium.db, with a rollback journal and not a write-ahead log: to read one, each
 * `dolium run` would rebuild the log's index (70 system calls), and the last to close
 * waits for three fdatasync. A reader waits for a writer, for the milliseconds that one takes.
 */
#include "store/images_db.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/err.h"
#include "store/store_state.h"

#define DB_NAME         "dolium.db"
#define SCHEMA          1
#define BUSY_TIMEOUT_MS 20000

/* Digests are hex digits: so a prefix of an id is a range of the index. */
static const char schema_sql[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS images("
    " id TEXT PRIMARY KEY, manifest TEXT, added INTEGER NOT NULL, size INTEGER NOT NULL,"
    " os TEXT NOT NULL, arch TEXT NOT NULL, variant TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS layers("
    " image TEXT NOT NULL, position INTEGER NOT NULL, diff_id TEXT NOT NULL,"
    " PRIMARY KEY(image, position)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS names("
    " name TEXT PRIMARY KEY, image TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS digests("
    " digest TEXT PRIMARY KEY, image TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS names_image ON names(image);"
    "CREATE INDEX IF NOT EXISTS digests_image ON digests(image);"
    "PRAGMA user_version=1;"
    "COMMIT;";

static int damaged(struct store *s, struct err *e)
{
	err_refuse(e, -EBADMSG, "the list of images '%s/" DB_NAME "' is damaged", s->path);
	err_hint(e,
	    "move it away and pull or load the images again; layers that are there are "
	    "not fetched twice");
	return -EBADMSG;
}

/* Turns the failure of the last call into a report. */
static int failed(struct store *s, const char *what, struct err *e)
{
	int code = s->db ? sqlite3_errcode(s->db) & 0xff : SQLITE_NOMEM;

	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		return damaged(s, e);
	if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
		return err_refuse(e, -EBUSY, "cannot %s: the list of images stayed locked for %d s",
		    what, BUSY_TIMEOUT_MS / 1000);
	if (code == SQLITE_FULL)
		return err_set(e, -ENOSPC, "cannot %s", what);
	if (code == SQLITE_NOMEM)
		return err_set(e, -ENOMEM, "cannot %s", what);
	return err_refuse(e, -EIO, "cannot %s: %s", what, sqlite3_errmsg(s->db));
}

void images_close(struct store *s)
{
	/* A statement that is still open would be a mistake of ours; then this does nothing. */
	sqlite3_close(s->db);
	s->db = NULL;
	s->db_is_writable = false;
}

static int step_number(struct store *s, const char *sql, int64_t *ret)
{
	AUTO(statement_free) sqlite3_stmt *q = NULL;
	int r = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);

	if (r == SQLITE_OK)
		r = sqlite3_step(q);
	if (r != SQLITE_ROW)
		return -EIO;
	*ret = sqlite3_column_int64(q, 0);
	return 0;
}

/* Makes tables in a new database; refuses one of a later dolium. */
static int check_schema(struct store *s, bool may_write, struct err *e)
{
	int64_t version = 0;

	if (step_number(s, "PRAGMA user_version", &version) < 0)
		return failed(s, "read the list of images", e);
	if (version > SCHEMA)
		return err_refuse(e, -EOPNOTSUPP,
		    "the list of images '%s/" DB_NAME "' was written by a newer dolium", s->path);
	if (version == SCHEMA)
		return 0;
	/* Made, and not filled yet: by somebody who was killed, or is at it right now. */
	if (!may_write)
		return -ENOENT;
	if (sqlite3_exec(s->db, "PRAGMA journal_mode=TRUNCATE", NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(s->db, schema_sql, NULL, NULL, NULL) != SQLITE_OK) {
		int r = failed(s, "make the list of images", e);

		(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
		return r;
	}
	return 0;
}

static void set_up(struct store *s)
{
	sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);
	/* It is ours alone, but a file may have been put in its place: no code from its schema. */
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
}

static int open_db(struct store *s, bool may_write, struct err *e)
{
	const int flags =
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (may_write ? SQLITE_OPEN_CREATE : 0);
	AUTO_FREE char *path = NULL;
	mode_t mask;
	int r;

	if (asprintf(&path, "%s/" DB_NAME, s->path) < 0) {
		path = NULL;
		return err_set(e, -ENOMEM, "cannot open the list of images");
	}
	mask = may_write ? umask(077) : 0;
	r = sqlite3_open_v2(path, &s->db, flags, NULL);
	if (may_write)
		umask(mask);
	if (r == SQLITE_CANTOPEN && !may_write && access(path, F_OK) < 0 && errno == ENOENT)
		r = -ENOENT;
	else if (r != SQLITE_OK)
		r = failed(s, "open the list of images", e);
	if (r >= 0)
		set_up(s);
	if (r >= 0)
		r = check_schema(s, may_write, e);
	if (r < 0) {
		images_close(s);
		return r;
	}
	return 0;
}

int images_db_read(struct store *s, struct err *e)
{
	return s->db ? 0 : open_db(s, false, e);
}

int images_db_write(struct store *s, struct err *e)
{
	int r = s->db ? 0 : open_db(s, true, e);

	if (r < 0 || s->db_is_writable)
		return r;
	/* What it is anyway, unless somebody has built SQLite to be faster than safe. */
	if (sqlite3_exec(s->db, "PRAGMA synchronous=FULL", NULL, NULL, NULL) != SQLITE_OK)
		return failed(s, "open the list of images", e);
	s->db_is_writable = true;
	return 0;
}

static int prepare(struct store *s, const char *sql, sqlite3_stmt **ret, struct err *e,
    const char *types, va_list ap)
{
	AUTO(statement_free) sqlite3_stmt *q = NULL;
	int r = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);

	for (int i = 1; r == SQLITE_OK && *types; types++, i++) {
		if (*types == 't')
			r = sqlite3_bind_text(q, i, va_arg(ap, const char *), -1, SQLITE_TRANSIENT);
		else
			r = sqlite3_bind_int64(q, i, va_arg(ap, int64_t));
	}
	if (r != SQLITE_OK)
		return failed(s, "read the list of images", e);
	*ret = TAKE(q);
	return 0;
}

int images_db_prepare(
    struct store *s, const char *sql, sqlite3_stmt **ret, struct err *e, const char *types, ...)
{
	va_list ap;
	int r;

	va_start(ap, types);
	r = prepare(s, sql, ret, e, types, ap);
	va_end(ap);
	return r;
}

int images_db_step(struct store *s, sqlite3_stmt *statement, struct err *e)
{
	int r = sqlite3_step(statement);

	if (r == SQLITE_ROW)
		return 1;
	if (r == SQLITE_DONE)
		return 0;
	return failed(s, "use the list of images", e);
}

int images_db_run(struct store *s, const char *sql, struct err *e, const char *types, ...)
{
	AUTO(statement_free) sqlite3_stmt *q = NULL;
	va_list ap;
	int r;

	va_start(ap, types);
	r = prepare(s, sql, &q, e, types, ap);
	va_end(ap);
	while (r >= 0 && (r = images_db_step(s, q, e)) > 0)
		;
	return r;
}
