/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images: names, and what points at what (dolium.db, SQLite)
 *
 * An image is its configuration blob, named by that blob's digest: the image id.
 * Names (full references, "docker.io/library/debian:latest") point at images;
 * so do repository digests ("docker.io/library/debian@sha256:...").
 * The database never says that data is there when the file is not: files first,
 * then the row; on removal the row first, then the files.
 */
#ifndef DOLIUM_STORE_IMAGES_H
#define DOLIUM_STORE_IMAGES_H

#include <stdint.h>

#include "base/auto.h"
#include "base/strv.h"
#include "format/digest.h"

struct err;
struct store;

struct image {
	struct digest id; /* of the configuration */
	struct digest manifest; /* of the manifest that was pulled; all zero: none (import) */
	int64_t added; /* seconds since the epoch: when it came here */
	uint64_t size; /* bytes of all layers, unpacked */
	char os[32], arch[32], variant[32];
	struct digest *layers; /* diffIDs, lowest first */
	size_t n_layers;
	struct strv names; /* full references with a tag */
	struct strv digests; /* repository digests */
};

struct image *image_free(struct image *image); /* NULL is fine; returns NULL */
AUTO_DEFINE(struct image *, image_free);

/*
 * Records an image whose blobs and layers are all there, and gives it a name
 * and a repository digest (each may be NULL). A name that pointed elsewhere moves.
 * One transaction; durable on return. Keeps garbage collection off what it records.
 */
int image_record(struct store *s, const struct image *image, const char *name,
    const char *repo_digest, struct err *e);

/*
 * Finds one by full reference, repository digest, or id (the digest, its hex
 * digits, or a prefix of them that is unique). -ENOENT; -ENOTUNIQ: several ids start so.
 */
int image_find(struct store *s, const char *what, struct image **ret_image, struct err *e);
/* All of them, newest first: an array of *ret_n that the caller frees with images_free(). */
int images_list(struct store *s, struct image ***ret_images, size_t *ret_n, struct err *e);
void images_free(struct image **images, size_t n);

int image_name_add(struct store *s, const struct digest *id, const char *name, struct err *e);
/* Takes a name away; the image stays. -ENOENT */
int image_name_remove(struct store *s, const char *name, struct err *e);

/*
 * Forgets the image and all its names, then discards the blobs and layers that no other image
 * needs. The caller has made sure that no container uses it.
 */
int image_remove(struct store *s, const struct digest *id, struct err *e);

/* Discards blobs and layers that no image needs and no running operation holds. Bytes given back.
 */
int images_collect(struct store *s, uint64_t *ret_bytes, struct err *e);

/* Removes partial downloads of any age that nobody is at. Returns the bytes. */
uint64_t images_drop_partials(struct store *s);

/* The name nearest to a misspelt one, for "did you mean"; the caller frees it. -ENOENT: nothing is
 * near. */
int image_suggest(struct store *s, const char *name, char **ret_name);

#endif
