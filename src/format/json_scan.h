/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is this JSON?
 *
 * One strict pass over the bytes, before a tree is built of them. It refuses what hostile
 * input is made of: NaN, "1.", NUL in a text, lone surrogates, numbers beyond 64 bits, and
 * "[[],[],..." of which each three bytes cost tens. What has passed here is RFC 8259 and within the
 * ceilings of json.h; only keys that stand twice are found later.
 */
#ifndef DOLIUM_FORMAT_JSON_SCAN_H
#define DOLIUM_FORMAT_JSON_SCAN_H

#include <stddef.h>

struct err;

/* Arrays and objects in one text, and values in all. */
#define JSON_CONTAINERS_MAX ((size_t)64 << 10)
#define JSON_VALUES_MAX     ((size_t)512 << 10)

/* How many there are in one text. */
struct json_scan_counts {
	size_t n_values, n_keys;
};

/* -EBADMSG: no; `e` says where and what is wrong. */
int json_scan(const char *text, size_t len, const char *what, struct json_scan_counts *ret_counts,
    struct err *e);

/*
 * For a text that has passed: returns -EBADMSG and reports which key stands
 * twice. Called when that is known already: it is slow, and only a report.
 */
int json_scan_report_twice(const char *text, size_t len, const char *what, struct err *e);

#endif
