/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --ulimit and --device, as Docker writes them
 */
#include "cli/limit_option.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <dolium/dolium.h>

#include "base/err.h"
#include "base/num.h"
#include "base/strv.h"
#include "cli/suggest.h"

static const char *const ulimits[] = { "as", "core", "cpu", "data", "fsize", "locks", "memlock",
	"msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack" };

#define N_ULIMITS (sizeof(ulimits) / sizeof(*ulimits))

static const char *find_ulimit(const char *name, size_t len)
{
	for (size_t i = 0; i < N_ULIMITS; i++)
		if (strlen(ulimits[i]) == len && strncmp(ulimits[i], name, len) == 0)
			return ulimits[i];
	return NULL;
}

static int refuse_ulimit(const char *name, size_t len, struct err *e)
{
	struct suggestion s = { 0 };
	char typed[32];

	snprintf(typed, sizeof(typed), "%.*s", (int)(len < 31 ? len : 31), name);
	for (size_t i = 0; i < N_ULIMITS; i++)
		suggest_offer(&s, typed, ulimits[i]);
	err_refuse(e, -EINVAL, "no such limit: '%s'", typed);
	if (s.word)
		err_hint(e, "did you mean '%s'?", s.word);
	return -EINVAL;
}

static int parse_bound(const char *text, size_t len, int64_t *ret, struct err *e)
{
	char number[32];

	snprintf(number, sizeof(number), "%.*s", (int)(len < 31 ? len : 31), text);
	if (strcmp(number, "unlimited") == 0 || strcmp(number, "-1") == 0) {
		*ret = -1;
		return 0;
	}
	if (num_parse_i64(number, ret) < 0 || *ret < 0)
		return err_refuse(e, -EINVAL, "'%s' is not a number", number);
	return 0;
}

int ulimit_parse(const char *value, struct strv *texts, struct dolium_ulimit *u, struct err *e)
{
	const size_t name_len = strcspn(value, "=");
	const char *bounds = value + name_len + 1;
	size_t soft_len;
	int r;

	(void)texts;
	if (!value[name_len])
		return err_refuse(e, -EINVAL, "not of the form NAME=SOFT[:HARD]");
	u->name = find_ulimit(value, name_len);
	if (!u->name)
		return refuse_ulimit(value, name_len, e);
	soft_len = strcspn(bounds, ":");
	r = parse_bound(bounds, soft_len, &u->soft, e);
	if (r < 0)
		return r;
	u->hard = u->soft;
	if (bounds[soft_len])
		r = parse_bound(bounds + soft_len + 1, strlen(bounds + soft_len + 1), &u->hard, e);
	if (r < 0)
		return r;
	/* As unsigned numbers -1 is the largest, which is what it means. */
	if ((uint64_t)u->soft > (uint64_t)u->hard)
		return err_refuse(e, -EINVAL, "the soft limit is above the hard one");
	return 0;
}

static bool is_permissions(const char *text)
{
	return *text && strlen(text) <= 3 && !text[strspn(text, "rwm")];
}

int device_parse(const char *value, struct strv *texts, struct dolium_device *d, struct err *e)
{
	const char *parts[3] = { NULL }, *at = value;
	size_t n = 0;

	for (;;) {
		const size_t len = strcspn(at, ":");

		if (n == 3)
			return err_refuse(e, -EINVAL, "more than HOST:CONTAINER:PERMISSIONS");
		if (strv_consume(texts, strndup(at, len)) < 0)
			return err_refuse(e, -ENOMEM, "no memory is left");
		parts[n++] = texts->items[texts->n - 1];
		if (!at[len])
			break;
		at += len + 1;
	}
	*d =
	    (struct dolium_device){ .host_path = parts[0], .path = parts[0], .permissions = "rwm" };
	if (n == 2 && is_permissions(parts[1]))
		d->permissions = parts[1];
	else if (n >= 2)
		d->path = parts[1];
	if (n == 3)
		d->permissions = parts[2];
	if (d->host_path[0] != '/')
		return err_refuse(e, -EINVAL, "'%s' is not an absolute path", d->host_path);
	if (d->path[0] != '/')
		return err_refuse(e, -EINVAL, "'%s' is not an absolute path", d->path);
	if (!is_permissions(d->permissions))
		return err_refuse(
		    e, -EINVAL, "permissions are some of r, w and m, not '%s'", d->permissions);
	return 0;
}
