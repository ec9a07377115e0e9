/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time as text
 */
#include "oci/clock.h"

#include <stdio.h>

#define DAY 86400

/*
 * Years begin in March here, so that the leap day is the last of its year; 400 of
 * them are one era of 146097 days.
 */
void clock_format(time_t when, char to[CLOCK_TEXT_MAX])
{
	long long days = when / DAY + 719468, seconds = when % DAY;
	long long era = days / 146097, day = days % 146097;
	long long year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	long long of_year = day - (365 * year + year / 4 - year / 100);
	long long month = (5 * of_year + 2) / 153; /* 0 is March */

	snprintf(to, CLOCK_TEXT_MAX, "%04lld-%02lld-%02lldT%02lld:%02lld:%02lldZ",
	    year + era * 400 + (month >= 10), month < 10 ? month + 3 : month - 9,
	    of_year - (153 * month + 2) / 5 + 1, seconds / 3600, seconds / 60 % 60, seconds % 60);
}
