/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OCI run-time configuration: what a table cannot say
 *
 * One check for each struct that needs one, called as json_shape's `check` when
 * it is filled: is a name known, a path absolute, a kind there but once? A few
 * bring a field into its one form. -EBADMSG, and `e` has the path in it.
 *
 * What depends on this host (does it have that cgroup, that capability?) is for
 * who carries the configuration out.
 */
#ifndef DOLIUM_FORMAT_OCI_CONFIG_CHECK_H
#define DOLIUM_FORMAT_OCI_CONFIG_CHECK_H

struct err;

int oci_check_config(void *filled, const char *path, struct err *e);
int oci_check_cpu(void *filled, const char *path, struct err *e);
int oci_check_cpu_affinity(void *filled, const char *path, struct err *e);
int oci_check_device(void *filled, const char *path, struct err *e);
int oci_check_device_rule(void *filled, const char *path, struct err *e);
int oci_check_hook(void *filled, const char *path, struct err *e);
int oci_check_hugepage_limit(void *filled, const char *path, struct err *e);
int oci_check_idmap(void *filled, const char *path, struct err *e);
int oci_check_intel_rdt(void *filled, const char *path, struct err *e);
int oci_check_interface_priority(void *filled, const char *path, struct err *e);
int oci_check_io_priority(void *filled, const char *path, struct err *e);
int oci_check_linux(void *filled, const char *path, struct err *e);
int oci_check_memory(void *filled, const char *path, struct err *e);
int oci_check_memory_policy(void *filled, const char *path, struct err *e);
int oci_check_mount(void *filled, const char *path, struct err *e);
int oci_check_namespace(void *filled, const char *path, struct err *e);
int oci_check_net_device(void *filled, const char *path, struct err *e);
int oci_check_personality(void *filled, const char *path, struct err *e);
int oci_check_process(void *filled, const char *path, struct err *e);
int oci_check_rdma(void *filled, const char *path, struct err *e);
int oci_check_resources(void *filled, const char *path, struct err *e);
int oci_check_rlimit(void *filled, const char *path, struct err *e);
int oci_check_scheduler(void *filled, const char *path, struct err *e);
int oci_check_seccomp(void *filled, const char *path, struct err *e);
int oci_check_seccomp_arg(void *filled, const char *path, struct err *e);
int oci_check_seccomp_rule(void *filled, const char *path, struct err *e);
int oci_check_time_offset(void *filled, const char *path, struct err *e);

#endif
