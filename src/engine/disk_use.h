/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much a directory holds
 */
#ifndef DOLIUM_ENGINE_DISK_USE_H
#define DOLIUM_ENGINE_DISK_USE_H

#include <stdint.h>

/* Sum of the sizes of the files below `name` in `dir_fd`. What cannot be read counts nothing. */
uint64_t disk_use(int dir_fd, const char *name);

#endif
