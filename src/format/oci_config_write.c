/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OCI run-time configuration: writing
 *
 * What was not said is not written.
 */
#include "base/buf.h"
#include "format/json.h"
#include "format/oci_config.h"

static void put_true(struct json_writer *w, const char *key, bool value)
{
	if (value)
		json_put_bool(w, key, true);
}

static void put_i64(struct json_writer *w, const char *key, bool has, int64_t value)
{
	if (has)
		json_put_i64(w, key, value);
}

static void put_u64(struct json_writer *w, const char *key, bool has, uint64_t value)
{
	if (has)
		json_put_u64(w, key, value);
}

/* As a call: PUT_LIST(w, "mounts", config->mounts, config->n_mounts, put_mount); */
#define PUT_LIST(w_, key_, items_, n_, put_)           \
	do {                                           \
		if ((n_) == 0)                         \
			break;                         \
		json_open_array(w_, key_);             \
		for (size_t i_ = 0; i_ < (n_); i_++) { \
			json_open_object(w_, NULL);    \
			put_(w_, &(items_)[i_]);       \
			json_close_object(w_);         \
		}                                      \
		json_close_array(w_);                  \
	} while (0)

static void put_idmap(struct json_writer *w, const struct oci_idmap *map)
{
	json_put_u64(w, "containerID", map->container_id);
	json_put_u64(w, "hostID", map->host_id);
	json_put_u64(w, "size", map->size);
}

static void put_mount(struct json_writer *w, const struct oci_mount *mount)
{
	json_maybe_text(w, "destination", mount->destination);
	json_maybe_text(w, "type", mount->type);
	json_maybe_text(w, "source", mount->source);
	json_maybe_strv(w, "options", &mount->options);
	PUT_LIST(w, "uidMappings", mount->uid_mappings, mount->n_uid_mappings, put_idmap);
	PUT_LIST(w, "gidMappings", mount->gid_mappings, mount->n_gid_mappings, put_idmap);
}

static void put_user(struct json_writer *w, const struct oci_user *user)
{
	json_open_object(w, "user");
	json_put_u64(w, "uid", user->uid);
	json_put_u64(w, "gid", user->gid);
	put_u64(w, "umask", user->has_umask, user->umask);
	if (user->n_additional_gids > 0) {
		json_open_array(w, "additionalGids");
		for (size_t i = 0; i < user->n_additional_gids; i++)
			json_put_u64(w, NULL, user->additional_gids[i]);
		json_close_array(w);
	}
	json_close_object(w);
}

static void put_capabilities(struct json_writer *w, const struct oci_capabilities *capabilities)
{
	if (!capabilities)
		return;
	json_open_object(w, "capabilities");
	json_maybe_strv(w, "bounding", &capabilities->bounding);
	json_maybe_strv(w, "effective", &capabilities->effective);
	json_maybe_strv(w, "inheritable", &capabilities->inheritable);
	json_maybe_strv(w, "permitted", &capabilities->permitted);
	json_maybe_strv(w, "ambient", &capabilities->ambient);
	json_close_object(w);
}

static void put_rlimit(struct json_writer *w, const struct oci_rlimit *limit)
{
	json_maybe_text(w, "type", limit->type);
	json_put_u64(w, "soft", limit->soft);
	json_put_u64(w, "hard", limit->hard);
}

static void put_scheduler(struct json_writer *w, const struct oci_scheduler *scheduler)
{
	if (!scheduler)
		return;
	json_open_object(w, "scheduler");
	json_maybe_text(w, "policy", scheduler->policy);
	put_i64(w, "nice", scheduler->has_nice, scheduler->nice);
	put_i64(w, "priority", scheduler->has_priority, scheduler->priority);
	json_maybe_strv(w, "flags", &scheduler->flags);
	put_u64(w, "runtime", scheduler->runtime, scheduler->runtime);
	put_u64(w, "deadline", scheduler->deadline, scheduler->deadline);
	put_u64(w, "period", scheduler->period, scheduler->period);
	json_close_object(w);
}

static void put_io_priority(struct json_writer *w, const struct oci_io_priority *priority)
{
	if (!priority)
		return;
	json_open_object(w, "ioPriority");
	json_maybe_text(w, "class", priority->class_name);
	json_put_i64(w, "priority", priority->priority);
	json_close_object(w);
}

static void put_cpu_affinity(struct json_writer *w, const struct oci_cpu_affinity *affinity)
{
	if (!affinity)
		return;
	json_open_object(w, "execCPUAffinity");
	json_maybe_text(w, "initial", affinity->initial);
	json_maybe_text(w, "final", affinity->final_);
	json_close_object(w);
}

static void put_process(struct json_writer *w, const char *key, const struct oci_process *process)
{
	if (!process)
		return;
	json_open_object(w, key);
	put_true(w, "terminal", process->terminal);
	if (process->console_height || process->console_width) {
		json_open_object(w, "consoleSize");
		json_put_u64(w, "height", process->console_height);
		json_put_u64(w, "width", process->console_width);
		json_close_object(w);
	}
	put_user(w, &process->user);
	json_maybe_strv(w, "args", &process->args);
	json_maybe_strv(w, "env", &process->env);
	json_maybe_text(w, "cwd", process->cwd);
	put_capabilities(w, process->capabilities);
	PUT_LIST(w, "rlimits", process->rlimits, process->n_rlimits, put_rlimit);
	put_true(w, "noNewPrivileges", process->no_new_privileges);
	json_maybe_text(w, "apparmorProfile", process->apparmor_profile);
	json_maybe_text(w, "selinuxLabel", process->selinux_label);
	put_i64(w, "oomScoreAdj", process->has_oom_score_adj, process->oom_score_adj);
	put_scheduler(w, process->scheduler);
	put_io_priority(w, process->io_priority);
	put_cpu_affinity(w, process->exec_cpu_affinity);
	json_close_object(w);
}

static void put_namespace(struct json_writer *w, const struct oci_namespace *ns)
{
	json_maybe_text(w, "type", ns->type);
	json_maybe_text(w, "path", ns->path);
}

static void put_device(struct json_writer *w, const struct oci_device *device)
{
	json_maybe_text(w, "path", device->path);
	json_maybe_text(w, "type", device->type);
	json_put_i64(w, "major", device->major);
	json_put_i64(w, "minor", device->minor);
	put_u64(w, "fileMode", device->has_file_mode, device->file_mode);
	put_u64(w, "uid", device->has_uid, device->uid);
	put_u64(w, "gid", device->has_gid, device->gid);
}

static void put_device_rule(struct json_writer *w, const struct oci_device_rule *rule)
{
	json_put_bool(w, "allow", rule->allow);
	json_maybe_text(w, "type", rule->type);
	put_i64(w, "major", rule->has_major, rule->major);
	put_i64(w, "minor", rule->has_minor, rule->minor);
	json_maybe_text(w, "access", rule->access);
}

static void put_memory(struct json_writer *w, const struct oci_memory *memory)
{
	if (!memory)
		return;
	json_open_object(w, "memory");
	put_i64(w, "limit", memory->has_limit, memory->limit);
	put_i64(w, "reservation", memory->has_reservation, memory->reservation);
	put_i64(w, "swap", memory->has_swap, memory->swap);
	put_u64(w, "swappiness", memory->has_swappiness, memory->swappiness);
	put_i64(w, "kernel", memory->has_kernel, memory->kernel);
	put_i64(w, "kernelTCP", memory->has_kernel_tcp, memory->kernel_tcp);
	put_true(w, "disableOOMKiller", memory->disable_oom_killer);
	put_true(w, "useHierarchy", memory->use_hierarchy);
	put_true(w, "checkBeforeUpdate", memory->check_before_update);
	json_close_object(w);
}

static void put_cpu(struct json_writer *w, const struct oci_cpu *cpu)
{
	if (!cpu)
		return;
	json_open_object(w, "cpu");
	put_u64(w, "shares", cpu->has_shares, cpu->shares);
	put_i64(w, "quota", cpu->has_quota, cpu->quota);
	put_u64(w, "burst", cpu->has_burst, cpu->burst);
	put_u64(w, "period", cpu->has_period, cpu->period);
	put_i64(w, "idle", cpu->has_idle, cpu->idle);
	put_i64(w, "realtimeRuntime", cpu->has_realtime_runtime, cpu->realtime_runtime);
	put_u64(w, "realtimePeriod", cpu->has_realtime_period, cpu->realtime_period);
	json_maybe_text(w, "cpus", cpu->cpus);
	json_maybe_text(w, "mems", cpu->mems);
	json_close_object(w);
}

static void put_weight_device(struct json_writer *w, const struct oci_weight_device *device)
{
	json_put_i64(w, "major", device->major);
	json_put_i64(w, "minor", device->minor);
	put_u64(w, "weight", device->has_weight, device->weight);
	put_u64(w, "leafWeight", device->has_leaf_weight, device->leaf_weight);
}

static void put_throttle(struct json_writer *w, const struct oci_throttle_device *device)
{
	json_put_i64(w, "major", device->major);
	json_put_i64(w, "minor", device->minor);
	json_put_u64(w, "rate", device->rate);
}

static void put_block_io(struct json_writer *w, const struct oci_block_io *io)
{
	if (!io)
		return;
	json_open_object(w, "blockIO");
	put_u64(w, "weight", io->has_weight, io->weight);
	put_u64(w, "leafWeight", io->has_leaf_weight, io->leaf_weight);
	PUT_LIST(w, "weightDevice", io->weight_devices, io->n_weight_devices, put_weight_device);
	PUT_LIST(w, "throttleReadBpsDevice", io->read_bps, io->n_read_bps, put_throttle);
	PUT_LIST(w, "throttleWriteBpsDevice", io->write_bps, io->n_write_bps, put_throttle);
	PUT_LIST(w, "throttleReadIOPSDevice", io->read_iops, io->n_read_iops, put_throttle);
	PUT_LIST(w, "throttleWriteIOPSDevice", io->write_iops, io->n_write_iops, put_throttle);
	json_close_object(w);
}

static void put_hugepage_limit(struct json_writer *w, const struct oci_hugepage_limit *limit)
{
	json_maybe_text(w, "pageSize", limit->page_size);
	json_put_u64(w, "limit", limit->limit);
}

static void put_interface_priority(struct json_writer *w, const struct oci_interface_priority *p)
{
	json_maybe_text(w, "name", p->name);
	json_put_u64(w, "priority", p->priority);
}

static void put_network(struct json_writer *w, const struct oci_network *network)
{
	if (!network)
		return;
	json_open_object(w, "network");
	put_u64(w, "classID", network->has_class_id, network->class_id);
	PUT_LIST(
	    w, "priorities", network->priorities, network->n_priorities, put_interface_priority);
	json_close_object(w);
}

static void put_rdma(struct json_writer *w, const struct oci_rdma *rdma, size_t n)
{
	if (n == 0)
		return;
	json_open_object(w, "rdma");
	for (size_t i = 0; i < n; i++) {
		json_open_object(w, rdma[i].key);
		put_u64(w, "hcaHandles", rdma[i].has_hca_handles, rdma[i].hca_handles);
		put_u64(w, "hcaObjects", rdma[i].has_hca_objects, rdma[i].hca_objects);
		json_close_object(w);
	}
	json_close_object(w);
}

static void put_resources(struct json_writer *w, const struct oci_resources *resources)
{
	if (!resources)
		return;
	json_open_object(w, "resources");
	PUT_LIST(w, "devices", resources->devices, resources->n_devices, put_device_rule);
	put_memory(w, resources->memory);
	put_cpu(w, resources->cpu);
	put_block_io(w, resources->block_io);
	PUT_LIST(w, "hugepageLimits", resources->hugepage_limits, resources->n_hugepage_limits,
	    put_hugepage_limit);
	if (resources->has_pids_limit) {
		json_open_object(w, "pids");
		json_put_i64(w, "limit", resources->pids_limit);
		json_close_object(w);
	}
	put_network(w, resources->network);
	put_rdma(w, resources->rdma, resources->n_rdma);
	json_maybe_map(w, "unified", &resources->unified);
	json_close_object(w);
}

static void put_seccomp_arg(struct json_writer *w, const struct oci_seccomp_arg *arg)
{
	json_put_u64(w, "index", arg->index);
	json_put_u64(w, "value", arg->value);
	json_put_u64(w, "valueTwo", arg->value_two);
	json_maybe_text(w, "op", arg->op);
}

static void put_seccomp_rule(struct json_writer *w, const struct oci_seccomp_rule *rule)
{
	json_maybe_strv(w, "names", &rule->names);
	json_maybe_text(w, "action", rule->action);
	put_u64(w, "errnoRet", rule->has_errno_ret, rule->errno_ret);
	PUT_LIST(w, "args", rule->args, rule->n_args, put_seccomp_arg);
}

static void put_seccomp(struct json_writer *w, const struct oci_seccomp *seccomp)
{
	if (!seccomp)
		return;
	json_open_object(w, "seccomp");
	json_maybe_text(w, "defaultAction", seccomp->default_action);
	put_u64(w, "defaultErrnoRet", seccomp->has_default_errno_ret, seccomp->default_errno_ret);
	json_maybe_strv(w, "architectures", &seccomp->architectures);
	json_maybe_strv(w, "flags", &seccomp->flags);
	json_maybe_text(w, "listenerPath", seccomp->listener_path);
	json_maybe_text(w, "listenerMetadata", seccomp->listener_metadata);
	PUT_LIST(w, "syscalls", seccomp->syscalls, seccomp->n_syscalls, put_seccomp_rule);
	json_close_object(w);
}

static void put_hook(struct json_writer *w, const struct oci_hook *hook)
{
	json_maybe_text(w, "path", hook->path);
	json_maybe_strv(w, "args", &hook->args);
	json_maybe_strv(w, "env", &hook->env);
	put_i64(w, "timeout", hook->has_timeout, hook->timeout);
}

static void put_hooks(struct json_writer *w, const struct oci_hooks *hooks)
{
	if (!hooks)
		return;
	json_open_object(w, "hooks");
	PUT_LIST(w, "prestart", hooks->prestart.items, hooks->prestart.n, put_hook);
	PUT_LIST(
	    w, "createRuntime", hooks->create_runtime.items, hooks->create_runtime.n, put_hook);
	PUT_LIST(w, "createContainer", hooks->create_container.items, hooks->create_container.n,
	    put_hook);
	PUT_LIST(
	    w, "startContainer", hooks->start_container.items, hooks->start_container.n, put_hook);
	PUT_LIST(w, "poststart", hooks->poststart.items, hooks->poststart.n, put_hook);
	PUT_LIST(w, "poststop", hooks->poststop.items, hooks->poststop.n, put_hook);
	json_close_object(w);
}

static void put_personality(struct json_writer *w, const struct oci_personality *personality)
{
	if (!personality)
		return;
	json_open_object(w, "personality");
	json_maybe_text(w, "domain", personality->domain);
	json_maybe_strv(w, "flags", &personality->flags);
	json_close_object(w);
}

static void put_memory_policy(struct json_writer *w, const struct oci_memory_policy *policy)
{
	if (!policy)
		return;
	json_open_object(w, "memoryPolicy");
	json_maybe_text(w, "mode", policy->mode);
	json_maybe_text(w, "nodes", policy->nodes);
	json_maybe_strv(w, "flags", &policy->flags);
	json_close_object(w);
}

static void put_time_offset(
    struct json_writer *w, const char *key, const struct oci_time_offset *offset)
{
	if (!offset)
		return;
	json_open_object(w, key);
	json_put_i64(w, "secs", offset->secs);
	json_put_u64(w, "nanosecs", offset->nanosecs);
	json_close_object(w);
}

static void put_time_offsets(struct json_writer *w, const struct oci_time_offsets *offsets)
{
	if (!offsets)
		return;
	json_open_object(w, "timeOffsets");
	put_time_offset(w, "monotonic", offsets->monotonic);
	put_time_offset(w, "boottime", offsets->boottime);
	json_close_object(w);
}

static void put_net_devices(struct json_writer *w, const struct oci_net_device *devices, size_t n)
{
	if (n == 0)
		return;
	json_open_object(w, "netDevices");
	for (size_t i = 0; i < n; i++) {
		json_open_object(w, devices[i].key);
		json_maybe_text(w, "name", devices[i].name);
		json_close_object(w);
	}
	json_close_object(w);
}

static void put_intel_rdt(struct json_writer *w, const struct oci_intel_rdt *rdt)
{
	if (!rdt)
		return;
	json_open_object(w, "intelRdt");
	json_maybe_text(w, "closID", rdt->clos_id);
	json_maybe_text(w, "l3CacheSchema", rdt->l3_cache_schema);
	json_maybe_text(w, "memBwSchema", rdt->mem_bw_schema);
	json_maybe_strv(w, "schemata", &rdt->schemata);
	put_true(w, "enableMonitoring", rdt->enable_monitoring);
	json_close_object(w);
}

static void put_linux(struct json_writer *w, const struct oci_linux *l)
{
	if (!l)
		return;
	json_open_object(w, "linux");
	PUT_LIST(w, "namespaces", l->namespaces, l->n_namespaces, put_namespace);
	PUT_LIST(w, "uidMappings", l->uid_mappings, l->n_uid_mappings, put_idmap);
	PUT_LIST(w, "gidMappings", l->gid_mappings, l->n_gid_mappings, put_idmap);
	PUT_LIST(w, "devices", l->devices, l->n_devices, put_device);
	json_maybe_text(w, "cgroupsPath", l->cgroups_path);
	put_resources(w, l->resources);
	json_maybe_map(w, "sysctl", &l->sysctl);
	put_seccomp(w, l->seccomp);
	json_maybe_text(w, "rootfsPropagation", l->rootfs_propagation);
	json_maybe_strv(w, "maskedPaths", &l->masked_paths);
	json_maybe_strv(w, "readonlyPaths", &l->readonly_paths);
	json_maybe_text(w, "mountLabel", l->mount_label);
	put_personality(w, l->personality);
	put_memory_policy(w, l->memory_policy);
	put_time_offsets(w, l->time_offsets);
	put_net_devices(w, l->net_devices, l->n_net_devices);
	put_intel_rdt(w, l->intel_rdt);
	json_close_object(w);
}

static void put_root(struct json_writer *w, const struct oci_config *config)
{
	if (!config->root_path)
		return;
	json_open_object(w, "root");
	json_maybe_text(w, "path", config->root_path);
	put_true(w, "readonly", config->root_readonly);
	json_close_object(w);
}

void oci_config_write(const struct oci_config *config, struct buf *to)
{
	struct json_writer w = { .to = to };

	json_open_object(&w, NULL);
	json_maybe_text(&w, "ociVersion", config->oci_version);
	put_root(&w, config);
	json_maybe_text(&w, "hostname", config->hostname);
	json_maybe_text(&w, "domainname", config->domainname);
	PUT_LIST(&w, "mounts", config->mounts, config->n_mounts, put_mount);
	put_process(&w, "process", config->process);
	put_hooks(&w, config->hooks);
	json_maybe_map(&w, "annotations", &config->annotations);
	put_linux(&w, config->linux_);
	json_close_object(&w);
}

void oci_process_write(const struct oci_process *process, struct buf *to)
{
	struct json_writer w = { .to = to };

	put_process(&w, NULL, process);
}
