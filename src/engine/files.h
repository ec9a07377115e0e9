/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostname, hosts, resolv.conf: what a container finds in /etc
 */
#ifndef DOLIUM_ENGINE_FILES_H
#define DOLIUM_ENGINE_FILES_H

#include "engine/record.h"

struct err;

/* Makes, in the container's directory, those that its record wants. */
int files_make(const struct record *record, int dir_fd, struct err *e);

#endif
