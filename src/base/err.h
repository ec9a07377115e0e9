/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors
 *
 * A function that can fail returns an int: zero or more on success, a negative
 * errno on failure. Where a person may one day read about the failure, the last
 * parameter is a `struct err *`, and on failure the text in it is complete.
 *
 * The struct has no pointers and is never freed: it can live on the stack, be
 * sent through a pipe by a child, and work when memory is gone.
 */
#ifndef DOLIUM_BASE_ERR_H
#define DOLIUM_BASE_ERR_H

#define ERR_TEXT_MAX 1024
#define ERR_HINT_MAX 256

struct err {
	int code; /* negative errno; 0 while nothing has failed */
	char text[ERR_TEXT_MAX];
	char hint[ERR_HINT_MAX]; /* empty, or what a person could do about it */
};

/*
 * Starts a report: `code` is the negative errno, the text says what could not
 * be done and to what. The system's own words for `code` are added at the end.
 * Returns `code`, so that a caller can report and return in one line. `e` may
 * be NULL. Text that does not fit is cut.
 */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * From here on the system's words begin with a small letter, for programs whose
 * messages are compared with those of programs in Go ("permission denied").
 */
void err_small_words(void);

/* As err_set(), for a refusal of our own where the system's words would say nothing. */
int err_refuse(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "context: " before a report that a callee made. Returns `code`. Keeps the hint. */
int err_wrap(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Adds the one hint that a report may have. Called after err_set() or err_refuse(), which clear it.
 */
void err_hint(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
