/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps: the labels of AppArmor and SELinux
 *
 * The files that they are written into are opened first of all, while /proc is the
 * host's and nothing of the container's can stand in for it (CVE-2019-16884,
 * CVE-2025-52881); they are written last, because from then on each program that this process
 * starts is confined.
 */
#include <errno.h>

#include "isolate/child.h"
#include "os/lsm.h"

int step_open_labels(struct child *c, struct err *e)
{
	const struct plan *p = c->plan;

	if (p->apparmor_profile) {
		c->apparmor_fd = lsm_open_apparmor_exec();
		if (c->apparmor_fd < 0)
			return err_set(e, c->apparmor_fd,
			    "cannot open what takes the AppArmor profile "
			    "(process.apparmorProfile)");
	}
	if (!p->selinux_label)
		return 0;
	c->selinux_fd = lsm_open_attribute("exec");
	if (c->selinux_fd < 0)
		return err_set(e, c->selinux_fd,
		    "cannot open what takes the SELinux label (process.selinuxLabel)");
	c->keycreate_fd = lsm_open_attribute("keycreate");
	return 0;
}

/* Before the session keyring is made: it belongs to the program, which else could not use it. */
int step_label_keys(struct child *c, struct err *e)
{
	const struct plan *p = c->plan;
	int r;

	if (!p->selinux_label || c->keycreate_fd < 0)
		return 0;
	r = lsm_write_selinux(c->keycreate_fd, p->selinux_label);
	return r < 0
	    ? err_set(e, r, "cannot label keys '%s' (process.selinuxLabel)", p->selinux_label)
	    : 0;
}

int step_set_labels(struct child *c, struct err *e)
{
	const struct plan *p = c->plan;
	int r;

	if (p->apparmor_profile) {
		r = lsm_write_apparmor(c->apparmor_fd, p->apparmor_profile);
		if (r == -ENOENT)
			return err_refuse(e, r,
			    "process.apparmorProfile: no such profile is loaded: '%s'",
			    p->apparmor_profile);
		if (r < 0)
			return err_set(e, r,
			    "cannot apply the AppArmor profile '%s' (process.apparmorProfile)",
			    p->apparmor_profile);
	}
	if (!p->selinux_label)
		return 0;
	r = lsm_write_selinux(c->selinux_fd, p->selinux_label);
	return r < 0 ? err_set(e, r, "cannot apply the SELinux label '%s' (process.selinuxLabel)",
	                   p->selinux_label)
	             : 0;
}
