/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every storage driver must do
 *
 * The layers are made by hand as the unpacking worker makes them; for a driver that
 * wants tars, each is packed into one, and their indexes are merged. Roots are
 * looked at through the fd of their detached mount: nothing is mounted anywhere.
 * Every test runs over all drivers, plain and with shifted ids. Needs root.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "format/erofs_index.h"
#include "format/erofs_layer.h"
#include "format/erofs_tree.h"
#include "format/tar.h"
#include "os/dir.h"
#include "os/idmap.h"
#include "store/erofs.h"
#include "store/overlay.h"
#include "store/snapshot.h"

#include "test.h"

#define SHIFT 0x60000000U

struct world {
	const struct snapshot_driver *driver;
	char path[64];
	int fd, userns_fd, home_fd;
	int layers[160];
	size_t n_layers;
	int sealed_fd; /* of a driver that wants tars: all layers, mounted; -1: not yet */
};

static bool is_shifted(const struct world *w)
{
	return w->userns_fd >= 0;
}

static uid_t seen(const struct world *w, uid_t id)
{
	return is_shifted(w) ? id + SHIFT : id;
}

static int make_dir(int at, const char *name, mode_t mode)
{
	int fd;

	CHECK(mkdirat(at, name, 0700) == 0 || errno == EEXIST);
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK(fchmod(fd, mode) == 0);
	return fd;
}

static void put(int at, const char *name, const char *text)
{
	AUTO_FD int fd = openat(at, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	CHECK(fd >= 0);
	CHECK_INT(write(fd, text, strlen(text)), (int)strlen(text));
}

static void is(int at, const char *name, const char *text)
{
	AUTO_FD int fd = openat(at, name, O_RDONLY | O_CLOEXEC);
	char have[256] = "";

	CHECK(fd >= 0);
	CHECK(read(fd, have, sizeof(have) - 1) >= 0);
	CHECK_STR(have, text);
}

static bool is_there(int at, const char *name)
{
	struct stat st;

	return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int add_layer(struct world *w)
{
	char name[16];

	snprintf(name, sizeof(name), "layer%zu", w->n_layers);
	return w->layers[w->n_layers++] = make_dir(w->fd, name, 0755);
}

static void world_done(struct world *w)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", w->path);
	CHECK_INT(system(command), 0);
}

static void world_new(struct world *w, const struct snapshot_driver *driver, bool shifted)
{
	char map[48];

	*w = (struct world){ .driver = driver, .userns_fd = -1, .sealed_fd = -1 };
	snprintf(w->path, sizeof(w->path), "/var/tmp/dolium-snapshot-XXXXXX");
	CHECK(mkdtemp(w->path));
	w->fd = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(w->fd >= 0);
	w->home_fd = make_dir(w->fd, "home", 0700);
	umask(0);
	if (shifted) {
		snprintf(map, sizeof(map), "0 %u 65536\n", SHIFT);
		w->userns_fd = idmap_userns(map, map);
		CHECK(w->userns_fd >= 0);
	}
}

static bool wants_tars(const struct world *w)
{
	return w->driver && w->driver->form == SNAPSHOT_OF_TARS;
}

static struct snapshot_stack stack_of(const struct world *w)
{
	return (struct snapshot_stack){
		.layer_fds = wants_tars(w) ? &w->sealed_fd : w->layers,
		.n_layers = wants_tars(w) && w->n_layers > 0 ? 1 : w->n_layers,
		.home_fd = w->home_fd,
	};
}

/* ---- directories into tars ---- */

struct packed {
	struct buf tar;
	struct {
		ino_t ino;
		char path[512];
	} links[64];
	size_t n_links;
};

static void pack_whiteout(struct packed *p, const char *path, const char *name)
{
	char full[1024];
	size_t len = strlen(path) - strlen(name);

	snprintf(full, sizeof(full), "%.*s.wh.%s", (int)len, path, name);
	CHECK_INT(
	    tar_write_header(&p->tar, &(struct tar_entry){ .kind = TAR_FILE, .name = full }), 0);
}

/* True where the entry is written: a link to an earlier name of the same file. */
static bool pack_link(struct packed *p, const struct stat *st, struct tar_entry *x)
{
	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return false;
	for (size_t i = 0; i < p->n_links; i++) {
		if (p->links[i].ino != st->st_ino)
			continue;
		x->kind = TAR_LINK;
		x->link = p->links[i].path;
		x->size = 0;
		CHECK_INT(tar_write_header(&p->tar, x), 0);
		return true;
	}
	CHECK(p->n_links < 64);
	p->links[p->n_links].ino = st->st_ino;
	strcpy(p->links[p->n_links++].path, x->name);
	return false;
}

static size_t read_xattrs(
    const char *path, struct tar_xattr to[8], bool *ret_opaque, bool *ret_implied)
{
	static char list[4096], values[8][256];
	ssize_t len = llistxattr(path, list, sizeof(list));
	size_t n = 0;

	*ret_opaque = *ret_implied = false;
	for (ssize_t at = 0; at < len; at += (ssize_t)strlen(list + at) + 1) {
		const char *name = list + at;
		ssize_t value = lgetxattr(path, name, values[n], sizeof(values[n]));

		if (strcmp(name, "trusted.overlay.opaque") == 0) {
			*ret_opaque = true;
		} else if (strcmp(name, "trusted.dolium.implied") == 0) {
			*ret_implied = true;
		} else if (value >= 0 && n < 7) {
			to[n] =
			    (struct tar_xattr){ name, (const uint8_t *)values[n], (size_t)value };
			n++;
		}
	}
	return n;
}

static enum tar_kind kind_of(mode_t mode)
{
	if (S_ISDIR(mode))
		return TAR_DIR;
	if (S_ISLNK(mode))
		return TAR_SYMLINK;
	if (S_ISCHR(mode))
		return TAR_CHAR;
	return S_ISFIFO(mode) ? TAR_FIFO : TAR_FILE;
}

static void pack_data(struct packed *p, int dir_fd, const char *name, size_t size)
{
	static const char zeros[TAR_BLOCK];
	AUTO_FD int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	AUTO_FREE char *data = malloc(size + 1);

	CHECK(fd >= 0 && data);
	CHECK_INT(read(fd, data, size), (int)size);
	buf_add(&p->tar, data, size);
	buf_add(&p->tar, zeros, tar_pad(size));
}

/* `path` is what the tar says; `name` below dir_fd is the thing itself. */
static void pack(struct packed *p, int dir_fd, const char *name, const char *path)
{
	char proc[PATH_MAX], target[PATH_MAX] = "", below[1024];
	struct tar_xattr xattrs[8];
	struct tar_entry x;
	bool opaque, implied;
	struct stat st;

	CHECK(fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0);
	if (S_ISCHR(st.st_mode) && st.st_rdev == 0) {
		pack_whiteout(p, path, name);
		return;
	}
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d/%s", dir_fd, name);
	x = (struct tar_entry){ .kind = kind_of(st.st_mode),
		.name = path,
		.link = target,
		.mode = st.st_mode & 07777,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.major = major(st.st_rdev),
		.minor = minor(st.st_rdev),
		.mtime = st.st_mtime,
		.size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0,
		.xattrs = xattrs };
	x.n_xattrs = read_xattrs(proc, xattrs, &opaque, &implied);
	if (x.kind == TAR_SYMLINK)
		CHECK(readlinkat(dir_fd, name, target, sizeof(target) - 1) > 0);
	if (pack_link(p, &st, &x))
		return;
	if (!implied)
		CHECK_INT(tar_write_header(&p->tar, &x), 0);
	if (opaque) {
		snprintf(below, sizeof(below), "%s/.wh..wh..opq", path);
		CHECK_INT(tar_write_header(
		              &p->tar, &(struct tar_entry){ .kind = TAR_FILE, .name = below }),
		    0);
	}
	if (x.kind == TAR_FILE)
		pack_data(p, dir_fd, name, x.size);
	if (x.kind == TAR_DIR) {
		AUTO_FD int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		AUTO(dir_close) DIR *dir = NULL;
		const struct dirent *entry;

		CHECK(fd >= 0 && dir_open(fd, ".", &dir) == 0);
		while ((entry = dir_next(dir))) {
			snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
			pack(p, fd, entry->d_name, below);
		}
	}
}

static void write_whole(const char *path, const void *data, size_t len)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	CHECK_INT(write(fd, data, len), (int)len);
}

static struct erofs_tree *layer_tree(const struct buf *tar, uint32_t device)
{
	const struct erofs_layer_limits limits = { (uint64_t)1 << 40, 1000000, false };
	struct erofs_writing how = { .form = EROFS_OF_LAYER, .block_bits = 9, .n_devices = 1 };
	struct erofs_device as = { .bytes = tar->len };
	AUTO(erofs_layer_free) struct erofs_layer *layer = NULL;
	AUTO(erofs_tree_free) struct erofs_tree *tree = NULL;
	AUTO_FREE uint8_t *index = NULL;
	struct erofs_tree *read;
	struct err e = { 0 };
	size_t len;

	how.devices = &as;
	CHECK_INT(erofs_layer_new(&limits, &layer), 0);
	CHECK_INT(erofs_layer_feed(layer, (const uint8_t *)tar->data, tar->len, &e), 0);
	CHECK_INT(erofs_layer_finish(layer, NULL, &tree, NULL, &e), 0);
	CHECK_INT(erofs_write(tree, &how, &index, &len, &e), 0);
	CHECK_INT(erofs_read(index, len, device, &read, NULL, &e), 0);
	return read;
}

/* Packs the layers, merges their indexes, and mounts what comes out, as the store does. */
static void seal(struct world *w)
{
	static struct erofs_device devices[160];
	static char names[160][32];
	const char *tars[160];
	struct erofs_writing how = { .form = EROFS_OF_IMAGE, .block_bits = 9, .devices = devices };
	AUTO(erofs_tree_free) struct erofs_tree *image = NULL;
	AUTO_FREE uint8_t *index = NULL;
	char path[128], name[32];
	struct err e = { 0 };
	size_t len;

	how.n_devices = w->n_layers;
	CHECK_INT(erofs_tree_new(&image), 0);
	for (size_t i = 0; i < w->n_layers; i++) {
		static struct packed p;

		p = (struct packed){ 0 };
		pack(&p, w->layers[i], ".", ".");
		CHECK_INT(buf_error(&p.tar), 0);
		snprintf(names[i], sizeof(names[i]), "tar%zu.%d", i, (int)getpid());
		snprintf(path, sizeof(path), "%s/%s", w->path, names[i]);
		write_whole(path, p.tar.data, p.tar.len);
		tars[i] = names[i];
		devices[i].bytes = p.tar.len;
		CHECK_INT(erofs_merge_consume(image, layer_tree(&p.tar, (uint32_t)i + 1)), 0);
		buf_done(&p.tar);
	}
	CHECK_INT(erofs_write(image, &how, &index, &len, &e), 0);
	snprintf(name, sizeof(name), "index.%d", (int)getpid());
	snprintf(path, sizeof(path), "%s/%s", w->path, name);
	write_whole(path, index, len);
	w->sealed_fd = erofs_mount(w->fd, name, tars, w->n_layers);
	if (w->sealed_fd < 0)
		printf("# cannot mount: %s\n", strerror(-w->sealed_fd));
	CHECK(w->sealed_fd >= 0);
}

static void complain(const struct err *e, int r)
{
	if (r < 0)
		printf("# %s\n", e->text);
}

static void prepare(struct world *w)
{
	struct snapshot_stack stack;
	struct err e = { 0 };
	int r;

	if (wants_tars(w) && w->sealed_fd < 0)
		seal(w);
	stack = stack_of(w);
	r = w->driver->prepare(&stack, &e);
	complain(&e, r);
	CHECK_INT(r, 0);
}

static int attach(const struct world *w, bool read_only, bool is_volatile)
{
	struct snapshot_stack stack = stack_of(w);
	struct snapshot_attach how = {
		.read_only = read_only,
		.is_volatile = is_volatile,
		.userns_fd = w->userns_fd,
	};
	struct err e = { 0 };
	int fd = w->driver->attach(&stack, &how, &e);

	complain(&e, fd);
	return fd;
}

static int root_of(struct world *w)
{
	int fd;

	prepare(w);
	fd = attach(w, false, false);
	CHECK(fd >= 0);
	return fd;
}

/* Runs the body as the container's root would: with its ids, and root's capabilities. */
static void become(const struct world *w, uid_t id)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	CHECK(syscall(SYS_capget, &header, caps) == 0);
	setfsgid(seen(w, id));
	setfsuid(seen(w, id));
	CHECK(syscall(SYS_capset, &header, caps) == 0);
}

#define OVER_ALL(name_)                                                                        \
	static void name_(struct world *w);                                                    \
	TEST(name_)                                                                            \
	{                                                                                      \
		if (geteuid() != 0) {                                                          \
			printf("# skipped: needs root\n");                                     \
			return;                                                                \
		}                                                                              \
		for (size_t i_ = 0; snapshot_at(i_); i_++) {                                   \
			for (int shifted_ = 0; shifted_ < 2; shifted_++) {                     \
				struct world w_;                                               \
				pid_t pid_;                                                    \
				int status_;                                                   \
				if (shifted_ &&                                                \
				    !(snapshot_at(i_)->capabilities(AT_FDCWD) &                \
				        SNAPSHOT_IDMAP_UPPER))                                 \
					continue;                                              \
				world_new(&w_, snapshot_at(i_), shifted_);                     \
				fflush(stdout);                                                \
				pid_ = fork();                                                 \
				if (pid_ == 0) {                                               \
					name_(&w_);                                            \
					exit(0);                                               \
				}                                                              \
				CHECK(waitpid(pid_, &status_, 0) == pid_);                     \
				if (status_)                                                   \
					printf("# driver %s, ids %s\n", snapshot_at(i_)->name, \
					    shifted_ ? "shifted" : "plain");                   \
				world_done(&w_);                                               \
				CHECK_INT(status_, 0);                                         \
			}                                                                      \
		}                                                                              \
	}                                                                                      \
	static void name_(struct world *w)

OVER_ALL(shows_one_layer_and_keeps_what_is_written)
{
	int layer = add_layer(w), root;

	put(layer, "file", "below");
	root = root_of(w);
	is(root, "file", "below");
	become(w, 0);
	put(root, "file", "above");
	put(root, "new", "n");
	is(root, "file", "above");
	close(root);
	is(layer, "file", "below");
	root = attach(w, false, false);
	CHECK(root >= 0);
	is(root, "file", "above");
	is(root, "new", "n");
}

OVER_ALL(a_whiteout_hides_and_removing_makes_one)
{
	int low = add_layer(w), high = add_layer(w), root;

	put(low, "gone", "x");
	put(low, "kept", "x");
	put(low, "later", "x");
	CHECK(mknodat(high, "gone", S_IFCHR, makedev(0, 0)) == 0);
	root = root_of(w);
	CHECK(!is_there(root, "gone"));
	is(root, "kept", "x");
	become(w, 0);
	CHECK(unlinkat(root, "later", 0) == 0);
	CHECK(!is_there(root, "later"));
	put(root, "gone", "again");
	close(root);
	root = attach(w, false, false);
	CHECK(!is_there(root, "later"));
	is(root, "gone", "again");
}

OVER_ALL(an_opaque_directory_hides_what_is_below)
{
	int low = make_dir(add_layer(w), "d", 0755), high = make_dir(add_layer(w), "d", 0755);
	int root;

	put(low, "old", "x");
	put(high, "new", "y");
	CHECK(fsetxattr(high, "trusted.overlay.opaque", "y", 1, 0) == 0);
	root = root_of(w);
	CHECK(!is_there(root, "d/old"));
	is(root, "d/new", "y");
}

OVER_ALL(an_opaque_root_ends_the_stack)
{
	int low = add_layer(w), high = add_layer(w), root;

	put(low, "old", "x");
	put(high, "new", "y");
	CHECK(fsetxattr(high, "trusted.overlay.opaque", "y", 1, 0) == 0);
	root = root_of(w);
	CHECK(!is_there(root, "old"));
	is(root, "new", "y");
}

OVER_ALL(a_directory_of_a_layer_can_be_renamed)
{
	int d = make_dir(add_layer(w), "d", 0755), root;

	put(d, "f", "x");
	close(make_dir(d, "e", 0755));
	root = root_of(w);
	become(w, 0);
	CHECK(renameat(root, "d", root, "moved") == 0);
	is(root, "moved/f", "x");
	CHECK(!is_there(root, "d"));
	close(root);
	root = attach(w, false, false);
	is(root, "moved/f", "x");
}

OVER_ALL(hard_links_stay_one_file)
{
	int layer = add_layer(w), root;
	struct stat a, b;

	put(layer, "a", "x");
	CHECK(linkat(layer, "a", layer, "b", 0) == 0);
	root = root_of(w);
	CHECK(fstatat(root, "a", &a, 0) == 0 && fstatat(root, "b", &b, 0) == 0);
	CHECK_INT(a.st_nlink, 2);
	CHECK(a.st_ino == b.st_ino);
	become(w, 0);
	put(root, "c", "y");
	CHECK(linkat(root, "c", root, "d", 0) == 0);
	CHECK(fstatat(root, "d", &b, 0) == 0);
	CHECK_INT(b.st_nlink, 2);
}

OVER_ALL(attributes_capabilities_and_lists_survive)
{
	static const uint32_t cap[5] = { 0x02000001, 1 << 10 };
	/* Version 2; owner rw, user 1000 r, group r, mask r, others none. */
	static const uint8_t acl[] = { 2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 0xe8,
		3, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255, 16, 0, 4, 0, 255, 255, 255, 255, 32, 0, 0,
		0, 255, 255, 255, 255 };
	AUTO_FD int file = -1, above = -1;
	uint8_t have[64];
	int layer = add_layer(w), root;
	uint32_t user;

	put(layer, "f", "x");
	file = openat(layer, "f", O_RDWR | O_CLOEXEC);
	CHECK(fsetxattr(file, "user.note", "hi", 2, 0) == 0);
	CHECK(fsetxattr(file, "security.capability", cap, sizeof(cap), 0) == 0);
	CHECK(fsetxattr(file, "system.posix_acl_access", acl, sizeof(acl), 0) == 0);
	root = root_of(w);
	above = openat(root, "f", O_RDONLY | O_CLOEXEC);
	CHECK(above >= 0);
	CHECK_INT(fgetxattr(above, "user.note", have, sizeof(have)), 2);
	CHECK(fgetxattr(above, "security.capability", have, sizeof(have)) >= (int)sizeof(cap));
	CHECK_INT(fgetxattr(above, "system.posix_acl_access", have, sizeof(have)), sizeof(acl));
	memcpy(&user, have + 16, sizeof(user));
	CHECK_INT(user, seen(w, 1000));

	/* And a copy up keeps them. */
	become(w, 0);
	CHECK(fchmodat(root, "f", 0600, 0) == 0);
	put(root, "f", "y");
	close(above);
	above = openat(root, "f", O_RDONLY | O_CLOEXEC);
	CHECK_INT(fgetxattr(above, "user.note", have, sizeof(have)), 2);
}

OVER_ALL(devices_pipes_and_links_are_what_they_were)
{
	int layer = add_layer(w), root;
	char target[32] = "";
	struct stat st;

	CHECK(mknodat(layer, "null", S_IFCHR | 0666, makedev(1, 3)) == 0);
	CHECK(mknodat(layer, "pipe", S_IFIFO | 0600, 0) == 0);
	CHECK(symlinkat("../../etc/passwd", layer, "link") == 0);
	root = root_of(w);
	CHECK(fstatat(root, "null", &st, 0) == 0);
	CHECK(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
	CHECK(fstatat(root, "pipe", &st, 0) == 0 && S_ISFIFO(st.st_mode));
	CHECK_INT(readlinkat(root, "link", target, sizeof(target) - 1), 16);
	CHECK_STR(target, "../../etc/passwd");
	/* A device of an image is no device where root is nobody. */
	if (is_shifted(w)) {
		CHECK(openat(root, "null", O_RDONLY | O_CLOEXEC) < 0);
		CHECK_INT(errno, EACCES);
	}
}

OVER_ALL(holes_stay_holes)
{
	int layer = add_layer(w), root;
	AUTO_FD int file = openat(layer, "s", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	struct stat st;

	/* In a tar without a map of its holes there are none. */
	if (wants_tars(w))
		return;
	CHECK(ftruncate(file, 100 << 20) == 0);
	CHECK(pwrite(file, "x", 1, 50 << 20) == 1);
	root = root_of(w);
	CHECK(fstatat(root, "s", &st, 0) == 0);
	CHECK_INT(st.st_size, 100 << 20);
	CHECK(st.st_blocks < 100);
}

OVER_ALL(long_names_and_deep_paths_work)
{
	char name[NAME_MAX + 1], path[512] = "";
	int layer = add_layer(w), at = layer, root;

	memset(name, 'n', NAME_MAX);
	name[NAME_MAX] = '\0';
	put(layer, name, "long");
	for (int i = 0; i < 40; i++) {
		at = make_dir(at, "deep", 0755);
		strcat(path, "deep/");
	}
	put(at, "file", "x");
	strcat(path, "file");
	root = root_of(w);
	is(root, name, "long");
	is(root, path, "x");
	become(w, 0);
	put(root, path, "y");
	is(root, path, "y");
}

OVER_ALL(ids_on_disk_are_the_containers)
{
	int layer = add_layer(w), root;
	struct stat st;

	put(layer, "mine", "x");
	CHECK(fchownat(layer, "mine", 1000, 100, 0) == 0);
	root = root_of(w);
	CHECK(fstatat(root, "mine", &st, 0) == 0);
	CHECK_INT(st.st_uid, seen(w, 1000));
	CHECK_INT(st.st_gid, seen(w, 100));

	become(w, 0);
	put(root, "roots", "x");
	CHECK(mkdirat(root, "dir", 0755) == 0);
	CHECK(fchownat(root, "mine", seen(w, 33), seen(w, 34), 0) == 0);
	CHECK(fstatat(root, "roots", &st, 0) == 0);
	CHECK_INT(st.st_uid, seen(w, 0));
	close(root);
	become(&(struct world){ .userns_fd = -1 }, 0);

	/* On disk: look at the writable part by a mount without a shift. */
	w->userns_fd = -1;
	root = attach(w, false, false);
	CHECK(root >= 0);
	CHECK(fstatat(root, "roots", &st, 0) == 0);
	CHECK_INT(st.st_uid, 0);
	CHECK(fstatat(root, "dir", &st, 0) == 0);
	CHECK_INT(st.st_gid, 0);
	CHECK(fstatat(root, "mine", &st, 0) == 0);
	CHECK_INT(st.st_uid, 33);
	CHECK_INT(st.st_gid, 34);
}

OVER_ALL(the_callers_own_ids_and_capabilities_are_as_before)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct before[2], after[2];
	int root;

	add_layer(w);
	CHECK(syscall(SYS_capget, &header, before) == 0);
	root = root_of(w);
	CHECK(syscall(SYS_capget, &header, after) == 0);
	CHECK(memcmp(before, after, sizeof(before)) == 0);
	CHECK_INT(setfsuid((uid_t)-1), 0);
	CHECK_INT(setfsgid((gid_t)-1), 0);
	close(root);
}

OVER_ALL(read_only_means_it_and_shows_what_was_written)
{
	int layer = add_layer(w), root;

	put(layer, "f", "x");
	root = root_of(w);
	become(w, 0);
	put(root, "g", "written");
	close(root);
	become(&(struct world){ .userns_fd = -1 }, 0);
	root = attach(w, true, false);
	CHECK(root >= 0);
	is(root, "f", "x");
	is(root, "g", "written");
	become(w, 0);
	CHECK(openat(root, "h", O_WRONLY | O_CREAT | O_CLOEXEC, 0644) < 0);
	CHECK_INT(errno, EROFS);
}

OVER_ALL(what_was_volatile_is_not_used_twice)
{
	int layer = add_layer(w), root;

	if (!(w->driver->capabilities(w->fd) & SNAPSHOT_VOLATILE))
		return;
	put(layer, "f", "x");
	prepare(w);
	root = attach(w, false, true);
	CHECK(root >= 0);
	become(w, 0);
	put(root, "f", "y");
	is(root, "f", "y");
	become(&(struct world){ .userns_fd = -1 }, 0);
	close(root);
	CHECK_INT(attach(w, false, false), -ESTALE);
}

OVER_ALL(the_root_looks_as_the_highest_layer_that_says_so)
{
	int low = add_layer(w), middle = add_layer(w), high = add_layer(w), root;
	struct stat st;

	CHECK(fchmod(low, 0700) == 0);
	CHECK(fchmod(middle, 01751) == 0);
	CHECK(fchown(middle, 5, 6) == 0);
	CHECK(fsetxattr(high, "trusted.dolium.implied", "y", 1, 0) == 0);
	root = root_of(w);
	CHECK(fstat(root, &st) == 0);
	CHECK_INT(st.st_mode & 07777, 01751);
	CHECK_INT(st.st_uid, seen(w, 5));
	CHECK_INT(st.st_gid, seen(w, 6));
}

OVER_ALL(a_hundred_and_twenty_eight_layers_are_fine)
{
	char name[16];
	int root;

	for (int i = 0; i < 128; i++) {
		int layer = add_layer(w);

		snprintf(name, sizeof(name), "f%d", i);
		put(layer, name, name);
		put(layer, "same", name);
	}
	root = root_of(w);
	is(root, "f0", "f0");
	is(root, "f127", "f127");
	is(root, "same", "f127");
}

OVER_ALL(preparing_twice_is_as_once)
{
	int root;

	put(add_layer(w), "f", "x");
	prepare(w);
	prepare(w);
	root = attach(w, false, false);
	CHECK(root >= 0);
	is(root, "f", "x");
}

OVER_ALL(sixty_four_at_once_are_sixty_four_roots)
{
	pid_t pids[64];

	put(add_layer(w), "f", "x");
	for (int i = 0; i < 64; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			char home[16], text[16];
			int root;

			snprintf(home, sizeof(home), "home%d", i);
			w->home_fd = make_dir(w->fd, home, 0700);
			root = root_of(w);
			become(w, 0);
			snprintf(text, sizeof(text), "%d", i);
			put(root, "f", text);
			usleep(20000);
			is(root, "f", text);
			exit(0);
		}
	}
	for (int i = 0; i < 64; i++) {
		int status;

		CHECK(waitpid(pids[i], &status, 0) == pids[i]);
		CHECK_INT(status, 0);
	}
}

OVER_ALL(the_machines_own_root_can_be_a_layer)
{
	int host = (int)syscall(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	struct stat st, other;
	int root;

	CHECK(host >= 0);
	/* It is a tree, and so overlay's, whatever layers of the store are. */
	if (wants_tars(w))
		return;
	w->layers[w->n_layers++] = host;
	root = root_of(w);
	CHECK(fstatat(root, "etc/passwd", &st, 0) == 0);
	CHECK_INT(st.st_uid, seen(w, 0));
	become(w, 0);
	put(root, "etc/dolium-was-here", "x");
	CHECK(stat("/etc/dolium-was-here", &other) < 0);
	CHECK(unlinkat(root, "etc/passwd", 0) == 0);
	CHECK(stat("/etc/passwd", &other) == 0);
}

OVER_ALL(nothing_is_seen_in_the_mount_table)
{
	char before[65536], after[65536];
	ssize_t n, m;
	int root, fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);

	n = read(fd, before, sizeof(before));
	add_layer(w);
	root = root_of(w);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	m = read(fd, after, sizeof(after));
	CHECK_INT(m, n);
	CHECK(memcmp(before, after, (size_t)n) == 0);
	close(root);
	close(fd);
}

OVER_ALL(no_layers_are_refused)
{
	struct snapshot_stack stack = stack_of(w);
	struct err e = { 0 };

	CHECK_INT(w->driver->prepare(&stack, &e), -EINVAL);
	CHECK_STR(e.text, "cannot put a root together of no layers");
}

/* Older kernels are told of layers in other ways; this one understands them all. */
OVER_ALL(overlay_by_names_is_as_by_fds)
{
	struct snapshot_stack stack;
	struct snapshot_attach how = { .userns_fd = w->userns_fd };
	char cwd[PATH_MAX], same[PATH_MAX];

	if (w->driver != &snapshot_overlay)
		return;
	CHECK(getcwd(cwd, sizeof(cwd)));
	for (int i = 0; i < 50; i++)
		put(add_layer(w), "f", i == 49 ? "top" : "low");
	prepare(w);
	stack = stack_of(w);
	for (int form = 0; form < OVERLAY_FORMS; form++) {
		struct err e = { 0 };
		int root = overlay_attach_as(&stack, &how, (enum overlay_form)form, &e);

		complain(&e, root);
		CHECK(root >= 0);
		is(root, "f", "top");
		close(root);
	}
	CHECK_STR(getcwd(same, sizeof(same)), cwd);
}

/* Where files cannot be mounted, loop devices are: they show the same. */
OVER_ALL(an_index_is_mounted_over_loop_devices)
{
	static const char *const ways[] = { "file", "loop" };

	if (!wants_tars(w))
		return;
	put(add_layer(w), "f", "low");
	put(add_layer(w), "g", "high");
	prepare(w);
	for (int way = 0; way < EROFS_WAYS; way++) {
		char index[32], tars[2][32];
		const char *const both[] = { tars[0], tars[1] };
		int root;

		snprintf(index, sizeof(index), "index.%d", (int)getpid());
		snprintf(tars[0], sizeof(tars[0]), "tar0.%d", (int)getpid());
		snprintf(tars[1], sizeof(tars[1]), "tar1.%d", (int)getpid());
		root = erofs_mount_as(w->fd, index, both, 2, (enum erofs_way)way);
		if (root < 0)
			printf("# by %s: %s\n", ways[way], strerror(-root));
		if (root == -ENOENT || root == -ENXIO)
			continue; /* no loop devices here */
		CHECK(root >= 0);
		is(root, "f", "low");
		is(root, "g", "high");
		close(root);
	}
}

TEST(finds_drivers_by_name)
{
	CHECK(snapshot_find("erofs") == &snapshot_erofs);
	CHECK(snapshot_find("overlay") == &snapshot_overlay);
	CHECK(!snapshot_find("nothing"));
}
