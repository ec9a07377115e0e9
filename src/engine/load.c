/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium load
 */
#include "engine/fetching.h"

int dolium_image_load(
    struct dolium *d, int fd, const struct dolium_pull_options *options, struct dolium_value **ret)
{
	AUTO(fetching_done) struct fetching f = { 0 };
	struct err *e = engine_begin(d);
	int r;

	r = fetching_open(&f, d, "archive:", fd, options, e);
	return r < 0 ? r : fetching_all(&f, ret, e);
}
