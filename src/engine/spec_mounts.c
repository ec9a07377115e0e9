/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts of a specification
 *
 * First the world's own (/proc, /dev, /sys, ...), then what the user asked for,
 * outer before inner, then the files that we make (hostname, hosts, resolv.conf):
 * they stand in a volume on /etc as well. What a user mounts somewhere replaces what we would have
 * mounted there.
 *
 * Files of the host are seen through the container's id map backwards: id N
 * outside is id N inside, so a file looks the same from both sides, and what
 * root inside makes is root's outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "engine/spec_parts.h"
#include "os/mount.h"

#define SHM_SIZE INT64_C(67108864)

/* How much of what is below a directory of the host can show other ids. */
enum shift {
	SHIFT_NONE,
	SHIFT_ONE, /* the file system itself, not what is mounted below */
	SHIFT_ALL,
};

static int options_split(struct strv *to, const char *options)
{
	while (options && *options) {
		const size_t len = strcspn(options, ",");

		if (len > 0 && strv_addf(to, "%.*s", (int)len, options) < 0)
			return -ENOMEM;
		options += len + (options[len] == ',');
	}
	return 0;
}

static int copy_map(const struct idrange_map *map, struct oci_idmap **ret_lines, size_t *ret_n)
{
	*ret_lines = calloc(map->n, sizeof(**ret_lines));
	if (!*ret_lines)
		return -ENOMEM;
	memcpy(*ret_lines, map->lines, map->n * sizeof(**ret_lines));
	*ret_n = map->n;
	return 0;
}

static int mount_add(struct oci_config *config, const char *target, const char *type,
    const char *source, const char *options, struct oci_mount **ret_mount)
{
	struct oci_mount *m = SPEC_GROW(config->mounts, config->n_mounts);

	if (!m)
		return -ENOMEM;
	m->destination = strdup(target);
	m->type = strdup(type);
	m->source = strdup(source);
	if (ret_mount)
		*ret_mount = m;
	return m->destination && m->type && m->source ? options_split(&m->options, options)
	                                              : -ENOMEM;
}

static int mount_shift(const struct spec_input *in, struct oci_mount *m, enum shift shift)
{
	int r;

	if (in->uids.n == 0 || shift == SHIFT_NONE)
		return 0;
	r = copy_map(&in->uids, &m->uid_mappings, &m->n_uid_mappings);
	if (r == 0)
		r = copy_map(&in->gids, &m->gid_mappings, &m->n_gid_mappings);
	if (r == 0)
		r = strv_add(&m->options, shift == SHIFT_ALL ? "ridmap" : "idmap");
	return r;
}

/* ---- the world's own ---- */

static bool user_mounts(const struct record *record, const char *target)
{
	for (size_t i = 0; i < record->n_mounts; i++)
		if (strcmp(record->mounts[i].target, target) == 0)
			return true;
	return false;
}

static int world_add(const struct spec_input *in, struct oci_config *config, const char *target,
    const char *type, const char *source, const char *options)
{
	if (user_mounts(in->record, target))
		return 0;
	return mount_add(config, target, type, source, options, NULL);
}

/* A kernel interface of a namespace that is the host's: it cannot be mounted afresh in a user
 * namespace. */
static int world_bind(
    const struct spec_input *in, struct oci_config *config, const char *path, const char *more)
{
	AUTO_BUF struct buf options = { 0 };

	buf_addf(&options, "rbind,rslave,nosuid,noexec,nodev%s", more);
	if (buf_error(&options) < 0)
		return -ENOMEM;
	return world_add(in, config, path, "bind", path, buf_text(&options));
}

static int world_proc(const struct spec_input *in, struct oci_config *config)
{
	if (spec_is_host(in->record->pid))
		return world_bind(in, config, "/proc", "");
	return world_add(in, config, "/proc", "proc", "proc", "nosuid,noexec,nodev");
}

static int world_sys(const struct spec_input *in, struct oci_config *config)
{
	const bool writable = in->record->privileged;

	if (spec_is_host(in->record->network) && in->uids.n > 0)
		return world_bind(in, config, "/sys", writable ? "" : ",ro,rro");
	return world_add(in, config, "/sys", "sysfs", "sysfs",
	    writable ? "nosuid,noexec,nodev" : "nosuid,noexec,nodev,ro");
}

static int world_ipc(const struct spec_input *in, struct oci_config *config)
{
	char options[96];

	if (spec_is_host(in->record->ipc)) {
		int r = world_bind(in, config, "/dev/shm", "");

		/* A host need not have one mounted. */
		if (r < 0 || access("/dev/mqueue", F_OK) < 0)
			return r;
		return world_bind(in, config, "/dev/mqueue", "");
	}
	snprintf(options, sizeof(options), "nosuid,noexec,nodev,mode=1777,size=%" PRId64,
	    in->record->shm_size > 0 ? in->record->shm_size : SHM_SIZE);
	if (world_add(in, config, "/dev/shm", "tmpfs", "shm", options) < 0)
		return -ENOMEM;
	return world_add(in, config, "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev");
}

static int mounts_world(const struct spec_input *in, struct oci_config *config)
{
	const char *cgroup = in->record->privileged ? "nosuid,noexec,nodev,relatime"
	                                            : "nosuid,noexec,nodev,relatime,ro";
	int r = world_proc(in, config);

	if (r == 0)
		r = world_add(in, config, "/dev", "tmpfs", "tmpfs",
		    "nosuid,strictatime,mode=755,size=65536k");
	if (r == 0)
		r = world_add(in, config, "/dev/pts", "devpts", "devpts",
		    "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
	if (r == 0)
		r = world_sys(in, config);
	if (r == 0)
		r = world_add(in, config, "/sys/fs/cgroup", "cgroup", "cgroup", cgroup);
	return r == 0 ? world_ipc(in, config) : r;
}

/* ---- files that we make ---- */

static int file_bind(const struct spec_input *in, struct oci_config *config, const char *path,
    const char *target, bool read_only)
{
	struct oci_mount *m;

	if (user_mounts(in->record, target))
		return 0;
	if (mount_add(config, target, "bind", path, "bind,rprivate", &m) < 0)
		return -ENOMEM;
	if (read_only && strv_add(&m->options, "ro") < 0)
		return -ENOMEM;
	return mount_shift(in, m, SHIFT_ONE);
}

/* In a read-only mount on /etc no file can be made to bind ours on: there they are as they are. */
static bool has_place(const struct spec_input *in, const char *name)
{
	for (size_t i = 0; i < in->record->n_mounts; i++) {
		const struct record_mount *m = &in->record->mounts[i];
		AUTO_BUF struct buf path = { 0 };
		struct stat st;

		if (!m->read_only || strcmp(m->target, "/etc") != 0)
			continue;
		if (strcmp(m->type, "tmpfs") == 0)
			return false;
		if (strcmp(m->type, "volume") == 0)
			buf_addf(&path, "%s/%s/_data/%s", in->volumes, m->source, name);
		else
			buf_addf(&path, "%s/%s", m->source, name);
		return buf_error(&path) == 0 && lstat(buf_text(&path), &st) == 0 &&
		    S_ISREG(st.st_mode);
	}
	return true;
}

static int mounts_files(const struct spec_input *in, struct oci_config *config)
{
	static const char *const files[][2] = {
		{ "hostname", "/etc/hostname" },
		{ "hosts", "/etc/hosts" },
		{ "resolv.conf", "/etc/resolv.conf" },
	};
	const bool read_only = in->record->read_only;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(files) / sizeof(files[0]); i++) {
		AUTO_BUF struct buf path = { 0 };

		if (!spec_makes_file(in->record, files[i][0]) || !has_place(in, files[i][0]))
			continue;
		buf_addf(&path, "%s/%s", in->dir, files[i][0]);
		r = buf_error(&path);
		if (r == 0)
			r = file_bind(in, config, buf_text(&path), files[i][1], read_only);
	}
	/* Ids are not shifted: whose program it is inside is nobody, who cannot change it. */
	if (r == 0 && in->record->init)
		r = mount_add(
		    config, "/dev/dolium-init", "bind", in->init, "bind,rprivate,ro", NULL);
	return r;
}

/*
 * What must be in the image `host` and is no file system of a disk is mounted
 * afresh; the store, which would show itself, is covered.
 */
static int mounts_host_image(const struct spec_input *in, struct oci_config *config)
{
	static const char *const fresh[] = { "/run", "/tmp" };
	int r = 0;

	if (!spec_is_host_image(in->record))
		return 0;
	for (size_t i = 0; r == 0 && i < sizeof(fresh) / sizeof(fresh[0]); i++)
		r = world_add(in, config, fresh[i], "tmpfs", "tmpfs",
		    i == 0 ? "nosuid,nodev,mode=755" : "nosuid,nodev,mode=1777");
	if (r == 0)
		r = world_add(
		    in, config, in->store, "tmpfs", "tmpfs", "nosuid,nodev,noexec,ro,mode=700");
	return r;
}

/* ---- what the user asked for ---- */

static enum shift shift_for(const struct spec_input *in, const char *source, bool recursive)
{
	AUTO_FD int fd = -1;
	int r;

	if (in->userns_fd < 0)
		return SHIFT_NONE;
	fd = mount_clone(AT_FDCWD, source, recursive);
	if (fd < 0)
		return SHIFT_NONE; /* dolium-oci will say why */
	if (recursive && mount_idmap(fd, true, in->userns_fd) == 0)
		return SHIFT_ALL;
	r = mount_idmap(fd, false, in->userns_fd);
	if (r == 0)
		return SHIFT_ONE;
	log_warning(
	    "the file system of '%s' cannot show other ids (%s): its files will be nobody's inside",
	    source, strerror(-r));
	return SHIFT_NONE;
}

static int user_bind(const struct spec_input *in, struct oci_config *config,
    const struct record_mount *mount, const char *source)
{
	const bool recursive = !mount->non_recursive;
	struct oci_mount *m;

	if (mount_add(config, mount->target, "bind", source, recursive ? "rbind" : "bind", &m) <
	        0 ||
	    strv_add(&m->options, mount->propagation ? mount->propagation : "rprivate") < 0)
		return -ENOMEM;
	if (mount->read_only &&
	    (strv_add(&m->options, "ro") < 0 || strv_add(&m->options, "rro") < 0))
		return -ENOMEM;
	return mount_shift(in, m, shift_for(in, source, recursive));
}

static int user_volume(
    const struct spec_input *in, struct oci_config *config, const struct record_mount *mount)
{
	AUTO_BUF struct buf path = { 0 };

	buf_addf(&path, "%s/%s/_data", in->volumes, mount->source);
	if (buf_error(&path) < 0 || user_bind(in, config, mount, buf_text(&path)) < 0)
		return -ENOMEM;
	/* As the root: it was filled from an image, whose device nodes are no way to devices. */
	return in->uids.n > 0 ? strv_add(&config->mounts[config->n_mounts - 1].options, "nodev")
	                      : 0;
}

static int user_tmpfs(struct oci_config *config, const struct record_mount *mount)
{
	struct oci_mount *m;

	if (mount_add(config, mount->target, "tmpfs", "tmpfs", "nosuid,nodev,noexec", &m) < 0)
		return -ENOMEM;
	if (mount->read_only && strv_add(&m->options, "ro") < 0)
		return -ENOMEM;
	if (mount->tmpfs_size > 0 && strv_addf(&m->options, "size=%" PRId64, mount->tmpfs_size) < 0)
		return -ENOMEM;
	if (strv_addf(&m->options, "mode=%o", mount->tmpfs_mode ? mount->tmpfs_mode : 01777) < 0)
		return -ENOMEM;
	return options_split(&m->options, mount->tmpfs_options);
}

static int user_add(
    const struct spec_input *in, struct oci_config *config, const struct record_mount *mount)
{
	if (strcmp(mount->type, "tmpfs") == 0)
		return user_tmpfs(config, mount);
	if (strcmp(mount->type, "volume") == 0)
		return user_volume(in, config, mount);
	return user_bind(in, config, mount, mount->source);
}

static size_t count_parts(const char *path)
{
	size_t n = 0;

	for (; *path; path++)
		n += path[0] == '/' && path[1] != '\0';
	return n;
}

/* Outer before inner; else as they were given. There are few: insertion is plain and stable. */
static int mounts_user(const struct spec_input *in, struct oci_config *config)
{
	const struct record *record = in->record;
	size_t deepest = 0;

	for (size_t i = 0; i < record->n_mounts; i++)
		if (count_parts(record->mounts[i].target) > deepest)
			deepest = count_parts(record->mounts[i].target);
	for (size_t depth = 0; depth <= deepest; depth++)
		for (size_t i = 0; i < record->n_mounts; i++)
			if (count_parts(record->mounts[i].target) == depth &&
			    user_add(in, config, &record->mounts[i]) < 0)
				return -ENOMEM;
	return 0;
}

int spec_mounts(const struct spec_input *in, struct oci_config *config, struct err *e)
{
	int r = mounts_world(in, config);

	if (r == 0)
		r = mounts_host_image(in, config);
	if (r == 0)
		r = mounts_user(in, config);
	if (r == 0)
		r = mounts_files(in, config);
	return r < 0 ? err_set(e, r, "cannot make the configuration") : 0;
}
