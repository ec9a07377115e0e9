/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tar becomes the tree of a layer
 *
 * One entry at a time: split its name, find or make its parents, make it with
 * O_EXCL (so that nothing that is there is ever opened), write, then owner, mode
 * (chown takes setuid away), extended attributes (so does chown with
 * capabilities), time. Directories get theirs at the end.
 *
 * The worker's umask is 0 and its tree is in a directory that nobody else can
 * enter.
 */
#include "store/untar.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/err.h"
#include "format/tar.h"
#include "store/untar_dirs.h"

#define WHITEOUT       ".wh."
#define WHITEOUT_META  ".wh..wh."
#define WHITEOUT_ALL   ".wh..wh..opq"
#define OVERLAY_OPAQUE "trusted.overlay.opaque"

struct untar {
	int tree_fd, junk_fd;
	struct untar_limits limits;
	struct untar_totals totals;
	struct tar_reader *tar;
	struct untar_dirs *dirs;
	uint64_t n_junk;

	/* The entry that is being read. */
	const struct tar_entry *entry;
	char path[TAR_NAME_MAX + 2]; /* its name, cut into parts by NULs */
	int file_fd; /* of the file that data goes to; -1: there is none */
	uint32_t parent;
	char *base;
	bool root_seen;

	/* The parent of the entry before: most have the same. */
	char last_parent[TAR_NAME_MAX + 2];
	uint32_t last_dir;
};

int untar_new(
    int tree_fd, int junk_fd, const struct untar_limits *limits, struct untar **ret, struct err *e)
{
	AUTO(untar_free) struct untar *u = calloc(1, sizeof(*u));
	int r = -ENOMEM;

	if (u) {
		u->tree_fd = tree_fd;
		u->junk_fd = junk_fd;
		u->limits = *limits;
		u->file_fd = -1;
		u->last_dir = DIR_NONE;
		r = tar_reader_new(&u->tar);
	}
	if (r >= 0)
		r = untar_dirs_new(tree_fd, &u->dirs);
	if (r < 0)
		return err_set(e, r, "cannot unpack a layer");
	*ret = TAKE(u);
	return 0;
}

struct untar *untar_free(struct untar *u)
{
	if (!u)
		return NULL;
	if (u->file_fd >= 0)
		close(u->file_fd);
	tar_reader_free(u->tar);
	untar_dirs_free(u->dirs);
	free(u);
	return NULL;
}

/* ---- reports: each names the entry, as far as a terminal can show it ---- */

static int refuse(const struct untar *u, struct err *e, const char *why)
{
	char name[TAR_SHOWN_MAX];

	return err_refuse(
	    e, -EBADMSG, "refused layer: entry '%s' %s", tar_shown(u->entry->name, name), why);
}

static int failed(const struct untar *u, struct err *e, int code)
{
	char name[TAR_SHOWN_MAX];

	return err_set(e, code, "cannot unpack '%s'", tar_shown(u->entry->name, name));
}

/* ---- names ---- */

static int split_name(const struct untar *u, const char *name, char *to, struct err *e)
{
	const char *why = tar_split_name(name, to);

	return why ? refuse(u, e, why) : 0;
}

static bool is_whiteout_device(int dir_fd, const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) &&
	    st.st_rdev == 0;
}

static int set_opaque(struct untar *u, uint32_t dir, struct err *e)
{
	int fd = untar_dirs_fd(u->dirs, dir);

	if (fd < 0)
		return failed(u, e, fd);
	if (fsetxattr(fd, OVERLAY_OPAQUE, "y", 1, 0) < 0)
		return failed(u, e, -errno);
	return 0;
}

/* Children inherit a default ACL when they are made; a layer says all that its files have. */
static int shed_inherited(struct untar *u, int fd, struct err *e)
{
	if (fremovexattr(fd, "system.posix_acl_access") < 0 && errno != ENODATA &&
	    errno != EOPNOTSUPP)
		return failed(u, e, -errno);
	if (fremovexattr(fd, "system.posix_acl_default") < 0 && errno != ENODATA &&
	    errno != EOPNOTSUPP && errno != EACCES)
		return failed(u, e, -errno);
	return 0;
}

/* Moves a directory that is replaced out of the tree, with all that is in it. */
static int bury(struct untar *u, uint32_t dir, int parent_fd, const char *name, struct err *e)
{
	char grave[32];

	snprintf(grave, sizeof(grave), "%llu", (unsigned long long)u->n_junk++);
	if (renameat(parent_fd, name, u->junk_fd, grave) < 0)
		return failed(u, e, -errno);
	untar_dirs_at(u->dirs, dir)->is_dead = true;
	u->last_dir = DIR_NONE;
	return 0;
}

/* Makes a directory that the table does not have. `implied`: only as a parent. */
static int make_dir(
    struct untar *u, uint32_t parent, const char *name, bool implied, uint32_t *ret, struct err *e)
{
	bool inherits = untar_dirs_at(u->dirs, parent)->has_default_acl;
	int parent_fd = untar_dirs_fd(u->dirs, parent);
	bool over_whiteout = false;
	int r;

	if (parent_fd < 0)
		return failed(u, e, parent_fd);
	if (mkdirat(parent_fd, name, 0700) < 0) {
		if (errno != EEXIST)
			return failed(u, e, -errno);
		over_whiteout = is_whiteout_device(parent_fd, name);
		if (implied && !over_whiteout)
			return refuse(u, e, "goes through something that is not a directory");
		if (unlinkat(parent_fd, name, 0) < 0 || mkdirat(parent_fd, name, 0700) < 0)
			return failed(u, e, -errno);
	}
	r = untar_dirs_add(u->dirs, parent, name, strlen(name), ret);
	if (r == -EFBIG)
		return err_refuse(e, -EFBIG,
		    "refused layer: the names of its directories take more "
		    "than 256 MiB");
	if (r < 0)
		return failed(u, e, r);
	if (inherits) {
		int fd = untar_dirs_fd(u->dirs, *ret);

		r = fd < 0 ? failed(u, e, fd) : shed_inherited(u, fd, e);
		if (r < 0)
			return r;
	}
	/* What a lower layer has there was removed first, and must not shine through. */
	return over_whiteout ? set_opaque(u, *ret, e) : 0;
}

static int check_parent_part(const struct untar *u, const char *part, struct err *e)
{
	if (strncmp(part, WHITEOUT, strlen(WHITEOUT)) != 0)
		return 0;
	return refuse(u, e, "lies beneath a whiteout");
}

/*
 * Finds or makes the parents of a path in parts; *ret_base is its last part.
 * `make` false: -ENOENT where one is missing (for targets of hard links).
 */
static int walk(
    struct untar *u, char *parts, bool make, uint32_t *ret_dir, char **ret_base, struct err *e)
{
	uint32_t dir = DIR_ROOT;

	for (;;) {
		size_t len = strlen(parts);
		uint32_t next;
		int r;

		if (parts[len + 1] == '\0') {
			*ret_dir = dir;
			*ret_base = parts;
			return 0;
		}
		next = untar_dirs_find(u->dirs, dir, parts, len);
		if (next == DIR_NONE) {
			if (!make)
				return -ENOENT;
			r = check_parent_part(u, parts, e);
			if (r >= 0)
				r = make_dir(u, dir, parts, true, &next, e);
			if (r < 0)
				return r;
		}
		dir = next;
		parts += len + 1;
	}
}

/* As walk(), for the entry's own name: remembers where the one before it was. */
static int enter_parent(struct untar *u, struct err *e)
{
	char *end = u->path, *base = u->path;
	size_t len;
	int r;

	while (*end) {
		base = end;
		end += strlen(end) + 1;
	}
	len = (size_t)(base - u->path);
	if (u->last_dir != DIR_NONE && u->last_parent[len] == '\0' &&
	    (len == 0 || u->last_parent[len - 1] == '\0') &&
	    memcmp(u->last_parent, u->path, len) == 0) {
		u->parent = u->last_dir;
		u->base = base;
		return 0;
	}
	r = walk(u, u->path, true, &u->parent, &u->base, e);
	if (r < 0)
		return r;
	memcpy(u->last_parent, u->path, len);
	u->last_parent[len] = '\0';
	u->last_dir = u->parent;
	return 0;
}

/* ---- what an entry has besides its bytes ---- */

static bool is_ours(const char *xattr)
{
	return strncmp(xattr, "trusted.overlay.", 16) == 0 ||
	    strncmp(xattr, "user.overlay.", 13) == 0 || strncmp(xattr, "trusted.dolium.", 15) == 0;
}

/* All of them are looked at before one is set. */
static int check_xattrs(const struct untar *u, struct err *e)
{
	for (size_t i = 0; i < u->entry->n_xattrs; i++) {
		const struct tar_xattr *x = &u->entry->xattrs[i];

		if (is_ours(x->name))
			return refuse(
			    u, e, "has an extended attribute that only overlayfs may set");
		if (strlen(x->name) > XATTR_NAME_MAX || x->len > XATTR_SIZE_MAX)
			return refuse(u, e, "has an extended attribute of more than 64 KiB");
	}
	return 0;
}

/* What this file system or kind of file cannot have is left out, as tar and Docker do. */
static bool may_be_left_out(const struct untar *u, const char *name, int error)
{
	if (strcmp(name, "security.capability") == 0)
		return false;
	if (error == EOPNOTSUPP)
		return true;
	return error == EPERM && strncmp(name, "user.", 5) == 0 && u->entry->kind != TAR_FILE &&
	    u->entry->kind != TAR_DIR;
}

/* fd of the thing itself; -1: by name in the parent, which becomes the current directory. */
static int set_xattrs(struct untar *u, int fd, struct err *e)
{
	if (u->entry->n_xattrs > 0 && fd < 0) {
		int parent_fd = untar_dirs_fd(u->dirs, u->parent);

		if (parent_fd < 0 || fchdir(parent_fd) < 0)
			return failed(u, e, parent_fd < 0 ? parent_fd : -errno);
	}
	for (size_t i = 0; i < u->entry->n_xattrs; i++) {
		const struct tar_xattr *x = &u->entry->xattrs[i];
		int r = fd >= 0 ? fsetxattr(fd, x->name, x->value, x->len, 0)
		                : lsetxattr(u->base, x->name, x->value, x->len, 0);
		char name[TAR_SHOWN_MAX];

		if (r < 0 && !may_be_left_out(u, x->name, errno))
			return err_set(e, -errno, "cannot set '%s' of '%s'", x->name,
			    tar_shown(u->entry->name, name));
	}
	return 0;
}

static void entry_times(const struct tar_entry *entry, struct timespec times[2])
{
	times[0] = times[1] = (struct timespec){
		.tv_sec = entry->mtime,
		.tv_nsec = entry->mtime_ns,
	};
}

/* Owner, mode, attributes, time of a thing that was made by name. */
static int dress(struct untar *u, int parent_fd, struct err *e)
{
	const struct tar_entry *x = u->entry;
	struct timespec times[2];
	int r;

	entry_times(x, times);
	if ((x->uid || x->gid) &&
	    fchownat(parent_fd, u->base, x->uid, x->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(u, e, -errno);
	/* Made a moment ago by us with O_EXCL's meaning, and no link: following is no question. */
	if (x->kind != TAR_SYMLINK && fchmodat(parent_fd, u->base, x->mode, 0) < 0)
		return failed(u, e, -errno);
	r = set_xattrs(u, -1, e);
	if (r < 0)
		return r;
	if (utimensat(parent_fd, u->base, times, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(u, e, -errno);
	return 0;
}

/* ---- the kinds ---- */

/* Makes room for a thing that is no directory: a later entry replaces an earlier one. */
static int clear_way(struct untar *u, int parent_fd, struct err *e)
{
	uint32_t dir = untar_dirs_find(u->dirs, u->parent, u->base, strlen(u->base));

	if (dir != DIR_NONE)
		return bury(u, dir, parent_fd, u->base, e);
	if (unlinkat(parent_fd, u->base, 0) < 0)
		return failed(u, e, -errno);
	return 0;
}

static int begin_file(struct untar *u, int parent_fd, struct err *e)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	char name[TAR_SHOWN_MAX];
	uint64_t sum;
	int r;

	if (__builtin_add_overflow(u->totals.disk_bytes, u->entry->size, &sum) ||
	    sum > u->limits.max_bytes)
		return err_refuse(e, -EFBIG,
		    "refused layer: with entry '%s' its files have more than %llu bytes",
		    tar_shown(u->entry->name, name), (unsigned long long)u->limits.max_bytes);
	u->totals.disk_bytes = sum;

	u->file_fd = openat(parent_fd, u->base, flags, u->entry->mode & 0777);
	if (u->file_fd < 0 && errno == EEXIST) {
		r = clear_way(u, parent_fd, e);
		if (r < 0)
			return r;
		u->file_fd = openat(parent_fd, u->base, flags, u->entry->mode & 0777);
	}
	return u->file_fd < 0 ? failed(u, e, -errno) : 0;
}

static int end_file(struct untar *u, struct err *e)
{
	const struct tar_entry *x = u->entry;
	bool inherits = untar_dirs_at(u->dirs, u->parent)->has_default_acl;
	AUTO_FD int fd = TAKE_FD(u->file_fd);
	struct timespec times[2];
	int r;

	if (x->is_sparse && ftruncate(fd, (off_t)x->size) < 0)
		return failed(u, e, -errno);
	if ((x->uid || x->gid) && fchown(fd, x->uid, x->gid) < 0)
		return failed(u, e, -errno);
	if (inherits) {
		r = shed_inherited(u, fd, e);
		if (r < 0)
			return r;
	}
	if ((x->mode & 07000 || inherits) && fchmod(fd, x->mode) < 0)
		return failed(u, e, -errno);
	r = set_xattrs(u, fd, e);
	if (r < 0)
		return r;
	entry_times(x, times);
	if (futimens(fd, times) < 0)
		return failed(u, e, -errno);
	return 0;
}

static int add_dir(struct untar *u, uint32_t dir, struct err *e)
{
	struct untar_dir *d;

	if (u->entry->n_xattrs > 0) {
		int fd = untar_dirs_fd(u->dirs, dir);
		int r = fd < 0 ? failed(u, e, fd) : set_xattrs(u, fd, e);

		if (r < 0)
			return r;
	}
	d = untar_dirs_at(u->dirs, dir);
	for (size_t i = 0; i < u->entry->n_xattrs; i++)
		d->has_default_acl |=
		    strcmp(u->entry->xattrs[i].name, "system.posix_acl_default") == 0;
	d->mode = u->entry->mode;
	d->uid = u->entry->uid;
	d->gid = u->entry->gid;
	d->mtime = u->entry->mtime;
	d->mtime_ns = u->entry->mtime_ns;
	return 0;
}

static int begin_dir(struct untar *u, struct err *e)
{
	uint32_t dir = untar_dirs_find(u->dirs, u->parent, u->base, strlen(u->base));

	if (dir == DIR_NONE) {
		int r = make_dir(u, u->parent, u->base, false, &dir, e);

		if (r < 0)
			return r;
	}
	return add_dir(u, dir, e);
}

static int begin_link(struct untar *u, int parent_fd, struct err *e)
{
	char target[TAR_NAME_MAX + 2];
	uint32_t target_dir;
	char *target_base;
	int target_fd, r;

	r = split_name(u, u->entry->link, target, e);
	if (r < 0)
		return r;
	if (!*target)
		return refuse(u, e, "is a hard link to a directory");
	r = walk(u, target, false, &target_dir, &target_base, e);
	if (r == -ENOENT)
		return refuse(u, e, "is a hard link to something that is not in the layer");
	if (r < 0)
		return r;
	if (target_dir == u->parent && strcmp(target_base, u->base) == 0)
		return refuse(u, e, "is a hard link to itself");
	target_fd = untar_dirs_fd(u->dirs, target_dir);
	if (target_fd < 0)
		return failed(u, e, target_fd);
	if (untar_dirs_find(u->dirs, target_dir, target_base, strlen(target_base)) != DIR_NONE)
		return refuse(u, e, "is a hard link to a directory");
	if (is_whiteout_device(target_fd, target_base))
		return refuse(u, e, "is a hard link to a whiteout");

	/* Without AT_SYMLINK_FOLLOW a link to a symbolic link is a link to that, not to its target.
	 */
	r = linkat(target_fd, target_base, parent_fd, u->base, 0);
	if (r < 0 && errno == EEXIST) {
		r = clear_way(u, parent_fd, e);
		if (r < 0)
			return r;
		r = linkat(target_fd, target_base, parent_fd, u->base, 0);
	}
	if (r < 0 && errno == ENOENT)
		return refuse(u, e, "is a hard link to something that is not in the layer");
	return r < 0 ? failed(u, e, -errno) : 0;
}

static int make_node(struct untar *u, int parent_fd)
{
	const struct tar_entry *x = u->entry;
	int r = -1;

	/* switch over all: -Wswitch-enum. */
	switch (x->kind) {
	case TAR_SYMLINK:
		r = symlinkat(x->link, parent_fd, u->base);
		break;
	case TAR_CHAR:
		r = mknodat(parent_fd, u->base, S_IFCHR | 0600, makedev(x->major, x->minor));
		break;
	case TAR_BLOCK_DEVICE:
		r = mknodat(parent_fd, u->base, S_IFBLK | 0600, makedev(x->major, x->minor));
		break;
	case TAR_FIFO:
		r = mknodat(parent_fd, u->base, S_IFIFO | 0600, 0);
		break;
	case TAR_FILE:
	case TAR_LINK:
	case TAR_DIR:
	default:
		errno = EINVAL;
	}
	return r < 0 ? -errno : 0;
}

static int begin_node(struct untar *u, int parent_fd, struct err *e)
{
	const struct tar_entry *x = u->entry;
	bool is_device = x->kind == TAR_CHAR || x->kind == TAR_BLOCK_DEVICE;
	int r;

	if (is_device && u->limits.forbid_devices)
		return refuse(u, e, "is a device, and devices are forbidden here");
	if (x->kind == TAR_CHAR && x->major == 0 && x->minor == 0)
		return refuse(u, e, "is the device 0:0, which only overlayfs may use");

	r = make_node(u, parent_fd);
	if (r == -EEXIST) {
		r = clear_way(u, parent_fd, e);
		if (r < 0)
			return r;
		r = make_node(u, parent_fd);
	}
	if (r < 0)
		return failed(u, e, r);
	return dress(u, parent_fd, e);
}

/* ".wh.NAME": NAME of a lower layer is not to be seen. */
static int begin_whiteout(struct untar *u, int parent_fd, struct err *e)
{
	const char *name = u->base + strlen(WHITEOUT);
	uint32_t dir;

	if (strcmp(u->base, WHITEOUT_ALL) == 0)
		return set_opaque(u, u->parent, e);
	/* Others that begin so are aufs' own records, and never files of an image. */
	if (strncmp(u->base, WHITEOUT_META, strlen(WHITEOUT_META)) == 0)
		return 0;
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return refuse(u, e, "is a whiteout of something outside");

	/* The layer has a thing of that name itself: a directory then hides what is below it. */
	dir = untar_dirs_find(u->dirs, u->parent, name, strlen(name));
	if (dir != DIR_NONE)
		return set_opaque(u, dir, e);
	if (mknodat(parent_fd, name, S_IFCHR, makedev(0, 0)) < 0 && errno != EEXIST)
		return failed(u, e, -errno);
	return 0;
}

static bool is_aufs_record(const char *parts)
{
	return strncmp(parts, WHITEOUT_META, strlen(WHITEOUT_META)) == 0 &&
	    strcmp(parts, WHITEOUT_ALL) != 0;
}

static int begin_root(struct untar *u, struct err *e)
{
	if (u->entry->kind != TAR_DIR)
		return refuse(u, e, "is the layer's root, and no directory");
	u->root_seen = true;
	return add_dir(u, DIR_ROOT, e);
}

static int begin_entry(struct untar *u, struct err *e)
{
	int parent_fd, r;

	if (++u->totals.n_entries > u->limits.max_entries)
		return err_refuse(e, -EFBIG, "refused layer: it has more than %llu entries",
		    (unsigned long long)u->limits.max_entries);
	r = split_name(u, u->entry->name, u->path, e);
	if (r >= 0)
		r = check_xattrs(u, e);
	if (r < 0)
		return r;
	if (!*u->path)
		return begin_root(u, e);
	if (is_aufs_record(u->path))
		return 0;
	r = enter_parent(u, e);
	if (r < 0)
		return r;
	parent_fd = untar_dirs_fd(u->dirs, u->parent);
	if (parent_fd < 0)
		return failed(u, e, parent_fd);

	if (strncmp(u->base, WHITEOUT, strlen(WHITEOUT)) == 0)
		return begin_whiteout(u, parent_fd, e);
	if (u->entry->kind == TAR_DIR)
		return begin_dir(u, e);
	if (u->entry->kind == TAR_FILE)
		return begin_file(u, parent_fd, e);
	if (u->entry->kind == TAR_LINK)
		return begin_link(u, parent_fd, e);
	return begin_node(u, parent_fd, e);
}

/* ---- the stream ---- */

static int write_piece(struct untar *u, const struct tar_piece *piece, struct err *e)
{
	const uint8_t *at = piece->data;
	size_t left = piece->len;
	off_t offset = (off_t)piece->offset;

	/* No file: a whiteout that has bytes, which nobody may see. */
	while (left > 0 && u->file_fd >= 0) {
		ssize_t n = pwrite(u->file_fd, at, left, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(u, e, -errno);
		at += n;
		offset += n;
		left -= (size_t)n;
	}
	return 0;
}

int untar_feed(struct untar *u, const uint8_t *data, size_t len, struct err *e)
{
	struct tar_piece piece;

	for (;;) {
		int r = tar_read(u->tar, &data, &len, &u->entry, &piece, e);

		if (r < 0 || r == TAR_MORE)
			return r;
		if (r == TAR_ENTRY)
			r = begin_entry(u, e);
		else if (r == TAR_DATA)
			r = write_piece(u, &piece, e);
		else if (r == TAR_DONE && u->file_fd >= 0)
			r = end_file(u, e);
		if (r < 0)
			return r;
	}
}

static int dress_dir(struct untar *u, uint32_t dir)
{
	const struct untar_dir *d = untar_dirs_at(u->dirs, dir);
	struct timespec times[2];
	int fd = untar_dirs_fd(u->dirs, dir);

	if (fd < 0)
		return fd;
	times[0] = times[1] = (struct timespec){ .tv_sec = d->mtime, .tv_nsec = d->mtime_ns };
	if ((d->uid || d->gid) && fchown(fd, d->uid, d->gid) < 0)
		return -errno;
	if (fchmod(fd, d->mode) < 0 || futimens(fd, times) < 0)
		return -errno;
	return 0;
}

int untar_finish(struct untar *u, struct untar_totals *ret_totals, struct err *e)
{
	uint32_t n = untar_dirs_count(u->dirs);
	int r = tar_read_end(u->tar, e);

	if (r < 0)
		return r;
	if (!u->root_seen && fsetxattr(u->tree_fd, UNTAR_IMPLIED_ROOT, "y", 1, 0) < 0)
		return err_set(e, -errno, "cannot mark the root of a layer");

	/* Parents come first in the table, so death spreads downwards in one pass. */
	for (uint32_t i = 0; i < n; i++) {
		struct untar_dir *d = untar_dirs_at(u->dirs, i);

		if (i > 0 && untar_dirs_at(u->dirs, d->parent)->is_dead)
			d->is_dead = true;
		if (d->is_dead)
			continue;
		r = dress_dir(u, i);
		if (r < 0)
			return err_set(e, r, "cannot set the owner and time of a directory");
	}
	*ret_totals = u->totals;
	return 0;
}
