/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an open store is: for the files of src/store/ alone
 */
#ifndef DOLIUM_STORE_STORE_STATE_H
#define DOLIUM_STORE_STORE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "format/digest.h"

struct erofs_mounts;
struct err;
struct snapshot_driver;
struct sqlite3;

#define STORE_NAME_LEN 16 /* of what is made in tmp/ and trash/ */
#define STORE_PATH_MAX 128 /* of a path below the root that the store itself makes */

struct store {
	int root_fd;
	int partial_fd; /* -1 until it is asked for */
	char *path;
	char *worker; /* NULL: not said */
	char *driver_wanted; /* NULL: not said */
	const struct snapshot_driver *driver; /* NULL until it is known */
	char *run_path; /* NULL: not said */
	struct erofs_mounts *mounts; /* NULL: none */
	struct sqlite3 *db; /* NULL until it is needed */
	bool db_is_writable; /* set up for it */
};

void store_random_name(char to[STORE_NAME_LEN + 1]);

/* "<folder>/<hex digits>" */
void store_digest_path(const char *folder, const struct digest *digest, char to[STORE_PATH_MAX]);

/* fsync of a folder below the root: names in it become durable. */
int store_sync_dir(struct store *s, const char *folder);

/*
 * Takes the exclusive lock against store_hold(). Returns an fd that gives it back
 * when it is closed. -EWOULDBLOCK: an operation holds the store.
 */
int store_lock_out(struct store *s);

/* Makes a fresh directory in tmp/ and locks it against the sweep. Returns its fd, the lock. */
int store_tmp_dir(struct store *s, char ret_name[STORE_NAME_LEN + 1]);

/* Lets go of what the driver erofs has mounted for this process, if anything. */
void erofs_unmount(struct store *s);

/* Closes the database, if it is open. */
void images_close(struct store *s);

#endif
