/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directories of containers
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/oci_config.h"
#include "isolate/limits.h"
#include "isolate/rdt.h"
#include "oci/runtime.h"
#include "oci/runtime_hooks.h"
#include "oci/runtime_unit.h"
#include "os/cgroup.h"
#include "os/file.h"
#include "os/process.h"

#define ID_MAX      1024
#define STATE_MAX   ((size_t)4 << 20)
#define STATE_FILE  "state.json"
#define CONFIG_FILE "config.json"
#define BUSY_TRIES  200 /* of 10 ms */
#define START_FIFO  "exec.fifo"
#define MORE_MARK   "cgroups"

bool runtime_id_valid(const char *id)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "0123456789_+-.";
	size_t len = strlen(id);

	return len > 0 && len <= ID_MAX && len <= NAME_MAX && strspn(id, allowed) == len &&
	    strcmp(id, ".") != 0 && strcmp(id, "..") != 0;
}

static int check_id(const char *id, struct err *e)
{
	if (runtime_id_valid(id))
		return 0;
	return err_refuse(e, -EINVAL, "invalid container ID format: '%s'", id);
}

/* All parents too. The root is not a secret, but what is in it is for us alone. */
static int make_root(const char *root)
{
	char path[PATH_MAX];
	size_t len = strlen(root);

	if (mkdir(root, 0711) >= 0 || errno == EEXIST)
		return 0;
	if (errno != ENOENT)
		return -errno;
	if (len >= sizeof(path))
		return -ENAMETOOLONG;
	memcpy(path, root, len + 1);
	for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(path, 0711) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	return mkdir(root, 0711) < 0 && errno != EEXIST ? -errno : 0;
}

static int make_home(const struct runtime *rt, const char *path)
{
	int r;

	if (mkdir(path, 0700) >= 0)
		return 0;
	if (errno != ENOENT)
		return -errno;
	r = make_root(rt->root);
	if (r < 0)
		return r;
	return mkdir(path, 0700) < 0 ? -errno : 0;
}

int home_make(const struct runtime *rt, const char *id, struct err *e)
{
	char path[PATH_MAX];
	int fd, r;

	r = check_id(id, e);
	if (r < 0)
		return r;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", rt->root, id) >= sizeof(path))
		return err_refuse(e, -ENAMETOOLONG, "the name of '%s' is too long", rt->root);
	r = make_home(rt, path);
	if (r == -EEXIST)
		return err_refuse(e, r, "container with given ID already exists: '%s'", id);
	if (r < 0)
		return err_set(e, r, "cannot make the directory '%s'", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		err_set(e, -errno, "cannot open the directory '%s'", path);
		(void)rmdir(path);
		return e->code;
	}
	return fd;
}

int home_open(const struct runtime *rt, const char *id, struct err *e)
{
	char path[PATH_MAX];
	int fd, r;

	r = check_id(id, e);
	if (r < 0)
		return r;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", rt->root, id) >= sizeof(path))
		return err_refuse(e, -ENAMETOOLONG, "the name of '%s' is too long", rt->root);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_refuse(e, -ENOENT, "container does not exist: '%s'", id);
	return fd < 0 ? err_set(e, -errno, "cannot open container '%s'", id) : fd;
}

/* Also the half of a state file that a kill left. */
static int empty_home(int home_fd)
{
	DIR *dir = fdopendir(fcntl(home_fd, F_DUPFD_CLOEXEC, 3));
	struct dirent *entry;

	if (!dir)
		return -errno;
	rewinddir(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_DIR) {
			(void)unlinkat(home_fd, entry->d_name, 0);
			continue;
		}
		/* The one folder that there may be, see oci/activation.h. */
		(void)unlinkat(home_fd, "notify/notify.sock", 0);
		(void)unlinkat(home_fd, "notify", AT_REMOVEDIR);
	}
	closedir(dir);
	return 0;
}

int home_remove(const struct runtime *rt, const char *id, int home_fd, struct err *e)
{
	char path[PATH_MAX];
	int r = 0;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", rt->root, id) >= sizeof(path))
		return err_refuse(e, -ENAMETOOLONG, "the name of '%s' is too long", rt->root);
	/* What a container that ended by itself has is only this. */
	(void)unlinkat(home_fd, STATE_FILE, 0);
	(void)unlinkat(home_fd, CONFIG_FILE, 0);
	if (rmdir(path) >= 0)
		return 0;
	if (errno == ENOTEMPTY || errno == EEXIST) {
		r = empty_home(home_fd);
		if (r >= 0 && rmdir(path) < 0)
			r = -errno;
	} else if (errno != ENOENT) {
		r = -errno;
	}
	return r < 0 ? err_set(e, r, "cannot remove the directory of container '%s'", id) : 0;
}

int home_read_state(int home_fd, const char *id, struct oci_state *ret_state, struct err *e)
{
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	int r;

	r = file_read(home_fd, STATE_FILE, STATE_MAX, &text, &len);
	if (r < 0)
		return err_set(e, r, "cannot read the state of container '%s'", id);
	r = oci_state_parse(text, len, ret_state, e);
	return r < 0 ? err_wrap(e, r, "container '%s'", id) : 0;
}

int home_write_state(int home_fd, const struct oci_state *state, struct err *e)
{
	AUTO_BUF struct buf text = { 0 };
	int r;

	oci_state_write(state, &text);
	r = buf_error(&text);
	if (r >= 0)
		r = file_replace_fast(home_fd, STATE_FILE, text.data, text.len, 0600);
	return r < 0 ? err_set(e, r, "cannot write the state of container '%s'", state->id) : 0;
}

/* Into a home that is new: nobody can know of it, so there is no need for a rename. */
static int write_new(int home_fd, const char *name, const char *text, size_t len)
{
	AUTO_FD int fd = -1;

	fd = openat(home_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : file_write_fd(fd, text, len);
}

int home_write_first_state(int home_fd, const struct oci_state *state, struct err *e)
{
	AUTO_BUF struct buf text = { 0 };
	int r;

	oci_state_write(state, &text);
	r = buf_error(&text);
	if (r >= 0)
		r = write_new(home_fd, STATE_FILE, text.data, text.len);
	return r < 0 ? err_set(e, r, "cannot write the state of container '%s'", state->id) : 0;
}

int home_keep_config(int home_fd, const char *text, size_t len, struct err *e)
{
	int r = write_new(home_fd, CONFIG_FILE, text, len);

	return r < 0 ? err_set(e, r, "cannot keep the configuration of the container") : 0;
}

int home_read_config(int home_fd, struct oci_config **ret_config, struct err *e)
{
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	int r;

	r = file_read(home_fd, CONFIG_FILE, HOME_CONFIG_MAX, &text, &len);
	if (r < 0)
		return err_set(e, r, "cannot read the configuration of the container");
	return oci_config_parse(text, len, ret_config, e);
}

int home_note_more_cgroups(int home_fd)
{
	AUTO_FD int fd = -1;

	fd = openat(home_fd, MORE_MARK, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : 0;
}

bool home_has_more_cgroups(int home_fd)
{
	return faccessat(home_fd, MORE_MARK, F_OK, 0) >= 0;
}

/* Who is in no more cgroups than it began with costs no look at the cgroups. */
static bool is_paused(int home_fd, const struct oci_state *state)
{
	AUTO(limits_free) struct limits *limits = NULL;
	struct err ignored = { 0 };

	return home_has_more_cgroups(home_fd) && state->cgroups.n > 0 &&
	    limits_open(&state->cgroups, &limits, &ignored) >= 0 && limits_frozen(limits);
}

enum home_status home_status(int home_fd, const struct oci_state *state)
{
	if (state->pid <= 0)
		return HOME_CREATING;
	if (!process_is(state->pid, state->pid_start))
		return HOME_STOPPED;
	if (is_paused(home_fd, state))
		return HOME_PAUSED;
	return faccessat(home_fd, START_FIFO, F_OK, 0) >= 0 ? HOME_CREATED : HOME_RUNNING;
}

const char *home_status_name(enum home_status status)
{
	static const char *const names[] = { "creating", "created", "running", "paused",
		"stopped" };

	return names[status];
}

int home_open_limits(const struct oci_state *state, struct limits **ret_limits, struct err *e)
{
	AUTO(limits_free) struct limits *limits = NULL;
	int r;

	if (state->cgroup_manager && state->cgroups.n == 0)
		return err_refuse(e, -EOPNOTSUPP, "container '%s' has no cgroups: they were %s",
		    state->id, state->cgroup_manager);
	r = limits_open(&state->cgroups, &limits, e);
	if (r >= 0)
		r = unit_adopt(state, limits, e);
	if (r >= 0)
		*ret_limits = TAKE(limits);
	return r;
}

int home_mend_limits(int home_fd, struct limits *limits, struct err *e)
{
	return home_has_more_cgroups(home_fd) ? limits_mend(limits, e) : 0;
}

static int remove_cgroup(const char *path)
{
	const struct timespec pause_time = { .tv_nsec = 10 * 1000 * 1000 };
	int r = -EBUSY;

	/* A child whose parent was killed ends by itself, but not at once. */
	for (int i = 0; i < BUSY_TRIES && r == -EBUSY; i++) {
		r = cgroup_remove(path);
		if (r == -EBUSY)
			nanosleep(&pause_time, NULL);
	}
	return r;
}

/*
 * The runtime was killed while it made the cgroups, so they are not in the state:
 * they are where they would have been made.
 */
static int remove_unnoted_cgroups(const struct oci_state *state, struct err *e)
{
	const char *wanted = state->cgroups_path ? state->cgroups_path : "";
	struct cgroup_layout layout;
	char path[PATH_MAX];
	int r;

	if (strstr(wanted, "..") || cgroup_probe(UINT32_MAX, &layout) < 0)
		return 0;
	for (size_t i = 0; i < layout.n; i++) {
		int n = snprintf(path, sizeof(path), "%s%s%s", layout.items[i].root,
		    wanted[0] == '/' ? "" : "/dolium/", wanted[0] ? wanted : state->id);

		if (n < 0 || (size_t)n >= sizeof(path))
			continue;
		r = remove_cgroup(path);
		if (r < 0)
			return err_set(e, r, "cannot remove the cgroup '%s'", path);
	}
	return 0;
}

int home_clean(const struct runtime *rt, int home_fd, const struct oci_state *state, struct err *e)
{
	AUTO(limits_free) struct limits *limits = NULL;
	int r = 0;

	if (state->cgroups.n > 0) {
		r = home_open_limits(state, &limits, e);
		if (r >= 0)
			r = limits_remove(limits, e);
	} else if (unit_is(state)) {
		r = unit_stop(state, e);
	} else if (!state->cgroup_manager) {
		r = remove_unnoted_cgroups(state, e);
	}
	if (r >= 0)
		r = rdt_remove(&state->intel_rdt, e);
	if (r >= 0)
		r = home_remove(rt, state->id, home_fd, e);
	if (r >= 0)
		runtime_hooks_poststop(state);
	return r;
}

int home_open_alive(
    const struct runtime *rt, const char *id, struct oci_state *ret_state, struct err *e)
{
	AUTO_FD int home = home_open(rt, id, e);
	enum home_status status;
	int r;

	if (home < 0)
		return home;
	r = home_read_state(home, id, ret_state, e);
	if (r < 0)
		return r;
	status = home_status(home, ret_state);
	if (status == HOME_STOPPED || status == HOME_CREATING)
		return err_refuse(e, -ESRCH, "container not running: %s", home_status_name(status));
	return TAKE_FD(home);
}
