/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The erofs driver: one mounted index for all layers, and an overlay on it
 *
 * Nothing is unpacked: an image is mounted from its merged index and the tars of its layers
 * (store/erofs_image.c), and is the one lower layer of overlayfs. What is written, shifted ids
 * and the rest are the overlay driver's.
 *
 * Each mount of an index has a superblock of its own, and with it pages and inodes of its
 * own: a hundred containers of one image would have a hundred copies of its libc in memory. So
 * they share one, without anybody who keeps it: each process that has the image mounted notes
 * in <run>/images/<chain>.<abi>/, by a link named PID.FD, where its detached mount can be
 * found; the next one opens /proc/PID/fd/FD, asks the file system there which image it
 * is (its UUID is the chain's), and clones the mount. What is found there is only a hint:
 * a process that was killed leaves a name that leads nowhere, or to something else, and
 * is removed. Who finds nothing mounts anew. (Before Linux 6.15 a detached mount cannot
 * be cloned, so nothing is found.)
 *
 * flock on that directory keeps those that start at once from all mounting.
 */
#include "store/erofs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/err.h"
#include "format/erofs_index.h"
#include "format/erofs_tree.h"
#include "os/dir.h"
#include "os/file.h"
#include "os/loop.h"
#include "os/mount.h"
#include "store/chain.h"
#include "store/erofs_image.h"
#include "store/layer.h"
#include "store/layer_index.h"
#include "store/snapshot.h"
#include "store/store.h"
#include "store/store_state.h"

/* linux/fs.h of Debian 12 does not have it yet (Linux 6.9). */
struct fs_uuid {
	uint8_t len, uuid[16];
};
#define GET_FS_UUID _IOR(0x15, 0, struct fs_uuid)

#define ENTRY_MAX 32

/* What this process has mounted, and how others find it. */
struct erofs_mounts {
	struct erofs_mounts *next;
	struct digest chain;
	int fd; /* the detached mount */
	int share_fd; /* where it is noted; -1: nowhere */
	char entry[ENTRY_MAX];
	struct digest *layers;
	size_t n_layers;
};

/* ---- mounting ---- */

/* A loop device for each; the fds keep them until the mount does. */
struct loops {
	int *fds;
	char (*names)[LOOP_NAME_MAX];
	size_t n;
};

static void loops_done(struct loops *l)
{
	for (size_t i = 0; i < l->n; i++)
		close(l->fds[i]);
	free(l->fds);
	free(l->names);
}

static int add_loop(struct loops *l, int dir_fd, const char *name)
{
	AUTO_FD int file_fd = file_open_beneath(dir_fd, name, O_RDONLY, 0);
	int fd = file_fd < 0 ? file_fd : loop_attach(file_fd, l->names[l->n]);

	if (fd < 0)
		return fd;
	l->fds[l->n++] = fd;
	return 0;
}

static int open_loops(
    struct loops *l, int dir_fd, const char *index, const char *const *tars, size_t n_tars)
{
	int r;

	l->fds = calloc(n_tars + 1, sizeof(*l->fds));
	l->names = calloc(n_tars + 1, sizeof(*l->names));
	if (!l->fds || !l->names)
		return -ENOMEM;
	r = add_loop(l, dir_fd, index);
	for (size_t i = 0; i < n_tars && r >= 0; i++)
		r = add_loop(l, dir_fd, tars[i]);
	return r;
}

static int create_mount(
    const char *source, const char *const *devices, size_t n_devices, bool by_loop)
{
	AUTO_FD int fs_fd = mount_fs_open("erofs", source);
	int r = fs_fd;

	/* A device that cannot be written is not opened otherwise. */
	if (r >= 0 && by_loop)
		r = mount_fs_option(fs_fd, "ro");
	for (size_t i = 0; i < n_devices && r >= 0; i++)
		r = mount_fs_set(fs_fd, "device", devices[i]);
	return r < 0 ? r : mount_fs_mount(fs_fd, 0);
}

static int mount_loops(int dir_fd, const char *index, const char *const *tars, size_t n_tars)
{
	AUTO_FREE const char **devices = calloc(n_tars + 1, sizeof(*devices));
	struct loops loops = { 0 };
	int r = devices ? open_loops(&loops, dir_fd, index, tars, n_tars) : -ENOMEM;

	if (r >= 0) {
		for (size_t i = 0; i < n_tars; i++)
			devices[i] = loops.names[i + 1];
		r = create_mount(loops.names[0], devices, n_tars, true);
	}
	loops_done(&loops);
	return r;
}

/* The kernel opens the files by name, so they are named from where we go for that one call. */
static int mount_files(int dir_fd, const char *index, const char *const *tars, size_t n_tars)
{
	AUTO_FD int cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (cwd < 0 || fchdir(dir_fd) < 0)
		return -errno;
	r = create_mount(index, tars, n_tars, false);
	if (fchdir(cwd) < 0)
		abort(); /* every relative name would from now on be another one */
	return r;
}

int erofs_mount_as(
    int dir_fd, const char *index, const char *const *tars, size_t n_tars, enum erofs_way way)
{
	return way == EROFS_BY_FILE ? mount_files(dir_fd, index, tars, n_tars)
	                            : mount_loops(dir_fd, index, tars, n_tars);
}

int erofs_mount(int dir_fd, const char *index, const char *const *tars, size_t n_tars)
{
	int r = erofs_mount_as(dir_fd, index, tars, n_tars, EROFS_BY_FILE);

	return r == -ENOTBLK ? erofs_mount_as(dir_fd, index, tars, n_tars, EROFS_BY_LOOP) : r;
}

/* ---- finding what others have mounted ---- */

static bool is_image(int fd, const struct digest *chain)
{
	uint8_t want[16];
	struct fs_uuid have;
	struct statfs st;

	layer_index_uuid(chain, want);
	return fstatfs(fd, &st) == 0 && st.f_type == EROFS_SUPER_MAGIC_V1 &&
	    ioctl(fd, GET_FS_UUID, &have) == 0 && have.len == sizeof(want) &&
	    memcmp(have.uuid, want, sizeof(want)) == 0;
}

/* A clone of the mount that is noted by that name; negative: there is none any more. */
static int clone_noted(const char *entry, const struct digest *chain)
{
	char path[64];
	unsigned pid, number;
	AUTO_FD int fd = -1;

	if (sscanf(entry, "%u.%u", &pid, &number) != 2)
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/%u/fd/%u", pid, number);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return is_image(fd, chain) ? mount_clone(fd, "", false) : -ESTALE;
}

static int clone_any(int share_fd, const struct digest *chain)
{
	AUTO(dir_close) DIR *dir = NULL;
	const struct dirent *x;

	if (dir_open(share_fd, ".", &dir) < 0)
		return -ENOENT;
	while ((x = dir_next(dir))) {
		int fd = clone_noted(x->d_name, chain);

		if (fd >= 0)
			return fd;
		/* Only what is no more: that we may not clone it does not make it wrong. */
		if (fd == -ENOENT || fd == -ESTALE || fd == -ENOTDIR)
			(void)unlinkat(share_fd, x->d_name, 0);
	}
	return -ENOENT;
}

/* Whoever can write there would say which file system is the image. */
static int open_run_dir(const struct store *s)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	struct stat st;
	AUTO_FD int fd = -1;

	if (!s->run_path)
		return -1;
	fd = open(s->run_path, flags);
	if (fd < 0 && errno == ENOENT && (mkdir(s->run_path, 0700) == 0 || errno == EEXIST))
		fd = open(s->run_path, flags);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 022))
		return -1;
	return TAKE_FD(fd);
}

/* <run>/images/<name>, locked. -1: nothing can be shared. */
static int open_share(const struct store *s, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	AUTO_FD int run_fd = open_run_dir(s), fd = -1;
	char path[EROFS_IMAGE_NAME_MAX + 16];

	if (run_fd < 0)
		return -1;
	snprintf(path, sizeof(path), "images/%s", name);
	fd = openat(run_fd, path, flags);
	if (fd < 0 && errno == ENOENT) {
		(void)mkdirat(run_fd, "images", 0700);
		(void)mkdirat(run_fd, path, 0700);
		fd = openat(run_fd, path, flags);
	}
	return fd < 0 || flock(fd, LOCK_EX) < 0 ? -1 : TAKE_FD(fd);
}

/* ---- one image ---- */

static void mounts_free(struct erofs_mounts *m)
{
	if (m->share_fd >= 0 && m->entry[0])
		(void)unlinkat(m->share_fd, m->entry, 0);
	if (m->share_fd >= 0)
		close(m->share_fd);
	if (m->fd >= 0)
		close(m->fd);
	free(m->layers);
	free(m);
}

void erofs_unmount(struct store *s)
{
	while (s->mounts) {
		struct erofs_mounts *next = s->mounts->next;

		mounts_free(s->mounts);
		s->mounts = next;
	}
}

static int note_as(const struct erofs_mounts *m, pid_t pid, char entry[ENTRY_MAX])
{
	snprintf(entry, ENTRY_MAX, "%d.%d", (int)pid, m->fd);
	return symlinkat("mount", m->share_fd, entry) < 0 && errno != EEXIST ? -errno : 0;
}

static void note(struct erofs_mounts *m)
{
	if (note_as(m, getpid(), m->entry) < 0)
		m->entry[0] = '\0';
	(void)flock(m->share_fd, LOCK_UN);
}

int store_shared_fd(const struct store *s)
{
	return s->mounts && s->mounts->share_fd >= 0 ? s->mounts->fd : -1;
}

/* In place of our own note. Nobody takes it away: who finds that it leads nowhere does. */
void store_shared_kept(struct store *s, pid_t pid)
{
	char entry[ENTRY_MAX];

	if (store_shared_fd(s) < 0 || note_as(s->mounts, pid, entry) < 0)
		return;
	(void)unlinkat(s->mounts->share_fd, s->mounts->entry, 0);
	s->mounts->entry[0] = '\0';
}

static int cannot_mount(struct err *e, int code)
{
	return err_set(e, code, "cannot mount an image");
}

/* "layers/<hex>/tar" for each, in one piece of memory. */
static char (*name_tars(const struct digest *layers, size_t n))[STORE_PATH_MAX]
{
	char(*names)[STORE_PATH_MAX] = calloc(n + 1, sizeof(*names));

	for (size_t i = 0; i < n && names; i++) {
		store_digest_path("layers", &layers[i], names[i]);
		strcat(names[i], "/tar");
	}
	return names;
}

static int mount_image(
    struct store *s, const struct digest *layers, size_t n_layers, const char *name)
{
	char index[STORE_PATH_MAX];
	AUTO_FREE char(*names)[STORE_PATH_MAX] = name_tars(layers, n_layers);
	AUTO_FREE const char **tars = calloc(n_layers + 1, sizeof(*tars));

	if (!names || !tars)
		return -ENOMEM;
	for (size_t i = 0; i < n_layers; i++)
		tars[i] = names[i];
	snprintf(index, sizeof(index), "images/%s", name);
	return erofs_mount(s->root_fd, index, tars, n_layers);
}

/* Mounts, with an index that is made where there is none, or where the kernel finds it wrong. */
static int mount_anew(struct store *s, const struct digest *layers, size_t n_layers,
    const struct digest *chain, const char *name, struct err *e)
{
	int fd = mount_image(s, layers, n_layers, name);

	if (fd == -ENOENT || fd == -EINVAL || fd == -EUCLEAN || fd == -EBADMSG) {
		int r = erofs_image_make(s, layers, n_layers, chain, e);

		if (r < 0)
			return r;
		fd = mount_image(s, layers, n_layers, name);
	}
	return fd < 0 ? cannot_mount(e, fd) : fd;
}

static struct erofs_mounts *new_mounts(
    const struct digest *layers, size_t n_layers, const struct digest *chain)
{
	struct erofs_mounts *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->fd = m->share_fd = -1;
	m->chain = *chain;
	m->layers = calloc(n_layers, sizeof(*layers));
	if (!m->layers) {
		free(m);
		return NULL;
	}
	memcpy(m->layers, layers, n_layers * sizeof(*layers));
	m->n_layers = n_layers;
	return m;
}

static int get_mount(struct store *s, const struct digest *layers, size_t n_layers,
    struct erofs_mounts **ret, struct err *e)
{
	char name[EROFS_IMAGE_NAME_MAX];
	struct digest chain;
	struct erofs_mounts *m;

	chain_id(layers, n_layers, &chain);
	for (m = s->mounts; m && !digest_equal(&m->chain, &chain); m = m->next)
		;
	if (m) {
		*ret = m;
		return 0;
	}
	erofs_image_name(&chain, name);
	m = new_mounts(layers, n_layers, &chain);
	if (!m)
		return cannot_mount(e, -ENOMEM);
	m->share_fd = open_share(s, name);
	m->fd = m->share_fd < 0 ? -ENOENT : clone_any(m->share_fd, &chain);
	if (m->fd < 0)
		m->fd = mount_anew(s, layers, n_layers, &chain, name, e);
	if (m->fd < 0) {
		int r = m->fd;

		mounts_free(m);
		return r;
	}
	if (m->share_fd >= 0)
		note(m);
	m->next = s->mounts;
	s->mounts = *ret = m;
	return 0;
}

/* ---- the driver ---- */

static int erofs_open(struct store *s, const struct digest *layers, size_t n_layers,
    struct snapshot_layers *ret_layers, struct err *e)
{
	struct erofs_mounts *m;
	int fd, r;

	if (n_layers == 0)
		return err_refuse(e, -EINVAL, "cannot put a root together of no layers");
	r = get_mount(s, layers, n_layers, &m, e);
	if (r < 0)
		return r;
	fd = fcntl(m->fd, F_DUPFD_CLOEXEC, 3);
	ret_layers->fds = fd < 0 ? NULL : malloc(sizeof(int));
	if (!ret_layers->fds) {
		r = fd < 0 ? -errno : -ENOMEM;
		if (fd >= 0)
			close(fd);
		return cannot_mount(e, r);
	}
	ret_layers->fds[0] = fd;
	ret_layers->n = 1;
	return 0;
}

static int erofs_compose(
    struct store *s, const struct digest *layers, size_t n_layers, struct err *e)
{
	char name[EROFS_IMAGE_NAME_MAX], path[STORE_PATH_MAX];
	struct digest chain;

	if (n_layers == 0)
		return 0;
	chain_id(layers, n_layers, &chain);
	erofs_image_name(&chain, name);
	snprintf(path, sizeof(path), "images/%s", name);
	if (faccessat(s->root_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return erofs_image_make(s, layers, n_layers, &chain, e);
}

/*
 * What was read is in memory twice: as pages of the file in the mounted image, and as
 * pages of the tar that they were copied from. The second kind nobody needs again while
 * the image stays mounted. (Not when it is unmounted: then they are all that the next start
 * has.)
 */
static void erofs_settle(struct store *s)
{
	for (const struct erofs_mounts *m = s->mounts; m; m = m->next) {
		for (size_t i = 0; i < m->n_layers; i++) {
			AUTO_FD int fd = layer_open_tar(s, &m->layers[i], NULL);

			if (fd >= 0)
				(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		}
	}
}

static int empty_index(uint8_t **ret_data, size_t *ret_len)
{
	AUTO(erofs_tree_free) struct erofs_tree *tree = NULL;
	const struct erofs_writing how = { .form = EROFS_OF_IMAGE, .block_bits = 9 };
	int r = erofs_tree_new(&tree);

	return r < 0 ? r : erofs_write(tree, &how, ret_data, ret_len, NULL);
}

static int no_use(struct err *e, int code)
{
	switch (code) {
	case -ENODEV:
		return err_refuse(e, -EOPNOTSUPP, "this kernel has no EROFS");
	case -EPERM:
	case -EACCES:
		return err_refuse(
		    e, -EOPNOTSUPP, "EROFS cannot be mounted here: who may mount it is root alone");
	case -ENOENT:
	case -ENXIO:
		return err_refuse(e, -EOPNOTSUPP,
		    "EROFS cannot be mounted from a file here, and there are no loop devices");
	case -EINVAL:
		return err_refuse(e, -EOPNOTSUPP,
		    "this kernel's EROFS does not know blocks of 512 bytes (Linux 6.4 does)");
	default:
		err_set(e, code, "EROFS cannot be mounted here");
		return -EOPNOTSUPP;
	}
}

/* The kernel's word counts: an empty index is mounted, from a file that has no name. */
static int erofs_probe(int store_fd, struct err *e)
{
	AUTO_FREE uint8_t *data = NULL;
	AUTO_FD int fd = openat(store_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), loop_fd = -1;
	char name[LOOP_NAME_MAX];
	size_t len;
	int r = fd < 0 ? -errno : empty_index(&data, &len);

	if (r >= 0)
		r = file_write_fd(fd, data, len);
	if (r < 0)
		return no_use(e, r);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	r = create_mount(name, NULL, 0, false);
	if (r == -ENOTBLK) {
		loop_fd = loop_attach(fd, name);
		r = loop_fd < 0 ? loop_fd : create_mount(name, NULL, 0, true);
	}
	if (r < 0)
		return no_use(e, r);
	close(r);
	return 0;
}

static unsigned erofs_capabilities(int store_fd)
{
	return snapshot_overlay.capabilities(store_fd);
}

static int erofs_prepare(const struct snapshot_stack *stack, struct err *e)
{
	return snapshot_overlay.prepare(stack, e);
}

static int erofs_attach(
    const struct snapshot_stack *stack, const struct snapshot_attach *how, struct err *e)
{
	return snapshot_overlay.attach(stack, how, e);
}

const struct snapshot_driver snapshot_erofs = {
	.name = "erofs",
	.form = SNAPSHOT_OF_TARS,
	.probe = erofs_probe,
	.capabilities = erofs_capabilities,
	.compose = erofs_compose,
	.open = erofs_open,
	.prepare = erofs_prepare,
	.attach = erofs_attach,
	.settle = erofs_settle,
};
