/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroups: which hierarchies there are
 *
 * This is on the path of every start. /proc/self/cgroup says which there are and
 * is short whatever the host mounts; where each is mounted is a convention that
 * one statfs confirms. Only where that fails is mountinfo read, whose length is
 * the host's number of mounts.
 */
#include "os/cgroup_layout.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/auto.h"
#include "os/file.h"

#define USUAL_PLACE   "/sys/fs/cgroup"
#define WORDS_MAX     ((size_t)4096)
#define MOUNTINFO_MAX ((size_t)16 << 20)

static const struct {
	const char *v1, *v2; /* NULL: has no such controller */
} controller_names[CGROUP_N_CONTROLLERS] = {
	[CGROUP_CPU] = { "cpu", "cpu" },
	[CGROUP_CPUACCT] = { "cpuacct", NULL },
	[CGROUP_CPUSET] = { "cpuset", "cpuset" },
	[CGROUP_MEMORY] = { "memory", "memory" },
	[CGROUP_DEVICES] = { "devices", NULL },
	[CGROUP_FREEZER] = { "freezer", NULL },
	[CGROUP_IO] = { "blkio", "io" },
	[CGROUP_PIDS] = { "pids", "pids" },
	[CGROUP_HUGETLB] = { "hugetlb", "hugetlb" },
	[CGROUP_NET_CLS] = { "net_cls", NULL },
	[CGROUP_NET_PRIO] = { "net_prio", NULL },
	[CGROUP_PERF_EVENT] = { "perf_event", NULL },
	[CGROUP_RDMA] = { "rdma", "rdma" },
	[CGROUP_MISC] = { "misc", "misc" },
};

const char *cgroup_controller_name(enum cgroup_controller controller, bool v2)
{
	return v2 ? controller_names[controller].v2 : controller_names[controller].v1;
}

static bool is_word(const char *name, const char *word, size_t len)
{
	return name && strlen(name) == len && memcmp(name, word, len) == 0;
}

enum cgroup_controller cgroup_controller_find(const char *word, size_t len)
{
	unsigned i;

	for (i = 0; i < CGROUP_N_CONTROLLERS; i++)
		if (is_word(controller_names[i].v1, word, len) ||
		    is_word(controller_names[i].v2, word, len))
			break;
	return (enum cgroup_controller)i;
}

/* The controllers in a list of words such as "rw,cpu,cpuacct". */
static uint32_t read_words(const char *text, size_t len, const char *between)
{
	uint32_t found = 0;

	for (size_t i = 0, word; i < len; i += word + 1) {
		enum cgroup_controller controller;

		for (word = 0; i + word < len && !strchr(between, text[i + word]); word++)
			;
		controller = cgroup_controller_find(text + i, word);
		if (controller < CGROUP_N_CONTROLLERS)
			found |= CGROUP_BIT(controller);
	}
	return found;
}

static struct cgroup_hierarchy *add_hierarchy(struct cgroup_layout *layout)
{
	if (layout->n == CGROUP_HIERARCHIES_MAX)
		return NULL;
	layout->items[layout->n] = (struct cgroup_hierarchy){ .root = "" };
	return &layout->items[layout->n++];
}

/* "4:cpu,cpuacct:/path", "1:name=systemd:/path", "0::/path". */
static void read_hierarchy(const char *line, size_t len, struct cgroup_layout *layout)
{
	const char *list = memchr(line, ':', len), *end;
	struct cgroup_hierarchy *h;
	uint32_t controllers;

	if (!list)
		return;
	list++;
	end = memchr(list, ':', (size_t)(line + len - list));
	if (!end)
		return;
	controllers = read_words(list, (size_t)(end - list), ",");
	if (end > list && !controllers)
		return; /* has a name, and no controller: of no use for limits */
	h = add_hierarchy(layout);
	if (!h)
		return;
	h->v2 = end == list;
	h->controllers = controllers;
	if (h->v2)
		snprintf(h->root, sizeof(h->root), USUAL_PLACE "/unified");
	else
		snprintf(h->root, sizeof(h->root), USUAL_PLACE "/%.*s", (int)(end - list), list);
}

int cgroup_read_hierarchies(const char *proc_self_cgroup, struct cgroup_layout *ret_layout)
{
	ret_layout->n = 0;
	for (const char *at = proc_self_cgroup; *at;) {
		const size_t len = strcspn(at, "\n");

		read_hierarchy(at, len, ret_layout);
		at += len + (at[len] == '\n');
	}
	return 0;
}

/* Copies a path out of mountinfo, where blanks are written "\040". False: does not fit. */
static bool copy_path(char *to, size_t room, const char *from, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++, n++) {
		if (n + 1 >= room)
			return false;
		if (from[i] == '\\' && i + 3 < len) {
			to[n] = (char)((from[i + 1] - '0') << 6 | (from[i + 2] - '0') << 3 |
			    (from[i + 3] - '0'));
			i += 3;
		} else {
			to[n] = from[i];
		}
	}
	to[n] = '\0';
	return true;
}

static bool has_same(const struct cgroup_layout *layout, bool v2, uint32_t controllers)
{
	for (size_t i = 0; i < layout->n; i++)
		if (layout->items[i].v2 == v2 && (v2 || layout->items[i].controllers & controllers))
			return true;
	return false;
}

/* id parent major:minor root MOUNTPOINT options [optional ...] - FSTYPE source SUPEROPTIONS */
static void read_mount(const char *line, size_t len, struct cgroup_layout *layout)
{
	const char *end = line + len, *fields[5], *at = line, *type, *options;
	char root[CGROUP_ROOT_MAX];
	struct cgroup_hierarchy *h;
	uint32_t controllers = 0;
	bool v2;

	for (size_t i = 0; i < 5; i++) {
		fields[i] = at;
		at = memchr(at, ' ', (size_t)(end - at));
		if (!at)
			return;
		at++;
	}
	if (!copy_path(root, sizeof(root), fields[4], (size_t)(at - 1 - fields[4])))
		return;
	type = memmem(at, (size_t)(end - at), " - ", 3);
	if (!type)
		return;
	type += 3;
	v2 = end - type > 8 && memcmp(type, "cgroup2 ", 8) == 0;
	if (!v2 && !(end - type > 7 && memcmp(type, "cgroup ", 7) == 0))
		return;
	options = memrchr(type, ' ', (size_t)(end - type));
	if (!v2)
		controllers = read_words(options + 1, (size_t)(end - options - 1), ",");
	if ((!v2 && !controllers) || has_same(layout, v2, controllers))
		return;
	h = add_hierarchy(layout);
	if (!h)
		return;
	h->v2 = v2;
	h->controllers = controllers;
	memcpy(h->root, root, sizeof(root));
}

int cgroup_read_mounts(const char *mountinfo, struct cgroup_layout *ret_layout)
{
	ret_layout->n = 0;
	for (const char *at = mountinfo; *at;) {
		const size_t len = strcspn(at, "\n");

		read_mount(at, len, ret_layout);
		at += len + (at[len] == '\n');
	}
	return 0;
}

int cgroup_version(const char *path)
{
	struct statfs fs;

	if (statfs(path, &fs) < 0)
		return -errno;
	if (fs.f_type == CGROUP2_SUPER_MAGIC)
		return 2;
	return fs.f_type == CGROUP_SUPER_MAGIC ? 1 : -ENOTSUP;
}

int cgroup_usable(const char *path, uint32_t *ret_usable)
{
	AUTO_FREE char *text = NULL;
	char file[PATH_MAX];
	size_t len;
	int r;

	if (snprintf(file, sizeof(file), "%s/cgroup.controllers", path) >= (int)sizeof(file))
		return -ENAMETOOLONG;
	r = file_read_path(file, WORDS_MAX, &text, &len);
	if (r < 0)
		return r;
	*ret_usable = read_words(text, len, " \n");
	return 0;
}

static void drop_hierarchy(struct cgroup_layout *layout, size_t at)
{
	layout->n--;
	memmove(
	    &layout->items[at], &layout->items[at + 1], (layout->n - at) * sizeof(*layout->items));
}

static uint32_t on_v1(const struct cgroup_layout *layout)
{
	uint32_t have = 0;

	for (size_t i = 0; i < layout->n; i++)
		if (!layout->items[i].v2)
			have |= layout->items[i].controllers;
	return have;
}

/*
 * Leaves only what is wanted, and of that checks that it is there. -ENOTSUP: a
 * hierarchy is not where it was said to be. What v1 has, v2 does not.
 */
static int confirm(struct cgroup_layout *layout, uint32_t wanted)
{
	const uint32_t rest = wanted & ~on_v1(layout);
	int r;

	for (size_t i = layout->n; i-- > 0;) {
		struct cgroup_hierarchy *h = &layout->items[i];

		if (h->v2 ? !rest : !(h->controllers & wanted)) {
			drop_hierarchy(layout, i);
			continue;
		}
		r = cgroup_version(h->root);
		if (h->v2 && (r == -ENOENT || r == -ENOTSUP)) {
			drop_hierarchy(
			    layout, i); /* each kernel has one; not every host mounts it */
			continue;
		}
		if (r != (h->v2 ? 2 : 1))
			return -ENOTSUP;
		if (h->v2) {
			r = cgroup_usable(h->root, &h->controllers);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* The usual places: one v2 mount, or one directory a hierarchy with its name. */
static int probe_usual(uint32_t wanted, struct cgroup_layout *layout)
{
	AUTO_FREE char *text = NULL;
	struct cgroup_hierarchy *h;
	int r;

	r = cgroup_version(USUAL_PLACE);
	if (r == 2) {
		layout->n = 0;
		h = add_hierarchy(layout);
		h->v2 = true;
		memcpy(h->root, USUAL_PLACE, sizeof(USUAL_PLACE));
		return cgroup_usable(h->root, &h->controllers);
	}
	if (file_read_path("/proc/self/cgroup", WORDS_MAX, &text, NULL) < 0)
		return -ENOTSUP;
	r = cgroup_read_hierarchies(text, layout);
	if (r < 0)
		return r;
	return confirm(layout, wanted);
}

int cgroup_probe(uint32_t wanted, struct cgroup_layout *ret_layout)
{
	struct cgroup_layout layout = { .n = 0 };
	AUTO_FREE char *text = NULL;
	int r;

	r = probe_usual(wanted, &layout);
	if (r < 0) {
		r = file_read_path("/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL);
		if (r < 0)
			return r;
		r = cgroup_read_mounts(text, &layout);
		if (r < 0)
			return r;
		/* mountinfo is the kernel's word: what still is not as said was unmounted just now.
		 */
		r = confirm(&layout, wanted);
		if (r < 0)
			return r;
	}
	*ret_layout = layout;
	return 0;
}

const struct cgroup_hierarchy *cgroup_find(
    const struct cgroup_layout *layout, enum cgroup_controller controller)
{
	for (size_t i = 0; i < layout->n; i++)
		if (layout->items[i].controllers & CGROUP_BIT(controller))
			return &layout->items[i];
	return NULL;
}

const struct cgroup_hierarchy *cgroup_find_v2(const struct cgroup_layout *layout)
{
	for (size_t i = 0; i < layout->n; i++)
		if (layout->items[i].v2)
			return &layout->items[i];
	return NULL;
}
