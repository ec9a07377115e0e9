/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is here: names for completion, and `dolium info`
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "engine/container.h"
#include "engine/hello.h"
#include "engine/image_find.h"
#include "format/json.h"
#include "format/platform.h"
#include "os/cgroup.h"
#include "os/dir.h"
#include "os/file.h"
#include "store/snapshot.h"
#include "store/store.h"

/* ---- names ---- */

/* The entries of a folder of the store; one that is missing has none. */
static int put_entries(struct json_writer *w, int dir_fd, const char *path)
{
	AUTO(dir_close) DIR *dir = NULL;
	const struct dirent *entry;
	int r = dir_open(dir_fd, path, &dir);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	while ((entry = dir_next(dir)))
		if (entry->d_name[0] != '.')
			json_put_text(w, NULL, entry->d_name);
	return 0;
}

static int put_image_names(struct json_writer *w, struct store *store, struct err *e)
{
	struct image **images;
	size_t n;
	int r = images_list(store, &images, &n, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		strv_for_each (name, &images[i]->names) {
			AUTO_FREE char *familiar = image_familiar(*name);

			if (familiar && !hello_is_name(*name))
				json_put_text(w, NULL, familiar);
		}
	images_free(images, n);
	json_put_text(w, NULL, HELLO_NAME);
	json_put_text(w, NULL, "host");
	return 0;
}

int dolium_names(struct dolium *d, const char *kind, struct dolium_value **ret)
{
	AUTO_BUF struct buf text = { 0 };
	struct json_writer w = { .to = &text };
	struct err *e = engine_begin(d);
	struct store *store;
	int r = engine_store(d, &store, e);

	if (r < 0)
		return r;
	json_open_array(&w, NULL);
	if (strcmp(kind, "container") == 0)
		r = put_entries(&w, engine_containers_dir(d, e), "names");
	else if (strcmp(kind, "volume") == 0)
		r = put_entries(&w, store_dir(store), "volumes");
	else if (strcmp(kind, "image") == 0)
		r = put_image_names(&w, store, e);
	else
		return err_refuse(e, -EINVAL, "no such kind of names: '%s'", kind);
	json_close_array(&w);
	if (r < 0)
		return err_set(e, r, "cannot list the names");
	return engine_value_parse(&text, ret, e);
}

/* ---- info ---- */

static int put_counts(struct dolium *d, struct json_writer *w, struct err *e)
{
	AUTO_STRV struct strv ids = { 0 };
	unsigned running = 0, created = 0, exited = 0;
	int r = container_ids(d, &ids, e);

	if (r < 0)
		return r;
	strv_for_each (id, &ids) {
		AUTO(record_free) struct record *record = NULL;
		AUTO_FD int dir_fd = container_open(d, *id, NULL);
		struct container_status status;

		if (dir_fd < 0 || container_read(dir_fd, *id, &record, NULL) < 0)
			continue;
		container_look(d, *id, dir_fd, record, &status);
		running += status.phase == CONTAINER_RUNNING;
		created += status.phase == CONTAINER_CREATED;
		exited += status.phase == CONTAINER_EXITED;
	}
	json_put_i64(w, "Containers", running + created + exited);
	json_put_i64(w, "ContainersRunning", running);
	json_put_i64(w, "ContainersCreated", created);
	json_put_i64(w, "ContainersStopped", exited);
	return 0;
}

static void put_cgroups(struct json_writer *w)
{
	struct cgroup_layout layout;
	bool v1 = false, v2 = false;

	if (cgroup_probe(UINT32_MAX, &layout) < 0)
		return;
	for (size_t i = 0; i < layout.n; i++) {
		v1 |= !layout.items[i].v2;
		v2 |= layout.items[i].v2;
	}
	json_put_text(w, "CgroupVersion", v1 && v2 ? "hybrid" : v2 ? "2" : v1 ? "1" : "none");
	json_put_text(w, "CgroupDriver", "cgroupfs");
	json_put_bool(w, "MemoryLimit", cgroup_find(&layout, CGROUP_MEMORY) != NULL);
	json_put_bool(w, "CPUShares", cgroup_find(&layout, CGROUP_CPU) != NULL);
	json_put_bool(w, "CPUSet", cgroup_find(&layout, CGROUP_CPUSET) != NULL);
	json_put_bool(w, "PidsLimit", cgroup_find(&layout, CGROUP_PIDS) != NULL);
	json_put_bool(w, "BlkioWeight", cgroup_find(&layout, CGROUP_IO) != NULL);
}

/* PRETTY_NAME of /etc/os-release. */
static void put_system(struct json_writer *w)
{
	AUTO_FREE char *text = NULL;
	char *name, *end;

	if (file_read_path("/etc/os-release", 65536, &text, NULL) < 0 ||
	    !(name = strstr(text, "PRETTY_NAME=\"")))
		return;
	name += strlen("PRETTY_NAME=\"");
	end = strchr(name, '"');
	if (end)
		*end = '\0';
	json_put_text(w, "OperatingSystem", name);
}

static void put_host(struct json_writer *w)
{
	struct platform platform;
	struct utsname name;
	struct sysinfo memory;

	platform_host(&platform);
	put_system(w);
	json_put_text(w, "OSType", platform.os);
	json_put_text(w, "Architecture", platform.arch);
	if (uname(&name) == 0) {
		json_put_text(w, "KernelVersion", name.release);
		json_put_text(w, "Name", name.nodename);
	}
	json_put_i64(w, "NCPU", get_nprocs());
	if (sysinfo(&memory) == 0)
		json_put_u64(w, "MemTotal", (uint64_t)memory.totalram * memory.mem_unit);
}

/* What this host cannot do, with the reason: so that nobody must guess. */
static void put_store(struct json_writer *w, struct store *store)
{
	const struct snapshot_driver *driver;
	struct err reason = { 0 };
	char why[ERR_TEXT_MAX];

	json_open_array(w, "Warnings");
	if (snapshot_of(store, false, &driver, &reason) < 0) {
		json_put_text(w, NULL, reason.text);
		driver = NULL;
	}
	json_close_array(w);
	json_put_text(w, "Driver", driver ? driver->name : "none");
	/* Pairs, as Docker has them. */
	snapshot_why(store, why);
	json_open_array(w, "DriverStatus");
	json_open_array(w, NULL);
	json_put_text(w, NULL, "Reason");
	json_put_text(w, NULL, why);
	json_close_array(w);
	json_close_array(w);
	json_put_text(w, "DockerRootDir", store_path(store));
}

int dolium_info(struct dolium *d, struct dolium_value **ret)
{
	AUTO_BUF struct buf text = { 0 };
	struct json_writer w = { .to = &text };
	struct err *e = engine_begin(d);
	struct store *store;
	struct image **images;
	size_t n = 0;
	int r = engine_store(d, &store, e);

	if (r < 0)
		return r;
	json_open_object(&w, NULL);
	json_put_text(&w, "ServerVersion", dolium_version());
	r = put_counts(d, &w, e);
	if (r < 0)
		return r;
	r = images_list(store, &images, &n, e);
	if (r < 0)
		return r;
	images_free(images, n);
	json_put_u64(&w, "Images", n);
	put_store(&w, store);
	json_put_text(&w, "RunRoot", d->run_root);
	put_cgroups(&w);
	json_open_array(&w, "Isolations");
	json_put_text(&w, NULL, "container");
	json_put_text(&w, NULL, "chroot");
	json_close_array(&w);
	json_put_text(&w, "DefaultRuntime", "dolium-oci");
	put_host(&w);
	json_close_object(&w);
	return engine_value_parse(&text, ret, e);
}
