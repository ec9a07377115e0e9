/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is this JSON?
 *
 * One strict pass over the bytes, before json-c sees them. json-c alone lets
 * through what hostile input is made of: NaN, "1.", NUL in a text, lone
 * surrogates, numbers beyond 64 bits (cut to the largest without a word), a key
 * twice (the last one wins), and "[[],[],..." of which each two bytes cost
 * hundreds. What has passed here is RFC 8259 and within the ceilings of json.h.
 */
#ifndef DOLIUM_FORMAT_JSON_SCAN_H
#define DOLIUM_FORMAT_JSON_SCAN_H

#include <stddef.h>

struct err;

/* Arrays and objects in one text, and values in all: json-c needs up to 0.8 KB for each of the
 * former. */
#define JSON_CONTAINERS_MAX ((size_t)64 << 10)
#define JSON_VALUES_MAX     ((size_t)512 << 10)

/*
 * -EBADMSG: no; `e` says where and what is wrong. *ret_n_keys: how many keys all
 * objects have together, as they were written.
 */
int json_scan(const char *text, size_t len, const char *what, size_t *ret_n_keys, struct err *e);

/*
 * For a text that has passed: returns -EBADMSG and reports which key stands
 * twice. Called when that is known already: it is slow, and only a report.
 */
int json_scan_report_twice(const char *text, size_t len, const char *what, struct err *e);

#endif
