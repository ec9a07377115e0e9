/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of numbers, as the kernel writes those of cpus and memory nodes: "0-3,7"
 */
#ifndef DOLIUM_FORMAT_NUMBER_LIST_H
#define DOLIUM_FORMAT_NUMBER_LIST_H

#include <stddef.h>
#include <stdint.h>

#define NUMBER_LIST_MAX   1024 /* numbers are below this */
#define NUMBER_LIST_WORDS (NUMBER_LIST_MAX / 64)

/* Bit n of the zeroed `bits` is set for each n of the list. -EINVAL: not such a list, or empty. */
int number_list_parse(const char *text, uint64_t bits[NUMBER_LIST_WORDS]);

#endif
