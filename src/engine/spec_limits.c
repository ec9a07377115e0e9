/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The resources of a specification: limits and devices
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/buf.h"
#include "base/err.h"
#include "engine/spec_parts.h"
#include "os/dir.h"

#define CPU_PERIOD_US UINT64_C(100000)
#define NANO_PER_CPU  INT64_C(1000000000)
#define DEVICES_MAX   1024

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "cannot make the configuration");
}

/* ---- limits ---- */

/* Can this kernel limit swap? Where nobody asked for that, it is no failure if it cannot. */
static bool swap_is_accounted(void)
{
	static const char *const files[] = { "/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes",
		"/sys/fs/cgroup/init.scope/memory.swap.max",
		"/sys/fs/cgroup/system.slice/memory.swap.max",
		"/sys/fs/cgroup/dolium/memory.swap.max" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (access(files[i], F_OK) == 0)
			return true;
	return false;
}

static int memory_make(const struct record *record, struct oci_resources *to)
{
	struct oci_memory *m;

	if (!record->memory && !record->memory_swap && !record->memory_reservation &&
	    !record->oom_kill_disable)
		return 0;
	m = to->memory = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->has_limit = record->memory != 0;
	m->limit = record->memory;
	m->has_reservation = record->memory_reservation != 0;
	m->reservation = record->memory_reservation;
	m->has_swap = record->memory_swap != 0;
	m->swap = record->memory_swap;
	if (!m->has_swap && record->memory > 0 && record->memory <= INT64_MAX / 2 &&
	    swap_is_accounted()) {
		/* As docker: a limit of memory alone lets as much be swapped. */
		m->has_swap = true;
		m->swap = 2 * record->memory;
	}
	m->disable_oom_killer = record->oom_kill_disable;
	return 0;
}

static int cpu_make(const struct record *record, struct oci_resources *to)
{
	struct oci_cpu *cpu;

	if (!record->nano_cpus && !record->cpu_shares && !record->cpu_period &&
	    !record->cpu_quota && !record->cpuset_cpus && !record->cpuset_mems)
		return 0;
	cpu = to->cpu = calloc(1, sizeof(*cpu));
	if (!cpu)
		return -ENOMEM;
	cpu->has_shares = record->cpu_shares != 0;
	cpu->shares = record->cpu_shares;
	cpu->has_period = record->cpu_period != 0;
	cpu->period = (uint64_t)record->cpu_period;
	cpu->has_quota = record->cpu_quota != 0;
	cpu->quota = record->cpu_quota;
	if (record->nano_cpus) {
		cpu->has_period = cpu->has_quota = true;
		cpu->period = CPU_PERIOD_US;
		cpu->quota =
		    (int64_t)((__int128)record->nano_cpus * (int64_t)CPU_PERIOD_US / NANO_PER_CPU);
	}
	cpu->cpus = record->cpuset_cpus ? strdup(record->cpuset_cpus) : NULL;
	cpu->mems = record->cpuset_mems ? strdup(record->cpuset_mems) : NULL;
	if ((record->cpuset_cpus && !cpu->cpus) || (record->cpuset_mems && !cpu->mems))
		return -ENOMEM;
	return 0;
}

static int block_io_make(const struct record *record, struct oci_resources *to)
{
	if (!record->blkio_weight)
		return 0;
	to->block_io = calloc(1, sizeof(*to->block_io));
	if (!to->block_io)
		return -ENOMEM;
	to->block_io->has_weight = true;
	to->block_io->weight = record->blkio_weight;
	return 0;
}

/* ---- devices ---- */

static int rule_add(struct oci_resources *to, bool allow, char type, int64_t major, int64_t minor,
    const char *access)
{
	struct oci_device_rule *rule = SPEC_GROW(to->devices, to->n_devices);
	const char type_text[] = { type, '\0' };

	if (!rule)
		return -ENOMEM;
	rule->allow = allow;
	rule->type = type ? strdup(type_text) : NULL;
	rule->access = strdup(access);
	rule->has_major = major >= 0;
	rule->major = major;
	rule->has_minor = minor >= 0;
	rule->minor = minor;
	return (type && !rule->type) || !rule->access ? -ENOMEM : 0;
}

/*
 * Nothing, but making nodes, the harmless ones, and terminals. Not 5:1: that is the
 * machine's console; a container's own is a pty.
 */
static int rules_default(struct oci_resources *to)
{
	static const struct {
		char type;
		int major, minor;
		const char *access;
	} allowed[] = {
		{ 'c', -1, -1, "m" }, { 'b', -1, -1, "m" }, { 'c', 1, 3, "rwm" }, /* null */
		{ 'c', 1, 5, "rwm" }, /* zero */
		{ 'c', 1, 7, "rwm" }, /* full */
		{ 'c', 1, 8, "rwm" }, /* random */
		{ 'c', 1, 9, "rwm" }, /* urandom */
		{ 'c', 5, 0, "rwm" }, /* tty */
		{ 'c', 5, 2, "rwm" }, /* ptmx */
		{ 'c', 136, -1, "rwm" }, /* pts */
	};
	int r = rule_add(to, false, 0, -1, -1, "rwm");

	for (size_t i = 0; r == 0 && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		r = rule_add(to, true, allowed[i].type, allowed[i].major, allowed[i].minor,
		    allowed[i].access);
	return r;
}

static int device_add(
    struct oci_linux *linux_, const char *path, const struct stat *st, const char *permissions)
{
	struct oci_device *device = SPEC_GROW(linux_->devices, linux_->n_devices);
	const char type = S_ISBLK(st->st_mode) ? 'b' : 'c';
	const char type_text[] = { type, '\0' };

	if (!device)
		return -ENOMEM;
	device->path = strdup(path);
	device->type = strdup(type_text);
	device->major = major(st->st_rdev);
	device->minor = minor(st->st_rdev);
	device->has_file_mode = true;
	device->file_mode = st->st_mode & 0777;
	if (!device->path || !device->type)
		return -ENOMEM;
	return permissions ? rule_add(linux_->resources, true, type, major(st->st_rdev),
	                         minor(st->st_rdev), permissions)
	                   : 0;
}

/* All nodes below a directory of the host, under `inside`. Links are left out: udev's point at
 * nodes. */
static int devices_below(struct oci_linux *linux_, const char *host, const char *inside,
    const char *permissions, unsigned depth)
{
	/* The runtime makes these itself, or the container has its own. */
	static const char *const own[] = { "pts", "shm", "mqueue", "fd", "stdin", "stdout",
		"stderr", "console", "core", "null", "zero", "full", "random", "urandom", "tty",
		"ptmx", "hugepages" };
	AUTO(dir_close) DIR *dir = opendir(host);
	const struct dirent *entry;

	if (!dir || depth > 4)
		return 0;
	while ((entry = readdir(dir))) {
		AUTO_BUF struct buf from = { 0 }, to = { 0 };
		bool skip = entry->d_name[0] == '.' || linux_->n_devices >= DEVICES_MAX;
		struct stat st;
		int r = 0;

		for (size_t i = 0; depth == 0 && i < sizeof(own) / sizeof(own[0]); i++)
			skip |= strcmp(entry->d_name, own[i]) == 0;
		if (skip || fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		buf_addf(&from, "%s/%s", host, entry->d_name);
		buf_addf(&to, "%s/%s", inside, entry->d_name);
		if (buf_error(&from) < 0 || buf_error(&to) < 0)
			return -ENOMEM;
		if (S_ISDIR(st.st_mode))
			r = devices_below(
			    linux_, buf_text(&from), buf_text(&to), permissions, depth + 1);
		else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
			r = device_add(linux_, buf_text(&to), &st, permissions);
		if (r < 0)
			return r;
	}
	return 0;
}

static int device_asked(struct oci_linux *linux_, const struct record_device *device, struct err *e)
{
	struct stat st;
	int r;

	if (stat(device->host_path, &st) < 0)
		return err_set(e, -errno, "cannot give the device '%s'", device->host_path);
	if (S_ISDIR(st.st_mode))
		r = devices_below(linux_, device->host_path, device->path, device->permissions, 1);
	else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		r = device_add(linux_, device->path, &st, device->permissions);
	else
		return err_refuse(e, -EINVAL, "'%s' is not a device", device->host_path);
	return r < 0 ? no_memory(e) : 0;
}

int spec_resources(const struct spec_input *in, struct oci_config *config, struct err *e)
{
	const struct record *record = in->record;
	struct oci_linux *linux_ = config->linux_;
	struct oci_resources *to = linux_->resources = calloc(1, sizeof(*to));
	int r;

	if (!to || memory_make(record, to) < 0 || cpu_make(record, to) < 0 ||
	    block_io_make(record, to) < 0)
		return no_memory(e);
	if (record->pids_limit > 0) {
		to->has_pids_limit = true;
		to->pids_limit = record->pids_limit;
	}
	r = record->privileged ? rule_add(to, true, 0, -1, -1, "rwm") : rules_default(to);
	if (r == 0 && record->privileged)
		r = devices_below(linux_, "/dev", "/dev", NULL, 0);
	if (r < 0)
		return no_memory(e);
	for (size_t i = 0; i < record->n_devices; i++) {
		r = device_asked(linux_, &record->devices[i], e);
		if (r < 0)
			return r;
	}
	return 0;
}
