/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update: other limits for a container that runs
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/err.h"
#include "base/num.h"
#include "format/oci_config.h"
#include "isolate/limits.h"
#include "oci/runtime.h"
#include "os/file.h"

#define RESOURCES_MAX ((size_t)1 << 20)

/* ---- what is asked ---- */

static int read_resources(const char *path, struct oci_resources **ret_resources, struct err *e)
{
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	int r;

	if (strcmp(path, "-") == 0)
		r = file_read_fd(STDIN_FILENO, RESOURCES_MAX, &text, &len);
	else
		r = file_read_path(path, RESOURCES_MAX, &text, &len);
	if (r < 0)
		return err_set(e, r, "cannot read the resources '%s'", path);
	return oci_resources_parse(text, len, ret_resources, e);
}

static int not_valid(const char *option, const char *text, struct err *e)
{
	return err_refuse(e, -EINVAL, "option --%s: not a valid value: '%s'", option, text);
}

static int read_signed(
    const char *option, const char *text, int64_t *ret_value, bool *ret_has, struct err *e)
{
	if (!text)
		return 0;
	if (num_parse_i64(text, ret_value) < 0)
		return not_valid(option, text, e);
	*ret_has = true;
	return 0;
}

static int read_unsigned(
    const char *option, const char *text, uint64_t *ret_value, bool *ret_has, struct err *e)
{
	if (!text)
		return 0;
	if (num_parse_u64(text, ret_value) < 0)
		return not_valid(option, text, e);
	*ret_has = true;
	return 0;
}

/* "64m"; -1: none. */
static int read_bytes(
    const char *option, const char *text, int64_t *ret_value, bool *ret_has, struct err *e)
{
	if (text && text[0] == '-')
		return read_signed(option, text, ret_value, ret_has, e);
	if (!text)
		return 0;
	if (num_parse_size(text, ret_value) < 0)
		return not_valid(option, text, e);
	*ret_has = true;
	return 0;
}

static int read_text(const char *text, char **to, struct err *e)
{
	if (!text)
		return 0;
	*to = strdup(text);
	return *to ? 0 : err_set(e, -ENOMEM, "cannot note the limits");
}

static int read_memory(const struct update_options *o, struct oci_resources *to, struct err *e)
{
	struct oci_memory *m;
	int r;

	if (!o->memory && !o->memory_reservation && !o->memory_swap)
		return 0;
	m = to->memory = calloc(1, sizeof(*m));
	if (!m)
		return err_set(e, -ENOMEM, "cannot note the limits");
	r = read_bytes("memory", o->memory, &m->limit, &m->has_limit, e);
	if (r >= 0)
		r = read_bytes("memory-reservation", o->memory_reservation, &m->reservation,
		    &m->has_reservation, e);
	if (r >= 0)
		r = read_bytes("memory-swap", o->memory_swap, &m->swap, &m->has_swap, e);
	return r;
}

static int read_cpu(const struct update_options *o, struct oci_resources *to, struct err *e)
{
	struct oci_cpu *cpu;
	int r;

	if (!o->cpu_period && !o->cpu_quota && !o->cpu_burst && !o->cpu_share && !o->cpu_idle &&
	    !o->cpuset_cpus && !o->cpuset_mems)
		return 0;
	cpu = to->cpu = calloc(1, sizeof(*cpu));
	if (!cpu)
		return err_set(e, -ENOMEM, "cannot note the limits");
	r = read_unsigned("cpu-period", o->cpu_period, &cpu->period, &cpu->has_period, e);
	if (r >= 0)
		r = read_signed("cpu-quota", o->cpu_quota, &cpu->quota, &cpu->has_quota, e);
	if (r >= 0)
		r = read_unsigned("cpu-burst", o->cpu_burst, &cpu->burst, &cpu->has_burst, e);
	if (r >= 0)
		r = read_unsigned("cpu-share", o->cpu_share, &cpu->shares, &cpu->has_shares, e);
	if (r >= 0)
		r = read_signed("cpu-idle", o->cpu_idle, &cpu->idle, &cpu->has_idle, e);
	if (r >= 0)
		r = read_text(o->cpuset_cpus, &cpu->cpus, e);
	return r < 0 ? r : read_text(o->cpuset_mems, &cpu->mems, e);
}

static int read_block_io(const struct update_options *o, struct oci_resources *to, struct err *e)
{
	if (!o->blkio_weight)
		return 0;
	to->block_io = calloc(1, sizeof(*to->block_io));
	if (!to->block_io)
		return err_set(e, -ENOMEM, "cannot note the limits");
	if (num_parse_u32(o->blkio_weight, &to->block_io->weight) < 0)
		return not_valid("blkio-weight", o->blkio_weight, e);
	to->block_io->has_weight = true;
	return 0;
}

static int check_not_there(const struct update_options *o, struct err *e)
{
	if (o->cpu_rt_period || o->cpu_rt_runtime)
		return err_refuse(e, -EOPNOTSUPP,
		    "cannot change the realtime limits of cpu: not in this runtime yet");
	if (o->l3_cache_schema || o->mem_bw_schema)
		return err_refuse(
		    e, -EOPNOTSUPP, "cannot change cache and bandwidth: no Intel RDT here");
	return 0;
}

static int read_options(
    const struct update_options *o, struct oci_resources **ret_resources, struct err *e)
{
	AUTO(oci_resources_free) struct oci_resources *to = NULL;
	int r;

	r = check_not_there(o, e);
	if (r < 0)
		return r;
	if (o->resources)
		return read_resources(o->resources, ret_resources, e);
	to = calloc(1, sizeof(*to));
	if (!to)
		return err_set(e, -ENOMEM, "cannot note the limits");
	r = read_memory(o, to, e);
	if (r >= 0)
		r = read_cpu(o, to, e);
	if (r >= 0)
		r = read_block_io(o, to, e);
	if (r >= 0)
		r = read_signed(
		    "pids-limit", o->pids_limit, &to->pids_limit, &to->has_pids_limit, e);
	if (r < 0)
		return r;
	*ret_resources = TAKE(to);
	return 0;
}

/* ---- doing it ---- */

/* Before they are made: whoever kills us in between, `delete` finds them. */
static int note_cgroups(int home, struct oci_state *state, struct strv *more, struct err *e)
{
	int r;

	if (more->n == 0)
		return 0;
	r = home_note_more_cgroups(home);
	strv_for_each (at, more) {
		if (r >= 0 && !strv_has(&state->cgroups, *at))
			r = strv_add(&state->cgroups, *at);
	}
	if (r < 0)
		return err_set(e, r, "cannot note the cgroups of container '%s'", state->id);
	return home_write_state(home, state, e);
}

static int change(
    int home, struct oci_state *state, const struct oci_resources *resources, struct err *e)
{
	AUTO(limits_free) struct limits *limits = NULL;
	AUTO_STRV struct strv more = { 0 };
	int r;

	r = home_open_limits(state, &limits, e);
	if (r >= 0)
		r = home_mend_limits(home, limits, e);
	if (r >= 0)
		r = limits_update_needs(limits, resources, &more, e);
	if (r >= 0)
		r = note_cgroups(home, state, &more, e);
	return r < 0 ? r : limits_update(limits, resources, e);
}

int runtime_update(const struct runtime *rt, const struct runtime_options *o, struct err *e)
{
	AUTO(oci_resources_free) struct oci_resources *resources = NULL;
	AUTO_OCI_STATE struct oci_state state = { 0 };
	AUTO_FD int home = -1;
	int r;

	home = home_open_alive(rt, o->id, &state, e);
	if (home < 0)
		return home;
	r = read_options(&o->update, &resources, e);
	return r < 0 ? r : change(home, &state, resources, e);
}
