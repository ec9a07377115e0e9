/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of one more process in a container that runs
 *
 * Which namespaces it joins is said by the configuration that the container was made
 * from; where they are, by the pidfd of its first process. So no path below /proc
 * is looked up for them, and a pid that is used again cannot be mistaken for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "format/oci_config.h"
#include "isolate/plan.h"
#include "isolate/rootless.h"

static int add_namespaces(struct plan *p, struct err *e)
{
	const struct oci_linux *linux_ = p->config->linux_;

	for (size_t i = 0; linux_ && i < linux_->n_namespaces; i++) {
		enum namespace_kind kind = namespace_find(linux_->namespaces[i].type);

		if (kind == NAMESPACE_N)
			return err_refuse(e, -EINVAL,
			    "config.json: linux.namespaces: no such kind: '%s'",
			    linux_->namespaces[i].type);
		p->container_namespaces |= namespace_flag(kind);
		if (kind == NAMESPACE_MOUNT)
			p->shared_mounts = linux_->namespaces[i].path;
	}
	p->user_namespace = p->container_namespaces & CLONE_NEWUSER;
	/* A plain user is nobody in the others before he is root in this one. */
	p->in_user_namespace = p->user_namespace && rootless_needed();
	return 0;
}

/* Where the container has the mounts of somebody else, its root is only where its first process has
 * it. */
static int open_root(struct plan *p, pid_t pid, struct err *e)
{
	char path[40];

	if ((p->container_namespaces & CLONE_NEWNS) && !p->shared_mounts)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	p->root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* A number that is still the pidfd's was so when it was looked up, too. */
	if (p->root_fd < 0 || syscall(SYS_pidfd_send_signal, p->container_pidfd, 0, NULL, 0) < 0)
		return err_set(e, -errno, "cannot open the root of the container");
	return 0;
}

int plan_make_exec(const struct oci_config *config, const struct plan_options *options, int pidfd,
    pid_t pid, struct plan **ret_plan, struct err *e)
{
	AUTO(plan_free) struct plan *p = NULL;
	int r;

	p = plan_new(config, options);
	if (!p)
		return err_set(e, -ENOMEM, "cannot plan a process of container '%s'", options->id);
	p->container_pidfd = pidfd;
	r = add_namespaces(p, e);
	if (r >= 0)
		r = open_root(p, pid, e);
	if (r >= 0)
		r = plan_add_process(p, e);
	if (r < 0)
		return r;
	*ret_plan = TAKE(p);
	return 0;
}

static int add_removals(struct plan *p, struct err *e)
{
	const struct oci_config *config = p->config;

	p->mounts = calloc(config->n_mounts + 1, sizeof(*p->mounts));
	if (!p->mounts)
		return err_set(e, -ENOMEM, "cannot plan the mounts");
	/* What was mounted last lies on top. */
	for (size_t i = config->n_mounts; i-- > 0;) {
		struct plan_mount *m = &p->mounts[p->n_mounts++];
		const char *destination = config->mounts[i].destination;

		*m = (struct plan_mount){ .kind = PLAN_REMOVE, .fd = -1 };
		m->target = destination ? plan_clean_path(destination) : NULL;
		if (!m->target)
			return err_refuse(e, -EINVAL, "mounts: a destination is missing");
		if (m->target[0] == '\0')
			return err_refuse(e, -EINVAL,
			    "mount '%s': the root itself cannot be removed", destination);
	}
	return 0;
}

int plan_make_mounts(const struct oci_config *config, const struct plan_options *options, int pidfd,
    bool remove, struct plan **ret_plan, struct err *e)
{
	AUTO(plan_free) struct plan *p = NULL;
	int r;

	p = plan_new(config, options);
	if (!p)
		return err_set(e, -ENOMEM, "cannot plan mounts of container '%s'", options->id);
	p->container_pidfd = pidfd;
	p->only_mounts = true;
	r = add_namespaces(p, e);
	if (r < 0)
		return r;
	if (!(p->container_namespaces & CLONE_NEWNS))
		return err_refuse(e, -EOPNOTSUPP,
		    "container '%s' has no mount namespace: its mounts are the host's",
		    options->id);
	r = remove ? add_removals(p, e) : plan_add_mounts(p, options->bundle, NULL, e);
	if (r < 0)
		return r;
	*ret_plan = TAKE(p);
	return 0;
}
