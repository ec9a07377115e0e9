/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP requests, over libcurl's multi interface
 *
 * No other file includes curl. Every request has ceilings: of header bytes, of
 * redirects, of the time to connect, and of how slow it may be. Credentials go
 * to the host they were meant for and not along with a redirect.
 */
#ifndef DOLIUM_REGISTRY_HTTP_H
#define DOLIUM_REGISTRY_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/buf.h"

struct err;
struct http;
struct http_transfer;

/* How a host is to be spoken to; borrowed by requests. */
struct http_host {
	bool no_verify; /* accept any certificate */
	bool plain_redirects; /* HTTPS may be redirected to HTTP */
	struct buf ca, cert, key; /* PEM; empty: the system's certificates, no client certificate */
};

struct http_ask {
	const char *url;
	const struct http_host *host;
	const char *accept; /* "a, b"; NULL: anything */
	const char *bearer; /* one of bearer and user, or neither */
	const char *user, *password;
	const char *form; /* POST this, url-encoded; NULL: GET */
	uint64_t from; /* ask for the bytes from here on */
};

/* What is known once the headers are there. */
struct http_reply {
	long status;
	char *content_type, *challenge; /* challenge: WWW-Authenticate, several joined by ", " */
	char *content_digest; /* Docker-Content-Digest */
	int64_t retry_after; /* seconds; -1: not said */
	int64_t range_start; /* of Content-Range; -1: not said */
	int64_t length; /* Content-Length; -1: not said */
};

void http_reply_done(struct http_reply *reply);

#define AUTO_REPLY __attribute__((cleanup(http_reply_done)))

/* `stall_seconds`: a request that moves nearly nothing for so long has failed. */
int http_new(unsigned stall_seconds, struct http **ret_http, struct err *e);
struct http *http_free(struct http *h); /* NULL is fine; returns NULL */
AUTO_DEFINE(struct http *, http_free);

/*
 * Starts a request whose body goes to `sink` in pieces: a negative return of it
 * ends the transfer. `reply` is filled before the first piece. All stay the
 * caller's and must outlive the transfer.
 */
typedef int http_sink(void *user, const struct http_reply *reply, const void *data, size_t len);
int http_start(struct http *h, const struct http_ask *ask, http_sink *sink, void *user,
    struct http_transfer **ret_transfer, struct err *e);
struct http_transfer *http_stop(struct http_transfer *t); /* NULL is fine; returns NULL */
AUTO_DEFINE(struct http_transfer *, http_stop);

/* Moves bytes for all transfers; waits for at most `timeout_ms` for some to come. */
int http_run(struct http *h, int timeout_ms, struct err *e);

bool http_finished(const struct http_transfer *t);
const struct http_reply *http_reply(const struct http_transfer *t);

/* How a finished transfer ended, in kinds that a caller treats alike. */
enum http_outcome {
	HTTP_OK, /* there is a status, good or bad, and the whole body was taken */
	HTTP_REFUSED, /* the sink said no */
	HTTP_UNREACHABLE, /* no name, nobody listens, no route */
	HTTP_NOT_TLS, /* no TLS spoken there */
	HTTP_UNTRUSTED, /* a certificate that is not accepted */
	HTTP_CUT, /* the connection broke, stalled, or said nonsense: worth another try */
	HTTP_NO, /* anything else: a bad URL, too many redirects */
};
enum http_outcome http_outcome(const struct http_transfer *t, const char **ret_text);

/*
 * One request from start to end, its body (at most `max` bytes) in `body`.
 * HTTP_REFUSED: larger than that.
 */
int http_get(struct http *h, const struct http_ask *ask, size_t max, struct http_reply *ret_reply,
    struct buf *body, enum http_outcome *ret_outcome, char text[256], struct err *e);

/* Encodes `text` for a query or form; the caller frees it; NULL: no memory. */
char *http_escape(const char *text);

#endif
