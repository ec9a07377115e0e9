/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: cgroups that systemd makes
 */
#include "isolate/limits_systemd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/num.h"
#include "format/dbus_message.h"
#include "format/oci_config.h"
#include "format/systemd_unit.h"
#include "isolate/limits_values.h"
#include "isolate/systemd_bus.h"
#include "os/file.h"
#include "os/process.h"

#define PROPERTIES_MAX  ((size_t)1 << 20)
#define CGROUP_TEXT_MAX ((size_t)64 << 10)
#define USUAL_PERIOD_US 100000
#define QUOTA_STEP_US   10000 /* systemd's: a hundredth of a processor */
#define EXISTS_TRIES    20 /* of 50 ms: the last one of this name is just ending */

/* ---- properties out of limits ---- */

static uint64_t or_none(int64_t value)
{
	return value < 0 ? SYSTEMD_NO_LIMIT : (uint64_t)value;
}

static int put_memory(struct buf *to, const struct oci_memory *m, struct err *e)
{
	int64_t swap = 0;
	bool has_swap = false;
	int r;

	if (!m)
		return 0;
	if (m->has_limit && m->limit)
		systemd_put_u64(to, "MemoryMax", or_none(m->limit));
	if (m->has_reservation && m->reservation)
		systemd_put_u64(to, "MemoryLow", or_none(m->reservation));
	r = limits_swap_alone(m, &swap, &has_swap, e);
	if (r >= 0 && has_swap)
		systemd_put_u64(to, "MemorySwapMax", or_none(swap));
	return r;
}

/* Per second of time, in systemd's steps: never less than what was asked. */
static void put_quota(struct buf *to, int64_t quota, uint64_t period)
{
	uint64_t per_second = SYSTEMD_NO_LIMIT;

	if (!period)
		period = USUAL_PERIOD_US;
	if (quota > 0) {
		per_second = (uint64_t)((double)quota * 1e6 / (double)period);
		per_second = (per_second + QUOTA_STEP_US - 1) / QUOTA_STEP_US * QUOTA_STEP_US;
	}
	systemd_put_u64(to, "CPUQuotaPerSecUSec", per_second);
	systemd_put_u64(to, "CPUQuotaPeriodUSec", period);
}

static int put_cpus(struct buf *to, const char *name, const char *list, struct err *e)
{
	if (!list || !*list)
		return 0;
	if (systemd_put_numbers(to, name, list) < 0)
		return err_refuse(e, -EINVAL, "not a list of numbers: '%s'", list);
	return 0;
}

static int put_cpu(struct buf *to, const struct oci_cpu *c, struct err *e)
{
	int r;

	if (!c)
		return 0;
	if (c->has_shares && c->shares)
		systemd_put_u64(to, "CPUWeight", limits_shares_to_weight(c->shares));
	if ((c->has_quota && c->quota) || (c->has_period && c->period))
		put_quota(to, c->has_quota ? c->quota : 0, c->has_period ? c->period : 0);
	r = put_cpus(to, "AllowedCPUs", c->cpus, e);
	return r < 0 ? r : put_cpus(to, "AllowedMemoryNodes", c->mems, e);
}

/* "max" or a number. */
static int read_limit(const char *text, uint64_t *ret_value)
{
	if (strcmp(text, "max") == 0) {
		*ret_value = SYSTEMD_NO_LIMIT;
		return 0;
	}
	return num_parse_u64(text, ret_value);
}

/* "50000 100000", "max". */
static void put_unified_quota(struct buf *to, const char *value)
{
	char quota_text[24] = "", period_text[24] = "";
	uint64_t quota = 0, period = USUAL_PERIOD_US;

	if (sscanf(value, "%23s %23s", quota_text, period_text) < 1 ||
	    read_limit(quota_text, &quota) < 0 || !quota ||
	    (*period_text && num_parse_u64(period_text, &period) < 0))
		return;
	put_quota(to, quota > INT64_MAX ? -1 : (int64_t)quota, period);
}

/* Those that have a property. What is no such value is refused when its file is written. */
static void put_unified(struct buf *to, const char *key, const char *value)
{
	static const struct {
		const char *key, *property;
	} numbers[] = {
		{ "memory.max", "MemoryMax" },
		{ "memory.high", "MemoryHigh" },
		{ "memory.low", "MemoryLow" },
		{ "memory.min", "MemoryMin" },
		{ "memory.swap.max", "MemorySwapMax" },
		{ "pids.max", "TasksMax" },
		{ "cpu.weight", "CPUWeight" },
	};
	uint64_t number = 0;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (strcmp(numbers[i].key, key) == 0 && read_limit(value, &number) >= 0)
			systemd_put_u64(to, numbers[i].property, number);
	if (strcmp(key, "cpu.max") == 0)
		put_unified_quota(to, value);
	if (strcmp(key, "cpuset.cpus") == 0)
		(void)systemd_put_numbers(to, "AllowedCPUs", value);
	if (strcmp(key, "cpuset.mems") == 0)
		(void)systemd_put_numbers(to, "AllowedMemoryNodes", value);
}

/*
 * Devices are not among them: systemd would want a path for each rule, and it leaves alone what it
 * was told nothing about: our eBPF program on v2, our rules on v1.
 */
static int put_resources(struct buf *to, const struct oci_resources *res, struct err *e)
{
	int r;

	if (!res)
		return 0;
	r = put_memory(to, res->memory, e);
	if (r >= 0)
		r = put_cpu(to, res->cpu, e);
	if (r < 0)
		return r;
	if (res->has_pids_limit && res->pids_limit)
		systemd_put_u64(to, "TasksMax", or_none(res->pids_limit));
	if (res->block_io && res->block_io->has_weight && res->block_io->weight)
		systemd_put_u64(to, "IOWeight", limits_blkio_to_io_weight(res->block_io->weight));
	for (size_t i = 0; i < res->unified.n; i++)
		put_unified(to, res->unified.items[i].key, res->unified.items[i].value);
	return 0;
}

static int put_annotations(struct buf *to, const struct strmap *annotations, struct err *e)
{
	const size_t len = strlen(SYSTEMD_ANNOTATION);
	int r = 0;

	for (size_t i = 0; annotations && r >= 0 && i < annotations->n; i++) {
		const struct strmap_entry *a = &annotations->items[i];

		if (strncmp(a->key, SYSTEMD_ANNOTATION, len) == 0)
			r = systemd_put_annotation(to, a->key + len, a->value, e);
	}
	return r;
}

static int put_unit(struct buf *to, const struct limits_scope *scope, pid_t keeper, struct err *e)
{
	char description[128];

	snprintf(description, sizeof(description), "dolium container %.100s", scope->id);
	systemd_put_text(to, "Description", description);
	systemd_put_text(to, "Slice", scope->slice);
	systemd_put_bool(to, "Delegate", true);
	systemd_put_pid(to, "PIDs", (uint32_t)keeper);
	/* Engines stop their containers themselves; a shutdown must not come before them. */
	systemd_put_bool(to, "DefaultDependencies", false);
	/* The controllers that a container is always counted by. */
	systemd_put_bool(to, "MemoryAccounting", true);
	systemd_put_bool(to, "CPUAccounting", true);
	systemd_put_bool(to, "IOAccounting", true);
	systemd_put_bool(to, "TasksAccounting", true);
	return put_annotations(to, scope->annotations, e);
}

/* ---- the keeper ---- */

__attribute__((noreturn)) static void keep(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It holds none of what we hold, a lock for instance. */
	syscall(SYS_close_range, 0, ~0U, 0);
	while (getppid() == parent)
		pause();
	_exit(0);
}

static pid_t start_keeper(void)
{
	const pid_t parent = getpid();
	pid_t pid = process_clone(0, -1, NULL);

	if (pid == 0)
		keep(parent);
	return pid;
}

void limits_scope_end_keeper(pid_t keeper)
{
	if (keeper <= 0)
		return;
	kill(keeper, SIGKILL);
	process_wait(keeper);
}

/* ---- where systemd put it ---- */

struct search {
	pid_t keeper;
	const char *unit;
	char *place;
};

/* "0::/system.slice/x.scope" or "1:name=systemd:/system.slice/x.scope". */
static bool read_place(struct search *s, const char *line, size_t len)
{
	const char *path = memchr(line, '/', len);
	const size_t unit = strlen(s->unit);
	const bool systemds =
	    strncmp(line, "0::", 3) == 0 || memmem(line, len, ":name=systemd:", 14);
	size_t path_len;

	if (!path || !systemds)
		return false;
	path_len = (size_t)(line + len - path);
	if (path_len <= unit || path[path_len - unit - 1] != '/' ||
	    memcmp(path + path_len - unit, s->unit, unit) != 0)
		return false;
	s->place = strndup(path, path_len);
	return s->place != NULL;
}

/* Is the keeper in the scope? */
static bool find_place(void *with)
{
	AUTO_FREE char *text = NULL;
	struct search *s = with;
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/cgroup", s->keeper);
	if (s->place)
		return true;
	if (file_read_path(path, CGROUP_TEXT_MAX, &text, NULL) < 0)
		return false;
	for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (read_place(s, at, strcspn(at, "\n")))
			return true;
	return false;
}

/* ---- calls ---- */

static int reset_failed(struct systemd_bus *bus, const char *unit, const char *what)
{
	AUTO_BUF struct buf body = { 0 };
	struct err ignored = { 0 };

	dbus_put_text(&body, unit);
	return systemd_bus_call(bus, "ResetFailedUnit", "s", &body, what, NULL, &ignored);
}

static int start_unit(struct systemd_bus *bus, const struct limits_scope *scope,
    const struct oci_resources *resources, pid_t keeper, const char *what, char **ret_job,
    struct err *e)
{
	AUTO_BUF struct buf body = { .max = PROPERTIES_MAX };
	size_t array;
	int r;

	dbus_put_text(&body, scope->unit);
	dbus_put_text(&body, "fail");
	array = dbus_open_array(&body, 8);
	r = put_unit(&body, scope, keeper, e);
	if (r >= 0)
		r = put_resources(&body, resources, e);
	if (r < 0)
		return r;
	dbus_close_array(&body, array, 8);
	array = dbus_open_array(&body, 8); /* of further units */
	dbus_close_array(&body, array, 8);
	return systemd_bus_call(
	    bus, "StartTransientUnit", "ssa(sv)a(sa(sv))", &body, what, ret_job, e);
}

/*
 * An old systemd does not know each property: then without those of the limits, which are in the
 * files all the same. One that is failed or about to end may have our name still.
 */
static int start_unit_somehow(struct systemd_bus *bus, const struct limits_scope *scope,
    const struct oci_resources *resources, pid_t keeper, const char *what, char **ret_job,
    struct err *e)
{
	int r = start_unit(bus, scope, resources, keeper, what, ret_job, e);

	if (r == -EOPNOTSUPP) {
		resources = NULL;
		r = start_unit(bus, scope, resources, keeper, what, ret_job, e);
	}
	for (int i = 0; r == -EEXIST && i < EXISTS_TRIES; i++) {
		(void)reset_failed(bus, scope->unit, what);
		if (i > 0)
			nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
		r = start_unit(bus, scope, resources, keeper, what, ret_job, e);
	}
	return r;
}

static int start_and_wait(const struct limits_scope *scope, const struct oci_resources *resources,
    struct search *search, struct err *e)
{
	AUTO(systemd_bus_close) struct systemd_bus *bus = NULL;
	AUTO_FREE char *job = NULL;
	char what[320];
	int r;

	snprintf(what, sizeof(what), "cannot start unit '%s'", scope->unit);
	r = systemd_bus_open(scope->user, &bus, e);
	if (r >= 0)
		r = start_unit_somehow(bus, scope, resources, search->keeper, what, &job, e);
	if (r >= 0)
		r = systemd_bus_wait_job(bus, job, find_place, search, what, e);
	if (r < 0)
		return r;
	if (!find_place(search))
		return err_refuse(e, -ENOENT, "%s: systemd has put its process elsewhere", what);
	return 0;
}

int limits_scope_start(const struct limits_scope *scope, const struct oci_resources *resources,
    pid_t *ret_keeper, char **ret_place, struct err *e)
{
	struct search search = { .unit = scope->unit };
	int r;

	search.keeper = start_keeper();
	if (search.keeper < 0)
		return err_set(e, search.keeper, "cannot start unit '%s'", scope->unit);
	r = start_and_wait(scope, resources, &search, e);
	if (r < 0) {
		limits_scope_end_keeper(search.keeper);
		free(search.place);
		return r;
	}
	*ret_keeper = search.keeper;
	*ret_place = search.place;
	return 0;
}

int limits_unit_update(
    const char *unit, bool user, const struct oci_resources *resources, struct err *e)
{
	AUTO(systemd_bus_close) struct systemd_bus *bus = NULL;
	AUTO_BUF struct buf body = { .max = PROPERTIES_MAX };
	char what[320];
	size_t array, empty;
	int r;

	snprintf(what, sizeof(what), "cannot change unit '%s'", unit);
	dbus_put_text(&body, unit);
	dbus_put_bool(&body, true); /* until the next boot */
	array = dbus_open_array(&body, 8);
	empty = body.len;
	r = put_resources(&body, resources, e);
	if (r < 0 || body.len == empty)
		return r;
	dbus_close_array(&body, array, 8);
	r = systemd_bus_open(user, &bus, e);
	if (r >= 0)
		r = systemd_bus_call(bus, "SetUnitProperties", "sba(sv)", &body, what, NULL, e);
	/* An old systemd does not know each of them; the files have them all. */
	return r == -EOPNOTSUPP ? 0 : r;
}

/* ---- the end ---- */

struct stopping {
	struct systemd_bus *bus;
	const char *unit, *what;
};

static bool is_gone(void *with)
{
	const struct stopping *s = with;
	AUTO_BUF struct buf body = { 0 };
	struct err ignored = { 0 };

	dbus_put_text(&body, s->unit);
	return systemd_bus_call(s->bus, "GetUnit", "s", &body, s->what, NULL, &ignored) == -ENOENT;
}

/* So that stopping waits for nobody. That nobody is there is what mostly comes back. */
static void kill_unit(struct systemd_bus *bus, const char *unit, const char *what)
{
	AUTO_BUF struct buf body = { 0 };
	struct err ignored = { 0 };

	dbus_put_text(&body, unit);
	dbus_put_text(&body, "all");
	dbus_put_u32(&body, SIGKILL);
	(void)systemd_bus_call(bus, "KillUnit", "ssi", &body, what, NULL, &ignored);
}

static int stop_unit(struct stopping *s, struct err *e)
{
	AUTO_BUF struct buf body = { 0 };
	AUTO_FREE char *job = NULL;
	int r;

	dbus_put_text(&body, s->unit);
	dbus_put_text(&body, "replace");
	r = systemd_bus_call(s->bus, "StopUnit", "ss", &body, s->what, &job, e);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : systemd_bus_wait_job(s->bus, job, is_gone, s, s->what, e);
}

int limits_stop_unit(const char *unit, bool user, struct err *e)
{
	AUTO(systemd_bus_close) struct systemd_bus *bus = NULL;
	struct stopping s = { .unit = unit };
	char what[320];
	int r;

	snprintf(what, sizeof(what), "cannot stop unit '%s'", unit);
	s.what = what;
	r = systemd_bus_open(user, &bus, e);
	if (r < 0)
		return r;
	s.bus = bus;
	kill_unit(bus, unit, what);
	r = stop_unit(&s, e);
	/* A scope whose processes were killed has failed, and would be listed for ever. */
	if (r >= 0)
		(void)reset_failed(bus, unit, what);
	return r;
}
