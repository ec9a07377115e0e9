/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OCI run-time configuration: reading
 *
 * One table a struct. What a table cannot say is in oci_config_check.c.
 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "format/json.h"
#include "format/oci_config.h"
#include "format/oci_config_check.h"

#define SHAPE(name_, struct_, check_, ...)                                             \
	static const struct json_shape name_ = {                                       \
		.size = sizeof(struct struct_),                                        \
		.fields = (const struct json_field[]){ __VA_ARGS__, { .key = NULL } }, \
		.check = check_,                                                       \
	}

SHAPE(idmap_shape, oci_idmap, oci_check_idmap,
    JSON_FIELD(oci_idmap, "containerID", U32, container_id, .required = true),
    JSON_FIELD(oci_idmap, "hostID", U32, host_id, .required = true),
    JSON_FIELD(oci_idmap, "size", U32, size, .required = true));

SHAPE(mount_shape, oci_mount, oci_check_mount,
    JSON_FIELD(oci_mount, "destination", TEXT, destination, .required = true),
    JSON_FIELD(oci_mount, "type", TEXT, type), JSON_FIELD(oci_mount, "source", TEXT, source),
    JSON_FIELD(oci_mount, "options", STRV, options),
    JSON_FIELD(oci_mount, "uidMappings", ARRAY, uid_mappings, .shape = &idmap_shape),
    JSON_FIELD(oci_mount, "gidMappings", ARRAY, gid_mappings, .shape = &idmap_shape));

SHAPE(rlimit_shape, oci_rlimit, oci_check_rlimit,
    JSON_FIELD(oci_rlimit, "type", TEXT, type, .required = true),
    JSON_FIELD(oci_rlimit, "soft", U64, soft, .required = true),
    JSON_FIELD(oci_rlimit, "hard", U64, hard, .required = true));

SHAPE(capabilities_shape, oci_capabilities, NULL,
    JSON_FIELD(oci_capabilities, "bounding", STRV, bounding),
    JSON_FIELD(oci_capabilities, "effective", STRV, effective),
    JSON_FIELD(oci_capabilities, "inheritable", STRV, inheritable),
    JSON_FIELD(oci_capabilities, "permitted", STRV, permitted),
    JSON_FIELD(oci_capabilities, "ambient", STRV, ambient));

SHAPE(user_shape, oci_user, NULL, JSON_FIELD(oci_user, "uid", U32, uid),
    JSON_FIELD(oci_user, "gid", U32, gid),
    JSON_FIELD(oci_user, "umask", U32, umask, JSON_HAS(oci_user, umask)),
    JSON_FIELD(oci_user, "additionalGids", U32_ARRAY, additional_gids));

SHAPE(console_size_shape, oci_process, NULL, JSON_FIELD(oci_process, "height", U64, console_height),
    JSON_FIELD(oci_process, "width", U64, console_width));

SHAPE(scheduler_shape, oci_scheduler, oci_check_scheduler,
    JSON_FIELD(oci_scheduler, "policy", TEXT, policy, .required = true),
    JSON_FIELD(oci_scheduler, "nice", I32, nice, JSON_HAS(oci_scheduler, nice)),
    JSON_FIELD(oci_scheduler, "priority", I32, priority, JSON_HAS(oci_scheduler, priority)),
    JSON_FIELD(oci_scheduler, "flags", STRV, flags),
    JSON_FIELD(oci_scheduler, "runtime", U64, runtime),
    JSON_FIELD(oci_scheduler, "deadline", U64, deadline),
    JSON_FIELD(oci_scheduler, "period", U64, period));

SHAPE(io_priority_shape, oci_io_priority, oci_check_io_priority,
    JSON_FIELD(oci_io_priority, "class", TEXT, class_name, .required = true),
    JSON_FIELD(oci_io_priority, "priority", I32, priority));

SHAPE(cpu_affinity_shape, oci_cpu_affinity, oci_check_cpu_affinity,
    JSON_FIELD(oci_cpu_affinity, "initial", TEXT, initial),
    JSON_FIELD(oci_cpu_affinity, "final", TEXT, final_));

SHAPE(process_shape, oci_process, oci_check_process,
    JSON_FIELD(oci_process, "terminal", BOOL, terminal),
    { .key = "consoleSize", .kind = JSON_KIND_STRUCT, .shape = &console_size_shape },
    JSON_FIELD(oci_process, "user", STRUCT, user, .shape = &user_shape),
    JSON_FIELD(oci_process, "args", STRV, args), JSON_FIELD(oci_process, "env", STRV, env),
    JSON_FIELD(oci_process, "cwd", TEXT, cwd, .required = true),
    JSON_FIELD(oci_process, "capabilities", POINTER, capabilities, .shape = &capabilities_shape),
    JSON_FIELD(oci_process, "rlimits", ARRAY, rlimits, .shape = &rlimit_shape),
    JSON_FIELD(oci_process, "noNewPrivileges", BOOL, no_new_privileges),
    JSON_FIELD(oci_process, "apparmorProfile", TEXT, apparmor_profile),
    JSON_FIELD(oci_process, "selinuxLabel", TEXT, selinux_label),
    JSON_FIELD(
        oci_process, "oomScoreAdj", I32, oom_score_adj, JSON_HAS(oci_process, oom_score_adj)),
    JSON_FIELD(oci_process, "scheduler", POINTER, scheduler, .shape = &scheduler_shape),
    JSON_FIELD(oci_process, "ioPriority", POINTER, io_priority, .shape = &io_priority_shape),
    JSON_FIELD(
        oci_process, "execCPUAffinity", POINTER, exec_cpu_affinity, .shape = &cpu_affinity_shape));

SHAPE(namespace_shape, oci_namespace, oci_check_namespace,
    JSON_FIELD(oci_namespace, "type", TEXT, type, .required = true),
    JSON_FIELD(oci_namespace, "path", TEXT, path));

SHAPE(device_shape, oci_device, oci_check_device,
    JSON_FIELD(oci_device, "path", TEXT, path, .required = true),
    JSON_FIELD(oci_device, "type", TEXT, type, .required = true),
    JSON_FIELD(oci_device, "major", I64, major), JSON_FIELD(oci_device, "minor", I64, minor),
    JSON_FIELD(oci_device, "fileMode", U32, file_mode, JSON_HAS(oci_device, file_mode)),
    JSON_FIELD(oci_device, "uid", U32, uid, JSON_HAS(oci_device, uid)),
    JSON_FIELD(oci_device, "gid", U32, gid, JSON_HAS(oci_device, gid)));

SHAPE(device_rule_shape, oci_device_rule, oci_check_device_rule,
    JSON_FIELD(oci_device_rule, "allow", BOOL, allow, .required = true),
    JSON_FIELD(oci_device_rule, "type", TEXT, type),
    JSON_FIELD(oci_device_rule, "access", TEXT, access),
    JSON_FIELD(oci_device_rule, "major", I64, major, JSON_HAS(oci_device_rule, major)),
    JSON_FIELD(oci_device_rule, "minor", I64, minor, JSON_HAS(oci_device_rule, minor)));

SHAPE(memory_shape, oci_memory, oci_check_memory,
    JSON_FIELD(oci_memory, "limit", I64, limit, JSON_HAS(oci_memory, limit)),
    JSON_FIELD(oci_memory, "reservation", I64, reservation, JSON_HAS(oci_memory, reservation)),
    JSON_FIELD(oci_memory, "swap", I64, swap, JSON_HAS(oci_memory, swap)),
    JSON_FIELD(oci_memory, "swappiness", U64, swappiness, JSON_HAS(oci_memory, swappiness)),
    JSON_FIELD(oci_memory, "kernel", I64, kernel, JSON_HAS(oci_memory, kernel)),
    JSON_FIELD(oci_memory, "kernelTCP", I64, kernel_tcp, JSON_HAS(oci_memory, kernel_tcp)),
    JSON_FIELD(oci_memory, "disableOOMKiller", BOOL, disable_oom_killer),
    JSON_FIELD(oci_memory, "useHierarchy", BOOL, use_hierarchy),
    JSON_FIELD(oci_memory, "checkBeforeUpdate", BOOL, check_before_update));

SHAPE(cpu_shape, oci_cpu, oci_check_cpu,
    JSON_FIELD(oci_cpu, "shares", U64, shares, JSON_HAS(oci_cpu, shares)),
    JSON_FIELD(oci_cpu, "quota", I64, quota, JSON_HAS(oci_cpu, quota)),
    JSON_FIELD(oci_cpu, "burst", U64, burst, JSON_HAS(oci_cpu, burst)),
    JSON_FIELD(oci_cpu, "period", U64, period, JSON_HAS(oci_cpu, period)),
    JSON_FIELD(oci_cpu, "idle", I64, idle, JSON_HAS(oci_cpu, idle)),
    JSON_FIELD(
        oci_cpu, "realtimeRuntime", I64, realtime_runtime, JSON_HAS(oci_cpu, realtime_runtime)),
    JSON_FIELD(oci_cpu, "realtimePeriod", U64, realtime_period, JSON_HAS(oci_cpu, realtime_period)),
    JSON_FIELD(oci_cpu, "cpus", TEXT, cpus), JSON_FIELD(oci_cpu, "mems", TEXT, mems));

SHAPE(weight_device_shape, oci_weight_device, NULL,
    JSON_FIELD(oci_weight_device, "major", I64, major, .required = true),
    JSON_FIELD(oci_weight_device, "minor", I64, minor, .required = true),
    JSON_FIELD(oci_weight_device, "weight", U32, weight, JSON_HAS(oci_weight_device, weight)),
    JSON_FIELD(oci_weight_device, "leafWeight", U32, leaf_weight,
        JSON_HAS(oci_weight_device, leaf_weight)));

SHAPE(throttle_device_shape, oci_throttle_device, NULL,
    JSON_FIELD(oci_throttle_device, "major", I64, major, .required = true),
    JSON_FIELD(oci_throttle_device, "minor", I64, minor, .required = true),
    JSON_FIELD(oci_throttle_device, "rate", U64, rate, .required = true));

#define THROTTLE(key_, member_) \
	JSON_FIELD(oci_block_io, key_, ARRAY, member_, .shape = &throttle_device_shape)

SHAPE(block_io_shape, oci_block_io, NULL,
    JSON_FIELD(oci_block_io, "weight", U32, weight, JSON_HAS(oci_block_io, weight)),
    JSON_FIELD(oci_block_io, "leafWeight", U32, leaf_weight, JSON_HAS(oci_block_io, leaf_weight)),
    JSON_FIELD(oci_block_io, "weightDevice", ARRAY, weight_devices, .shape = &weight_device_shape),
    THROTTLE("throttleReadBpsDevice", read_bps), THROTTLE("throttleWriteBpsDevice", write_bps),
    THROTTLE("throttleReadIOPSDevice", read_iops), THROTTLE("throttleWriteIOPSDevice", write_iops));

SHAPE(hugepage_limit_shape, oci_hugepage_limit, oci_check_hugepage_limit,
    JSON_FIELD(oci_hugepage_limit, "pageSize", TEXT, page_size, .required = true),
    JSON_FIELD(oci_hugepage_limit, "limit", U64, limit, .required = true));

SHAPE(pids_shape, oci_resources, NULL,
    JSON_FIELD(oci_resources, "limit", I64, pids_limit, JSON_HAS(oci_resources, pids_limit)));

SHAPE(interface_priority_shape, oci_interface_priority, oci_check_interface_priority,
    JSON_FIELD(oci_interface_priority, "name", TEXT, name, .required = true),
    JSON_FIELD(oci_interface_priority, "priority", U32, priority, .required = true));

SHAPE(network_shape, oci_network, NULL,
    JSON_FIELD(oci_network, "classID", U32, class_id, JSON_HAS(oci_network, class_id)),
    JSON_FIELD(oci_network, "priorities", ARRAY, priorities, .shape = &interface_priority_shape));

SHAPE(rdma_shape, oci_rdma, oci_check_rdma,
    JSON_FIELD(oci_rdma, "hcaHandles", U32, hca_handles, JSON_HAS(oci_rdma, hca_handles)),
    JSON_FIELD(oci_rdma, "hcaObjects", U32, hca_objects, JSON_HAS(oci_rdma, hca_objects)));

SHAPE(resources_shape, oci_resources, oci_check_resources,
    JSON_FIELD(oci_resources, "devices", ARRAY, devices, .shape = &device_rule_shape),
    JSON_FIELD(oci_resources, "memory", POINTER, memory, .shape = &memory_shape),
    JSON_FIELD(oci_resources, "cpu", POINTER, cpu, .shape = &cpu_shape),
    JSON_FIELD(oci_resources, "blockIO", POINTER, block_io, .shape = &block_io_shape),
    JSON_FIELD(
        oci_resources, "hugepageLimits", ARRAY, hugepage_limits, .shape = &hugepage_limit_shape),
    { .key = "pids", .kind = JSON_KIND_STRUCT, .shape = &pids_shape },
    JSON_FIELD(oci_resources, "network", POINTER, network, .shape = &network_shape),
    JSON_FIELD(oci_resources, "rdma", ENTRIES, rdma, .shape = &rdma_shape),
    JSON_FIELD(oci_resources, "unified", MAP, unified));

SHAPE(seccomp_arg_shape, oci_seccomp_arg, oci_check_seccomp_arg,
    JSON_FIELD(oci_seccomp_arg, "index", U32, index, .required = true),
    JSON_FIELD(oci_seccomp_arg, "value", U64, value, .required = true),
    JSON_FIELD(oci_seccomp_arg, "valueTwo", U64, value_two),
    JSON_FIELD(oci_seccomp_arg, "op", TEXT, op, .required = true));

SHAPE(seccomp_rule_shape, oci_seccomp_rule, oci_check_seccomp_rule,
    JSON_FIELD(oci_seccomp_rule, "names", STRV, names, .required = true),
    JSON_FIELD(oci_seccomp_rule, "action", TEXT, action, .required = true),
    JSON_FIELD(oci_seccomp_rule, "errnoRet", U32, errno_ret, JSON_HAS(oci_seccomp_rule, errno_ret)),
    JSON_FIELD(oci_seccomp_rule, "args", ARRAY, args, .shape = &seccomp_arg_shape));

SHAPE(seccomp_shape, oci_seccomp, oci_check_seccomp,
    JSON_FIELD(oci_seccomp, "defaultAction", TEXT, default_action, .required = true),
    JSON_FIELD(oci_seccomp, "defaultErrnoRet", U32, default_errno_ret,
        JSON_HAS(oci_seccomp, default_errno_ret)),
    JSON_FIELD(oci_seccomp, "architectures", STRV, architectures),
    JSON_FIELD(oci_seccomp, "flags", STRV, flags),
    JSON_FIELD(oci_seccomp, "listenerPath", TEXT, listener_path),
    JSON_FIELD(oci_seccomp, "listenerMetadata", TEXT, listener_metadata),
    JSON_FIELD(oci_seccomp, "syscalls", ARRAY, syscalls, .shape = &seccomp_rule_shape));

SHAPE(hook_shape, oci_hook, oci_check_hook,
    JSON_FIELD(oci_hook, "path", TEXT, path, .required = true),
    JSON_FIELD(oci_hook, "args", STRV, args), JSON_FIELD(oci_hook, "env", STRV, env),
    JSON_FIELD(oci_hook, "timeout", I64, timeout, JSON_HAS(oci_hook, timeout)));

#define HOOKS(key_, member_) JSON_FIELD(oci_hooks, key_, ARRAY, member_.items, .shape = &hook_shape)

SHAPE(hooks_shape, oci_hooks, NULL, HOOKS("prestart", prestart),
    HOOKS("createRuntime", create_runtime), HOOKS("createContainer", create_container),
    HOOKS("startContainer", start_container), HOOKS("poststart", poststart),
    HOOKS("poststop", poststop));

SHAPE(personality_shape, oci_personality, oci_check_personality,
    JSON_FIELD(oci_personality, "domain", TEXT, domain, .required = true),
    JSON_FIELD(oci_personality, "flags", STRV, flags));

SHAPE(memory_policy_shape, oci_memory_policy, oci_check_memory_policy,
    JSON_FIELD(oci_memory_policy, "mode", TEXT, mode, .required = true),
    JSON_FIELD(oci_memory_policy, "nodes", TEXT, nodes),
    JSON_FIELD(oci_memory_policy, "flags", STRV, flags));

SHAPE(time_offset_shape, oci_time_offset, oci_check_time_offset,
    JSON_FIELD(oci_time_offset, "secs", I64, secs),
    JSON_FIELD(oci_time_offset, "nanosecs", U32, nanosecs));

SHAPE(time_offsets_shape, oci_time_offsets, NULL,
    JSON_FIELD(oci_time_offsets, "monotonic", POINTER, monotonic, .shape = &time_offset_shape),
    JSON_FIELD(oci_time_offsets, "boottime", POINTER, boottime, .shape = &time_offset_shape));

SHAPE(net_device_shape, oci_net_device, oci_check_net_device,
    JSON_FIELD(oci_net_device, "name", TEXT, name));

SHAPE(intel_rdt_shape, oci_intel_rdt, oci_check_intel_rdt,
    JSON_FIELD(oci_intel_rdt, "closID", TEXT, clos_id),
    JSON_FIELD(oci_intel_rdt, "l3CacheSchema", TEXT, l3_cache_schema),
    JSON_FIELD(oci_intel_rdt, "memBwSchema", TEXT, mem_bw_schema),
    JSON_FIELD(oci_intel_rdt, "schemata", STRV, schemata),
    JSON_FIELD(oci_intel_rdt, "enableMonitoring", BOOL, enable_monitoring));

SHAPE(linux_shape, oci_linux, oci_check_linux,
    JSON_FIELD(oci_linux, "namespaces", ARRAY, namespaces, .shape = &namespace_shape),
    JSON_FIELD(oci_linux, "uidMappings", ARRAY, uid_mappings, .shape = &idmap_shape),
    JSON_FIELD(oci_linux, "gidMappings", ARRAY, gid_mappings, .shape = &idmap_shape),
    JSON_FIELD(oci_linux, "devices", ARRAY, devices, .shape = &device_shape),
    JSON_FIELD(oci_linux, "cgroupsPath", TEXT, cgroups_path),
    JSON_FIELD(oci_linux, "resources", POINTER, resources, .shape = &resources_shape),
    JSON_FIELD(oci_linux, "sysctl", MAP, sysctl),
    JSON_FIELD(oci_linux, "seccomp", POINTER, seccomp, .shape = &seccomp_shape),
    JSON_FIELD(oci_linux, "rootfsPropagation", TEXT, rootfs_propagation),
    JSON_FIELD(oci_linux, "maskedPaths", STRV, masked_paths),
    JSON_FIELD(oci_linux, "readonlyPaths", STRV, readonly_paths),
    JSON_FIELD(oci_linux, "mountLabel", TEXT, mount_label),
    JSON_FIELD(oci_linux, "personality", POINTER, personality, .shape = &personality_shape),
    JSON_FIELD(oci_linux, "memoryPolicy", POINTER, memory_policy, .shape = &memory_policy_shape),
    JSON_FIELD(oci_linux, "timeOffsets", POINTER, time_offsets, .shape = &time_offsets_shape),
    JSON_FIELD(oci_linux, "netDevices", ENTRIES, net_devices, .shape = &net_device_shape),
    JSON_FIELD(oci_linux, "intelRdt", POINTER, intel_rdt, .shape = &intel_rdt_shape));

SHAPE(root_shape, oci_config, NULL,
    JSON_FIELD(oci_config, "path", TEXT, root_path, .required = true),
    JSON_FIELD(oci_config, "readonly", BOOL, root_readonly));

SHAPE(config_shape, oci_config, oci_check_config,
    JSON_FIELD(oci_config, "ociVersion", TEXT, oci_version, .required = true),
    { .key = "root", .kind = JSON_KIND_STRUCT, .shape = &root_shape, .required = true },
    JSON_FIELD(oci_config, "hostname", TEXT, hostname),
    JSON_FIELD(oci_config, "domainname", TEXT, domainname),
    JSON_FIELD(oci_config, "mounts", ARRAY, mounts, .shape = &mount_shape),
    JSON_FIELD(oci_config, "process", POINTER, process, .shape = &process_shape),
    JSON_FIELD(oci_config, "hooks", POINTER, hooks, .shape = &hooks_shape),
    JSON_FIELD(oci_config, "annotations", MAP, annotations),
    JSON_FIELD(oci_config, "linux", POINTER, linux_, .shape = &linux_shape));

int oci_config_parse(const char *text, size_t len, struct oci_config **ret_config, struct err *e)
{
	AUTO(oci_config_free) struct oci_config *config = NULL;
	int r;

	config = calloc(1, sizeof(*config));
	if (!config)
		return err_set(e, -ENOMEM, "config.json");
	r = json_shape_parse(&config_shape, text, len, "config.json", config, e);
	if (r < 0)
		return r;
	*ret_config = TAKE(config);
	return 0;
}

int oci_config_add_process(struct oci_config *config)
{
	if (config->process)
		return 0;
	config->process = calloc(1, sizeof(*config->process));
	if (!config->process)
		return -ENOMEM;
	config->process->cwd = strdup("/");
	return config->process->cwd ? 0 : -ENOMEM;
}

int oci_process_parse(const char *text, size_t len, struct oci_process **ret_process, struct err *e)
{
	AUTO(oci_process_free) struct oci_process *process = calloc(1, sizeof(*process));
	int r;

	if (!process)
		return err_set(e, -ENOMEM, "process.json");
	r = json_shape_parse(&process_shape, text, len, "process.json", process, e);
	if (r < 0)
		return r;
	*ret_process = TAKE(process);
	return 0;
}

struct oci_process *oci_process_free(struct oci_process *process)
{
	if (process)
		json_shape_done(&process_shape, process);
	free(process);
	return NULL;
}

int oci_resources_parse(
    const char *text, size_t len, struct oci_resources **ret_resources, struct err *e)
{
	AUTO(oci_resources_free) struct oci_resources *resources = calloc(1, sizeof(*resources));
	int r;

	if (!resources)
		return err_set(e, -ENOMEM, "resources");
	r = json_shape_parse(&resources_shape, text, len, "resources", resources, e);
	if (r < 0)
		return r;
	*ret_resources = TAKE(resources);
	return 0;
}

struct oci_resources *oci_resources_free(struct oci_resources *resources)
{
	if (resources)
		json_shape_done(&resources_shape, resources);
	free(resources);
	return NULL;
}

struct oci_config *oci_config_free(struct oci_config *config)
{
	if (config)
		json_shape_done(&config_shape, config);
	free(config);
	return NULL;
}
