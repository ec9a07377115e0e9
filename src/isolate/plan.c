/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of a container: namespaces, root, and the whole
 */
#include "isolate/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/oci_config.h"
#include "isolate/hook.h"
#include "os/mount.h"

/* More is not a map but an attack on the kernel's patience: it takes 340 lines. */
#define MAP_LINES_MAX 340

char *plan_clean_path(const char *path)
{
	char *clean = malloc(strlen(path) + 1), *to = clean;

	if (!clean)
		return NULL;
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && memcmp(path, "..", 2) == 0) {
			while (to > clean && *--to != '/')
				;
		} else if (len > 0 && !(len == 1 && *path == '.')) {
			if (to > clean)
				*to++ = '/';
			memcpy(to, path, len);
			to += len;
		}
		path += len + (path[len] == '/');
	}
	*to = '\0';
	return clean;
}

int plan_format_map(const struct oci_idmap *maps, size_t n, char **ret_text, struct err *e)
{
	AUTO_BUF struct buf text = { 0 };
	int r;

	if (n > MAP_LINES_MAX)
		return err_refuse(
		    e, -EINVAL, "config.json: more than %d id mappings", MAP_LINES_MAX);
	for (size_t i = 0; i < n; i++)
		buf_addf(&text, "%u %u %u\n", maps[i].container_id, maps[i].host_id, maps[i].size);
	r = buf_take(&text, ret_text);
	return r < 0 ? err_set(e, r, "cannot write the id maps") : 0;
}

static int64_t map_id(const struct oci_idmap *maps, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++) {
		if (id >= maps[i].container_id && id - maps[i].container_id < maps[i].size)
			return (int64_t)maps[i].host_id + (id - maps[i].container_id);
	}
	return -1;
}

int64_t plan_host_uid(const struct plan *p, uid_t uid)
{
	const struct oci_linux *linux_ = p->config->linux_;

	if (!p->user_namespace)
		return uid;
	return map_id(linux_->uid_mappings, linux_->n_uid_mappings, uid);
}

int64_t plan_host_gid(const struct plan *p, gid_t gid)
{
	const struct oci_linux *linux_ = p->config->linux_;

	if (!p->user_namespace)
		return gid;
	return map_id(linux_->gid_mappings, linux_->n_gid_mappings, gid);
}

static int add_namespace(
    struct plan *p, const struct oci_namespace *ns, uint64_t *seen, struct err *e)
{
	enum namespace_kind kind = namespace_find(ns->type);
	uint64_t flag;

	if (kind == NAMESPACE_N)
		return err_refuse(
		    e, -EINVAL, "config.json: linux.namespaces: no such kind: '%s'", ns->type);
	flag = namespace_flag(kind);
	if (*seen & flag)
		return err_refuse(
		    e, -EINVAL, "config.json: linux.namespaces: '%s' is there twice", ns->type);
	*seen |= flag;

	if (!ns->path || ns->path[0] == '\0') {
		if (kind == NAMESPACE_CGROUP)
			p->new_cgroup_namespace = true;
		else if (kind == NAMESPACE_TIME)
			p->new_time_namespace = true;
		else if (kind != NAMESPACE_USER || !p->in_user_namespace)
			p->new_namespaces |= flag;
		return 0;
	}
	p->join[kind] = namespace_open(kind, ns->path);
	if (p->join[kind] < 0)
		return err_set(
		    e, p->join[kind], "cannot open the %s namespace '%s'", ns->type, ns->path);
	return 0;
}

static int add_namespaces(struct plan *p, struct err *e)
{
	const struct oci_linux *linux_ = p->config->linux_;
	uint64_t seen = 0;
	int r;

	for (size_t i = 0; linux_ && i < linux_->n_namespaces; i++) {
		r = add_namespace(p, &linux_->namespaces[i], &seen, e);
		if (r < 0)
			return r;
	}
	if ((p->config->hostname || p->config->domainname) && !(seen & CLONE_NEWUTS))
		return err_refuse(e, -EINVAL,
		    "config.json: %s: there is no uts namespace, and the host keeps its name",
		    p->config->hostname ? "hostname" : "domainname");
	p->user_namespace = seen & CLONE_NEWUSER;
	p->own_mounts = seen & CLONE_NEWNS;
	p->confined = p->user_namespace || !namespace_user_is_first();
	if (!(p->new_namespaces & CLONE_NEWUSER) && !p->in_user_namespace)
		return 0;
	if (linux_->n_uid_mappings == 0 || linux_->n_gid_mappings == 0)
		return err_refuse(e, -EINVAL,
		    "config.json: a new user namespace needs linux.uidMappings and "
		    "linux.gidMappings");
	r = plan_format_map(linux_->uid_mappings, linux_->n_uid_mappings, &p->uid_map, e);
	if (r >= 0)
		r = plan_format_map(linux_->gid_mappings, linux_->n_gid_mappings, &p->gid_map, e);
	return r;
}

static uint64_t find_propagation(const char *word)
{
	static const struct {
		const char *name;
		uint64_t flags;
	} words[] = {
		{ "private", MS_PRIVATE },
		{ "rprivate", MS_PRIVATE },
		{ "slave", MS_SLAVE },
		{ "rslave", MS_SLAVE },
		{ "shared", MS_SHARED },
		{ "rshared", MS_SHARED },
		{ "unbindable", MS_UNBINDABLE },
		{ "runbindable", MS_UNBINDABLE },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].name, word) == 0)
			return words[i].flags;
	}
	return 0;
}

static int open_directory(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* The root as a detached mount whose mounts below hear nothing from the host and tell it nothing.
 */
static int open_root(struct plan *p, const struct plan_options *options, struct err *e)
{
	const char *path = p->config->root_path;
	AUTO_FREE char *absolute = NULL;
	int r;

	if (options->rootfs_fd >= 0) {
		p->root_fd = fcntl(options->rootfs_fd, F_DUPFD_CLOEXEC, 3);
		if (p->root_fd < 0)
			return err_set(e, -errno, "cannot use the root that was handed over");
		return 0;
	}
	if (!path || path[0] == '\0')
		return err_refuse(e, -EINVAL, "config.json: root.path is missing");
	if (asprintf(&absolute, "%s%s%s", path[0] == '/' ? "" : options->bundle,
	        path[0] == '/' ? "" : "/", path) < 0) {
		absolute = NULL;
		return err_set(e, -ENOMEM, "cannot open the root");
	}
	if (!p->own_mounts)
		r = open_directory(absolute);
	else
		r = mount_clone_changed(AT_FDCWD, absolute, true, 0, 0, MS_PRIVATE);
	if (r < 0)
		return err_set(e, r, "cannot open the root '%s'", absolute);
	p->root_fd = r;
	if (hooks_before_start(p->config->hooks) && !p->no_pivot && p->join[NAMESPACE_MOUNT] < 0)
		p->root_path = TAKE(absolute);
	return 0;
}

static int add_root(struct plan *p, const struct plan_options *options, struct err *e)
{
	const struct oci_linux *linux_ = p->config->linux_;
	int r;

	r = open_root(p, options, e);
	if (r < 0)
		return r;
	if (linux_ && linux_->rootfs_propagation && linux_->rootfs_propagation[0]) {
		p->root_propagation = find_propagation(linux_->rootfs_propagation);
		p->root_propagation_below = linux_->rootfs_propagation[0] == 'r';
		if (!p->root_propagation)
			return err_refuse(e, -EINVAL,
			    "config.json: linux.rootfsPropagation: no such propagation: '%s'",
			    linux_->rootfs_propagation);
	}
	if (p->own_mounts)
		return 0;
	if (p->config->n_mounts > 0 || p->config->root_readonly ||
	    (linux_ && (linux_->masked_paths.n > 0 || linux_->readonly_paths.n > 0)))
		return err_refuse(e, -EINVAL,
		    "config.json: mounts, masked or read-only paths need a mount namespace");
	return 0;
}

struct plan *plan_new(const struct oci_config *config, const struct plan_options *options)
{
	struct plan *p = malloc(sizeof(*p));

	if (!p)
		return NULL;
	*p = (struct plan){
		.config = config,
		.id = options->id,
		.idmap_fd = -1,
		.container_pidfd = -1,
		.root_fd = -1,
		.no_pivot = options->no_pivot,
		.null_fd = -1,
		.in_user_namespace = options->in_user_namespace,
		.new_keyring = !options->no_keyring,
		.die_with_parent = options->die_with_parent,
		.preserve_fds = options->preserve_fds,
		.stdio = { -1, -1, -1 },
		.start_fd = -1,
		.exec_report_fd = -1,
	};
	for (size_t i = 0; i < NAMESPACE_N; i++)
		p->join[i] = -1;
	return p;
}

int plan_make(const struct oci_config *config, const struct plan_options *options,
    const struct limits *limits, struct plan **ret_plan, struct err *e)
{
	AUTO(plan_free) struct plan *p = NULL;
	int r;

	p = plan_new(config, options);
	if (!p)
		return err_set(e, -ENOMEM, "cannot plan container '%s'", options->id);

	r = add_namespaces(p, e);
	if (r >= 0)
		r = plan_add_process(p, e);
	if (r >= 0)
		r = plan_add_sysctls(p, e);
	if (r >= 0)
		r = add_root(p, options, e);
	if (r >= 0)
		r = plan_add_mounts(p, options->bundle, limits, e);
	if (r >= 0)
		r = plan_add_devices(p, e);
	if (r < 0)
		return r;
	*ret_plan = TAKE(p);
	return 0;
}

static void close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

struct plan *plan_free(struct plan *p)
{
	if (!p)
		return NULL;
	for (size_t i = 0; i < NAMESPACE_N; i++)
		close_if(p->join[i]);
	for (size_t i = 0; i < p->n_mounts; i++) {
		close_if(p->mounts[i].fd);
		free(p->mounts[i].target);
		free(p->mounts[i].link);
		mount_options_done(&p->mounts[i].options);
	}
	for (size_t i = 0; i < p->n_cgroups; i++)
		close_if(p->cgroups[i].fd);
	for (size_t i = 0; i < p->n_devices; i++) {
		close_if(p->devices[i].fd);
		free(p->devices[i].path);
	}
	for (size_t i = 0; i < p->n_sysctls; i++)
		free(p->sysctls[i].path);
	close_if(p->root_fd);
	close_if(p->idmap_fd);
	close_if(p->null_fd);
	seccomp_program_done(&p->seccomp);
	free(p->root_path);
	free(p->uid_map);
	free(p->gid_map);
	free(p->mounts);
	free(p->cgroups);
	free(p->devices);
	free(p->sysctls);
	free(p->rlimits);
	free(p->env);
	free(p);
	return NULL;
}
