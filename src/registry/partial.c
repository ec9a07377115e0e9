/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partial blobs
 *
 * curl gives 16 KiB at a time; they are gathered, so that hashing and writing go
 * through the second-level cache in larger steps. A kill loses at most that much.
 */
#include "registry/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "os/file.h"
#include "registry/hash.h"

#define GATHER ((size_t)256 << 10)

struct partial {
	int dir_fd; /* borrowed */
	int fd;
	char hex[DIGEST_HEX_LEN + 1];
	struct digest digest;
	uint64_t size, done; /* done: hashed and written, or gathered */
	bool is_resumed;
	struct hash *hash;
	size_t n_gathered;
	uint8_t gathered[GATHER];
};

static int lock_file(int fd, bool wait)
{
	int r;

	do
		r = flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB));
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

/* Returns the fd of the file, locked. */
static int open_locked(int dir_fd, const char *hex, bool wait)
{
	AUTO_FD int fd = -1;
	struct stat st;
	int r;

	fd = file_open_beneath(dir_fd, hex, O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		return fd;
	r = lock_file(fd, wait);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADMSG;
	/* Unlinked while we waited: whoever had it is done with it. */
	return st.st_nlink == 0 ? -EALREADY : TAKE_FD(fd);
}

/* Hashes what an earlier run left. */
static int load(struct partial *p)
{
	for (;;) {
		ssize_t n = read(p->fd, p->gathered, sizeof(p->gathered));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		p->done += (size_t)n;
		/* Longer than it may be: not ours, or the size was said otherwise then. */
		if (p->done > p->size)
			return partial_restart(p);
		hash_add(p->hash, p->gathered, (size_t)n);
	}
	p->is_resumed = p->done > 0;
	return 0;
}

int partial_open(int dir_fd, const struct digest *digest, uint64_t size, bool wait,
    struct partial **ret_partial, struct err *e)
{
	AUTO(partial_close) struct partial *p = NULL;
	int r;

	p = malloc(sizeof(*p));
	if (!p)
		return err_set(e, -ENOMEM, "cannot keep a download");
	p->dir_fd = dir_fd;
	p->fd = -1;
	p->digest = *digest;
	p->size = size;
	p->done = 0;
	p->is_resumed = false;
	p->hash = NULL;
	p->n_gathered = 0;
	digest_hex(digest, p->hex);
	if (hash_new(&p->hash) < 0)
		return err_set(e, -ENOMEM, "cannot keep a download");

	p->fd = open_locked(dir_fd, p->hex, wait);
	if (p->fd == -EAGAIN || p->fd == -EALREADY)
		return p->fd;
	if (p->fd < 0)
		return err_set(e, p->fd, "cannot open the partial download '%s'", p->hex);
	r = load(p);
	if (r < 0)
		return err_set(e, r, "cannot read the partial download '%s'", p->hex);

	*ret_partial = TAKE(p);
	return 0;
}

static int flush(struct partial *p)
{
	int r;

	if (p->n_gathered == 0)
		return 0;
	r = file_write_fd(p->fd, p->gathered, p->n_gathered);
	hash_add(p->hash, p->gathered, p->n_gathered);
	p->n_gathered = 0;
	return r;
}

struct partial *partial_close(struct partial *p)
{
	if (!p)
		return NULL;
	if (p->fd >= 0) {
		(void)flush(p);
		close(p->fd);
	}
	hash_free(p->hash);
	free(p);
	return NULL;
}

uint64_t partial_done(const struct partial *p)
{
	return p->done;
}

bool partial_is_resumed(const struct partial *p)
{
	return p->is_resumed;
}

int partial_add(struct partial *p, const void *data, size_t len)
{
	const uint8_t *at = data;

	if (len > p->size - p->done)
		return -EFBIG;
	p->done += len;
	while (len > 0) {
		size_t n = GATHER - p->n_gathered < len ? GATHER - p->n_gathered : len;
		int r;

		memcpy(p->gathered + p->n_gathered, at, n);
		p->n_gathered += n;
		at += n;
		len -= n;
		r = p->n_gathered == GATHER ? flush(p) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

int partial_restart(struct partial *p)
{
	if (ftruncate(p->fd, 0) < 0 || lseek(p->fd, 0, SEEK_SET) < 0)
		return -errno;
	hash_restart(p->hash);
	p->done = 0;
	p->n_gathered = 0;
	p->is_resumed = false;
	return 0;
}

int partial_finish(struct partial *p, struct digest *ret_found)
{
	int r;

	r = flush(p);
	if (r < 0)
		return r;
	hash_finish(p->hash, ret_found);
	return digest_equal(ret_found, &p->digest) ? 0 : -EBADMSG;
}

void partial_drop(struct partial *p)
{
	p->n_gathered = 0;
	(void)unlinkat(p->dir_fd, p->hex, 0);
}
