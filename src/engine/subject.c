/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One container that something is done to
 */
#include "engine/subject.h"

#include <unistd.h>

#include "engine/container.h"

int subject_find(struct dolium *d, const char *name, struct subject *ret_subject, struct err *e)
{
	struct subject *s = ret_subject;
	int r = container_find(d, name, s->id, e);

	if (r < 0)
		return r;
	s->dir_fd = container_open(d, s->id, e);
	if (s->dir_fd < 0)
		return s->dir_fd;
	return container_read(s->dir_fd, s->id, &s->record, e);
}

void subject_done(struct subject *s)
{
	if (s->dir_fd >= 0)
		close(s->dir_fd);
	record_free(s->record);
}
