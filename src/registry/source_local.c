/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources on this machine: oci:, oci-archive:, docker-archive:, and archive:
 *
 * archive: is what `dolium load` reads: either kind of archive, every image in
 * it. Opening happens with all rights, so that only the one file or folder that
 * the user named can be read afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "registry/archive.h"
#include "registry/docker_archive.h"
#include "registry/layout.h"
#include "registry/source.h"

struct local {
	char *path, *name, *what, *base;
	int fd;
	struct archive *archive;
	struct docker_archive *docker; /* set when that is what it is */
	struct layout layout;
};

/* "/a/Web_1.tar" -> "web_1": what can stand in a reference. */
static char *base_name(const char *path)
{
	AUTO_FREE char *copy = strdup(path);
	const char *at, *dot;
	char *base, *to;

	if (!copy)
		return NULL;
	for (size_t n = strlen(copy); n > 0 && copy[n - 1] == '/'; n--)
		copy[n - 1] = '\0';
	at = strrchr(copy, '/') ? strrchr(copy, '/') + 1 : copy;
	dot = strstr(at, ".tar");
	base = strndup(at, dot ? (size_t)(dot - at) : strlen(at));
	for (to = base; to && *to; to++)
		if (*to >= 'A' && *to <= 'Z')
			*to = (char)(*to - 'A' + 'a');
	return base;
}

static struct local *new_local(struct source *s)
{
	struct local *l = calloc(1, sizeof(*l));

	if (l) {
		l->fd = -1;
		l->layout.dir_fd = -1;
	}
	s->state = l;
	return l;
}

static void local_close(struct source *s)
{
	struct local *l = s->state;

	if (!l)
		return;
	docker_archive_free(l->docker);
	archive_close(l->archive);
	if (l->fd >= 0)
		close(l->fd);
	free(l->path);
	free(l->name);
	free(l->what);
	free(l->base);
	free(l);
	s->state = NULL;
}

static int open_named(struct source *s, int flags, struct err *e)
{
	struct local *l = new_local(s);
	int r;

	if (!l)
		return err_set(e, -ENOMEM, "cannot open '%s'", s->rest);
	if (s->archive_fd >= 0) {
		l->fd = fcntl(s->archive_fd, F_DUPFD_CLOEXEC, 3);
		l->what = strdup("the archive");
		return l->fd < 0 || !l->what ? err_set(e, -ENOMEM, "cannot open the archive") : 0;
	}

	r = source_split(s->rest, &l->path, &l->name, e);
	if (r < 0)
		return r;
	l->fd = open(l->path, flags | O_CLOEXEC);
	if (l->fd < 0)
		return err_set(e, -errno, "cannot open '%s'", l->path);
	l->base = base_name(l->path);
	if (!l->base || asprintf(&l->what, "'%s'", l->path) < 0) {
		l->what = NULL;
		return err_set(e, -ENOMEM, "cannot open '%s'", l->path);
	}
	return 0;
}

static int directory_open(struct source *s, int *ret_read_fd, struct err *e)
{
	struct local *l;
	int r;

	r = open_named(s, O_DIRECTORY | O_RDONLY, e);
	if (r < 0)
		return r;
	l = s->state;
	*ret_read_fd = l->fd;
	return 0;
}

static int archive_open_source(struct source *s, int *ret_read_fd, struct err *e)
{
	*ret_read_fd = -1;
	return open_named(s, O_RDONLY, e);
}

static void set_layout(struct local *l, bool all)
{
	l->layout = (struct layout){
		.dir_fd = l->archive ? -1 : l->fd,
		.archive = l->archive,
		.what = l->what,
		.base = l->base,
		.tag = l->name,
		.all = all,
	};
}

static int directory_resolve(struct source *s, struct source_images *to, struct err *e)
{
	struct local *l = s->state;

	set_layout(l, false);
	return layout_resolve(&l->layout, &s->platform, to, e);
}

static int layout_source_blobs(
    struct source *s, const struct oci_descriptor *layers, size_t n_layers, struct err *e)
{
	struct local *l = s->state;

	return layout_blobs(&l->layout, s, layers, n_layers, e);
}

static int oci_archive_resolve(struct source *s, struct source_images *to, struct err *e)
{
	struct local *l = s->state;
	int r;

	r = archive_open(l->fd, s->partial_fd, l->what, &l->archive, e);
	if (r < 0)
		return r;
	set_layout(l, false);
	return layout_resolve(&l->layout, &s->platform, to, e);
}

static int docker_resolve(struct source *s, struct source_images *to, struct err *e)
{
	struct local *l = s->state;
	int r;

	r = archive_open(l->fd, s->partial_fd, l->what, &l->archive, e);
	if (r < 0)
		return r;
	return docker_archive_resolve(l->archive, l->name, l->what, to, &l->docker, e);
}

static int docker_blobs(
    struct source *s, const struct oci_descriptor *layers, size_t n_layers, struct err *e)
{
	struct local *l = s->state;

	return docker_archive_blobs(l->docker, s, layers, n_layers, e);
}

static int any_resolve(struct source *s, struct source_images *to, struct err *e)
{
	struct local *l = s->state;
	const uint8_t *data;
	size_t len;
	int r;

	r = archive_open(l->fd, s->partial_fd, l->what, &l->archive, e);
	if (r < 0)
		return r;
	/* What docker writes today is both; manifest.json has the names that its users know. */
	if (archive_find(l->archive, "manifest.json", &data, &len) == 0)
		return docker_archive_resolve(l->archive, l->name, l->what, to, &l->docker, e);
	if (archive_find(l->archive, "index.json", &data, &len) == 0) {
		set_layout(l, true);
		return layout_resolve(&l->layout, &s->platform, to, e);
	}
	return err_refuse(e, -EBADMSG,
	    "%s is not an archive of images: it has neither manifest.json nor index.json", l->what);
}

static int any_blobs(
    struct source *s, const struct oci_descriptor *layers, size_t n_layers, struct err *e)
{
	const struct local *l = s->state;

	return l->docker ? docker_blobs(s, layers, n_layers, e)
	                 : layout_source_blobs(s, layers, n_layers, e);
}

const struct source_driver source_oci = {
	.scheme = "oci:",
	.open = directory_open,
	.resolve = directory_resolve,
	.blobs = layout_source_blobs,
	.close = local_close,
};

const struct source_driver source_oci_archive = {
	.scheme = "oci-archive:",
	.open = archive_open_source,
	.resolve = oci_archive_resolve,
	.blobs = layout_source_blobs,
	.close = local_close,
};

const struct source_driver source_docker_archive = {
	.scheme = "docker-archive:",
	.open = archive_open_source,
	.resolve = docker_resolve,
	.blobs = docker_blobs,
	.close = local_close,
};

const struct source_driver source_archive = {
	.scheme = "archive:",
	.open = archive_open_source,
	.resolve = any_resolve,
	.blobs = any_blobs,
	.close = local_close,
};
