/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoints: one registry's address, and how to be let in there
 *
 * Bearer tokens are those of distribution's token specification; an identity
 * token is exchanged by OAuth 2's refresh_token grant. Secrets go to the host
 * that asked, or to the realm that it names, and over TLS unless it spoke HTTP itself.
 */
#include "registry/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "format/json.h"
#include "registry/certs.h"
#include "registry/source.h"

#define TOKEN_ANSWER_MAX ((size_t)1 << 20)
#define TOKEN_MAX        ((size_t)128 << 10)
#define BACK_OFF_MS      500
#define BACK_OFF_MAX_MS  20000
#define RETRY_AFTER_MAX  300 /* seconds: whoever wants more, gets no more requests */

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void free_host(struct http_host *host)
{
	buf_done(&host->ca);
	buf_done(&host->cert);
	buf_done(&host->key);
}

void endpoint_done(struct endpoint *ep)
{
	free(ep->host);
	free(ep->name);
	free(ep->path);
	free(ep->token);
	free_host(&ep->tls);
	credentials_done(&ep->credentials);
	challenge_done(&ep->challenge);
	*ep = (struct endpoint){ 0 };
}

/* Is it this machine, by its own words? Names are not looked up: an answer could lie. */
static bool is_loopback(const char *host)
{
	size_t len = strcspn(host, ":");

	if (strncmp(host, "[::1]", 5) == 0)
		return true;
	if (len == 9 && strncasecmp(host, "localhost", 9) == 0)
		return true;
	return len >= 7 && strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == len;
}

int endpoint_init(struct endpoint *ep, const char *address, const char *name, const char *path,
    enum endpoint_trust trust, struct err *e)
{
	const char *scheme = strstr(address, "://");
	const char *prefix;
	size_t len;

	ep->https = true;
	if (scheme && strncasecmp(address, "http://", 7) == 0)
		ep->https = false;
	else if (scheme && strncasecmp(address, "https://", 8) != 0)
		return err_refuse(e, -EINVAL, "no address of a registry: '%s'", address);
	if (!ep->https && trust == ENDPOINT_STRICT)
		return err_refuse(e, -EACCES, "'%s' is not HTTPS", address);
	address = scheme ? scheme + 3 : address;

	len = strcspn(address, "/");
	prefix = address[len] == '/' ? address + len + 1 : "";
	ep->host = strndup(address, len);
	ep->name = strdup(name ? name : ep->host ? ep->host : "");
	if (asprintf(&ep->path, "%s%s%s", prefix,
	        *prefix && prefix[strlen(prefix) - 1] != '/' ? "/" : "", path) < 0)
		ep->path = NULL;
	if (!ep->host || !ep->name || !ep->path)
		return err_set(e, -ENOMEM, "cannot note a registry");
	if (!*ep->host || strpbrk(ep->host, "@?#\\ "))
		return err_refuse(e, -EINVAL, "no address of a registry: '%s'", address);

	ep->tls.no_verify = trust == ENDPOINT_INSECURE;
	ep->tls.plain_redirects = trust == ENDPOINT_INSECURE;
	ep->may_be_http = !scheme &&
	    (trust == ENDPOINT_INSECURE || (trust == ENDPOINT_DEFAULT && is_loopback(ep->host)));
	return 0;
}

int endpoint_certs(struct endpoint *ep, const char *cert_dir, struct err *e)
{
	ep->cert_dir = cert_dir;
	return certs_load(cert_dir, ep->name, &ep->tls, e);
}

int endpoint_credentials(
    struct endpoint *ep, const char *auth_file, const char *pair, struct err *e)
{
	const char *colon = pair ? strchr(pair, ':') : NULL;

	if (!pair)
		return credentials_find(auth_file, ep->name, ep->path, &ep->credentials, e);
	if (!colon)
		return err_refuse(e, -EINVAL, "credentials are 'user:password'");
	ep->credentials.user = strndup(pair, (size_t)(colon - pair));
	ep->credentials.password = strdup(colon + 1);
	if (!ep->credentials.user || !ep->credentials.password)
		return err_set(e, -ENOMEM, "cannot note credentials");
	return 0;
}

char *endpoint_ask(struct endpoint *ep, const char *rest, struct http_ask *ask)
{
	const char *scheme = ep->https ? "https" : "http";
	char *url;
	int r;

	if (*rest)
		r = asprintf(&url, "%s://%s/v2/%s/%s", scheme, ep->host, ep->path, rest);
	else
		r = asprintf(&url, "%s://%s/v2/", scheme, ep->host);
	if (r < 0)
		return NULL;

	ask->url = url;
	ask->host = &ep->tls;
	ask->bearer = ask->user = ask->password = NULL;
	if (ep->auth == AUTH_BASIC) {
		ask->user = ep->credentials.user;
		ask->password = ep->credentials.password;
	} else if (ep->auth == AUTH_BEARER && ep->token && now() < ep->token_until) {
		ask->bearer = ep->token;
	}
	return url;
}

/* ------------------------------------------------------------------ tokens */

static int want_login(const struct endpoint *ep, const char *what, struct err *e)
{
	int r;

	if (ep->credentials.user || ep->credentials.identity_token)
		r = err_refuse(e, -EACCES, "'%s' does not let '%s' have %s", ep->name,
		    ep->credentials.user ? ep->credentials.user : "the identity token", what);
	else
		r = err_refuse(e, -EACCES,
		    "'%s' gives no one %s who is not logged in: it is private, or not there",
		    ep->name, what);
	err_hint(e, "'dolium login %s' logs in", ep->name);
	return r;
}

static void add_field(struct buf *to, const char *key, const char *value)
{
	AUTO_FREE char *escaped = value ? http_escape(value) : NULL;

	if (!value)
		return;
	if (!escaped && to->error == 0)
		to->error = -ENOMEM;
	buf_addf(to, "%s%s=%s", to->len > 0 ? "&" : "", key, escaped);
}

static void write_fields(const struct endpoint *ep, bool with_scope, struct buf *to)
{
	AUTO_FREE char *scope = NULL;

	if (ep->credentials.identity_token) {
		add_field(to, "grant_type", "refresh_token");
		add_field(to, "client_id", "dolium");
		add_field(to, "refresh_token", ep->credentials.identity_token);
	} else {
		add_field(to, "account", ep->credentials.user);
	}
	add_field(to, "service", ep->challenge.service);
	if (ep->challenge.scope) {
		add_field(to, "scope", ep->challenge.scope);
	} else if (with_scope) {
		if (asprintf(&scope, "repository:%s:pull", ep->path) < 0)
			scope = NULL;
		add_field(to, "scope", scope);
	}
}

/* A token becomes part of a header: nothing in it may end one. */
static bool is_clean(const char *token)
{
	size_t n = 0;

	for (; token[n]; n++)
		if (token[n] <= ' ' || token[n] > '~')
			return false;
	return n > 0 && n <= TOKEN_MAX;
}

static int keep_token(struct endpoint *ep, const struct buf *answer, struct err *e)
{
	AUTO(json_value_free) struct json_value *v = NULL;
	const char *token;
	int64_t seconds;
	int r;

	r = json_value_parse(buf_text(answer), answer->len, "token", &v, e);
	if (r < 0)
		return err_wrap(e, r, "'%s'", ep->name);
	token = json_value_string(json_value_get(v, "token"));
	if (!token || !*token)
		token = json_value_string(json_value_get(v, "access_token"));
	if (!token || !is_clean(token))
		return err_refuse(e, -EBADMSG, "'%s': its token server gives no token", ep->name);

	/* The specification's default and least is 60 s; a little less, for slow clocks and lines.
	 */
	seconds = json_value_i64(json_value_get(v, "expires_in"));
	if (seconds < 60)
		seconds = 60;
	if (seconds > 86400)
		seconds = 86400;
	free(ep->token);
	ep->token = strdup(token);
	if (!ep->token)
		return err_set(e, -ENOMEM, "cannot keep a token");
	ep->token_until = now() + (time_t)(seconds - seconds / 10);
	ep->token_serial++;
	ep->auth = AUTH_BEARER;
	return 0;
}

static int check_realm(const struct endpoint *ep, struct err *e)
{
	const char *realm = ep->challenge.realm;
	char shown[128];

	if (realm && strncasecmp(realm, "https://", 8) == 0)
		return 0;
	/* A registry that speaks TLS must not send our password over a plain line. */
	if (realm && strncasecmp(realm, "http://", 7) == 0 && (!ep->https || ep->tls.no_verify))
		return 0;
	source_printable(realm ? realm : "", realm ? strlen(realm) : 0, shown, sizeof(shown));
	return err_refuse(e, -EACCES, "'%s' sends us to '%s' for a token", ep->name, shown);
}

/* The realm may be another host, with certificates of its own. */
static int realm_host(const struct endpoint *ep, struct http_host *to, struct err *e)
{
	const char *at = strstr(ep->challenge.realm, "://") + 3;
	AUTO_FREE char *host = strndup(at, strcspn(at, "/?"));

	if (!host)
		return err_set(e, -ENOMEM, "cannot ask for a token");
	to->no_verify = ep->tls.no_verify;
	to->plain_redirects = ep->tls.plain_redirects;
	return certs_load(ep->cert_dir, host, to, e);
}

static int ask_for_token(struct endpoint *ep, struct http *http, const struct http_host *host,
    const struct buf *fields, struct buf *answer, struct http_reply *reply, struct err *e)
{
	AUTO_FREE char *url = NULL;
	struct http_ask ask = { .host = host };
	enum http_outcome outcome;
	char text[256];
	int r;

	if (ep->credentials.identity_token) {
		ask.form = buf_text(fields);
		url = strdup(ep->challenge.realm);
	} else if (asprintf(&url, "%s%c%s", ep->challenge.realm,
	               strchr(ep->challenge.realm, '?') ? '&' : '?', buf_text(fields)) < 0) {
		url = NULL;
	}
	if (!url)
		return err_set(e, -ENOMEM, "cannot ask for a token");
	ask.url = url;
	if (!ask.form) {
		ask.user = ep->credentials.user;
		ask.password = ep->credentials.password;
	}

	for (unsigned tries = 0;; tries++) {
		r = http_get(http, &ask, TOKEN_ANSWER_MAX, reply, answer, &outcome, text, e);
		if (r < 0)
			return r;
		if (outcome == HTTP_OK && reply->status < 500 && reply->status != 429)
			return 0;
		if (tries == 3)
			break;
		usleep(BACK_OFF_MS * 1000U << tries);
	}
	if (outcome == HTTP_OK)
		return err_refuse(
		    e, -EIO, "the token server of '%s' answers %ld", ep->name, reply->status);
	return err_refuse(e, -EIO, "cannot reach the token server of '%s': %s", ep->name, text);
}

static int fetch_token(
    struct endpoint *ep, struct http *http, bool with_scope, const char *what, struct err *e)
{
	AUTO_REPLY struct http_reply reply = { 0 };
	AUTO_BUF struct buf answer = { 0 }, fields = { .max = 65536 };
	struct http_host host = { 0 };
	int r;

	r = check_realm(ep, e);
	if (r < 0)
		return r;
	write_fields(ep, with_scope, &fields);
	r = buf_error(&fields);
	if (r < 0)
		return err_set(e, r, "cannot ask for a token");

	r = realm_host(ep, &host, e);
	if (r >= 0)
		r = ask_for_token(ep, http, &host, &fields, &answer, &reply, e);
	free_host(&host);
	if (r < 0)
		return r;
	if (reply.status >= 400 && reply.status < 404)
		return want_login(ep, what, e);
	if (reply.status != 200)
		return err_refuse(
		    e, -EIO, "the token server of '%s' answers %ld", ep->name, reply.status);
	return keep_token(ep, &answer, e);
}

/* Makes the next request one that is let in, or says why not. */
static int authorize(
    struct endpoint *ep, struct http *http, const char *challenge, const char *what, struct err *e)
{
	AUTO_CHALLENGE struct challenge c = { 0 };
	bool with_scope = *ep->path != '\0';
	int r;

	r = challenge ? challenge_parse(challenge, &c) : -EBADMSG;
	if (r == -ENOMEM)
		return err_set(e, r, "cannot ask '%s' for %s", ep->name, what);
	if (r < 0 || (!c.bearer && !c.basic))
		return err_refuse(
		    e, -EACCES, "'%s' wants an authorisation of an unknown kind", ep->name);

	if (c.bearer) {
		challenge_done(&ep->challenge);
		ep->challenge = c;
		c = (struct challenge){ 0 };
		return fetch_token(ep, http, with_scope, what, e);
	}
	if (!ep->credentials.user || ep->auth == AUTH_BASIC)
		return want_login(ep, what, e);
	ep->auth = AUTH_BASIC;
	ep->token_serial++;
	return 0;
}

/* ----------------------------------------------------------------- verdicts */

static bool is_passing(long status)
{
	static const long passing[] = { 408, 425, 429, 500, 502, 503, 504 };

	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		if (passing[i] == status)
			return true;
	return false;
}

static enum verdict later(struct attempt *a, int64_t retry_after)
{
	if (a->failures >= a->retries || retry_after > RETRY_AFTER_MAX)
		return VERDICT_BAD;
	a->wait_ms = (uint64_t)BACK_OFF_MS << (a->failures < 6 ? a->failures : 6);
	if (a->wait_ms > BACK_OFF_MAX_MS)
		a->wait_ms = BACK_OFF_MAX_MS;
	if (retry_after >= 0)
		a->wait_ms = (uint64_t)retry_after * 1000;
	a->failures++;
	return VERDICT_LATER;
}

/* The registry's own words, if it sent some: {"errors":[{"message":".."}]}. */
static void reason(const struct buf *body, char *to, size_t room)
{
	AUTO(json_value_free) struct json_value *v = NULL;
	const char *text = NULL;

	to[0] = '\0';
	if (body && body->len > 0 &&
	    json_value_parse(body->data, body->len, "answer", &v, NULL) >= 0)
		text = json_value_string(
		    json_value_get(json_value_at(json_value_get(v, "errors"), 0), "message"));
	if (text && room > 4) {
		to[0] = ':';
		to[1] = ' ';
		source_printable(text, strlen(text), to + 2, room - 2);
	}
}

static enum verdict judge_status(struct endpoint *ep, struct http *http, struct attempt *a,
    const struct http_reply *reply, const struct buf *body, const char *what, struct err *e)
{
	char why[160];

	if (reply->status == 200 || reply->status == 206)
		return VERDICT_GOOD;
	if (reply->status == 401) {
		/* Another request has been let in since this one was made: so will this one be. */
		if (ep->token_serial != a->token_serial)
			return VERDICT_NOW;
		if (a->has_authorized) {
			want_login(ep, what, e);
			return VERDICT_BAD;
		}
		a->has_authorized = true;
		return authorize(ep, http, reply->challenge, what, e) < 0 ? VERDICT_BAD
		                                                          : VERDICT_NOW;
	}
	if (reply->status == 403) {
		want_login(ep, what, e);
		return VERDICT_BAD;
	}
	reason(body, why, sizeof(why));
	if (reply->status == 404) {
		err_refuse(e, -ENOENT, "'%s' has no %s%s", ep->name, what, why);
		return VERDICT_BAD;
	}
	err_refuse(e, reply->status == 429 ? -EBUSY : -EIO,
	    "'%s' answers %ld to a request for %s%s", ep->name, reply->status, what, why);
	return is_passing(reply->status) ? later(a, reply->retry_after) : VERDICT_BAD;
}

enum verdict endpoint_judge(struct endpoint *ep, struct http *http, struct attempt *a,
    enum http_outcome outcome, const struct http_reply *reply, const char *text,
    const struct buf *body, const char *what, struct err *e)
{
	if ((outcome == HTTP_NOT_TLS || outcome == HTTP_UNREACHABLE) && ep->https &&
	    ep->may_be_http) {
		ep->https = false;
		ep->may_be_http = false;
		return VERDICT_NOW;
	}

	switch (outcome) {
	case HTTP_OK:
		return judge_status(ep, http, a, reply, body, what, e);
	case HTTP_UNREACHABLE:
		err_refuse(e, -ECONNREFUSED, "cannot reach '%s': %s", ep->name, text);
		return a->insist ? later(a, -1) : VERDICT_BAD;
	case HTTP_NOT_TLS:
		err_refuse(e, -EPROTO, "'%s' speaks no TLS: %s", ep->name, text);
		err_hint(e, "if it is to be trusted without: --tls-verify=false");
		return VERDICT_BAD;
	case HTTP_UNTRUSTED:
		err_refuse(
		    e, -EACCES, "the certificate of '%s' is not accepted: %s", ep->name, text);
		err_hint(e,
		    "its authority's certificate belongs into /etc/dolium/certs.d/%s/ca.crt",
		    ep->name);
		return VERDICT_BAD;
	case HTTP_CUT:
		err_refuse(e, -EIO, "'%s' broke off while it sent %s: %s", ep->name, what, text);
		return later(a, -1);
	case HTTP_REFUSED:
		err_refuse(e, -EBADMSG, "'%s': %s is too large", ep->name, what);
		return VERDICT_BAD;
	case HTTP_NO:
		break;
	}
	err_refuse(e, -EIO, "cannot get %s from '%s': %s", what, ep->name, text);
	return VERDICT_BAD;
}

int endpoint_get(struct endpoint *ep, struct http *http, const char *rest, const char *accept,
    size_t max, unsigned retries, const char *what, struct http_reply *reply, struct buf *body,
    struct err *e)
{
	struct attempt attempt = { .retries = retries };

	for (;;) {
		struct http_ask ask = { .accept = accept };
		AUTO_FREE char *url = endpoint_ask(ep, rest, &ask);
		enum http_outcome outcome;
		char text[256];
		int r;

		if (!url)
			return err_set(e, -ENOMEM, "cannot ask '%s' for %s", ep->name, what);
		attempt.token_serial = ep->token_serial;
		r = http_get(http, &ask, max, reply, body, &outcome, text, e);
		if (r < 0)
			return r;
		switch (endpoint_judge(ep, http, &attempt, outcome, reply, text, body, what, e)) {
		case VERDICT_GOOD:
			return 0;
		case VERDICT_NOW:
			break;
		case VERDICT_LATER:
			usleep((useconds_t)(attempt.wait_ms * 1000));
			break;
		case VERDICT_BAD:
			return e->code;
		}
	}
}
