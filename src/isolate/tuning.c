/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the kernel treats the process: personality, scheduler, I/O priority, memory policy
 */
#include "isolate/tuning.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "format/oci_config.h"

/* Younger than the headers of Debian 12. */
#define WEIGHTED_INTERLEAVE 6

struct word {
	const char *name;
	uint64_t value;
};

static const struct word policies[] = {
	{ "SCHED_OTHER", SCHED_NORMAL },
	{ "SCHED_FIFO", SCHED_FIFO },
	{ "SCHED_RR", SCHED_RR },
	{ "SCHED_BATCH", SCHED_BATCH },
	{ "SCHED_ISO", 4 }, /* reserved: the kernel refuses it */
	{ "SCHED_IDLE", SCHED_IDLE },
	{ "SCHED_DEADLINE", SCHED_DEADLINE },
	{ NULL, 0 },
};

static const struct word scheduler_flags[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK },
	{ "SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM },
	{ "SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN },
	{ "SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY },
	{ "SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX },
	{ NULL, 0 },
};

static const struct word io_classes[] = {
	{ "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
	{ "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
	{ "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
	{ NULL, 0 },
};

static const struct word memory_modes[] = {
	{ "MPOL_DEFAULT", MPOL_DEFAULT },
	{ "MPOL_BIND", MPOL_BIND },
	{ "MPOL_INTERLEAVE", MPOL_INTERLEAVE },
	{ "MPOL_WEIGHTED_INTERLEAVE", WEIGHTED_INTERLEAVE },
	{ "MPOL_PREFERRED", MPOL_PREFERRED },
	{ "MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY },
	{ "MPOL_LOCAL", MPOL_LOCAL },
	{ NULL, 0 },
};

static const struct word memory_flags[] = {
	{ "MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING },
	{ "MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES },
	{ "MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES },
	{ NULL, 0 },
};

static int list_words(const struct word *words, struct strv *names)
{
	int r = 0;

	for (; words->name && r >= 0; words++)
		r = strv_add(names, words->name);
	return r;
}

int tuning_memory_policies(struct strv *modes, struct strv *flags)
{
	int r = list_words(memory_modes, modes);

	return r < 0 ? r : list_words(memory_flags, flags);
}

static int find_word(
    const struct word *words, const char *name, const char *key, uint64_t *ret, struct err *e)
{
	for (; words->name; words++) {
		if (strcmp(words->name, name) == 0) {
			*ret = words->value;
			return 0;
		}
	}
	return err_refuse(e, -EINVAL, "config.json: %s: not known: '%s'", key, name);
}

static int add_flags(const struct word *words, const struct strv *names, const char *key,
    uint64_t *flags, struct err *e)
{
	strv_for_each (at, names) {
		uint64_t flag = 0;
		int r = find_word(words, *at, key, &flag, e);

		if (r < 0)
			return r;
		*flags |= flag;
	}
	return 0;
}

static int read_scheduler(const struct oci_scheduler *from, struct tuning *t, struct err *e)
{
	uint64_t policy = 0;
	int r;

	r = find_word(policies, from->policy, "process.scheduler.policy", &policy, e);
	if (r < 0)
		return r;
	t->has_scheduler = true;
	t->scheduler = (struct tuning_scheduler){
		.size = sizeof(t->scheduler),
		.policy = (uint32_t)policy,
		.nice = from->nice,
		.priority = (uint32_t)from->priority,
		.runtime = from->runtime,
		.deadline = from->deadline,
		.period = from->period,
	};
	return add_flags(
	    scheduler_flags, &from->flags, "process.scheduler.flags", &t->scheduler.flags, e);
}

static int read_io_priority(const struct oci_io_priority *from, struct tuning *t, struct err *e)
{
	uint64_t class = 0;
	int r;

	r = find_word(io_classes, from->class_name, "process.ioPriority.class", &class, e);
	t->has_io_priority = true;
	t->io_priority = (int)(class << IOPRIO_CLASS_SHIFT) | from->priority;
	return r;
}

static int read_memory_policy(const struct oci_memory_policy *from, struct tuning *t, struct err *e)
{
	uint64_t mode = 0, flags = 0;
	int r;

	r = find_word(memory_modes, from->mode, "linux.memoryPolicy.mode", &mode, e);
	if (r >= 0)
		r = add_flags(memory_flags, &from->flags, "linux.memoryPolicy.flags", &flags, e);
	if (r < 0)
		return r;
	t->has_memory_policy = true;
	t->memory_mode = (int)(mode | flags);
	if (!from->nodes)
		return 0;
	t->has_memory_nodes = true;
	r = number_list_parse(from->nodes, t->memory_nodes);
	return r < 0 ? err_refuse(e, r, "config.json: linux.memoryPolicy.nodes: not a list: '%s'",
	                   from->nodes)
	             : 0;
}

static int read_cpus(const char *list, const char *key, struct tuning_cpus *ret, struct err *e)
{
	if (!list)
		return 0;
	ret->given = true;
	if (number_list_parse(list, ret->bits) >= 0)
		return 0;
	return err_refuse(e, -EINVAL, "process.execCPUAffinity.%s: not a list: '%s'", key, list);
}

static int read_affinity(const struct oci_cpu_affinity *from, struct tuning *t, struct err *e)
{
	int r = read_cpus(from->initial, "initial", &t->exec_initial, e);

	return r < 0 ? r : read_cpus(from->final_, "final", &t->exec_final, e);
}

int tuning_read(const struct oci_config *config, struct tuning *ret, struct err *e)
{
	const struct oci_process *process = config->process;
	const struct oci_linux *linux_ = config->linux_;
	struct tuning t = { 0 };
	int r = 0;

	if (process->scheduler)
		r = read_scheduler(process->scheduler, &t, e);
	if (r >= 0 && process->io_priority)
		r = read_io_priority(process->io_priority, &t, e);
	if (r >= 0 && linux_ && linux_->memory_policy)
		r = read_memory_policy(linux_->memory_policy, &t, e);
	if (r >= 0 && process->exec_cpu_affinity)
		r = read_affinity(process->exec_cpu_affinity, &t, e);
	if (r < 0)
		return r;
	t.all_cpus = linux_ && linux_->resources && linux_->resources->cpu &&
	    linux_->resources->cpu->cpus && *linux_->resources->cpu->cpus;
	if (linux_ && linux_->personality) {
		t.has_personality = true;
		t.personality =
		    strcmp(linux_->personality->domain, "LINUX32") == 0 ? PER_LINUX32 : PER_LINUX;
	}
	*ret = t;
	return 0;
}

int tuning_bind(const struct tuning_cpus *cpus)
{
	return syscall(SYS_sched_setaffinity, 0, sizeof(cpus->bits), cpus->bits) < 0 ? -errno : 0;
}

int tuning_bind_joined(const struct tuning *t, bool exec, struct err *e)
{
	struct tuning_cpus all;
	int r;

	if (exec && t->exec_final.given) {
		r = tuning_bind(&t->exec_final);
		return r < 0 ? err_set(e, r, "cannot set the cpus (process.execCPUAffinity.final)")
		             : 0;
	}
	if (!t->all_cpus || (exec && t->exec_initial.given))
		return 0;
	memset(&all, 0xff, sizeof(all));
	/* The kernel takes those that the cgroup has. An older one has bound us to them already. */
	(void)tuning_bind(&all);
	return 0;
}

int tuning_apply(const struct tuning *t, struct err *e)
{
	if (t->has_scheduler && syscall(SYS_sched_setattr, 0, &t->scheduler, 0) < 0)
		return err_set(e, -errno, "cannot set the scheduler (process.scheduler)");
	if (t->has_io_priority &&
	    syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, t->io_priority) < 0)
		return err_set(e, -errno, "cannot set the I/O priority (process.ioPriority)");
	if (t->has_memory_policy &&
	    syscall(SYS_set_mempolicy, t->memory_mode, t->has_memory_nodes ? t->memory_nodes : NULL,
	        t->has_memory_nodes ? NUMBER_LIST_MAX + 1 : 0) < 0)
		return err_set(e, -errno, "cannot set the memory policy (linux.memoryPolicy)");
	if (t->has_personality && syscall(SYS_personality, t->personality) < 0)
		return err_set(e, -errno, "cannot set the personality (linux.personality)");
	return 0;
}
