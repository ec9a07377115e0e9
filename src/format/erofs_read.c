/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EROFS indexes, read
 *
 * The worker that makes the index of a layer has read hostile bytes, and may have been taken over.
 * So an index is read as if anybody had written it: what comes out is a tree that a tar could
 * have made, or nothing. What is written once is read once: each inode, directory, link, map
 * and attribute is paid for with its bytes, and all of them together may not cost more than
 * the index is long. So its parts cannot overlap to make much of little.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "format/erofs_disk.h"
#include "format/erofs_index.h"
#include "format/erofs_tree.h"
#include "format/tar.h"

#define WHITEOUT     ".wh."
#define OPAQUE       ".wh..wh..opq"
#define RESERVED     ".wh..wh."
#define IMPLIED      "dolium.implied"
#define SHARED_BIT   ((uint64_t)1 << 63) /* of a key: a shared attribute, not an inode */
#define NS_IN_SECOND 1000000000U

struct known {
	uint64_t key; /* 0: free */
	void *what;
};

struct waiting {
	uint64_t number;
	struct erofs_node *dir;
};

struct reader {
	const uint8_t *data;
	size_t len;
	uint64_t left; /* what may still be read */
	uint64_t block, inodes_at, xattrs_at;
	uint32_t first_device;
	size_t n_devices;
	uint64_t starts[EROFS_DEVICES_MAX], blocks[EROFS_DEVICES_MAX];

	struct erofs_tree *tree;
	struct known *known;
	size_t n_known, n_slots;
	struct waiting *waiting; /* directories, in the order in which they were met */
	size_t n_waiting, room_waiting;

	uint64_t number; /* of the inode that is being read: for reports */
	struct err *e;
};

static int bad(const struct reader *x, const char *why)
{
	return err_refuse(
	    x->e, -EBADMSG, "damaged index: inode %llu: %s", (unsigned long long)x->number, why);
}

static int no_memory(const struct reader *x)
{
	return err_set(x->e, -ENOMEM, "cannot read an index");
}

/* The `len` bytes at `at`, paid for. NULL: they are not there, or were read before. */
static const uint8_t *take(struct reader *x, uint64_t at, uint64_t len)
{
	if (at > x->len || len > x->len - at || len > x->left)
		return NULL;
	x->left -= len;
	return x->data + at;
}

/* ---- what was read already ---- */

static struct known *find_known(struct reader *x, uint64_t key)
{
	size_t i = (size_t)(key * 0x9e3779b97f4a7c15 >> 20) & (x->n_slots - 1);

	while (x->known[i].key != 0 && x->known[i].key != key)
		i = (i + 1) & (x->n_slots - 1);
	return &x->known[i];
}

static int grow_known(struct reader *x)
{
	const size_t n_old = x->n_slots;
	struct known *old = x->known;

	if (n_old > 0 && x->n_known < n_old / 2)
		return 0;
	x->known = calloc(n_old ? n_old * 4 : 1024, sizeof(*x->known));
	if (!x->known) {
		x->known = old;
		return -ENOMEM;
	}
	x->n_slots = n_old ? n_old * 4 : 1024;
	for (size_t i = 0; i < n_old; i++) {
		if (old[i].key)
			*find_known(x, old[i].key) = old[i];
	}
	free(old);
	return 0;
}

/* The entry of `key`; its `what` is NULL where it is new. NULL: no memory. */
static struct known *know(struct reader *x, uint64_t key)
{
	struct known *k;

	if (grow_known(x) < 0)
		return NULL;
	k = find_known(x, key);
	if (k->key == 0)
		x->n_known++;
	k->key = key;
	return k;
}

/* ---- the superblock ---- */

static int bad_super(const struct reader *x, const char *why)
{
	return err_refuse(x->e, -EBADMSG, "damaged index: superblock: %s", why);
}

static int read_devices(struct reader *x, const uint8_t *super, struct erofs_about *about)
{
	uint64_t at = (uint64_t)le16_get(super + S_DEVICE_SLOT) * EROFS_DEVICE;
	uint64_t end = x->len / x->block;

	x->n_devices = le16_get(super + S_DEVICES);
	if (x->n_devices > EROFS_DEVICES_MAX || at > x->len ||
	    x->n_devices * (uint64_t)EROFS_DEVICE > x->len - at)
		return bad_super(x, "its devices are not in it");
	for (size_t i = 0; i < x->n_devices; i++) {
		const uint8_t *device = x->data + at + i * EROFS_DEVICE;

		x->blocks[i] = le32_get(device + D_BLOCKS);
		x->starts[i] = le32_get(device + D_START);
		if (x->starts[i] < end)
			return bad_super(x, "its devices overlap");
		end = x->starts[i] + x->blocks[i];
		if (about) {
			about->devices[i].bytes = x->blocks[i] * x->block;
			memcpy(about->devices[i].tag, device + D_TAG, EROFS_TAG_LEN);
		}
	}
	if (about) {
		about->n_devices = x->n_devices;
		memcpy(about->uuid, super + S_UUID, EROFS_UUID_LEN);
	}
	return 0;
}

static int check_sum(const struct reader *x, const uint8_t *super)
{
	uint64_t len = x->block > EROFS_SUPER_AT ? x->block - EROFS_SUPER_AT : x->block;
	uint8_t copy[4096];

	if (len > x->len - EROFS_SUPER_AT || len > sizeof(copy))
		return bad_super(x, "it is cut off");
	memcpy(copy, super, (size_t)len);
	le32_put(copy + S_CHECKSUM, 0);
	if (erofs_crc32c(copy, len) != le32_get(super + S_CHECKSUM))
		return bad_super(x, "its checksum is wrong");
	return 0;
}

static int read_super(struct reader *x, struct erofs_about *about)
{
	const uint8_t *super = x->data + EROFS_SUPER_AT;
	int r;

	if (x->len < EROFS_SUPER_AT + EROFS_SUPER_LEN || le32_get(super + S_MAGIC) != EROFS_MAGIC)
		return bad_super(x, "there is none");
	if (super[S_BLOCK_BITS] != 9 && super[S_BLOCK_BITS] != 12)
		return bad_super(x, "its blocks are of a size that is not used");
	x->block = (uint64_t)1 << super[S_BLOCK_BITS];
	if ((le32_get(super + S_INCOMPAT) & ~EROFS_INCOMPAT_READABLE) != 0)
		return bad_super(x, "it has features that are not used");
	r = check_sum(x, super);
	if (r < 0)
		return r;
	x->inodes_at = le32_get(super + S_META_BLOCK) * x->block;
	x->xattrs_at = le32_get(super + S_XATTR_BLOCK) * x->block;
	if (x->inodes_at >= x->len || x->xattrs_at >= x->len)
		return bad_super(x, "its inodes are not in it");
	return read_devices(x, super, about);
}

/* ---- attributes ---- */

static bool is_reserved(unsigned index, const char *name, size_t len)
{
	static const char overlay[] = "overlay.", own[] = "dolium.";

	if (index != EROFS_XATTR_TRUSTED && index != EROFS_XATTR_USER)
		return false;
	return (len >= strlen(overlay) && memcmp(name, overlay, strlen(overlay)) == 0) ||
	    (index == EROFS_XATTR_TRUSTED && len >= strlen(own) &&
	        memcmp(name, own, strlen(own)) == 0);
}

/* One attribute at `at`; *ret_len is what it takes, with its padding. */
static int read_xattr(
    struct reader *x, uint64_t at, uint64_t room, struct erofs_xattr **ret, uint64_t *ret_len)
{
	const uint8_t *head = x->data + at;
	const char *name = (const char *)head + EROFS_XATTR_ENTRY, *prefix;
	size_t name_len, len;

	if (room < EROFS_XATTR_ENTRY)
		return bad(x, "an attribute is cut off");
	name_len = head[0];
	len = le16_get(head + 2);
	*ret_len = round_up(EROFS_XATTR_ENTRY + name_len + len, 4);
	if (*ret_len > room)
		return bad(x, "an attribute is cut off");
	prefix = erofs_xattr_prefix(head[1]);
	if (!prefix || (prefix[strlen(prefix) - 1] == '.') != (name_len > 0) ||
	    memchr(name, '\0', name_len))
		return bad(x, "an attribute has a name that none can have");
	*ret = erofs_xattr_get(x->tree, head[1], name, name_len, name + name_len, len);
	return *ret ? 0 : no_memory(x);
}

static int add_xattr(struct reader *x, struct erofs_node *node, struct erofs_xattr *xattr)
{
	if (is_reserved(xattr->index, xattr->name, xattr->name_len)) {
		if (!S_ISDIR(node->mode) || xattr->index != EROFS_XATTR_TRUSTED ||
		    strcmp(xattr->name, IMPLIED) != 0)
			return bad(x, "an attribute that only overlayfs may set");
		node->dir.is_implied = true;
		return 0;
	}
	return erofs_xattr_set(x->tree, node, xattr) < 0 ? no_memory(x) : 0;
}

static int read_shared(struct reader *x, struct erofs_node *node, uint32_t id)
{
	uint64_t at = x->xattrs_at + 4 * (uint64_t)id, len;
	struct known *k = know(x, SHARED_BIT | at);
	struct erofs_xattr *xattr;
	int r;

	if (!k)
		return no_memory(x);
	if (!k->what) {
		if (at >= x->len)
			return bad(x, "a shared attribute is not in the index");
		r = read_xattr(x, at, x->len - at, &xattr, &len);
		if (r < 0)
			return r;
		if (!take(x, at, len))
			return bad(x, "shared attributes overlap");
		k->what = xattr;
	}
	return add_xattr(x, node, k->what);
}

/* `at` and `len`: header, shared ones, and those that stand here, all paid for. */
static int read_xattrs(struct reader *x, struct erofs_node *node, uint64_t at, uint64_t len)
{
	uint64_t used = EROFS_XATTR_HEADER;
	uint32_t n_shared;
	int r = 0;

	if (len == 0)
		return 0;
	n_shared = x->data[at + EROFS_XATTR_SHARED_AT];
	if (used + 4 * (uint64_t)n_shared > len)
		return bad(x, "its attributes are cut off");
	for (uint32_t i = 0; i < n_shared && r >= 0; i++, used += 4)
		r = read_shared(x, node, le32_get(x->data + at + used));
	while (used < len && r >= 0) {
		struct erofs_xattr *xattr;
		uint64_t n;

		r = read_xattr(x, at + used, len - used, &xattr, &n);
		if (r >= 0)
			r = add_xattr(x, node, xattr);
		used += r >= 0 ? n : 0;
	}
	return r;
}

/* ---- the data of files ---- */

/* Where `n` blocks from `block` on are; they must be on one device, and in it. */
static int find_place(struct reader *x, uint64_t block, uint64_t n, uint64_t *ret_place)
{
	for (size_t i = 0; i < x->n_devices; i++) {
		uint64_t in;

		if (block < x->starts[i] || block >= x->starts[i] + x->blocks[i])
			continue;
		in = block - x->starts[i];
		if (n > x->blocks[i] - in)
			break;
		in = in * (x->block / EROFS_BLOCK);
		if (in > UINT32_MAX)
			break;
		*ret_place = erofs_place(x->first_device + (uint32_t)i, (uint32_t)in);
		return 0;
	}
	return bad(x, "its data is on no device");
}

static uint64_t n_blocks(const struct reader *x, uint64_t bytes)
{
	return bytes / x->block + (bytes % x->block != 0);
}

/* Blocks that the index has itself: copied, behind those before. */
static int read_own(struct reader *x, struct erofs_map *map, uint64_t room, uint64_t block,
    uint64_t len, uint64_t *ret_place)
{
	const uint8_t *data;

	len = round_up(len, x->block);
	data = take(x, block * x->block, len);
	if (!data || len > room - map->own_len)
		return bad(x, "blocks of a sparse file are not in the index");
	memcpy(map->own + map->own_len, data, (size_t)len);
	*ret_place = erofs_place(EROFS_OWN, (uint32_t)(map->own_len / EROFS_BLOCK));
	map->own_len += len;
	return 0;
}

/* How much of a sparse file the index has itself. */
static uint64_t own_room(
    const struct reader *x, const struct erofs_map *map, const uint8_t *blocks, uint64_t size)
{
	const uint64_t chunk = (uint64_t)1 << map->bits;
	uint64_t sum = 0;

	for (uint64_t i = 0; i < map->n; i++) {
		uint64_t len = size - (i << map->bits) < chunk ? size - (i << map->bits) : chunk;

		if (le32_get(blocks + 4 * i) < x->len / x->block &&
		    (__builtin_add_overflow(sum, round_up(len, x->block), &sum) || sum > x->len))
			return UINT64_MAX;
	}
	return sum;
}

static int read_map(struct reader *x, struct erofs_node *node, uint64_t at, uint32_t form)
{
	const uint64_t size = node->size;
	struct erofs_map *map = arena_alloc(&x->tree->arena, sizeof(*map));
	const uint8_t *blocks;
	uint64_t room;
	int r = 0;

	if (!map)
		return no_memory(x);
	map->bits = (unsigned)__builtin_ctzll(x->block) + (form & EROFS_CHUNK_BITS_MASK);
	if ((form & ~EROFS_CHUNK_BITS_MASK) != 0 || size == 0)
		return bad(x, "its chunks are in a form that is not used");
	map->n = ((size - 1) >> map->bits) + 1;
	blocks = map->n > EROFS_CHUNKS_MAX ? NULL : take(x, at, 4 * map->n);
	if (!blocks)
		return bad(x, "its chunks are not in the index");
	room = own_room(x, map, blocks, size);
	if (room == UINT64_MAX)
		return bad(x, "blocks of a sparse file are not in the index");
	map->places = arena_alloc(&x->tree->arena, (size_t)map->n * sizeof(*map->places));
	map->own = arena_alloc(&x->tree->arena, (size_t)room);
	if (!map->places || !map->own)
		return no_memory(x);
	for (uint64_t i = 0; i < map->n && r >= 0; i++) {
		uint64_t block = le32_get(blocks + 4 * i), left = size - (i << map->bits);
		uint64_t len = left >> map->bits ? (uint64_t)1 << map->bits : left;

		map->places[i] = EROFS_HOLE;
		if (block == EROFS_NULL)
			continue;
		if (block < x->len / x->block)
			r = read_own(x, map, room, block, len, &map->places[i]);
		else
			r = find_place(x, block, n_blocks(x, len), &map->places[i]);
	}
	node->file.map = map;
	return r;
}

static int read_file(
    struct reader *x, struct erofs_node *node, unsigned layout, uint64_t tail, uint32_t what)
{
	node->file.place = EROFS_HOLE;
	if (node->size > INT64_MAX)
		return bad(x, "its size is none");
	if (layout == EROFS_CHUNKED)
		return read_map(x, node, tail, what);
	if (layout != EROFS_PLAIN)
		return bad(x, "its data is laid out as it is not here");
	if (node->size == 0)
		return 0;
	return find_place(x, what, n_blocks(x, node->size), &node->file.place);
}

static int read_link(
    struct reader *x, struct erofs_node *node, unsigned layout, uint64_t tail, uint32_t what)
{
	const uint8_t *text;

	if ((layout != EROFS_INLINE && layout != EROFS_PLAIN) || node->size == 0 ||
	    node->size > TAR_NAME_MAX)
		return bad(x, "a symbolic link that is none");
	text = take(x, layout == EROFS_INLINE ? tail : what * x->block, node->size);
	if (!text || memchr(text, '\0', (size_t)node->size))
		return bad(x, "a symbolic link to something that has no name");
	node->target = arena_text(&x->tree->arena, (const char *)text, (size_t)node->size);
	return node->target ? 0 : no_memory(x);
}

static int read_device(struct reader *x, struct erofs_node *node, uint32_t what)
{
	node->major = what >> 8 & 0xfff;
	node->minor = (what & 0xff) | (what >> 12 & 0xfff00);
	if (S_ISCHR(node->mode) && node->major == 0 && node->minor == 0)
		return bad(x, "it is the device 0:0, which only overlayfs may use");
	return 0;
}

/* ---- inodes ---- */

static int read_kind(
    struct reader *x, struct erofs_node *node, unsigned layout, uint64_t tail, uint32_t what)
{
	switch (node->mode & (uint32_t)S_IFMT) {
	case S_IFREG:
		return read_file(x, node, layout, tail, what);
	case S_IFLNK:
		return read_link(x, node, layout, tail, what);
	case S_IFCHR:
	case S_IFBLK:
		return read_device(x, node, what);
	case S_IFDIR: /* what is in it comes later */
	case S_IFIFO:
		return 0;
	default:
		return bad(x, "it is of a kind that layers do not have");
	}
}

static int inode_at(struct reader *x, uint64_t number, uint64_t *ret_at)
{
	x->number = number;
	if (number > x->len / EROFS_SLOT)
		return bad(x, "it is not in the index");
	*ret_at = x->inodes_at + number * EROFS_SLOT;
	if (*ret_at > x->len || x->len - *ret_at < EROFS_INODE_LEN)
		return bad(x, "it is not in the index");
	return 0;
}

static uint64_t xattrs_len(const uint8_t *inode)
{
	uint64_t count = le16_get(inode + I_XATTR_COUNT);

	return count ? EROFS_XATTR_HEADER + 4 * (count - 1) : 0;
}

static int read_inode(struct reader *x, uint64_t number, struct erofs_node **ret)
{
	struct erofs_node *node;
	const uint8_t *from;
	unsigned format;
	uint64_t at, len;
	int r = inode_at(x, number, &at);

	if (r < 0)
		return r;
	len = xattrs_len(x->data + at);
	from = take(x, at, EROFS_INODE_LEN + len);
	if (!from)
		return bad(x, "it overlaps another one");
	format = le16_get(from + I_FORMAT);
	if ((format & ~0xeU) != 1)
		return bad(x, "it is in a form that is not used");
	node = *ret = erofs_node_new(x->tree, le16_get(from + I_MODE));
	if (!node)
		return no_memory(x);
	node->uid = le32_get(from + I_UID);
	node->gid = le32_get(from + I_GID);
	node->mtime = (int64_t)le64_get(from + I_MTIME);
	node->mtime_ns = le32_get(from + I_MTIME_NS);
	node->size = le64_get(from + I_SIZE);
	if (node->mtime_ns >= NS_IN_SECOND || node->uid == UINT32_MAX || node->gid == UINT32_MAX)
		return bad(x, "its time or its owner is none");
	r = read_xattrs(x, node, at + EROFS_INODE_LEN, len);
	if (r < 0)
		return r;
	return read_kind(x, node, format >> 1, at + EROFS_INODE_LEN + len, le32_get(from + I_WHAT));
}

/* ---- directories ---- */

static int wait_for_dir(struct reader *x, uint64_t number, struct erofs_node *dir)
{
	if (x->n_waiting == x->room_waiting) {
		size_t room = x->room_waiting ? x->room_waiting * 2 : 64;
		struct waiting *more = reallocarray(x->waiting, room, sizeof(*more));

		if (!more)
			return no_memory(x);
		x->waiting = more;
		x->room_waiting = room;
	}
	x->waiting[x->n_waiting++] = (struct waiting){ number, dir };
	return 0;
}

static int get_node(struct reader *x, uint64_t number, struct erofs_node **ret)
{
	struct known *k = know(x, number + 1);
	int r;

	if (!k)
		return no_memory(x);
	if (k->what) {
		*ret = k->what;
		return S_ISDIR((*ret)->mode) ? bad(x, "a directory with two names") : 0;
	}
	r = read_inode(x, number, ret);
	if (r < 0)
		return r;
	/* Again: its attributes may have made the table grow. */
	find_known(x, number + 1)->what = *ret;
	return S_ISDIR((*ret)->mode) ? wait_for_dir(x, number, *ret) : 0;
}

static bool begins(const char *text, size_t len, const char *with)
{
	return len >= strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

static int add_name(
    struct reader *x, struct erofs_node *dir, const char *text, size_t len, uint64_t number)
{
	const uint64_t of_dir = x->number;
	struct erofs_node *node = NULL;
	struct erofs_name *name;
	bool is_new;
	int r = 0;

	if (len == strlen(OPAQUE) && memcmp(text, OPAQUE, len) == 0) {
		dir->dir.is_opaque = true;
		return 0;
	}
	if (begins(text, len, RESERVED))
		return bad(x, "a name that only aufs may have");
	if (begins(text, len, WHITEOUT)) {
		text += strlen(WHITEOUT);
		len -= strlen(WHITEOUT);
	} else {
		r = get_node(x, number, &node);
		x->number = of_dir;
	}
	if (r < 0)
		return r;
	if (len == 0 || (len == 1 && *text == '.') || (len == 2 && memcmp(text, "..", 2) == 0))
		return bad(x, "a whiteout of something outside");
	name = erofs_name_get(x->tree, dir, text, len, &is_new);
	if (!name)
		return no_memory(x);
	if (!is_new)
		return bad(x, "one name twice");
	name->node = node;
	return 0;
}

static int add_dirent(
    struct reader *x, const struct waiting *w, const char *text, size_t len, uint64_t number)
{
	if (len == 0 || len > EROFS_NAME_MAX || memchr(text, '/', len))
		return bad(x, "a name that none can have");
	if (len == 1 && *text == '.')
		return number == w->number ? 0 : bad(x, "'.' is something else");
	/* Whose parent it is, the tree knows by itself. */
	if (len == 2 && memcmp(text, "..", 2) == 0)
		return 0;
	return add_name(x, w->dir, text, len, number);
}

static int read_block(struct reader *x, const struct waiting *w, const uint8_t *block, uint64_t len)
{
	uint64_t first = len >= EROFS_DIRENT ? le16_get(block + 8) : 0, at = first;
	int r = 0;

	if (first == 0 || first % EROFS_DIRENT != 0 || first > len)
		return bad(x, "a block of a directory that is none");
	for (uint64_t i = 0; i < first / EROFS_DIRENT && r >= 0; i++) {
		const uint8_t *entry = block + i * EROFS_DIRENT;
		bool is_last = (i + 1) * EROFS_DIRENT == first;
		uint64_t end = is_last ? len : le16_get(entry + EROFS_DIRENT + 8);
		size_t n;

		if (end < at || end > len)
			return bad(x, "a name is cut off");
		n = strnlen((const char *)block + at, (size_t)(end - at));
		if (!is_last && n != end - at)
			return bad(x, "a name with a NUL in it");
		r = add_dirent(x, w, (const char *)block + at, n, le64_get(entry));
		at = end;
	}
	return r;
}

static int read_dir(struct reader *x, const struct waiting *w)
{
	const uint64_t size = w->dir->size;
	uint64_t at, tail, whole;
	const uint8_t *inode;
	unsigned layout;
	int r = inode_at(x, w->number, &at);

	if (r < 0)
		return r;
	inode = x->data + at;
	layout = le16_get(inode + I_FORMAT) >> 1 & 7;
	if ((layout != EROFS_INLINE && layout != EROFS_PLAIN) || size > x->len)
		return bad(x, "a directory that is none");
	tail = at + EROFS_INODE_LEN + xattrs_len(inode);
	at = le32_get(inode + I_WHAT) * x->block;
	whole = size / x->block;
	for (uint64_t i = 0; i * x->block < size && r >= 0; i++) {
		uint64_t len = i < whole ? x->block : size % x->block;
		uint64_t from = i == whole && layout == EROFS_INLINE ? tail : at + i * x->block;
		const uint8_t *block = take(x, from, len);

		r = block ? read_block(x, w, block, len)
		          : bad(x, "a directory is not in the index");
	}
	return r;
}

static int read_tree(struct reader *x)
{
	const uint64_t root = le16_get(x->data + EROFS_SUPER_AT + S_ROOT);
	int r = get_node(x, root, &x->tree->root);

	if (r >= 0 && !S_ISDIR(x->tree->root->mode))
		return bad(x, "the root is no directory");
	for (size_t i = 0; i < x->n_waiting && r >= 0; i++) {
		struct waiting w = x->waiting[i];

		r = read_dir(x, &w);
	}
	return r;
}

int erofs_read(const uint8_t *data, size_t len, uint32_t first_device, struct erofs_tree **ret_tree,
    struct erofs_about *about, struct err *e)
{
	AUTO(erofs_tree_free) struct erofs_tree *tree = NULL;
	struct reader x = {
		.data = data,
		.len = len,
		.left = len,
		.first_device = first_device,
		.e = e,
	};
	int r = erofs_tree_new(&tree);

	if (r < 0)
		return err_set(e, r, "cannot read an index");
	x.tree = tree;
	r = read_super(&x, about);
	if (r >= 0)
		r = read_tree(&x);
	free(x.known);
	free(x.waiting);
	if (r < 0)
		return r;
	*ret_tree = TAKE(tree);
	return 0;
}
