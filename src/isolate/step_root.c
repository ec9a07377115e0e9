/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps: the root
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "format/oci_config.h"
#include "isolate/child.h"
#include "isolate/hook.h"
#include "os/mount.h"

/*
 * The new root is laid over '/', where it is seen only through its fd, and then
 * changes places with what it lies on, which then is let go. No directory for the
 * old root is needed in the new one. For hooks it lies on its path in the bundle instead, where
 * they look for it.
 */
static int pivot(const struct plan *p, struct err *e)
{
	if (p->no_pivot)
		return chroot(".") < 0 ? err_set(e, -errno, "cannot change the root") : 0;
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return err_set(e, -errno, "cannot pivot into the root");
	if (umount2(".", MNT_DETACH) < 0)
		return err_set(e, -errno, "cannot let go of the host's root");
	return 0;
}

static int attach_at(const struct plan *p, const char *path)
{
	const unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS;

	if (syscall(SYS_move_mount, p->root_fd, "", AT_FDCWD, path, flags) < 0)
		return -errno;
	return 0;
}

int step_attach_root(struct child *c, struct err *e)
{
	const struct plan *p = c->plan;
	int r;

	/* One that was given by path is somebody else's: nothing is laid over what he sees there.
	   The root is entered where it is, attached to nothing. */
	if (!(p->new_namespaces & CLONE_NEWNS))
		return 0;
	/* Nothing that happens to our copy of the host's mounts may be heard there. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_set(e, -errno, "cannot part from the host's mounts");
	r = attach_at(p, p->root_path ? p->root_path : "/");
	/* Root of a user namespace may have no right to the bundle. */
	if (r == -EACCES && p->root_path)
		r = attach_at(p, "/");
	return r < 0 ? err_set(e, r, "cannot attach the root") : 0;
}

static int enter_root(const struct plan *p, struct err *e)
{
	int r;

	if (fchdir(p->root_fd) < 0)
		return err_set(e, -errno, "cannot enter the root");
	if (!(p->new_namespaces & CLONE_NEWNS))
		return chroot(".") < 0 ? err_set(e, -errno, "cannot change the root") : 0;
	r = pivot(p, e);
	if (r < 0)
		return r;
	return chdir("/") < 0 ? err_set(e, -errno, "cannot enter the root") : 0;
}

int step_enter_root(struct child *c, struct err *e)
{
	if (c->plan->join[NAMESPACE_MOUNT] >= 0)
		return 0; /* step_join_mounts() */
	return hooks_before_start(c->plan->config->hooks) ? 0 : enter_root(c->plan, e);
}

int step_enter_root_late(struct child *c, struct err *e)
{
	if (c->plan->join[NAMESPACE_MOUNT] >= 0)
		return 0;
	return hooks_before_start(c->plan->config->hooks) ? enter_root(c->plan, e) : 0;
}

/* While it still can be made; what is wrong with it is told when it is entered. */
static void make_cwd(const struct child *c)
{
	const char *cwd = c->plan->config->process->cwd;
	int fd;

	if (strcmp(cwd, "/") == 0)
		return;
	fd = target_open(c->root_fd, cwd + strspn(cwd, "/"), true);
	if (fd >= 0)
		close(fd);
}

int step_finish_root(struct child *c, struct err *e)
{
	const struct plan *p = c->plan;
	uint64_t set = p->config->root_readonly ? MOUNT_ATTR_RDONLY : 0;
	int r;

	if (!set && !p->root_propagation)
		return 0;
	if (set)
		make_cwd(c);
	r = p->root_propagation
	    ? mount_change(c->root_fd, p->root_propagation_below, 0, 0, p->root_propagation)
	    : 0;
	if (r >= 0 && set)
		r = mount_change(c->root_fd, false, set, 0, 0);
	return r < 0 ? err_set(e, r, "cannot set the flags of the root") : 0;
}

/*
 * A mount namespace that was given by path is somebody else's: nothing is laid over what he sees
 * there. The root stays attached to nothing, and is filled before we go (since Linux 6.15, and only
 * by who is where it was opened).
 */
int step_join_mounts(struct child *c, struct err *e)
{
	const struct plan *p = c->plan;

	if (p->join[NAMESPACE_MOUNT] < 0)
		return 0;
	if (setns(p->join[NAMESPACE_MOUNT], CLONE_NEWNS) < 0)
		return err_set(e, -errno, "cannot join the mount namespace");
	return enter_root(p, e);
}
