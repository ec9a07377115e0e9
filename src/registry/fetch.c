/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetching images: the engine's side
 *
 * Starts dolium-fetch with a socket, the partial directory and, where there is
 * one, the open archive; then speaks frames (registry/wire.h). The worker dies with
 * us: it asks for SIGKILL at its parent's death, and fetch_close() kills it.
 */
#include "registry/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/strv.h"
#include "format/json.h"
#include "registry/wire.h"

#define IMAGES_MAX 256

struct fetch {
	int fd;
	pid_t pid;
	struct buf in; /* of frames that have come in part */
	size_t n_waiting; /* blobs asked for and not told of */
};

/* -------------------------------------------------------------- the worker */

/*
 * Between fork and exec: only calls that are safe there. The fds move up first,
 * so that none is in the way of the numbers that the worker wants.
 */
static void exec_worker(const char *path, int socket_fd, int partial_fd, int source_fd)
{
	char name[] = "dolium-fetch";
	char *argv[] = { name, NULL };
	int high[3], null_fd;
	sigset_t none;

	high[0] = fcntl(socket_fd, F_DUPFD, 16);
	high[1] = partial_fd >= 0 ? fcntl(partial_fd, F_DUPFD, 16) : -1;
	high[2] = source_fd >= 0 ? fcntl(source_fd, F_DUPFD, 16) : -1;
	if (high[0] < 0 || (partial_fd >= 0 && high[1] < 0) || (source_fd >= 0 && high[2] < 0))
		_exit(126);
	for (int i = 0; i < 3; i++)
		if (high[i] >= 0 && dup2(high[i], WIRE_SOCKET_FD + i) < 0)
			_exit(126);

	/* Nothing else of ours goes along: lock fds would live as long as the worker. */
	if (high[1] < 0)
		(void)close(WIRE_PARTIAL_FD);
	if (high[2] < 0)
		(void)close(WIRE_SOURCE_FD);
	if (close_range(WIRE_SOURCE_FD + 1, ~0U, 0) < 0)
		_exit(126);

	/* It speaks by its socket; the user's terminal is none of its business. */
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd <= 2; fd++)
		if (null_fd < 0 || dup2(null_fd, fd) < 0)
			_exit(126);

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	execv(path, argv);
	_exit(127);
}

static int start_worker(
    struct fetch *f, const char *path, int partial_fd, int source_fd, struct err *e)
{
	AUTO_FD int ours = -1, theirs = -1;
	int pair[2];

	if (access(path, X_OK) < 0)
		return err_set(e, -errno, "cannot start '%s'", path);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, -errno, "cannot make a socket to '%s'", path);
	ours = pair[0];
	theirs = pair[1];

	f->pid = fork();
	if (f->pid < 0)
		return err_set(e, -errno, "cannot start '%s'", path);
	if (f->pid == 0)
		exec_worker(path, theirs, partial_fd, source_fd);

	f->fd = TAKE_FD(ours);
	return 0;
}

static int lost_worker(int code, struct err *e)
{
	if (code == -ECONNRESET || code == -EPIPE)
		return err_refuse(e, -EIO, "dolium-fetch ended before its work was done");
	return err_set(e, code, "cannot speak with dolium-fetch");
}

static int ask(struct fetch *f, enum wire_type type, const struct buf *text, struct err *e)
{
	int r;

	if (text && buf_error(text) < 0)
		return err_set(e, buf_error(text), "cannot speak with dolium-fetch");
	r = wire_send(f->fd, type, text ? text->data : NULL, text ? text->len : 0);
	/* It may have said why before it went: that is read first. */
	if (r < 0 && r != -EPIPE && r != -ECONNRESET)
		return err_set(e, r, "cannot speak with dolium-fetch");
	return 0;
}

/* Waits for a frame of `type`, or of `other` (0: none). */
static int answer(struct fetch *f, enum wire_type type, enum wire_type other,
    struct wire_frame *ret_frame, struct err *e)
{
	int r;

	r = wire_receive(f->fd, ret_frame);
	if (r < 0)
		return lost_worker(r, e);
	if (ret_frame->header.type == WIRE_FAILED)
		return wire_read_err(ret_frame, e);
	if (ret_frame->header.type != type && (other == 0 || ret_frame->header.type != other))
		return err_refuse(
		    e, -EBADMSG, "dolium-fetch: an answer of type %u", ret_frame->header.type);
	return 0;
}

static void write_options(const struct fetch_options *o, struct buf *to)
{
	struct json_writer w = { .to = to };

	json_open_object(&w, NULL);
	if (o->source)
		json_put_text(&w, "source", o->source);
	if (o->platform)
		json_put_text(&w, "platform", o->platform);
	if (o->auth_file)
		json_put_text(&w, "auth_file", o->auth_file);
	if (o->cert_dir)
		json_put_text(&w, "cert_dir", o->cert_dir);
	if (o->credentials)
		json_put_text(&w, "credentials", o->credentials);
	if (o->mirrors) {
		json_put_bool(&w, "mirrors_given", true);
		json_open_array(&w, "mirrors");
		for (const char *const *m = o->mirrors; *m; m++)
			json_put_text(&w, NULL, *m);
		json_close_array(&w);
	}
	json_put_i64(&w, "tls_verify", o->tls_verify);
	json_put_u64(&w, "retries", o->retries);
	json_close_object(&w);
}

static int open_worker(const struct fetch_options *options, struct fetch **ret_fetch, struct err *e)
{
	AUTO(fetch_close) struct fetch *f = NULL;
	AUTO_FRAME struct wire_frame frame = { 0 };
	AUTO_BUF struct buf text = { 0 };
	int r;

	f = malloc(sizeof(*f));
	if (!f)
		return err_set(e, -ENOMEM, "cannot start dolium-fetch");
	*f = (struct fetch){ .fd = -1, .pid = -1 };

	r = start_worker(f, options->worker, options->partial_fd, options->source_fd, e);
	if (r < 0)
		return r;

	write_options(options, &text);
	r = ask(f, WIRE_OPEN, &text, e);
	if (r < 0)
		return r;
	r = answer(f, WIRE_READY, 0, &frame, e);
	if (r < 0)
		return r;

	*ret_fetch = TAKE(f);
	return 0;
}

int fetch_open(const struct fetch_options *options, struct fetch **ret_fetch, struct err *e)
{
	return open_worker(options, ret_fetch, e);
}

struct fetch *fetch_close(struct fetch *f)
{
	if (!f)
		return NULL;
	if (f->pid > 0) {
		(void)kill(f->pid, SIGKILL);
		while (waitpid(f->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (f->fd >= 0)
		close(f->fd);
	buf_done(&f->in);
	free(f);
	return NULL;
}

int fetch_login(const struct fetch_options *options, const char *server, const char *user,
    const char *password, struct err *e)
{
	AUTO(fetch_close) struct fetch *f = NULL;
	AUTO_FRAME struct wire_frame frame = { 0 };
	struct fetch_options o = *options;
	AUTO_BUF struct buf text = { 0 };
	struct json_writer w = { .to = &text };
	AUTO_FREE char *source = NULL, *credentials = NULL;
	int r;

	/* Any repository name serves: only the host of it is spoken to. */
	if (asprintf(&source, "docker://%s/login", server) < 0)
		source = NULL;
	if (asprintf(&credentials, "%s:%s", user, password) < 0)
		credentials = NULL;
	if (!source || !credentials)
		return err_set(e, -ENOMEM, "cannot log in to '%s'", server);
	o.source = source;
	o.credentials = credentials;
	o.source_fd = -1;
	r = open_worker(&o, &f, e);
	if (r < 0)
		return r;

	json_open_object(&w, NULL);
	json_close_object(&w);
	r = ask(f, WIRE_LOGIN, &text, e);
	if (r < 0)
		return r;
	return answer(f, WIRE_END, 0, &frame, e);
}

/* --------------------------------------------------------------- resolving */

struct layer_text {
	char *media_type, *digest;
	int64_t size;
};

struct image_text {
	char *manifest_digest, *index_digest, *config_digest;
	struct strv names;
	struct layer_text *layers;
	size_t n_layers;
};

static const struct json_shape layer_shape = {
	.size = sizeof(struct layer_text),
	.fields =
	    (const struct json_field[]){
	        JSON_FIELD(layer_text, "mediaType", TEXT, media_type, .required = true),
	        JSON_FIELD(layer_text, "digest", TEXT, digest, .required = true),
	        JSON_FIELD(layer_text, "size", I64, size, .required = true),
	        { 0 },
	    },
};

static const struct json_shape image_shape = {
	.size = sizeof(struct image_text),
	.fields =
	    (const struct json_field[]){
	        JSON_FIELD(image_text, "manifest_digest", TEXT, manifest_digest),
	        JSON_FIELD(image_text, "index_digest", TEXT, index_digest),
	        JSON_FIELD(image_text, "config_digest", TEXT, config_digest, .required = true),
	        JSON_FIELD(image_text, "names", STRV, names),
	        JSON_FIELD(image_text, "layers", ARRAY, layers, .shape = &layer_shape),
	        { 0 },
	    },
};

static int convert_layers(const struct image_text *text, struct fetch_image *to)
{
	if (text->n_layers > IMAGE_LAYERS_MAX)
		return -EBADMSG;
	to->layers = calloc(text->n_layers + 1, sizeof(*to->layers));
	if (!to->layers)
		return -ENOMEM;

	for (size_t i = 0; i < text->n_layers; i++) {
		struct oci_descriptor *layer = &to->layers[to->n_layers++];

		if (digest_parse(text->layers[i].digest, &layer->digest) < 0 ||
		    text->layers[i].size < 0)
			return -EBADMSG;
		layer->size = text->layers[i].size;
		layer->digest_text = strdup(text->layers[i].digest);
		layer->media_type = strdup(text->layers[i].media_type);
		if (!layer->digest_text || !layer->media_type)
			return -ENOMEM;
	}
	return 0;
}

static int convert_image(struct image_text *text, struct fetch_image *to)
{
	if (digest_parse(text->config_digest, &to->config_digest) < 0)
		return -EBADMSG;
	if (text->manifest_digest && digest_parse(text->manifest_digest, &to->manifest_digest) < 0)
		return -EBADMSG;
	if (text->index_digest && digest_parse(text->index_digest, &to->index_digest) < 0)
		return -EBADMSG;
	if (text->names.n > 0) {
		to->names = TAKE(text->names.items);
		text->names.n = 0;
	}
	return convert_layers(text, to);
}

/* One of the BYTES frames behind an IMAGE. An empty index or manifest is none. */
static int receive_bytes(
    struct fetch *f, size_t max, char **ret_data, size_t *ret_len, struct err *e)
{
	AUTO_FRAME struct wire_frame frame = { 0 };
	int r;

	r = answer(f, WIRE_BYTES, 0, &frame, e);
	if (r < 0)
		return r;
	if (frame.header.len > max)
		return err_refuse(
		    e, -EBADMSG, "dolium-fetch: %u bytes are too many", frame.header.len);
	*ret_len = frame.header.len;
	*ret_data = frame.header.len > 0 ? TAKE(frame.data) : NULL;
	return 0;
}

static int receive_image(
    struct fetch *f, const struct wire_frame *frame, struct fetch_image *to, struct err *e)
{
	struct image_text text = { 0 };
	int r;

	r = json_shape_parse(
	    &image_shape, frame->data, frame->header.len, "dolium-fetch", &text, e);
	if (r >= 0) {
		r = convert_image(&text, to);
		if (r < 0)
			err_set(e, r, "dolium-fetch: what it says of an image");
	}
	json_shape_done(&image_shape, &text);
	if (r < 0)
		return r;

	r = receive_bytes(f, IMAGE_MANIFEST_MAX, &to->index, &to->index_len, e);
	if (r < 0)
		return r;
	r = receive_bytes(f, IMAGE_MANIFEST_MAX, &to->manifest, &to->manifest_len, e);
	if (r < 0)
		return r;
	return receive_bytes(f, IMAGE_CONFIG_MAX, &to->config, &to->config_len, e);
}

int fetch_resolve(struct fetch *f, struct fetch_image **ret_images, size_t *ret_n, struct err *e)
{
	struct fetch_image *images = NULL, *more;
	size_t n = 0;
	int r;

	r = ask(f, WIRE_RESOLVE, NULL, e);
	while (r >= 0) {
		AUTO_FRAME struct wire_frame frame = { 0 };

		r = answer(f, WIRE_IMAGE, WIRE_END, &frame, e);
		if (r < 0)
			break;
		if (frame.header.type == WIRE_END) {
			*ret_images = images;
			*ret_n = n;
			return 0;
		}

		more = n < IMAGES_MAX ? realloc(images, (n + 1) * sizeof(*images)) : NULL;
		if (!more) {
			r = err_set(e, -ENOMEM, "cannot note %zu images", n);
			break;
		}
		images = more;
		images[n] = (struct fetch_image){ 0 };
		r = receive_image(f, &frame, &images[n++], e);
	}

	fetch_images_free(images, n);
	return r;
}

void fetch_images_free(struct fetch_image *images, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct fetch_image *image = &images[i];

		for (size_t j = 0; j < image->n_layers; j++) {
			free(image->layers[j].media_type);
			free(image->layers[j].digest_text);
		}
		for (char **name = image->names; name && *name; name++)
			free(*name);
		free(image->names);
		free(image->layers);
		free(image->index);
		free(image->manifest);
		free(image->config);
	}
	free(images);
}

/* ------------------------------------------------------------------- blobs */

int fetch_blobs(
    struct fetch *f, const struct oci_descriptor *layers, size_t n_layers, struct err *e)
{
	AUTO_BUF struct buf text = { 0 };
	struct json_writer w = { .to = &text };
	char digest[DIGEST_TEXT_MAX];

	if (n_layers == 0)
		return 0;

	json_open_object(&w, NULL);
	json_open_array(&w, "layers");
	for (size_t i = 0; i < n_layers; i++) {
		digest_format(&layers[i].digest, digest);
		json_open_object(&w, NULL);
		json_put_text(&w, "mediaType", layers[i].media_type);
		json_put_text(&w, "digest", digest);
		json_put_i64(&w, "size", layers[i].size);
		json_close_object(&w);
	}
	json_close_array(&w);
	json_close_object(&w);
	f->n_waiting += n_layers;
	return ask(f, WIRE_BLOBS, &text, e);
}

int fetch_fd(const struct fetch *f)
{
	return f->fd;
}

/* Takes what the socket has, up to one full frame. 0: `in` holds no whole frame yet. */
static int fill(struct fetch *f, struct wire_frame *ret_frame)
{
	for (;;) {
		struct wire_header header = { 0 };
		size_t want = sizeof(header);
		char chunk[4096];
		ssize_t n;

		if (f->in.len >= sizeof(header)) {
			memcpy(&header, f->in.data, sizeof(header));
			if (header.len > WIRE_FRAME_MAX)
				return -EBADMSG;
			want += header.len;
		}
		if (f->in.len >= sizeof(header) && f->in.len == want) {
			ret_frame->header = header;
			ret_frame->data = malloc(header.len + (size_t)1);
			if (!ret_frame->data)
				return -ENOMEM;
			memcpy(ret_frame->data, f->in.data + sizeof(header), header.len);
			ret_frame->data[header.len] = '\0';
			buf_done(&f->in);
			return 1;
		}

		want -= f->in.len;
		n = recv(f->fd, chunk, want < sizeof(chunk) ? want : sizeof(chunk), MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ECONNRESET;
		buf_add(&f->in, chunk, (size_t)n);
		if (buf_error(&f->in) < 0)
			return buf_error(&f->in);
	}
}

static int read_event(
    struct fetch *f, const struct wire_frame *frame, struct fetch_event *ret_event, struct err *e)
{
	struct wire_event event;

	if (frame->header.len != sizeof(event))
		return err_refuse(e, -EBADMSG, "dolium-fetch: a damaged event");
	memcpy(&event, frame->data, sizeof(event));
	event.note[sizeof(event.note) - 1] = '\0';
	if (event.kind > FETCH_RETRY)
		return err_refuse(e, -EBADMSG, "dolium-fetch: an event of kind %u", event.kind);
	if (event.kind == FETCH_DONE && f->n_waiting-- == 0)
		return err_refuse(e, -EBADMSG, "dolium-fetch: a blob that nobody asked for");

	*ret_event = (struct fetch_event){
		.kind = (enum fetch_event_kind)event.kind,
		.digest = event.digest,
		.done = event.done,
		.total = event.total,
	};
	memcpy(ret_event->note, event.note, sizeof(event.note));
	return 1;
}

int fetch_next(struct fetch *f, struct fetch_event *ret_event, struct err *e)
{
	for (;;) {
		AUTO_FRAME struct wire_frame frame = { 0 };
		int r;

		r = fill(f, &frame);
		if (r < 0)
			return lost_worker(r, e);
		if (r == 0)
			return 0;
		if (frame.header.type == WIRE_FAILED)
			return wire_read_err(&frame, e);
		if (frame.header.type == WIRE_EVENT)
			return read_event(f, &frame, ret_event, e);
		if (frame.header.type != WIRE_END)
			return err_refuse(
			    e, -EBADMSG, "dolium-fetch: an answer of type %u", frame.header.type);
	}
}
