/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of a mount, as the OCI's config.json and mount(8) write them
 */
#ifndef DOLIUM_ISOLATE_MOUNT_OPTIONS_H
#define DOLIUM_ISOLATE_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strv.h"

struct err;

struct mount_options {
	uint64_t set, clear; /* MOUNT_ATTR_ flags of the mount itself */
	uint64_t set_below, clear_below; /* and of all below it: "rro" */
	uint64_t propagation; /* MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE; 0: not said */
	bool propagation_below; /* "rslave" */
	bool bind, bind_below; /* "bind", "rbind" */
	bool remount;
	bool idmap, idmap_below;
	bool copy_symlink; /* crun's: a source that is a link becomes a link, and no mount */
	bool source_nofollow, target_nofollow; /* crun's: the last part is meant itself */
	bool copy_up; /* "tmpcopyup": a tmpfs begins with what it covers */
	struct strv data; /* what the file system itself is told */
};

/* Reads the list. Later options win over earlier ones. -ENOMEM. */
int mount_options_read(const struct strv *options, struct mount_options *ret, struct err *e);
/* Adds the words that are options of a mount and not of a file system. -ENOMEM. */
int mount_options_list(struct strv *names);
void mount_options_done(struct mount_options *o);

#endif
