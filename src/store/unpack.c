/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium-unpack: inflate, hash and untar, in two threads
 *
 * The main thread makes the files. A second one reads the blob, inflates and
 * hashes: that is the longer half, and runs a ring of chunks ahead. Whoever fails
 * first stops the other. Nothing is read before both are behind their walls.
 */
#include "store/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "os/file.h"
#include "store/inflate.h"
#include "store/layer_index.h"
#include "store/unpack_confine.h"
#include "store/untar.h"

#define CHUNK         ((size_t)256 << 10)
#define CHUNKS        8
#define INDEX_MAX     ((uint64_t)1 << 30)
#define RATIO_FREE    ((uint64_t)64 << 20) /* a small tar may be as dense as it likes */
#define PROGRESS_EACH ((uint64_t)1 << 20)

struct chunk {
	uint8_t *data;
	size_t len;
};

struct unpack {
	const struct unpack_order *order;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct chunk ring[CHUNKS];
	unsigned head, tail; /* filled, emptied: counts of chunks */
	bool may_start, is_stopped, is_read;
	int read_error;
	struct err read_err;

	struct inflate *inflate;
	EVP_MD_CTX *hash;
	uint64_t tar_bytes, told;
	struct digest diff_id;
};

static void send_message(const struct unpack_message *m, int flags)
{
	/* Nobody listens any more: then nobody needs the layer. */
	if (send(UNPACK_REPORT_FD, m, sizeof(*m), flags | MSG_NOSIGNAL) < 0 && errno == EPIPE)
		_exit(1);
}

static void tell_progress(struct unpack *u)
{
	uint64_t in = inflate_bytes_in(u->inflate);

	if (in - u->told < PROGRESS_EACH)
		return;
	u->told = in;
	send_message(
	    &(struct unpack_message){ .kind = UNPACK_PROGRESS, .bytes_in = in }, MSG_DONTWAIT);
}

/* ---- the reading thread ---- */

/* The chunk to fill next; NULL: stop. */
static struct chunk *wait_for_room(struct unpack *u)
{
	struct chunk *c = NULL;

	pthread_mutex_lock(&u->lock);
	while (!u->is_stopped && (!u->may_start || u->head - u->tail == CHUNKS))
		pthread_cond_wait(&u->changed, &u->lock);
	if (!u->is_stopped)
		c = &u->ring[u->head % CHUNKS];
	pthread_mutex_unlock(&u->lock);
	return c;
}

static void publish(struct unpack *u)
{
	pthread_mutex_lock(&u->lock);
	u->head++;
	pthread_cond_signal(&u->changed);
	pthread_mutex_unlock(&u->lock);
}

static int check_limits(const struct unpack *u, struct err *e)
{
	uint64_t in = inflate_bytes_in(u->inflate);

	if (u->tar_bytes > u->order->max_bytes)
		return err_refuse(e, -EFBIG, "refused layer: it unpacks to more than %llu bytes",
		    (unsigned long long)u->order->max_bytes);
	if (u->tar_bytes > RATIO_FREE && u->tar_bytes / u->order->max_ratio > in)
		return err_refuse(e, -EFBIG,
		    "refused layer: its %llu compressed bytes unpack to more than %llu times as "
		    "many",
		    (unsigned long long)in, (unsigned long long)u->order->max_ratio);
	return 0;
}

static int read_all(struct unpack *u, struct err *e)
{
	for (;;) {
		struct chunk *c = wait_for_room(u);
		ssize_t n;
		int r;

		if (!c)
			return 0;
		n = inflate_read(u->inflate, c->data, CHUNK, e);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		c->len = (size_t)n;
		u->tar_bytes += c->len;
		r = check_limits(u, e);
		if (r < 0)
			return r;
		if (EVP_DigestUpdate(u->hash, c->data, c->len) != 1)
			return err_refuse(e, -EIO, "cannot hash a layer");
		publish(u);
		tell_progress(u);
	}
	if (EVP_DigestFinal_ex(u->hash, u->diff_id.bytes, NULL) != 1)
		return err_refuse(e, -EIO, "cannot hash a layer");
	return 0;
}

static void *reader(void *arg)
{
	struct unpack *u = arg;
	int r = read_all(u, &u->read_err);

	pthread_mutex_lock(&u->lock);
	u->is_read = true;
	u->read_error = r;
	pthread_cond_signal(&u->changed);
	pthread_mutex_unlock(&u->lock);
	return NULL;
}

/* ---- the unpacking thread ---- */

/* The next filled chunk; NULL: there are no more. */
static const struct chunk *wait_for_bytes(struct unpack *u)
{
	const struct chunk *c = NULL;

	pthread_mutex_lock(&u->lock);
	while (u->head == u->tail && !u->is_read)
		pthread_cond_wait(&u->changed, &u->lock);
	if (u->head != u->tail)
		c = &u->ring[u->tail % CHUNKS];
	pthread_mutex_unlock(&u->lock);
	return c;
}

static void give_back(struct unpack *u)
{
	pthread_mutex_lock(&u->lock);
	u->tail++;
	pthread_cond_signal(&u->changed);
	pthread_mutex_unlock(&u->lock);
}

static void let_go(struct unpack *u, bool stop)
{
	pthread_mutex_lock(&u->lock);
	u->may_start = true;
	u->is_stopped = stop;
	pthread_cond_signal(&u->changed);
	pthread_mutex_unlock(&u->lock);
}

/* What the bytes become: a tree, or a tar with an index. One of them is NULL. */
struct sink {
	struct untar *tree;
	struct layer_index *index;
};

static void sink_done(struct sink *k)
{
	untar_free(k->tree);
	layer_index_free(k->index);
}

static int feed(struct sink *k, const uint8_t *data, size_t len, struct err *e)
{
	return k->tree ? untar_feed(k->tree, data, len, e)
	               : layer_index_feed(k->index, data, len, e);
}

/* The reading thread has ended, so the digest is known. */
static int finish(struct unpack *u, struct sink *k, struct untar_totals *ret, struct err *e)
{
	struct erofs_layer_totals totals;
	int r;

	if (k->tree)
		return untar_finish(k->tree, ret, e);
	r = layer_index_finish(k->index, &u->diff_id, &totals, e);
	if (r >= 0)
		*ret = (struct untar_totals){ totals.disk_bytes, totals.n_entries };
	return r;
}

static int feed_all(struct unpack *u, struct sink *k, struct untar_totals *ret, struct err *e)
{
	const struct chunk *c;

	while ((c = wait_for_bytes(u))) {
		int r = feed(k, c->data, c->len, e);

		if (r < 0)
			return r;
		give_back(u);
	}
	if (u->read_error < 0) {
		*e = u->read_err;
		return u->read_error;
	}
	return finish(u, k, ret, e);
}

static int open_own(const char *name, int *ret_fd, struct err *e)
{
	*ret_fd = file_open_beneath(UNPACK_DIR_FD, name, O_RDONLY | O_DIRECTORY, 0);
	if (*ret_fd < 0)
		return err_set(e, *ret_fd, "cannot open the directory of a layer");
	return 0;
}

/* Everything that needs a system call which the filter will not let through. */
static int get_ready(struct unpack *u, struct err *e)
{
	int r = inflate_open(UNPACK_BLOB_FD, u->order->compression, &u->inflate, e);

	if (r < 0)
		return r;
	u->hash = EVP_MD_CTX_new();
	if (!u->hash || EVP_DigestInit_ex(u->hash, EVP_sha256(), NULL) != 1)
		return err_refuse(e, -EIO, "cannot hash a layer");
	for (size_t i = 0; i < CHUNKS; i++) {
		u->ring[i].data = malloc(CHUNK);
		if (!u->ring[i].data)
			return err_set(e, -ENOMEM, "cannot unpack a layer");
	}
	return 0;
}

static int open_tree_sink(
    const struct unpack_order *order, int fds[2], struct sink *k, struct err *e)
{
	const struct untar_limits limits = {
		.max_bytes = order->max_bytes,
		.max_entries = order->max_entries,
		.forbid_devices = order->forbid_devices,
	};
	int r = open_own("tree", &fds[0], e);

	if (r >= 0)
		r = open_own("junk", &fds[1], e);
	return r < 0 ? r : untar_new(fds[0], fds[1], &limits, &k->tree, e);
}

/* Behind the first wall. `fds` are the sink's, and outlive it. */
static int open_sink(const struct unpack_order *order, int fds[2], struct sink *k, struct err *e)
{
	const struct erofs_layer_limits limits = {
		.max_bytes = order->max_bytes,
		.max_entries = order->max_entries,
		.forbid_devices = order->forbid_devices,
	};

	if (order->job == UNPACK_LAYER)
		return open_tree_sink(order, fds, k, e);
	return layer_index_new(
	    UNPACK_DIR_FD, order->job == UNPACK_INDEX ? UNPACK_BLOB_FD : -1, &limits, &k->index, e);
}

static int run_threads(struct unpack *u, struct sink *k, struct untar_totals *totals, struct err *e)
{
	pthread_t thread;
	int r = pthread_create(&thread, NULL, reader, u);

	if (r != 0)
		return err_set(e, -r, "cannot start a thread");
	r = unpack_confine_calls(e);
	let_go(u, r < 0);
	if (r >= 0)
		r = feed_all(u, k, totals, e);
	let_go(u, true);
	(void)pthread_join(thread, NULL);
	return r;
}

/* No file is longer than the tar; but an index over little may be. */
static uint64_t max_file(const struct unpack_order *order)
{
	return order->job == UNPACK_LAYER || order->max_bytes > INDEX_MAX ? order->max_bytes
	                                                                  : INDEX_MAX;
}

static int unpack_layer(struct unpack *u, struct unpack_message *result)
{
	const struct unpack_order *order = u->order;
	struct untar_totals totals = { 0 };
	struct err *e = &result->err;
	int fds[2] = { -1, -1 }, r;
	struct sink sink = { 0 };

	r = get_ready(u, e);
	if (r >= 0)
		r = unpack_confine(UNPACK_DIR_FD, max_file(order), order->job == UNPACK_LAYER, e);
	if (r >= 0)
		r = open_sink(order, fds, &sink, e);
	if (r >= 0)
		r = run_threads(u, &sink, &totals, e);
	sink_done(&sink);
	/* Durable before it can get its name. The other form has seen to that itself. */
	if (r >= 0 && order->job == UNPACK_LAYER && syncfs(fds[0]) < 0)
		r = err_set(e, -errno, "cannot write a layer to the disk");
	if (r < 0)
		return r;
	result->bytes_in = inflate_bytes_in(u->inflate);
	result->tar_bytes = u->tar_bytes;
	result->disk_bytes = totals.disk_bytes;
	result->n_entries = totals.n_entries;
	result->diff_id = u->diff_id;
	return 0;
}

int unpack_run(const struct unpack_order *order)
{
	static struct unpack u = {
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
	};
	static struct unpack_message result;
	int r;

	umask(0);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	u.order = order;
	if (order->job == UNPACK_WAIT) {
		do {
			r = flock(UNPACK_LOCK_FD, LOCK_EX);
		} while (r < 0 && errno == EINTR);
		r = r < 0 ? err_set(&result.err, -errno, "cannot wait for a lock") : 0;
	} else {
		r = unpack_layer(&u, &result);
	}
	result.kind = r < 0 ? UNPACK_FAILED : UNPACK_DONE;
	send_message(&result, 0);
	return r < 0;
}
