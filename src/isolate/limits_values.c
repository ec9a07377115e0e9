/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: values
 */
#include "isolate/limits_values.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/oci_config.h"

#define SHARES_MIN      2
#define SHARES_MAX      262144
#define IO_WEIGHT_MIN   10
#define IO_WEIGHT_MAX   1000
#define USUAL_PERIOD_US 100000
#define PLACE_MAX       2048
#define PLACE_OF_DOLIUM "/dolium"

/*
 * A line through both ends would make the usual 1024 shares a weight of 39 and
 * so put a container behind every other process. This curve goes through
 * (2, 1), (1024, 100) and (262144, 10000), as runc's and crun's newer one.
 */
uint64_t limits_shares_to_weight(uint64_t shares)
{
	double power;

	if (shares <= SHARES_MIN)
		return 1;
	if (shares >= SHARES_MAX)
		return 10000;
	power = log2((double)shares);
	return (uint64_t)ceil(pow(10, (power * power + 125 * power) / 612.0 - 7.0 / 34.0));
}

uint64_t limits_blkio_to_io_weight(uint64_t weight)
{
	if (weight <= IO_WEIGHT_MIN)
		return 1;
	if (weight >= IO_WEIGHT_MAX)
		return 10000;
	return 1 + (weight - IO_WEIGHT_MIN) * 9999 / (IO_WEIGHT_MAX - IO_WEIGHT_MIN);
}

int limits_swap_alone(
    const struct oci_memory *memory, int64_t *ret_swap, bool *ret_has, struct err *e)
{
	const int64_t limit = memory->has_limit ? memory->limit : 0;
	const int64_t swap = memory->has_swap ? memory->swap : 0;

	/* On v1 unlimited memory is unlimited swap: the one limit holds both. */
	*ret_has = swap != 0 || limit == -1;
	*ret_swap = -1;
	if (swap == -1 || swap == 0)
		return 0;
	if (swap < -1)
		return err_refuse(e, -EINVAL, "no such swap limit: %jd", (intmax_t)swap);
	if (limit <= 0)
		return err_refuse(e, -EINVAL, "cannot limit swap where memory has no limit");
	if (swap < limit)
		return err_refuse(e, -EINVAL,
		    "the limit of memory and swap together, %jd, is below that of memory, %jd",
		    (intmax_t)swap, (intmax_t)limit);
	*ret_swap = swap - limit;
	return 0;
}

void limits_print_max(char to[LIMITS_VALUE_MAX], int64_t value)
{
	if (value < 0)
		snprintf(to, LIMITS_VALUE_MAX, "max");
	else
		snprintf(to, LIMITS_VALUE_MAX, "%jd", (intmax_t)value);
}

void limits_print_cpu_max(char to[LIMITS_VALUE_MAX], int64_t quota, uint64_t period)
{
	if (!period)
		period = USUAL_PERIOD_US;
	if (quota <= 0)
		snprintf(to, LIMITS_VALUE_MAX, "max %ju", (uintmax_t)period);
	else
		snprintf(to, LIMITS_VALUE_MAX, "%jd %ju", (intmax_t)quota, (uintmax_t)period);
}

/* A part of a path that the kernel would not take as the name of a cgroup, or as another. */
static bool is_bad_part(const char *part, size_t len)
{
	if (len == 2 && memcmp(part, "..", 2) == 0)
		return true;
	/* "cgroup.procs" and the like would be the name of a file: EEXIST and worse. */
	if (len > 7 && memcmp(part, "cgroup.", 7) == 0)
		return true;
	return len > NAME_MAX || memchr(part, '\n', len);
}

static int add_path(struct buf *to, const char *path, struct err *e)
{
	for (const char *at = path; *at;) {
		const size_t len = strcspn(at, "/");

		if (is_bad_part(at, len))
			return err_refuse(e, -EINVAL, "not a path of a cgroup: '%s'", path);
		if (len > 0 && !(len == 1 && *at == '.')) {
			buf_addc(to, '/');
			buf_add(to, at, len);
		}
		at += len + (at[len] == '/');
	}
	return 0;
}

int limits_place(const char *cgroups_path, const char *id, char **ret_place, struct err *e)
{
	AUTO_BUF struct buf place = { .max = PLACE_MAX };
	const bool ours = !cgroups_path || *cgroups_path != '/';
	int r;

	if (!cgroups_path || !*cgroups_path)
		cgroups_path = id;
	if (ours)
		buf_adds(&place, PLACE_OF_DOLIUM);
	r = add_path(&place, cgroups_path, e);
	if (r < 0)
		return r;
	if (!place.len || (ours && place.len == strlen(PLACE_OF_DOLIUM)))
		return err_refuse(
		    e, -EINVAL, "not a path of a container's cgroup: '%s'", cgroups_path);
	r = buf_take(&place, ret_place);
	if (r == -EFBIG)
		return err_refuse(
		    e, -EINVAL, "the path of the cgroup is longer than %d bytes", PLACE_MAX);
	return r < 0 ? err_set(e, r, "cannot name a cgroup") : 0;
}
