/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rootless: a container that a plain user makes
 */
#include "isolate/rootless.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/err.h"
#include "format/oci_config.h"
#include "isolate/plan.h"
#include "os/idmap.h"

bool rootless_needed(void)
{
	return getauxval(AT_EUID) != 0;
}

static bool makes_user_namespace(const struct oci_linux *linux_)
{
	for (size_t i = 0; linux_ && i < linux_->n_namespaces; i++) {
		if (strcmp(linux_->namespaces[i].type, "user") == 0)
			return !linux_->namespaces[i].path;
	}
	return false;
}

/* Returns the namespace's fd. */
static int make_user_namespace(const struct oci_linux *linux_, struct err *e)
{
	AUTO_FREE char *uid_map = NULL;
	AUTO_FREE char *gid_map = NULL;
	int r;

	r = plan_format_map(linux_->uid_mappings, linux_->n_uid_mappings, &uid_map, e);
	if (r >= 0)
		r = plan_format_map(linux_->gid_mappings, linux_->n_gid_mappings, &gid_map, e);
	if (r < 0)
		return r;
	r = idmap_userns_as_user(uid_map, gid_map);
	if (r == -ENOENT)
		return err_refuse(e, r,
		    "rootless: these id mappings need newuidmap and newgidmap, which are not here "
		    "(Debian's package uidmap)");
	if (r == -EPERM)
		return err_refuse(e, r,
		    "rootless: user %u may not have these id mappings: see /etc/subuid and "
		    "/etc/subgid",
		    geteuid());
	return r < 0 ? err_set(e, r, "rootless: cannot make a user namespace") : r;
}

int rootless_enter(const struct oci_config *config, struct err *e)
{
	const struct oci_linux *linux_ = config->linux_;
	AUTO_FD int fd = -1;

	if (!makes_user_namespace(linux_))
		return err_refuse(e, -EINVAL,
		    "rootless container requires user namespaces: config.json: linux.namespaces "
		    "has no new one of type 'user'");
	if (linux_->n_uid_mappings == 0 || linux_->n_gid_mappings == 0)
		return err_refuse(e, -EINVAL,
		    "config.json: a new user namespace needs linux.uidMappings and "
		    "linux.gidMappings");
	fd = make_user_namespace(linux_, e);
	if (fd < 0)
		return fd;
	if (setns(fd, CLONE_NEWUSER) < 0)
		return err_set(e, -errno, "rootless: cannot enter the user namespace");
	if (unshare(CLONE_NEWNS) < 0)
		return err_set(e, -errno, "rootless: cannot make a mount namespace");
	return 0;
}
