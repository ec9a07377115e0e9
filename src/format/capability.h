/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities: names <-> numbers
 */
#ifndef DOLIUM_FORMAT_CAPABILITY_H
#define DOLIUM_FORMAT_CAPABILITY_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct strv;

#define CAPABILITY_BIT(n) (UINT64_C(1) << (n))

/* All that have a name here. The kernel may know fewer. */
extern const uint64_t capability_all;
/* What a container gets unless it asks for more or less: Docker's fourteen. */
extern const uint64_t capability_default;
/* Of these what a root without namespaces may have: none that leads out of a chroot. */
extern const uint64_t capability_chroot;

/* "CAP_CHOWN", "chown": 0. Upper and lower case. Returns a negative errno for no capability. */
int capability_number(const char *name);
/* "CAP_CHOWN"; NULL: no such number. */
const char *capability_name(unsigned number);

/* The set of a list of names. The first that nobody knows goes into *ret_unknown (NULL: none); it
 * is left out. */
uint64_t capability_set(const struct strv *names, const char **ret_unknown);
/* Adds the names of a set to a list. -ENOMEM. */
int capability_list(uint64_t set, struct strv *names);

/*
 * `set` with what --cap-add and --cap-drop say, as Docker reads them: adding ALL
 * leaves out what is dropped by name, dropping ALL leaves what is added by name;
 * else what is added is there, even if it is dropped, too.
 */
int capability_adjust(uint64_t set, const struct strv *add, const struct strv *drop,
    uint64_t *ret_set, struct err *e);

#endif
