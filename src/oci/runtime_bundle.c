/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bundle: the directory that says what a container is
 */
#include "oci/runtime_bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "format/oci_config.h"
#include "isolate/limits.h"
#include "oci/clock.h"
#include "oci/runtime.h"
#include "oci/runtime_unit.h"
#include "os/file.h"

static int read_text(struct bundle *b, const char *file, struct err *e)
{
	AUTO_FD int dir = open(b->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int fd = -1;
	int r;

	if (dir < 0)
		return err_set(e, -errno, "cannot open the bundle '%s'", b->path);
	fd = file ? open(file, O_RDONLY | O_CLOEXEC)
	          : openat(dir, "config.json", O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? -errno : file_read_fd(fd, HOME_CONFIG_MAX, &b->text, &b->text_len);
	if (r < 0)
		return err_set(
		    e, r, "cannot read '%s%s'", file ? "" : b->path, file ? file : "/config.json");
	return 0;
}

int bundle_read(const char *dir, const char *file, struct bundle *ret_bundle, struct err *e)
{
	int r;

	if (!realpath(dir ? dir : ".", ret_bundle->path))
		return err_set(e, -errno, "cannot find the bundle '%s'", dir ? dir : ".");
	r = read_text(ret_bundle, file, e);
	if (r < 0)
		return r;
	return oci_config_parse(ret_bundle->text, ret_bundle->text_len, &ret_bundle->config, e);
}

int bundle_keep_config(struct bundle *b, int home_fd, struct err *e)
{
	int r = home_keep_config(home_fd, b->text, b->text_len, e);

	free(b->text);
	b->text = NULL;
	return r;
}

static const char *const manager_names[] = {
	[RUNTIME_CGROUPS_FS] = "cgroupfs",
	[RUNTIME_CGROUPS_SYSTEMD] = "systemd",
	[RUNTIME_CGROUPS_NONE] = "disabled",
};

int bundle_fill_state(const struct bundle *b, const struct runtime *rt, const char *id,
    struct oci_state *state, struct err *e)
{
	const struct oci_config *config = b->config;
	const char *root = config->root_path;
	char created[CLOCK_TEXT_MAX];
	int r = 0;

	clock_format(time(NULL), created);
	state->oci_version = strdup(config->oci_version ? config->oci_version : "1.0.2");
	state->id = strdup(id);
	state->bundle = strdup(b->path);
	state->created = strdup(created);
	if (rt->cgroups != RUNTIME_CGROUPS_FS)
		state->cgroup_manager = strdup(manager_names[rt->cgroups]);
	if (config->linux_ && config->linux_->cgroups_path) {
		state->cgroups_path = strdup(config->linux_->cgroups_path);
		r = state->cgroups_path ? 0 : -ENOMEM;
	}
	if (root &&
	    asprintf(&state->rootfs, "%s%s%s", root[0] == '/' ? "" : b->path,
	        root[0] == '/' ? "" : "/", root) < 0)
		state->rootfs = NULL;
	for (size_t i = 0; i < config->annotations.n && r >= 0; i++)
		r = strmap_set(&state->annotations, config->annotations.items[i].key,
		    config->annotations.items[i].value);
	if (rt->cgroups != RUNTIME_CGROUPS_FS && !state->cgroup_manager)
		r = -ENOMEM;
	if (r < 0 || !state->oci_version || !state->id || !state->bundle || !state->created)
		return err_set(e, -ENOMEM, "cannot note the state of container '%s'", id);
	return 0;
}

int bundle_make_limits(const struct bundle *b, const struct runtime *rt, struct oci_state *state,
    struct limits **ret_limits, struct err *e)
{
	const struct oci_linux *linux_ = b->config->linux_;
	const struct oci_resources *resources = linux_ ? linux_->resources : NULL;
	int r;

	if (rt->cgroups == RUNTIME_CGROUPS_NONE)
		return 0;
	if (rt->cgroups == RUNTIME_CGROUPS_SYSTEMD)
		r = unit_create(state, resources, ret_limits, e);
	else
		r = limits_create(
		    linux_ ? linux_->cgroups_path : NULL, state->id, resources, ret_limits, e);
	if (r < 0)
		return r;
	strv_for_each (at, limits_paths(*ret_limits)) {
		r = strv_add(&state->cgroups, *at);
		if (r < 0)
			return err_set(
			    e, r, "cannot note the cgroups of container '%s'", state->id);
	}
	return 0;
}
