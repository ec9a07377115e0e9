/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls by name: the hash table that tools/make-syscall-tables has written
 */
#include <string.h>

#include "format/syscall_table.h"

const struct syscall_entry *syscall_find(const char *name)
{
	uint32_t hash = 0;

	for (const char *c = name; *c; c++)
		hash = hash * 31 + (unsigned char)*c;
	hash ^= hash >> 15;
	for (size_t at = hash % SYSCALL_SLOTS; syscall_slots[at] >= 0;
	     at = (at + 1) % SYSCALL_SLOTS) {
		const struct syscall_entry *entry = &syscall_table[syscall_slots[at]];

		if (strcmp(entry->name, name) == 0)
			return entry;
	}
	return NULL;
}
