/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points in time, and how people read them
 */
#include "engine/times.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t times_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * TIMES_SECOND + now.tv_nsec;
}

static void split(int64_t at, struct tm *ret_tm, int64_t *ret_ns)
{
	time_t seconds = at / TIMES_SECOND;

	*ret_ns = at % TIMES_SECOND;
	if (*ret_ns < 0) {
		*ret_ns += TIMES_SECOND;
		seconds--;
	}
	gmtime_r(&seconds, ret_tm);
}

void times_format(int64_t at, char to[TIMES_TEXT_MAX])
{
	struct tm tm;
	int64_t ns;

	if (at == 0) {
		snprintf(to, TIMES_TEXT_MAX, "0001-01-01T00:00:00Z");
		return;
	}
	split(at, &tm, &ns);
	snprintf(to, TIMES_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%09" PRId64 "Z",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ns);
}

void times_format_plain(int64_t at, char to[TIMES_TEXT_MAX])
{
	struct tm tm;
	int64_t ns;

	split(at, &tm, &ns);
	strftime(to, TIMES_TEXT_MAX, "%Y-%m-%d %H:%M:%S +0000 UTC", &tm);
}

void times_format_span(int64_t span, char to[TIMES_TEXT_MAX])
{
	static const struct {
		int64_t below, unit; /* seconds */
		const char *words;
	} steps[] = {
		{ 60, 1, "seconds" },
		{ 60 * 60, 60, "minutes" },
		{ 48 * 3600, 3600, "hours" },
		{ 14 * 86400, 86400, "days" },
		{ 60 * 86400, 7 * 86400, "weeks" },
		{ 2 * 365 * 86400, 30 * 86400, "months" },
		{ INT64_MAX, 365 * 86400, "years" },
	};
	const int64_t seconds = span / TIMES_SECOND;
	size_t i = 0;

	if (seconds < 1) {
		snprintf(to, TIMES_TEXT_MAX, "Less than a second");
	} else if (seconds == 1) {
		snprintf(to, TIMES_TEXT_MAX, "1 second");
	} else if (seconds >= 60 && seconds < 120) {
		snprintf(to, TIMES_TEXT_MAX, "About a minute");
	} else if (seconds >= 3600 && seconds < 5400) {
		snprintf(to, TIMES_TEXT_MAX, "About an hour");
	} else {
		while (seconds >= steps[i].below)
			i++;
		/* Hours are rounded, so that 90 minutes are two of them; the rest is cut. */
		snprintf(to, TIMES_TEXT_MAX, "%" PRId64 " %s",
		    (seconds + (steps[i].unit == 3600 ? 1800 : 0)) / steps[i].unit, steps[i].words);
	}
}

int64_t times_parse(const char *text)
{
	struct tm tm = { 0 };
	int64_t ns = 0, unit = TIMES_SECOND / 10;
	int offset = 0, hours, minutes;
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;

	if (!rest)
		return 0;
	if (*rest == '.')
		for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
			ns += (*rest - '0') * unit;
	if ((*rest == '+' || *rest == '-') && sscanf(rest + 1, "%2d:%2d", &hours, &minutes) == 2)
		offset = (*rest == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return (timegm(&tm) - offset) * TIMES_SECOND + ns;
}
