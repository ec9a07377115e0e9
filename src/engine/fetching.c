/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetching an image into the store
 *
 * The compressed layer stays in blobs/partial and is unpacked from there: it is
 * not wanted any more once its tree is there, so it never becomes a blob of the
 * store, and nobody waits for it to be durable. After a kill, what is there is used.
 *
 * The fetch worker's word is not taken: manifest, configuration and index are hashed
 * again here, and a layer counts when its tar has the diffID of the configuration.
 */
#include "engine/fetching.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"
#include "engine/image_find.h"
#include "format/json.h"
#include "format/platform.h"
#include "format/reference.h"
#include "os/file.h"
#include "os/monotonic.h"
#include "store/images.h"
#include "store/layer.h"
#include "store/store.h"

#define SWEEP_US        2000
#define SWEEP_FAILED_US 2000000
#define UNPACK_MAX      3
#define SHORT_ID        12
#define REPORT_MS       100
#define ASK_AGAIN       3 /* how often a layer that went away is fetched anew */

enum state {
	LAYER_HERE, /* already, or by now */
	LAYER_COMING,
	LAYER_CAME, /* whole, waits for a worker */
	LAYER_UNPACKS,
};

struct layer {
	const struct oci_descriptor *blob;
	struct digest diff_id;
	enum state state;
	unsigned asked;
	int blob_fd;
	struct layer_unpack *unpack;
	uint64_t reported_ms;
};

/* One image on its way. */
struct arrival {
	struct fetching *f;
	const struct fetch_image *image;
	struct oci_image_config config;
	struct layer *layers;
	size_t n_layers, n_unpacking, unpack_max;
	bool changed; /* something was fetched or recorded anew */
};

static void arrival_done(struct arrival *a)
{
	for (size_t i = 0; i < a->n_layers; i++) {
		layer_unpack_free(a->layers[i].unpack);
		if (a->layers[i].blob_fd >= 0)
			close(a->layers[i].blob_fd);
	}
	free(a->layers);
	oci_image_config_done(&a->config);
}

static inline void arrival_done_at(struct arrival *a)
{
	arrival_done(a);
}

/* ---------------------------------------------------------------- progress */

static void tell(
    struct arrival *a, struct layer *layer, const char *status, const char *note, uint64_t done)
{
	const struct dolium_pull_options *options = a->f->options;
	char id[DIGEST_HEX_LEN + 1];
	const struct dolium_progress p = {
		.id = id,
		.status = status,
		.note = note,
		.done = done,
		.total = (uint64_t)layer->blob->size,
	};

	layer->reported_ms = monotonic_ms();
	if (!options->progress)
		return;
	digest_hex(&layer->blob->digest, id);
	id[SHORT_ID] = '\0';
	options->progress(options->user, &p);
}

/* ------------------------------------------------------------ what there is */

static int check_bytes(struct store *store, const char *data, size_t len,
    const struct digest *digest, const char *what, struct err *e)
{
	struct digest is;
	int r;

	r = store_blob_put(store, data, len, &is, e);
	if (r < 0)
		return r;
	if (digest_equal(&is, digest))
		return 0;
	(void)store_blob_remove(store, &is, NULL);
	return err_refuse(e, -EBADMSG, "dolium-fetch: its %s is not what it says", what);
}

/* The configuration is the one that the manifest names; that both are what their digests say is
 * checked when they are kept. */
static int check_manifest(const struct arrival *a, struct err *e)
{
	const struct fetch_image *image = a->image;
	AUTO(oci_manifest_done) struct oci_manifest m = { 0 };
	int r;

	if (!image->manifest)
		return 0;
	r = oci_manifest_parse(image->manifest, image->manifest_len, "manifest", &m, e);
	if (r < 0)
		return r;
	if (digest_equal(&m.config.digest, &image->config_digest))
		return 0;
	return err_refuse(
	    e, -EBADMSG, "dolium-fetch: a configuration that its manifest does not have");
}

/* It is not kept: no row names it, and what it led to is. */
static int check_index(const struct arrival *a, struct err *e)
{
	const struct fetch_image *image = a->image;
	int r;

	if (!image->index)
		return 0;
	r = check_bytes(
	    a->f->store, image->index, image->index_len, &image->index_digest, "index", e);
	if (r >= 0)
		(void)store_blob_remove(a->f->store, &image->index_digest, NULL);
	return r;
}

/* Where a digest was asked for, the bytes must lead to it without a gap. */
static int check_pinned(const struct arrival *a, struct err *e)
{
	const struct fetch_image *image = a->image;
	AUTO(oci_index_done) struct oci_index x = { 0 };
	struct digest pinned;
	int r;

	if (!a->f->ref || !a->f->ref->digest)
		return 0;
	r = digest_parse(a->f->ref->digest, &pinned);
	if (r < 0)
		return err_refuse(e, r, "no digest: '%s'", a->f->ref->digest);
	if (image->manifest && digest_equal(&image->manifest_digest, &pinned))
		return 0;
	if (!image->manifest || !image->index || !digest_equal(&image->index_digest, &pinned))
		return err_refuse(e, -EBADMSG, "dolium-fetch: another image than was asked for");

	r = oci_index_parse(image->index, image->index_len, "index", &x, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < x.n_manifests; i++)
		if (digest_equal(&x.manifests[i].digest, &image->manifest_digest))
			return 0;
	return err_refuse(e, -EBADMSG, "dolium-fetch: a manifest that its index does not have");
}

static int check_platform(const struct arrival *a, struct err *e)
{
	struct platform want, offer = { 0 };
	char want_text[3 * PLATFORM_PART_MAX + 3], offer_text[3 * PLATFORM_PART_MAX + 3];
	const struct oci_image_config *c = &a->config;

	/* Of an index the right one was picked already. */
	if (!a->f->options->platform || a->image->index)
		return 0;
	if (platform_parse(a->f->options->platform, &want) < 0)
		return err_refuse(e, -EINVAL, "no platform: '%s'", a->f->options->platform);
	snprintf(offer_text, sizeof(offer_text), "%s/%s%s%s", c->os ? c->os : "linux",
	    c->architecture ? c->architecture : "", c->variant && *c->variant ? "/" : "",
	    c->variant ? c->variant : "");
	if (platform_parse(offer_text, &offer) < 0 || platform_match(&want, &offer) > 0)
		return 0;
	platform_format(&want, want_text, sizeof(want_text));
	platform_format(&offer, offer_text, sizeof(offer_text));
	return err_refuse(e, -ENOENT, "the image is for %s, not for %s", offer_text, want_text);
}

/* Checks what is small, and notes the layers. */
static int examine(struct arrival *a, struct err *e)
{
	const struct fetch_image *image = a->image;
	int r;

	r = oci_image_config_parse(
	    image->config, image->config_len, "image configuration", &a->config, e);
	if (r < 0)
		return r;
	if (a->config.n_layers != image->n_layers)
		return err_refuse(e, -EBADMSG,
		    "the manifest has %zu layers and the configuration %zu", image->n_layers,
		    a->config.n_layers);
	r = check_manifest(a, e);
	if (r >= 0)
		r = check_index(a, e);
	if (r >= 0)
		r = check_pinned(a, e);
	if (r >= 0)
		r = check_platform(a, e);
	if (r < 0)
		return r;

	a->layers = calloc(image->n_layers + 1, sizeof(*a->layers));
	if (!a->layers)
		return err_set(e, -ENOMEM, "cannot note %zu layers", image->n_layers);
	for (size_t i = 0; i < image->n_layers; i++)
		a->layers[a->n_layers++] = (struct layer){
			.blob = &image->layers[i],
			.diff_id = a->config.diff_ids[i],
			.blob_fd = -1,
		};
	return 0;
}

/* ---------------------------------------------------------------- the lock */

/*
 * Who pulls the same image at the same time waits here, and then finds all
 * layers done. The file is in the partial directory, by the configuration's
 * digest; its owner removes it, so who gets it without a name looks again.
 */
static int lock_image(const struct arrival *a, char name[80], struct err *e)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(&a->image->config_digest, hex);
	snprintf(name, 80, "%s.lock", hex);
	for (;;) {
		AUTO_FD int fd = -1;
		struct stat st;
		int r;

		fd =
		    file_open_beneath(store_partial_dir(a->f->store), name, O_RDWR | O_CREAT, 0600);
		if (fd < 0)
			return err_set(e, fd, "cannot lock the image");
		do
			r = flock(fd, LOCK_EX);
		while (r < 0 && errno == EINTR);
		if (r < 0 || fstat(fd, &st) < 0)
			return err_set(e, -errno, "cannot lock the image");
		if (st.st_nlink > 0)
			return TAKE_FD(fd);
	}
}

/* ------------------------------------------------------------------ layers */

static int open_blob(const struct arrival *a, const struct layer *layer)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(&layer->blob->digest, hex);
	return file_open_beneath(store_partial_dir(a->f->store), hex, O_RDONLY, 0);
}

static void drop_blob(const struct arrival *a, const struct layer *layer)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(&layer->blob->digest, hex);
	(void)unlinkat(store_partial_dir(a->f->store), hex, 0);
}

static int ask_for(struct arrival *a, struct layer *layer, struct err *e)
{
	layer->state = LAYER_COMING;
	layer->asked++;
	return fetch_blobs(a->f->fetch, layer->blob, 1, e);
}

/* Asks for all that are missing in one go. The same tree twice is fetched once. */
static int ask_for_missing(struct arrival *a, struct err *e)
{
	AUTO_FREE struct oci_descriptor *wanted = calloc(a->n_layers + 1, sizeof(*wanted));
	size_t n_wanted = 0;

	if (!wanted)
		return err_set(e, -ENOMEM, "cannot ask for %zu layers", a->n_layers);
	for (size_t i = 0; i < a->n_layers; i++) {
		struct layer *layer = &a->layers[i];
		bool is_twice = false;

		for (size_t j = 0; j < i && !is_twice; j++)
			is_twice = digest_equal(&a->layers[j].diff_id, &layer->diff_id);
		layer->state = LAYER_HERE;
		if (is_twice || layer_exists(a->f->store, &layer->diff_id)) {
			tell(a, layer, "Already exists", NULL, (uint64_t)layer->blob->size);
			continue;
		}
		tell(a, layer, "Waiting", NULL, 0);
		layer->state = LAYER_COMING;
		layer->asked = 1;
		wanted[n_wanted++] = *layer->blob;
	}
	a->changed |= n_wanted > 0;
	return fetch_blobs(a->f->fetch, wanted, n_wanted, e);
}

static struct layer *find_coming(struct arrival *a, const struct digest *blob)
{
	for (size_t i = 0; i < a->n_layers; i++)
		if (a->layers[i].state == LAYER_COMING &&
		    digest_equal(&a->layers[i].blob->digest, blob))
			return &a->layers[i];
	return NULL;
}

static void layer_is_here(struct arrival *a, struct layer *layer)
{
	drop_blob(a, layer);
	layer->state = LAYER_HERE;
	tell(a, layer, "Pull complete", NULL, (uint64_t)layer->blob->size);
}

static int came(struct arrival *a, struct layer *layer, struct err *e)
{
	if (layer_exists(a->f->store, &layer->diff_id)) {
		layer_is_here(a, layer);
		return 0;
	}
	layer->blob_fd = open_blob(a, layer);
	/* Another pull has used it up, and then failed to make a layer of it. */
	if (layer->blob_fd == -ENOENT && layer->asked < ASK_AGAIN)
		return ask_for(a, layer, e);
	if (layer->blob_fd < 0)
		return err_set(
		    e, layer->blob_fd, "cannot open layer '%s'", layer->blob->digest_text);
	layer->state = LAYER_CAME;
	return 0;
}

static int take_event(struct arrival *a, const struct fetch_event *event, struct err *e)
{
	struct layer *layer = find_coming(a, &event->digest);

	if (!layer)
		return err_refuse(e, -EBADMSG, "dolium-fetch: a layer that nobody asked for");
	switch (event->kind) {
	case FETCH_PROGRESS:
		tell(a, layer, "Downloading", NULL, event->done);
		return 0;
	case FETCH_RETRY:
		tell(a, layer, "Retrying", event->note, event->done);
		return 0;
	case FETCH_DONE:
		return came(a, layer, e);
	}
	return 0;
}

static int take_events(struct arrival *a, struct err *e)
{
	struct fetch_event event;
	int r;

	while ((r = fetch_next(a->f->fetch, &event, e)) > 0) {
		r = take_event(a, &event, e);
		if (r < 0)
			return r;
	}
	return r;
}

/* ----------------------------------------------------------------- unpacking */

static int start_unpacking(struct arrival *a, struct err *e)
{
	for (size_t i = 0; i < a->n_layers && a->n_unpacking < a->unpack_max; i++) {
		struct layer *layer = &a->layers[i];
		int r;

		if (layer->state != LAYER_CAME)
			continue;
		r = layer_unpack_start(a->f->store, layer->blob_fd,
		    layer_compression(layer->blob->media_type), &layer->diff_id, NULL,
		    &layer->unpack, e);
		if (r < 0)
			return err_wrap(e, r, "layer %.19s", layer->blob->digest_text);
		layer->state = LAYER_UNPACKS;
		a->n_unpacking++;
		tell(a, layer, "Unpacking", NULL, 0);
	}
	return 0;
}

static int finish_unpacking(struct arrival *a, struct layer *layer, struct err *e)
{
	int r;

	r = layer_unpack_finish(layer->unpack, NULL, e);
	layer->unpack = layer_unpack_free(layer->unpack);
	close(TAKE_FD(layer->blob_fd));
	a->n_unpacking--;
	/* These bytes will never make this layer: they are not kept for another try. */
	if (r == -EBADMSG || r == -EFBIG)
		drop_blob(a, layer);
	if (r < 0)
		return err_wrap(e, r, "layer %.19s", layer->blob->digest_text);
	layer_is_here(a, layer);
	return 0;
}

static int take_unpacking(struct arrival *a, struct layer *layer, short events, struct err *e)
{
	uint64_t done;

	if (events & (POLLHUP | POLLERR))
		return finish_unpacking(a, layer, e);
	done = layer_unpack_progress(layer->unpack);
	if (monotonic_ms() - layer->reported_ms >= REPORT_MS)
		tell(a, layer, "Unpacking", NULL, done);
	return 0;
}

/* -------------------------------------------------------------------- loop */

static bool is_complete(const struct arrival *a)
{
	for (size_t i = 0; i < a->n_layers; i++)
		if (a->layers[i].state != LAYER_HERE)
			return false;
	return true;
}

static int wait_for_any(struct arrival *a, struct err *e)
{
	struct pollfd fds[1 + UNPACK_MAX] = { { .fd = fetch_fd(a->f->fetch), .events = POLLIN } };
	struct layer *of[1 + UNPACK_MAX] = { NULL };
	nfds_t n = 1;
	int r = 0;

	for (size_t i = 0; i < a->n_layers && n < 1 + UNPACK_MAX; i++) {
		if (a->layers[i].state != LAYER_UNPACKS)
			continue;
		fds[n].fd = layer_unpack_fd(a->layers[i].unpack);
		fds[n].events = POLLIN;
		of[n++] = &a->layers[i];
	}
	if (poll(fds, n, -1) < 0)
		return errno == EINTR ? 0 : err_set(e, -errno, "cannot wait for layers");

	for (nfds_t i = 1; i < n && r >= 0; i++)
		if (fds[i].revents)
			r = take_unpacking(a, of[i], fds[i].revents, e);
	if (r >= 0 && fds[0].revents)
		r = take_events(a, e);
	return r;
}

static int bring_layers(struct arrival *a, struct err *e)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int r;

	a->unpack_max = cpus < 2 ? 2 : cpus > UNPACK_MAX ? UNPACK_MAX : (size_t)cpus;
	r = ask_for_missing(a, e);
	while (r >= 0 && !is_complete(a)) {
		r = start_unpacking(a, e);
		if (r >= 0)
			r = wait_for_any(a, e);
	}
	return r;
}

/* ---------------------------------------------------------------- recording */

static void fill_platform(const struct oci_image_config *config, struct image *to)
{
	snprintf(to->os, sizeof(to->os), "%s", config->os ? config->os : "linux");
	snprintf(
	    to->arch, sizeof(to->arch), "%s", config->architecture ? config->architecture : "");
	snprintf(to->variant, sizeof(to->variant), "%s", config->variant ? config->variant : "");
}

static int sum_sizes(struct arrival *a, uint64_t *ret_size, struct err *e)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < a->n_layers; i++) {
		struct layer_record record;
		int r;

		r = layer_read_record(a->f->store, &a->layers[i].diff_id, &record, e);
		if (r < 0)
			return r;
		sum += record.disk_bytes;
	}
	*ret_size = sum;
	return 0;
}

/* The name and repository digest that a pull from a registry gives. NULL: none. */
static int names_of_pull(const struct arrival *a, char **ret_name, char **ret_digest)
{
	static const struct digest none;
	const struct reference *ref = a->f->ref;
	const struct digest *of = digest_equal(&a->image->index_digest, &none)
	    ? &a->image->manifest_digest
	    : &a->image->index_digest;
	AUTO_FREE char *repository = reference_name(ref);
	char digest[DIGEST_TEXT_MAX];

	if (!repository)
		return -ENOMEM;
	digest_format(of, digest);
	if (asprintf(ret_digest, "%s@%s", repository, digest) < 0) {
		*ret_digest = NULL;
		return -ENOMEM;
	}
	/* Who says a digest wants those bytes, and moves no tag. */
	if (ref->digest)
		return 0;
	if (asprintf(ret_name, "%s:%s", repository, ref->tag ? ref->tag : "latest") < 0) {
		*ret_name = NULL;
		return -ENOMEM;
	}
	return 0;
}

/* Is all of that on record already? */
static bool is_recorded(
    struct store *store, const struct digest *id, const char *name, const char *repo_digest)
{
	AUTO(image_free) struct image *by_name = NULL, *by_digest = NULL;

	if (name &&
	    (image_find(store, name, &by_name, NULL) < 0 || !digest_equal(&by_name->id, id)))
		return false;
	if (repo_digest &&
	    (image_find(store, repo_digest, &by_digest, NULL) < 0 ||
	        !digest_equal(&by_digest->id, id)))
		return false;
	return name || repo_digest;
}

static int record_blobs(const struct arrival *a, struct err *e)
{
	const struct fetch_image *image = a->image;
	int r;

	r = check_bytes(a->f->store, image->config, image->config_len, &image->config_digest,
	    "configuration", e);
	if (r >= 0 && image->manifest)
		r = check_bytes(a->f->store, image->manifest, image->manifest_len,
		    &image->manifest_digest, "manifest", e);
	return r;
}

static int record(
    struct arrival *a, const char *const *names, const char *repo_digest, struct err *e)
{
	struct image image = {
		.id = a->image->config_digest,
		.manifest = a->image->manifest_digest,
		.added = time(NULL),
		.layers = a->config.diff_ids,
		.n_layers = a->config.n_layers,
	};
	int r;

	r = record_blobs(a, e);
	if (r >= 0)
		r = sum_sizes(a, &image.size, e);
	if (r < 0)
		return r;
	fill_platform(&a->config, &image);
	r = image_record(a->f->store, &image, names[0], repo_digest, e);
	for (size_t i = 1; r >= 0 && names[0] && names[i]; i++)
		r = image_name_add(a->f->store, &image.id, names[i], e);
	return r;
}

static void write_row(const struct arrival *a, const char *const *names, const char *repo_digest,
    struct json_writer *rows)
{
	const char *name = names[0] ? names[0] : repo_digest;
	static const struct digest none;
	const struct fetch_image *image = a->image;
	const struct digest *of = digest_equal(&image->index_digest, &none)
	    ? &image->manifest_digest
	    : &image->index_digest;
	char text[DIGEST_TEXT_MAX];

	json_open_object(rows, NULL);
	digest_format(&image->config_digest, text);
	json_put_text(rows, "Id", text);
	json_put_text(rows, "Name", name ? name : "");
	json_open_array(rows, "RepoTags");
	for (size_t i = 0; names[i]; i++) {
		AUTO_FREE char *familiar = image_familiar(names[i]);

		if (familiar)
			json_put_text(rows, NULL, familiar);
	}
	json_close_array(rows);
	digest_format(of, text);
	json_put_text(rows, "Digest", digest_equal(of, &none) ? "" : text);
	json_put_text(rows, "Status", a->changed ? "downloaded" : "up to date");
	json_close_object(rows);
}

static int bring_and_record(
    struct arrival *a, const char *const *names, const char *repo_digest, struct err *e)
{
	int r;

	r = bring_layers(a, e);
	if (r < 0)
		return r;
	for (size_t i = 0; names[i]; i++)
		a->changed |=
		    !is_recorded(a->f->store, &a->image->config_digest, names[i], repo_digest);
	if (!names[0])
		a->changed |=
		    !is_recorded(a->f->store, &a->image->config_digest, NULL, repo_digest);
	return record(a, names, repo_digest, e);
}

/* Brings one resolved image here, and adds a row about it to `rows`. */
static int fetch_image(
    struct fetching *f, const struct fetch_image *image, struct json_writer *rows, struct err *e)
{
	AUTO(arrival_done) struct arrival a = { .f = f, .image = image };
	AUTO_FREE char *name = NULL, *repo_digest = NULL;
	const char *one[] = { NULL, NULL }, *const *names = one;
	AUTO_FD int hold_fd = -1, lock_fd = -1;
	char lock_name[80];
	int r;

	r = examine(&a, e);
	if (r < 0)
		return r;
	if (f->ref) {
		if (names_of_pull(&a, &name, &repo_digest) < 0)
			return err_set(e, -ENOMEM, "cannot name the image");
		one[0] = name;
	} else if (image->names) {
		names = (const char *const *)image->names;
	}

	hold_fd = store_hold(f->store, e);
	if (hold_fd < 0)
		return hold_fd;
	lock_fd = lock_image(&a, lock_name, e);
	if (lock_fd < 0)
		return lock_fd;
	r = bring_and_record(&a, names, repo_digest, e);
	(void)unlinkat(store_partial_dir(f->store), lock_name, 0);
	if (r < 0)
		return r;
	write_row(&a, names, repo_digest, rows);
	return 0;
}

/* ----------------------------------------------------------------- opening */

int fetching_open(struct fetching *f, struct dolium *d, const char *source, int source_fd,
    const struct dolium_pull_options *options, struct err *e)
{
	static const struct dolium_pull_options none = DOLIUM_OPTIONS(struct dolium_pull_options);
	AUTO_FREE char *worker = NULL;
	struct fetch_options o = { .source = source, .source_fd = source_fd };
	struct platform want;
	int r;

	if (!options)
		options = &none;
	if (options->platform && platform_parse(options->platform, &want) < 0)
		return err_refuse(e, -EINVAL, "not a platform: '%s'", options->platform);
	r = engine_store(d, &f->store, e);
	if (r >= 0)
		r = engine_unpacker(d, e);
	if (r >= 0)
		r = engine_helper(d, "dolium-fetch", &worker, e);
	if (r < 0)
		return r;

	f->d = d;
	f->options = options;
	o.platform = options->platform;
	o.partial_fd = store_partial_dir(f->store);
	o.worker = worker;
	/* The public options say 0 where nothing was said, and -1 for "never". */
	o.tls_verify = options->tls_verify > 0 ? 1 : options->tls_verify < 0 ? 0 : -1;
	o.auth_file = options->auth_file;
	o.cert_dir = options->cert_dir;
	o.credentials = options->credentials;
	o.mirrors = options->mirrors;
	return fetch_open(&o, &f->fetch, e);
}

void fetching_done(struct fetching *f)
{
	f->fetch = fetch_close(f->fetch);
}

int fetching_all(struct fetching *f, struct dolium_value **ret, struct err *e)
{
	AUTO_BUF struct buf text = { 0 };
	struct json_writer rows = { .to = &text };
	struct fetch_image *images = NULL;
	size_t n = 0;
	int r;

	r = fetch_resolve(f->fetch, &images, &n, e);
	json_open_array(&rows, NULL);
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = fetch_image(f, &images[i], &rows, e);
	json_close_array(&rows);
	fetch_images_free(images, n);
	/* What failed takes its half-made layers with it; what went well does not wait for old
	 * ones. */
	store_sweep(f->store, r < 0 ? SWEEP_FAILED_US : SWEEP_US);
	return r < 0 ? r : engine_value_parse(&text, ret, e);
}
