/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loop devices: a file as a disk
 */
#ifndef DOLIUM_OS_LOOP_H
#define DOLIUM_OS_LOOP_H

#define LOOP_NAME_MAX 32

/*
 * A read-only device over the file, which goes when nobody has it open or mounted any more.
 * Returns an fd of it that the caller owns, and its name, as "/dev/loop7".
 */
int loop_attach(int file_fd, char ret_name[LOOP_NAME_MAX]);

#endif
