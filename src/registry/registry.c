/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources: registries (OCI distribution-spec 1.1, Docker's registry API v2)
 *
 * What is the user's own is read in open(): settings, credentials, certificates.
 * After that only the network is spoken to, mirrors first.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "format/reference.h"
#include "registry/download.h"
#include "registry/endpoint.h"
#include "registry/hash.h"
#include "registry/http.h"
#include "registry/registries_conf.h"
#include "registry/source.h"

#define RETRIES       5
#define STALL_SECONDS 30
#define INDEX_DEPTH   4
#define ENDPOINTS_MAX 8

#define ACCEPT_MANIFESTS \
	MEDIA_OCI_INDEX ", " MEDIA_DOCKER_LIST ", " MEDIA_OCI_MANIFEST ", " MEDIA_DOCKER_MANIFEST

struct registry {
	struct reference ref;
	struct registries_conf conf;
	struct endpoint endpoints[ENDPOINTS_MAX];
	size_t n_endpoints, used; /* used: the one that served the manifest */
	struct http *http;
	unsigned retries;
	char *shown; /* for reports */
};

/* ----------------------------------------------------------------- opening */

static enum endpoint_trust trust_of(
    const struct registry *reg, const struct source_settings *settings, const char *host)
{
	if (settings->tls_verify > 0)
		return ENDPOINT_STRICT;
	if (settings->tls_verify == 0 || strv_has(&reg->conf.insecure, host))
		return ENDPOINT_INSECURE;
	return ENDPOINT_DEFAULT;
}

static int add_endpoint(struct registry *reg, const struct source *s, const char *address,
    const char *name, struct err *e)
{
	struct endpoint *ep = &reg->endpoints[reg->n_endpoints];
	const char *scheme = strstr(address, "://");
	AUTO_FREE char *host = strdup(scheme ? scheme + 3 : address);
	int r;

	if (!host)
		return err_set(e, -ENOMEM, "cannot note a registry");
	host[strcspn(host, "/")] = '\0';

	reg->n_endpoints++;
	r = endpoint_init(ep, address, name, reg->ref.path, trust_of(reg, s->settings, host), e);
	if (r >= 0)
		r = endpoint_certs(ep, s->settings->cert_dir, e);
	/* Credentials that are given with the command are for the registry it names. */
	if (r >= 0)
		r = endpoint_credentials(
		    ep, s->settings->auth_file, name ? s->settings->credentials : NULL, e);
	return r;
}

static int add_mirrors(struct registry *reg, const struct source *s, struct err *e)
{
	for (size_t i = 0; i < reg->conf.n_mirrors && reg->n_endpoints < ENDPOINTS_MAX - 1; i++) {
		int r;

		if (strcmp(reg->conf.mirrors[i].host, reg->ref.domain) != 0)
			continue;
		r = add_endpoint(reg, s, reg->conf.mirrors[i].url, NULL, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static void drop_mirrors(struct registries_conf *conf)
{
	for (size_t i = 0; i < conf->n_mirrors; i++) {
		free(conf->mirrors[i].host);
		free(conf->mirrors[i].url);
	}
	conf->n_mirrors = 0;
}

static int load_settings(struct registry *reg, const struct source *s, struct err *e)
{
	int r;

	r = registries_conf_load(&reg->conf, e);
	if (r >= 0 && s->settings->mirrors_given) {
		drop_mirrors(&reg->conf);
		strv_for_each (pair, &s->settings->mirrors) {
			r = registries_conf_add_mirror(&reg->conf, *pair, e);
			if (r < 0)
				return r;
		}
	}
	reg->retries = RETRIES;
	if (reg->conf.retries)
		reg->retries = reg->conf.retries;
	if (s->settings->retries > 0 && s->settings->retries < 1000)
		reg->retries = (unsigned)s->settings->retries;
	return r;
}

static int registry_open(struct source *s, int *ret_read_fd, struct err *e)
{
	struct registry *reg = calloc(1, sizeof(*reg));
	const char *address;
	int r;

	*ret_read_fd = -1;
	s->state = reg;
	if (!reg)
		return err_set(e, -ENOMEM, "cannot fetch '%s'", s->rest);
	r = reference_parse(s->rest, &reg->ref, e);
	if (r < 0)
		return r;
	reg->shown = reference_familiar(&reg->ref);
	if (!reg->shown)
		return err_set(e, -ENOMEM, "cannot fetch '%s'", s->rest);
	r = load_settings(reg, s, e);
	if (r >= 0)
		r = add_mirrors(reg, s, e);
	if (r < 0)
		return r;

	address =
	    strcmp(reg->ref.domain, "docker.io") == 0 ? "registry-1.docker.io" : reg->ref.domain;
	return add_endpoint(reg, s, address, reg->ref.domain, e);
}

static void registry_close(struct source *s)
{
	struct registry *reg = s->state;

	if (!reg)
		return;
	http_free(reg->http);
	for (size_t i = 0; i < reg->n_endpoints; i++)
		endpoint_done(&reg->endpoints[i]);
	registries_conf_done(&reg->conf);
	reference_done(&reg->ref);
	free(reg->shown);
	free(reg);
	s->state = NULL;
}

/* Late, because curl starts what confinement would not reach. */
static int start_http(struct registry *reg, struct err *e)
{
	if (reg->http)
		return 0;
	return http_new(
	    reg->conf.stall_seconds ? reg->conf.stall_seconds : STALL_SECONDS, &reg->http, e);
}

/* --------------------------------------------------------------- resolving */

struct found {
	struct buf text;
	struct digest digest, index;
	struct buf index_text; /* of the topmost index */
	bool has_index;
};

static int get_manifest(struct registry *reg, struct endpoint *ep, const char *name,
    const struct digest *want, struct buf *text, struct err *e)
{
	AUTO_REPLY struct http_reply reply = { 0 };
	AUTO_FREE char *rest = NULL;
	int r;

	if (asprintf(&rest, "manifests/%s", name) < 0) {
		rest = NULL;
		return err_set(e, -ENOMEM, "cannot fetch '%s'", reg->shown);
	}
	r = endpoint_get(ep, reg->http, rest, ACCEPT_MANIFESTS, IMAGE_MANIFEST_MAX, reg->retries,
	    reg->shown, &reply, text, e);
	if (r >= 0 && want)
		r = source_check(buf_text(text), text->len, want, "the manifest", e);
	return r;
}

/* From an index down to one platform's manifest. */
static int descend(struct registry *reg, struct endpoint *ep, const struct platform *platform,
    struct found *f, struct err *e)
{
	for (int depth = 0; depth < INDEX_DEPTH; depth++) {
		AUTO(oci_index_done) struct oci_index x = { 0 };
		const struct oci_descriptor *picked;
		enum manifest_kind kind;
		int r;

		r = manifest_kind(buf_text(&f->text), f->text.len, reg->shown, &kind, e);
		if (r < 0 || kind == MANIFEST_IMAGE)
			return r;
		r = oci_index_parse(buf_text(&f->text), f->text.len, reg->shown, &x, e);
		if (r < 0)
			return r;
		r = oci_index_pick(&x, platform, &picked, e);
		if (r < 0)
			return err_wrap(e, r, "%s", reg->shown);
		if (!f->has_index) {
			f->index = f->digest;
			f->index_text = f->text;
			f->text = (struct buf){ 0 };
			f->has_index = true;
		}
		f->digest = picked->digest;
		r = get_manifest(reg, ep, picked->digest_text, &picked->digest, &f->text, e);
		if (r < 0)
			return r;
	}
	return err_refuse(e, -EBADMSG, "%s: indexes in indexes in indexes", reg->shown);
}

static int get_config(struct registry *reg, struct endpoint *ep,
    const struct oci_descriptor *config, struct buf *text, struct err *e)
{
	AUTO_REPLY struct http_reply reply = { 0 };
	AUTO_FREE char *rest = NULL;
	int r;

	if (config->size > (int64_t)IMAGE_CONFIG_MAX)
		return err_refuse(e, -EBADMSG, "%s: a configuration of %jd bytes", reg->shown,
		    (intmax_t)config->size);
	if (asprintf(&rest, "blobs/%s", config->digest_text) < 0) {
		rest = NULL;
		return err_set(e, -ENOMEM, "cannot fetch '%s'", reg->shown);
	}
	r = endpoint_get(ep, reg->http, rest, NULL, IMAGE_CONFIG_MAX, reg->retries,
	    config->digest_text, &reply, text, e);
	if (r < 0)
		return r;
	return source_check(
	    buf_text(text), text->len, &config->digest, "the image's configuration", e);
}

static int add_image(struct registry *reg, struct endpoint *ep, struct found *f,
    struct source_images *to, struct err *e)
{
	AUTO(oci_manifest_done) struct oci_manifest m = { 0 };
	AUTO_BUF struct buf config = { 0 };
	struct fetch_image *image;
	int r;

	r = oci_manifest_parse(buf_text(&f->text), f->text.len, reg->shown, &m, e);
	if (r < 0)
		return r;
	r = get_config(reg, ep, &m.config, &config, e);
	if (r < 0)
		return r;

	image = source_image_add(to);
	if (!image || source_image_layers(image, m.layers, m.n_layers) < 0)
		return err_set(e, -ENOMEM, "cannot fetch '%s'", reg->shown);
	image->manifest_digest = f->digest;
	if (f->has_index) {
		image->index_digest = f->index;
		image->index_len = f->index_text.len;
		if (buf_take(&f->index_text, &image->index) < 0)
			return err_set(e, -ENOMEM, "cannot fetch '%s'", reg->shown);
	}
	image->config_digest = m.config.digest;
	image->manifest_len = f->text.len;
	image->config_len = config.len;
	if (buf_take(&f->text, &image->manifest) < 0 || buf_take(&config, &image->config) < 0)
		return err_set(e, -ENOMEM, "cannot fetch '%s'", reg->shown);
	return 0;
}

static int resolve_at(struct registry *reg, struct endpoint *ep, struct source *s,
    struct source_images *to, struct err *e)
{
	const char *name = reg->ref.digest ? reg->ref.digest : reg->ref.tag;
	struct digest want;
	struct found f = { 0 };
	int r;

	if (reg->ref.digest) {
		r = digest_parse(reg->ref.digest, &want);
		if (r < 0)
			return err_refuse(e, r, "%s: only sha256 digests are known", reg->shown);
	}
	r = get_manifest(reg, ep, name, reg->ref.digest ? &want : NULL, &f.text, e);
	if (r >= 0 && hash_bytes(buf_text(&f.text), f.text.len, &f.digest) < 0)
		r = err_set(e, -ENOMEM, "cannot fetch '%s'", reg->shown);
	if (r >= 0)
		r = descend(reg, ep, &s->platform, &f, e);
	if (r >= 0)
		r = add_image(reg, ep, &f, to, e);
	buf_done(&f.text);
	buf_done(&f.index_text);
	return r;
}

static int registry_resolve(struct source *s, struct source_images *to, struct err *e)
{
	struct registry *reg = s->state;
	struct err first = { 0 };
	int r;

	r = start_http(reg, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < reg->n_endpoints; i++) {
		fetch_images_free(to->items, to->n);
		*to = (struct source_images){ 0 };
		r = resolve_at(reg, &reg->endpoints[i], s, to, e);
		if (r >= 0) {
			reg->used = i;
			return 0;
		}
		if (i == 0 && reg->n_endpoints > 1)
			first = *e;
	}
	if (first.code < 0)
		err_hint(e, "the mirror was asked first: %.200s", first.text);
	return r;
}

static int registry_blobs(
    struct source *s, const struct oci_descriptor *layers, size_t n_layers, struct err *e)
{
	struct registry *reg = s->state;
	const struct download_plan plan = {
		.source = s,
		.http = reg->http,
		.endpoints = reg->endpoints,
		.n_endpoints = reg->n_endpoints,
		.first = reg->used,
		.retries = reg->retries,
	};

	if (!reg->http)
		return err_refuse(e, -EINVAL, "layers before their manifest");
	return download_blobs(&plan, layers, n_layers, e);
}

static int registry_login(struct source *s, struct err *e)
{
	AUTO_REPLY struct http_reply reply = { 0 };
	struct registry *reg = s->state;
	struct endpoint *ep = &reg->endpoints[reg->n_endpoints - 1];
	AUTO_BUF struct buf body = { 0 };
	int r;

	/* The registry as such is asked, not a repository. */
	ep->path[0] = '\0';
	r = start_http(reg, e);
	if (r < 0)
		return r;
	r = endpoint_get(
	    ep, reg->http, "", NULL, IMAGE_MANIFEST_MAX, 1, "a login", &reply, &body, e);
	if (r == -EACCES && ep->credentials.user)
		return err_refuse(e, r, "'%s' does not know the user or the password", ep->name);
	return r;
}

const struct source_driver source_registry = {
	.scheme = "docker://",
	.network = true,
	.open = registry_open,
	.resolve = registry_resolve,
	.blobs = registry_blobs,
	.login = registry_login,
	.close = registry_close,
};
