/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database of images: for the files of src/store/ alone
 */
#ifndef DOLIUM_STORE_IMAGES_DB_H
#define DOLIUM_STORE_IMAGES_DB_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/auto.h"

struct err;
struct store;

/* Opened at the first need. Reading -ENOENT: there is no database yet, so nothing is in it. */
int images_db_read(struct store *s, struct err *e);
int images_db_write(struct store *s, struct err *e); /* makes it where there is none */

/*
 * A statement with texts bound to it: `types` has 't' for a const char * (NULL is
 * null) and 'i' for an int64_t.
 */
int images_db_prepare(
    struct store *s, const char *sql, sqlite3_stmt **ret, struct err *e, const char *types, ...);
/* The same, run to its end. */
int images_db_run(struct store *s, const char *sql, struct err *e, const char *types, ...);
/* 1: there is a row; 0: the end. */
int images_db_step(struct store *s, sqlite3_stmt *statement, struct err *e);

static inline void statement_free(sqlite3_stmt *statement)
{
	sqlite3_finalize(statement);
}
AUTO_DEFINE(sqlite3_stmt *, statement_free);

#endif
