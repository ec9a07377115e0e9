/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running from a sealed copy of our own program file
 *
 * For who may not make mounts: a copy in memory that nobody can ever change. It costs a copy of
 * the file for each start.
 */
#ifndef DOLIUM_OS_SEALED_H
#define DOLIUM_OS_SEALED_H

/* 0: we run from one. Else starts the program anew from one, and returns only when that fails. */
int sealed_start(char *const *argv);

#endif
