/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits
 *
 * A start makes one directory per hierarchy that is worth it, writes what was
 * asked for, and opens what the child joins by. A controller that was asked
 * for must be there; one that would only be nice to have (to count, to kill,
 * to see an out-of-memory kill) is left out where the host has not got it or
 * does not let us.
 *
 * Nothing is ever frozen here to be killed: who freezes and then dies leaves
 * processes that nobody can end. Instead pids.max 0 stops forks.
 */
#include "isolate/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"
#include "format/oci_config.h"
#include "isolate/limits_devices.h"
#include "isolate/limits_values.h"
#include "os/cgroup.h"
#include "os/file.h"

#define FREEZE_TIMEOUT_MS 10000
#define REMOVE_ROUNDS     2500 /* of 2 ms each, once the short waits are over */
#define KILL_ROUNDS       1000
#define FREEZE_ROUNDS     100

/*
 * Joined without being asked for: to kill, to list, to see an out-of-memory kill.
 * Each v1 hierarchy costs a start some 0.1 ms. Who names a cgroup means to look
 * into it, and gets those that count and share out cpu time, too. A v1 freezer
 * is joined when somebody freezes.
 */
#define NICE_TO_HAVE       (CGROUP_BIT(CGROUP_MEMORY) | CGROUP_BIT(CGROUP_PIDS))
#define NICE_TO_HAVE_NAMED (CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_CPUACCT))
#define ALL_CONTROLLERS    (CGROUP_BIT(CGROUP_N_CONTROLLERS) - 1)

struct group {
	const char *path; /* an item of `paths` */
	uint32_t controllers; /* on v2: that are enabled in it */
	bool v2;
};

struct limits {
	struct strv paths;
	struct group groups[CGROUP_HIERARCHIES_MAX]; /* as many as paths, in the same order */
	int join_fds[CGROUP_HIERARCHIES_MAX];
	size_t n_join_fds;
	int v2_fd; /* O_PATH; -1: no v2 group */
	char *place; /* below the root of each hierarchy */
};

/* ---- what was asked for ---- */

static bool asks_cpu(const struct oci_cpu *cpu)
{
	return cpu &&
	    (cpu->has_shares || cpu->has_quota || cpu->has_period || cpu->has_burst ||
	        cpu->has_idle);
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
static uint32_t asked_for(const struct oci_resources *resources)
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
	return asked;
}

/* "memory.max" -> the memory controller. */
static uint32_t asked_by_unified(const struct oci_resources *resources)
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

static int refuse_missing(uint32_t missing, struct err *e)
{
	unsigned i = (unsigned)__builtin_ctz(missing);

	err_refuse(e, -EOPNOTSUPP, "cannot limit '%s': this host has no cgroup controller for it",
	    name_of((enum cgroup_controller)i));
	err_hint(e, "'cat /proc/cgroups' lists those that the kernel has");
	return -EOPNOTSUPP;
}

/* ---- the groups ---- */

static const struct group *find_group(const struct limits *l, enum cgroup_controller controller)
{
	for (size_t i = 0; i < l->paths.n; i++)
		if (l->groups[i].controllers & CGROUP_BIT(controller))
			return &l->groups[i];
	return NULL;
}

static const struct group *find_v2(const struct limits *l)
{
	for (size_t i = 0; i < l->paths.n; i++)
		if (l->groups[i].v2)
			return &l->groups[i];
	return NULL;
}

static const struct group *freezer_group(const struct limits *l)
{
	const struct group *g = find_group(l, CGROUP_FREEZER);

	return g ? g : find_v2(l);
}

static struct limits *limits_new(void)
{
	struct limits *l = calloc(1, sizeof(*l));

	if (l)
		l->v2_fd = -1;
	return l;
}

struct limits *limits_free(struct limits *l)
{
	if (!l)
		return NULL;
	for (size_t i = 0; i < l->n_join_fds; i++)
		close(l->join_fds[i]);
	if (l->v2_fd >= 0)
		close(l->v2_fd);
	strv_done(&l->paths);
	free(l->place);
	free(l);
	return NULL;
}

static int add_group(
    struct limits *l, const struct cgroup_hierarchy *h, const char *path, struct group **ret_group)
{
	int r;

	if (l->paths.n == CGROUP_HIERARCHIES_MAX)
		return -E2BIG;
	r = strv_add(&l->paths, path);
	if (r < 0)
		return r;
	*ret_group = &l->groups[l->paths.n - 1];
	**ret_group = (struct group){
		.path = l->paths.items[l->paths.n - 1], .controllers = h->controllers, .v2 = h->v2
	};
	return 0;
}

/* A cgroup that was there before must be ours alone: else we would kill what is in it. */
static int check_empty(const char *path, struct err *e)
{
	AUTO_FREE pid_t *pids = NULL;
	size_t n = 0;
	int r = cgroup_pids(path, true, &pids, &n);

	if (r < 0)
		return err_set(e, r, "cannot look into cgroup '%s'", path);
	if (n > 0)
		return err_refuse(
		    e, -EBUSY, "cgroup '%s' has processes already (%d is one)", path, (int)pids[0]);
	if (cgroup_frozen(path) == 1)
		return err_refuse(e, -EBUSY, "cgroup '%s' is frozen", path);
	return 0;
}

/*
 * Makes the container's group in one hierarchy. 1: made, and is in `l`; 0: was
 * not to be had, and `must` did not ask for it.
 */
static int make_group(
    struct limits *l, const struct cgroup_hierarchy *h, const char *place, bool must, struct err *e)
{
	char path[PATH_MAX];
	struct group *group;
	int r, made;

	if (snprintf(path, sizeof(path), "%s%s", h->root, place) >= (int)sizeof(path))
		return err_refuse(e, -ENAMETOOLONG, "the path of the cgroup is too long");
	made = cgroup_make(h, path);
	if (made < 0) {
		if (must)
			return err_set(e, made, "cannot make cgroup '%s'", path);
		log_debug("without cgroup '%s': %s", path, strerror(-made));
		return 0;
	}
	r = made ? 0 : check_empty(path, e);
	if (r < 0)
		return r;
	r = add_group(l, h, path, &group);
	if (r < 0)
		return err_set(e, r, "cannot keep the path of cgroup '%s'", path);
	return 1;
}

static int make_v1_groups(struct limits *l, const struct cgroup_layout *layout, const char *place,
    uint32_t must, uint32_t wanted, struct err *e)
{
	int r;

	for (size_t i = 0; i < layout->n; i++) {
		const struct cgroup_hierarchy *h = &layout->items[i];

		if (h->v2 || !(h->controllers & wanted))
			continue;
		r = make_group(l, h, place, h->controllers & must, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int make_v2_group(struct limits *l, const struct cgroup_layout *layout, const char *place,
    uint32_t must, uint32_t wanted, bool must_be, struct err *e)
{
	const struct cgroup_hierarchy *h = cgroup_find_v2(layout);
	struct group *group;
	int r;

	if (!h)
		return 0;
	/*
	 * On a hybrid host it often holds nothing that is wanted, and joining is not free. Where
	 * there is no v1 group it is what a container can be killed by.
	 */
	if (!must_be && !(h->controllers & wanted) && l->paths.n)
		return 0;
	r = make_group(l, h, place, must_be || (h->controllers & must), e);
	if (r <= 0)
		return r;
	group = &l->groups[l->paths.n - 1];
	r = cgroup_enable(h, group->path, wanted, &group->controllers);
	if (r < 0)
		return err_set(e, r, "cannot enable the controllers of cgroup '%s'", group->path);
	return 0;
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
	int64_t limit = m->has_limit ? m->limit : 0, swap = m->has_swap ? m->swap : 0;
	int r;

	if (limit == -1 && !swap)
		swap = -1;
	if (swap > 0 && limit > 0 && swap < limit)
		return err_refuse(e, -EINVAL,
		    "the limit of memory and swap together, %jd, is below that of memory, %jd",
		    (intmax_t)swap, (intmax_t)limit);
	if (limit) {
		r = cgroup_write_u64(
		    g->path, "memory.limit_in_bytes", limit < 0 ? INT64_MAX : (uint64_t)limit);
		if (r == -EINVAL && swap) {
			r = put_i64(g, "memory.memsw.limit_in_bytes", swap, e);
			if (r < 0)
				return r;
			return put_i64(g, "memory.limit_in_bytes", limit, e);
		}
		if (r < 0) {
			char text[LIMITS_VALUE_MAX];

			snprintf(text, sizeof(text), "%jd", (intmax_t)limit);
			return write_failed(e, r, g, "memory.limit_in_bytes", text);
		}
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

static int put_cpu_v1(const struct group *g, const struct oci_cpu *c, struct err *e)
{
	bool period_later = false;
	int r = 0;

	if (c->has_idle)
		r = put_i64(g, "cpu.idle", c->idle, e);
	if (r >= 0 && c->has_shares && c->shares)
		r = put_i64(g, "cpu.shares", (int64_t)c->shares, e);
	if (r >= 0 && c->has_period && c->period) {
		r = cgroup_write_u64(g->path, "cpu.cfs_period_us", c->period);
		/* Too short for the old quota, and there is a new one: the quota first. */
		period_later = r == -EINVAL && c->has_quota && c->quota;
		if (r < 0 && !period_later)
			return write_failed(e, r, g, "cpu.cfs_period_us", "the new period");
	}
	if (period_later)
		r = 0;
	if (r >= 0 && c->has_quota && c->quota)
		r = put_i64(g, "cpu.cfs_quota_us", c->quota, e);
	if (r >= 0 && period_later)
		r = put_i64(g, "cpu.cfs_period_us", (int64_t)c->period, e);
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
	const struct group *g = find_v2(l);
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
	return asked & CGROUP_BIT(c) ? find_group(l, c) : NULL;
}

static int put_resources(const struct limits *l, const struct oci_resources *res, struct err *e)
{
	const uint32_t asked = asked_for(res);
	const struct group *memory = group_for(l, asked, CGROUP_MEMORY);
	const struct group *cpu = group_for(l, asked, CGROUP_CPU);
	const struct group *cpuset = group_for(l, asked, CGROUP_CPUSET);
	const struct group *pids = group_for(l, asked, CGROUP_PIDS);
	const struct group *io = group_for(l, asked, CGROUP_IO);
	const struct group *hugepages = group_for(l, asked, CGROUP_HUGETLB);
	int r = 0;

	if (memory)
		r = memory->v2 ? put_memory_v2(memory, res->memory, e)
		               : put_memory_v1(memory, res->memory, e);
	if (r >= 0 && cpu)
		r = cpu->v2 ? put_cpu_v2(cpu, res->cpu, e) : put_cpu_v1(cpu, res->cpu, e);
	if (r >= 0 && cpuset)
		r = put_cpuset(cpuset, res->cpu, e);
	if (r >= 0 && pids)
		r = put_max(pids, "pids.max", res->pids_limit, e);
	if (r >= 0 && io)
		r = put_io(io, res->block_io, e);
	if (r >= 0 && hugepages)
		r = put_hugepages(hugepages, res, e);
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

static int put_devices(const struct limits *l, const struct oci_resources *res, struct err *e)
{
	AUTO_DEVICES_POLICY struct devices_policy policy = { .allow = true };
	AUTO_FREE struct bpf_insn *insns = NULL;
	const struct group *g = find_group(l, CGROUP_DEVICES);
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
	g = find_v2(l);
	if (!g)
		return refuse_missing(CGROUP_BIT(CGROUP_DEVICES), e);
	r = devices_program(&policy, &insns, &n);
	if (r >= 0)
		r = cgroup_attach_device_program(g->path, insns, n);
	return r < 0 ? err_set(e, r, "cannot limit devices of cgroup '%s'", g->path) : 0;
}

/* ---- a start ---- */

int limits_prepare_join(struct limits *l, struct err *e)
{
	for (size_t i = 0; i < l->paths.n; i++) {
		const struct group *g = &l->groups[i];
		int fd;

		fd = g->v2 ? open(g->path, O_PATH | O_DIRECTORY | O_CLOEXEC)
		           : cgroup_open(g->path, "tasks");
		if (fd < 0)
			return err_set(e, g->v2 ? -errno : fd, "cannot open cgroup '%s'", g->path);
		if (g->v2)
			l->v2_fd = fd;
		else
			l->join_fds[l->n_join_fds++] = fd;
	}
	return 0;
}

static bool wants_devices(const struct oci_resources *resources)
{
	return resources && resources->n_devices > 0;
}

static uint32_t missing_of(const struct limits *l, uint32_t must)
{
	for (size_t i = 0; i < l->paths.n; i++)
		must &= ~l->groups[i].controllers;
	return must;
}

static int make_groups(
    struct limits *l, bool named, const struct oci_resources *resources, struct err *e)
{
	const uint32_t must = asked_for(resources), unified = asked_by_unified(resources);
	const uint32_t devices = wants_devices(resources) ? CGROUP_BIT(CGROUP_DEVICES) : 0;
	const uint32_t wanted =
	    must | unified | devices | NICE_TO_HAVE | (named ? NICE_TO_HAVE_NAMED : 0);
	struct cgroup_layout layout;
	uint32_t missing;
	bool need_v2;
	int r;

	r = cgroup_probe(
	    wanted | (resources && resources->unified.n ? ALL_CONTROLLERS : 0), &layout);
	if (r < 0)
		return err_set(e, r, "cannot find out which cgroups this host has");
	r = make_v1_groups(l, &layout, l->place, must | devices, wanted, e);
	if (r < 0)
		return r;
	need_v2 = (resources && resources->unified.n) ||
	    (devices && !cgroup_find(&layout, CGROUP_DEVICES));
	r = make_v2_group(l, &layout, l->place, must | unified, wanted, need_v2, e);
	if (r < 0)
		return r;
	/* Devices and the unified map are not looked for here: they say what they miss. */
	missing = missing_of(l, must);
	return missing ? refuse_missing(missing, e) : 0;
}

int limits_create(const char *cgroups_path, const char *id, const struct oci_resources *resources,
    struct limits **ret_limits, struct err *e)
{
	AUTO(limits_free) struct limits *l = limits_new();
	int r;

	if (!l)
		return err_set(e, -ENOMEM, "cannot limit container '%s'", id);
	r = limits_place(cgroups_path, id, &l->place, e);
	if (r < 0)
		return r;
	r = make_groups(l, cgroups_path && *cgroups_path, resources, e);
	if (r >= 0 && resources)
		r = put_resources(l, resources, e);
	if (r >= 0 && wants_devices(resources))
		r = put_devices(l, resources, e);
	if (r >= 0)
		r = limits_prepare_join(l, e);
	if (r < 0) {
		for (size_t i = 0; i < l->paths.n; i++)
			cgroup_remove(l->paths.items[i]);
		return r;
	}
	*ret_limits = TAKE(l);
	return 0;
}

/* Never the root itself: everything that runs on the host is in there. */
static bool is_below(const char *path, const char *root)
{
	const size_t len = strlen(root);

	return strncmp(path, root, len) == 0 && path[len] == '/' && path[len + 1] &&
	    path[len + 1] != '/' && !strstr(path, "/..");
}

/* The freezer is not in the state: it was joined later, or never. */
static int open_freezer(struct limits *l, const struct cgroup_layout *layout)
{
	const struct cgroup_hierarchy *h = cgroup_find(layout, CGROUP_FREEZER);
	struct group *group;
	char path[PATH_MAX];

	if (!h || h->v2 || !l->place || freezer_group(l) ||
	    snprintf(path, sizeof(path), "%s%s", h->root, l->place) >= (int)sizeof(path) ||
	    cgroup_version(path) != 1)
		return 0;
	return add_group(l, h, path, &group);
}

/* A path that is on no cgroup file system is not ours, whatever a state file says. */
static int open_group(struct limits *l, const struct cgroup_layout *layout, const char *path)
{
	const struct cgroup_hierarchy *h = NULL;
	struct group *group;
	int r;

	for (size_t i = 0; i < layout->n && !h; i++)
		if (is_below(path, layout->items[i].root))
			h = &layout->items[i];
	if (!h)
		return 0;
	r = cgroup_version(path);
	if (r < 0)
		return r == -ENOENT || r == -ENOTSUP ? 0 : r;
	r = add_group(l, h, path, &group);
	if (r < 0)
		return r;
	if (!l->place) {
		l->place = strdup(path + strlen(h->root));
		if (!l->place)
			return -ENOMEM;
	}
	if (!h->v2)
		return 0;
	return cgroup_usable(path, &group->controllers);
}

int limits_open(const struct strv *paths, struct limits **ret_limits, struct err *e)
{
	AUTO(limits_free) struct limits *l = limits_new();
	struct cgroup_layout layout;
	int r;

	if (!l)
		return err_set(e, -ENOMEM, "cannot open the cgroups of a container");
	r = cgroup_probe(ALL_CONTROLLERS, &layout);
	if (r < 0)
		return err_set(e, r, "cannot find out which cgroups this host has");
	for (size_t i = 0; i < paths->n; i++) {
		r = open_group(l, &layout, paths->items[i]);
		if (r < 0)
			return err_set(e, r, "cannot open cgroup '%s'", paths->items[i]);
	}
	r = open_freezer(l, &layout);
	if (r < 0)
		return err_set(e, r, "cannot open the freezer of a container");
	*ret_limits = TAKE(l);
	return 0;
}

const struct strv *limits_paths(const struct limits *l)
{
	return &l->paths;
}

int limits_clone_fd(const struct limits *l)
{
	return l->v2_fd;
}

const int *limits_join_fds(const struct limits *l, size_t *ret_n)
{
	*ret_n = l->n_join_fds;
	return l->join_fds;
}

int limits_join(const struct limits *l, bool v2)
{
	for (size_t i = 0; i < l->n_join_fds; i++)
		if (write(l->join_fds[i], "0", 1) != 1)
			return -errno;
	if (v2 && l->v2_fd >= 0) {
		AUTO_FD int fd = openat(l->v2_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write(fd, "0", 1) != 1)
			return -errno;
	}
	return 0;
}

int limits_update(struct limits *l, const struct oci_resources *resources, struct err *e)
{
	const uint32_t missing = missing_of(l, asked_for(resources));

	if (missing)
		return refuse_missing(missing, e);
	return put_resources(l, resources, e);
}

bool limits_oom_killed(const struct limits *l)
{
	const struct group *g = find_group(l, CGROUP_MEMORY);
	uint64_t killed = 0;

	if (!g)
		return false;
	if (cgroup_read_key(
	        g->path, g->v2 ? "memory.events" : "memory.oom_control", "oom_kill", &killed) < 0)
		return false;
	return killed > 0;
}

/* ---- killing and freezing ---- */

/* Any group will do: the container is in all of them. */
static const struct group *any_group(const struct limits *l)
{
	const struct group *g = find_v2(l);

	if (!g)
		g = find_group(l, CGROUP_PIDS);
	return g || !l->paths.n ? g : &l->groups[0];
}

int limits_pids(const struct limits *l, pid_t **ret_pids, size_t *ret_n, struct err *e)
{
	const struct group *g = any_group(l);
	int r;

	*ret_pids = NULL;
	*ret_n = 0;
	if (!g)
		return err_refuse(e, -EOPNOTSUPP, "the container has no cgroup to list");
	r = cgroup_pids(g->path, true, ret_pids, ret_n);
	return r < 0 ? err_set(e, r, "cannot list the processes of cgroup '%s'", g->path) : 0;
}

static int compare_pids(const void *a, const void *b)
{
	const pid_t left = *(const pid_t *)a, right = *(const pid_t *)b;

	return (left > right) - (left < right);
}

#define SIGNAL_BATCH 128

/*
 * A pid may be another process by the time it is signalled. So each is pinned
 * by a pidfd first, and then must still be listed: a pidfd that was opened on a
 * stranger is on one who is dead, or who is in the cgroup after all.
 */
static int signal_batch(const char *path, const pid_t *pids, size_t n, int sig)
{
	AUTO_FREE pid_t *now = NULL;
	int fds[SIGNAL_BATCH];
	size_t n_now = 0;
	int r;

	for (size_t i = 0; i < n; i++)
		fds[i] = (int)syscall(SYS_pidfd_open, pids[i], 0);
	r = cgroup_pids(path, true, &now, &n_now);
	if (r >= 0 && n_now)
		qsort(now, n_now, sizeof(*now), compare_pids);
	for (size_t i = 0; i < n; i++) {
		if (fds[i] < 0)
			continue;
		if (r >= 0 && n_now && bsearch(&pids[i], now, n_now, sizeof(*now), compare_pids) &&
		    syscall(SYS_pidfd_send_signal, fds[i], sig, NULL, 0) < 0 && errno != ESRCH)
			r = -errno;
		close(fds[i]);
	}
	return r;
}

/* Returns how many there were. */
static ssize_t signal_all(const char *path, int sig)
{
	AUTO_FREE pid_t *pids = NULL;
	size_t n = 0;
	int r = cgroup_pids(path, true, &pids, &n);

	for (size_t at = 0; r >= 0 && at < n; at += SIGNAL_BATCH)
		r = signal_batch(
		    path, pids + at, n - at < SIGNAL_BATCH ? n - at : SIGNAL_BATCH, sig);
	return r < 0 ? r : (ssize_t)n;
}

static void sleep_us(long us)
{
	nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
}

/* Short waits first: what is killed is mostly gone at once. */
static void wait_round(unsigned round)
{
	sleep_us(round < 6 ? 50L << round : 2000);
}

static int kill_one_by_one(const struct limits *l, const struct group *g)
{
	const struct group *pids = find_group(l, CGROUP_PIDS), *freezer = freezer_group(l);

	if (pids)
		cgroup_write(pids->path, "pids.max", "0");
	for (unsigned round = 0; round < KILL_ROUNDS; round++) {
		ssize_t n = signal_all(g->path, SIGKILL);

		if (n <= 0)
			return (int)n;
		/* A frozen process dies when it thaws. */
		if (freezer && cgroup_frozen(freezer->path) == 1)
			cgroup_freeze(freezer->path, false, 0);
		wait_round(round);
	}
	return -ETIMEDOUT;
}

static int kill_all(const struct limits *l)
{
	const struct group *g = find_v2(l), *freezer = freezer_group(l);
	int r;

	if (g) {
		r = cgroup_write(g->path, "cgroup.kill", "1");
		if (r >= 0 && freezer && !freezer->v2 && cgroup_frozen(freezer->path) == 1)
			cgroup_freeze(freezer->path, false, 0);
		if (r != -ENOENT) /* before 5.14 */
			return r;
	}
	g = any_group(l);
	return g ? kill_one_by_one(l, g) : -EOPNOTSUPP;
}

int limits_kill(struct limits *l, int sig, struct err *e)
{
	const struct group *g = any_group(l);
	ssize_t r;

	if (!g)
		return err_refuse(
		    e, -EOPNOTSUPP, "the container has no cgroup to find its processes by");
	r = sig == SIGKILL ? kill_all(l) : signal_all(g->path, sig);
	if (r < 0)
		return err_set(e, (int)r, "cannot kill the processes of cgroup '%s'", g->path);
	return 0;
}

/* Moves in what is not there yet. Returns how many those were. */
static ssize_t move_all(const struct group *from, const struct group *to)
{
	AUTO_FREE pid_t *all = NULL, *there = NULL;
	size_t n = 0, n_there = 0;
	ssize_t moved = 0;
	int r = cgroup_pids(from->path, true, &all, &n);

	if (r >= 0)
		r = cgroup_pids(to->path, true, &there, &n_there);
	if (r < 0)
		return r;
	if (n_there)
		qsort(there, n_there, sizeof(*there), compare_pids);
	for (size_t i = 0; i < n; i++) {
		if (n_there && bsearch(&all[i], there, n_there, sizeof(*there), compare_pids))
			continue;
		r = cgroup_write_u64(to->path, "cgroup.procs", (uint64_t)all[i]);
		if (r < 0 && r != -ESRCH)
			return r;
		moved++;
	}
	return moved;
}

/*
 * A start does not join the v1 freezer. So the container is moved in now, until
 * a look finds nobody outside: children are born where their parents are.
 */
static int join_freezer(struct limits *l)
{
	const struct group *g = any_group(l);
	struct cgroup_layout layout;
	char path[PATH_MAX];
	ssize_t n = 1;
	int r;

	if (!g || freezer_group(l))
		return 0;
	r = cgroup_probe(CGROUP_BIT(CGROUP_FREEZER), &layout);
	if (r < 0)
		return r;
	if (!layout.n || !(layout.items[0].controllers & CGROUP_BIT(CGROUP_FREEZER)))
		return -EOPNOTSUPP;
	snprintf(path, sizeof(path), "%s%s", layout.items[0].root, l->place);
	r = cgroup_make(&layout.items[0], path);
	if (r < 0)
		return r;
	r = open_freezer(l, &layout);
	if (r < 0)
		return r;
	for (unsigned round = 0; n > 0 && round < FREEZE_ROUNDS; round++)
		n = move_all(g, freezer_group(l));
	return n > 0 ? -ETIMEDOUT : (int)n;
}

int limits_freeze(struct limits *l, bool frozen, struct err *e)
{
	const struct group *g;
	int r = 0;

	if (frozen)
		r = join_freezer(l);
	g = freezer_group(l);
	if (r >= 0 && frozen && !g)
		r = -EOPNOTSUPP;
	if (r < 0)
		return err_set(
		    e, r, "cannot pause: the container cannot be put into a cgroup that freezes");
	if (!g)
		return 0;
	r = cgroup_freeze(g->path, frozen, FREEZE_TIMEOUT_MS);
	if (r < 0)
		return err_set(e, r, "cannot %s cgroup '%s'", frozen ? "freeze" : "thaw", g->path);
	return 0;
}

bool limits_frozen(const struct limits *l)
{
	const struct group *g = freezer_group(l);

	return g && cgroup_frozen(g->path) == 1;
}

/* ---- the end ---- */

/* Returns the number of those that still are busy. */
static int remove_all(const struct limits *l, size_t *ret_busy, const char **ret_path)
{
	size_t busy = 0;

	for (size_t i = 0; i < l->paths.n; i++) {
		const int r = cgroup_remove(l->paths.items[i]);

		if (r < 0 && r != -EBUSY) {
			*ret_path = l->paths.items[i];
			return r;
		}
		if (r == -EBUSY) {
			busy++;
			*ret_path = l->paths.items[i];
		}
	}
	*ret_busy = busy;
	return 0;
}

int limits_remove(struct limits *l, struct err *e)
{
	const char *path = "";
	size_t busy = 0;
	int r;

	for (unsigned round = 0; round < REMOVE_ROUNDS; round++) {
		r = remove_all(l, &busy, &path);
		if (r < 0)
			return err_set(e, r, "cannot remove cgroup '%s'", path);
		if (!busy)
			return 0;
		/* Mostly what is just dying; from the second look on it is what refuses to. */
		if (round > 0)
			kill_all(l);
		wait_round(round);
	}
	return err_refuse(
	    e, -EBUSY, "cannot remove cgroup '%s': it has processes that cannot be killed", path);
}
