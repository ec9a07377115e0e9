/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container uses, as its cgroups count it
 */
#ifndef DOLIUM_ISOLATE_LIMITS_STATS_H
#define DOLIUM_ISOLATE_LIMITS_STATS_H

#include <stdbool.h>
#include <stdint.h>

struct limits;

#define LIMITS_STATS_TEXT_MAX 8192

/* Where a container is in no cgroup that counts something, it is 0 and `has_` false. */
struct limits_stats {
	bool has_cpu, has_memory, has_pids;
	uint64_t cpu_total, cpu_user, cpu_kernel; /* ns */
	uint64_t periods, throttled_periods, throttled_time; /* ns */
	uint64_t memory, memory_max, memory_limit, memory_failures;
	uint64_t swap, swap_max, swap_limit, swap_failures; /* v1: with the memory */
	char memory_stat[LIMITS_STATS_TEXT_MAX]; /* lines of "name number" */
	char io[LIMITS_STATS_TEXT_MAX]; /* lines of "major:minor operation bytes" */
	uint64_t pids, pids_limit; /* limit 0: none */
	uint64_t oom_kills;
};

/* No limit is UINT64_MAX, but for pids. What cannot be read is left out. */
void limits_stats(const struct limits *l, struct limits_stats *ret_stats);

#endif
