/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP requests, over libcurl's multi interface
 *
 * HTTP/1.1 only: layers are few and large, and a connection each moves them
 * faster than one that they share. A body goes to its sink only for the reply
 * that counts, never for a redirect on the way.
 */
#include "registry/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/num.h"

#define HEADER_BYTES_MAX ((size_t)256 << 10)
#define CHALLENGE_MAX    ((size_t)16 << 10)
#define CONNECT_SECONDS  20L
#define SLOW_BYTES       256L /* a second: less is a stall */

struct http {
	CURLM *multi;
	long stall_seconds;
};

struct http_transfer {
	struct http *http;
	CURL *easy;
	struct curl_slist *headers;
	struct http_reply reply;
	size_t header_bytes;
	int header_error;
	http_sink *sink;
	void *user;
	int sink_error;
	bool finished;
	CURLcode result;
	char text[CURL_ERROR_SIZE];
};

void http_reply_done(struct http_reply *reply)
{
	free(reply->content_type);
	free(reply->challenge);
	free(reply->content_digest);
	*reply = (struct http_reply){ .retry_after = -1, .range_start = -1, .length = -1 };
}

int http_new(unsigned stall_seconds, struct http **ret_http, struct err *e)
{
	AUTO(http_free) struct http *h = NULL;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_refuse(e, -EIO, "cannot set up libcurl");
	h = calloc(1, sizeof(*h));
	if (!h)
		return err_set(e, -ENOMEM, "cannot set up libcurl");
	h->stall_seconds = (long)stall_seconds;
	h->multi = curl_multi_init();
	if (!h->multi)
		return err_set(e, -ENOMEM, "cannot set up libcurl");

	*ret_http = TAKE(h);
	return 0;
}

struct http *http_free(struct http *h)
{
	if (!h)
		return NULL;
	if (h->multi)
		curl_multi_cleanup(h->multi);
	free(h);
	return NULL;
}

/* ----------------------------------------------------------------- headers */

/* The value of a header line if it is `name`'s: without blanks around it; `*ret_len` bytes. */
static const char *header_value(const char *line, size_t len, const char *name, size_t *ret_len)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return NULL;
	for (n++; n < len && (line[n] == ' ' || line[n] == '\t'); n++)
		;
	while (len > n && strchr(" \t\r\n", line[len - 1]))
		len--;
	*ret_len = len - n;
	return line + n;
}

static int keep_text(char **to, const char *value, size_t len)
{
	free(*to);
	*to = strndup(value, len);
	return *to ? 0 : -ENOMEM;
}

static int add_challenge(struct http_reply *reply, const char *value, size_t len)
{
	char *joined;

	if (len > CHALLENGE_MAX || (reply->challenge && strlen(reply->challenge) > CHALLENGE_MAX))
		return -EFBIG;
	if (!reply->challenge)
		return keep_text(&reply->challenge, value, len);
	if (asprintf(&joined, "%s, %.*s", reply->challenge, (int)len, value) < 0)
		return -ENOMEM;
	free(reply->challenge);
	reply->challenge = joined;
	return 0;
}

static int64_t to_number(const char *value, size_t len, char stop)
{
	char digits[24];
	uint64_t number;
	size_t n = 0;

	while (n < len && n < sizeof(digits) - 1 && value[n] != stop)
		digits[n] = value[n], n++;
	digits[n] = '\0';
	if (num_parse_u64(digits, &number) < 0 || number > INT64_MAX)
		return -1;
	return (int64_t)number;
}

static int read_header(struct http_transfer *t, const char *line, size_t len)
{
	struct http_reply *reply = &t->reply;
	const char *value;
	size_t n;

	/* Each reply begins anew: of redirects only the last one's headers count. */
	if (len > 5 && strncmp(line, "HTTP/", 5) == 0) {
		http_reply_done(reply);
		return 0;
	}
	if ((value = header_value(line, len, "Content-Type", &n)))
		return keep_text(&reply->content_type, value, n);
	if ((value = header_value(line, len, "WWW-Authenticate", &n)))
		return add_challenge(reply, value, n);
	if ((value = header_value(line, len, "Docker-Content-Digest", &n)))
		return keep_text(&reply->content_digest, value, n);
	if ((value = header_value(line, len, "Content-Length", &n)))
		reply->length = to_number(value, n, '\0');
	else if ((value = header_value(line, len, "Retry-After", &n)))
		reply->retry_after = to_number(value, n, '\0');
	else if ((value = header_value(line, len, "Content-Range", &n)) && n > 6 &&
	    strncasecmp(value, "bytes ", 6) == 0)
		reply->range_start = to_number(value + 6, n - 6, '-');
	return 0;
}

static size_t on_header(char *line, size_t size, size_t n, void *user)
{
	struct http_transfer *t = user;
	size_t len = size * n;

	t->header_bytes += len;
	if (t->header_bytes > HEADER_BYTES_MAX)
		t->header_error = -EFBIG;
	if (t->header_error == 0)
		t->header_error = read_header(t, line, len);
	return t->header_error == 0 ? len : 0;
}

static size_t on_body(char *data, size_t size, size_t n, void *user)
{
	struct http_transfer *t = user;
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	t->reply.status = status;
	if (status >= 300 && status < 400)
		return size * n;
	t->sink_error = t->sink(t->user, &t->reply, data, size * n);
	return t->sink_error < 0 ? 0 : size * n;
}

/* --------------------------------------------------------------- transfers */

static int add_header(struct http_transfer *t, const char *name, const char *value)
{
	AUTO_FREE char *line = NULL;
	struct curl_slist *more;

	if (asprintf(&line, "%s: %s", name, value) < 0) {
		line = NULL;
		return -ENOMEM;
	}
	more = curl_slist_append(t->headers, line);
	if (!more)
		return -ENOMEM;
	t->headers = more;
	return 0;
}

static CURLcode set_blob(CURL *easy, CURLoption option, const struct buf *pem)
{
	struct curl_blob blob = {
		.data = pem->data,
		.len = pem->len,
		.flags = CURL_BLOB_NOCOPY,
	};

	if (pem->len == 0)
		return CURLE_OK;
	return curl_easy_setopt(easy, option, &blob);
}

static CURLcode set_tls(CURL *easy, const struct http_ask *ask)
{
	const struct http_host *host = ask->host;
	bool https_only = strncasecmp(ask->url, "https:", 6) == 0 && !host->plain_redirects;
	CURLcode r;

	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, https_only ? "https" : "http,https");
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, host->no_verify ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, host->no_verify ? 0L : 2L);

	r = set_blob(easy, CURLOPT_CAINFO_BLOB, &host->ca);
	if (r == CURLE_OK)
		r = set_blob(easy, CURLOPT_SSLCERT_BLOB, &host->cert);
	if (r == CURLE_OK)
		r = set_blob(easy, CURLOPT_SSLKEY_BLOB, &host->key);
	return r;
}

static CURLcode set_credentials(CURL *easy, const struct http_ask *ask)
{
	CURLcode r = CURLE_OK;

	if (ask->bearer) {
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		r = curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, ask->bearer);
	} else if (ask->user) {
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		r = curl_easy_setopt(easy, CURLOPT_USERNAME, ask->user);
		if (r == CURLE_OK)
			r = curl_easy_setopt(easy, CURLOPT_PASSWORD, ask->password);
	}
	return r;
}

static CURLcode set_limits(CURL *easy, const struct http *h)
{
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 10L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, h->stall_seconds);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 512L << 10);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	return curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
}

static CURLcode set_request(struct http_transfer *t, const struct http_ask *ask)
{
	CURL *easy = t->easy;
	char range[32];

	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->text);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "dolium/" DOLIUM_VERSION);
	if (ask->from > 0) {
		snprintf(range, sizeof(range), "%ju-", (uintmax_t)ask->from);
		curl_easy_setopt(easy, CURLOPT_RANGE, range);
	}
	if (ask->form)
		curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, ask->form);
	if (t->headers)
		curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->headers);
	return curl_easy_setopt(easy, CURLOPT_URL, ask->url);
}

int http_start(struct http *h, const struct http_ask *ask, http_sink *sink, void *user,
    struct http_transfer **ret_transfer, struct err *e)
{
	AUTO(http_stop) struct http_transfer *t = NULL;
	CURLcode r;

	t = malloc(sizeof(*t));
	if (!t)
		return err_set(e, -ENOMEM, "cannot ask for '%s'", ask->url);
	*t = (struct http_transfer){ .sink = sink, .user = user };
	http_reply_done(&t->reply);
	t->easy = curl_easy_init();
	if (!t->easy || (ask->accept && add_header(t, "Accept", ask->accept) < 0))
		return err_set(e, -ENOMEM, "cannot ask for '%s'", ask->url);

	r = set_request(t, ask);
	if (r == CURLE_OK)
		r = set_limits(t->easy, h);
	if (r == CURLE_OK)
		r = set_tls(t->easy, ask);
	if (r == CURLE_OK)
		r = set_credentials(t->easy, ask);
	if (r != CURLE_OK)
		return err_refuse(
		    e, -EINVAL, "cannot ask for '%s': %s", ask->url, curl_easy_strerror(r));

	if (curl_multi_add_handle(h->multi, t->easy) != CURLM_OK)
		return err_set(e, -ENOMEM, "cannot ask for '%s'", ask->url);
	t->http = h;
	*ret_transfer = TAKE(t);
	return 0;
}

struct http_transfer *http_stop(struct http_transfer *t)
{
	if (!t)
		return NULL;
	if (t->http)
		curl_multi_remove_handle(t->http->multi, t->easy);
	if (t->easy)
		curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	http_reply_done(&t->reply);
	free(t);
	return NULL;
}

static void note_finished(struct http *h)
{
	struct http_transfer *t;
	CURLMsg *message;
	int n;

	while ((message = curl_multi_info_read(h->multi, &n))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		if (curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t) !=
		    CURLE_OK)
			continue;
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->reply.status);
		t->result = message->data.result;
		t->finished = true;
	}
}

int http_run(struct http *h, int timeout_ms, struct err *e)
{
	CURLMcode r;
	int running;

	r = curl_multi_perform(h->multi, &running);
	note_finished(h);
	if (r == CURLM_OK && timeout_ms > 0) {
		r = curl_multi_poll(h->multi, NULL, 0, timeout_ms, NULL);
		if (r == CURLM_OK)
			r = curl_multi_perform(h->multi, &running);
		note_finished(h);
	}
	if (r != CURLM_OK)
		return err_refuse(e, -EIO, "libcurl: %s", curl_multi_strerror(r));
	return 0;
}

bool http_finished(const struct http_transfer *t)
{
	return t->finished;
}

const struct http_reply *http_reply(const struct http_transfer *t)
{
	return &t->reply;
}

static enum http_outcome outcome_of(CURLcode result)
{
	/* Not a switch: of curl's hundred codes the others are all HTTP_NO. */
	static const struct {
		CURLcode code;
		enum http_outcome outcome;
	} table[] = {
		{ CURLE_OK, HTTP_OK },
		{ CURLE_COULDNT_RESOLVE_PROXY, HTTP_UNREACHABLE },
		{ CURLE_COULDNT_RESOLVE_HOST, HTTP_UNREACHABLE },
		{ CURLE_COULDNT_CONNECT, HTTP_UNREACHABLE },
		{ CURLE_SSL_CONNECT_ERROR, HTTP_NOT_TLS },
		{ CURLE_PEER_FAILED_VERIFICATION, HTTP_UNTRUSTED },
		{ CURLE_SSL_CERTPROBLEM, HTTP_UNTRUSTED },
		{ CURLE_SSL_CACERT_BADFILE, HTTP_UNTRUSTED },
		{ CURLE_SSL_ISSUER_ERROR, HTTP_UNTRUSTED },
		{ CURLE_PARTIAL_FILE, HTTP_CUT },
		{ CURLE_OPERATION_TIMEDOUT, HTTP_CUT },
		{ CURLE_GOT_NOTHING, HTTP_CUT },
		{ CURLE_SEND_ERROR, HTTP_CUT },
		{ CURLE_RECV_ERROR, HTTP_CUT },
		{ CURLE_WEIRD_SERVER_REPLY, HTTP_CUT },
		{ CURLE_RANGE_ERROR, HTTP_CUT },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].code == result)
			return table[i].outcome;
	return HTTP_NO;
}

enum http_outcome http_outcome(const struct http_transfer *t, const char **ret_text)
{
	*ret_text = t->text[0] ? t->text : curl_easy_strerror(t->result);
	if (t->header_error == -EFBIG) {
		*ret_text = "its headers are too large";
		return HTTP_NO;
	}
	if (t->sink_error < 0)
		return HTTP_REFUSED;
	return outcome_of(t->result);
}

/* ---------------------------------------------------------- small requests */

static int sink_buf(void *user, const struct http_reply *reply, const void *data, size_t len)
{
	struct buf *body = user;

	(void)reply;
	buf_add(body, data, len);
	return buf_error(body);
}

int http_get(struct http *h, const struct http_ask *ask, size_t max, struct http_reply *ret_reply,
    struct buf *body, enum http_outcome *ret_outcome, char text[256], struct err *e)
{
	AUTO(http_stop) struct http_transfer *t = NULL;
	const char *why;
	int r;

	buf_done(body);
	*body = (struct buf){ .max = max };
	r = http_start(h, ask, sink_buf, body, &t, e);
	while (r >= 0 && !t->finished)
		r = http_run(h, 1000, e);
	if (r < 0)
		return r;

	*ret_outcome = http_outcome(t, &why);
	snprintf(text, 256, "%s", why);
	http_reply_done(ret_reply);
	*ret_reply = t->reply;
	t->reply = (struct http_reply){ 0 };
	return 0;
}

char *http_escape(const char *text)
{
	AUTO_BUF struct buf out = { 0 };
	char *escaped = NULL;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    strchr("-._~", c))
			buf_addc(&out, (char)c);
		else
			buf_addf(&out, "%%%02X", c);
	}
	buf_addc(&out, '\0');
	if (buf_take(&out, &escaped) < 0)
		return NULL;
	return escaped;
}
