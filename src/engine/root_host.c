/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's other file systems in the image `host`
 *
 * A mount is attached to a root that is itself attached nowhere yet, which
 * Linux does from 6.15 on. On an older one they are left out, with a warning.
 */
#include "engine/root_host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/err.h"
#include "base/log.h"
#include "os/file.h"
#include "os/mount.h"

#define MOUNTINFO_MAX ((size_t)16 << 20)
#define MOUNTS_MAX    64

static bool is_of_disks(const char *type)
{
	static const char *const types[] = { "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs",
		"bcachefs" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i], type) == 0)
			return true;
	return false;
}

static bool is_below(const char *path, const char *dir)
{
	const size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* "\040" and its kin, in place. */
static void unescape(char *text)
{
	char *to = text;
	unsigned code;

	while (*text) {
		if (text[0] == '\\' && sscanf(text + 1, "%3o", &code) == 1) {
			*to++ = (char)code;
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

bool root_host_line(char *line, const char *store, char **ret_path)
{
	/* These are the container's own; and the store must not show itself. */
	static const char *const own[] = { "/proc", "/sys", "/dev", "/run", "/tmp" };
	char *dash = strstr(line, " - "), *save = NULL, *path = NULL, *type;

	if (!dash)
		return false;
	type = strtok_r(dash + 3, " ", &save);
	path = strtok_r(line, " ", &save);
	for (int field = 1; path && field < 5; field++)
		path = strtok_r(NULL, " ", &save);
	if (!type || !path || !is_of_disks(type) || strcmp(path, "/") == 0)
		return false;
	unescape(path);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (is_below(path, own[i]))
			return false;
	*ret_path = path;
	return !is_below(path, store);
}

static int home_open(int dir_fd, unsigned number)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "mounts/%u", number);
	if ((mkdirat(dir_fd, "mounts", 0700) < 0 && errno != EEXIST) ||
	    (mkdirat(dir_fd, name, 0700) < 0 && errno != EEXIST))
		return -errno;
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int attach_one(const struct snapshot_driver *driver, const struct snapshot_attach *how,
    int dir_fd, int root_fd, const char *path, unsigned number, struct err *e)
{
	AUTO_FD int home_fd = home_open(dir_fd, number), mount_fd = -1, target_fd = -1;
	AUTO_FD int layer_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct snapshot_stack stack = { &layer_fd, 1, home_fd };
	int r;

	if (layer_fd < 0)
		return errno == ENOTDIR ? 0 : err_set(e, -errno, "cannot open it");
	if (home_fd < 0)
		return err_set(e, home_fd, "cannot make its layer");
	target_fd = file_open_in_root(root_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (target_fd < 0)
		return err_set(e, target_fd, "cannot open its place");
	r = driver->prepare(&stack, e);
	if (r < 0)
		return r;
	mount_fd = driver->attach(&stack, how, e);
	if (mount_fd < 0)
		return mount_fd;
	r = mount_attach(mount_fd, target_fd);
	return r < 0 ? err_set(e, r, "cannot attach it") : 0;
}

void root_host_attach(const struct snapshot_driver *driver, const struct snapshot_attach *how,
    int dir_fd, int root_fd, const char *store)
{
	AUTO_FREE char *text = NULL;
	char *line, *save = NULL, *path;
	unsigned n = 0;

	if (file_read_path("/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL) < 0)
		return;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct err e = { 0 };

		if (!root_host_line(line, store, &path) || n >= MOUNTS_MAX)
			continue;
		if (attach_one(driver, how, dir_fd, root_fd, path, n++, &e) < 0)
			log_warning(
			    "the file system at '%s' is not in the image 'host': %s", path, e.text);
	}
}
