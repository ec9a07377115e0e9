/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: what is asked for, and writing it
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "format/oci_config.h"
#include "isolate/limits_devices.h"
#include "isolate/limits_group.h"
#include "isolate/limits_values.h"
#include "os/cgroup.h"
#include "os/file.h"

/* ---- what was asked for ---- */

static bool asks_cpu(const struct oci_cpu *cpu)
{
	return cpu &&
	    (cpu->has_shares || cpu->has_quota || cpu->has_period || cpu->has_burst ||
	        cpu->has_idle || cpu->realtime_runtime || cpu->realtime_period);
}

static bool asks_cpuset(const struct oci_cpu *cpu)
{
	return cpu && ((cpu->cpus && *cpu->cpus) || (cpu->mems && *cpu->mems));
}

static bool asks_memory(const struct oci_memory *m)
{
	return m &&
	    (m->has_limit || m->has_reservation || m->has_swap || m->has_swappiness ||
	        m->disable_oom_killer);
}

static bool asks_io(const struct oci_block_io *io)
{
	return io &&
	    (io->has_weight || io->has_leaf_weight || io->n_weight_devices || io->n_read_bps ||
	        io->n_write_bps || io->n_read_iops || io->n_write_iops);
}

/* The controllers without which `resources` cannot be had. */
uint32_t limits_asked(const struct oci_resources *resources)
{
	uint32_t asked = 0;

	if (!resources)
		return 0;
	if (asks_cpu(resources->cpu))
		asked |= CGROUP_BIT(CGROUP_CPU);
	if (asks_cpuset(resources->cpu))
		asked |= CGROUP_BIT(CGROUP_CPUSET);
	if (asks_memory(resources->memory))
		asked |= CGROUP_BIT(CGROUP_MEMORY);
	if (asks_io(resources->block_io))
		asked |= CGROUP_BIT(CGROUP_IO);
	if (resources->has_pids_limit && resources->pids_limit != 0)
		asked |= CGROUP_BIT(CGROUP_PIDS);
	if (resources->n_hugepage_limits)
		asked |= CGROUP_BIT(CGROUP_HUGETLB);
	if (resources->n_rdma)
		asked |= CGROUP_BIT(CGROUP_RDMA);
	if (resources->network && resources->network->has_class_id)
		asked |= CGROUP_BIT(CGROUP_NET_CLS);
	if (resources->network && resources->network->n_priorities)
		asked |= CGROUP_BIT(CGROUP_NET_PRIO);
	return asked;
}

/* "memory.max" -> the memory controller. */
uint32_t limits_asked_unified(const struct oci_resources *resources)
{
	uint32_t asked = 0;

	for (size_t i = 0; resources && i < resources->unified.n; i++) {
		const char *key = resources->unified.items[i].key;
		enum cgroup_controller c = cgroup_controller_find(key, strcspn(key, "."));

		if (c < CGROUP_N_CONTROLLERS)
			asked |= CGROUP_BIT(c);
	}
	return asked;
}

static const char *name_of(enum cgroup_controller controller)
{
	const char *v2 = cgroup_controller_name(controller, true);

	return v2 ? v2 : cgroup_controller_name(controller, false);
}

int limits_refuse_missing(uint32_t missing, struct err *e)
{
	unsigned i = (unsigned)__builtin_ctz(missing);

	err_refuse(e, -EOPNOTSUPP, "cannot limit '%s': this host has no cgroup controller for it",
	    name_of((enum cgroup_controller)i));
	err_hint(e, "'cat /proc/cgroups' lists those that the kernel has");
	return -EOPNOTSUPP;
}

/* ---- writing ---- */

static int write_failed(
    struct err *e, int r, const struct group *g, const char *file, const char *value)
{
	if (r == -ENOENT)
		return err_refuse(e, -EOPNOTSUPP,
		    "cannot set %s to '%s': this kernel's cgroups have no such limit", file, value);
	return err_set(e, r, "cannot set %s of cgroup '%s' to '%s'", file, g->path, value);
}

static int put(const struct group *g, const char *file, const char *value, struct err *e)
{
	const int r = cgroup_write(g->path, file, value);

	return r < 0 ? write_failed(e, r, g, file, value) : 0;
}

static int put_i64(const struct group *g, const char *file, int64_t value, struct err *e)
{
	char text[LIMITS_VALUE_MAX];

	snprintf(text, sizeof(text), "%jd", (intmax_t)value);
	return put(g, file, text, e);
}

static int put_max(const struct group *g, const char *file, int64_t value, struct err *e)
{
	char text[LIMITS_VALUE_MAX];

	limits_print_max(text, value);
	return put(g, file, text, e);
}

/*
 * v1 keeps memory <= memory and swap at each write. So the two of a running
 * container are written in the order that the kernel takes.
 */
static int put_memory_v1_limits(const struct group *g, const struct oci_memory *m, struct err *e)
{
	static const char file[] = "memory.limit_in_bytes";
	int64_t limit = m->has_limit ? m->limit : 0, swap = m->has_swap ? m->swap : 0;
	char text[LIMITS_VALUE_MAX];
	int r;

	if (limit == -1 && !swap)
		swap = -1;
	if (swap > 0 && limit > 0 && swap < limit)
		return err_refuse(e, -EINVAL,
		    "the limit of memory and swap together, %jd, is below that of memory, %jd",
		    (intmax_t)swap, (intmax_t)limit);
	snprintf(text, sizeof(text), "%jd", (intmax_t)limit);
	if (limit) {
		r = cgroup_write(g->path, file, text);
		if (r == -EINVAL && swap) {
			r = put_i64(g, "memory.memsw.limit_in_bytes", swap, e);
			return r < 0 ? r : put(g, file, text, e);
		}
		if (r < 0)
			return write_failed(e, r, g, file, text);
	}
	if (!swap)
		return 0;
	/* A kernel without swap accounting has no such file, and no swap limit to lift. */
	r = put_i64(g, "memory.memsw.limit_in_bytes", swap, e);
	return r == -EOPNOTSUPP && swap == -1 ? 0 : r;
}

static int put_memory_v1(const struct group *g, const struct oci_memory *m, struct err *e)
{
	int r = put_memory_v1_limits(g, m, e);

	if (r >= 0 && m->has_reservation && m->reservation)
		r = put_i64(g, "memory.soft_limit_in_bytes", m->reservation, e);
	if (r >= 0 && m->has_swappiness)
		r = put_i64(g, "memory.swappiness", (int64_t)m->swappiness, e);
	if (r >= 0 && m->disable_oom_killer)
		r = put(g, "memory.oom_control", "1", e);
	return r;
}

static int put_memory_v2(const struct group *g, const struct oci_memory *m, struct err *e)
{
	int64_t swap;
	bool has_swap;
	int r;

	if (m->has_swappiness)
		return err_refuse(e, -EOPNOTSUPP, "cannot set swappiness: cgroup v2 has none");
	if (m->disable_oom_killer)
		return err_refuse(
		    e, -EOPNOTSUPP, "cannot disable the OOM killer: cgroup v2 cannot do that");
	r = limits_swap_alone(m, &swap, &has_swap, e);
	if (r >= 0 && has_swap) {
		r = put_max(g, "memory.swap.max", swap, e);
		if (r == -EOPNOTSUPP && swap == -1)
			r = 0;
	}
	if (r >= 0 && m->has_limit && m->limit)
		r = put_max(g, "memory.max", m->limit, e);
	if (r >= 0 && m->has_reservation && m->reservation)
		r = put_max(g, "memory.low", m->reservation, e);
	return r;
}

/* What no kernel has had since 5.16, and 6.12. */
static void warn_of_kernel_limits(const struct oci_memory *m)
{
	if (m->has_kernel || m->has_kernel_tcp)
		log_warning(
		    "linux.resources.memory: kernel and kernelTCP are not limited apart: no "
		    "kernel does that any more");
}

/* v1 refuses a limit below what is used; v2 would kill for it. */
static int check_memory_use(const struct group *g, const struct oci_memory *m, struct err *e)
{
	char text[LIMITS_VALUE_MAX];
	uint64_t used;

	if (!m->check_before_update || !m->has_limit || m->limit <= 0)
		return 0;
	if (cgroup_read(g->path, "memory.current", text, sizeof(text)) < 0)
		return 0;
	used = strtoull(text, NULL, 10);
	if ((uint64_t)m->limit >= used)
		return 0;
	return err_refuse(e, -EBUSY,
	    "memory.limit: %jd is below the %ju that are in use (checkBeforeUpdate)",
	    (intmax_t)m->limit, (uintmax_t)used);
}

static int put_realtime(const struct group *g, const struct oci_cpu *c, struct err *e)
{
	char text[LIMITS_VALUE_MAX];
	int r = 0;

	if (!c->realtime_runtime && !c->realtime_period)
		return 0; /* engines write 0 for "not said" */
	if (g->v2)
		return err_refuse(e, -EOPNOTSUPP,
		    "cannot limit real-time cpu (realtimeRuntime, realtimePeriod): cgroup v2 "
		    "cannot do that");
	if (c->realtime_period) {
		snprintf(text, sizeof(text), "%ju", (uintmax_t)c->realtime_period);
		r = put(g, "cpu.rt_period_us", text, e);
	}
	if (r >= 0 && c->realtime_runtime)
		r = put_i64(g, "cpu.rt_runtime_us", c->realtime_runtime, e);
	return r;
}

static int put_priorities(const struct group *g, const struct oci_network *network, struct err *e)
{
	char text[64];
	int r = 0;

	for (size_t i = 0; i < network->n_priorities && r >= 0; i++) {
		snprintf(text, sizeof(text), "%s %u", network->priorities[i].name,
		    network->priorities[i].priority);
		r = put(g, "net_prio.ifpriomap", text, e);
	}
	return r;
}

static int put_rdma(const struct group *g, const struct oci_resources *res, struct err *e)
{
	char text[160];
	int r = 0;

	for (size_t i = 0; i < res->n_rdma && r >= 0; i++) {
		const struct oci_rdma *d = &res->rdma[i];
		int n = snprintf(text, sizeof(text), "%s", d->key);

		if (d->has_hca_handles)
			n += snprintf(
			    text + n, sizeof(text) - (size_t)n, " hca_handle=%u", d->hca_handles);
		if (d->has_hca_objects)
			snprintf(
			    text + n, sizeof(text) - (size_t)n, " hca_object=%u", d->hca_objects);
		r = put(g, "rdma.max", text, e);
	}
	return r;
}

static int put_cpu_v1(const struct group *g, const struct oci_cpu *c, struct err *e)
{
	static const char file[] = "cpu.cfs_period_us";
	const bool has_quota = c->has_quota && c->quota;
	char period[LIMITS_VALUE_MAX];
	bool period_later = false;
	int r = 0;

	if (c->has_idle)
		r = put_i64(g, "cpu.idle", c->idle, e);
	if (r >= 0 && c->has_shares && c->shares)
		r = put_i64(g, "cpu.shares", (int64_t)c->shares, e);
	if (r >= 0 && c->has_period && c->period) {
		snprintf(period, sizeof(period), "%ju", (uintmax_t)c->period);
		r = cgroup_write(g->path, file, period);
		/* Too short for the old quota, and there is a new one: the quota first. */
		period_later = r == -EINVAL && has_quota;
		if (period_later)
			r = 0;
		else if (r < 0)
			return write_failed(e, r, g, file, period);
	}
	if (r >= 0 && has_quota)
		r = put_i64(g, "cpu.cfs_quota_us", c->quota, e);
	if (r >= 0 && period_later)
		r = put(g, file, period, e);
	if (r >= 0 && c->has_burst)
		r = put_i64(g, "cpu.cfs_burst_us", (int64_t)c->burst, e);
	return r;
}

static int put_cpu_v2(const struct group *g, const struct oci_cpu *c, struct err *e)
{
	char text[LIMITS_VALUE_MAX];
	int r = 0;

	if (c->has_idle)
		r = put_i64(g, "cpu.idle", c->idle, e);
	if (r >= 0 && c->has_shares && c->shares)
		r = put_i64(g, "cpu.weight", (int64_t)limits_shares_to_weight(c->shares), e);
	if (r >= 0 && ((c->has_quota && c->quota) || (c->has_period && c->period))) {
		limits_print_cpu_max(
		    text, c->has_quota ? c->quota : 0, c->has_period ? c->period : 0);
		r = put(g, "cpu.max", text, e);
	}
	if (r >= 0 && c->has_burst)
		r = put_i64(g, "cpu.max.burst", (int64_t)c->burst, e);
	return r;
}

static int put_cpuset(const struct group *g, const struct oci_cpu *c, struct err *e)
{
	int r = 0;

	if (c->cpus && *c->cpus)
		r = put(g, "cpuset.cpus", c->cpus, e);
	if (r >= 0 && c->mems && *c->mems)
		r = put(g, "cpuset.mems", c->mems, e);
	return r;
}

static bool has_file(const struct group *g, const char *file)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s/%s", g->path, file) < (int)sizeof(path) &&
	    access(path, F_OK) == 0;
}

/* With the BFQ scheduler the weight is in a file of its own, in v1's numbers. */
static int put_io_weight(const struct group *g, const struct oci_block_io *io, struct err *e)
{
	if (has_file(g, g->v2 ? "io.bfq.weight" : "blkio.bfq.weight"))
		return put_i64(g, g->v2 ? "io.bfq.weight" : "blkio.bfq.weight", io->weight, e);
	if (!g->v2)
		return put_i64(g, "blkio.weight", io->weight, e);
	return put_i64(g, "io.weight", (int64_t)limits_blkio_to_io_weight(io->weight), e);
}

static int put_weight_device(
    const struct group *g, const struct oci_weight_device *d, struct err *e)
{
	const char *file = g->v2 ? "io.bfq.weight" : "blkio.weight_device";
	char text[LIMITS_VALUE_MAX];
	int r;

	if (!g->v2 && has_file(g, "blkio.bfq.weight_device"))
		file = "blkio.bfq.weight_device";
	if (d->has_weight) {
		snprintf(text, sizeof(text), "%jd:%jd %u", (intmax_t)d->major, (intmax_t)d->minor,
		    d->weight);
		r = put(g, file, text, e);
		if (r < 0)
			return r;
	}
	if (!d->has_leaf_weight)
		return 0;
	snprintf(text, sizeof(text), "%jd:%jd %u", (intmax_t)d->major, (intmax_t)d->minor,
	    d->leaf_weight);
	return put(g, "blkio.leaf_weight_device", text, e);
}

static int put_throttles(const struct group *g, const char *v1_file, const char *v2_key,
    const struct oci_throttle_device *devices, size_t n, struct err *e)
{
	char text[3 * LIMITS_VALUE_MAX];
	int r;

	for (size_t i = 0; i < n; i++) {
		const struct oci_throttle_device *d = &devices[i];

		if (g->v2 && !d->rate) /* v1's way to say "no limit" */
			snprintf(text, sizeof(text), "%jd:%jd %s=max", (intmax_t)d->major,
			    (intmax_t)d->minor, v2_key);
		else
			snprintf(text, sizeof(text), "%jd:%jd %s%s%ju", (intmax_t)d->major,
			    (intmax_t)d->minor, g->v2 ? v2_key : "", g->v2 ? "=" : "",
			    (uintmax_t)d->rate);
		r = put(g, g->v2 ? "io.max" : v1_file, text, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int put_io(const struct group *g, const struct oci_block_io *io, struct err *e)
{
	int r = 0;

	if (io->has_weight && io->weight)
		r = put_io_weight(g, io, e);
	if (r >= 0 && io->has_leaf_weight && io->leaf_weight)
		r = put_i64(g, "blkio.leaf_weight", io->leaf_weight, e);
	for (size_t i = 0; r >= 0 && i < io->n_weight_devices; i++)
		r = put_weight_device(g, &io->weight_devices[i], e);
	if (r >= 0)
		r = put_throttles(
		    g, "blkio.throttle.read_bps_device", "rbps", io->read_bps, io->n_read_bps, e);
	if (r >= 0)
		r = put_throttles(g, "blkio.throttle.write_bps_device", "wbps", io->write_bps,
		    io->n_write_bps, e);
	if (r >= 0)
		r = put_throttles(g, "blkio.throttle.read_iops_device", "riops", io->read_iops,
		    io->n_read_iops, e);
	if (r >= 0)
		r = put_throttles(g, "blkio.throttle.write_iops_device", "wiops", io->write_iops,
		    io->n_write_iops, e);
	return r;
}

static int put_hugepages(const struct group *g, const struct oci_resources *res, struct err *e)
{
	char file[96], text[LIMITS_VALUE_MAX];
	int r;

	for (size_t i = 0; i < res->n_hugepage_limits; i++) {
		const struct oci_hugepage_limit *h = &res->hugepage_limits[i];

		if (!h->page_size || strlen(h->page_size) > 16 || strchr(h->page_size, '/'))
			return err_refuse(e, -EINVAL, "not a size of huge pages: '%s'",
			    h->page_size ? h->page_size : "");
		snprintf(text, sizeof(text), "%ju", (uintmax_t)h->limit);
		snprintf(file, sizeof(file), "hugetlb.%s.%s", h->page_size,
		    g->v2 ? "max" : "limit_in_bytes");
		r = put(g, file, text, e);
		if (r < 0)
			return r;
		/* What is reserved is limited too where the kernel can (since 5.7). */
		snprintf(file, sizeof(file), "hugetlb.%s.rsvd.%s", h->page_size,
		    g->v2 ? "max" : "limit_in_bytes");
		r = cgroup_write(g->path, file, text);
		if (r < 0 && r != -ENOENT)
			return write_failed(e, r, g, file, text);
	}
	return 0;
}

static int put_unified(const struct limits *l, const struct oci_resources *res, struct err *e)
{
	const struct group *g = limits_group_v2(l);
	int r;

	for (size_t i = 0; i < res->unified.n; i++) {
		const char *key = res->unified.items[i].key;

		/* A name of a file, and none that moves processes or hands out control. */
		if (!*key || strchr(key, '/') || strncmp(key, "cgroup.", 7) == 0)
			return err_refuse(
			    e, -EINVAL, "not a limit: linux.resources.unified['%s']", key);
		if (!g)
			return err_refuse(
			    e, -EOPNOTSUPP, "cannot set '%s': this host has no cgroup v2", key);
		r = put(g, key, res->unified.items[i].value, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Is it asked for and is there one? That none of those is missing was checked before. */
static const struct group *group_for(
    const struct limits *l, uint32_t asked, enum cgroup_controller c)
{
	return asked & CGROUP_BIT(c) ? limits_group(l, c) : NULL;
}

int limits_put(const struct limits *l, const struct oci_resources *res, struct err *e)
{
	const uint32_t asked = limits_asked(res);
	const struct group *memory = group_for(l, asked, CGROUP_MEMORY);
	const struct group *cpu = group_for(l, asked, CGROUP_CPU);
	const struct group *cpuset = group_for(l, asked, CGROUP_CPUSET);
	const struct group *pids = group_for(l, asked, CGROUP_PIDS);
	const struct group *io = group_for(l, asked, CGROUP_IO);
	const struct group *hugepages = group_for(l, asked, CGROUP_HUGETLB);
	const struct group *classes = group_for(l, asked, CGROUP_NET_CLS);
	const struct group *priorities = group_for(l, asked, CGROUP_NET_PRIO);
	const struct group *rdma = group_for(l, asked, CGROUP_RDMA);
	int r = 0;

	if (res->memory)
		warn_of_kernel_limits(res->memory);
	if (memory && memory->v2)
		r = check_memory_use(memory, res->memory, e);
	if (r >= 0 && memory)
		r = memory->v2 ? put_memory_v2(memory, res->memory, e)
		               : put_memory_v1(memory, res->memory, e);
	if (r >= 0 && cpu)
		r = cpu->v2 ? put_cpu_v2(cpu, res->cpu, e) : put_cpu_v1(cpu, res->cpu, e);
	if (r >= 0 && cpu)
		r = put_realtime(cpu, res->cpu, e);
	if (r >= 0 && cpuset)
		r = put_cpuset(cpuset, res->cpu, e);
	if (r >= 0 && pids)
		r = put_max(pids, "pids.max", res->pids_limit, e);
	if (r >= 0 && io)
		r = put_io(io, res->block_io, e);
	if (r >= 0 && hugepages)
		r = put_hugepages(hugepages, res, e);
	if (r >= 0 && classes)
		r = put_i64(classes, "net_cls.classid", res->network->class_id, e);
	if (r >= 0 && priorities)
		r = put_priorities(priorities, res->network, e);
	if (r >= 0 && rdma)
		r = put_rdma(rdma, res, e);
	return r < 0 ? r : put_unified(l, res, e);
}

static int write_policy(const struct group *g, const struct devices_policy *p)
{
	AUTO_FD int fd = -1;
	char text[48];
	int r;

	if (!p->allow) {
		r = cgroup_write(g->path, "devices.deny", "a");
		if (r < 0)
			return r;
	}
	fd = p->n ? cgroup_open(g->path, p->allow ? "devices.deny" : "devices.allow") : -1;
	if (p->n && fd < 0)
		return fd;
	for (size_t i = 0; i < p->n; i++) {
		devices_print(&p->exceptions[i], text, sizeof(text));
		r = file_write_fd(fd, text, strlen(text));
		if (r < 0)
			return r;
	}
	return 0;
}

int limits_put_devices(const struct limits *l, const struct oci_resources *res, struct err *e)
{
	AUTO_DEVICES_POLICY struct devices_policy policy = { .allow = true };
	AUTO_FREE struct bpf_insn *insns = NULL;
	const struct group *g = limits_group(l, CGROUP_DEVICES);
	size_t n;
	int r;

	r = devices_policy_make(res->devices, res->n_devices, &policy, e);
	if (r < 0)
		return r;
	if (policy.allow && !policy.n)
		return 0;
	if (g) {
		r = write_policy(g, &policy);
		return r < 0 ? err_set(e, r, "cannot limit devices of cgroup '%s'", g->path) : 0;
	}
	g = limits_group_v2(l);
	if (!g)
		return limits_refuse_missing(CGROUP_BIT(CGROUP_DEVICES), e);
	r = devices_program(&policy, &insns, &n);
	if (r >= 0)
		r = cgroup_attach_device_program(g->path, insns, n);
	return r < 0 ? err_set(e, r, "cannot limit devices of cgroup '%s'", g->path) : 0;
}
