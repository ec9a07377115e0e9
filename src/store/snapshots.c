/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots: which drivers there are, and which one serves a store
 *
 * The link `driver` is made by one call that fails where it is there, so two
 * processes that choose at once end up with one choice. A store from before there
 * was a choice has trees and no link: it is overlay's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "os/dir.h"
#include "store/snapshot.h"
#include "store/store.h"
#include "store/store_state.h"

#define DRIVER_LINK "driver"
#define NAME_ROOM   32

/* Best first. */
static const struct snapshot_driver *const drivers[] = {
	&snapshot_erofs,
	&snapshot_overlay,
};

#define N_DRIVERS (sizeof(drivers) / sizeof(drivers[0]))

const struct snapshot_driver *snapshot_at(size_t i)
{
	return i < N_DRIVERS ? drivers[i] : NULL;
}

const struct snapshot_driver *snapshot_find(const char *name)
{
	for (size_t i = 0; i < N_DRIVERS; i++) {
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	}
	return NULL;
}

void snapshot_layers_done(struct snapshot_layers *layers)
{
	for (size_t i = 0; i < layers->n; i++)
		close(layers->fds[i]);
	free(layers->fds);
	*layers = (struct snapshot_layers){ 0 };
}

static bool has_layers(const struct store *s)
{
	AUTO(dir_close) DIR *dir = NULL;

	return dir_open(s->root_fd, "layers", &dir) == 0 && dir_next(dir);
}

static int no_such_driver(struct err *e, const char *name)
{
	err_refuse(e, -EINVAL, "no such storage driver: '%s'", name);
	err_hint(e, "there are 'erofs' and 'overlay'");
	return -EINVAL;
}

static int choose(const struct store *s, const struct snapshot_driver **ret, struct err *e)
{
	int r = -EOPNOTSUPP;

	if (s->driver_wanted) {
		*ret = snapshot_find(s->driver_wanted);
		return *ret ? (*ret)->probe(s->root_fd, e) : no_such_driver(e, s->driver_wanted);
	}
	if (has_layers(s)) {
		*ret = &snapshot_overlay;
		return 0;
	}
	for (size_t i = 0; i < N_DRIVERS && r < 0; i++) {
		*ret = drivers[i];
		r = drivers[i]->probe(s->root_fd, e);
	}
	return r;
}

/* -ENOENT: nothing is remembered. */
static int recall(const struct store *s, const struct snapshot_driver **ret, struct err *e)
{
	char name[NAME_ROOM];
	ssize_t n = readlinkat(s->root_fd, DRIVER_LINK, name, sizeof(name) - 1);

	if (n < 0)
		return errno == ENOENT ? -ENOENT
		                       : err_set(e, -errno, "cannot read '%s/driver'", s->path);
	name[n] = '\0';
	*ret = snapshot_find(name);
	if (!*ret)
		return err_refuse(e, -EOPNOTSUPP,
		    "the store '%s' was made by a storage driver that this dolium does not have: "
		    "'%s'",
		    s->path, name);
	if (s->driver_wanted && strcmp(name, s->driver_wanted) != 0) {
		if (!snapshot_find(s->driver_wanted))
			return no_such_driver(e, s->driver_wanted);
		err_refuse(e, -EINVAL,
		    "cannot use the storage driver '%s': what is in the store '%s' was made by "
		    "'%s'",
		    s->driver_wanted, s->path, name);
		err_hint(e, "'--root DIR' chooses another store");
		return -EINVAL;
	}
	return 0;
}

static int decide(
    const struct store *s, bool remember, const struct snapshot_driver **ret, struct err *e)
{
	int r = choose(s, ret, e);

	if (r < 0 || !remember || symlinkat((*ret)->name, s->root_fd, DRIVER_LINK) == 0)
		return r;
	return errno == EEXIST ? recall(s, ret, e)
	                       : err_set(e, -errno, "cannot write '%s/driver'", s->path);
}

int snapshot_of(
    struct store *s, bool remember, const struct snapshot_driver **ret_driver, struct err *e)
{
	bool is_certain = true;
	int r = 0;

	if (!s->driver) {
		r = recall(s, ret_driver, e);
		if (r == -ENOENT) {
			/* Until it is written down another process may choose. */
			is_certain = remember;
			r = decide(s, remember, ret_driver, e);
		}
		if (r >= 0 && is_certain)
			s->driver = *ret_driver;
		return r;
	}
	*ret_driver = s->driver;
	return 0;
}

void snapshot_why(struct store *s, char to[ERR_TEXT_MAX])
{
	struct err reason = { 0 };
	char name[2];

	if (readlinkat(s->root_fd, DRIVER_LINK, name, sizeof(name)) >= 0)
		snprintf(to, ERR_TEXT_MAX, "what is in the store was made by it");
	else if (s->driver_wanted)
		snprintf(to, ERR_TEXT_MAX, "it was asked for");
	else if (has_layers(s))
		snprintf(to, ERR_TEXT_MAX, "the store is from before there was a choice");
	else if (drivers[0]->probe(s->root_fd, &reason) >= 0)
		snprintf(to, ERR_TEXT_MAX, "the best that works here");
	else
		snprintf(to, ERR_TEXT_MAX, "%.900s", reason.text);
}
