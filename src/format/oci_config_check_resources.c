/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OCI run-time configuration: what a table cannot say of linux.resources and linux.intelRdt
 *
 * Most of these texts end up in the name of a file of the kernel's, or as one line in it.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "format/oci_config.h"
#include "format/oci_config_check.h"

/* Absent where there is nothing in it. */
static void drop_empty(char **text)
{
	if (*text && !**text) {
		free(*text);
		*text = NULL;
	}
}

/* -1 says "no limit"; 0, depending on the limit, nothing. */
static int check_limit(int64_t limit, const char *path, const char *key, struct err *e)
{
	if (limit >= -1)
		return 0;
	return err_refuse(e, -EBADMSG, "%s%s: neither a size nor -1", path, key);
}

int oci_check_memory(void *filled, const char *path, struct err *e)
{
	const struct oci_memory *memory = filled;
	int r;

	r = check_limit(memory->limit, path, "limit", e);
	if (r >= 0)
		r = check_limit(memory->reservation, path, "reservation", e);
	if (r >= 0)
		r = check_limit(memory->swap, path, "swap", e);
	if (r >= 0)
		r = check_limit(memory->kernel, path, "kernel", e);
	if (r >= 0)
		r = check_limit(memory->kernel_tcp, path, "kernelTCP", e);
	if (r < 0)
		return r;
	if (memory->has_swappiness && memory->swappiness > 100)
		return err_refuse(e, -EBADMSG, "%sswappiness: not from 0 to 100", path);
	return 0;
}

/* As the kernel writes a set of cpus: "0-3,8", also "0-31:2/4". */
static int check_set(const char *text, const char *path, const char *key, struct err *e)
{
	if (!text || strspn(text, "0123456789-,:/ ") == strlen(text))
		return 0;
	return err_refuse(e, -EBADMSG, "%s%s: not a list of numbers: '%s'", path, key, text);
}

int oci_check_cpu(void *filled, const char *path, struct err *e)
{
	const struct oci_cpu *cpu = filled;
	int r;

	if (cpu->quota < -1)
		return err_refuse(e, -EBADMSG, "%squota: neither a time nor -1", path);
	if (cpu->idle < 0 || cpu->idle > 1)
		return err_refuse(e, -EBADMSG, "%sidle: neither 0 nor 1", path);
	if (cpu->realtime_runtime < -1)
		return err_refuse(e, -EBADMSG, "%srealtimeRuntime: neither a time nor -1", path);
	r = check_set(cpu->cpus, path, "cpus", e);
	return r < 0 ? r : check_set(cpu->mems, path, "mems", e);
}

/* One line, "mlx5_1 hca_handle=3": what is not a name there would be more than one setting. */
int oci_check_rdma(void *filled, const char *path, struct err *e)
{
	const struct oci_rdma *rdma = filled;

	if (*rdma->key && strlen(rdma->key) < 64 && !strpbrk(rdma->key, " \t\n\v\f\r/="))
		return 0;
	return err_refuse(
	    e, -EBADMSG, "%.*s: not the name of an RDMA device", (int)strlen(path) - 1, path);
}

/* It becomes part of a file's name: "hugetlb.2MB.limit_in_bytes". */
int oci_check_hugepage_limit(void *filled, const char *path, struct err *e)
{
	const struct oci_hugepage_limit *limit = filled;
	const size_t digits = strspn(limit->page_size, "0123456789");
	const char *unit = limit->page_size + digits;

	if (digits == 0 || digits > 9 || !*unit || !strchr("KMG", *unit) ||
	    strcmp(unit + 1, "B") != 0)
		return err_refuse(
		    e, -EBADMSG, "%spageSize: not a size of pages: '%s'", path, limit->page_size);
	return 0;
}

int oci_check_resources(void *filled, const char *path, struct err *e)
{
	const struct oci_resources *resources = filled;

	/* Each key is the name of a file in the cgroup's directory. */
	for (size_t i = 0; i < resources->unified.n; i++) {
		const char *key = resources->unified.items[i].key;

		if (!strchr(key, '.') || key[0] == '.' || strchr(key, '/'))
			return err_refuse(
			    e, -EBADMSG, "%sunified: not a cgroup's file: '%s'", path, key);
	}
	return 0;
}

/* ---- linux.intelRdt ---- */

/* It becomes a directory of the resctrl file system; "/" is that itself. */
static bool is_clos(const char *id)
{
	static const char *const taken[] = { ".", "..", "info", "mon_groups", "mon_data" };

	if (strcmp(id, "/") == 0)
		return true;
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (strcmp(id, taken[i]) == 0)
			return false;
	return strlen(id) < 256 && !strpbrk(id, "/\n");
}

int oci_check_intel_rdt(void *filled, const char *path, struct err *e)
{
	struct oci_intel_rdt *rdt = filled;

	drop_empty(&rdt->clos_id);
	drop_empty(&rdt->l3_cache_schema);
	drop_empty(&rdt->mem_bw_schema);
	if (rdt->clos_id && !is_clos(rdt->clos_id))
		return err_refuse(e, -EBADMSG, "%sclosID: not the name of a class of service: '%s'",
		    path, rdt->clos_id);
	for (size_t i = 0; i < rdt->schemata.n; i++)
		if (strchr(rdt->schemata.items[i], '\n'))
			return err_refuse(
			    e, -EBADMSG, "%sschemata[%zu]: more than one line", path, i);
	return 0;
}
