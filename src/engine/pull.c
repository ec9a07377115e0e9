/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium pull
 */
#include <string.h>

#include "engine/fetching.h"
#include "format/reference.h"

static bool is_local(const char *source)
{
	static const char *const schemes[] = { "oci:", "oci-archive:", "docker-archive:" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncmp(source, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

int dolium_image_pull(struct dolium *d, const char *source,
    const struct dolium_pull_options *options, struct dolium_value **ret)
{
	AUTO(reference_done) struct reference ref = { 0 };
	AUTO(fetching_done) struct fetching f = { 0 };
	struct err *e = engine_begin(d);
	int r;

	if (!is_local(source)) {
		if (strncmp(source, "docker://", 9) == 0)
			source += 9;
		r = reference_parse(source, &ref, e);
		if (r < 0)
			return r;
		f.ref = &ref;
	}
	r = fetching_open(&f, d, source, -1, options, e);
	return r < 0 ? r : fetching_all(&f, ret, e);
}
