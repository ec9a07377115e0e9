/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetching images: the engine's side
 *
 * Where an image comes from is spoken to by a worker process, dolium-fetch: it
 * alone links libcurl and TLS, and parses archives. It is started when there is something to
 * fetch, confined (Landlock: it writes below the partial directory and nowhere
 * else; no capabilities; seccomp) and killed when the handle is freed. What it
 * says is not trusted: the engine checks digests and forms again on what it uses.
 *
 * A source is written as the user writes it:
 *   debian:12, host:5000/a/b@sha256:...    a registry (docker://NAME is the same)
 *   oci:DIR[:TAG]  oci-archive:FILE[:TAG]  docker-archive:FILE[:NAME]
 */
#ifndef DOLIUM_REGISTRY_FETCH_H
#define DOLIUM_REGISTRY_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "format/digest.h"
#include "format/oci_image.h"

struct err;
struct fetch;

struct fetch_options {
	const char *source;
	int source_fd; /* for an archive that is read from an open file (load from stdin); -1: by
	                  name */
	const char *platform; /* "linux/arm64"; NULL: this machine's */
	int partial_fd; /* store_partial_dir() */
	const char *worker; /* path of dolium-fetch */
	int tls_verify; /* 1: demand it; 0: allow HTTP and bad certificates; -1: the default, which
	                   allows HTTP for loopback only and looks at registries.conf-like settings
	                 */
	const char *auth_file; /* NULL: ~/.docker/config.json and auth.json in their usual places */
	const char *cert_dir; /* NULL: certs.d in the usual places */
	const char *credentials; /* "user:password"; NULL: from the files */
	const char *const *mirrors; /* "docker.io=http://127.0.0.1:5000", ends in NULL; NULL: those
	                               of the configuration */
	unsigned retries; /* of one request, with back-off; 0: the default, 5 */
};

int fetch_open(const struct fetch_options *options, struct fetch **ret_fetch, struct err *e);
struct fetch *fetch_close(struct fetch *f); /* NULL is fine; returns NULL */
AUTO_DEFINE(struct fetch *, fetch_close);

/* What an archive holds: a load may bring several images. */
struct fetch_image {
	struct digest
	    manifest_digest; /* all zero where the source has no manifest (docker-archive) */
	struct digest index_digest; /* of the index the manifest was picked from; all zero: none */
	char *index; /* the bytes of that index, by which who asked for its digest can check what he
	                got; NULL where there is none */
	size_t index_len;
	char *manifest; /* its bytes; NULL where there is none */
	size_t manifest_len;
	char *config; /* the bytes of the image configuration, checked against its digest */
	size_t config_len;
	struct digest config_digest;
	struct oci_descriptor *layers; /* lowest first; for docker-archive digest and size are those
	                                  of the stored tar */
	size_t n_layers;
	char **names; /* names it has in the archive, full references, ends in NULL; for a registry:
	                 NULL */
};

/*
 * Resolves the source: manifests and configurations are fetched and checked.
 * *ret_images is an array of *ret_n that the caller frees with fetch_images_free().
 * -ENOENT: no such image or platform there. -EACCES: credentials wanted or wrong.
 * -EBADMSG: what the source says is damaged or a lie. -ETIMEDOUT, -ECONNREFUSED, ...
 */
int fetch_resolve(struct fetch *f, struct fetch_image **ret_images, size_t *ret_n, struct err *e);
void fetch_images_free(struct fetch_image *images, size_t n);

/*
 * Asks for layers, all at once; they arrive in partial_fd under their hex digits,
 * a few in parallel, each resumed from what is there, checked against digest
 * and size. Then fetch_next() until it has told of all of them.
 */
int fetch_blobs(
    struct fetch *f, const struct oci_descriptor *layers, size_t n_layers, struct err *e);

enum fetch_event_kind {
	FETCH_PROGRESS, /* `done` of `total` bytes of `digest` are there */
	FETCH_DONE, /* the blob is whole, right, and in the partial directory; or another pull,
	               which was waited for, has just used it up: then look for the layer, and ask
	               anew */
	FETCH_RETRY, /* a request failed and will be tried again; text in `note` */
};

struct fetch_event {
	enum fetch_event_kind kind;
	struct digest digest;
	uint64_t done, total;
	char note[256];
};

/*
 * Asks the registry `server` whether a user and password are good. The source
 * of `options` is not used. -EACCES: they are not.
 */
int fetch_login(const struct fetch_options *options, const char *server, const char *user,
    const char *password, struct err *e);

int fetch_fd(const struct fetch *f); /* POLLIN: fetch_next() has something */
/* 1: *ret_event is filled; 0: nothing more just now (never blocks); negative: the fetch failed. */
int fetch_next(struct fetch *f, struct fetch_event *ret_event, struct err *e);

#endif
