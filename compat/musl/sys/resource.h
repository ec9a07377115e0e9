/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <sys/resource.h> as the other C library has it
 */
#include_next <sys/resource.h>

#ifndef DOLIUM_MUSL_RESOURCE_H
#	define DOLIUM_MUSL_RESOURCE_H

typedef int __rlimit_resource_t; /* there it is an enum, in C++'s way */

#endif
