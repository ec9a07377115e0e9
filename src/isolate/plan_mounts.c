/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of a container: mounts
 *
 * Binds are opened here, on the host's side, as detached copies. File systems
 * that belong to a namespace (proc, sysfs, mqueue, devpts) can only be made by
 * the child.
 *
 * In a user namespace the kernel refuses a new proc, sysfs or mqueue where the
 * namespace it shows is not the container's own too: a bind of the host's stands in.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/err.h"
#include "format/oci_config.h"
#include "isolate/delegate.h"
#include "isolate/limits.h"
#include "isolate/plan.h"
#include "os/cgroup.h"
#include "os/idmap.h"
#include "os/mount.h"

#define CGROUP_DIR "/sys/fs/cgroup"

/* What an LXCFS covers; nothing else of /proc may be (CVE-2019-16884). */
static bool may_cover_proc(const char *target)
{
	static const char *const files[] = {
		"proc/cpuinfo",
		"proc/diskstats",
		"proc/meminfo",
		"proc/stat",
		"proc/swaps",
		"proc/uptime",
		"proc/loadavg",
		"proc/slabinfo",
		"proc/net/dev",
		"proc/sys/kernel/ns_last_pid",
		"proc/sys/crypto/fips_enabled",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (strcmp(files[i], target) == 0)
			return true;
	}
	return false;
}

static enum plan_place find_place(const char *target)
{
	if (strcmp(target, "proc") == 0)
		return PLACE_PROC;
	if (strcmp(target, "sys") == 0)
		return PLACE_SYS;
	if (strcmp(target, "dev") == 0)
		return PLACE_DEV;
	if (strcmp(target, "dev/pts") == 0)
		return PLACE_PTS;
	return PLACE_OTHER;
}

/* The tree of the host that stands in for a file system that the kernel would refuse us. */
static const char *find_stand_in(const struct plan *p, const char *type)
{
	static const struct {
		const char *type, *path;
		uint64_t namespace_flag;
		enum namespace_kind kind;
	} stand_ins[] = {
		{ "proc", "/proc", CLONE_NEWPID, NAMESPACE_PID },
		{ "sysfs", "/sys", CLONE_NEWNET, NAMESPACE_NETWORK },
		{ "mqueue", "/dev/mqueue", CLONE_NEWIPC, NAMESPACE_IPC },
	};

	if (!p->confined || !type)
		return NULL;
	for (size_t i = 0; i < sizeof(stand_ins) / sizeof(stand_ins[0]); i++) {
		if (strcmp(stand_ins[i].type, type) == 0 &&
		    !(p->new_namespaces & stand_ins[i].namespace_flag) &&
		    (p->join[stand_ins[i].kind] < 0 ||
		        (p->user_namespace && p->join[NAMESPACE_USER] < 0)))
			return stand_ins[i].path;
	}
	return NULL;
}

/* A user namespace with the maps that the mount asks for. Returns an fd to close. */
static int open_idmap(struct plan *p, const struct oci_mount *m, struct err *e)
{
	AUTO_FREE char *own_uids = NULL;
	AUTO_FREE char *own_gids = NULL;
	const char *uid_map = p->uid_map, *gid_map = p->gid_map;
	bool same;
	int fd, r;

	if (m->n_uid_mappings > 0 || m->n_gid_mappings > 0) {
		if (m->n_uid_mappings == 0 || m->n_gid_mappings == 0)
			return err_refuse(e, -EINVAL,
			    "mount '%s': uidMappings and gidMappings go together", m->destination);
		r = plan_format_map(m->uid_mappings, m->n_uid_mappings, &own_uids, e);
		if (r >= 0)
			r = plan_format_map(m->gid_mappings, m->n_gid_mappings, &own_gids, e);
		if (r < 0)
			return r;
		uid_map = own_uids;
		gid_map = own_gids;
	}
	if (!uid_map || !gid_map)
		return err_refuse(e, -EINVAL,
		    "mount '%s': 'idmap' needs mappings or a new user namespace", m->destination);

	same = p->uid_map && p->gid_map && strcmp(uid_map, p->uid_map) == 0 &&
	    strcmp(gid_map, p->gid_map) == 0;
	if (same && p->idmap_fd >= 0)
		return fcntl(p->idmap_fd, F_DUPFD_CLOEXEC, 3);
	fd = idmap_userns(uid_map, gid_map);
	if (fd < 0)
		return err_set(e, fd, "cannot map the ids of mount '%s'", m->destination);
	if (same)
		p->idmap_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return fd;
}

/* As if it were made in the container's mounts, which hear from the host and tell it nothing,
   unless the root is to be otherwise. */
static uint64_t default_propagation(const struct plan *p)
{
	return p->root_propagation == MS_SHARED ? 0
	    : p->root_propagation               ? p->root_propagation
	                                        : MS_SLAVE;
}

/*
 * In a user namespace the kernel locks the flags that a mount of the host has: what they
 * forbid stays forbidden, whatever was asked for (EPERM).
 */
static int change_flags(int fd, bool below, uint64_t set, uint64_t clear, uint64_t propagation)
{
	const uint64_t times = MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME;
	int r = mount_change(fd, below, set, clear, propagation);

	if (r != -EPERM || (!clear && !(set & times)))
		return r;
	return mount_change(fd, below, set & ~times, 0, propagation);
}

static int change_bind(const struct plan *p, const struct plan_mount *m, struct err *e)
{
	const struct mount_options *o = &m->options;
	uint64_t propagation = o->propagation ? o->propagation : default_propagation(p);
	bool below = o->bind_below && (o->propagation_below || !o->propagation);
	int r;

	if ((below && propagation) || o->set_below || o->clear_below) {
		r = change_flags(
		    m->fd, true, o->set_below, o->clear_below, below ? propagation : 0);
		if (r < 0)
			return err_set(e, r, "cannot set the flags of mount '/%s'", m->target);
	}
	if (below && !o->set && !o->clear)
		return 0;
	if (!o->set && !o->clear && !propagation)
		return 0;
	r = change_flags(m->fd, false, o->set, o->clear, below ? 0 : propagation);
	return r < 0 ? err_set(e, r, "cannot set the flags of mount '/%s'", m->target) : 0;
}

static int idmap_bind(
    struct plan *p, const struct plan_mount *m, const struct oci_mount *from, struct err *e)
{
	AUTO_FD int userns = -1;
	int r;

	if (!m->options.idmap && from->n_uid_mappings == 0 && from->n_gid_mappings == 0)
		return 0;
	userns = open_idmap(p, from, e);
	if (userns < 0)
		return userns;
	r = mount_idmap(m->fd, m->options.idmap_below, userns);
	if (r < 0)
		return err_set(
		    e, r, "cannot map the ids of '%s' (does its file system allow it?)", m->source);
	return 0;
}

/* 1: it is a link, and becomes one. 0: it is none, and is bound. */
static int copy_symlink(struct plan_mount *m, const char *source, struct err *e)
{
	char text[PATH_MAX];
	const ssize_t n = readlink(source, text, sizeof(text));

	if (n < 0 && errno == EINVAL)
		return 0;
	if (n < 0 || n == sizeof(text))
		return err_set(e, n < 0 ? -errno : -ENAMETOOLONG, "cannot bind '%s'", m->source);
	m->link = strndup(text, (size_t)n);
	if (!m->link)
		return err_set(e, -ENOMEM, "cannot bind '%s'", m->source);
	m->kind = PLAN_LINK;
	return 1;
}

static int open_bind(struct plan *p, struct plan_mount *m, const struct oci_mount *from,
    const char *bundle, struct err *e)
{
	AUTO_FREE char *absolute = NULL;
	struct stat st;
	int r;

	if (!m->source || m->source[0] == '\0')
		return err_refuse(
		    e, -EINVAL, "mount '%s': a bind needs a source", from->destination);
	if (asprintf(&absolute, "%s%s%s", m->source[0] == '/' ? "" : bundle,
	        m->source[0] == '/' ? "" : "/", m->source) < 0) {
		absolute = NULL;
		return err_set(e, -ENOMEM, "cannot bind '%s'", m->source);
	}
	if (m->options.copy_symlink) {
		r = copy_symlink(m, absolute, e);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	m->fd = m->options.source_nofollow
	    ? mount_clone_link(AT_FDCWD, absolute, m->options.bind_below)
	    : mount_clone(AT_FDCWD, absolute, m->options.bind_below);
	if (m->fd < 0)
		return err_set(e, m->fd, "cannot bind '%s'", m->source);
	if (fstat(m->fd, &st) < 0)
		return err_set(e, -errno, "cannot bind '%s'", m->source);
	m->is_dir = S_ISDIR(st.st_mode);
	r = idmap_bind(p, m, from, e);
	if (r < 0)
		return r;
	return change_bind(p, m, e);
}

/* ---- cgroups ---- */

static int add_cgroup(struct plan *p, const char *path, uint64_t attributes, struct err *e)
{
	const char *name = path + strlen(CGROUP_DIR "/");
	size_t len = strcspn(name, "/");
	struct plan_cgroup *c = &p->cgroups[p->n_cgroups];

	if (strncmp(path, CGROUP_DIR "/", strlen(CGROUP_DIR "/")) != 0 || len >= sizeof(c->name))
		return 0; /* mounted in an unusual place: not shown */
	memcpy(c->name, name, len);
	c->name[len] = '\0';
	c->fd = mount_clone_changed(AT_FDCWD, path, false, attributes, 0, MS_SLAVE);
	if (c->fd < 0)
		return err_set(e, c->fd, "cannot bind the cgroup '%s'", path);
	p->n_cgroups++;
	return 0;
}

/* Where the container has no cgroup of its own it sees the host's, and writes to none of them
   (CVE-2023-25809). */
static int bind_cgroup2(struct plan_mount *m, const char *own, struct err *e)
{
	const uint64_t set = m->options.set | (own ? UINT64_C(0) : MOUNT_ATTR_RDONLY);
	const char *path = own ? own : CGROUP_DIR;

	m->kind = PLAN_BIND;
	m->fd = mount_clone_changed(AT_FDCWD, path, false, set, m->options.clear & ~set, MS_SLAVE);
	return m->fd < 0 ? err_set(e, m->fd, "cannot bind the cgroup '%s'", path) : 0;
}

/* Root inside may make cgroups where it has a view of its own, and may write. */
static int delegate(struct plan *p, const struct plan_mount *m, const char *own, struct err *e)
{
	const struct oci_process *process = p->config->process;
	const int64_t owner = process ? plan_host_uid(p, process->user.uid) : -1;

	if (!own || !p->user_namespace || !p->new_cgroup_namespace || owner < 0 ||
	    m->options.set & MOUNT_ATTR_RDONLY)
		return 0;
	return delegate_cgroup(own, (uid_t)owner, e);
}

/*
 * Shows the container its own cgroups. A bind of them in place of a new mount:
 * mounting cgroup2 in the host's cgroup namespace waits 11 ms for the kernel.
 */
static int add_cgroups(
    struct plan *p, struct plan_mount *m, const struct limits *limits, struct err *e)
{
	const struct strv *paths = limits ? limits_paths(limits) : NULL;
	const char *own = paths && paths->n > 0 ? paths->items[0] : NULL;
	int r;

	m->is_dir = true;
	if (cgroup_version(CGROUP_DIR) == 2) {
		r = delegate(p, m, own, e);
		return r < 0 ? r : bind_cgroup2(m, own, e);
	}

	m->kind = PLAN_CGROUPS;
	if (!paths || paths->n == 0 || p->cgroups)
		return 0;
	p->cgroups = calloc(paths->n, sizeof(*p->cgroups));
	if (!p->cgroups)
		return err_set(e, -ENOMEM, "cannot bind the cgroups");
	strv_for_each (at, paths) {
		r = add_cgroup(p, *at,
		    m->options.set | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- all of them ---- */

static int check_target(const struct plan_mount *m, const struct oci_mount *from, struct err *e)
{
	if (m->target[0] == '\0')
		return err_refuse(
		    e, -EINVAL, "mount '%s': the root itself cannot be covered", from->destination);
	if (strncmp(m->target, "proc/", 5) == 0 && !m->on_proc)
		return err_refuse(e, -EPERM,
		    "mount '%s': cannot be mounted because it is inside /proc", from->destination);
	if (m->place == PLACE_PROC && m->kind == PLAN_FILE_SYSTEM && strcmp(m->type, "proc") != 0)
		return err_refuse(e, -EPERM, "mount '%s': only a procfs may be there, not '%s'",
		    from->destination, m->type);
	return 0;
}

static void use_stand_in(struct plan_mount *m, const char *path)
{
	m->kind = PLAN_BIND;
	m->source = path;
	m->options.bind = m->options.bind_below = true;
	m->options.set_below |= m->options.set;
	if (m->place == PLACE_SYS)
		m->options.set_below |= MOUNT_ATTR_RDONLY;
	m->options.clear_below |= m->options.clear;
	strv_done(&m->options.data);
}

static int add_mount(struct plan *p, const struct oci_mount *from, const char *bundle,
    const struct limits *limits, struct err *e)
{
	struct plan_mount *m = &p->mounts[p->n_mounts++];
	const char *stand_in = find_stand_in(p, from->type);
	int r;

	*m = (struct plan_mount){
		.kind = PLAN_FILE_SYSTEM,
		.fd = -1,
		.is_dir = true,
		.type = from->type,
		.source = from->source,
	};
	if (!from->destination || from->destination[0] == '\0')
		return err_refuse(e, -EINVAL, "config.json: mounts: a destination is missing");
	m->target = plan_clean_path(from->destination);
	if (!m->target)
		return err_set(e, -ENOMEM, "cannot plan mount '%s'", from->destination);
	r = mount_options_read(&from->options, &m->options, e);
	if (r < 0)
		return r;
	m->place = find_place(m->target);
	m->on_proc = may_cover_proc(m->target);

	if (m->options.remount && !m->options.bind)
		m->kind = PLAN_REMOUNT;
	else if (m->options.bind || !m->type || strcmp(m->type, "bind") == 0)
		m->kind = PLAN_BIND;
	else if (strcmp(m->type, "cgroup") == 0 || strcmp(m->type, "cgroup2") == 0)
		return add_cgroups(p, m, limits, e);
	else if (stand_in)
		use_stand_in(m, stand_in);
	/* The cgroups below belong to the user who is root inside. */
	if (p->confined && m->place == PLACE_SYS && m->kind == PLAN_BIND)
		m->options.set_below |= m->options.set & MOUNT_ATTR_RDONLY;
	r = check_target(m, from, e);
	if (r >= 0 && m->kind == PLAN_BIND)
		r = open_bind(p, m, from, bundle, e);
	return r;
}

/* Our own /dev/null, for files that are masked: one from the image could be anything
 * (CVE-2025-31133). */
static int open_null(struct plan *p, struct err *e)
{
	struct stat st;

	p->null_fd = mount_clone(AT_FDCWD, "/dev/null", false);
	if (p->null_fd < 0)
		return err_set(e, p->null_fd, "cannot open /dev/null");
	if (fstat(p->null_fd, &st) < 0)
		return err_set(e, -errno, "cannot look at /dev/null");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_refuse(e, -EINVAL, "the host's /dev/null is not the null device");
	return 0;
}

int plan_add_mounts(struct plan *p, const char *bundle, const struct limits *limits, struct err *e)
{
	const struct oci_config *config = p->config;
	int r;

	if (config->n_mounts > 0) {
		p->mounts = calloc(config->n_mounts, sizeof(*p->mounts));
		if (!p->mounts)
			return err_set(e, -ENOMEM, "cannot plan the mounts");
	}
	for (size_t i = 0; i < config->n_mounts; i++) {
		r = add_mount(p, &config->mounts[i], bundle, limits, e);
		if (r < 0)
			return r;
	}
	if (config->linux_ && config->linux_->masked_paths.n > 0)
		return open_null(p, e);
	return 0;
}
