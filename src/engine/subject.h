/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One container that something is done to
 */
#ifndef DOLIUM_ENGINE_SUBJECT_H
#define DOLIUM_ENGINE_SUBJECT_H

#include "engine/engine.h"
#include "engine/record.h"

struct subject {
	char id[RECORD_ID_LEN + 1];
	int dir_fd;
	struct record *record;
};

#define SUBJECT_NONE         \
	{                    \
		.dir_fd = -1 \
	}

/* Finds it by name or id and reads its record. -ENOENT: there is none. */
int subject_find(struct dolium *d, const char *name, struct subject *ret_subject, struct err *e);
void subject_done(struct subject *s);

#define AUTO_SUBJECT __attribute__((cleanup(subject_done)))

#endif
