/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a record to an OCI configuration
 *
 * What Docker's users expect of a container with these options, said in the
 * words of the runtime-spec for dolium-oci. Made at each start: users and groups come
 * from the root as it is then, ids from the range that this run has.
 */
#ifndef DOLIUM_ENGINE_SPEC_H
#define DOLIUM_ENGINE_SPEC_H

#include "engine/idrange.h"
#include "engine/record.h"
#include "format/oci_config.h"

struct err;

/* What is known only when a container starts. */
struct spec_input {
	const struct record *record;
	int root_fd; /* its root file system, for users and groups; borrowed */
	const char *dir; /* containers/<id>, absolute: hostname, hosts, resolv.conf are there */
	const char *store, *volumes; /* the store's root, and its volumes/; absolute */
	const char *init; /* path of dolium-init; needed where the record asks for it */
	const char *seccomp; /* the text of the profile that was asked for; NULL: the default */
	struct idrange_map uids, gids; /* n == 0: no user namespace of its own */
	int userns_fd; /* one with these maps; -1: none */
};

int spec_make(const struct spec_input *in, struct oci_config **ret_config, struct err *e);

/* Has it namespaces of its own, or the host's? */
bool spec_has_userns(const struct record *record);
bool spec_is_host(const char *namespace_choice);

/* Does a start make this file ("hosts") and show it in /etc? */
bool spec_makes_file(const struct record *record, const char *name);

/* Is the image the machine's own root file system? */
bool spec_is_host_image(const struct record *record);

#endif
