/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <sys/mount.h> as the other C library has it: with what the kernel's own header says
 */
#include <linux/mount.h>
#include_next <sys/mount.h>
