/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image `hello`
 *
 * One static program, whose bytes are inside this one. It becomes an ordinary
 * image when it is first asked for, through the same unpacker as any other.
 */
#ifndef DOLIUM_ENGINE_HELLO_H
#define DOLIUM_ENGINE_HELLO_H

#include "engine/engine.h"

struct image;

#define HELLO_NAME "hello"
#define HOST_NAME  "host" /* the other image of our own: the machine itself */

/* Finds it, or makes it. */
int hello_find(struct dolium *d, struct image **ret_image, struct err *e);

/* Is that full reference the name that we record it under? */
bool hello_is_name(const char *full);

#endif
