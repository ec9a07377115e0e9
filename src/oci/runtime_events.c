/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events: what a container uses, and when memory was not enough
 *
 * One JSON object a line, in runc's form.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/num.h"
#include "format/json.h"
#include "isolate/limits.h"
#include "isolate/limits_stats.h"
#include "oci/runtime.h"
#include "os/file.h"
#include "os/process.h"

#define SECOND       INT64_C(1000000000)
#define INTERVAL     (5 * SECOND)
#define LOOK_NS      (SECOND / 5) /* so often for an end or a kill */
#define INTERVAL_MIN (SECOND / 100)
#define INTERVAL_MAX (86400 * SECOND)

static int print_line(struct buf *line, struct err *e)
{
	int r;

	buf_addc(line, '\n');
	r = buf_error(line);
	if (r >= 0)
		r = file_write_fd(STDOUT_FILENO, line->data, line->len);
	return r < 0 ? err_set(e, r, "cannot print") : 0;
}

static void put_cpu(struct json_writer *w, const struct limits_stats *s)
{
	json_open_object(w, "cpu");
	json_open_object(w, "usage");
	json_put_u64(w, "total", s->cpu_total);
	json_put_u64(w, "kernel", s->cpu_kernel);
	json_put_u64(w, "user", s->cpu_user);
	json_close_object(w);
	json_open_object(w, "throttling");
	json_put_u64(w, "periods", s->periods);
	json_put_u64(w, "throttledPeriods", s->throttled_periods);
	json_put_u64(w, "throttledTime", s->throttled_time);
	json_close_object(w);
	json_close_object(w);
}

static void put_usage(struct json_writer *w, const char *key, uint64_t usage, uint64_t max,
    uint64_t limit, uint64_t failures)
{
	json_open_object(w, key);
	json_put_u64(w, "limit", limit);
	json_put_u64(w, "usage", usage);
	json_put_u64(w, "max", max);
	json_put_u64(w, "failcnt", failures);
	json_close_object(w);
}

static void put_memory_stat(struct json_writer *w, const char *text)
{
	char name[64];

	json_open_object(w, "raw");
	while (*text) {
		size_t len = strcspn(text, " \n");

		if (text[len] == ' ' && len < sizeof(name)) {
			memcpy(name, text, len);
			name[len] = '\0';
			json_put_u64(w, name, strtoull(text + len + 1, NULL, 10));
		}
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	json_close_object(w);
}

static void put_memory(struct json_writer *w, const struct limits_stats *s)
{
	json_open_object(w, "memory");
	put_usage(w, "usage", s->memory, s->memory_max, s->memory_limit, s->memory_failures);
	put_usage(w, "swap", s->swap, s->swap_max, s->swap_limit, s->swap_failures);
	put_memory_stat(w, s->memory_stat);
	json_close_object(w);
}

static void put_io(struct json_writer *w, const char *text)
{
	json_open_object(w, "blkio");
	json_open_array(w, "ioServiceBytesRecursive");
	while (*text) {
		unsigned major, minor;
		unsigned long long value;
		char operation[16];

		if (sscanf(text, "%u:%u %15s %llu", &major, &minor, operation, &value) == 4) {
			json_open_object(w, NULL);
			json_put_u64(w, "major", major);
			json_put_u64(w, "minor", minor);
			json_put_text(w, "op", operation);
			json_put_u64(w, "value", value);
			json_close_object(w);
		}
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	json_close_array(w);
	json_close_object(w);
}

static void put_pids(struct json_writer *w, const struct limits_stats *s)
{
	json_open_object(w, "pids");
	json_put_u64(w, "current", s->pids);
	if (s->pids_limit)
		json_put_u64(w, "limit", s->pids_limit);
	json_close_object(w);
}

static int print_stats(const char *id, const struct limits_stats *s, struct err *e)
{
	AUTO_BUF struct buf line = { 0 };
	struct json_writer w = { .to = &line };

	json_open_object(&w, NULL);
	json_put_text(&w, "type", "stats");
	json_put_text(&w, "id", id);
	json_open_object(&w, "data");
	if (s->has_cpu)
		put_cpu(&w, s);
	if (s->has_memory)
		put_memory(&w, s);
	if (s->has_pids)
		put_pids(&w, s);
	put_io(&w, s->io);
	json_close_object(&w);
	json_close_object(&w);
	return print_line(&line, e);
}

static int print_oom(const char *id, struct err *e)
{
	AUTO_BUF struct buf line = { 0 };
	struct json_writer w = { .to = &line };

	json_open_object(&w, NULL);
	json_put_text(&w, "type", "oom");
	json_put_text(&w, "id", id);
	json_close_object(&w);
	return print_line(&line, e);
}

/* Until the container ends. */
static int watch(
    const struct oci_state *state, const struct limits *limits, int64_t interval, struct err *e)
{
	static struct limits_stats stats;
	uint64_t kills = 0;
	int64_t waited = 0;
	int r = 0;

	limits_stats(limits, &stats);
	kills = stats.oom_kills;
	while (r >= 0 && process_is(state->pid, state->pid_start)) {
		int64_t step = interval - waited < LOOK_NS ? interval - waited : LOOK_NS;

		nanosleep(&(struct timespec){ .tv_nsec = step }, NULL);
		waited += step;
		limits_stats(limits, &stats);
		for (; kills < stats.oom_kills && r >= 0; kills++)
			r = print_oom(state->id, e);
		if (r < 0 || waited < interval)
			continue;
		waited = 0;
		r = print_stats(state->id, &stats, e);
	}
	return r;
}

/* "5s", "300ms", "1.5m" */
static int parse_time(const char *text, int64_t *ret_ns)
{
	static const struct {
		const char *name;
		int64_t times, of; /* a second */
	} units[] = { { "s", 1, 1 }, { "ms", 1, 1000 }, { "m", 60, 1 }, { "h", 3600, 1 } };
	size_t len = strspn(text, "0123456789.");
	char number[24];

	if (len == 0 || len >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, len);
	number[len] = '\0';
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(units[i].name, text + len) != 0)
			continue;
		if (num_parse_nano(number, ret_ns) < 0 || *ret_ns > INTERVAL_MAX)
			return -EINVAL;
		*ret_ns = *ret_ns * units[i].times / units[i].of;
		return 0;
	}
	return -EINVAL;
}

static int read_interval(const char *text, int64_t *ret_interval, struct err *e)
{
	*ret_interval = INTERVAL;
	if (text &&
	    (parse_time(text, ret_interval) < 0 || *ret_interval < INTERVAL_MIN ||
	        *ret_interval > INTERVAL_MAX))
		return err_refuse(
		    e, -EINVAL, "option --interval is a time such as 5s, not '%s'", text);
	return 0;
}

int runtime_events(const struct runtime *rt, const struct runtime_options *o, struct err *e)
{
	static struct limits_stats stats;
	AUTO(limits_free) struct limits *limits = NULL;
	AUTO_OCI_STATE struct oci_state state = { 0 };
	AUTO_FD int home = -1;
	int64_t interval;
	int r;

	r = read_interval(o->interval, &interval, e);
	if (r < 0)
		return r;
	home = home_open_alive(rt, o->id, &state, e);
	if (home < 0)
		return home;
	r = home_open_limits(&state, &limits, e);
	if (r < 0)
		return r;
	if (!o->stats)
		return watch(&state, limits, interval, e);
	limits_stats(limits, &stats);
	return print_stats(o->id, &stats, e);
}
