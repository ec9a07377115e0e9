/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium-fetch: the worker that speaks to where images come from
 *
 * Order: read what the engine wants; let the driver open it with all rights;
 * confine; say READY; serve. One request at a time; whoever does not want to wait
 * kills us.
 */
#include "registry/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/err.h"
#include "base/log.h"
#include "format/json.h"
#include "registry/fetch_confine.h"
#include "registry/source.h"
#include "registry/wire.h"

struct worker {
	struct source_settings settings;
	struct source source;
	const struct source_driver *driver;
};

static const struct json_shape settings_shape = {
	.size = sizeof(struct source_settings),
	.fields =
	    (const struct json_field[]){
	        JSON_FIELD(source_settings, "source", TEXT, source, .required = true),
	        JSON_FIELD(source_settings, "platform", TEXT, platform),
	        JSON_FIELD(source_settings, "auth_file", TEXT, auth_file),
	        JSON_FIELD(source_settings, "cert_dir", TEXT, cert_dir),
	        JSON_FIELD(source_settings, "credentials", TEXT, credentials),
	        JSON_FIELD(source_settings, "mirrors", STRV, mirrors),
	        JSON_FIELD(source_settings, "mirrors_given", BOOL, mirrors_given),
	        JSON_FIELD(source_settings, "tls_verify", I64, tls_verify),
	        JSON_FIELD(source_settings, "retries", U64, retries),
	        { 0 },
	    },
};

/* ----------------------------------------------------------------- serving */

static void write_image(const struct fetch_image *image, struct buf *to)
{
	static const struct digest none;
	struct json_writer w = { .to = to };
	char text[DIGEST_TEXT_MAX];

	json_open_object(&w, NULL);
	digest_format(&image->config_digest, text);
	json_put_text(&w, "config_digest", text);
	if (!digest_equal(&image->manifest_digest, &none)) {
		digest_format(&image->manifest_digest, text);
		json_put_text(&w, "manifest_digest", text);
	}
	if (!digest_equal(&image->index_digest, &none)) {
		digest_format(&image->index_digest, text);
		json_put_text(&w, "index_digest", text);
	}
	if (image->names)
		json_put_texts(&w, "names", image->names);
	json_open_array(&w, "layers");
	for (size_t i = 0; i < image->n_layers; i++) {
		json_open_object(&w, NULL);
		json_put_text(&w, "mediaType", image->layers[i].media_type);
		json_put_text(&w, "digest", image->layers[i].digest_text);
		json_put_i64(&w, "size", image->layers[i].size);
		json_close_object(&w);
	}
	json_close_array(&w);
	json_close_object(&w);
}

static int send_image(const struct fetch_image *image, struct err *e)
{
	AUTO_BUF struct buf text = { 0 };
	int r;

	write_image(image, &text);
	r = buf_error(&text);
	if (r >= 0)
		r = wire_send(WIRE_SOCKET_FD, WIRE_IMAGE, text.data, text.len);
	if (r >= 0)
		r = wire_send(WIRE_SOCKET_FD, WIRE_BYTES, image->index, image->index_len);
	if (r >= 0)
		r = wire_send(WIRE_SOCKET_FD, WIRE_BYTES, image->manifest, image->manifest_len);
	if (r >= 0)
		r = wire_send(WIRE_SOCKET_FD, WIRE_BYTES, image->config, image->config_len);
	return r < 0 ? err_set(e, r, "cannot report an image") : 0;
}

static int serve_resolve(struct worker *w, struct err *e)
{
	struct source_images images = { 0 };
	int r;

	r = w->driver->resolve(&w->source, &images, e);
	for (size_t i = 0; r >= 0 && i < images.n; i++)
		r = send_image(&images.items[i], e);
	fetch_images_free(images.items, images.n);
	return r;
}

static int read_layer(const struct json_value *v, struct oci_descriptor *to)
{
	const char *digest = json_value_string(json_value_get(v, "digest"));

	to->size = json_value_i64(json_value_get(v, "size"));
	if (!digest || digest_parse(digest, &to->digest) < 0 || to->size < 0)
		return -EINVAL;
	to->digest_text = strdup(digest);
	return to->digest_text ? 0 : -ENOMEM;
}

static int read_layers(const struct wire_frame *frame, struct fetch_image *to, struct err *e)
{
	AUTO(json_value_free) struct json_value *root = NULL;
	const struct json_value *list;
	size_t n;
	int r;

	r = json_value_parse(frame->data, frame->header.len, "request", &root, e);
	if (r < 0)
		return r;
	list = json_value_get(root, "layers");
	n = json_value_count(list);
	to->layers = calloc(n + 1, sizeof(*to->layers));
	if (!to->layers)
		return err_set(e, -ENOMEM, "cannot read a request");

	for (size_t i = 0; i < n; i++) {
		r = read_layer(json_value_at(list, i), &to->layers[to->n_layers++]);
		if (r < 0)
			return err_set(e, r, "request: layer %zu", i);
	}
	return 0;
}

static int serve_blobs(struct worker *w, const struct wire_frame *frame, struct err *e)
{
	struct source_images wanted = { 0 };
	struct fetch_image *image = source_image_add(&wanted);
	int r;

	if (!image)
		return err_set(e, -ENOMEM, "cannot read a request");
	r = read_layers(frame, image, e);
	if (r >= 0)
		r = w->driver->blobs(&w->source, image->layers, image->n_layers, e);
	fetch_images_free(wanted.items, wanted.n);
	return r;
}

static int serve_one(struct worker *w, const struct wire_frame *frame, struct err *e)
{
	switch (frame->header.type) {
	case WIRE_RESOLVE:
		return serve_resolve(w, e);
	case WIRE_BLOBS:
		return serve_blobs(w, frame, e);
	case WIRE_LOGIN:
		if (w->driver->login)
			return w->driver->login(&w->source, e);
		break;
	default:
		break;
	}
	return err_refuse(e, -EINVAL, "dolium-fetch: a request of type %u", frame->header.type);
}

/* Returns when the engine has gone. */
static int serve(struct worker *w)
{
	for (;;) {
		AUTO_FRAME struct wire_frame frame = { 0 };
		struct err e = { 0 };
		int r;

		r = wire_receive(WIRE_SOCKET_FD, &frame);
		if (r < 0)
			return r == -ECONNRESET ? 0 : r;
		r = serve_one(w, &frame, &e);
		if (r < 0)
			r = wire_send_err(WIRE_SOCKET_FD, &e);
		else
			r = wire_send(WIRE_SOCKET_FD, WIRE_END, NULL, 0);
		if (r < 0)
			return r;
	}
}

/* ---------------------------------------------------------------- starting */

/* Proxies as people write them; curl itself reads HTTP_PROXY in small letters only. */
static void adopt_proxy(void)
{
	const char *proxy = getenv("HTTP_PROXY");

	if (proxy && !getenv("http_proxy"))
		(void)setenv("http_proxy", proxy, 1);
}

static void die_with_the_engine(void)
{
	struct pollfd p = { .fd = WIRE_SOCKET_FD };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* It may have gone before that was said: then the socket knows. */
	if (poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)))
		_exit(0);
}

static int open_source(struct worker *w, const struct wire_frame *frame, struct err *e)
{
	struct fetch_walls walls = { .partial_fd = -1, .read_fd = -1 };
	int r;

	if (frame->header.type != WIRE_OPEN)
		return err_refuse(e, -EINVAL, "dolium-fetch: not an opening");
	r = json_shape_parse(
	    &settings_shape, frame->data, frame->header.len, "request", &w->settings, e);
	if (r < 0)
		return r;

	w->driver = source_find(w->settings.source, &w->source.rest);
	w->source.settings = &w->settings;
	w->source.partial_fd = WIRE_PARTIAL_FD;
	w->source.socket_fd = WIRE_SOCKET_FD;
	w->source.archive_fd = fcntl(WIRE_SOURCE_FD, F_GETFD) < 0 ? -1 : WIRE_SOURCE_FD;
	platform_host(&w->source.platform);
	if (w->settings.platform && platform_parse(w->settings.platform, &w->source.platform) < 0)
		return err_refuse(e, -EINVAL, "no platform: '%s'", w->settings.platform);

	r = w->driver->open(&w->source, &walls.read_fd, e);
	if (r < 0)
		return r;
	/* A login brings no folder. */
	if (fcntl(WIRE_PARTIAL_FD, F_GETFD) >= 0)
		walls.partial_fd = WIRE_PARTIAL_FD;
	walls.network = w->driver->network;
	walls.cert_dir = w->settings.cert_dir;
	return fetch_confine(&walls, e);
}

static int work(struct worker *w)
{
	AUTO_FRAME struct wire_frame frame = { 0 };
	struct err e = { 0 };
	int r;

	r = wire_receive(WIRE_SOCKET_FD, &frame);
	if (r < 0)
		return r;
	r = open_source(w, &frame, &e);
	if (r < 0) {
		(void)wire_send_err(WIRE_SOCKET_FD, &e);
		return r;
	}
	r = wire_send(WIRE_SOCKET_FD, WIRE_READY, NULL, 0);
	return r < 0 ? r : serve(w);
}

int worker_main(void)
{
	const struct rlimit none = { 0, 0 };
	struct worker w = { 0 };
	int r;

	die_with_the_engine();
	/* A core would hold passwords. */
	(void)setrlimit(RLIMIT_CORE, &none);
	for (int fd = WIRE_SOCKET_FD; fd <= WIRE_SOURCE_FD; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	adopt_proxy();

	r = work(&w);
	if (w.driver)
		w.driver->close(&w.source);
	json_shape_done(&settings_shape, &w.settings);
	return r < 0;
}
