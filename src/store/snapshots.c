/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots: which drivers there are
 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "store/snapshot.h"

/* Best first. */
static const struct snapshot_driver *const drivers[] = {
	&snapshot_overlay,
};

#define N_DRIVERS (sizeof(drivers) / sizeof(drivers[0]))

const struct snapshot_driver *snapshot_at(size_t i)
{
	return i < N_DRIVERS ? drivers[i] : NULL;
}

const struct snapshot_driver *snapshot_find(const char *name)
{
	for (size_t i = 0; i < N_DRIVERS; i++) {
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	}
	return NULL;
}

int snapshot_pick(int store_fd, const struct snapshot_driver **ret_driver, struct err *e)
{
	int r = -EOPNOTSUPP;

	for (size_t i = 0; i < N_DRIVERS; i++) {
		r = drivers[i]->probe(store_fd, e);
		if (r >= 0) {
			*ret_driver = drivers[i];
			return 0;
		}
	}
	return r;
}
