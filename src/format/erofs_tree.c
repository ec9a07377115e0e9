/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file tree in memory, whose data is elsewhere
 *
 * Names are found by their directory and their text in one table for the whole
 * tree. It is seeded with an address, so that nobody can choose names that all
 * meet in one bucket; what is written does not depend on its order.
 */
#include "format/erofs_tree.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "format/erofs_disk.h"

#define MEMORY_MAX    ((size_t)3 << 29)
#define BUCKETS_FIRST 256
#define DIR_MODE      0755 /* of a directory of which nobody says anything */

static uint64_t mix(uint64_t h)
{
	h *= 0xff51afd7ed558ccd;
	return h ^ h >> 32;
}

static uint64_t hash(uint64_t seed, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		seed = mix(seed ^ bytes[i]);
	return seed;
}

static uint64_t name_hash(
    const struct erofs_tree *t, const struct erofs_node *dir, const char *text, size_t len)
{
	return hash(mix((uintptr_t)t ^ mix((uintptr_t)dir)), text, len);
}

bool erofs_is_dir(const struct erofs_node *node)
{
	return node && S_ISDIR(node->mode);
}

struct erofs_node *erofs_node_new(struct erofs_tree *t, uint32_t mode)
{
	struct erofs_node *node = arena_alloc(&t->arena, sizeof(*node));

	if (node)
		node->mode = mode;
	return node;
}

int erofs_tree_new(struct erofs_tree **ret_tree)
{
	AUTO(erofs_tree_free) struct erofs_tree *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->arena.max = MEMORY_MAX;
	t->n_buckets = t->n_xattr_buckets = BUCKETS_FIRST;
	t->buckets = calloc(t->n_buckets, sizeof(struct erofs_name *));
	t->xattr_buckets = calloc(t->n_xattr_buckets, sizeof(struct erofs_xattr *));
	t->root = erofs_node_new(t, S_IFDIR | DIR_MODE);
	if (!t->buckets || !t->xattr_buckets || !t->root)
		return -ENOMEM;
	t->root->dir.is_implied = true;
	*ret_tree = TAKE(t);
	return 0;
}

struct erofs_tree *erofs_tree_free(struct erofs_tree *t)
{
	while (t) {
		struct erofs_tree *owned = t->owned;

		arena_done(&t->arena);
		free(t->buckets);
		free(t->xattr_buckets);
		free(t);
		t = owned;
	}
	return NULL;
}

/* ---- names ---- */

struct erofs_name *erofs_name_find(
    const struct erofs_tree *t, const struct erofs_node *dir, const char *text, size_t len)
{
	struct erofs_name *x = t->buckets[name_hash(t, dir, text, len) & (t->n_buckets - 1)];

	while (x && (x->dir != dir || x->len != len || memcmp(x->text, text, len) != 0))
		x = x->next_in_bucket;
	return x;
}

static bool grow_names(struct erofs_tree *t)
{
	const size_t n = t->n_buckets * 4;
	struct erofs_name **more;

	if (t->n_names < t->n_buckets)
		return true;
	more = calloc(n, sizeof(struct erofs_name *));
	if (!more)
		return false;
	for (size_t i = 0; i < t->n_buckets; i++) {
		struct erofs_name *x = t->buckets[i];

		while (x) {
			struct erofs_name *next = x->next_in_bucket;
			struct erofs_name **to =
			    &more[name_hash(t, x->dir, x->text, x->len) & (n - 1)];

			x->next_in_bucket = *to;
			*to = x;
			x = next;
		}
	}
	free(t->buckets);
	t->buckets = more;
	t->n_buckets = n;
	return true;
}

struct erofs_name *erofs_name_get(
    struct erofs_tree *t, struct erofs_node *dir, const char *text, size_t len, bool *ret_is_new)
{
	struct erofs_name *x = erofs_name_find(t, dir, text, len), **bucket;

	*ret_is_new = !x;
	if (x)
		return x;
	if (len > EROFS_NAME_MAX || !grow_names(t))
		return NULL;
	x = arena_alloc(&t->arena, sizeof(*x) + len + 1);
	if (!x)
		return NULL;
	memcpy(x->text, text, len);
	x->len = (uint16_t)len;
	x->dir = dir;
	x->next_in_dir = dir->dir.names;
	dir->dir.names = x;
	bucket = &t->buckets[name_hash(t, dir, text, len) & (t->n_buckets - 1)];
	x->next_in_bucket = *bucket;
	*bucket = x;
	t->n_names++;
	return x;
}

/* ---- attributes ---- */

static const char *const prefixes[] = {
	[EROFS_XATTR_USER] = "user.",
	[EROFS_XATTR_ACL_ACCESS] = "system.posix_acl_access",
	[EROFS_XATTR_ACL_DEFAULT] = "system.posix_acl_default",
	[EROFS_XATTR_TRUSTED] = "trusted.",
	[EROFS_XATTR_SECURITY] = "security.",
};

#define N_PREFIXES (sizeof(prefixes) / sizeof(prefixes[0]))

const char *erofs_xattr_prefix(unsigned index)
{
	return index < N_PREFIXES ? prefixes[index] : NULL;
}

int erofs_xattr_split(const char *name, const char **ret_rest)
{
	for (unsigned i = 0; i < N_PREFIXES; i++) {
		const size_t len = prefixes[i] ? strlen(prefixes[i]) : 0;

		if (len == 0 || strncmp(name, prefixes[i], len) != 0)
			continue;
		/* What ends in a dot wants something behind it; the others are whole. */
		if ((prefixes[i][len - 1] == '.') == (name[len] == '\0'))
			continue;
		*ret_rest = name + len;
		return (int)i;
	}
	return -EOPNOTSUPP;
}

static uint64_t xattr_hash(const struct erofs_tree *t, unsigned index, const char *name,
    size_t name_len, const void *value, size_t len)
{
	return hash(hash(mix((uintptr_t)t ^ index), name, name_len), value, len);
}

static bool grow_xattrs(struct erofs_tree *t)
{
	const size_t n = t->n_xattr_buckets * 4;
	struct erofs_xattr **more;

	if (t->n_xattrs < t->n_xattr_buckets)
		return true;
	more = calloc(n, sizeof(struct erofs_xattr *));
	if (!more)
		return false;
	for (size_t i = 0; i < t->n_xattr_buckets; i++) {
		struct erofs_xattr *x = t->xattr_buckets[i];

		while (x) {
			struct erofs_xattr *next = x->next;
			struct erofs_xattr **to =
			    &more[xattr_hash(t, x->index, x->name, x->name_len, x->value, x->len) &
			        (n - 1)];

			x->next = *to;
			*to = x;
			x = next;
		}
	}
	free(t->xattr_buckets);
	t->xattr_buckets = more;
	t->n_xattr_buckets = n;
	return true;
}

static bool is_same(const struct erofs_xattr *x, unsigned index, const char *name, size_t name_len,
    const void *value, size_t len)
{
	return x->index == index && x->name_len == name_len && x->len == len &&
	    memcmp(x->name, name, name_len) == 0 && memcmp(x->value, value, len) == 0;
}

struct erofs_xattr *erofs_xattr_get(struct erofs_tree *t, unsigned index, const char *name,
    size_t name_len, const void *value, size_t len)
{
	const uint64_t h = xattr_hash(t, index, name, name_len, value, len);
	struct erofs_xattr *x = t->xattr_buckets[h & (t->n_xattr_buckets - 1)], **bucket;

	while (x && !is_same(x, index, name, name_len, value, len))
		x = x->next;
	if (x)
		return x;
	if (name_len > EROFS_NAME_MAX || len > UINT16_MAX || !grow_xattrs(t))
		return NULL;
	x = arena_alloc(&t->arena, sizeof(*x));
	if (!x)
		return NULL;
	x->name = arena_text(&t->arena, name, name_len);
	x->value = (const uint8_t *)arena_text(&t->arena, value, len);
	if (!x->name || !x->value)
		return NULL;
	x->index = (uint8_t)index;
	x->name_len = (uint8_t)name_len;
	x->len = (uint16_t)len;
	bucket = &t->xattr_buckets[h & (t->n_xattr_buckets - 1)];
	x->next = *bucket;
	*bucket = x;
	t->n_xattrs++;
	return x;
}

int erofs_xattr_set(struct erofs_tree *t, struct erofs_node *node, struct erofs_xattr *xattr)
{
	struct erofs_xattr **more;

	for (uint32_t i = 0; i < node->n_xattrs; i++) {
		const struct erofs_xattr *old = node->xattrs[i];

		if (old->index == xattr->index && old->name_len == xattr->name_len &&
		    memcmp(old->name, xattr->name, old->name_len) == 0) {
			node->xattrs[i] = xattr;
			return 0;
		}
	}
	/* In steps of four: most have one, or none. */
	if (node->n_xattrs % 4 == 0) {
		more = arena_alloc(&t->arena, (node->n_xattrs + 4) * sizeof(struct erofs_xattr *));
		if (!more)
			return -ENOMEM;
		if (node->n_xattrs > 0)
			memcpy(more, node->xattrs, node->n_xattrs * sizeof(struct erofs_xattr *));
		node->xattrs = more;
	}
	node->xattrs[node->n_xattrs++] = xattr;
	return 0;
}
