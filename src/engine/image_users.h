/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which containers need which images
 */
#ifndef DOLIUM_ENGINE_IMAGE_USERS_H
#define DOLIUM_ENGINE_IMAGE_USERS_H

#include <stdbool.h>

#include "base/strmap.h"
#include "engine/engine.h"
#include "engine/record.h"
#include "format/digest.h"

/* One entry a container: its id, and that of its image. */
struct image_users {
	struct strmap by_container;
};

int image_users_load(struct dolium *d, struct image_users *ret_users, struct err *e);
void image_users_done(struct image_users *users);

/* How many containers need the image; *ret_one (may be NULL) is the id of one, borrowed. */
unsigned image_users_count(
    const struct image_users *users, const struct digest *image, const char **ret_one);

#endif
