/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walls around dolium-unpack
 *
 * It reads bytes that somebody else wrote, and is root because layers have
 * owners and devices. So before the first byte it can reach one directory, has
 * the capabilities that making files takes, and may make the system calls that
 * making files takes.
 */
#ifndef DOLIUM_STORE_UNPACK_CONFINE_H
#define DOLIUM_STORE_UNPACK_CONFINE_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/*
 * In two steps: the first before a second thread is started, which inherits
 * it; the second takes away, for all threads, what starting threads needs.
 * `dir_fd` becomes the root directory. `makes_files`: with owners,
 * modes and devices that layers choose; without, no capability is left.
 */
int unpack_confine(int dir_fd, uint64_t max_file_bytes, bool makes_files, struct err *e);
int unpack_confine_calls(struct err *e);

#endif
