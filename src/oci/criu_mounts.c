/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts of a container that CRIU must not dump, but find again
 */
#include "oci/criu_mounts.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "format/mountinfo.h"
#include "format/oci_config.h"
#include "isolate/child.h"
#include "isolate/plan.h"
#include "os/cgroup_layout.h"

#define CGROUP_DIR "/sys/fs/cgroup"

static bool is_bind(const struct oci_mount *m)
{
	return (m->type && strcmp(m->type, "bind") == 0) || strv_has(&m->options, "bind") ||
	    strv_has(&m->options, "rbind");
}

static bool is_cgroup(const char *type)
{
	return type && (strcmp(type, "cgroup") == 0 || strcmp(type, "cgroup2") == 0);
}

/* Is `path` that directory, or below it? */
static bool is_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	if (strcmp(directory, "/") == 0)
		return true;
	return strncmp(path, directory, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static int add(struct strv *external, const char *name, const char *source, struct err *e)
{
	int r = strv_addf(external, "mnt[%s]:%s", name, source);

	return r < 0 ? err_set(e, r, "cannot note the mounts for criu") : 0;
}

/* ---- the dump ---- */

/* The mount of the configuration that stands at `point`; the last one counts. */
static const struct oci_mount *find_mount(const struct oci_config *config, const char *point)
{
	for (size_t i = config->n_mounts; i-- > 0;) {
		AUTO_FREE char *clean = plan_clean_path(config->mounts[i].destination);

		if (clean && strcmp(clean, point + 1) == 0)
			return &config->mounts[i];
	}
	return NULL;
}

static bool same_file_system(const struct mountinfo_entry *a, const struct mountinfo_entry *b)
{
	return a->major == b->major && a->minor == b->minor;
}

static bool is_mounted(const struct mountinfo *where, const struct mountinfo_entry *entry)
{
	for (size_t i = 0; i < where->n; i++)
		if (same_file_system(&where->items[i], entry))
			return true;
	return false;
}

/* Does it show what the container has mounted itself, and so has in its images? */
static bool shows_own(const struct mountinfo *own, const bool *foreign, size_t n)
{
	for (size_t i = 0; i < own->n; i++)
		if (i != n && !foreign[i] && same_file_system(&own->items[i], &own->items[n]) &&
		    is_below(own->items[n].root, own->items[i].root))
			return true;
	return false;
}

static bool is_foreign(const struct oci_config *config, const struct mountinfo *own,
    const struct mountinfo *host, const bool *foreign, size_t n)
{
	const struct mountinfo_entry *entry = &own->items[n];
	const struct oci_mount *m;

	if (strcmp(entry->point, "/") == 0)
		return false;
	/* A cgroup of the container is another one after a restore. */
	if (is_cgroup(entry->type))
		return true;
	m = find_mount(config, entry->point);
	if (m)
		return is_bind(m);
	if (shows_own(own, foreign, n))
		return false;
	return strcmp(entry->root, "/") != 0 || is_mounted(host, entry);
}

int criu_mounts_note(const struct oci_config *config, const struct mountinfo *own,
    const struct mountinfo *host, struct strv *external, struct err *e)
{
	AUTO_FREE bool *foreign = calloc(own->n + 1, sizeof(*foreign));
	int r = 0;

	if (!foreign)
		return err_set(e, -ENOMEM, "cannot note the mounts for criu");
	/* All might be the host's, until what is the container's own is known. */
	memset(foreign, true, own->n * sizeof(*foreign));
	for (unsigned round = 0; round < 2; round++)
		for (size_t i = 0; i < own->n; i++)
			foreign[i] = is_foreign(config, own, host, foreign, i);
	for (size_t i = 0; i < own->n && r >= 0; i++)
		if (foreign[i])
			r = add(external, own->items[i].point, own->items[i].point, e);
	return r;
}

/* ---- the restore ---- */

struct finder {
	const struct oci_config *config;
	const char *bundle;
	int root_fd;
	const struct strv *cgroups;
	const struct mountinfo *host;
	struct strv *external;
};

/* Its place is in a file system that the images bring along, with the place in it. */
static bool is_within_another(const struct oci_config *config, size_t n)
{
	AUTO_FREE char *clean = plan_clean_path(config->mounts[n].destination);

	for (size_t i = 0; i < n && clean; i++) {
		AUTO_FREE char *above = plan_clean_path(config->mounts[i].destination);

		if (above && *above && strcmp(above, clean) != 0 && is_below(clean, above))
			return true;
	}
	return false;
}

/*
 * Opens and if need be makes the place, and says what it is once all links are followed: that is
 * what the mount was noted under.
 */
static int find_place(
    const struct finder *f, const char *clean, bool is_dir, char *to, size_t room, struct err *e)
{
	AUTO_FD int fd = target_open(f->root_fd, clean, is_dir);
	char link[32];
	ssize_t n;

	if (fd < 0)
		return err_set(e, fd, "cannot make the place of mount '/%s'", clean);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, to, room - 1);
	if (n < 0)
		return err_set(e, -errno, "cannot find the place of mount '/%s'", clean);
	to[n] = '\0';
	return 0;
}

/* A recursive bind brings along what is mounted below. */
static int add_below(const struct finder *f, const char *name, const char *source, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < f->host->n && r >= 0; i++) {
		const char *point = f->host->items[i].point;
		char below[PATH_MAX];

		if (strcmp(point, source) == 0 || !is_below(point, source))
			continue;
		if ((size_t)snprintf(below, sizeof(below), "%s%s", name,
		        point + (strcmp(source, "/") == 0 ? 0 : strlen(source))) < sizeof(below))
			r = add(f->external, below, point, e);
	}
	return r;
}

static int add_bind(
    const struct finder *f, const struct oci_mount *m, const char *name, struct err *e)
{
	char relative[PATH_MAX], source[PATH_MAX];
	int r;

	if ((size_t)snprintf(relative, sizeof(relative), "%s%s%s",
	        m->source[0] == '/' ? "" : f->bundle, m->source[0] == '/' ? "" : "/",
	        m->source) >= sizeof(relative) ||
	    !realpath(relative, source))
		return err_set(
		    e, -errno, "mount '%s': cannot find '%s'", m->destination, m->source);
	r = add(f->external, name, source, e);
	return r >= 0 && strv_has(&m->options, "rbind") ? add_below(f, name, source, e) : r;
}

static bool source_is_dir(const struct finder *f, const struct oci_mount *m)
{
	char path[PATH_MAX];
	struct stat st;

	if (!is_bind(m))
		return true;
	if ((size_t)snprintf(path, sizeof(path), "%s%s%s", m->source[0] == '/' ? "" : f->bundle,
	        m->source[0] == '/' ? "" : "/", m->source) >= sizeof(path))
		return true;
	return stat(path, &st) < 0 || S_ISDIR(st.st_mode);
}

/* v1: one mount for each, by the name of its hierarchy; v2: the one there is. */
static int add_cgroups(const struct finder *f, const char *place, struct err *e)
{
	char name[PATH_MAX];
	int r = 0;

	if (cgroup_version(CGROUP_DIR) == 2)
		return add(
		    f->external, place, f->cgroups->n ? f->cgroups->items[0] : CGROUP_DIR, e);
	for (size_t i = 0; i < f->cgroups->n && r >= 0; i++) {
		const char *path = f->cgroups->items[i], *rest = path + strlen(CGROUP_DIR);

		if (!is_below(path, CGROUP_DIR) || *rest != '/')
			continue;
		if ((size_t)snprintf(name, sizeof(name), "%s%.*s", place,
		        1 + (int)strcspn(rest + 1, "/"), rest) < sizeof(name))
			r = add(f->external, name, path, e);
	}
	return r;
}

static int add_mount(const struct finder *f, size_t n, struct err *e)
{
	const struct oci_mount *m = &f->config->mounts[n];
	AUTO_FREE char *clean = plan_clean_path(m->destination);
	char place[PATH_MAX];
	int r = 0;

	if (!clean)
		return err_set(e, -ENOMEM, "cannot note the mounts for criu");
	if (is_bind(m) && (!m->source || !m->source[0]))
		return err_refuse(
		    e, -EINVAL, "mount '%s': a bind without a source", m->destination);
	if (m->n_uid_mappings > 0 || m->n_gid_mappings > 0 || strv_has(&m->options, "idmap") ||
	    strv_has(&m->options, "ridmap"))
		return err_refuse(e, -EOPNOTSUPP,
		    "mount '%s': criu cannot restore a mount with id mappings", m->destination);
	if (is_within_another(f->config, n))
		snprintf(place, sizeof(place), "/%s", clean);
	else
		r = find_place(f, clean, source_is_dir(f, m), place, sizeof(place), e);
	if (r >= 0 && is_cgroup(m->type))
		return add_cgroups(f, place, e);
	return r >= 0 && is_bind(m) ? add_bind(f, m, place, e) : r;
}

static int add_masks(const struct finder *f, struct err *e)
{
	const struct oci_linux *linux_ = f->config->linux_;
	int r = 0;

	if (!linux_)
		return 0;
	strv_for_each (at, &linux_->masked_paths) {
		r = add(f->external, *at, "/dev/null", e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Where mknod(2) is not allowed, they are binds. */
static int add_devices(const struct finder *f, struct err *e)
{
	static const char *const usual[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random",
		"/dev/urandom", "/dev/tty" };
	const struct oci_linux *linux_ = f->config->linux_;
	int r = 0;

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]) && r >= 0; i++)
		r = add(f->external, usual[i], usual[i], e);
	for (size_t i = 0; linux_ && i < linux_->n_devices && r >= 0; i++)
		r = add(f->external, linux_->devices[i].path, linux_->devices[i].path, e);
	return r;
}

int criu_mounts_find(const struct oci_config *config, const char *bundle, int root_fd,
    const struct strv *cgroups, const struct mountinfo *host, struct strv *external, struct err *e)
{
	const struct finder f = { config, bundle, root_fd, cgroups, host, external };
	int r = 0;

	for (size_t i = 0; i < config->n_mounts && r >= 0; i++)
		r = add_mount(&f, i, e);
	if (r >= 0)
		r = add_masks(&f, e);
	return r < 0 ? r : add_devices(&f, e);
}
