/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the kernel treats the process: personality, scheduler, I/O priority, memory policy
 *
 * tuning_read() makes the kernel's numbers of a configuration's words, in the parent;
 * tuning_apply() is for the child, whose program inherits them through exec.
 */
#ifndef DOLIUM_ISOLATE_TUNING_H
#define DOLIUM_ISOLATE_TUNING_H

#include <stdbool.h>
#include <stdint.h>

#include "format/number_list.h"

struct err;
struct oci_config;
struct strv;

struct tuning_cpus {
	bool given;
	uint64_t bits[NUMBER_LIST_WORDS];
};

struct tuning {
	bool has_personality, has_scheduler, has_io_priority, has_memory_policy;
	unsigned long personality;
	/* The first version of the kernel's struct sched_attr, which all kernels take. */
	struct tuning_scheduler {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} scheduler;
	int io_priority;
	int memory_mode;
	bool has_memory_nodes;
	uint64_t memory_nodes[NUMBER_LIST_WORDS];
	/* Where `exec` runs before it joins the container's cgroups, and from then on. */
	struct tuning_cpus exec_initial, exec_final;
	/* Of a container with a set of cpus: all of them, whatever its caller was bound to. */
	bool all_cpus;
};

/* config->process must be there. -EINVAL: a word that nobody knows. */
int tuning_read(const struct oci_config *config, struct tuning *ret, struct err *e);
/* Adds the words that linux.memoryPolicy may have. -ENOMEM. */
int tuning_memory_policies(struct strv *modes, struct strv *flags);
/* Binds the calling thread. -EINVAL: none of them is there for it. */
int tuning_bind(const struct tuning_cpus *cpus);
/* When the cgroups are joined; `exec`: by one more process. */
int tuning_bind_joined(const struct tuning *t, bool exec, struct err *e);
int tuning_apply(const struct tuning *t, struct err *e);

#endif
