/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <string.h> as the other C library has it
 */
#include_next <string.h>

#ifndef DOLIUM_MUSL_STRING_H
#	define DOLIUM_MUSL_STRING_H

const char *sigabbrev_np(int signal_number); /* "TERM"; NULL: has no name */
const char *strerrordesc_np(int code);

#endif
