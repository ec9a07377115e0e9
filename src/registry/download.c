/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Downloads: several blobs of one repository at once
 *
 * Each blob is a small machine: waiting for its lock, running, or resting before
 * another try. One loop moves them all. A try that has brought bytes pays back
 * the failures before it, so that a long download over a bad line ends one day.
 */
#include "registry/download.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "os/monotonic.h"
#include "registry/endpoint.h"
#include "registry/partial.h"
#include "registry/source.h"

#define PARALLEL_MAX 4
#define REPORT_MS    100
#define LOCK_MS      50 /* between looks at a lock that another process holds */

enum state {
	WAITING, /* for its turn, or for the lock */
	RUNNING,
	RESTING, /* until `at_ms` */
	FINISHED,
};

struct download {
	const struct download_plan *plan;
	const struct oci_descriptor *layer;
	enum state state;
	uint64_t at_ms; /* WAITING, RESTING: not before then */
	uint64_t reported_ms;
	struct partial *partial;
	struct http_transfer *transfer;
	struct attempt attempt;
	size_t endpoint, n_tried;
	uint64_t from; /* where the running request begins */
	bool has_begun; /* the running request has brought bytes of the blob */
	bool from_scratch; /* nothing of an earlier run is in it */
	int sink_error;
};

static struct endpoint *endpoint_of(const struct download *d)
{
	return &d->plan->endpoints[d->endpoint];
}

static int report(struct download *d, enum fetch_event_kind kind, const char *note)
{
	uint64_t size = (uint64_t)d->layer->size;

	d->reported_ms = monotonic_ms();
	return source_report(d->plan->source, kind, &d->layer->digest,
	    d->partial ? partial_done(d->partial) : size, size, note);
}

/* --------------------------------------------------------- a piece arrives */

/*
 * Only a 200 or a 206 is the blob. A server that ignores the range begins anew,
 * and so do we; one that answers another range than was asked for is not used.
 */
static int begin_body(struct download *d, const struct http_reply *reply)
{
	d->has_begun = true;
	if (reply->status == 206 && reply->range_start == (int64_t)d->from)
		return 0;
	if (reply->status == 206)
		return -EPROTO;
	d->from_scratch = true;
	return d->from > 0 ? partial_restart(d->partial) : 0;
}

static int take_piece(void *user, const struct http_reply *reply, const void *data, size_t len)
{
	struct download *d = user;

	/* The page that comes with an error is of no use, and not without end. */
	if (reply->status != 200 && reply->status != 206)
		return 0;
	if (!d->has_begun)
		d->sink_error = begin_body(d, reply);
	if (d->sink_error >= 0)
		d->sink_error = partial_add(d->partial, data, len);
	if (d->sink_error >= 0 && monotonic_ms() - d->reported_ms >= REPORT_MS)
		d->sink_error = report(d, FETCH_PROGRESS, NULL);
	return d->sink_error;
}

/* ------------------------------------------------------------------- steps */

static int finish(struct download *d)
{
	int r;

	r = report(d, FETCH_DONE, NULL);
	d->partial = partial_close(d->partial);
	d->state = FINISHED;
	return r;
}

static int refuse_digest(struct download *d, const struct digest *found, struct err *e)
{
	char is[DIGEST_TEXT_MAX];

	digest_format(found, is);
	partial_drop(d->partial);
	return err_refuse(e, -EBADMSG, "'%s': the manifest says %s, the bytes are %s",
	    endpoint_of(d)->name, d->layer->digest_text, is);
}

static int send_request(struct download *d, struct err *e)
{
	char rest[sizeof("blobs/") + DIGEST_TEXT_MAX];
	struct http_ask ask = { .from = partial_done(d->partial) };
	AUTO_FREE char *url = NULL;
	int r;

	snprintf(rest, sizeof(rest), "blobs/%s", d->layer->digest_text);
	url = endpoint_ask(endpoint_of(d), rest, &ask);
	if (!url)
		return err_set(e, -ENOMEM, "cannot ask for a layer");
	d->from = ask.from;
	d->has_begun = false;
	d->sink_error = 0;
	d->attempt.token_serial = endpoint_of(d)->token_serial;
	r = http_start(d->plan->http, &ask, take_piece, d, &d->transfer, e);
	if (r >= 0)
		d->state = RUNNING;
	return r;
}

/* All bytes are there: are they the right ones? */
static int check_whole(struct download *d, struct err *e)
{
	struct digest found;
	int r;

	r = partial_finish(d->partial, &found);
	if (r >= 0) {
		r = finish(d);
		return r < 0 ? err_set(e, r, "cannot report a layer") : 0;
	}
	if (r != -EBADMSG)
		return err_set(e, r, "cannot write layer '%s'", d->layer->digest_text);

	/* What an earlier run left may be what is wrong: the server gets one chance to show. */
	if (d->from_scratch)
		return refuse_digest(d, &found, e);
	r = partial_restart(d->partial);
	if (r < 0)
		return err_set(e, r, "cannot begin layer '%s' anew", d->layer->digest_text);
	d->from_scratch = true;
	return send_request(d, e);
}

static int begin(struct download *d, struct err *e)
{
	int r;

	if (!d->partial) {
		r = partial_open(d->plan->source->partial_fd, &d->layer->digest,
		    (uint64_t)d->layer->size, false, &d->partial, e);
		if (r == -EAGAIN) {
			d->at_ms = monotonic_ms() + LOCK_MS;
			return 0;
		}
		if (r == -EALREADY) {
			r = finish(d);
			return r < 0 ? err_set(e, r, "cannot report a layer") : 0;
		}
		if (r < 0)
			return r;
		d->from_scratch = !partial_is_resumed(d->partial);
	}
	if (partial_done(d->partial) == (uint64_t)d->layer->size)
		return check_whole(d, e);
	return send_request(d, e);
}

/* The endpoint is of no use for this blob: the next one, with all tries anew. */
static int next_endpoint(struct download *d, const struct err *e)
{
	if (++d->n_tried == d->plan->n_endpoints)
		return e->code;
	d->endpoint = (d->endpoint + 1) % d->plan->n_endpoints;
	d->attempt = (struct attempt){ .retries = d->plan->retries, .insist = true };
	d->state = RESTING;
	d->at_ms = 0;
	return report(d, FETCH_RETRY, e->text);
}

/* The sink ended the transfer itself. */
static int judge_refusal(struct download *d, struct err *e)
{
	if (d->sink_error == -EFBIG) {
		partial_drop(d->partial);
		return err_refuse(e, -EBADMSG,
		    "'%s': layer %s is larger than the %jd bytes that the manifest says",
		    endpoint_of(d)->name, d->layer->digest_text, (intmax_t)d->layer->size);
	}
	if (d->sink_error == -EPROTO)
		return err_refuse(e, -EIO, "'%s' answers with other bytes than were asked for",
		    endpoint_of(d)->name);
	return err_set(e, d->sink_error, "cannot write layer '%s'", d->layer->digest_text);
}

/* A body that is shorter than it should be: as if the connection had been cut. */
static enum http_outcome outcome_of(struct download *d, const char **ret_text)
{
	enum http_outcome outcome = http_outcome(d->transfer, ret_text);
	long status = http_reply(d->transfer)->status;

	if (outcome == HTTP_OK && (status == 200 || status == 206) &&
	    partial_done(d->partial) < (uint64_t)d->layer->size) {
		*ret_text = "fewer bytes came than the manifest says";
		return HTTP_CUT;
	}
	return outcome;
}

static int rest_before_retry(struct download *d, const struct err *e)
{
	d->state = RESTING;
	d->at_ms = monotonic_ms() + d->attempt.wait_ms;
	return report(d, FETCH_RETRY, e->text);
}

/* The request has ended, one way or the other. */
static int step(struct download *d, struct err *e)
{
	AUTO(http_stop) struct http_transfer *t = d->transfer;
	const char *text;
	enum http_outcome outcome = outcome_of(d, &text);
	enum verdict verdict;
	int r;

	d->transfer = NULL;
	if (d->has_begun && partial_done(d->partial) > d->from)
		d->attempt = (struct attempt){ .retries = d->plan->retries,
			.insist = true,
			.token_serial = d->attempt.token_serial };
	if (outcome == HTTP_REFUSED)
		return judge_refusal(d, e);
	if (outcome == HTTP_OK && http_reply(t)->status == 416) {
		/* Shorter there than what is here: what is here is not the beginning of it. */
		if (d->from_scratch)
			return refuse_digest(d, &(struct digest){ 0 }, e);
		r = partial_restart(d->partial);
		d->from_scratch = true;
		return r < 0 ? err_set(e, r, "cannot begin a layer anew") : send_request(d, e);
	}

	verdict = endpoint_judge(endpoint_of(d), d->plan->http, &d->attempt, outcome, http_reply(t),
	    text, NULL, d->layer->digest_text, e);
	switch (verdict) {
	case VERDICT_GOOD:
		return check_whole(d, e);
	case VERDICT_NOW:
		return send_request(d, e);
	case VERDICT_LATER:
		r = rest_before_retry(d, e);
		return r < 0 ? err_set(e, r, "cannot report a layer") : 0;
	case VERDICT_BAD:
		break;
	}
	return next_endpoint(d, e);
}

/* -------------------------------------------------------------------- loop */

static bool is_due(const struct download *d, uint64_t now, size_t n_active)
{
	if (d->state == RESTING)
		return now >= d->at_ms;
	return d->state == WAITING && now >= d->at_ms && n_active < PARALLEL_MAX;
}

/* One round over all of them. Returns how many are not finished. */
static int round_of(struct download *all, size_t n, struct err *e)
{
	uint64_t now = monotonic_ms();
	size_t n_active = 0;
	int n_left = 0;

	for (size_t i = 0; i < n; i++)
		n_active += all[i].state == RUNNING || all[i].state == RESTING;
	for (size_t i = 0; i < n; i++) {
		struct download *d = &all[i];
		bool was_active = d->state != WAITING;
		int r = 0;

		if (is_due(d, now, n_active))
			r = begin(d, e);
		else if (d->state == RUNNING && http_finished(d->transfer))
			r = step(d, e);
		if (r < 0)
			return r;
		n_active += !was_active && d->state != WAITING;
		n_left += d->state != FINISHED;
	}
	return n_left;
}

static int drive(struct download *all, size_t n, struct http *http, struct err *e)
{
	for (;;) {
		int r = round_of(all, n, e);

		if (r <= 0)
			return r;
		r = http_run(http, LOCK_MS, e);
		if (r < 0)
			return r;
	}
}

int download_blobs(const struct download_plan *plan, const struct oci_descriptor *layers,
    size_t n_layers, struct err *e)
{
	AUTO_FREE struct download *all = calloc(n_layers + 1, sizeof(*all));
	int r;

	if (!all)
		return err_set(e, -ENOMEM, "cannot fetch layers");
	for (size_t i = 0; i < n_layers; i++)
		all[i] = (struct download){
			.plan = plan,
			.layer = &layers[i],
			.endpoint = plan->first,
			.attempt = { .retries = plan->retries, .insist = true },
		};

	r = drive(all, n_layers, plan->http, e);
	for (size_t i = 0; i < n_layers; i++) {
		http_stop(all[i].transfer);
		partial_close(all[i].partial);
	}
	return r;
}
