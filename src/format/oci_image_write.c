/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image manifests and configurations: writing
 *
 * What was not said is not written, and the order is fixed: the same struct
 * gives the same bytes, and so the same digest.
 */
#include "base/buf.h"
#include "format/json.h"
#include "format/oci_image.h"

static void put_number(struct json_writer *w, const char *key, int64_t number)
{
	if (number)
		json_put_i64(w, key, number);
}

static void put_keys(struct json_writer *w, const char *key, const struct strv *keys)
{
	if (keys->n == 0)
		return;
	json_open_object(w, key);
	for (size_t i = 0; i < keys->n; i++) {
		json_open_object(w, keys->items[i]);
		json_close_object(w);
	}
	json_close_object(w);
}

static void put_descriptor(struct json_writer *w, const char *key, const struct oci_descriptor *d)
{
	char digest[DIGEST_TEXT_MAX];

	digest_format(&d->digest, digest);
	json_open_object(w, key);
	json_maybe_text(w, "mediaType", d->media_type);
	json_put_text(w, "digest", digest);
	json_put_i64(w, "size", d->size);
	json_maybe_map(w, "annotations", &d->annotations);
	json_close_object(w);
}

void oci_manifest_write(const struct oci_manifest *m, struct buf *to)
{
	struct json_writer w = { .to = to };

	json_open_object(&w, NULL);
	json_put_i64(&w, "schemaVersion", 2);
	json_put_text(&w, "mediaType", m->media_type ? m->media_type : MEDIA_OCI_MANIFEST);
	put_descriptor(&w, "config", &m->config);
	json_open_array(&w, "layers");
	for (size_t i = 0; i < m->n_layers; i++)
		put_descriptor(&w, NULL, &m->layers[i]);
	json_close_array(&w);
	json_maybe_map(&w, "annotations", &m->annotations);
	json_close_object(&w);
}

static void put_healthcheck(struct json_writer *w, const struct oci_healthcheck *check)
{
	if (!check)
		return;
	json_open_object(w, "Healthcheck");
	json_maybe_strv(w, "Test", &check->test);
	put_number(w, "Interval", check->interval);
	put_number(w, "Timeout", check->timeout);
	put_number(w, "StartPeriod", check->start_period);
	put_number(w, "StartInterval", check->start_interval);
	put_number(w, "Retries", check->retries);
	json_close_object(w);
}

static void put_run(struct json_writer *w, const struct oci_image_config *c)
{
	json_open_object(w, "config");
	json_maybe_text(w, "User", c->config.user);
	put_keys(w, "ExposedPorts", &c->config.exposed_ports);
	json_maybe_strv(w, "Env", &c->config.env);
	json_maybe_strv(w, "Entrypoint", &c->config.entrypoint);
	json_maybe_strv(w, "Cmd", &c->config.cmd);
	put_healthcheck(w, c->config.healthcheck);
	put_keys(w, "Volumes", &c->config.volumes);
	json_maybe_text(w, "WorkingDir", c->config.working_dir);
	json_maybe_map(w, "Labels", &c->config.labels);
	json_maybe_text(w, "StopSignal", c->config.stop_signal);
	json_maybe_strv(w, "Shell", &c->config.shell);
	json_maybe_strv(w, "OnBuild", &c->config.on_build);
	json_close_object(w);
}

/* The digests are what counts, not the texts they may once have been read from. */
static void put_rootfs(struct json_writer *w, const struct oci_image_config *c)
{
	char digest[DIGEST_TEXT_MAX];

	json_open_object(w, "rootfs");
	json_put_text(w, "type", c->rootfs_type ? c->rootfs_type : "layers");
	json_open_array(w, "diff_ids");
	for (size_t i = 0; i < c->n_layers; i++) {
		digest_format(&c->diff_ids[i], digest);
		json_put_text(w, NULL, digest);
	}
	json_close_array(w);
	json_close_object(w);
}

static void put_history(struct json_writer *w, const struct oci_image_config *c)
{
	if (c->n_history == 0)
		return;
	json_open_array(w, "history");
	for (size_t i = 0; i < c->n_history; i++) {
		const struct oci_history *h = &c->history[i];

		json_open_object(w, NULL);
		json_maybe_text(w, "created", h->created);
		json_maybe_text(w, "created_by", h->created_by);
		json_maybe_text(w, "author", h->author);
		json_maybe_text(w, "comment", h->comment);
		if (h->empty_layer)
			json_put_bool(w, "empty_layer", true);
		json_close_object(w);
	}
	json_close_array(w);
}

void oci_image_config_write(const struct oci_image_config *c, struct buf *to)
{
	struct json_writer w = { .to = to };

	json_open_object(&w, NULL);
	json_maybe_text(&w, "created", c->created);
	json_maybe_text(&w, "author", c->author);
	json_maybe_text(&w, "architecture", c->architecture);
	json_maybe_text(&w, "variant", c->variant);
	json_maybe_text(&w, "os", c->os);
	put_run(&w, c);
	put_rootfs(&w, c);
	put_history(&w, c);
	json_close_object(&w);
}
