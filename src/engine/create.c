/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a container
 */
#include "engine/create.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "engine/container.h"
#include "engine/hello.h"
#include "engine/image_find.h"
#include "engine/naming.h"
#include "engine/root.h"
#include "engine/seccomp_profile.h"
#include "engine/spec.h"
#include "engine/spec_parts.h"
#include "engine/volume.h"
#include "os/file.h"
#include "store/store.h"

#define PROFILE_MAX    ((size_t)4 << 20)
#define SWEEP_US       20000
#define SECCOMP_PREFIX "seccomp="

/* ---- what the image says ---- */

static int take_config(struct record *record, const struct oci_image_config *config)
{
	const char *const *entrypoint = (const char *const *)strv_argv(&config->config.entrypoint);
	const char *const *command = (const char *const *)strv_argv(&config->config.cmd);
	const char *const *env = (const char *const *)strv_argv(&config->config.env);

	if (strv_add_all(&record->entrypoint, entrypoint) < 0 ||
	    strv_add_all(&record->command, command) < 0 || strv_add_all(&record->env, env) < 0)
		return -ENOMEM;
	record->user = config->config.user ? strdup(config->config.user) : NULL;
	record->workdir = config->config.working_dir ? strdup(config->config.working_dir) : NULL;
	record->stop_signal =
	    config->config.stop_signal ? strdup(config->config.stop_signal) : NULL;
	for (size_t i = 0; i < config->config.labels.n; i++)
		if (strmap_set(&record->labels, config->config.labels.items[i].key,
		        config->config.labels.items[i].value) < 0)
			return -ENOMEM;
	return 0;
}

static int take_layers(struct record *record, const struct image *image)
{
	char text[DIGEST_TEXT_MAX];

	digest_format(&image->id, text);
	record->image_id = strdup(text);
	if (!record->image_id)
		return -ENOMEM;
	for (size_t i = 0; i < image->n_layers; i++) {
		digest_hex(&image->layers[i], text);
		if (strv_add(&record->layers, text) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int take_image(struct dolium *d, const struct dolium_create_options *options,
    struct record *record, struct oci_image_config *config, struct err *e)
{
	AUTO(image_free) struct image *image = NULL;
	int r;

	if (strcmp(options->image, HOST_NAME) == 0)
		return strv_add(&record->command, "/bin/sh");
	r = image_find_or_pull(
	    d, options->image, options->platform, options->pull, &options->pulling, &image, e);
	if (r == 0)
		r = image_read_config(d, image, config, e);
	if (r < 0)
		return r;
	if (take_layers(record, image) < 0 || take_config(record, config) < 0)
		return err_set(e, -ENOMEM, "cannot make a container");
	return 0;
}

/* ---- mounts ---- */

static bool is_covered(const struct record *record, const char *target)
{
	for (size_t i = 0; i < record->n_mounts; i++)
		if (strcmp(record->mounts[i].target, target) == 0)
			return true;
	return false;
}

/* What the image calls a volume, and nothing else is mounted on, becomes one without a name. */
static int add_image_volumes(struct record *record, const struct strv *targets)
{
	strv_for_each (at, targets) {
		AUTO_FREE char *target = create_clean_path(*at);
		char name[RECORD_ID_LEN + 1];
		struct record_mount *mount;

		if (!target || strcmp(target, "/") == 0 || is_covered(record, target))
			continue;
		mount = SPEC_GROW(record->mounts, record->n_mounts);
		if (!mount || naming_id(name) < 0)
			return -ENOMEM;
		mount->anonymous = true;
		mount->type = strdup("volume");
		mount->source = strdup(name);
		mount->target = TAKE(target);
		mount->propagation = strdup("rprivate");
		if (!mount->type || !mount->source || !mount->propagation)
			return -ENOMEM;
	}
	return 0;
}

/* mkdir -p */
static int make_path(const char *path)
{
	AUTO_FREE char *part = strdup(path);

	if (!part)
		return -ENOMEM;
	for (char *at = strchr(part + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	return mkdir(part, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static int check_source(const struct record_mount *mount, struct err *e)
{
	struct stat st;
	int r;

	if (stat(mount->source, &st) == 0)
		return 0;
	r = -errno;
	if (r == -ENOENT && mount->create_source)
		r = make_path(mount->source);
	else if (r == -ENOENT)
		return err_refuse(e, -EINVAL,
		    "cannot mount '%s': there is no such file or directory", mount->source);
	return r < 0 ? err_set(e, r, "cannot mount '%s'", mount->source) : 0;
}

static int check_sources(const struct record *record, struct err *e)
{
	for (size_t i = 0; i < record->n_mounts; i++) {
		int r = strcmp(record->mounts[i].type, "bind") == 0
		    ? check_source(&record->mounts[i], e)
		    : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

static int make_volume(struct dolium *d, const struct record *record,
    const struct record_mount *mount, int dir_fd, struct err *e)
{
	AUTO_FD int image_fd = -1;

	if (volume_exists(d, mount->source))
		return 0;
	if (!mount->no_copy && !spec_is_host_image(record)) {
		image_fd = root_attach_image(d, record, dir_fd, e);
		if (image_fd < 0)
			return image_fd;
	}
	return volume_ensure(d, mount->source, image_fd, mount->target, e);
}

static int make_volumes(struct dolium *d, const struct record *record, int dir_fd, struct err *e)
{
	for (size_t i = 0; i < record->n_mounts; i++) {
		const struct record_mount *mount = &record->mounts[i];
		int r = strcmp(mount->type, "volume") == 0
		    ? make_volume(d, record, mount, dir_fd, e)
		    : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- seccomp ---- */

/* The file that --security-opt seccomp=FILE names, read now: a start must not depend on it. */
static int read_profile(const struct record *record, char **ret_text, struct err *e)
{
	AUTO(oci_config_free) struct oci_config *holder = NULL;
	const char *path = NULL;
	AUTO_FD int fd = -1;
	size_t len;
	int r;

	strv_for_each (opt, &record->security_opt)
		if (strncmp(*opt, SECCOMP_PREFIX, strlen(SECCOMP_PREFIX)) == 0)
			path = *opt + strlen(SECCOMP_PREFIX);
	if (!path || strcmp(path, "unconfined") == 0 || strcmp(path, "builtin") == 0)
		return 0;
	holder = calloc(1, sizeof(*holder));
	if (!holder || !(holder->linux_ = calloc(1, sizeof(*holder->linux_))))
		return err_set(e, -ENOMEM, "cannot read '%s'", path);
	/* The user's own path: it may lead anywhere. */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? -errno : file_read_fd(fd, PROFILE_MAX, ret_text, &len);
	if (r < 0)
		return err_set(e, r, "cannot read the seccomp profile '%s'", path);
	return seccomp_profile_read(*ret_text, len, path, 0, &holder->linux_->seccomp, e);
}

/* ---- all of it ---- */

static int set_hostname(struct record *record)
{
	if (record->hostname)
		return 0;
	record->hostname = strndup(record->id, RECORD_ID_SHOW);
	return record->hostname ? 0 : -ENOMEM;
}

static int make_inside(
    struct dolium *d, struct record *record, int dir_fd, const char *profile, struct err *e)
{
	int r = root_prepare(d, record, dir_fd, e);

	if (r < 0)
		return r;
	if (set_hostname(record) < 0)
		return err_set(e, -ENOMEM, "cannot make a container");
	r = make_volumes(d, record, dir_fd, e);
	if (r < 0)
		return r;
	if (profile) {
		r = file_replace_fast(dir_fd, "seccomp.json", profile, strlen(profile), 0600);
		if (r < 0)
			return err_set(e, r, "cannot make a container");
	}
	return container_commit(dir_fd, record, e);
}

/* The record, whole but for the id, and what must be written beside it. */
static int make_record(struct dolium *d, const struct dolium_create_options *options,
    struct record *record, char **ret_profile, struct err *e)
{
	AUTO(oci_image_config_done) struct oci_image_config config = { 0 };
	int r = take_image(d, options, record, &config, e);

	if (r == 0)
		r = create_fill(options, record, e);
	if (r == 0 && add_image_volumes(record, &config.config.volumes) < 0)
		r = err_set(e, -ENOMEM, "cannot make a container");
	if (r == 0)
		r = check_sources(record, e);
	return r == 0 ? read_profile(record, ret_profile, e) : r;
}

int create_container(struct dolium *d, const struct dolium_create_options *options, bool of_run,
    struct record **ret_record, struct err *e)
{
	AUTO(record_free) struct record *record = record_new();
	AUTO_FREE char *profile = NULL;
	AUTO_FD int dir_fd = -1, hold_fd = -1;
	struct store *store;
	int r = create_check(options, e);

	if (r == 0)
		r = engine_store(d, &store, e);
	if (r < 0)
		return r;
	if (!record)
		return err_set(e, -ENOMEM, "cannot make a container");
	hold_fd = store_hold(store, e);
	if (hold_fd < 0)
		return hold_fd;
	record->of_run = of_run;
	r = make_record(d, options, record, &profile, e);
	if (r < 0)
		return r;
	dir_fd = container_claim(d, record, e);
	if (dir_fd < 0)
		return dir_fd;
	r = make_inside(d, record, dir_fd, profile, e);
	if (r < 0) {
		container_discard(d, record->id, record, true, NULL);
		return r;
	}
	*ret_record = TAKE(record);
	return TAKE_FD(dir_fd);
}

int dolium_container_create(
    struct dolium *d, const struct dolium_create_options *options, char **ret_id)
{
	AUTO(record_free) struct record *record = NULL;
	AUTO_FD int dir_fd = -1;
	struct err *e = engine_begin(d);

	dir_fd = create_container(d, options, false, &record, e);
	if (dir_fd < 0)
		return dir_fd;
	*ret_id = strdup(record->id);
	if (!*ret_id)
		return err_set(e, -ENOMEM, "container %s was made", record->id);
	/* A container that stays costs some milliseconds of durability anyway. */
	container_sweep(d, SWEEP_US);
	return 0;
}
