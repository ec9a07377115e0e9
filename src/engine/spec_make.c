/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a record to an OCI configuration
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "engine/seccomp_profile.h"
#include "engine/spec.h"
#include "engine/spec_parts.h"
#include "format/default_seccomp.h"

#define OCI_VERSION "1.2.0"

static int namespace_add(struct oci_linux *linux_, const char *type, bool own)
{
	struct oci_namespace *ns;

	if (!own)
		return 0;
	ns = SPEC_GROW(linux_->namespaces, linux_->n_namespaces);
	if (!ns)
		return -ENOMEM;
	ns->type = strdup(type);
	return ns->type ? 0 : -ENOMEM;
}

static int namespaces_make(const struct record *record, struct oci_linux *linux_)
{
	int r = namespace_add(linux_, "mount", true);

	if (r == 0)
		r = namespace_add(linux_, "user", spec_has_userns(record));
	if (r == 0)
		r = namespace_add(linux_, "pid", !spec_is_host(record->pid));
	if (r == 0)
		r = namespace_add(linux_, "network", !spec_is_host(record->network));
	if (r == 0)
		r = namespace_add(linux_, "ipc", !spec_is_host(record->ipc));
	if (r == 0)
		r = namespace_add(linux_, "uts", !spec_is_host(record->uts));
	if (r == 0)
		r = namespace_add(linux_, "cgroup", !spec_is_host(record->cgroupns));
	return r;
}

static int map_copy(const struct idrange_map *map, struct oci_idmap **ret_lines, size_t *ret_n)
{
	if (map->n == 0)
		return 0;
	*ret_lines = calloc(map->n, sizeof(**ret_lines));
	if (!*ret_lines)
		return -ENOMEM;
	memcpy(*ret_lines, map->lines, map->n * sizeof(**ret_lines));
	*ret_n = map->n;
	return 0;
}

/* What of /proc and /sys tells of the machine, or reaches it, even for root in a user namespace. */
static int hidden_make(const struct record *record, struct oci_linux *linux_)
{
	static const char *const masked[] = { "/proc/acpi", "/proc/asound", "/proc/interrupts",
		"/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
		"/proc/scsi", "/proc/timer_list", "/proc/timer_stats",
		"/sys/devices/virtual/powercap", "/sys/firmware", NULL };
	static const char *const read_only[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
		"/proc/sysrq-trigger", NULL };
	int r;

	if (record->privileged || strv_has(&record->security_opt, "systempaths=unconfined"))
		return 0;
	r = strv_add_all(&linux_->masked_paths, masked);
	return r == 0 ? strv_add_all(&linux_->readonly_paths, read_only) : r;
}

static int seccomp_make(const struct spec_input *in, struct oci_linux *linux_, struct err *e)
{
	const struct record *record = in->record;
	uint64_t set;
	int r;

	if (strv_has(&record->security_opt, "seccomp=unconfined"))
		return 0;
	if (record->privileged && !in->seccomp)
		return 0;
	r = spec_capabilities(record, &set, e);
	if (r < 0)
		return r;
	if (in->seccomp)
		return seccomp_profile_read(in->seccomp, strlen(in->seccomp), "the seccomp profile",
		    set, &linux_->seccomp, e);
	linux_->seccomp = calloc(1, sizeof(*linux_->seccomp));
	if (!linux_->seccomp || default_seccomp(linux_->seccomp, set) < 0)
		return err_set(e, -ENOMEM, "cannot make the configuration");
	return 0;
}

static int cgroup_path_make(const struct record *record, struct oci_linux *linux_)
{
	char path[4096 + RECORD_ID_LEN];
	const char *parent = record->cgroup_parent ? record->cgroup_parent : "/dolium";

	snprintf(path, sizeof(path), "%s%s/%s", parent[0] == '/' ? "" : "/", parent, record->id);
	linux_->cgroups_path = strdup(path);
	return linux_->cgroups_path ? 0 : -ENOMEM;
}

static int map_texts(struct strmap *to, const struct strmap *from)
{
	for (size_t i = 0; i < from->n; i++)
		if (strmap_set(to, from->items[i].key, from->items[i].value) < 0)
			return -ENOMEM;
	return 0;
}

static int linux_make(const struct spec_input *in, struct oci_config *config)
{
	struct oci_linux *linux_ = config->linux_ = calloc(1, sizeof(*linux_));

	if (!linux_ || namespaces_make(in->record, linux_) < 0 ||
	    map_copy(&in->uids, &linux_->uid_mappings, &linux_->n_uid_mappings) < 0 ||
	    map_copy(&in->gids, &linux_->gid_mappings, &linux_->n_gid_mappings) < 0 ||
	    hidden_make(in->record, linux_) < 0 || cgroup_path_make(in->record, linux_) < 0 ||
	    map_texts(&linux_->sysctl, &in->record->sysctls) < 0)
		return -ENOMEM;
	return 0;
}

static int config_begin(const struct spec_input *in, struct oci_config *config)
{
	const struct record *record = in->record;
	const bool own_name = !spec_is_host(record->uts);

	config->oci_version = strdup(OCI_VERSION);
	config->root_path = strdup("rootfs"); /* a form: the root comes as a descriptor */
	config->root_readonly = record->read_only;
	config->hostname = own_name && record->hostname ? strdup(record->hostname) : NULL;
	config->domainname = own_name && record->domainname ? strdup(record->domainname) : NULL;
	if (!config->oci_version || !config->root_path)
		return -ENOMEM;
	if (own_name &&
	    ((record->hostname && !config->hostname) ||
	        (record->domainname && !config->domainname)))
		return -ENOMEM;
	return map_texts(&config->annotations, &record->annotations);
}

int spec_make(const struct spec_input *in, struct oci_config **ret_config, struct err *e)
{
	AUTO(oci_config_free) struct oci_config *config = calloc(1, sizeof(*config));
	int r;

	if (!config || config_begin(in, config) < 0 || linux_make(in, config) < 0)
		return err_set(e, -ENOMEM, "cannot make the configuration");
	r = spec_process(in, config, e);
	if (r == 0)
		r = spec_mounts(in, config, e);
	if (r == 0)
		r = spec_resources(in, config, e);
	if (r == 0)
		r = seccomp_make(in, config->linux_, e);
	if (r < 0)
		return r;
	*ret_config = TAKE(config);
	return 0;
}
