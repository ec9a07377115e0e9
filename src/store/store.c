/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: images, layers and roots on disk
 *
 * Opening it takes three system calls when it is there already: `dolium run`
 * does it each time. The last folder that is made stands for all of them.
 */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/err.h"
#include "os/file.h"
#include "store/store_state.h"

/* Parents first. */
static const char *const folders[] = {
	"blobs",
	"blobs/sha256",
	"blobs/partial",
	"layers",
	"images",
	"containers",
	"volumes",
	"tmp",
	"trash",
};

#define N_FOLDERS (sizeof(folders) / sizeof(folders[0]))

void store_random_name(char to[STORE_NAME_LEN + 1])
{
	uint64_t bits = 0;

	/* Cannot fail for so few bytes; and a name that is taken is only tried again. */
	(void)!getrandom(&bits, sizeof(bits), 0);
	snprintf(to, STORE_NAME_LEN + 1, "%016llx", (unsigned long long)bits);
}

void store_digest_path(const char *folder, const struct digest *digest, char to[STORE_PATH_MAX])
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(digest, hex);
	snprintf(to, STORE_PATH_MAX, "%s/%s", folder, hex);
}

int store_sync_dir(struct store *s, const char *folder)
{
	AUTO_FD int fd = file_open_beneath(s->root_fd, folder, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return fd;
	return fsync(fd) < 0 ? -errno : 0;
}

/* "a/b/c" from the outside in; what is there is fine. */
static int make_parents(const char *path)
{
	AUTO_FREE char *part = strdup(path);

	if (!part)
		return -ENOMEM;
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_root(struct store *s, struct err *e)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	struct stat st;

	s->root_fd = open(s->path, flags);
	if (s->root_fd < 0 && errno == ENOENT) {
		int r = make_parents(s->path);

		if (r < 0)
			return err_set(e, r, "cannot make the store '%s'", s->path);
		s->root_fd = open(s->path, flags);
	}
	if (s->root_fd < 0 || fstat(s->root_fd, &st) < 0)
		return err_set(e, -errno, "cannot open the store '%s'", s->path);
	if (st.st_uid != geteuid() || (st.st_mode & 022)) {
		err_refuse(e, -EPERM,
		    "cannot use the store '%s': it belongs to somebody else, or others may write "
		    "to it",
		    s->path);
		err_hint(e, "'--root DIR' chooses another one");
		return -EPERM;
	}
	return 0;
}

/*
 * ext4 gives no inode away that was freed within the last minutes, and looks at
 * each of them again for every new file: unpacking a layer soon after one was
 * removed takes up to five times as long. What is made in a directory with this
 * flag begins in a block group chosen by chance. Others have no such flag.
 */
static void spread(struct store *s, const char *folder)
{
	AUTO_FD int fd = file_open_beneath(s->root_fd, folder, O_RDONLY | O_DIRECTORY, 0);
	int flags;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return;
	flags |= FS_TOPDIR_FL;
	(void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

static int make_folders(struct store *s, struct err *e)
{
	if (faccessat(s->root_fd, folders[N_FOLDERS - 1], F_OK, 0) == 0)
		return 0;
	for (size_t i = 0; i < N_FOLDERS; i++) {
		if (mkdirat(s->root_fd, folders[i], 0700) < 0 && errno != EEXIST)
			return err_set(e, -errno, "cannot make '%s/%s'", s->path, folders[i]);
		if (strcmp(folders[i], "tmp") == 0)
			spread(s, folders[i]);
	}
	return 0;
}

static char *absolute(const char *path)
{
	AUTO_FREE char *here = NULL;
	char *full;

	if (*path == '/')
		return strdup(path);
	here = getcwd(NULL, 0);
	if (!here || asprintf(&full, "%s/%s", here, path) < 0)
		return NULL;
	return full;
}

int store_open(const char *root, struct store **ret_store, struct err *e)
{
	AUTO(store_close) struct store *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(e, -ENOMEM, "cannot open the store '%s'", root);
	s->root_fd = s->partial_fd = -1;
	s->path = absolute(root);
	if (!s->path)
		return err_set(e, -ENOMEM, "cannot open the store '%s'", root);
	r = open_root(s, e);
	if (r >= 0)
		r = make_folders(s, e);
	if (r < 0)
		return r;
	*ret_store = TAKE(s);
	return 0;
}

struct store *store_close(struct store *s)
{
	if (!s)
		return NULL;
	images_close(s);
	erofs_unmount(s);
	if (s->root_fd >= 0)
		close(s->root_fd);
	if (s->partial_fd >= 0)
		close(s->partial_fd);
	free(s->path);
	free(s->worker);
	free(s->driver_wanted);
	free(s->run_path);
	free(s);
	return NULL;
}

static int set_text(char **to, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		return -ENOMEM;
	free(*to);
	*to = copy;
	return 0;
}

int store_set_worker(struct store *s, const char *path)
{
	return set_text(&s->worker, path);
}

int store_set_driver(struct store *s, const char *name)
{
	s->driver = NULL;
	return set_text(&s->driver_wanted, name);
}

int store_set_run_dir(struct store *s, const char *path)
{
	return set_text(&s->run_path, path);
}

int store_dir(const struct store *s)
{
	return s->root_fd;
}

const char *store_path(const struct store *s)
{
	return s->path;
}

int store_discard(struct store *s, int dir_fd, const char *name, struct err *e)
{
	for (int tries = 0; tries < 16; tries++) {
		char grave[STORE_NAME_LEN + 1], path[STORE_PATH_MAX];

		store_random_name(grave);
		snprintf(path, sizeof(path), "trash/%s", grave);
		if (renameat(dir_fd, name, s->root_fd, path) == 0)
			return 0;
		if (errno != EEXIST && errno != ENOTEMPTY)
			break;
	}
	return err_set(e, -errno, "cannot remove '%s'", name);
}

/* ---- locks ---- */

/* flock() belongs to an open file, so each holder opens the root anew. */
static int lock_root(struct store *s, int how)
{
	AUTO_FD int fd = openat(s->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	do {
		r = flock(fd, how);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : TAKE_FD(fd);
}

int store_hold(struct store *s, struct err *e)
{
	int fd = lock_root(s, LOCK_SH);

	if (fd < 0)
		return err_set(e, fd, "cannot lock the store '%s'", s->path);
	return fd;
}

int store_lock_out(struct store *s)
{
	return lock_root(s, LOCK_EX | LOCK_NB);
}

/* A sweep that came between mkdir and flock has taken the lock, or removed the directory. */
static int lock_fresh(int fd)
{
	struct stat st;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &st) < 0)
		return -errno;
	return st.st_nlink == 0 ? -ENOENT : 0;
}

int store_tmp_dir(struct store *s, char ret_name[STORE_NAME_LEN + 1])
{
	for (int tries = 0; tries < 64; tries++) {
		char path[STORE_PATH_MAX];
		AUTO_FD int fd = -1;

		store_random_name(ret_name);
		snprintf(path, sizeof(path), "tmp/%s", ret_name);
		if (mkdirat(s->root_fd, path, 0700) < 0) {
			if (errno == EEXIST)
				continue;
			return -errno;
		}
		fd = file_open_beneath(s->root_fd, path, O_RDONLY | O_DIRECTORY, 0);
		if (fd >= 0 && lock_fresh(fd) >= 0)
			return TAKE_FD(fd);
	}
	return -EAGAIN;
}
