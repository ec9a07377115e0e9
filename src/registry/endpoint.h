/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoints: one registry's address, and how to be let in there
 *
 * A reference has one or several: mirrors first, then the registry itself. An
 * endpoint learns on its first requests whether TLS is spoken, and what kind of
 * authorisation is wanted.
 */
#ifndef DOLIUM_REGISTRY_ENDPOINT_H
#define DOLIUM_REGISTRY_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "registry/challenge.h"
#include "registry/credentials.h"
#include "registry/http.h"

struct err;

enum endpoint_auth {
	AUTH_NONE,
	AUTH_BASIC,
	AUTH_BEARER,
};

struct endpoint {
	char *host; /* to connect to: "registry-1.docker.io", "127.0.0.1:5000" */
	char *name; /* as people write it: "docker.io" */
	char *path; /* of the repository there, a mirror's own path in front of it */
	const char *cert_dir; /* borrowed; NULL: the usual places */
	bool https; /* what is spoken, or tried first */
	bool may_be_http; /* if there is no TLS, plain HTTP will do */
	struct http_host tls;
	struct credentials credentials;

	enum endpoint_auth auth;
	struct challenge challenge;
	char *token;
	time_t token_until; /* CLOCK_MONOTONIC */
	unsigned token_serial; /* counts tokens: has one come since a request was made? */
};

void endpoint_done(struct endpoint *ep);

enum endpoint_trust {
	ENDPOINT_DEFAULT, /* HTTP to this machine only */
	ENDPOINT_STRICT, /* never HTTP */
	ENDPOINT_INSECURE, /* HTTP and bad certificates are fine */
};

/*
 * `address` is a host, or a mirror's URL. Reads certificates and runs credential
 * helpers: with all rights, before the worker gives them up.
 */
int endpoint_init(struct endpoint *ep, const char *address, const char *name, const char *path,
    enum endpoint_trust trust, struct err *e);
int endpoint_certs(struct endpoint *ep, const char *cert_dir, struct err *e);
int endpoint_credentials(
    struct endpoint *ep, const char *auth_file, const char *pair, struct err *e);

/* Fills in what a request for `rest` ("manifests/latest") needs; NULL: no memory. The caller frees
 * what is returned: it is ask->url. */
char *endpoint_ask(struct endpoint *ep, const char *rest, struct http_ask *ask);

/* One request and its repetitions. */
struct attempt {
	unsigned failures, retries; /* so far; at most */
	unsigned token_serial; /* of the endpoint when the request was made */
	bool has_authorized; /* a new token or password was used and refused */
	bool insist; /* nobody listens: try again too (it did before) */
	uint64_t wait_ms; /* set by VERDICT_LATER */
};

enum verdict {
	VERDICT_GOOD,
	VERDICT_NOW, /* ask again at once: another scheme, or authorised now */
	VERDICT_LATER, /* ask again after attempt.wait_ms; `e` says why */
	VERDICT_BAD, /* `e` says why: -ENOENT, -EACCES, ... */
};

/* What to do about an answer. May fetch a token. `what` is what was asked for. `body` may be NULL.
 */
enum verdict endpoint_judge(struct endpoint *ep, struct http *http, struct attempt *attempt,
    enum http_outcome outcome, const struct http_reply *reply, const char *text,
    const struct buf *body, const char *what, struct err *e);

/* Asks with all repetitions, waiting for it; what comes is in `body`. */
int endpoint_get(struct endpoint *ep, struct http *http, const char *rest, const char *accept,
    size_t max, unsigned retries, const char *what, struct http_reply *reply, struct buf *body,
    struct err *e);

#endif
