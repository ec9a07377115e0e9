/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ids that a container's users are outside
 *
 * A range of 65536 ids belongs to one running container at a time: the one whose
 * processes hold the lock on <run_root>/ranges/<slot>. The kernel gives the lock back
 * with the last of them. On disk ids are never shifted, so a range has no memory.
 */
#ifndef DOLIUM_ENGINE_IDRANGE_H
#define DOLIUM_ENGINE_IDRANGE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"
#include "format/oci_config.h"

#define IDRANGE_FIRST UINT32_C(0x60000000)
#define IDRANGE_SIZE  UINT32_C(65536)
#define IDRANGE_SLOTS 8191 /* the last id is below 2^31: some programs take ids for signed */

/* One map, at most three lines of it: "keep-id" cuts one id out of the range. */
struct idrange_map {
	struct oci_idmap lines[3];
	size_t n;
};

/* Takes a range that is free. Returns the fd that holds it, which the caller owns. -EAGAIN: none
 * is. */
int idrange_take(struct dolium *d, uint32_t *ret_first, struct err *e);

/* The whole range, from 0 on. */
void idrange_map_plain(struct idrange_map *map, uint32_t first);
/* The same, but that the id `kept` is itself inside and outside. */
void idrange_map_keep(struct idrange_map *map, uint32_t first, uint32_t kept);

/* As the kernel reads it. `room` >= 128. */
void idrange_map_text(const struct idrange_map *map, char *to, size_t room);

#endif
