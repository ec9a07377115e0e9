/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loopback interface of a new network namespace
 */
#ifndef DOLIUM_OS_LOOPBACK_H
#define DOLIUM_OS_LOOPBACK_H

/* Brings "lo" of the calling process's network namespace up. Allocates nothing. */
int loopback_up(void);

#endif
