/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container uses, as its cgroups count it
 */
#include "isolate/limits_stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isolate/limits_group.h"
#include "os/cgroup.h"

static bool read_number(const struct group *g, const char *file, uint64_t *to)
{
	char text[32];

	if (cgroup_read(g->path, file, text, sizeof(text)) <= 0)
		return false;
	*to = strncmp(text, "max", 3) == 0 ? UINT64_MAX : strtoull(text, NULL, 10);
	return true;
}

static void read_key(const struct group *g, const char *file, const char *key, uint64_t *to)
{
	uint64_t value;

	if (cgroup_read_key(g->path, file, key, &value) >= 0)
		*to = value;
}

static void read_text(const struct group *g, const char *file, char *to)
{
	if (cgroup_read(g->path, file, to, LIMITS_STATS_TEXT_MAX) < 0)
		to[0] = '\0';
}

static void read_cpu_v2(const struct group *g, struct limits_stats *s)
{
	read_key(g, "cpu.stat", "usage_usec", &s->cpu_total);
	read_key(g, "cpu.stat", "user_usec", &s->cpu_user);
	read_key(g, "cpu.stat", "system_usec", &s->cpu_kernel);
	read_key(g, "cpu.stat", "nr_periods", &s->periods);
	read_key(g, "cpu.stat", "nr_throttled", &s->throttled_periods);
	read_key(g, "cpu.stat", "throttled_usec", &s->throttled_time);
	s->cpu_total *= 1000;
	s->cpu_user *= 1000;
	s->cpu_kernel *= 1000;
	s->throttled_time *= 1000;
}

static void read_cpu(const struct limits *l, struct limits_stats *s)
{
	const struct group *count = limits_group(l, CGROUP_CPUACCT), *v2 = limits_group_v2(l);
	const struct group *share = limits_group(l, CGROUP_CPU);

	s->has_cpu = count || v2;
	if (!count && v2) {
		read_cpu_v2(v2, s);
		return;
	}
	if (count) {
		read_number(count, "cpuacct.usage", &s->cpu_total);
		read_number(count, "cpuacct.usage_user", &s->cpu_user);
		read_number(count, "cpuacct.usage_sys", &s->cpu_kernel);
	}
	if (share) {
		read_key(share, "cpu.stat", "nr_periods", &s->periods);
		read_key(share, "cpu.stat", "nr_throttled", &s->throttled_periods);
		read_key(share, "cpu.stat", "throttled_time", &s->throttled_time);
	}
}

static void read_memory_v2(const struct group *g, struct limits_stats *s)
{
	read_number(g, "memory.current", &s->memory);
	read_number(g, "memory.peak", &s->memory_max);
	read_number(g, "memory.max", &s->memory_limit);
	read_key(g, "memory.events", "max", &s->memory_failures);
	read_number(g, "memory.swap.current", &s->swap);
	read_number(g, "memory.swap.peak", &s->swap_max);
	read_number(g, "memory.swap.max", &s->swap_limit);
	read_key(g, "memory.events", "oom_kill", &s->oom_kills);
}

static void read_memory_v1(const struct group *g, struct limits_stats *s)
{
	read_number(g, "memory.usage_in_bytes", &s->memory);
	read_number(g, "memory.max_usage_in_bytes", &s->memory_max);
	read_number(g, "memory.limit_in_bytes", &s->memory_limit);
	read_number(g, "memory.failcnt", &s->memory_failures);
	read_number(g, "memory.memsw.usage_in_bytes", &s->swap);
	read_number(g, "memory.memsw.max_usage_in_bytes", &s->swap_max);
	read_number(g, "memory.memsw.limit_in_bytes", &s->swap_limit);
	read_number(g, "memory.memsw.failcnt", &s->swap_failures);
	read_key(g, "memory.oom_control", "oom_kill", &s->oom_kills);
}

static void read_memory(const struct limits *l, struct limits_stats *s)
{
	const struct group *g = limits_group(l, CGROUP_MEMORY);

	if (!g)
		return;
	s->has_memory = true;
	if (g->v2)
		read_memory_v2(g, s);
	else
		read_memory_v1(g, s);
	read_text(g, "memory.stat", s->memory_stat);
}

/* v1 has lines of one operation; v2 all of a device in one line: "8:0 rbytes=1 wbytes=2 ...". */
static void read_io(const struct limits *l, struct limits_stats *s)
{
	const struct group *g = limits_group(l, CGROUP_IO);
	char text[LIMITS_STATS_TEXT_MAX];
	size_t len = 0;

	if (!g)
		return;
	if (!g->v2) {
		read_text(g, "blkio.throttle.io_service_bytes_recursive", s->io);
		return;
	}
	read_text(g, "io.stat", text);
	for (char *line = text, *rest; *line; line = rest) {
		unsigned major, minor;
		unsigned long long read_bytes, written;

		rest = line + strcspn(line, "\n");
		if (*rest)
			*rest++ = '\0';
		if (sscanf(line, "%u:%u rbytes=%llu wbytes=%llu", &major, &minor, &read_bytes,
		        &written) != 4 ||
		    len + 128 > sizeof(s->io))
			continue;
		len += (size_t)snprintf(s->io + len, sizeof(s->io) - len,
		    "%u:%u Read %llu\n%u:%u Write %llu\n", major, minor, read_bytes, major, minor,
		    written);
	}
}

static void read_pids(const struct limits *l, struct limits_stats *s)
{
	const struct group *g = limits_group(l, CGROUP_PIDS);

	if (!g)
		return;
	s->has_pids = read_number(g, "pids.current", &s->pids);
	if (!read_number(g, "pids.max", &s->pids_limit) || s->pids_limit == UINT64_MAX)
		s->pids_limit = 0;
}

void limits_stats(const struct limits *l, struct limits_stats *ret_stats)
{
	*ret_stats = (struct limits_stats){ 0 };
	read_cpu(l, ret_stats);
	read_memory(l, ret_stats);
	read_io(l, ret_stats);
	read_pids(l, ret_stats);
}
