/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which containers need which images
 *
 * Nobody keeps a count that could be wrong: the containers are asked.
 */
#include "engine/image_users.h"

#include <errno.h>
#include <string.h>

#include "base/strv.h"
#include "engine/container.h"

static int load_one(struct dolium *d, const char *id, struct image_users *to)
{
	AUTO(record_free) struct record *record = NULL;
	AUTO_FD int dir_fd = container_open(d, id, NULL);

	if (dir_fd < 0 || container_read(dir_fd, id, &record, NULL) < 0 || !record->image_id)
		return 0;
	return strmap_set(&to->by_container, id, record->image_id);
}

int image_users_load(struct dolium *d, struct image_users *ret_users, struct err *e)
{
	AUTO_STRV struct strv ids = { 0 };
	int r = container_ids(d, &ids, e);

	*ret_users = (struct image_users){ 0 };
	if (r < 0)
		return r;
	strv_for_each (id, &ids)
		if (load_one(d, *id, ret_users) < 0) {
			image_users_done(ret_users);
			return err_set(e, -ENOMEM, "cannot see which images are in use");
		}
	return 0;
}

void image_users_done(struct image_users *users)
{
	strmap_done(&users->by_container);
}

unsigned image_users_count(
    const struct image_users *users, const struct digest *image, const char **ret_one)
{
	char text[DIGEST_TEXT_MAX];
	unsigned n = 0;

	digest_format(image, text);
	for (size_t i = 0; i < users->by_container.n; i++) {
		if (strcmp(users->by_container.items[i].value, text) != 0)
			continue;
		if (ret_one)
			*ret_one = users->by_container.items[i].key;
		n++;
	}
	return n;
}
