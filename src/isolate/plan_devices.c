/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of a container: devices
 *
 * A container has the few nodes that every program expects, and those that the
 * configuration adds. In a user namespace nobody may make nodes, so the host's are
 * bound instead, each checked to be the device that it is called. The usual ones are
 * everybody's; of any other the host's node would be nobody's inside, so one is made for
 * the container, on a tmpfs that is mounted nowhere and belongs to the host's user namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/err.h"
#include "format/oci_config.h"
#include "isolate/plan.h"
#include "os/file.h"
#include "os/mount.h"

static const struct {
	const char *path;
	unsigned major, minor;
} usual[] = {
	{ "/dev/null", 1, 3 },
	{ "/dev/zero", 1, 5 },
	{ "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 },
	{ "/dev/urandom", 1, 9 },
	{ "/dev/tty", 5, 0 },
};

#define N_USUAL (sizeof(usual) / sizeof(usual[0]))

/* A clone of the node at `path`, when that is the device that is meant. */
static int clone_node_at(int dir_fd, const char *path, const struct plan_device *d, int *ret_fd)
{
	AUTO_FD int fd = mount_clone(dir_fd, path, false);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_mode & S_IFMT) != (d->mode & S_IFMT) || st.st_rdev != d->number)
		return -ENXIO;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int clone_node(const char *path, const struct plan_device *d, int *ret_fd)
{
	return clone_node_at(AT_FDCWD, path, d, ret_fd);
}

/* Where the host's /dev has a device: the kernel knows its name. */
static int path_of_device(const struct plan_device *d, char *ret_path, size_t size)
{
	AUTO_FREE char *text = NULL;
	AUTO_FD int fd = -1;
	char uevent[64], *name;
	size_t len;
	int r;

	snprintf(uevent, sizeof(uevent), "/sys/dev/%s/%u:%u/uevent",
	    S_ISBLK(d->mode) ? "block" : "char", major(d->number), minor(d->number));
	fd = open(uevent, O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? -errno : file_read_fd(fd, 4096, &text, &len);
	if (r < 0)
		return r;
	name = strstr(text, "DEVNAME=");
	if (!name)
		return -ENODEV;
	name += strlen("DEVNAME=");
	name[strcspn(name, "\n")] = '\0';
	return snprintf(ret_path, size, "/dev/%s", name) < (int)size ? 0 : -ENAMETOOLONG;
}

static bool is_usual(const struct plan_device *d)
{
	for (size_t i = 0; S_ISCHR(d->mode) && i < N_USUAL; i++) {
		if (d->number == makedev(usual[i].major, usual[i].minor))
			return true;
	}
	return false;
}

static int open_nodes(int *nodes_fd)
{
	AUTO_FD int fs = -1;

	if (*nodes_fd >= 0)
		return 0;
	fs = mount_fs_open("tmpfs", "dolium-devices");
	if (fs < 0)
		return fs;
	*nodes_fd = mount_fs_mount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	return *nodes_fd < 0 ? *nodes_fd : 0;
}

/* A node of the container's own: of its ids, with the mode that was asked for. */
static int own_node(const struct plan *p, struct plan_device *d, int *nodes_fd)
{
	const int64_t uid = plan_host_uid(p, d->uid), gid = plan_host_gid(p, d->gid);
	char name[24];
	int r;

	if (uid < 0 || gid < 0)
		return -EOVERFLOW;
	r = open_nodes(nodes_fd);
	if (r < 0)
		return r;
	snprintf(name, sizeof(name), "%zu", p->n_devices);
	if (mknodat(*nodes_fd, name, d->mode, d->number) < 0 ||
	    fchownat(*nodes_fd, name, (uid_t)uid, (gid_t)gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(*nodes_fd, name, d->mode & 07777, 0) < 0)
		return -errno;
	return clone_node_at(*nodes_fd, name, d, &d->fd);
}

/* Inside it may have another name than on the host: then it is looked for by its number. */
static int bind_node(
    const struct plan *p, struct plan_device *d, const char *path, int *nodes_fd, struct err *e)
{
	char other[PATH_MAX];
	int r;

	if (!p->confined || S_ISFIFO(d->mode))
		return 0;
	/* Who may not make nodes, or has a kernel that clones no detached mounts (before 6.15),
	 * gets the host's. */
	if (!is_usual(d) && own_node(p, d, nodes_fd) == 0)
		return 0;
	r = clone_node(path, d, &d->fd);
	if (r < 0 && path_of_device(d, other, sizeof(other)) == 0)
		r = clone_node(other, d, &d->fd);
	if (r == -ENXIO)
		return err_refuse(e, -EINVAL, "the host's '%s' is another device", path);
	return r < 0 ? err_set(e, r, "cannot bind the device '%s'", path) : 0;
}

static int add_device(
    struct plan *p, const char *path, const struct plan_device *what, int *nodes_fd, struct err *e)
{
	struct plan_device *d = &p->devices[p->n_devices];

	*d = *what;
	d->path = plan_clean_path(path);
	if (!d->path)
		return err_set(e, -ENOMEM, "cannot plan the device '%s'", path);
	p->n_devices++;
	if (d->path[0] == '\0')
		return err_refuse(e, -EINVAL, "'%s' is no place for a device", path);
	return bind_node(p, d, path, nodes_fd, e);
}

static int read_device(const struct oci_device *from, struct plan_device *ret, struct err *e)
{
	mode_t type = 0;

	if (!from->path || from->path[0] != '/')
		return err_refuse(
		    e, -EINVAL, "config.json: linux.devices: a path must be absolute");
	if (from->type && strchr("cu", from->type[0]) && from->type[0])
		type = S_IFCHR;
	else if (from->type && from->type[0] == 'b')
		type = S_IFBLK;
	else if (from->type && from->type[0] == 'p')
		type = S_IFIFO;
	else
		return err_refuse(
		    e, -EINVAL, "config.json: linux.devices: no such type: '%s'", from->type);

	*ret = (struct plan_device){
		.mode = type | (from->has_file_mode ? from->file_mode & 07777 : 0666),
		.number = makedev((unsigned)from->major, (unsigned)from->minor),
		.uid = from->uid,
		.gid = from->gid,
		.fd = -1,
	};
	return 0;
}

/* A configuration may bring its own /dev, which then is left as it is. */
static bool brings_dev(const struct plan *p)
{
	for (size_t i = 0; i < p->n_mounts; i++) {
		if (p->mounts[i].place == PLACE_DEV && p->mounts[i].kind == PLAN_BIND)
			return true;
	}
	return false;
}

static bool in_config(const struct oci_linux *linux_, const char *path)
{
	for (size_t i = 0; linux_ && i < linux_->n_devices; i++) {
		if (linux_->devices[i].path && strcmp(linux_->devices[i].path, path) == 0)
			return true;
	}
	return false;
}

int plan_add_devices(struct plan *p, struct err *e)
{
	const struct oci_linux *linux_ = p->config->linux_;
	size_t n = N_USUAL + (linux_ ? linux_->n_devices : 0);
	AUTO_FD int nodes_fd = -1;
	struct plan_device d;
	int r = 0;

	if (!p->own_mounts || brings_dev(p))
		return 0;
	p->devices = calloc(n, sizeof(*p->devices));
	if (!p->devices)
		return err_set(e, -ENOMEM, "cannot plan the devices");

	for (size_t i = 0; i < N_USUAL && r >= 0; i++) {
		if (in_config(linux_, usual[i].path))
			continue;
		d = (struct plan_device){
			.mode = S_IFCHR | 0666,
			.number = makedev(usual[i].major, usual[i].minor),
			.fd = -1,
		};
		r = add_device(p, usual[i].path, &d, &nodes_fd, e);
	}
	for (size_t i = 0; linux_ && i < linux_->n_devices && r >= 0; i++) {
		r = read_device(&linux_->devices[i], &d, e);
		if (r >= 0)
			r = add_device(p, linux_->devices[i].path, &d, &nodes_fd, e);
	}
	return r;
}
