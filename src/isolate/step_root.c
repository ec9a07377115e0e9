/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps: the root
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "format/oci_config.h"
#include "isolate/child.h"
#include "os/mount.h"

/*
 * The new root is laid over '/', where it is seen only through its fd, and then
 * changes places with what it lies on, which then is let go. No directory for the
 * old root is needed in the new one.
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

static int attach_root(const struct plan *p, struct err *e)
{
	int r;

	/* Nothing that happens to our copy of the host's mounts may be heard there. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_set(e, -errno, "cannot part from the host's mounts");
	r = syscall(SYS_move_mount, p->root_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0
	    ? -errno
	    : 0;
	return r < 0 ? err_set(e, r, "cannot attach the root") : 0;
}

int step_enter_root(struct child *c, struct err *e)
{
	const struct plan *p = c->plan;
	int r;

	if (!(p->new_namespaces & CLONE_NEWNS)) {
		if (fchdir(p->root_fd) < 0 || chroot(".") < 0)
			return err_set(e, -errno, "cannot change the root");
		return 0;
	}
	r = attach_root(p, e);
	if (r < 0)
		return r;
	if (fchdir(p->root_fd) < 0)
		return err_set(e, -errno, "cannot enter the root");
	r = pivot(p, e);
	if (r < 0)
		return r;
	return chdir("/") < 0 ? err_set(e, -errno, "cannot enter the root") : 0;
}

int step_finish_root(struct child *c, struct err *e)
{
	const struct plan *p = c->plan;
	uint64_t set = p->config->root_readonly ? MOUNT_ATTR_RDONLY : 0;
	int r;

	if (!set && !p->root_propagation)
		return 0;
	r = mount_change(c->root_fd, false, set, 0, p->root_propagation);
	return r < 0 ? err_set(e, r, "cannot set the flags of the root") : 0;
}
