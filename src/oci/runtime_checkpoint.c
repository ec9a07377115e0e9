/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint: a container's processes, with all that they are about, into files
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "format/mountinfo.h"
#include "format/oci_config.h"
#include "oci/criu.h"
#include "oci/criu_mounts.h"
#include "oci/runtime.h"
#include "oci/runtime_images.h"
#include "os/cgroup_layout.h"

#define DEATH_MS 10000

struct checkpoint {
	const struct runtime_options *o;
	const struct checkpoint_options *wanted;
	struct oci_state state;
	struct oci_config *config;
	struct images images;
	struct criu criu;
	struct criu_request request;
	char freezer[512];
	int home_fd, pidfd;
};

static int open_container(struct checkpoint *c, const struct runtime *rt, struct err *e)
{
	enum home_status status;
	int r;

	c->home_fd = home_open(rt, c->o->id, e);
	if (c->home_fd < 0)
		return c->home_fd;
	r = home_read_state(c->home_fd, c->o->id, &c->state, e);
	if (r < 0)
		return r;
	c->pidfd = c->state.pid > 0 ? (int)syscall(SYS_pidfd_open, c->state.pid, 0) : -1;
	status = home_status(c->home_fd, &c->state);
	if (c->pidfd < 0 || (status != HOME_RUNNING && status != HOME_PAUSED))
		return err_refuse(e, -EBUSY, "container cannot be checkpointed in the %s state",
		    home_status_name(c->pidfd < 0 ? HOME_STOPPED : status));
	return home_read_config(c->home_fd, &c->config, e);
}

/* Its images are links to what they have in common with these. */
static int check_parent(const struct checkpoint *c, struct err *e)
{
	const char *parent = c->wanted->parent_path;
	struct stat st;

	if (!parent)
		return 0;
	if (parent[0] == '/')
		return err_refuse(
		    e, -EINVAL, "option --parent-path is relative to the images, not '%s'", parent);
	if (fstatat(c->images.fd, parent, &st, 0) < 0)
		return err_set(
		    e, -errno, "cannot find the earlier images '%s/%s'", c->images.path, parent);
	return 0;
}

/* ---- the request ---- */

/* The cgroup by which all is stopped at once; without one, CRIU stops process by process. */
static int find_freezer(struct checkpoint *c, struct err *e)
{
	struct cgroup_layout layout;
	const struct cgroup_hierarchy *freezer;
	int r = cgroup_probe(UINT32_MAX, &layout);

	if (r < 0)
		return err_set(e, r, "cannot find out which cgroups this host has");
	freezer = cgroup_find(&layout, CGROUP_FREEZER);
	for (size_t i = 0; i < c->state.cgroups.n && !c->request.freeze_cgroup; i++) {
		const char *path = c->state.cgroups.items[i];
		const char *place = c->request.roots[0].path;

		if (cgroup_version(path) == 2)
			snprintf(c->freezer, sizeof(c->freezer), "%s", path);
		else if (freezer && !freezer->v2 && c->request.n_roots > 0)
			snprintf(c->freezer, sizeof(c->freezer), "%s%s", freezer->root, place);
		else
			continue;
		if (cgroup_version(c->freezer) > 0)
			c->request.freeze_cgroup = c->freezer;
	}
	return 0;
}

static int add_mounts(struct checkpoint *c, struct err *e)
{
	AUTO_MOUNTINFO struct mountinfo own = { 0 };
	AUTO_MOUNTINFO struct mountinfo host = { 0 };
	char pid[16];
	int r;

	snprintf(pid, sizeof(pid), "%d", c->state.pid);
	r = images_read_mounts(pid, &own, e);
	if (r >= 0)
		r = images_read_mounts("self", &host, e);
	if (r >= 0)
		r = criu_mounts_note(c->config, &own, &host, &c->request.external, e);
	return r < 0 ? r : images_note_streams(&c->images, c->state.pid, &own, &c->request, e);
}

static int make_request(struct checkpoint *c, struct err *e)
{
	struct criu_request *request = &c->request;
	int r;

	r = images_fill_request(c->o, &c->images, request, e);
	if (r < 0)
		return r;
	request->pid = c->state.pid;
	request->log_file = "dump.log";
	request->parent = c->wanted->parent_path;
	request->track_memory = c->wanted->pre_dump;
	r = images_add_cgroups(&c->state.cgroups, request, e);
	if (r >= 0)
		r = find_freezer(c, e);
	request->n_roots = 0; /* for a restore */
	if (r >= 0)
		r = images_note_namespaces(c->config, c->state.pid, request, e);
	return r < 0 ? r : add_mounts(c, e);
}

/* ---- the whole ---- */

/* Nothing is to do here: the network is CRIU's own to lock, and there are no scripts. */
static int notified(void *data, const char *script, pid_t pid, int fd, struct err *e)
{
	(void)data;
	(void)script;
	(void)pid;
	(void)e;
	auto_close(&fd);
	return 0;
}

static int start_criu(struct checkpoint *c, struct err *e)
{
	int keep[] = { c->images.fd, c->images.work_fd, c->wanted->status_fd };
	const struct criu_place place = {
		.keep = keep,
		.n_keep = c->wanted->status_fd >= 0 ? 3 : 2,
		.keep_streams = c->wanted->shell_job,
		.idmap_fd = -1,
		.root_fd = -1,
	};
	int r;

	r = criu_start(&place, &c->criu, e);
	if (r < 0)
		return r;
	c->criu.work_path = c->images.work_path;
	if (c->wanted->pre_dump)
		r = criu_need_memory_tracking(&c->criu, e);
	return r >= 0 && c->wanted->lazy_pages ? criu_need_lazy_pages(&c->criu, e) : r;
}

static int dump(struct checkpoint *c, struct err *e)
{
	struct criu_answer answer;

	return criu_request(&c->criu, c->wanted->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP, &c->request,
	    notified, NULL, &answer, e);
}

/* CRIU has killed it; that its parent has asked about it is not waited for. */
static void wait_for_death(const struct checkpoint *c)
{
	struct pollfd ended = { .fd = c->pidfd, .events = POLLIN };

	while (poll(&ended, 1, DEATH_MS) < 0 && errno == EINTR)
		;
}

static int checkpoint(struct checkpoint *c, const struct runtime *rt, struct err *e)
{
	int r;

	r = open_container(c, rt, e);
	if (r >= 0)
		r = images_open(c->o, true, &c->images, e);
	if (r >= 0)
		r = check_parent(c, e);
	if (r >= 0)
		r = start_criu(c, e);
	if (r >= 0)
		r = make_request(c, e);
	if (r >= 0)
		r = dump(c, e);
	criu_stop(&c->criu);
	if (r < 0 || c->wanted->leave_running || c->wanted->pre_dump)
		return r;
	wait_for_death(c);
	return home_clean(rt, c->home_fd, &c->state, e);
}

int runtime_checkpoint(const struct runtime *rt, const struct runtime_options *o, struct err *e)
{
	/* What it holds goes with the process, which ends next. */
	static struct checkpoint c;

	c = (struct checkpoint){
		.o = o,
		.wanted = &o->checkpoint,
		.images = { .fd = -1, .work_fd = -1 },
		.criu = { .pid = -1, .pidfd = -1, .socket = -1, .work_fd = -1 },
		.home_fd = -1,
		.pidfd = -1,
	};
	return checkpoint(&c, rt, e);
}
