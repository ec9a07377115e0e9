/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of an image, in docker's words
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "engine/hello.h"
#include "engine/image_find.h"
#include "engine/times.h"
#include "format/json.h"
#include "store/layer.h"
#include "store/store.h"

static void put_keys(struct json_writer *w, const char *key, const struct strv *keys)
{
	if (keys->n == 0)
		return;
	json_open_object(w, key);
	strv_for_each (name, keys) {
		json_open_object(w, *name);
		json_close_object(w);
	}
	json_close_object(w);
}

static void put_list(struct json_writer *w, const char *key, const struct strv *list)
{
	if (list->n > 0)
		json_put_texts(w, key, list->items);
	else
		json_put_null(w, key);
}

static void put_healthcheck(struct json_writer *w, const struct oci_healthcheck *h)
{
	if (!h)
		return;
	json_open_object(w, "Healthcheck");
	json_put_texts(w, "Test", h->test.items);
	json_put_i64(w, "Interval", h->interval);
	json_put_i64(w, "Timeout", h->timeout);
	json_put_i64(w, "StartPeriod", h->start_period);
	json_put_i64(w, "Retries", h->retries);
	json_close_object(w);
}

static void put_config(struct json_writer *w, const char *key, const struct oci_image_config *c)
{
	json_open_object(w, key);
	json_put_text(w, "User", c->config.user ? c->config.user : "");
	put_keys(w, "ExposedPorts", &c->config.exposed_ports);
	put_list(w, "Env", &c->config.env);
	put_list(w, "Cmd", &c->config.cmd);
	put_healthcheck(w, c->config.healthcheck);
	put_keys(w, "Volumes", &c->config.volumes);
	json_put_text(w, "WorkingDir", c->config.working_dir ? c->config.working_dir : "");
	put_list(w, "Entrypoint", &c->config.entrypoint);
	if (c->config.on_build.n > 0)
		put_list(w, "OnBuild", &c->config.on_build);
	if (c->config.labels.n > 0)
		json_put_map(w, "Labels", &c->config.labels);
	else
		json_put_null(w, "Labels");
	if (c->config.stop_signal)
		json_put_text(w, "StopSignal", c->config.stop_signal);
	if (c->config.shell.n > 0)
		put_list(w, "Shell", &c->config.shell);
	json_close_object(w);
}

static void put_names(struct json_writer *w, const char *key, const struct strv *names)
{
	json_open_array(w, key);
	strv_for_each (name, names) {
		AUTO_FREE char *familiar =
		    hello_is_name(*name) ? strdup(HELLO_NAME ":latest") : image_familiar(*name);

		json_put_text(w, NULL, familiar ? familiar : *name);
	}
	json_close_array(w);
}

static void put_layers(struct json_writer *w, const struct image *image)
{
	json_open_object(w, "RootFS");
	json_put_text(w, "Type", "layers");
	json_open_array(w, "Layers");
	for (size_t i = 0; i < image->n_layers; i++) {
		char text[DIGEST_TEXT_MAX];

		digest_format(&image->layers[i], text);
		json_put_text(w, NULL, text);
	}
	json_close_array(w);
	json_close_object(w);
}

static const char *text_of(const char *text)
{
	return text ? text : "";
}

static void put_image(
    struct json_writer *w, const struct image *image, const struct oci_image_config *c)
{
	char id[DIGEST_TEXT_MAX], added[TIMES_TEXT_MAX];
	const char *comment = c->n_history ? c->history[c->n_history - 1].comment : NULL;

	digest_format(&image->id, id);
	times_format(image->added * TIMES_SECOND, added);
	json_open_object(w, NULL);
	json_put_text(w, "Id", id);
	put_names(w, "RepoTags", &image->names);
	put_names(w, "RepoDigests", &image->digests);
	json_put_text(w, "Parent", "");
	json_put_text(w, "Comment", text_of(comment));
	json_put_text(w, "Created", text_of(c->created));
	json_put_text(w, "DockerVersion", "");
	json_put_text(w, "Author", text_of(c->author));
	put_config(w, "Config", c);
	json_put_text(w, "Architecture", text_of(c->architecture));
	if (c->variant)
		json_put_text(w, "Variant", c->variant);
	json_put_text(w, "Os", text_of(c->os));
	json_put_u64(w, "Size", image->size);
	json_open_object(w, "GraphDriver");
	json_put_null(w, "Data");
	json_put_text(w, "Name", "overlay");
	json_close_object(w);
	put_layers(w, image);
	json_open_object(w, "Metadata");
	json_put_text(w, "LastTagTime", added);
	json_close_object(w);
	json_close_object(w);
}

/* Finds an image together with its configuration. */
static int find(struct dolium *d, const char *name, struct image **ret_image,
    struct oci_image_config *ret_config, struct err *e)
{
	AUTO(image_free) struct image *image = NULL;
	int r = image_find_by_user(d, name, &image, e);

	if (r == 0)
		r = image_read_config(d, image, ret_config, e);
	if (r < 0)
		return r;
	*ret_image = TAKE(image);
	return 0;
}

int dolium_image_inspect(struct dolium *d, const char *name, struct dolium_value **ret)
{
	AUTO(oci_image_config_done) struct oci_image_config config = { 0 };
	AUTO(image_free) struct image *image = NULL;
	AUTO_BUF struct buf text = { 0 };
	struct json_writer w = { .to = &text };
	struct err *e = engine_begin(d);
	int r = find(d, name, &image, &config, e);

	if (r < 0)
		return r;
	put_image(&w, image, &config);
	return engine_value_parse(&text, ret, e);
}

/* ---- history ---- */

static uint64_t layer_size(struct dolium *d, const struct image *image, size_t i)
{
	struct layer_record record;

	if (i >= image->n_layers ||
	    layer_read_record(d->store, &image->layers[i], &record, NULL) < 0)
		return 0;
	return record.disk_bytes;
}

static void put_step(
    struct json_writer *w, const struct oci_history *step, const char *id, uint64_t size)
{
	const int64_t created = times_parse(step->created);
	char text[TIMES_TEXT_MAX], span[TIMES_TEXT_MAX], size_text[16];
	char ago[TIMES_TEXT_MAX + 8];

	times_format_span(times_now() - created, span);
	snprintf(ago, sizeof(ago), "%s ago", span);
	times_format(created, text);
	num_format_size(size_text, sizeof(size_text), size);
	json_open_object(w, NULL);
	json_put_text(w, "ID", id);
	json_put_text(w, "CreatedAt", text);
	json_put_text(w, "CreatedSince", created ? ago : "N/A");
	json_put_text(w, "CreatedBy", text_of(step->created_by));
	json_put_text(w, "Size", size_text);
	json_put_text(w, "Comment", text_of(step->comment));
	json_close_object(w);
}

/* The newest step is the image; the layer of a step is found by counting from the oldest. */
static void put_history(struct dolium *d, struct json_writer *w, const struct image *image,
    const struct oci_image_config *c)
{
	char id[DIGEST_TEXT_MAX];
	size_t layer = 0;

	digest_format(&image->id, id);
	for (size_t i = 0; i < c->n_history; i++)
		layer += !c->history[i].empty_layer;
	json_open_array(w, NULL);
	for (size_t i = c->n_history; i-- > 0;) {
		const bool empty = c->history[i].empty_layer;

		layer -= !empty;
		put_step(w, &c->history[i], i + 1 == c->n_history ? id : "<missing>",
		    empty ? 0 : layer_size(d, image, layer));
	}
	json_close_array(w);
}

int dolium_image_history(struct dolium *d, const char *name, struct dolium_value **ret)
{
	AUTO(oci_image_config_done) struct oci_image_config config = { 0 };
	AUTO(image_free) struct image *image = NULL;
	AUTO_BUF struct buf text = { 0 };
	struct json_writer w = { .to = &text };
	struct err *e = engine_begin(d);
	int r = find(d, name, &image, &config, e);

	if (r < 0)
		return r;
	put_history(d, &w, image, &config);
	return engine_value_parse(&text, ret, e);
}
