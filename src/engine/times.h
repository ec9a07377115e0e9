/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points in time, and how people read them
 *
 * A point is int64_t nanoseconds since the epoch; 0 is "never".
 */
#ifndef DOLIUM_ENGINE_TIMES_H
#define DOLIUM_ENGINE_TIMES_H

#include <stddef.h>
#include <stdint.h>

#define TIMES_SECOND   INT64_C(1000000000)
#define TIMES_TEXT_MAX 48

int64_t times_now(void);

/* "2026-11-23T18:30:00.123456789Z"; never: "0001-01-01T00:00:00Z", as docker says it. */
void times_format(int64_t at, char to[TIMES_TEXT_MAX]);
/* "2026-11-23 18:30:00 +0000 UTC" */
void times_format_plain(int64_t at, char to[TIMES_TEXT_MAX]);

/* "Less than a second", "3 minutes", "About an hour", "2 weeks" */
void times_format_span(int64_t span, char to[TIMES_TEXT_MAX]);

/* RFC 3339, as images have it. 0 for what is none. */
int64_t times_parse(const char *text);

#endif
