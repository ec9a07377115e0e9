/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources: where images come from
 *
 * A driver is a constant, one for each way to write a source. The worker calls
 * open() with all its rights, takes nearly all of them away from itself, and only then
 * lets the driver read what is foreign: resolve() and blobs().
 */
#ifndef DOLIUM_REGISTRY_SOURCE_H
#define DOLIUM_REGISTRY_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strv.h"
#include "format/platform.h"
#include "registry/fetch.h"

struct err;

/* What the engine asked for, as it came in the OPEN frame. */
struct source_settings {
	char *source, *platform, *auth_file, *cert_dir, *credentials;
	struct strv mirrors;
	bool mirrors_given;
	int64_t tls_verify;
	uint64_t retries;
};

struct source {
	const struct source_settings *settings;
	const char *rest; /* of the source's text, behind the scheme */
	struct platform platform;
	int partial_fd;
	int archive_fd; /* an archive that is open already; -1: open it by name */
	int socket_fd; /* for source_report() */
	void *state; /* the driver's */
};

/* What resolve() has found so far. */
struct source_images {
	struct fetch_image *items;
	size_t n;
};

struct source_driver {
	const char *scheme; /* "oci:" */
	bool network; /* it speaks to other machines */

	/* Reads what is the user's own (settings, credentials) and opens what must be opened with
	 * all rights. An fd of a folder that must stay readable goes to *ret_read_fd. */
	int (*open)(struct source *s, int *ret_read_fd, struct err *e);
	/* Finds the images; every blob of JSON is checked against its digest. */
	int (*resolve)(struct source *s, struct source_images *to, struct err *e);
	/* Brings all of them into partial_fd, checked; says so by source_report(). */
	int (*blobs)(
	    struct source *s, const struct oci_descriptor *layers, size_t n_layers, struct err *e);
	/* May be NULL: there is nothing to log in to. */
	int (*login)(struct source *s, struct err *e);
	/* Safe after a failed open. */
	void (*close)(struct source *s);
};

extern const struct source_driver source_registry;
extern const struct source_driver source_oci;
extern const struct source_driver source_oci_archive;
extern const struct source_driver source_docker_archive;
extern const struct source_driver source_archive; /* either kind of archive: `load` */

/* The driver for a source's text; *ret_rest is what stands behind its scheme. Never NULL. */
const struct source_driver *source_find(const char *text, const char **ret_rest);

/* Tells the engine. -EPIPE: it has gone. */
int source_report(const struct source *s, enum fetch_event_kind kind, const struct digest *digest,
    uint64_t done, uint64_t total, const char *note);

/* Adds an empty image to the end; NULL: no memory. */
struct fetch_image *source_image_add(struct source_images *images);
/* Copies what is worth keeping of a parsed manifest's layers. -ENOMEM */
int source_image_layers(
    struct fetch_image *image, const struct oci_descriptor *layers, size_t n_layers);
/* Refuses bytes that are not those which `digest` names; `what` says whose they are. */
int source_check(
    const void *data, size_t len, const struct digest *digest, const char *what, struct err *e);

/*
 * Splits "PATH[:NAME]": a path that exists as it stands is taken whole. The
 * caller frees both; *ret_name may become NULL.
 */
int source_split(const char *rest, char **ret_path, char **ret_name, struct err *e);

/* Writes bytes that are in memory into the partial directory as one checked blob. */
int source_blob_from_memory(struct source *s, const struct oci_descriptor *layer, const void *data,
    size_t len, struct err *e);

/* Foreign text, fit for a message: printable, at most `room` - 1 bytes. */
void source_printable(const char *text, size_t len, char *to, size_t room);

#endif
