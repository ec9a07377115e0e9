/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of a container: devices
 *
 * A container has the few nodes that every program expects, and those that the
 * configuration adds. In a user namespace nobody may make nodes, so the host's are
 * bound instead, each checked to be the device that it is called.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/err.h"
#include "format/oci_config.h"
#include "isolate/plan.h"
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

static int bind_node(const struct plan *p, struct plan_device *d, const char *path, struct err *e)
{
	struct stat st;

	if (!p->user_namespace || S_ISFIFO(d->mode))
		return 0;
	d->fd = mount_clone(AT_FDCWD, path, false);
	if (d->fd < 0)
		return err_set(e, d->fd, "cannot bind the device '%s'", path);
	if (fstat(d->fd, &st) < 0)
		return err_set(e, -errno, "cannot look at the device '%s'", path);
	if ((st.st_mode & S_IFMT) != (d->mode & S_IFMT) || st.st_rdev != d->number)
		return err_refuse(e, -EINVAL, "the host's '%s' is another device", path);
	return 0;
}

static int add_device(
    struct plan *p, const char *path, const struct plan_device *what, struct err *e)
{
	struct plan_device *d = &p->devices[p->n_devices];

	*d = *what;
	d->path = plan_clean_path(path);
	if (!d->path)
		return err_set(e, -ENOMEM, "cannot plan the device '%s'", path);
	p->n_devices++;
	if (d->path[0] == '\0')
		return err_refuse(e, -EINVAL, "'%s' is no place for a device", path);
	return bind_node(p, d, path, e);
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
	struct plan_device d;
	int r = 0;

	if (!(p->new_namespaces & CLONE_NEWNS) || brings_dev(p))
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
		r = add_device(p, usual[i].path, &d, e);
	}
	for (size_t i = 0; linux_ && i < linux_->n_devices && r >= 0; i++) {
		r = read_device(&linux_->devices[i], &d, e);
		if (r >= 0)
			r = add_device(p, linux_->devices[i].path, &d, e);
	}
	return r;
}
