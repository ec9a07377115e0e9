/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blobs: bytes named by their sha256
 *
 * Small ones are made as a file without a name, so that a kill leaves nothing.
 * Fetched ones grow in blobs/partial and are renamed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "os/file.h"
#include "store/store.h"
#include "store/store_state.h"

#define BLOBS   "blobs/sha256"
#define PARTIAL "blobs/partial"

static int no_such_blob(const struct digest *digest, struct err *e)
{
	char text[DIGEST_TEXT_MAX];

	digest_format(digest, text);
	return err_refuse(e, -ENOENT, "no such blob: '%s'", text);
}

static int blob_failed(const struct digest *digest, const char *verb, int code, struct err *e)
{
	char text[DIGEST_TEXT_MAX];

	digest_format(digest, text);
	return err_set(e, code, "cannot %s blob '%s'", verb, text);
}

int store_blob_open(struct store *s, const struct digest *digest, struct err *e)
{
	char path[STORE_PATH_MAX];
	int fd;

	store_digest_path(BLOBS, digest, path);
	fd = file_open_beneath(s->root_fd, path, O_RDONLY, 0);
	if (fd == -ENOENT)
		return no_such_blob(digest, e);
	return fd < 0 ? blob_failed(digest, "open", fd, e) : fd;
}

bool store_blob_exists(struct store *s, const struct digest *digest)
{
	char path[STORE_PATH_MAX];

	store_digest_path(BLOBS, digest, path);
	return faccessat(s->root_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int store_blob_read(struct store *s, const struct digest *digest, size_t max, char **ret_data,
    size_t *ret_len, struct err *e)
{
	AUTO_FD int fd = store_blob_open(s, digest, e);
	int r;

	if (fd < 0)
		return fd;
	r = file_read_fd(fd, max, ret_data, ret_len);
	return r < 0 ? blob_failed(digest, "read", r, e) : 0;
}

/* Gives a file that has no name the blob's. Fine when it is there already. */
static int name_blob(struct store *s, int fd, const char *path)
{
	char self[32];

	if (linkat(fd, "", s->root_fd, path, AT_EMPTY_PATH) == 0 || errno == EEXIST)
		return 0;
	/* Without CAP_DAC_READ_SEARCH there is only the way through /proc. */
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, self, s->root_fd, path, AT_SYMLINK_FOLLOW) == 0 || errno == EEXIST)
		return 0;
	return -errno;
}

int store_blob_put(
    struct store *s, const void *data, size_t len, struct digest *ret_digest, struct err *e)
{
	AUTO_FD int fd = -1;
	char path[STORE_PATH_MAX];
	struct digest digest;
	int r;

	if (EVP_Digest(data, len, digest.bytes, NULL, EVP_sha256(), NULL) != 1)
		return err_refuse(e, -EIO, "cannot hash a blob");
	*ret_digest = digest;
	if (store_blob_exists(s, &digest))
		return 0;

	fd = file_open_beneath(s->root_fd, BLOBS, O_TMPFILE | O_RDWR, 0600);
	if (fd < 0)
		return blob_failed(&digest, "make", fd, e);
	r = file_write_fd(fd, data, len);
	if (r >= 0 && fsync(fd) < 0)
		r = -errno;
	store_digest_path(BLOBS, &digest, path);
	if (r >= 0)
		r = name_blob(s, fd, path);
	if (r >= 0)
		r = store_sync_dir(s, BLOBS);
	return r < 0 ? blob_failed(&digest, "write", r, e) : 0;
}

int store_partial_dir(struct store *s)
{
	if (s->partial_fd < 0)
		s->partial_fd = file_open_beneath(s->root_fd, PARTIAL, O_RDONLY | O_DIRECTORY, 0);
	return s->partial_fd;
}

int store_blob_remove(struct store *s, const struct digest *digest, struct err *e)
{
	char path[STORE_PATH_MAX];

	store_digest_path(BLOBS, digest, path);
	if (unlinkat(s->root_fd, path, 0) < 0)
		return errno == ENOENT ? no_such_blob(digest, e)
		                       : blob_failed(digest, "remove", -errno, e);
	return 0;
}
