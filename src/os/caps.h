/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities of the calling thread
 *
 * Sets are bit masks, bit n is capability n. Nothing here allocates: it is
 * called between clone and exec.
 */
#ifndef DOLIUM_OS_CAPS_H
#define DOLIUM_OS_CAPS_H

#include <stdint.h>

/* Takes from the bounding set what is in `drop`. Numbers that the kernel does not know are fine. */
int caps_drop_bounding(uint64_t drop);
/* Sets the three sets of capset(2). Bits that the kernel does not know are left out. */
int caps_set(uint64_t effective, uint64_t permitted, uint64_t inheritable);
/* Raises ambient ones, which must be permitted and inheritable already. */
int caps_raise_ambient(uint64_t ambient);

#endif
