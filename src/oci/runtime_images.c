/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What checkpoint and restore have in common: folders, options, the standard streams
 */
#include "oci/runtime_images.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/num.h"
#include "format/json.h"
#include "format/oci_config.h"
#include "oci/runtime.h"
#include "os/cgroup_layout.h"
#include "os/file.h"
#include "os/namespace.h"

#define IMAGES_DEFAULT  "checkpoint"
#define DESCRIPTORS     "descriptors.json"
#define DESCRIPTORS_MAX 4096
#define MOUNTINFO_MAX   ((size_t)64 << 20)

/* ---- folders ---- */

static int make_dirs(char *path)
{
	for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_dir(const char *path, bool make, struct err *e)
{
	AUTO_FREE char *copy = strdup(path);
	int r = copy ? 0 : -ENOMEM, fd;

	if (r >= 0 && make)
		r = make_dirs(copy);
	if (r < 0)
		return err_set(e, r, "cannot make the directory '%s'", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_set(e, -errno, "cannot open the directory '%s'", path) : fd;
}

int images_open(
    const struct runtime_options *o, bool make, struct images *ret_images, struct err *e)
{
	struct images images = { .fd = -1, .work_fd = -1 };

	images.path = o->checkpoint.image_path ? o->checkpoint.image_path : IMAGES_DEFAULT;
	images.work_path = o->checkpoint.work_path ? o->checkpoint.work_path : images.path;
	images.fd = open_dir(images.path, make, e);
	if (images.fd < 0)
		return images.fd;
	images.work_fd = open_dir(images.work_path, true, e);
	if (images.work_fd < 0) {
		close(images.fd);
		return images.work_fd;
	}
	*ret_images = images;
	return 0;
}

void images_close(struct images *images)
{
	auto_close(&images->fd);
	auto_close(&images->work_fd);
	images->fd = images->work_fd = -1;
}

/* ---- options ---- */

struct word {
	const char *name;
	unsigned value;
};

static int find_word(const struct word *words, const char *option, const char *name,
    unsigned *ret_value, struct err *e)
{
	for (; words->name; words++) {
		if (strcmp(words->name, name) == 0) {
			*ret_value = words->value;
			return 0;
		}
	}
	return err_refuse(e, -EINVAL, "option --%s: no such value: '%s'", option, name);
}

static int read_modes(
    const struct checkpoint_options *o, struct criu_request *request, struct err *e)
{
	static const struct word cgroups[] = {
		{ "ignore", CRIU_CGROUPS_IGNORE },
		{ "none", CRIU_CGROUPS_NONE },
		{ "props", CRIU_CGROUPS_PROPS },
		{ "soft", CRIU_CGROUPS_SOFT },
		{ "full", CRIU_CGROUPS_FULL },
		{ "strict", CRIU_CGROUPS_STRICT },
		{ NULL, 0 },
	};
	static const struct word locks[] = {
		{ "iptables", CRIU_LOCK_IPTABLES },
		{ "nftables", CRIU_LOCK_NFTABLES },
		{ "skip", CRIU_LOCK_SKIP },
		{ NULL, 0 },
	};
	unsigned value = CRIU_CGROUPS_SOFT;
	int r = 0;

	if (o->cgroups_mode)
		r = find_word(cgroups, "manage-cgroups-mode", o->cgroups_mode, &value, e);
	request->cgroups = (enum criu_cgroups)value;
	if (r < 0 || !o->network_lock)
		return r;
	r = find_word(locks, "network-lock", o->network_lock, &value, e);
	request->network_lock = (enum criu_network_lock)value;
	return r;
}

static int read_empty_namespaces(
    const struct checkpoint_options *o, struct criu_request *request, struct err *e)
{
	strv_for_each (at, &o->empty_ns) {
		if (namespace_find(*at) != NAMESPACE_NETWORK)
			return err_refuse(e, -EINVAL,
			    "option --empty-ns: only a network can be made empty, not '%s'", *at);
		request->empty_namespaces |= (uint32_t)namespace_flag(NAMESPACE_NETWORK);
	}
	return 0;
}

/* "ADDRESS:PORT"; `address` keeps the first part. */
static int read_page_server(
    const char *text, struct criu_request *request, char *address, size_t room, struct err *e)
{
	const char *colon = text ? strrchr(text, ':') : NULL;
	uint32_t port = 0;

	if (!text)
		return 0;
	if (!colon || colon == text || (colon[-1] == ':' && colon == text + 1) ||
	    num_parse_u32(colon + 1, &port) < 0 || port == 0 || port > 65535 ||
	    (size_t)snprintf(address, room, "%.*s", (int)(colon - text), text) >= room)
		return err_refuse(
		    e, -EINVAL, "option --page-server is ADDRESS:PORT, not '%s'", text);
	request->page_server_address = address;
	request->page_server_port = (int32_t)port;
	return 0;
}

int images_fill_request(const struct runtime_options *options, const struct images *images,
    struct criu_request *request, struct err *e)
{
	const struct checkpoint_options *o = &options->checkpoint;
	static char address[256];
	int r;

	*request = (struct criu_request){
		.images_fd = images->fd,
		.work_fd = images->work_fd,
		.leave_running = o->leave_running,
		.ext_unix_sk = o->ext_unix_sk,
		.tcp_established = o->tcp_established,
		.tcp_skip_in_flight = o->tcp_skip_in_flight,
		.tcp_close = o->tcp_close,
		.shell_job = o->shell_job,
		.file_locks = o->file_locks,
		.auto_dedup = o->auto_dedup,
		.link_remap = o->link_remap,
		.lazy_pages = o->lazy_pages,
		.orphan_pts_master = true,
		.lsm_profile = o->lsm_profile,
		.lsm_mount_context = o->lsm_mount_context,
		.status_fd = o->status_fd,
	};
	r = read_modes(o, request, e);
	if (r >= 0)
		r = read_empty_namespaces(o, request, e);
	return r < 0 ? r : read_page_server(o->page_server, request, address, sizeof(address), e);
}

/* ---- cgroups ---- */

static const struct cgroup_hierarchy *find_hierarchy(
    const struct cgroup_layout *layout, const char *path)
{
	for (size_t i = 0; i < layout->n; i++) {
		size_t len = strlen(layout->items[i].root);

		if (strncmp(path, layout->items[i].root, len) == 0 && path[len] == '/')
			return &layout->items[i];
	}
	return NULL;
}

/* As the kernel lists it: "cpu,cpuacct"; of v2 there is no name. */
static void name_hierarchy(const struct cgroup_hierarchy *h, char *to, size_t room)
{
	size_t len = 0;

	to[0] = '\0';
	for (unsigned i = 0; i < CGROUP_N_CONTROLLERS && !h->v2 && len < room; i++)
		if (h->controllers & CGROUP_BIT(i))
			len += (size_t)snprintf(to + len, room - len, "%s%s", len ? "," : "",
			    cgroup_controller_name((enum cgroup_controller)i, false));
}

int images_add_cgroups(const struct strv *paths, struct criu_request *request, struct err *e)
{
	struct cgroup_layout layout;
	int r = cgroup_probe(UINT32_MAX, &layout);

	if (r < 0)
		return err_set(e, r, "cannot find out which cgroups this host has");
	if (paths->n == 0)
		request->cgroups = CRIU_CGROUPS_IGNORE;
	for (size_t i = 0; i < paths->n && r >= 0; i++) {
		const struct cgroup_hierarchy *h = find_hierarchy(&layout, paths->items[i]);
		struct criu_cgroup_root *root = &request->roots[request->n_roots];

		if (!h || request->n_roots == CRIU_ROOTS_MAX)
			continue;
		name_hierarchy(h, root->controller, sizeof(root->controller));
		root->path = paths->items[i] + strlen(h->root);
		request->n_roots++;
		r = strv_add(&request->cgroup_controllers, root->controller);
	}
	return r < 0 ? err_set(e, r, "cannot note the cgroups for criu") : 0;
}

/* ---- streams ---- */

static bool is_own_mount(const struct mountinfo *own, uint32_t id)
{
	for (size_t i = 0; i < own->n; i++)
		if (own->items[i].id == id)
			return true;
	return false;
}

static int read_mount_id(pid_t pid, int stream, uint32_t *ret_id)
{
	AUTO_FREE char *text = NULL;
	const char *at;
	char path[64], number[16];
	int r;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, stream);
	r = file_read_path(path, 4096, &text, NULL);
	if (r < 0)
		return r;
	at = strstr(text, "mnt_id:");
	if (!at)
		return -EBADMSG;
	at += strlen("mnt_id:");
	at += strspn(at, " \t");
	snprintf(number, sizeof(number), "%.*s", (int)strcspn(at, "\n"), at);
	return num_parse_u32(number, ret_id);
}

/* What CRIU knows it by; empty: it is the container's own, or not open. */
static int find_stream(pid_t pid, int stream, const struct mountinfo *own, char key[STREAM_KEY_MAX])
{
	char path[64], link[STREAM_KEY_MAX];
	struct stat st;
	uint32_t id = 0;
	ssize_t n;

	key[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, stream);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	link[n] = '\0';
	if (strncmp(link, "pipe:[", 6) == 0 || strncmp(link, "socket:[", 8) == 0) {
		memcpy(key, link, (size_t)n + 1);
		return 0;
	}
	if (stat(path, &st) < 0 || read_mount_id(pid, stream, &id) < 0)
		return -EIO;
	/* A terminal is the container's, or of the shell whose job it is. */
	if (is_own_mount(own, id) || (S_ISCHR(st.st_mode) && major(st.st_rdev) != 1))
		return 0;
	snprintf(key, STREAM_KEY_MAX, "file[%x:%lx]", id, (unsigned long)st.st_ino);
	return 0;
}

int images_note_streams(const struct images *images, pid_t pid, const struct mountinfo *own,
    struct criu_request *request, struct err *e)
{
	AUTO_BUF struct buf text = { 0 };
	struct json_writer w = { .to = &text };
	int r = 0;

	json_open_array(&w, NULL);
	for (int i = 0; i < 3 && r >= 0; i++) {
		char key[STREAM_KEY_MAX];

		r = find_stream(pid, i, own, key);
		if (r >= 0 && key[0] == 'f' && !strv_has(&request->external, key))
			r = strv_add(&request->external, key);
		json_put_text(&w, NULL, key);
	}
	json_close_array(&w);
	if (r >= 0)
		r = buf_error(&text);
	if (r >= 0)
		r = file_replace_fast(images->fd, DESCRIPTORS, text.data, text.len, 0600);
	return r < 0 ? err_set(e, r, "cannot note the standard streams in '%s'", images->path) : 0;
}

int images_give_streams(
    const struct images *images, const int fds[3], struct criu_request *request, struct err *e)
{
	AUTO(json_value_free) struct json_value *keys = NULL;
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	int r;

	r = file_read(images->fd, DESCRIPTORS, DESCRIPTORS_MAX, &text, &len);
	if (r < 0)
		return err_set(e, r, "cannot read '%s/%s'", images->path, DESCRIPTORS);
	r = json_value_parse(text, len, DESCRIPTORS, &keys, e);
	for (size_t i = 0; i < 3 && r >= 0; i++) {
		const char *key = json_value_string(json_value_at(keys, i));
		struct criu_inherit *one = &request->inherit[request->n_inherit];
		bool known = key &&
		    (strncmp(key, "pipe:[", 6) == 0 || strncmp(key, "socket:[", 8) == 0 ||
		        strncmp(key, "file[", 5) == 0);

		/* Others are in the images, or nowhere. */
		for (size_t k = 0; known && k < request->n_inherit; k++)
			known = strcmp(request->inherit[k].key, key) != 0;
		if (!known || strlen(key) >= sizeof(one->key))
			continue;
		strcpy(one->key, key);
		one->fd = fds[i];
		request->n_inherit++;
	}
	return r;
}

/* ---- mounts and namespaces ---- */

int images_read_mounts(const char *pid, struct mountinfo *ret_info, struct err *e)
{
	AUTO_FREE char *text = NULL;
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/proc/%s/mountinfo", pid);
	r = file_read_path(path, MOUNTINFO_MAX, &text, NULL);
	if (r >= 0)
		r = mountinfo_parse(text, ret_info);
	return r < 0 ? err_set(e, r, "cannot read '%s'", path) : 0;
}

/* Those that CRIU can leave as they are. */
static const struct {
	enum namespace_kind kind;
	const char *file, *name;
} outer[] = {
	{ NAMESPACE_NETWORK, "net", "extRootNetNS" },
	{ NAMESPACE_PID, "pid", "extRootPidNS" },
};

static const char *find_path(const struct oci_config *config, enum namespace_kind kind)
{
	for (size_t i = 0; config->linux_ && i < config->linux_->n_namespaces; i++) {
		const struct oci_namespace *ns = &config->linux_->namespaces[i];

		if (namespace_find(ns->type) == kind)
			return ns->path && ns->path[0] ? ns->path : NULL;
	}
	return NULL;
}

int images_note_namespaces(
    const struct oci_config *config, pid_t pid, struct criu_request *request, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < sizeof(outer) / sizeof(outer[0]) && r >= 0; i++) {
		char path[64];
		struct stat st;

		if (!find_path(config, outer[i].kind))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, outer[i].file);
		r = stat(path, &st) < 0 ? -errno
		                        : strv_addf(&request->external, "%s[%lu]:%s", outer[i].file,
		                              (unsigned long)st.st_ino, outer[i].name);
	}
	return r < 0 ? err_set(e, r, "cannot look at the namespaces of the container") : 0;
}

int images_give_namespaces(
    const struct oci_config *config, struct criu_request *request, struct err *e)
{
	for (size_t i = 0; i < sizeof(outer) / sizeof(outer[0]); i++) {
		const char *path = find_path(config, outer[i].kind);
		struct criu_inherit *one = &request->inherit[request->n_inherit];

		if (!path)
			continue;
		one->fd = namespace_open(outer[i].kind, path);
		if (one->fd < 0)
			return err_set(e, one->fd, "cannot open the %s namespace '%s'",
			    namespace_name(outer[i].kind), path);
		strcpy(one->key, outer[i].name);
		request->n_inherit++;
	}
	return 0;
}
