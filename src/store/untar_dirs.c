/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directories of a tree that is being unpacked
 *
 * Parents come before their children in the array. The hash table holds index
 * plus one, 0 is free; one slot a (parent, name), which a directory that is made
 * anew in the place of a dead one takes over. The hash is seeded, so that an
 * archive cannot be written to collide.
 */
#include "store/untar_dirs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>

#include "os/file.h"

#define NAMES_MAX  ((size_t)256 << 20)
#define SLOTS      128
#define PATH_LIMIT 4096

struct slot {
	int fd;
	uint32_t dir;
	uint64_t used;
};

struct untar_dirs {
	struct untar_dir *dirs;
	uint32_t n, room;
	uint32_t *table;
	uint32_t table_size; /* a power of two */
	char *names;
	size_t names_len, names_room;
	uint64_t seed, clock;
	int tree_fd;
	struct slot slots[SLOTS];
};

int untar_dirs_new(int tree_fd, struct untar_dirs **ret)
{
	AUTO(untar_dirs_free) struct untar_dirs *t = calloc(1, sizeof(*t));
	uint32_t root;
	int r;

	if (!t)
		return -ENOMEM;
	t->tree_fd = tree_fd;
	for (size_t i = 0; i < SLOTS; i++)
		t->slots[i].fd = -1;
	if (getrandom(&t->seed, sizeof(t->seed), 0) != sizeof(t->seed))
		return -EIO;
	t->table_size = 1024;
	t->table = calloc(t->table_size, sizeof(*t->table));
	if (!t->table)
		return -ENOMEM;
	r = untar_dirs_add(t, DIR_NONE, "", 0, &root);
	if (r < 0)
		return r;
	*ret = TAKE(t);
	return 0;
}

struct untar_dirs *untar_dirs_free(struct untar_dirs *t)
{
	if (!t)
		return NULL;
	for (size_t i = 0; i < SLOTS; i++) {
		if (t->slots[i].fd >= 0)
			close(t->slots[i].fd);
	}
	free(t->dirs);
	free(t->table);
	free(t->names);
	free(t);
	return NULL;
}

static uint32_t hash(const struct untar_dirs *t, uint32_t parent, const char *name, size_t len)
{
	uint64_t h = t->seed ^ ((uint64_t)parent * 0x9e3779b97f4a7c15);

	for (size_t i = 0; i < len; i++) {
		h = (h ^ (uint8_t)name[i]) * 0xff51afd7ed558ccd;
		h ^= h >> 32;
	}
	return (uint32_t)h;
}

/* The slot that (parent, name) has, or the free one that it would get. */
static uint32_t *find_slot(
    const struct untar_dirs *t, uint32_t parent, const char *name, size_t len)
{
	uint32_t mask = t->table_size - 1;

	for (uint32_t i = hash(t, parent, name, len) & mask;; i = (i + 1) & mask) {
		const struct untar_dir *d;

		if (t->table[i] == 0)
			return &t->table[i];
		d = &t->dirs[t->table[i] - 1];
		if (d->parent == parent && d->name_len == len &&
		    memcmp(t->names + d->name, name, len) == 0)
			return &t->table[i];
	}
}

uint32_t untar_dirs_find(const struct untar_dirs *t, uint32_t parent, const char *name, size_t len)
{
	uint32_t at = *find_slot(t, parent, name, len);

	return at == 0 || t->dirs[at - 1].is_dead ? DIR_NONE : at - 1;
}

static int grow_table(struct untar_dirs *t)
{
	AUTO_FREE uint32_t *old = t->table;
	uint32_t old_size = t->table_size;

	t->table = calloc((size_t)old_size * 2, sizeof(*t->table));
	if (!t->table) {
		t->table = TAKE(old);
		return -ENOMEM;
	}
	t->table_size = old_size * 2;
	for (uint32_t i = 0; i < old_size; i++) {
		const struct untar_dir *d = old[i] ? &t->dirs[old[i] - 1] : NULL;

		if (d)
			*find_slot(t, d->parent, t->names + d->name, d->name_len) = old[i];
	}
	return 0;
}

static int grow(struct untar_dirs *t, size_t name_len)
{
	if (t->n == t->room) {
		uint32_t room = t->room ? t->room * 2 : 256;
		struct untar_dir *more = realloc(t->dirs, (size_t)room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		t->dirs = more;
		t->room = room;
	}
	if (t->names_len + name_len > t->names_room || !t->names) {
		size_t room = t->names_room ? t->names_room * 2 : 16384;
		char *more;

		if (room > NAMES_MAX)
			return -EFBIG;
		more = realloc(t->names, room);
		if (!more)
			return -ENOMEM;
		t->names = more;
		t->names_room = room;
	}
	return t->n >= t->table_size / 2 ? grow_table(t) : 0;
}

int untar_dirs_add(
    struct untar_dirs *t, uint32_t parent, const char *name, size_t len, uint32_t *ret_dir)
{
	int r = grow(t, len);

	if (r < 0)
		return r;
	t->dirs[t->n] = (struct untar_dir){
		.parent = parent,
		.name = (uint32_t)t->names_len,
		.name_len = (uint16_t)len,
		.mode = 0755,
		.slot = -1,
	};
	memcpy(t->names + t->names_len, name, len);
	t->names_len += len;
	*find_slot(t, parent, name, len) = t->n + 1;
	*ret_dir = t->n++;
	return 0;
}

struct untar_dir *untar_dirs_at(struct untar_dirs *t, uint32_t dir)
{
	return &t->dirs[dir];
}

uint32_t untar_dirs_count(const struct untar_dirs *t)
{
	return t->n;
}

/* Written from its end: "a/b/c". NULL: too long. */
static const char *path_of(const struct untar_dirs *t, uint32_t dir, char room[PATH_LIMIT])
{
	size_t at = PATH_LIMIT - 1;

	room[at] = '\0';
	for (; dir != DIR_ROOT; dir = t->dirs[dir].parent) {
		const struct untar_dir *d = &t->dirs[dir];

		if (at < (size_t)d->name_len + 1)
			return NULL;
		if (at < PATH_LIMIT - 1)
			room[--at] = '/';
		at -= d->name_len;
		memcpy(room + at, t->names + d->name, d->name_len);
	}
	return room + at;
}

static struct slot *free_slot(struct untar_dirs *t)
{
	struct slot *oldest = &t->slots[0];

	for (size_t i = 0; i < SLOTS; i++) {
		if (t->slots[i].fd < 0)
			return &t->slots[i];
		if (t->slots[i].used < oldest->used)
			oldest = &t->slots[i];
	}
	close(oldest->fd);
	oldest->fd = -1;
	t->dirs[oldest->dir].slot = -1;
	return oldest;
}

/* Apart, so that its room for a path is not cleared each time that the fd is there already. */
static int open_dir(struct untar_dirs *t, uint32_t dir)
{
	char room[PATH_LIMIT];
	struct slot *slot;
	const char *path = path_of(t, dir, room);
	int fd;

	if (!path)
		return -ENAMETOOLONG;
	fd = file_open_beneath(t->tree_fd, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	slot = free_slot(t);
	*slot = (struct slot){ .fd = fd, .dir = dir, .used = ++t->clock };
	t->dirs[dir].slot = (int16_t)(slot - t->slots);
	return fd;
}

int untar_dirs_fd(struct untar_dirs *t, uint32_t dir)
{
	struct slot *slot;

	if (dir == DIR_ROOT)
		return t->tree_fd;
	if (t->dirs[dir].slot < 0)
		return open_dir(t, dir);
	slot = &t->slots[t->dirs[dir].slot];
	slot->used = ++t->clock;
	return slot->fd;
}
