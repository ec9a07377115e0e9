/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium pull
 */
#include <errno.h>
#include <string.h>

#include "engine/fetching.h"
#include "engine/hello.h"
#include "format/reference.h"
#include "store/images.h"

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

	if (strcmp(source, HOST_NAME) == 0 || strcmp(source, HELLO_NAME) == 0)
		return err_refuse(e, -EINVAL,
		    "'%s' needs no pull: it is %s; 'docker.io/library/%s' is the registry's",
		    source,
		    strcmp(source, HOST_NAME) == 0 ? "this machine itself" : "inside dolium",
		    source);
	if (!is_local(source)) {
		if (strncmp(source, "docker://", 9) == 0)
			source += 9;
		r = reference_parse(source, &ref, e);
		if (r < 0)
			return r;
		f.ref = &ref;
	}
	r = fetching_open(&f, d, source, -1, options, e);
	if (r >= 0)
		r = fetching_all(&f, ret, e);
	/* What came so far could be resumed, but on a full disk nothing else could be done. */
	if (r == -ENOSPC) {
		fetching_done(&f);
		(void)images_drop_partials(d->store);
	}
	return r;
}
