/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What systemd is told about a container: the name of its unit, and the unit's properties
 *
 * A property is an entry of the array "a(sv)" that StartTransientUnit and SetUnitProperties take.
 * Each function below appends one to such an array.
 */
#ifndef DOLIUM_FORMAT_SYSTEMD_UNIT_H
#define DOLIUM_FORMAT_SYSTEMD_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strv.h"

struct buf;
struct err;

#define SYSTEMD_ANNOTATION "org.systemd.property."
#define SYSTEMD_NO_LIMIT   UINT64_MAX

struct systemd_scope {
	char *slice; /* "system.slice" */
	char *unit; /* "dolium-web.scope" */
};

/*
 * Out of linux.cgroupsPath, "slice:prefix:name", where each part may be empty. NULL or empty:
 * "system.slice:dolium:ID", for a user's systemd "user.slice:...". -EINVAL. The caller frees what
 * it gets by systemd_scope_done(), which it may call after a failure, too.
 */
int systemd_scope_parse(const char *cgroups_path, const char *id, bool user,
    struct systemd_scope *ret_scope, struct err *e);
void systemd_scope_done(struct systemd_scope *scope);

void systemd_put_u64(struct buf *to, const char *name, uint64_t value);
void systemd_put_bool(struct buf *to, const char *name, bool value);
void systemd_put_text(struct buf *to, const char *name, const char *value);
void systemd_put_pid(struct buf *to, const char *name, uint32_t pid); /* an array of one */
/* "0-3,7" as a mask of bits, the lowest first. -EINVAL: not such a list. */
int systemd_put_numbers(struct buf *to, const char *name, const char *list);

/*
 * One that is written in an annotation, as GVariant's text: true, 'text', 5, uint64 5, ['a', 'b'],
 * @as []. A name that ends in "Sec" is a time in seconds and becomes the one in microseconds that
 * systemd's bus knows. -EINVAL.
 */
int systemd_put_annotation(struct buf *to, const char *name, const char *value, struct err *e);

static inline void systemd_scope_done_at(struct systemd_scope *scope)
{
	systemd_scope_done(scope);
}

#define AUTO_SYSTEMD_SCOPE __attribute__((cleanup(systemd_scope_done_at)))

#endif
