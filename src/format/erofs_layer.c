/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tar becomes the tree of a layer
 *
 * One entry at a time: split its name, find or make its parents, put a node
 * under the name. Maps of sparse files are made at the end, when the tar can be read
 * back.
 */
#include "format/erofs_layer.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "format/erofs_disk.h"
#include "format/erofs_sparse.h"
#include "format/erofs_tree.h"
#include "format/posix_acl.h"
#include "format/tar.h"

#define WHITEOUT      ".wh."
#define WHITEOUT_META ".wh..wh."
#define WHITEOUT_ALL  ".wh..wh..opq"
#define TAR_DEVICE    1

struct erofs_layer {
	struct erofs_layer_limits limits;
	struct erofs_layer_totals totals;
	struct tar_reader *tar;
	struct erofs_tree *tree;
	uint64_t fed; /* bytes of the tar before those that are being looked at */
	struct erofs_sparse sparse;

	/* The entry that is being read. */
	const struct tar_entry *entry;
	char path[TAR_NAME_MAX + 2]; /* its name, cut into parts by NULs */
	struct erofs_node *parent, *file; /* no file: its data is for nobody */
	char *base;
};

int erofs_layer_new(const struct erofs_layer_limits *limits, struct erofs_layer **ret_layer)
{
	AUTO(erofs_layer_free) struct erofs_layer *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	l->limits = *limits;
	r = tar_reader_new(&l->tar);
	if (r >= 0)
		r = erofs_tree_new(&l->tree);
	if (r < 0)
		return r;
	*ret_layer = TAKE(l);
	return 0;
}

struct erofs_layer *erofs_layer_free(struct erofs_layer *l)
{
	if (!l)
		return NULL;
	tar_reader_free(l->tar);
	erofs_tree_free(l->tree);
	erofs_sparse_done(&l->sparse);
	free(l);
	return NULL;
}

/* ---- reports: each names the entry, as far as a terminal can show it ---- */

static int refuse(const struct erofs_layer *l, struct err *e, const char *why)
{
	char name[TAR_SHOWN_MAX];

	return err_refuse(
	    e, -EBADMSG, "refused layer: entry '%s' %s", tar_shown(l->entry->name, name), why);
}

static int no_memory(const struct erofs_layer *l, struct err *e)
{
	char name[TAR_SHOWN_MAX];

	return err_set(
	    e, -ENOMEM, "cannot unpack '%s'", l->entry ? tar_shown(l->entry->name, name) : "");
}

/* ---- names ---- */

static int split_name(const struct erofs_layer *l, const char *name, char *to, struct err *e)
{
	const char *why = tar_split_name(name, to);

	return why ? refuse(l, e, why) : 0;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* The name's place in its directory; `was` there before, perhaps as a whiteout. */
static int get_name(struct erofs_layer *l, const char *text, struct erofs_name **ret,
    bool *ret_is_new, struct err *e)
{
	*ret = erofs_name_get(l->tree, l->parent, text, strlen(text), ret_is_new);
	return *ret ? 0 : no_memory(l, e);
}

/*
 * Puts a directory under a name that has none. Where a whiteout stood, what a lower layer
 * has there was removed first, and must not shine through.
 */
static int put_dir(struct erofs_layer *l, struct erofs_node *parent, const char *text, bool implied,
    struct erofs_node **ret, struct err *e)
{
	bool is_new;
	struct erofs_name *name = erofs_name_get(l->tree, parent, text, strlen(text), &is_new);
	struct erofs_node *dir = erofs_node_new(l->tree, S_IFDIR | 0755);

	if (!name || !dir)
		return no_memory(l, e);
	if (implied && name->node)
		return refuse(l, e, "goes through something that is not a directory");
	dir->dir.is_implied = implied;
	dir->dir.is_opaque = !is_new && !name->node;
	name->node = *ret = dir;
	return 0;
}

/*
 * Finds or makes the parents of a path in parts; *ret_base is its last part.
 * `make` false: -ENOENT where one is missing (for targets of hard links).
 */
static int walk(struct erofs_layer *l, char *parts, bool make, struct erofs_node **ret_dir,
    char **ret_base, struct err *e)
{
	struct erofs_node *dir = l->tree->root;

	for (;;) {
		size_t len = strlen(parts);
		const struct erofs_name *name;
		int r = 0;

		if (parts[len + 1] == '\0') {
			*ret_dir = dir;
			*ret_base = parts;
			return 0;
		}
		name = erofs_name_find(l->tree, dir, parts, len);
		if (name && erofs_is_dir(name->node))
			dir = name->node;
		else if (!make)
			return -ENOENT;
		else if (begins(parts, WHITEOUT))
			return refuse(l, e, "lies beneath a whiteout");
		else
			r = put_dir(l, dir, parts, true, &dir, e);
		if (r < 0)
			return r;
		parts += len + 1;
	}
}

/* ---- what an entry has besides its bytes ---- */

static bool is_ours(const char *xattr)
{
	return begins(xattr, "trusted.overlay.") || begins(xattr, "user.overlay.") ||
	    begins(xattr, "trusted.dolium.");
}

static int check_xattrs(const struct erofs_layer *l, struct err *e)
{
	for (size_t i = 0; i < l->entry->n_xattrs; i++) {
		const struct tar_xattr *x = &l->entry->xattrs[i];

		if (is_ours(x->name))
			return refuse(
			    l, e, "has an extended attribute that only overlayfs may set");
		if (strlen(x->name) > NAME_MAX || x->len > UINT16_MAX)
			return refuse(l, e, "has an extended attribute of more than 64 KiB");
	}
	return 0;
}

/* 1: to be kept; 0: it says no more than the mode does, which is set to that. */
static int take_acl(const struct erofs_layer *l, struct erofs_node *node, unsigned index,
    const struct tar_xattr *x, struct err *e)
{
	struct posix_acl acl;

	if (posix_acl_parse(x->value, x->len, &acl) < 0)
		return refuse(l, e, "has an access control list that is none");
	if (index == EROFS_XATTR_ACL_DEFAULT) {
		if (!S_ISDIR(node->mode))
			return refuse(
			    l, e, "has a default access control list, and is no directory");
		return acl.n_entries > 0;
	}
	if (acl.n_entries == 0)
		return 0;
	node->mode = (node->mode & ~0777U) | acl.mode;
	return acl.is_extended;
}

/* What this kind of file cannot have is left out, as the kernel would refuse it. */
static bool is_left_out(const struct erofs_node *node, int index)
{
	if (index < 0)
		return true;
	if (index == EROFS_XATTR_USER)
		return !S_ISREG(node->mode) && !S_ISDIR(node->mode);
	return S_ISLNK(node->mode) &&
	    (index == EROFS_XATTR_ACL_ACCESS || index == EROFS_XATTR_ACL_DEFAULT);
}

static int add_xattr(
    struct erofs_layer *l, struct erofs_node *node, const struct tar_xattr *x, struct err *e)
{
	const char *rest = "";
	int index = erofs_xattr_split(x->name, &rest), r = 1;
	struct erofs_xattr *xattr;

	if (is_left_out(node, index))
		return 0;
	if (index == EROFS_XATTR_ACL_ACCESS || index == EROFS_XATTR_ACL_DEFAULT)
		r = take_acl(l, node, (unsigned)index, x, e);
	if (r <= 0)
		return r;
	xattr = erofs_xattr_get(l->tree, (unsigned)index, rest, strlen(rest), x->value, x->len);
	if (!xattr || erofs_xattr_set(l->tree, node, xattr) < 0)
		return no_memory(l, e);
	return 0;
}

static int dress(struct erofs_layer *l, struct erofs_node *node, struct err *e)
{
	const struct tar_entry *x = l->entry;
	int r = 0;

	node->mode = (node->mode & (uint32_t)S_IFMT) | (S_ISLNK(node->mode) ? 0777 : x->mode);
	node->uid = x->uid;
	node->gid = x->gid;
	node->mtime = x->mtime;
	node->mtime_ns = x->mtime_ns;
	for (size_t i = 0; i < x->n_xattrs && r >= 0; i++)
		r = add_xattr(l, node, &x->xattrs[i], e);
	return r;
}

/* ---- the kinds ---- */

static int put_node(struct erofs_layer *l, uint32_t mode, struct erofs_node **ret, struct err *e)
{
	struct erofs_node *node = erofs_node_new(l->tree, mode);
	struct erofs_name *name;
	bool is_new;
	int r;

	if (!node)
		return no_memory(l, e);
	r = dress(l, node, e);
	if (r >= 0)
		r = get_name(l, l->base, &name, &is_new, e);
	if (r < 0)
		return r;
	name->node = *ret = node;
	return 0;
}

static int begin_file(struct erofs_layer *l, struct err *e)
{
	char name[TAR_SHOWN_MAX];
	uint64_t sum;
	int r;

	if (__builtin_add_overflow(l->totals.disk_bytes, l->entry->size, &sum) ||
	    sum > l->limits.max_bytes)
		return err_refuse(e, -EFBIG,
		    "refused layer: with entry '%s' its files have more than %llu bytes",
		    tar_shown(l->entry->name, name), (unsigned long long)l->limits.max_bytes);
	l->totals.disk_bytes = sum;
	r = put_node(l, S_IFREG, &l->file, e);
	if (r < 0)
		return r;
	l->file->size = l->entry->size;
	l->file->file.place = EROFS_HOLE;
	return 0;
}

static int dress_dir(struct erofs_layer *l, struct erofs_node *dir, struct err *e)
{
	dir->dir.is_implied = false;
	return dress(l, dir, e);
}

static int begin_dir(struct erofs_layer *l, struct err *e)
{
	const struct erofs_name *name =
	    erofs_name_find(l->tree, l->parent, l->base, strlen(l->base));
	struct erofs_node *dir = name && erofs_is_dir(name->node) ? name->node : NULL;
	int r = dir ? 0 : put_dir(l, l->parent, l->base, false, &dir, e);

	return r < 0 ? r : dress_dir(l, dir, e);
}

static int begin_root(struct erofs_layer *l, struct err *e)
{
	if (l->entry->kind != TAR_DIR)
		return refuse(l, e, "is the layer's root, and no directory");
	return dress_dir(l, l->tree->root, e);
}

static int begin_link(struct erofs_layer *l, struct err *e)
{
	char parts[TAR_NAME_MAX + 2], *target_base;
	const struct erofs_name *target;
	struct erofs_node *target_dir;
	struct erofs_name *name;
	bool is_new;
	int r;

	r = split_name(l, l->entry->link, parts, e);
	if (r < 0)
		return r;
	if (!*parts)
		return refuse(l, e, "is a hard link to a directory");
	if (walk(l, parts, false, &target_dir, &target_base, e) < 0)
		return refuse(l, e, "is a hard link to something that is not in the layer");
	if (target_dir == l->parent && strcmp(target_base, l->base) == 0)
		return refuse(l, e, "is a hard link to itself");
	target = erofs_name_find(l->tree, target_dir, target_base, strlen(target_base));
	if (!target)
		return refuse(l, e, "is a hard link to something that is not in the layer");
	if (!target->node)
		return refuse(l, e, "is a hard link to a whiteout");
	if (erofs_is_dir(target->node))
		return refuse(l, e, "is a hard link to a directory");
	r = get_name(l, l->base, &name, &is_new, e);
	if (r < 0)
		return r;
	name->node = target->node;
	return 0;
}

static int begin_device(struct erofs_layer *l, struct err *e)
{
	const struct tar_entry *x = l->entry;
	struct erofs_node *node;
	int r;

	if (l->limits.forbid_devices)
		return refuse(l, e, "is a device, and devices are forbidden here");
	if (x->kind == TAR_CHAR && x->major == 0 && x->minor == 0)
		return refuse(l, e, "is the device 0:0, which only overlayfs may use");
	r = put_node(l, x->kind == TAR_CHAR ? S_IFCHR : S_IFBLK, &node, e);
	if (r < 0)
		return r;
	node->major = x->major;
	node->minor = x->minor;
	return 0;
}

static int begin_symlink(struct erofs_layer *l, struct err *e)
{
	struct erofs_node *node;
	int r = put_node(l, S_IFLNK, &node, e);

	if (r < 0)
		return r;
	node->size = strlen(l->entry->link);
	node->target = arena_text(&l->tree->arena, l->entry->link, node->size);
	return node->target ? 0 : no_memory(l, e);
}

/* ".wh.NAME": NAME of a lower layer is not to be seen. */
static int begin_whiteout(struct erofs_layer *l, struct err *e)
{
	const char *text = l->base + strlen(WHITEOUT);
	struct erofs_name *name;
	bool is_new;
	int r;

	if (strcmp(l->base, WHITEOUT_ALL) == 0) {
		l->parent->dir.is_opaque = true;
		return 0;
	}
	/* Others that begin so are aufs' own records, and never files of an image. */
	if (begins(l->base, WHITEOUT_META))
		return 0;
	if (!*text || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return refuse(l, e, "is a whiteout of something outside");
	r = get_name(l, text, &name, &is_new, e);
	if (r < 0)
		return r;
	/* The layer has a thing of that name itself: a directory then hides what is below it. */
	if (erofs_is_dir(name->node))
		name->node->dir.is_opaque = true;
	return 0;
}

static int begin_kind(struct erofs_layer *l, struct err *e)
{
	struct erofs_node *node;

	/* switch over all: -Wswitch-enum. */
	switch (l->entry->kind) {
	case TAR_DIR:
		return begin_dir(l, e);
	case TAR_FILE:
		return begin_file(l, e);
	case TAR_LINK:
		return begin_link(l, e);
	case TAR_SYMLINK:
		return begin_symlink(l, e);
	case TAR_CHAR:
	case TAR_BLOCK_DEVICE:
		return begin_device(l, e);
	case TAR_FIFO:
		return put_node(l, S_IFIFO, &node, e);
	default:
		return refuse(l, e, "is of a kind that layers do not have");
	}
}

static int begin_entry(struct erofs_layer *l, struct err *e)
{
	int r;

	l->file = NULL;
	if (++l->totals.n_entries > l->limits.max_entries)
		return err_refuse(e, -EFBIG, "refused layer: it has more than %llu entries",
		    (unsigned long long)l->limits.max_entries);
	r = split_name(l, l->entry->name, l->path, e);
	if (r >= 0)
		r = check_xattrs(l, e);
	if (r < 0)
		return r;
	if (!*l->path)
		return begin_root(l, e);
	if (begins(l->path, WHITEOUT_META) && strcmp(l->path, WHITEOUT_ALL) != 0)
		return 0;
	r = walk(l, l->path, true, &l->parent, &l->base, e);
	if (r < 0)
		return r;
	return begins(l->base, WHITEOUT) ? begin_whiteout(l, e) : begin_kind(l, e);
}

/* ---- the stream ---- */

static int note_piece(
    struct erofs_layer *l, const struct tar_piece *piece, uint64_t stored_at, struct err *e)
{
	if (!l->file)
		return 0;
	if (l->entry->is_sparse)
		return erofs_sparse_add(&l->sparse, piece->offset, piece->len, stored_at) < 0
		    ? no_memory(l, e)
		    : 0;
	if (piece->offset > 0)
		return 0;
	/* The reader gives data from the beginning of a block on. */
	if (stored_at / EROFS_BLOCK >= UINT32_MAX)
		return err_refuse(e, -EFBIG, "refused layer: it has more than 2 TiB");
	l->file->file.place = erofs_place(TAR_DEVICE, (uint32_t)(stored_at / EROFS_BLOCK));
	return 0;
}

int erofs_layer_feed(struct erofs_layer *l, const uint8_t *data, size_t len, struct err *e)
{
	const uint8_t *start = data;
	struct tar_piece piece;

	for (;;) {
		int r = tar_read(l->tar, &data, &len, &l->entry, &piece, e);

		if (r < 0)
			return r;
		if (r == TAR_MORE) {
			l->fed += (uint64_t)(data - start);
			return 0;
		}
		if (r == TAR_ENTRY)
			r = begin_entry(l, e);
		else if (r == TAR_DATA)
			r = note_piece(l, &piece, l->fed + (uint64_t)(piece.data - start), e);
		else if (r == TAR_DONE && l->file && l->entry->is_sparse)
			r = erofs_sparse_close(&l->sparse, l->file) < 0 ? no_memory(l, e) : 0;
		if (r < 0)
			return r;
	}
}

int erofs_layer_finish(struct erofs_layer *l, const struct erofs_source *source,
    struct erofs_tree **ret_tree, struct erofs_layer_totals *ret_totals, struct err *e)
{
	int r = tar_read_end(l->tar, e);

	if (r >= 0)
		r = erofs_sparse_finish(&l->sparse, l->tree, TAR_DEVICE, source, e);
	if (r < 0)
		return r;
	if (ret_totals)
		*ret_totals = l->totals;
	*ret_tree = TAKE(l->tree);
	return 0;
}
