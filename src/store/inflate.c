/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a layer's tar, out of its blob
 *
 * isa-l decodes gzip twice as fast as zlib; inflating is the larger half of a
 * pull. Behind the last member or frame only zeros may stand (tape padding):
 * anything else would be bytes that some readers see and others do not.
 */
#include "store/inflate.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/err.h"

#define IN_ROOM        ((size_t)256 << 10)
#define WINDOW_LOG_MAX 27

struct inflate {
	int fd;
	enum layer_compression compression;
	uint8_t *in;
	size_t at, len;
	uint64_t bytes_in;
	bool ended, in_frame, padding;
	struct inflate_state *gzip;
	ZSTD_DCtx *zstd;
};

int inflate_open(
    int blob_fd, enum layer_compression compression, struct inflate **ret, struct err *e)
{
	AUTO(inflate_close) struct inflate *x = calloc(1, sizeof(*x));

	if (!x)
		return err_set(e, -ENOMEM, "cannot read a layer");
	x->fd = blob_fd;
	x->compression = compression;
	x->in = malloc(IN_ROOM);
	if (!x->in)
		return err_set(e, -ENOMEM, "cannot read a layer");
	if (compression == LAYER_GZIP) {
		x->gzip = malloc(sizeof(*x->gzip));
		if (!x->gzip)
			return err_set(e, -ENOMEM, "cannot read a layer");
	} else if (compression == LAYER_ZSTD) {
		x->zstd = ZSTD_createDCtx();
		if (!x->zstd)
			return err_set(e, -ENOMEM, "cannot read a layer");
		ZSTD_DCtx_setParameter(x->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	} else if (compression != LAYER_PLAIN) {
		return err_refuse(e, -EBADMSG, "a layer of a form that is not known");
	}
	*ret = TAKE(x);
	return 0;
}

struct inflate *inflate_close(struct inflate *x)
{
	if (!x)
		return NULL;
	free(x->in);
	free(x->gzip);
	ZSTD_freeDCtx(x->zstd);
	free(x);
	return NULL;
}

uint64_t inflate_bytes_in(const struct inflate *x)
{
	return __atomic_load_n(&x->bytes_in, __ATOMIC_RELAXED);
}

static ssize_t read_blob(struct inflate *x, uint8_t *to, size_t room, struct err *e)
{
	ssize_t n;

	do {
		n = read(x->fd, to, room);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set(e, -errno, "cannot read the layer's blob");
	__atomic_add_fetch(&x->bytes_in, (uint64_t)n, __ATOMIC_RELAXED);
	return n;
}

/* 1: there are bytes; 0: the blob is at its end. */
static int refill(struct inflate *x, struct err *e)
{
	ssize_t n;

	if (x->at < x->len)
		return 1;
	if (x->ended)
		return 0;
	n = read_blob(x, x->in, IN_ROOM, e);
	if (n < 0)
		return (int)n;
	x->at = 0;
	x->len = (size_t)n;
	x->ended = n == 0;
	return n > 0;
}

/* Behind a member: does another one start? 1: yes; 0: the end. */
static int next_member(struct inflate *x, struct err *e)
{
	for (;;) {
		int r = refill(x, e);

		if (r <= 0)
			return r;
		if (x->in[x->at] != 0) {
			if (!x->padding)
				return 1;
			return err_refuse(e, -EBADMSG,
			    "damaged layer: something stands behind the end of its compressed "
			    "bytes");
		}
		/* Only behind a whole member: a blob of nothing but zeros is none. */
		if (x->bytes_in == x->len && x->at == 0 && !x->padding)
			return 1;
		x->padding = true;
		x->at++;
	}
}

static ssize_t read_gzip(struct inflate *x, uint8_t *to, size_t room, struct err *e)
{
	size_t done = 0;

	while (done < room) {
		int r;

		if (!x->in_frame) {
			r = next_member(x, e);
			if (r < 0)
				return r;
			if (r == 0)
				break;
			isal_inflate_init(x->gzip);
			x->gzip->crc_flag = ISAL_GZIP;
			x->in_frame = true;
		}
		r = refill(x, e);
		if (r < 0)
			return r;
		if (r == 0 && x->gzip->avail_out != 0)
			return err_refuse(e, -EBADMSG, "damaged layer: its gzip stream is cut off");

		x->gzip->next_in = x->in + x->at;
		x->gzip->avail_in = (uint32_t)(x->len - x->at);
		x->gzip->next_out = to + done;
		x->gzip->avail_out = (uint32_t)(room - done);
		r = isal_inflate(x->gzip);
		x->at = x->len - x->gzip->avail_in;
		done = room - x->gzip->avail_out;
		if (r != ISAL_DECOMP_OK && r != ISAL_END_INPUT)
			return err_refuse(
			    e, -EBADMSG, "damaged layer: its gzip stream is broken (%d)", r);
		if (x->gzip->block_state == ISAL_BLOCK_FINISH)
			x->in_frame = false;
	}
	return (ssize_t)done;
}

static ssize_t read_zstd(struct inflate *x, uint8_t *to, size_t room, struct err *e)
{
	ZSTD_outBuffer out = { .dst = to, .size = room };

	while (out.pos < room) {
		ZSTD_inBuffer in;
		size_t before = out.pos, r;
		int more = x->in_frame ? refill(x, e) : next_member(x, e);

		if (more < 0)
			return more;
		if (more == 0 && !x->in_frame)
			break;
		in = (ZSTD_inBuffer){ .src = x->in, .size = x->len, .pos = x->at };
		r = ZSTD_decompressStream(x->zstd, &out, &in);
		if (ZSTD_isError(r))
			return err_refuse(e, -EBADMSG,
			    "damaged layer: its zstd stream is broken: %s", ZSTD_getErrorName(r));
		x->at = in.pos;
		x->in_frame = r != 0;
		if (more == 0 && x->in_frame && out.pos == before)
			return err_refuse(e, -EBADMSG, "damaged layer: its zstd stream is cut off");
	}
	return (ssize_t)out.pos;
}

ssize_t inflate_read(struct inflate *x, uint8_t *to, size_t room, struct err *e)
{
	if (x->compression == LAYER_GZIP)
		return read_gzip(x, to, room, e);
	if (x->compression == LAYER_ZSTD)
		return read_zstd(x, to, room, e);
	return read_blob(x, to, room, e);
}
