/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps: mounts
 *
 * All mounts exist as detached fds before the root is entered; then each is
 * attached to a target that is an fd too. There is no moment in which a name is
 * looked up twice.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "isolate/child.h"
#include "os/file.h"
#include "os/mount.h"

/* File systems without a source; one call to the kernel less for each. */
static bool is_pseudo(const char *type)
{
	return strcmp(type, "proc") == 0 || strcmp(type, "sysfs") == 0 ||
	    strcmp(type, "devpts") == 0 || strcmp(type, "mqueue") == 0;
}

/* proc and sysfs are labelled by the policy; mqueue takes a label, and not as an option. */
static bool takes_context(const char *type)
{
	return strcmp(type, "proc") != 0 && strcmp(type, "sysfs") != 0 &&
	    strcmp(type, "mqueue") != 0;
}

static int label_mqueue(int mount_fd, const char *label)
{
	AUTO_FD int fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsetxattr(fd, "security.selinux", label, strlen(label) + 1, 0) < 0)
		return -errno;
	return 0;
}

static int make_file_system(struct child *c, struct plan_mount *m, struct err *e)
{
	const struct plan *p = c->plan;
	const bool cgroups = m->kind == PLAN_CGROUPS;
	const char *type = cgroups ? "tmpfs" : m->type;
	int fs, r;

	fs = mount_fs_open(type, is_pseudo(type) ? NULL : m->source);
	if (fs < 0)
		return err_set(
		    e, fs, "cannot make a file system of type '%s' for '/%s'", type, m->target);
	child_spend(c, fs);
	for (size_t i = 0; i < m->options.data.n; i++) {
		r = mount_fs_option(fs, m->options.data.items[i]);
		if (r < 0)
			return err_set(e, r, "mount '/%s' of type '%s': option '%s'", m->target,
			    type, m->options.data.items[i]);
	}
	if (p->mount_label && takes_context(type)) {
		r = mount_fs_set(fs, "context", p->mount_label);
		if (r < 0)
			return err_set(e, r, "mount '/%s': cannot label it '%s' (linux.mountLabel)",
			    m->target, p->mount_label);
	}
	if (cgroups && (r = mount_fs_option(fs, "mode=755")) < 0)
		return err_set(e, r, "mount '/%s': option 'mode'", m->target);
	/* A cgroup mount becomes read-only when it is filled. */
	m->fd = mount_fs_mount(
	    fs, m->options.set & ~(cgroups ? (uint64_t)MOUNT_ATTR_RDONLY : UINT64_C(0)));
	if (m->fd < 0)
		return err_set(
		    e, m->fd, "cannot mount a file system of type '%s' for '/%s'", type, m->target);
	if (p->mount_label && strcmp(type, "mqueue") == 0) {
		r = label_mqueue(m->fd, p->mount_label);
		if (r < 0)
			return err_set(e, r, "mount '/%s': cannot label it '%s' (linux.mountLabel)",
			    m->target, p->mount_label);
	}
	return 0;
}

int step_make_file_systems(struct child *c, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < c->plan->n_mounts && r >= 0; i++) {
		struct plan_mount *m = &c->plan->mounts[i];

		if (m->kind == PLAN_FILE_SYSTEM || m->kind == PLAN_CGROUPS)
			r = make_file_system(c, m, e);
	}
	return r;
}

/* /proc and /sys of an image may be links to elsewhere (CVE-2019-19921, CVE-2023-27561). */
static int open_real_directory(int root_fd, const char *name, struct err *e)
{
	int fd;

	fd = file_open_beneath(root_fd, name, O_PATH | O_DIRECTORY, 0);
	/* Others may be starting on the same root. */
	if (fd == -ENOENT && (mkdirat(root_fd, name, 0755) >= 0 || errno == EEXIST))
		fd = file_open_beneath(root_fd, name, O_PATH | O_DIRECTORY, 0);
	if (fd == -ELOOP || fd == -ENOTDIR)
		return err_refuse(e, -ENOTDIR, "'/%s' of the root is not a directory", name);
	return fd < 0 ? err_set(e, fd, "cannot open '/%s' of the root", name) : fd;
}

static bool on_procfs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) >= 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/*
 * A directory of its own name in a /dev that we have just made: nobody else has
 * been there, so there is no link to follow. -EEXIST: it is not new; -ENOENT: not such a target.
 */
static int make_in_dev(const struct child *c, const struct plan_mount *m)
{
	const char *name = m->target + strlen("dev/");
	int fd;

	if (!c->own_dev || !m->is_dir || strncmp(m->target, "dev/", strlen("dev/")) != 0 ||
	    strchr(name, '/'))
		return -ENOENT;
	if (mkdirat(c->dev_fd, name, 0755) < 0)
		return -errno;
	fd = openat(c->dev_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_target(const struct child *c, const struct plan_mount *m, struct err *e)
{
	AUTO_FD int fd = make_in_dev(c, m);

	if (fd >= 0)
		return TAKE_FD(fd);
	if (m->place == PLACE_PROC || m->place == PLACE_SYS || m->place == PLACE_DEV)
		return open_real_directory(c->root_fd, m->target, e);
	fd = m->options.target_nofollow ? target_open_link(c->root_fd, m->target, m->is_dir)
	                                : target_open(c->root_fd, m->target, m->is_dir);
	if (fd < 0)
		return err_set(e, fd, "cannot make the mount point '/%s'", m->target);
	/* A link could lead there, past the check of the name. */
	if (!m->on_proc && c->proc_fd >= 0 && on_procfs(fd))
		return err_refuse(e, -EPERM,
		    "mount '/%s': cannot be mounted because it is inside /proc", m->target);
	return TAKE_FD(fd);
}

/* Of "cpu,cpuacct" each is a link to it: programs look for the one they know. */
static int link_controllers(int dir_fd, const char *name)
{
	char part[64];

	if (!strchr(name, ','))
		return 0;
	for (const char *at = name; *at; at += strcspn(at, ","), at += *at == ',') {
		const size_t len = strcspn(at, ",");

		memcpy(part, at, len);
		part[len] = '\0';
		if (len > 0 && symlinkat(name, dir_fd, part) < 0)
			return -errno;
	}
	return 0;
}

static int fill_cgroups(const struct plan *p, const struct plan_mount *m, struct err *e)
{
	int r;

	for (size_t i = 0; i < p->n_cgroups; i++) {
		const struct plan_cgroup *g = &p->cgroups[i];

		if (mkdirat(m->fd, g->name, 0755) < 0 ||
		    syscall(SYS_move_mount, g->fd, "", m->fd, g->name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
			return err_set(e, -errno, "cannot show the cgroup '%s'", g->name);
	}
	for (size_t i = 0; i < p->n_cgroups; i++) {
		r = link_controllers(m->fd, p->cgroups[i].name);
		if (r < 0)
			return err_set(e, r, "cannot show the cgroup '%s'", p->cgroups[i].name);
	}
	if (!(m->options.set & MOUNT_ATTR_RDONLY))
		return 0;
	r = mount_change(m->fd, false, MOUNT_ATTR_RDONLY, 0, 0);
	return r < 0 ? err_set(e, r, "cannot make the cgroups read-only") : 0;
}

static int copy_up(const struct plan_mount *m, int target_fd, struct err *e)
{
	AUTO_FD int from = openat(target_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int to = openat(m->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (from < 0 || to < 0)
		return err_set(e, -errno, "cannot copy what is at '/%s'", m->target);
	r = target_copy_tree(from, to, 0);
	return r < 0 ? err_set(e, r, "cannot copy what is at '/%s'", m->target) : 0;
}

/* A tmpfs for which nobody has said a mode. */
static bool takes_mode(const struct plan_mount *m)
{
	if (m->kind != PLAN_FILE_SYSTEM || strcmp(m->type, "tmpfs") != 0)
		return false;
	for (size_t i = 0; i < m->options.data.n; i++) {
		if (strncmp(m->options.data.items[i], "mode=", 5) == 0)
			return false;
	}
	return true;
}

static bool is_there(const struct child *c, const struct plan_mount *m)
{
	AUTO_FD int fd = file_open_in_root(c->root_fd, m->target, O_PATH, 0);

	return fd >= 0;
}

/* What lies on /root is as closed to others as /root was. */
static int take_mode(const struct plan_mount *m, int target_fd, struct err *e)
{
	const uint64_t read_only = m->options.set & MOUNT_ATTR_RDONLY;
	struct stat at;
	int r = 0;

	if (fstat(target_fd, &at) < 0)
		return err_set(e, -errno, "cannot look at the mount point '/%s'", m->target);
	if (read_only)
		r = mount_change(m->fd, false, 0, read_only, 0);
	if (r >= 0 && fchmodat(m->fd, ".", at.st_mode & 07777, 0) < 0)
		r = -errno;
	if (r >= 0 && read_only)
		r = mount_change(m->fd, false, read_only, 0, 0);
	return r < 0 ? err_set(e, r, "cannot set the mode of '/%s'", m->target) : 0;
}

/* A directory that we make for a tmpfs has nothing to give to it. */
static int fill_from_target(const struct plan_mount *m, int target_fd, struct err *e)
{
	int r = takes_mode(m) ? take_mode(m, target_fd, e) : 0;

	if (r < 0)
		return r;
	return m->options.copy_up && m->is_dir ? copy_up(m, target_fd, e) : 0;
}

static void remember_place(struct child *c, const struct plan_mount *m)
{
	if (m->place == PLACE_PROC)
		c->proc_fd = m->fd;
	else if (m->place == PLACE_SYS)
		c->sys_fd = m->fd;
	else if (m->place == PLACE_DEV)
		c->dev_fd = m->fd, c->own_dev = m->kind == PLAN_FILE_SYSTEM;
	else if (m->place == PLACE_PTS)
		c->pts_fd = m->fd;
	if (m->place == PLACE_PROC && m->kind == PLAN_FILE_SYSTEM)
		c->own_proc_fd = m->fd;
}

/* The kernel says "Invalid argument" where a file would lie on a directory. Engines know the words
 * of mount(2). */
static int attach_failed(const struct plan_mount *m, int target, int code, struct err *e)
{
	struct stat at;

	if (code == -EINVAL && fstat(target, &at) >= 0 && S_ISDIR(at.st_mode) != m->is_dir)
		code = -ENOTDIR;
	return err_set(e, code, "cannot mount on '/%s'", m->target);
}

/* What is done to a mount itself. */
static int finish_mount(const struct plan *p, const struct plan_mount *m, struct err *e)
{
	int r;

	if (m->kind == PLAN_FILE_SYSTEM && m->options.propagation) {
		r = mount_change(m->fd, false, 0, 0, m->options.propagation);
		if (r < 0)
			return err_set(e, r, "cannot set the propagation of '/%s'", m->target);
	}
	return m->kind == PLAN_CGROUPS ? fill_cgroups(p, m, e) : 0;
}

static int attach(struct child *c, const struct plan_mount *m, struct err *e)
{
	/* Below a root that is attached to nothing a mount cannot be changed any more; but before
	   Linux 6.15 nothing can be mounted on one that is not attached. */
	const bool early = c->plan->join[NAMESPACE_MOUNT] >= 0;
	int target, r;
	bool fill;

	if (m->place == PLACE_PROC && !on_procfs(m->fd))
		return err_refuse(e, -EPERM, "mount '/proc': only a procfs may be there");
	fill = (m->options.copy_up || takes_mode(m)) && is_there(c, m);
	target = open_target(c, m, e);
	if (target < 0)
		return target;
	child_spend(c, target);
	r = fill ? fill_from_target(m, target, e) : 0;
	if (r >= 0 && early)
		r = finish_mount(c->plan, m, e);
	if (r < 0)
		return r;
	r = mount_attach(m->fd, target);
	if (r < 0)
		return attach_failed(m, target, r, e);
	remember_place(c, m);
	return early ? 0 : finish_mount(c->plan, m, e);
}

static int make_link(const struct child *c, const struct plan_mount *m, struct err *e)
{
	int r = target_make_link(c->root_fd, m->target, m->link);

	return r < 0 ? err_set(e, r, "cannot make the link '/%s'", m->target) : 0;
}

static int remount(const struct child *c, const struct plan_mount *m, struct err *e)
{
	AUTO_FD int fd = -1;
	int r;

	fd = file_open_in_root(c->root_fd, m->target, O_PATH, 0);
	r = fd < 0
	    ? fd
	    : mount_change(fd, false, m->options.set, m->options.clear, m->options.propagation);
	return r < 0 ? err_set(e, r, "cannot remount '/%s'", m->target) : 0;
}

/* By its last name in the directory that has it, whatever lies there; no link is followed. */
static int take_away(const struct child *c, const struct plan_mount *m, struct err *e)
{
	const char *slash = strrchr(m->target, '/'), *name = slash ? slash + 1 : m->target;
	char parent[PATH_MAX] = ".";
	AUTO_FD int fd = -1;

	if (slash && (size_t)(slash - m->target) >= sizeof(parent))
		return err_refuse(e, -ENAMETOOLONG, "mount '/%s': too long", m->target);
	if (slash) {
		memcpy(parent, m->target, (size_t)(slash - m->target));
		parent[slash - m->target] = '\0';
	}
	fd = file_open_in_root(c->root_fd, parent, O_PATH | O_DIRECTORY, 0);
	if (fd < 0)
		return err_set(e, fd, "cannot find the mount '/%s'", m->target);
	if (fchdir(fd) < 0 || umount2(name, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return errno == EINVAL
		    ? err_refuse(e, -EINVAL, "nothing is mounted on '/%s'", m->target)
		    : err_set(e, -errno, "cannot take away the mount '/%s'", m->target);
	return 0;
}

int step_attach_mounts(struct child *c, struct err *e)
{
	int r = 0;

	/* In a container that runs, a target may be a link to there. */
	if (c->plan->only_mounts)
		c->proc_fd = file_open_beneath(c->root_fd, "proc", O_PATH | O_DIRECTORY, 0);
	for (size_t i = 0; i < c->plan->n_mounts && r >= 0; i++) {
		const struct plan_mount *m = &c->plan->mounts[i];

		r = m->kind == PLAN_REMOVE    ? take_away(c, m, e)
		    : m->kind == PLAN_REMOUNT ? remount(c, m, e)
		    : m->kind == PLAN_LINK    ? make_link(c, m, e)
		                              : attach(c, m, e);
	}
	return r;
}
