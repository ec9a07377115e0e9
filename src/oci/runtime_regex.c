/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --regex: one command for many containers
 */
#include <dirent.h>
#include <errno.h>
#include <regex.h>

#include "base/err.h"
#include "base/strv.h"
#include "oci/runtime.h"

static int find_matching(
    const struct runtime *rt, const regex_t *pattern, struct strv *ids, struct err *e)
{
	DIR *dir = opendir(rt->root);
	struct dirent *entry;
	int r = 0;

	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return err_set(e, -errno, "cannot read the directory '%s'", rt->root);
	while (r >= 0 && (entry = readdir(dir)))
		if (runtime_id_valid(entry->d_name) &&
		    regexec(pattern, entry->d_name, 0, NULL, 0) == 0)
			r = strv_add(ids, entry->d_name);
	closedir(dir);
	return r < 0 ? err_set(e, r, "cannot list the containers") : 0;
}

int runtime_each_matching(const struct runtime *rt, const struct runtime_options *o,
    int (*command)(const struct runtime *rt, const struct runtime_options *o, struct err *e),
    struct err *e)
{
	AUTO_STRV struct strv ids = { 0 };
	regex_t pattern;
	int r, failed = 0;

	if (regcomp(&pattern, o->id, REG_EXTENDED | REG_NOSUB) != 0)
		return err_refuse(e, -EINVAL, "not a regular expression: '%s'", o->id);
	r = find_matching(rt, &pattern, &ids, e);
	regfree(&pattern);
	if (r < 0)
		return r;
	strv_for_each (id, &ids) {
		struct runtime_options one = *o;

		one.id = *id;
		one.regex = false;
		r = command(rt, &one, e);
		failed = r < 0 ? err_wrap(e, r, "container '%s'", *id) : failed;
	}
	return failed;
}
