/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OCI run-time configuration, config.json
 *
 * Structs with the names of the specification (runtime-spec 1.3, config.md and
 * config-linux.md). A zeroed struct is a valid, empty configuration. Numbers
 * that may be absent have a `has_` bool beside them. Unknown keys are ignored.
 */
#ifndef DOLIUM_FORMAT_OCI_CONFIG_H
#define DOLIUM_FORMAT_OCI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/strmap.h"
#include "base/strv.h"

struct buf;
struct err;

struct oci_idmap {
	uint32_t container_id, host_id, size;
};

struct oci_mount {
	char *destination, *type, *source;
	struct strv options;
	struct oci_idmap *uid_mappings;
	size_t n_uid_mappings;
	struct oci_idmap *gid_mappings;
	size_t n_gid_mappings;
};

struct oci_rlimit {
	char *type; /* "RLIMIT_NOFILE" */
	uint64_t soft, hard;
};

struct oci_capabilities {
	struct strv bounding, effective, inheritable, permitted, ambient;
};

struct oci_user {
	uint32_t uid, gid, umask;
	bool has_umask;
	uint32_t *additional_gids;
	size_t n_additional_gids;
};

struct oci_scheduler {
	char *policy; /* "SCHED_FIFO" */
	int32_t nice, priority;
	bool has_nice, has_priority;
	struct strv flags; /* "SCHED_FLAG_RESET_ON_FORK" */
	uint64_t runtime, deadline, period; /* nanoseconds; 0: not said */
};

struct oci_io_priority {
	char *class_name; /* "IOPRIO_CLASS_BE" */
	int32_t priority; /* 0 is the highest, 7 the lowest */
};

struct oci_cpu_affinity {
	char *initial, *final_; /* lists of cpus; NULL: as it is */
};

struct oci_process {
	bool terminal;
	uint64_t console_height, console_width; /* 0: not said */
	struct oci_user user;
	struct strv args, env;
	char *cwd;
	struct oci_capabilities *capabilities; /* NULL: not said */
	struct oci_rlimit *rlimits;
	size_t n_rlimits;
	bool no_new_privileges;
	char *apparmor_profile, *selinux_label;
	int32_t oom_score_adj;
	bool has_oom_score_adj;
	struct oci_scheduler *scheduler; /* NULL: not said; so are those below */
	struct oci_io_priority *io_priority;
	struct oci_cpu_affinity *exec_cpu_affinity;
};

struct oci_namespace {
	char *type; /* pid network mount ipc uts user cgroup time */
	char *path; /* NULL: a new one */
};

struct oci_device {
	char *path, *type; /* type: c b u p */
	int64_t major, minor;
	uint32_t file_mode, uid, gid;
	bool has_file_mode, has_uid, has_gid;
};

struct oci_device_rule {
	bool allow;
	char *type, *access; /* NULL: all */
	int64_t major, minor;
	bool has_major, has_minor; /* absent: any; -1: any */
};

struct oci_memory {
	int64_t limit, reservation, swap;
	bool has_limit, has_reservation, has_swap;
	int64_t kernel, kernel_tcp; /* no kernel has them any more */
	bool has_kernel, has_kernel_tcp;
	uint64_t swappiness;
	bool has_swappiness, disable_oom_killer, use_hierarchy;
	bool check_before_update; /* refuse a limit below what is in use */
};

struct oci_cpu {
	uint64_t shares, period, burst;
	int64_t quota, idle;
	bool has_shares, has_period, has_burst, has_quota, has_idle;
	int64_t realtime_runtime;
	uint64_t realtime_period;
	bool has_realtime_runtime, has_realtime_period;
	char *cpus, *mems;
};

struct oci_throttle_device {
	int64_t major, minor;
	uint64_t rate;
};

struct oci_weight_device {
	int64_t major, minor;
	uint32_t weight, leaf_weight;
	bool has_weight, has_leaf_weight;
};

struct oci_block_io {
	uint32_t weight, leaf_weight;
	bool has_weight, has_leaf_weight;
	struct oci_weight_device *weight_devices;
	size_t n_weight_devices;
	struct oci_throttle_device *read_bps;
	size_t n_read_bps;
	struct oci_throttle_device *write_bps;
	size_t n_write_bps;
	struct oci_throttle_device *read_iops;
	size_t n_read_iops;
	struct oci_throttle_device *write_iops;
	size_t n_write_iops;
};

struct oci_hugepage_limit {
	char *page_size; /* "2MB" */
	uint64_t limit;
};

struct oci_interface_priority {
	char *name;
	uint32_t priority;
};

struct oci_network {
	uint32_t class_id;
	bool has_class_id;
	struct oci_interface_priority *priorities;
	size_t n_priorities;
};

struct oci_rdma {
	char *key; /* "mlx5_1" */
	uint32_t hca_handles, hca_objects;
	bool has_hca_handles, has_hca_objects;
};

struct oci_resources {
	struct oci_device_rule *devices;
	size_t n_devices;
	struct oci_memory *memory;
	struct oci_cpu *cpu;
	struct oci_block_io *block_io;
	struct oci_hugepage_limit *hugepage_limits;
	size_t n_hugepage_limits;
	int64_t pids_limit;
	bool has_pids_limit;
	struct oci_network *network;
	struct oci_rdma *rdma;
	size_t n_rdma;
	struct strmap unified;
};

struct oci_seccomp_arg {
	uint32_t index;
	uint64_t value, value_two;
	char *op; /* SCMP_CMP_NE LT LE EQ GE GT MASKED_EQ */
};

struct oci_seccomp_rule {
	struct strv names;
	char *action;
	uint32_t errno_ret;
	bool has_errno_ret;
	struct oci_seccomp_arg *args;
	size_t n_args;
};

struct oci_seccomp {
	char *default_action;
	uint32_t default_errno_ret;
	bool has_default_errno_ret;
	struct strv architectures, flags;
	char *listener_path, *listener_metadata;
	struct oci_seccomp_rule *syscalls;
	size_t n_syscalls;
};

struct oci_hook {
	char *path;
	struct strv args, env;
	int64_t timeout; /* seconds */
	bool has_timeout;
};

struct oci_hook_list {
	struct oci_hook *items;
	size_t n;
};

struct oci_hooks {
	struct oci_hook_list prestart, create_runtime, create_container, start_container, poststart,
	    poststop;
};

struct oci_personality {
	char *domain; /* "LINUX" or "LINUX32" */
	struct strv flags;
};

struct oci_memory_policy {
	char *mode; /* "MPOL_BIND" */
	char *nodes; /* "0-1"; NULL: none */
	struct strv flags; /* "MPOL_F_STATIC_NODES" */
};

struct oci_time_offset {
	int64_t secs;
	uint32_t nanosecs;
};

struct oci_time_offsets {
	struct oci_time_offset *monotonic, *boottime; /* NULL: none */
};

struct oci_net_device {
	char *key; /* its name on the host */
	char *name; /* and in the container; NULL: the same */
};

struct oci_intel_rdt {
	char *clos_id; /* NULL: a group of the container's own */
	char *l3_cache_schema, *mem_bw_schema;
	struct strv schemata; /* written as they are, behind those two */
	bool enable_monitoring;
};

struct oci_linux {
	struct oci_namespace *namespaces;
	size_t n_namespaces;
	struct oci_idmap *uid_mappings;
	size_t n_uid_mappings;
	struct oci_idmap *gid_mappings;
	size_t n_gid_mappings;
	struct oci_device *devices;
	size_t n_devices;
	char *cgroups_path;
	struct oci_resources *resources;
	struct strmap sysctl;
	struct oci_seccomp *seccomp;
	char *rootfs_propagation;
	struct strv masked_paths, readonly_paths;
	char *mount_label;
	struct oci_personality *personality;
	struct oci_memory_policy *memory_policy;
	struct oci_time_offsets *time_offsets;
	struct oci_net_device *net_devices;
	size_t n_net_devices;
	struct oci_intel_rdt *intel_rdt;
};

struct oci_config {
	char *oci_version;
	char *root_path; /* root.path */
	bool root_readonly;
	char *hostname, *domainname;
	struct oci_mount *mounts;
	size_t n_mounts;
	struct oci_process *process; /* NULL: not said */
	struct oci_hooks *hooks;
	struct strmap annotations;
	struct oci_linux *linux_; /* NULL: not said */
};

/*
 * Reads and checks one. On failure nothing needs freeing. -EBADMSG: not a valid
 * configuration; the text starts with "config.json: " and the path of the value.
 */
int oci_config_parse(const char *text, size_t len, struct oci_config **ret_config, struct err *e);

/* Appends it as JSON text; oci_config_parse() of that gives an equal struct. */
void oci_config_write(const struct oci_config *config, struct buf *to);
/* The process alone, as `exec --process` reads it. */
void oci_process_write(const struct oci_process *process, struct buf *to);

struct oci_config *oci_config_free(struct oci_config *config); /* NULL is fine; returns NULL */
AUTO_DEFINE(struct oci_config *, oci_config_free);

/* Where there is no process: one without a program, which can be created and not started. -ENOMEM.
 */
int oci_config_add_process(struct oci_config *config);

/* The same for parts that come alone: `exec --process FILE`, `update --resources FILE`. */
int oci_process_parse(
    const char *text, size_t len, struct oci_process **ret_process, struct err *e);
struct oci_process *oci_process_free(struct oci_process *process); /* NULL is fine; returns NULL */
AUTO_DEFINE(struct oci_process *, oci_process_free);

int oci_resources_parse(
    const char *text, size_t len, struct oci_resources **ret_resources, struct err *e);
struct oci_resources *oci_resources_free(struct oci_resources *resources); /* the same */
AUTO_DEFINE(struct oci_resources *, oci_resources_free);

#endif
