/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts add and mounts remove: crun's, of a container that runs
 *
 * FILE has mounts as a configuration has them: {"mounts": [...]}. What is bound is opened on the
 * host; a child then joins the container's namespaces and attaches it there by its fd.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/json.h"
#include "format/oci_config.h"
#include "isolate/launch.h"
#include "isolate/plan.h"
#include "oci/runtime.h"
#include "oci/runtime_process.h"
#include "os/file.h"
#include "os/process.h"

/* The mounts of the file, as those of a configuration that has nothing else: so that they are
 * read and checked as all mounts are. */
static int read_mounts(const char *path, struct oci_config **ret_config, struct err *e)
{
	AUTO(json_value_free) struct json_value *tree = NULL;
	AUTO_FREE char *text = NULL;
	AUTO_BUF struct buf config = { 0 };
	const struct json_value *mounts;
	size_t len = 0;
	int r;

	r = file_read_path(path, HOME_CONFIG_MAX, &text, &len);
	if (r < 0)
		return err_set(e, r, "cannot read '%s'", path);
	r = json_value_parse(text, len, path, &tree, e);
	if (r < 0)
		return r;
	mounts = json_value_type(tree) == JSON_ARRAY ? tree : json_value_get(tree, "mounts");
	if (json_value_type(mounts) != JSON_ARRAY)
		return err_refuse(e, -EINVAL, "%s: there is no list of mounts", path);
	buf_adds(&config, "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},\"mounts\":");
	json_value_write(mounts, 0, &config);
	buf_addc(&config, '}');
	if (buf_error(&config) < 0)
		return err_set(e, buf_error(&config), "cannot read '%s'", path);
	r = oci_config_parse(config.data, config.len, ret_config, e);
	return r < 0 ? err_wrap(e, r, "%s", path) : 0;
}

static int carry_out(const struct plan *plan, struct err *e)
{
	struct launch l = { 0 };
	int r, status;

	r = launch_begin(plan, NULL, &l, e);
	if (r < 0)
		return r;
	r = launch_await(&l, REPORT_END, NULL, e);
	status = process_wait(l.pid);
	launch_done(&l);
	if (r >= 0 && status != 0)
		return err_refuse(e, -ECHILD, "who was to change the mounts has died");
	return r;
}

static int change(const struct runtime *rt, const struct runtime_options *o, const char *file,
    bool remove, struct err *e)
{
	struct plan_options options = { .id = o->id, .rootfs_fd = -1 };
	AUTO_OCI_STATE struct oci_state state = { 0 };
	struct oci_config *config = NULL,
	                  *mounts = NULL; /* until the process ends, which is next */
	AUTO(plan_free) struct plan *plan = NULL;
	AUTO_FD int pidfd = -1;
	AUTO_FD int home = -1;
	int r;

	home = home_open_alive(rt, o->id, &state, e);
	if (home < 0)
		return home;
	pidfd = (int)syscall(SYS_pidfd_open, state.pid, 0);
	if (pidfd < 0 || !process_is(state.pid, state.pid_start))
		return err_refuse(e, -ESRCH, "container not running");
	r = home_read_config(home, &config, e);
	if (r >= 0)
		r = read_mounts(file, &mounts, e);
	if (r < 0)
		return r;
	config->mounts = mounts->mounts;
	config->n_mounts = mounts->n_mounts;
	options.bundle = state.bundle;
	r = plan_make_mounts(config, &options, pidfd, remove, &plan, e);
	return r < 0 ? r : carry_out(plan, e);
}

int runtime_mounts(const struct runtime *rt, const struct runtime_options *o, struct err *e)
{
	const bool add = strcmp(o->id, "add") == 0, remove = strcmp(o->id, "remove") == 0;
	struct runtime_options there = *o;
	int r;

	if (!add && !remove)
		return err_refuse(e, -EINVAL, "mounts: add or remove, not '%s'", o->id);
	there.id = o->arguments[0];
	r = process_protect(o->argv, e);
	if (r >= 0)
		r = change(rt, &there, o->arguments[1], remove, e);
	return r < 0 ? err_wrap(e, r, "cannot %s mounts", o->id) : 0;
}
