/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls: names and numbers per architecture
 */
#ifndef DOLIUM_FORMAT_SYSCALL_TABLE_H
#define DOLIUM_FORMAT_SYSCALL_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum syscall_arch {
	SYSCALL_X86_64,
	SYSCALL_X32, /* numbers are without X32_SYSCALL_BIT */
	SYSCALL_I386,
	SYSCALL_ARM64,
	SYSCALL_N_ARCHS,
};

#define X32_SYSCALL_BIT    UINT32_C(0x40000000)
#define SYSCALL_NUMBER_MAX 1023
#define SYSCALL_SLOTS      1024

struct syscall_entry {
	const char *name;
	int16_t number[SYSCALL_N_ARCHS]; /* -1: does not have it */
};

extern const struct syscall_entry syscall_table[];
extern const size_t syscall_table_n;
extern const int16_t syscall_slots[SYSCALL_SLOTS]; /* open hashing; -1: empty */

/* NULL: no architecture has one of that name. */
const struct syscall_entry *syscall_find(const char *name);

#endif
