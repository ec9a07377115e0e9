/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps: /dev
 *
 * /dev is opened once, links refused; everything is made beneath that fd. A link
 * in its place once let a runtime make its nodes in the host's tree (CVE-2026-41579).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "format/oci_config.h"
#include "isolate/child.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/pty.h"

static int open_dev(struct child *c, struct err *e)
{
	if (c->dev_fd >= 0)
		return 0;
	c->dev_fd = file_open_beneath(c->root_fd, "dev", O_PATH | O_DIRECTORY, 0);
	/* Others may be starting on the same root. */
	if (c->dev_fd == -ENOENT && (mkdirat(c->root_fd, "dev", 0755) >= 0 || errno == EEXIST))
		c->dev_fd = file_open_beneath(c->root_fd, "dev", O_PATH | O_DIRECTORY, 0);
	if (c->dev_fd == -ELOOP || c->dev_fd == -ENOTDIR)
		return err_refuse(e, -ENOTDIR, "'/dev' of the root is not a directory");
	return c->dev_fd < 0 ? err_set(e, c->dev_fd, "cannot open '/dev' of the root") : 0;
}

/* A node that was there before must be the very device. */
static int check_node(int dir_fd, const char *name, const struct plan_device *d)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return (st.st_mode & S_IFMT) == (d->mode & S_IFMT) && st.st_rdev == d->number ? 0 : -EEXIST;
}

/* By fd: by now the name may be a second one of somebody else's file. */
static int give_node(int dir_fd, const char *name, const struct plan_device *d)
{
	AUTO_FD int fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_mode & S_IFMT) != (d->mode & S_IFMT) || st.st_rdev != d->number)
		return -EEXIST;
	return fchownat(fd, "", d->uid, d->gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

static int make_node(int dir_fd, const char *name, const struct plan_device *d)
{
	if (mknodat(dir_fd, name, d->mode, d->number) < 0)
		return errno == EEXIST ? check_node(dir_fd, name, d) : -errno;
	return d->uid || d->gid ? give_node(dir_fd, name, d) : 0;
}

static int attach_node(int dir_fd, const char *name, const struct plan_device *d)
{
	AUTO_FD int target = -1;

	if (mknodat(dir_fd, name, S_IFREG | 0644, 0) < 0 && errno != EEXIST)
		return -errno;
	target = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return -errno;
	return mount_attach(d->fd, target);
}

static int make_device(const struct child *c, const struct plan_device *d, struct err *e)
{
	bool in_dev = strncmp(d->path, "dev/", 4) == 0;
	const char *path = in_dev ? d->path + 4 : d->path;
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	int base = in_dev ? c->dev_fd : c->root_fd;
	AUTO_FD int parent = -1;
	int r;

	if (slash) {
		parent = target_make_dirs(base, path, (size_t)(slash - path));
		if (parent < 0)
			return err_set(e, parent, "cannot make the device '/%s'", d->path);
	}
	r = d->fd >= 0 ? attach_node(slash ? parent : base, name, d)
	               : make_node(slash ? parent : base, name, d);
	return r < 0 ? err_set(e, r, "cannot make the device '/%s'", d->path) : 0;
}

static int make_links(const struct child *c, struct err *e)
{
	static const struct {
		const char *to, *name;
	} links[] = {
		{ "/proc/self/fd", "fd" },
		{ "/proc/self/fd/0", "stdin" },
		{ "/proc/self/fd/1", "stdout" },
		{ "/proc/self/fd/2", "stderr" },
		{ "/proc/kcore", "core" },
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		if (symlinkat(links[i].to, c->dev_fd, links[i].name) < 0 && errno != EEXIST)
			return err_set(e, -errno, "cannot make the link '/dev/%s'", links[i].name);
	}
	if (c->pts_fd < 0)
		return 0;
	if (symlinkat("pts/ptmx", c->dev_fd, "ptmx") >= 0)
		return 0;
	if (errno == EEXIST && unlinkat(c->dev_fd, "ptmx", 0) >= 0 &&
	    symlinkat("pts/ptmx", c->dev_fd, "ptmx") >= 0)
		return 0;
	return err_set(e, -errno, "cannot make the link '/dev/ptmx'");
}

int step_make_devices(struct child *c, struct err *e)
{
	const struct plan *p = c->plan;
	int r;

	if (p->n_devices == 0)
		return 0;
	r = open_dev(c, e);
	for (size_t i = 0; i < p->n_devices && r >= 0; i++)
		r = make_device(c, &p->devices[i], e);
	return r < 0 ? r : make_links(c, e);
}

/* ---- the terminal ---- */

/* /dev/console is the terminal. By fd: a name below /dev/pts could be swapped (CVE-2025-52565). */
static int attach_console(const struct child *c, int slave, struct err *e)
{
	AUTO_FD int target = -1;
	AUTO_FD int mount_fd = -1;
	int r;

	if (mknodat(c->dev_fd, "console", S_IFREG | 0620, 0) < 0 && errno != EEXIST)
		return err_set(e, -errno, "cannot make '/dev/console'");
	target = openat(c->dev_fd, "console", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return err_set(e, -errno, "cannot open '/dev/console'");
	mount_fd = mount_clone(slave, "", false);
	r = mount_fd < 0 ? mount_fd : mount_attach(mount_fd, target);
	return r < 0 ? err_set(e, r, "cannot bind the terminal on '/dev/console'") : 0;
}

static int use_terminal(const struct plan *p, int slave, struct err *e)
{
	const struct oci_process *process = p->config->process;
	int r;

	r = pty_resize(slave, (unsigned)process->console_height, (unsigned)process->console_width);
	if (r < 0)
		return err_set(e, r, "cannot set the size of the terminal");
	if (process->user.uid != 0 && fchown(slave, process->user.uid, (gid_t)-1) < 0)
		return err_set(e, -errno, "cannot give the terminal to user %u", process->user.uid);
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return err_set(e, -errno, "cannot take the terminal");
	for (int fd = 0; fd < 3; fd++) {
		if (dup2(slave, fd) < 0)
			return err_set(e, -errno, "cannot use the terminal");
	}
	return 0;
}

/* In a container that runs. What is there instead of a devpts is not asked for terminals. */
static int open_pts(struct child *c)
{
	struct statfs fs;

	c->pts_fd = file_open_in_root(c->root_fd, "dev/pts", O_PATH | O_DIRECTORY, 0);
	if (c->pts_fd < 0)
		return c->pts_fd;
	if (fstatfs(c->pts_fd, &fs) < 0)
		return -errno;
	return fs.f_type == DEVPTS_SUPER_MAGIC ? 0 : -ENOTTY;
}

int step_open_console(struct child *c, struct err *e)
{
	const bool joins = c->plan->container_pidfd >= 0;
	struct report report = { .kind = REPORT_CONSOLE };
	AUTO_FD int master = -1;
	AUTO_FD int slave = -1;
	char name[32];
	int r;

	if (!c->plan->terminal)
		return 0;
	if (joins && (r = open_pts(c)) < 0)
		return err_set(e, r, "cannot open '/dev/pts' of the container");
	if (!joins && (c->pts_fd < 0 || c->dev_fd < 0))
		return err_refuse(
		    e, -ENOENT, "a terminal needs /dev and a devpts on /dev/pts among the mounts");
	r = pty_open(c->pts_fd, &master, &slave, name, sizeof(name));
	if (r < 0)
		return err_set(e, r, "cannot open a terminal");
	r = joins ? 0 : attach_console(c, slave, e);
	if (r >= 0)
		r = use_terminal(c->plan, slave, e);
	if (r < 0)
		return r;
	snprintf(report.error.text, sizeof(report.error.text), "%s", name);
	r = report_send(c->sync_fd, &report, master);
	return r < 0 ? err_set(e, r, "cannot hand the terminal over") : 0;
}
