/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <fcntl.h> as the other C library has it
 */
#include_next <fcntl.h>

#ifndef __O_TMPFILE
#	define __O_TMPFILE (O_TMPFILE & ~O_DIRECTORY)
#endif
