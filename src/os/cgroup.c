/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroups: what may be done to one
 */
#include "os/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/auto.h"
#include "os/monotonic.h"

#define PIDS_MAX  (1 << 22) /* the kernel's own ceiling of pid_max */
#define DEPTH_MAX 64

/* Opens path/file. Never creates: on a file system that is no cgroup's it must fail. */
static int open_file(const char *path, const char *file, int flags)
{
	char full[PATH_MAX];
	const int n = snprintf(full, sizeof(full), "%s/%s", path, file);
	int fd;

	if (n < 0 || (size_t)n >= sizeof(full))
		return -ENAMETOOLONG;
	fd = open(full, flags | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

int cgroup_open(const char *path, const char *file)
{
	return open_file(path, file, O_WRONLY);
}

int cgroup_write(const char *path, const char *file, const char *value)
{
	AUTO_FD int fd = open_file(path, file, O_WRONLY);
	const size_t len = strlen(value);
	ssize_t n;

	if (fd < 0)
		return fd;
	do /* one write(2) is one value: never a rest in a second */
		n = write(fd, value, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

int cgroup_write_u64(const char *path, const char *file, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%ju", (uintmax_t)value);
	return cgroup_write(path, file, text);
}

ssize_t cgroup_read(const char *path, const char *file, char *to, size_t room)
{
	AUTO_FD int fd = open_file(path, file, O_RDONLY);
	size_t have = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	do {
		n = read(fd, to + have, room - 1 - have);
		if (n < 0 && errno != EINTR)
			return -errno;
		have += n > 0 ? (size_t)n : 0;
	} while (n != 0 && have < room - 1 && (n < 0 || to[have - 1] != '\n'));
	to[have] = '\0';
	return (ssize_t)have;
}

int cgroup_read_key(const char *path, const char *file, const char *key, uint64_t *ret_value)
{
	const size_t len = strlen(key);
	char text[4096];
	ssize_t n = cgroup_read(path, file, text, sizeof(text));

	if (n < 0)
		return (int)n;
	for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (strncmp(at, key, len) == 0 && at[len] == ' ') {
			*ret_value = strtoull(at + len + 1, NULL, 10);
			return 0;
		}
	return -ENOENT;
}

/* ---- making ---- */

static int parent_of(const char *path, char to[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	const size_t len = slash ? (size_t)(slash - path) : 0;

	if (!len || len >= PATH_MAX)
		return -EINVAL;
	memcpy(to, path, len);
	to[len] = '\0';
	return 0;
}

/* More than a line's end: it has a value. */
static bool has_value(const char *path, const char *file)
{
	char text[4096];

	return cgroup_read(path, file, text, sizeof(text)) > 1;
}

static int inherit_file(const char *path, const char *parent, const char *file)
{
	char text[4096];
	ssize_t n;

	if (has_value(path, file))
		return 0;
	n = cgroup_read(parent, file, text, sizeof(text));
	if (n < 0)
		return (int)n;
	return n > 1 ? cgroup_write(path, file, text) : -ENODATA;
}

static int inherit_from_parent(const char *path)
{
	char parent[PATH_MAX];
	int r;

	r = parent_of(path, parent);
	if (r >= 0)
		r = inherit_file(path, parent, "cpuset.cpus");
	return r < 0 ? r : inherit_file(path, parent, "cpuset.mems");
}

/*
 * A v1 cpuset is born without cpus and memory nodes, and nothing can enter it
 * until it has both. Its parents may lack them too: who made them was killed in between.
 */
static int inherit_cpuset(const struct cgroup_hierarchy *h, const char *path)
{
	const size_t root_len = strlen(h->root);
	char part[PATH_MAX];
	int r;

	if (h->v2 || !(h->controllers & CGROUP_BIT(CGROUP_CPUSET)) || strlen(path) <= root_len)
		return 0;
	r = inherit_from_parent(path);
	if (r != -ENODATA)
		return r;
	for (size_t i = root_len + 1; path[i]; i++) {
		if (path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		r = inherit_from_parent(part);
		if (r < 0)
			return r;
	}
	return inherit_from_parent(path);
}

static int make_one(const struct cgroup_hierarchy *h, const char *path)
{
	int r;

	if (mkdir(path, 0755) < 0)
		return errno == EEXIST ? inherit_cpuset(h, path) : -errno;
	r = inherit_cpuset(h, path);
	if (r < 0) {
		rmdir(path);
		return r;
	}
	return 1;
}

int cgroup_make(const struct cgroup_hierarchy *hierarchy, const char *path)
{
	const size_t root_len = strlen(hierarchy->root);
	char part[PATH_MAX];
	int r;

	if (strlen(path) >= sizeof(part) || strncmp(path, hierarchy->root, root_len) != 0 ||
	    path[root_len] != '/')
		return -EINVAL;
	r = make_one(hierarchy, path);
	if (r != -ENOENT)
		return r;
	for (size_t i = root_len + 1; path[i]; i++) {
		if (path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		r = make_one(hierarchy, part);
		if (r < 0)
			return r;
	}
	return make_one(hierarchy, path);
}

/*
 * One controller a write: the kernel takes a list whole or not at all. What
 * cannot be enabled (a process stands in the way, no right) is seen at the end.
 */
static void enable_in(const char *path, uint32_t controllers)
{
	for (unsigned i = 0; i < CGROUP_N_CONTROLLERS; i++) {
		const char *name = cgroup_controller_name((enum cgroup_controller)i, true);
		char word[32];

		if (!(controllers & CGROUP_BIT(i)) || !name)
			continue;
		snprintf(word, sizeof(word), "+%s", name);
		cgroup_write(path, "cgroup.subtree_control", word);
	}
}

int cgroup_enable(const struct cgroup_hierarchy *hierarchy, const char *path, uint32_t wanted,
    uint32_t *ret_usable)
{
	uint32_t usable = 0;
	char part[PATH_MAX];
	int r;

	r = cgroup_usable(path, &usable);
	if (r < 0)
		return r;
	wanted &= hierarchy->controllers;
	if (wanted & ~usable) {
		for (size_t i = strlen(hierarchy->root); path[i]; i++) {
			if (path[i] != '/')
				continue;
			memcpy(part, path, i);
			part[i] = '\0';
			enable_in(part, wanted & ~usable);
		}
		r = cgroup_usable(path, &usable);
		if (r < 0)
			return r;
	}
	*ret_usable = wanted & usable;
	return 0;
}

/* ---- walking ---- */

/*
 * Calls `visit` for each cgroup below `path`, the deepest first, then for
 * `path`. A path on another file system is not walked.
 */
static int walk(
    char path[PATH_MAX], unsigned depth, int (*visit)(const char *path, void *with), void *with)
{
	const size_t len = strlen(path);
	struct dirent *entry;
	int r = 0;
	DIR *dir;

	if (depth == DEPTH_MAX)
		return -ELOOP;
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (r >= 0 && (entry = readdir(dir))) {
		const size_t n = strlen(entry->d_name);

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (len + 1 + n >= PATH_MAX) {
			r = -ENAMETOOLONG;
			break;
		}
		path[len] = '/';
		memcpy(path + len + 1, entry->d_name, n + 1);
		r = walk(path, depth + 1, visit, with);
		path[len] = '\0';
	}
	closedir(dir);
	return r < 0 ? r : visit(path, with);
}

static int walk_from(const char *path, int (*visit)(const char *path, void *with), void *with)
{
	char part[PATH_MAX];

	if (strlen(path) >= sizeof(part))
		return -ENAMETOOLONG;
	memcpy(part, path, strlen(path) + 1);
	return walk(part, 0, visit, with);
}

struct pid_list {
	pid_t *items;
	size_t n, room;
};

static int add_pid(struct pid_list *list, pid_t pid)
{
	if (list->n == PIDS_MAX)
		return -E2BIG;
	if (list->n == list->room) {
		const size_t room = list->room ? list->room * 2 : 64;
		pid_t *items = reallocarray(list->items, room, sizeof(*items));

		if (!items)
			return -ENOMEM;
		list->items = items;
		list->room = room;
	}
	list->items[list->n++] = pid;
	return 0;
}

static int read_pids(const char *path, void *with)
{
	AUTO_FD int fd = open_file(path, "cgroup.procs", O_RDONLY);
	char text[4096];
	pid_t pid = 0;
	ssize_t n;
	int r;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	while ((n = read(fd, text, sizeof(text))) != 0) {
		if (n < 0 && (errno == ENODEV || errno == EOPNOTSUPP))
			return 0; /* removed meanwhile; threaded: its processes stand above */
		if (n < 0)
			return -errno;
		for (ssize_t i = 0; i < n; i++) {
			if (text[i] >= '0' && text[i] <= '9') {
				pid = pid * 10 + (text[i] - '0');
				continue;
			}
			r = pid > 0 ? add_pid(with, pid) : 0;
			if (r < 0)
				return r;
			pid = 0;
		}
	}
	return 0;
}

int cgroup_pids(const char *path, bool deep, pid_t **ret_pids, size_t *ret_n)
{
	struct pid_list list = { .n = 0 };
	int r;

	r = deep ? walk_from(path, read_pids, &list) : read_pids(path, &list);
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret_pids = list.items;
	*ret_n = list.n;
	return 0;
}

static int remove_one(const char *path, void *with)
{
	(void)with;
	if (rmdir(path) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

int cgroup_remove(const char *path)
{
	int r = remove_one(path, NULL);

	return r == -EBUSY ? walk_from(path, remove_one, NULL) : r;
}

/* ---- freezing ---- */

static void sleep_us(long us)
{
	nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
}

static int set_frozen(const char *path, int version, bool frozen)
{
	int r;

	if (version == 2)
		return cgroup_write(path, "cgroup.freeze", frozen ? "1" : "0");
	r = cgroup_write(path, "freezer.state", frozen ? "FROZEN" : "THAWED");
	return r == -ENOENT ? -EOPNOTSUPP : r;
}

/* 1: all of it stands still; 0: none of it is held by its own state; -EAGAIN: in between. */
static int is_frozen(const char *path, int version)
{
	uint64_t value;
	char text[32];
	ssize_t n;
	int r;

	if (version == 2) {
		r = cgroup_read_key(path, "cgroup.events", "frozen", &value);
		return r < 0 ? r : value != 0;
	}
	n = cgroup_read(path, "freezer.state", text, sizeof(text));
	if (n < 0)
		return (int)n;
	if (strncmp(text, "FROZEN", 6) == 0)
		return 1;
	return strncmp(text, "THAWED", 6) == 0 ? 0 : -EAGAIN;
}

int cgroup_freeze(const char *path, bool frozen, unsigned timeout_ms)
{
	const uint64_t end = monotonic_ms() + timeout_ms;
	const int version = cgroup_version(path);
	long pause_us = 50;
	int r;

	if (version < 0)
		return version;
	for (;;) {
		/* v1: said again, for a process that forked while its cgroup was freezing. */
		r = set_frozen(path, version, frozen);
		if (r < 0)
			return r;
		r = is_frozen(path, version);
		if (r == (int)frozen)
			return 0;
		if (r < 0 && r != -EAGAIN)
			break;
		r = -ETIMEDOUT;
		if (monotonic_ms() >= end)
			break;
		sleep_us(pause_us);
		pause_us = pause_us < 5000 ? pause_us * 2 : pause_us;
	}
	if (frozen)
		set_frozen(path, version, false);
	return r;
}

int cgroup_frozen(const char *path)
{
	const int version = cgroup_version(path);
	char text[8];
	int r;

	if (version < 0)
		return version;
	r = is_frozen(path, version);
	if (r == -EAGAIN)
		return 1;
	if (r != 0 || version != 2)
		return r == -ENOENT ? 0 : r;
	if (cgroup_read(path, "cgroup.freeze", text, sizeof(text)) > 0 && text[0] == '1')
		return 1;
	return 0;
}

/* ---- devices on v2 ---- */

static int bpf(int command, union bpf_attr *attr)
{
	const long r = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

static int load_device_program(const void *insns, size_t n)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uintptr_t)insns,
		.insn_cnt = (uint32_t)n,
		.license = (uintptr_t) "Apache-2.0",
	};
	struct rlimit limit;
	int r = bpf(BPF_PROG_LOAD, &attr);

	/* Before 5.11 programs count against RLIMIT_MEMLOCK, and the usual 64 KiB are too few. */
	if (r == -EPERM && getrlimit(RLIMIT_MEMLOCK, &limit) == 0) {
		const struct rlimit old = limit;

		limit.rlim_cur = limit.rlim_max = RLIM_INFINITY;
		if (setrlimit(RLIMIT_MEMLOCK, &limit) == 0) {
			r = bpf(BPF_PROG_LOAD, &attr);
			setrlimit(RLIMIT_MEMLOCK, &old);
		}
	}
	return r;
}

int cgroup_attach_device_program(const char *path, const void *insns, size_t n)
{
	AUTO_FD int cgroup_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	union bpf_attr attr;
	AUTO_FD int fd = -1;
	int r;

	if (cgroup_fd < 0)
		return -errno;
	fd = load_device_program(insns, n);
	if (fd < 0)
		return fd;
	attr = (union bpf_attr){
		.target_fd = (uint32_t)cgroup_fd,
		.attach_bpf_fd = (uint32_t)fd,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI,
	};
	r = bpf(BPF_PROG_ATTACH, &attr);
	return r < 0 ? r : 0;
}
