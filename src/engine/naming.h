/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and ids of containers
 */
#ifndef DOLIUM_ENGINE_NAMING_H
#define DOLIUM_ENGINE_NAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAMING_NAME_MAX 128 /* with the NUL; longer names are refused */

/* 64 hex digits that nobody can guess. -errno of getrandom(2). */
int naming_id(char to[65]);

/* A name for who gave none: two words, and from the third `attempt` on a number. */
void naming_random(uint32_t seed, unsigned attempt, char to[NAMING_NAME_MAX]);

/* Letters, digits, '_', '.', '-'; at least two of them, and the first is a letter or a digit. */
bool naming_is_name(const char *name);

#endif
