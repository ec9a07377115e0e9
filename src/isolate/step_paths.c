/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps: kernel parameters, masked and read-only paths
 *
 * What lies in /proc and /sys is reached from the fds of those mounts, which we
 * made, and not from the root, where somebody who shares a volume could have put something
 * else in between.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "format/oci_config.h"
#include "isolate/child.h"
#include "os/file.h"
#include "os/mount.h"

/* ---- kernel parameters ---- */

static int own_procfs(struct child *c)
{
	AUTO_FD int fs = -1;

	if (c->own_proc_fd >= 0)
		return c->own_proc_fd;
	fs = mount_fs_open("proc", NULL);
	if (fs < 0)
		return fs;
	c->own_proc_fd =
	    mount_fs_mount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return c->own_proc_fd;
}

static int set_sysctl(int proc_fd, const struct plan_sysctl *s, struct err *e)
{
	const struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
	};
	AUTO_FD int fd = -1;
	int r;

	fd = (int)syscall(SYS_openat2, proc_fd, s->path, &how, sizeof(how));
	if (fd < 0)
		return err_set(e, -errno, "cannot set the sysctl '%s'", s->key);
	r = file_write_fd(fd, s->value, strlen(s->value));
	return r < 0 ? err_set(e, r, "cannot set the sysctl '%s' to '%s'", s->key, s->value) : 0;
}

int step_set_sysctls(struct child *c, struct err *e)
{
	const struct plan *p = c->plan;
	int proc_fd, r = 0;

	if (p->n_sysctls == 0)
		return 0;
	proc_fd = own_procfs(c);
	if (proc_fd < 0)
		return err_set(e, proc_fd, "cannot make a procfs for the sysctls");
	for (size_t i = 0; i < p->n_sysctls && r >= 0; i++)
		r = set_sysctl(proc_fd, &p->sysctls[i], e);
	return r;
}

/* ---- paths ---- */

/* Returns an O_PATH fd, -ENOENT where there is nothing to cover. */
static int open_path(const struct child *c, const char *path)
{
	int base = c->root_fd, fd;

	while (*path == '/')
		path++;
	if (c->proc_fd >= 0 && strncmp(path, "proc/", 5) == 0) {
		base = c->proc_fd;
		path += 5;
	} else if (c->sys_fd >= 0 && strncmp(path, "sys/", 4) == 0) {
		base = c->sys_fd;
		path += 4;
	}
	fd = file_open_in_root(base, path, O_PATH, 0);
	return fd == -ENOTDIR ? -ENOENT : fd;
}

static int make_empty(void)
{
	AUTO_FD int fs = -1;

	fs = mount_fs_open("tmpfs", NULL);
	if (fs < 0)
		return fs;
	return mount_fs_mount(
	    fs, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

/*
 * One source serves all masks: the first time it is attached itself, later a
 * copy of what is attached. (A copy of a detached mount is refused before Linux 6.15.)
 */
static int attach_shared(struct child *c, int *source_fd, int fresh_fd, int target_fd)
{
	int copy, r;

	if (fresh_fd < 0)
		return fresh_fd;
	if (*source_fd < 0) {
		r = mount_attach(fresh_fd, target_fd);
		if (r >= 0)
			*source_fd = fresh_fd;
		return r;
	}
	copy = mount_clone(*source_fd, "", false);
	if (copy < 0)
		return copy;
	child_spend(c, copy);
	return mount_attach(copy, target_fd);
}

static int mask(struct child *c, const char *path, struct err *e)
{
	int target = open_path(c, path), r;
	struct stat st;

	if (target == -ENOENT)
		return 0;
	if (target >= 0)
		child_spend(c, target);
	if (target < 0 || fstat(target, &st) < 0)
		return err_set(e, target < 0 ? target : -errno, "cannot mask '%s'", path);
	if (S_ISDIR(st.st_mode))
		r = attach_shared(
		    c, &c->empty_fd, c->empty_fd < 0 ? make_empty() : c->empty_fd, target);
	else
		r = attach_shared(c, &c->null_fd, c->plan->null_fd, target);
	return r < 0 ? err_set(e, r, "cannot mask '%s'", path) : 0;
}

static int make_read_only(struct child *c, const char *path, struct err *e)
{
	int target = open_path(c, path), copy, r;

	if (target == -ENOENT)
		return 0;
	if (target < 0)
		return err_set(e, target, "cannot make '%s' read-only", path);
	child_spend(c, target);
	copy = mount_clone_changed(target, "", true, MOUNT_ATTR_RDONLY, 0, 0);
	if (copy >= 0)
		child_spend(c, copy);
	r = copy < 0 ? copy : mount_attach(copy, target);
	return r < 0 ? err_set(e, r, "cannot make '%s' read-only", path) : 0;
}

int step_cover_paths(struct child *c, struct err *e)
{
	const struct oci_linux *linux_ = c->plan->config->linux_;
	int r = 0;

	if (!linux_)
		return 0;
	for (size_t i = 0; i < linux_->readonly_paths.n && r >= 0; i++)
		r = make_read_only(c, linux_->readonly_paths.items[i], e);
	for (size_t i = 0; i < linux_->masked_paths.n && r >= 0; i++)
		r = mask(c, linux_->masked_paths.items[i], e);
	return r;
}
