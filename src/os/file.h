/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole files, read and written at once
 *
 * A path is taken relative to a directory fd and may not leave it. "Beneath"
 * refuses every symbolic link on the way: for folders that are ours. "In root"
 * follows links as if dir_fd were '/': for what is in a container's root. No
 * call here makes a report; each returns a negative errno.
 */
#ifndef DOLIUM_OS_FILE_H
#define DOLIUM_OS_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Opens `path` below `dir_fd`. Returns an fd that the caller owns. -EXDEV, -ELOOP: the path leads
 * out or over a link. */
int file_open_beneath(int dir_fd, const char *path, int flags, mode_t mode);

/* Opens `path` with `root_fd` as its '/' (openat2, RESOLVE_IN_ROOT and no magic links). */
int file_open_in_root(int root_fd, const char *path, int flags, mode_t mode);

/*
 * Reads the file whole. On success *ret_text is the caller's to free and ends
 * in a NUL that *ret_len (may be NULL) does not count. -EFBIG: more than `max` bytes.
 */
int file_read(int dir_fd, const char *path, size_t max, char **ret_text, size_t *ret_len);
/* The same, from an open file, from where it stands. */
int file_read_fd(int fd, size_t max, char **ret_text, size_t *ret_len);

/* The same, of a file of the host by its path: links are followed, nothing is kept beneath
 * anything. */
int file_read_path(const char *path, size_t max, char **ret_text, size_t *ret_len);

/* Writes all of it. */
int file_write_fd(int fd, const void *data, size_t len);

/*
 * Replaces the file in one step: a reader sees the old bytes or the new, never
 * a part. file_replace() is durable on return; file_replace_fast() leaves that to the
 * kernel, for what is made anew after a crash.
 */
int file_replace(int dir_fd, const char *path, const void *data, size_t len, mode_t mode);
int file_replace_fast(int dir_fd, const char *path, const void *data, size_t len, mode_t mode);

#endif
