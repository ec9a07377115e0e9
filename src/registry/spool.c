/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip and zstd files into plain ones
 *
 * A stream may be made of several gzip members or zstd frames, one behind the
 * other; zeros may follow the last one. Ceilings are against bombs: an archive is images, which
 * shrink by a factor of three or so.
 */
#include "registry/spool.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/auto.h"
#include "base/err.h"
#include "os/file.h"

#define IN_ROOM   ((size_t)128 << 10)
#define OUT_ROOM  ((size_t)512 << 10)
#define FREE_OUT  ((uint64_t)64 << 20) /* no ratio is asked for before so much */
#define RATIO_MAX 1200
#define OUT_MAX   ((uint64_t)256 << 30)

struct flow {
	int from, to;
	const char *what;
	uint8_t in[IN_ROOM], out[OUT_ROOM];
	size_t at, len; /* of `in`: what is not used up */
	bool at_end;
	uint64_t n_in, n_out;
};

enum layer_compression spool_kind(const uint8_t *magic, size_t len)
{
	if (len >= 2 && magic[0] == 0x1f && magic[1] == 0x8b)
		return LAYER_GZIP;
	if (len >= 4 && memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0)
		return LAYER_ZSTD;
	return LAYER_PLAIN;
}

/* Makes sure that there is something in `in`, unless the file is at its end. */
static int fill_in(struct flow *f, size_t at_least, struct err *e)
{
	if (f->len >= at_least || f->at_end)
		return 0;
	memmove(f->in, f->in + f->at, f->len);
	f->at = 0;
	while (f->len < at_least) {
		ssize_t n = read(f->from, f->in + f->len, sizeof(f->in) - f->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, -errno, "cannot read %s", f->what);
		if (n == 0) {
			f->at_end = true;
			break;
		}
		f->len += (size_t)n;
		f->n_in += (uint64_t)n;
	}
	return 0;
}

static int put_out(struct flow *f, const void *data, size_t len, struct err *e)
{
	int r;

	f->n_out += len;
	if (f->n_out > OUT_MAX || (f->n_out > FREE_OUT && f->n_out / RATIO_MAX > f->n_in))
		return err_refuse(e, -EFBIG, "%s grows beyond all measure", f->what);
	r = file_write_fd(f->to, data, len);
	if (r < 0)
		return err_set(e, r, "cannot make room for %s", f->what);
	return 0;
}

static void used(struct flow *f, size_t n)
{
	f->at += n;
	f->len -= n;
}

static int copy_plain(struct flow *f, struct err *e)
{
	for (;;) {
		int r = fill_in(f, 1, e);

		if (r < 0 || f->len == 0)
			return r;
		r = put_out(f, f->in + f->at, f->len, e);
		if (r < 0)
			return r;
		used(f, f->len);
	}
}

/* Does another member or frame follow? Zeros behind the last one are padding. */
static int follows(struct flow *f, size_t magic_len, struct err *e)
{
	int r = fill_in(f, magic_len, e);

	return r < 0 ? r : spool_kind(f->in + f->at, f->len) != LAYER_PLAIN;
}

static int inflate_member(struct flow *f, struct inflate_state *state, struct err *e)
{
	isal_inflate_init(state);
	state->crc_flag = ISAL_GZIP;

	while (state->block_state != ISAL_BLOCK_FINISH) {
		size_t before;
		int r;

		r = fill_in(f, 1, e);
		if (r < 0)
			return r;
		before = f->len;
		state->next_in = f->in + f->at;
		state->avail_in = (uint32_t)f->len;
		state->next_out = f->out;
		state->avail_out = OUT_ROOM;
		r = isal_inflate(state);
		if (r != ISAL_DECOMP_OK && r != ISAL_END_INPUT)
			return err_refuse(e, -EBADMSG, "%s: its gzip stream is damaged", f->what);
		used(f, before - state->avail_in);
		if (f->at_end && before == 0 && state->avail_out == OUT_ROOM &&
		    state->block_state != ISAL_BLOCK_FINISH)
			return err_refuse(e, -EBADMSG, "%s: its gzip stream is cut off", f->what);
		r = put_out(f, f->out, OUT_ROOM - state->avail_out, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int inflate_gzip(struct flow *f, struct err *e)
{
	AUTO_FREE struct inflate_state *state = malloc(sizeof(*state));
	int r;

	if (!state)
		return err_set(e, -ENOMEM, "cannot read %s", f->what);
	do {
		r = inflate_member(f, state, e);
		if (r >= 0)
			r = follows(f, 2, e);
	} while (r > 0);
	return r;
}

static int inflate_zstd(struct flow *f, struct err *e)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	size_t left = 1;
	int r = 0;

	if (!stream)
		return err_set(e, -ENOMEM, "cannot read %s", f->what);
	/* No more than 128 MiB of window: what `zstd --ultra --long=27` makes. */
	ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, 27);

	for (;;) {
		ZSTD_inBuffer in;
		ZSTD_outBuffer out = { .dst = f->out, .size = OUT_ROOM };

		r = fill_in(f, 1, e);
		if (r < 0 || (f->len == 0 && left == 0))
			break;
		in = (ZSTD_inBuffer){ .src = f->in + f->at, .size = f->len };
		left = ZSTD_decompressStream(stream, &out, &in);
		if (ZSTD_isError(left)) {
			r = err_refuse(e, -EBADMSG, "%s: its zstd stream is damaged: %s", f->what,
			    ZSTD_getErrorName(left));
			break;
		}
		if (f->at_end && f->len == 0 && out.pos == 0) {
			r = err_refuse(e, -EBADMSG, "%s: its zstd stream is cut off", f->what);
			break;
		}
		used(f, in.pos);
		r = put_out(f, f->out, out.pos, e);
		if (r < 0)
			break;
	}
	ZSTD_freeDStream(stream);
	return r;
}

int spool_file(int from, int to, const char *what, struct err *e)
{
	AUTO_FREE struct flow *f = malloc(sizeof(*f));
	int r;

	if (!f)
		return err_set(e, -ENOMEM, "cannot read %s", what);
	f->from = from;
	f->to = to;
	f->what = what;
	f->at = f->len = 0;
	f->at_end = false;
	f->n_in = f->n_out = 0;

	r = fill_in(f, 4, e);
	if (r < 0)
		return r;
	switch (spool_kind(f->in, f->len)) {
	case LAYER_GZIP:
		return inflate_gzip(f, e);
	case LAYER_ZSTD:
		return inflate_zstd(f, e);
	case LAYER_PLAIN:
	case LAYER_UNKNOWN:
		return copy_plain(f, e);
	}
	return 0;
}
