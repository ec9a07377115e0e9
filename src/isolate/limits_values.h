/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: the numbers of the specification as the two kinds of cgroup take them
 *
 * The specification speaks v1. Pure.
 */
#ifndef DOLIUM_ISOLATE_LIMITS_VALUES_H
#define DOLIUM_ISOLATE_LIMITS_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct oci_memory;

#define LIMITS_VALUE_MAX 64

/* cpu.shares (2 to 262144, 1024 usual) to cpu.weight (1 to 10000, 100 usual); usual is usual. */
uint64_t limits_shares_to_weight(uint64_t shares);

/* blkio.weight (10 to 1000) to io.weight (1 to 10000). */
uint64_t limits_blkio_to_io_weight(uint64_t weight);

/*
 * v1's limit of memory and swap together to v2's of swap alone. *ret_swap: -1:
 * no limit; with *ret_has false nothing is to be written. -EINVAL: less swap
 * than memory, or swap limited where memory is not.
 */
int limits_swap_alone(
    const struct oci_memory *memory, int64_t *ret_swap, bool *ret_has, struct err *e);

/* "max" for a negative number, else the number. */
void limits_print_max(char to[LIMITS_VALUE_MAX], int64_t value);

/* A period that is 0 is the usual 100 ms. "50000 100000", "max 100000". */
void limits_print_cpu_max(char to[LIMITS_VALUE_MAX], int64_t quota, uint64_t period);

/*
 * Where `cgroups_path` is below each hierarchy's root: always starts with '/',
 * has no empty part, no "." and no "..", nor ends in '/'. The caller frees. -EINVAL.
 */
int limits_place(const char *cgroups_path, const char *id, char **ret_place, struct err *e);

#endif
