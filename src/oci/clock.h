/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time as text
 */
#ifndef DOLIUM_OCI_CLOCK_H
#define DOLIUM_OCI_CLOCK_H

#include <time.h>

#define CLOCK_TEXT_MAX 64

/*
 * "2026-11-23T19:02:11Z". By our own arithmetic: gmtime(3) reads /etc/localtime,
 * seven system calls for a clock that has no zone.
 */
void clock_format(time_t when, char to[CLOCK_TEXT_MAX]);

#endif
