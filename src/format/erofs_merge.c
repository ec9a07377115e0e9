/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers on top of each other (OCI image-spec, layer.md)
 *
 * Directory by directory: what the layer has there meets what was there before. Files of
 * the layer are taken over as they are, so their hard links stay; a directory is
 * made anew, because its names are found by the directory that they are in.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "format/erofs_index.h"
#include "format/erofs_tree.h"

struct pair {
	struct erofs_node *below, *above;
};

struct merge {
	struct erofs_tree *tree;
	struct pair *pairs;
	size_t n_pairs, room_pairs;
};

static int meet_later(struct merge *m, struct erofs_node *below, struct erofs_node *above)
{
	if (m->n_pairs == m->room_pairs) {
		size_t room = m->room_pairs ? m->room_pairs * 2 : 64;
		struct pair *more = reallocarray(m->pairs, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		m->pairs = more;
		m->room_pairs = room;
	}
	m->pairs[m->n_pairs++] = (struct pair){ below, above };
	return 0;
}

/* A directory that its layer does not name itself stays as it was. */
static void take_words(struct erofs_node *below, const struct erofs_node *above)
{
	if (above->dir.is_implied)
		return;
	below->mode = above->mode;
	below->uid = above->uid;
	below->gid = above->gid;
	below->mtime = above->mtime;
	below->mtime_ns = above->mtime_ns;
	below->xattrs = above->xattrs;
	below->n_xattrs = above->n_xattrs;
	below->dir.is_implied = false;
}

static int put(struct merge *m, struct erofs_name *name, struct erofs_node *above)
{
	struct erofs_node *below = name->node;

	if (!erofs_is_dir(above)) {
		name->node = above;
		return 0;
	}
	if (!erofs_is_dir(below)) {
		below = erofs_node_new(m->tree, above->mode);
		if (!below)
			return -ENOMEM;
		below->dir.is_implied = true;
		name->node = below;
	}
	take_words(below, above);
	return meet_later(m, below, above);
}

static int merge_dir(struct merge *m, const struct pair *pair)
{
	int r = 0;

	if (pair->above->dir.is_opaque) {
		for (struct erofs_name *x = pair->below->dir.names; x; x = x->next_in_dir)
			x->node = NULL;
	}
	for (struct erofs_name *x = pair->above->dir.names; x && r >= 0; x = x->next_in_dir) {
		struct erofs_name *name;
		bool is_new;

		if (!x->node) {
			name = erofs_name_find(m->tree, pair->below, x->text, x->len);
			if (name)
				name->node = NULL;
			continue;
		}
		name = erofs_name_get(m->tree, pair->below, x->text, x->len, &is_new);
		r = name ? put(m, name, x->node) : -ENOMEM;
	}
	return r;
}

int erofs_merge_consume(struct erofs_tree *tree, struct erofs_tree *consume)
{
	struct merge m = { .tree = tree };
	struct erofs_tree **end = &tree->owned;
	int r;

	/* First, as the nodes must live as long as the tree even when this fails half-way. */
	while (*end)
		end = &(*end)->owned;
	*end = consume;

	take_words(tree->root, consume->root);
	r = meet_later(&m, tree->root, consume->root);
	for (size_t i = 0; i < m.n_pairs && r >= 0; i++) {
		struct pair pair = m.pairs[i];

		r = merge_dir(&m, &pair);
	}
	free(m.pairs);
	return r;
}
