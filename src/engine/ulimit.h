/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of resource limits, as `ulimit` and --ulimit have them
 */
#ifndef DOLIUM_ENGINE_ULIMIT_H
#define DOLIUM_ENGINE_ULIMIT_H

#include <stdbool.h>

bool ulimit_is_name(const char *name);

/* "RLIMIT_NOFILE" for "nofile"; the caller frees it. NULL when memory is gone. */
char *ulimit_type(const char *name);

#endif
