/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users and groups, as /etc/passwd and /etc/group of an image have them
 *
 *	name:password:uid:gid:comment:home:shell
 *	name:password:gid:member,member
 *
 * Nothing is copied before it is wanted: a span is a place in the file's bytes.
 */
#include "format/passwd.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/err.h"
#include "base/strv.h"

/* The kernel takes the largest for "leave as it is". */
#define ID_MAX (UINT32_MAX - 1)

#define PASSWD_FIELDS 7
#define GROUP_FIELDS  4

struct span {
	const char *at;
	size_t len;
};

struct passwd_entry {
	struct span name, home;
	uint32_t uid, gid;
};

struct group_entry {
	struct span name, members;
	uint32_t gid;
};

static bool span_is(struct span span, const char *text)
{
	return strlen(text) == span.len && memcmp(span.at, text, span.len) == 0;
}

/* Cuts off what stands before the next `separator`, or all. False: nothing is left. */
static bool span_cut(struct span *rest, char separator, struct span *ret_part)
{
	const char *end;

	if (!rest->at)
		return false;
	end = rest->len ? memchr(rest->at, separator, rest->len) : NULL;
	if (!end) {
		*ret_part = *rest;
		*rest = (struct span){ 0 };
		return true;
	}
	*ret_part = (struct span){ rest->at, (size_t)(end - rest->at) };
	*rest = (struct span){ end + 1, rest->len - ret_part->len - 1 };
	return true;
}

/* -EINVAL: not digits alone. -ERANGE: no id. */
static int span_id(struct span span, uint32_t *ret_id)
{
	uint64_t id = 0;

	if (span.len == 0)
		return -EINVAL;
	for (size_t i = 0; i < span.len; i++) {
		if (span.at[i] < '0' || span.at[i] > '9')
			return -EINVAL;
		id = id * 10 + (uint64_t)(span.at[i] - '0');
		if (id > ID_MAX)
			id = (uint64_t)ID_MAX + 1;
	}
	if (id > ID_MAX)
		return -ERANGE;
	*ret_id = (uint32_t)id;
	return 0;
}

/* The next line that may be an entry: its fields, of which at least `n_wanted` are there. */
static bool next_entry(struct span *file, struct span *fields, size_t n_wanted, size_t n_max)
{
	struct span line;

	while (span_cut(file, '\n', &line)) {
		size_t n = 0;

		/* '+' and '-' are for NIS, '#' is what people write. */
		if (line.len == 0 || strchr("+-#:", line.at[0]) || memchr(line.at, '\0', line.len))
			continue;
		memset(fields, 0, n_max * sizeof(*fields));
		while (n < n_max && span_cut(&line, ':', &fields[n]))
			n++;
		if (n >= n_wanted)
			return true;
	}
	return false;
}

static bool next_passwd(struct span *file, struct passwd_entry *ret_entry)
{
	struct span fields[PASSWD_FIELDS];

	while (next_entry(file, fields, 4, PASSWD_FIELDS)) {
		struct passwd_entry entry = { .name = fields[0], .home = fields[5] };

		if (span_id(fields[2], &entry.uid) < 0 || span_id(fields[3], &entry.gid) < 0)
			continue;
		*ret_entry = entry;
		return true;
	}
	return false;
}

static bool next_group(struct span *file, struct group_entry *ret_entry)
{
	struct span fields[GROUP_FIELDS];

	while (next_entry(file, fields, 3, GROUP_FIELDS)) {
		struct group_entry entry = { .name = fields[0], .members = fields[3] };

		if (span_id(fields[2], &entry.gid) < 0)
			continue;
		*ret_entry = entry;
		return true;
	}
	return false;
}

static struct span passwd_bytes(const struct passwd_files *files)
{
	return (struct span){ files->passwd, files->passwd_len };
}

static struct span group_bytes(const struct passwd_files *files)
{
	return (struct span){ files->group, files->group_len };
}

/* `name` NULL: by number. */
static bool find_passwd(const struct passwd_files *files, const char *name, uint32_t uid,
    struct passwd_entry *ret_entry)
{
	struct span file = passwd_bytes(files);
	struct passwd_entry entry;

	while (next_passwd(&file, &entry))
		if (name ? span_is(entry.name, name) : entry.uid == uid) {
			*ret_entry = entry;
			return true;
		}
	return false;
}

static int find_group(
    const struct passwd_files *files, const char *text, uint32_t *ret_gid, struct err *e)
{
	struct span file = group_bytes(files);
	struct group_entry entry;
	int r;

	r = span_id((struct span){ text, strlen(text) }, ret_gid);
	if (r == -ERANGE)
		return err_refuse(e, -EINVAL, "too large a number for a group: '%s'", text);
	if (r >= 0)
		return 0;
	while (next_group(&file, &entry))
		if (span_is(entry.name, text)) {
			*ret_gid = entry.gid;
			return 0;
		}
	return err_refuse(e, -ENOENT, "no such group in the image: '%s'", text);
}

static bool is_member(struct span members, struct span name)
{
	struct span member;

	while (span_cut(&members, ',', &member))
		if (member.len == name.len && name.len > 0 &&
		    memcmp(member.at, name.at, name.len) == 0)
			return true;
	return false;
}

static int add_group(struct passwd_user *user, uint32_t gid, struct err *e)
{
	const size_t n = user->n_groups;

	if (n == PASSWD_GROUPS_MAX)
		return err_refuse(e, -EINVAL, "more than %d additional groups", PASSWD_GROUPS_MAX);
	/* Room is a power of two: it is full when the count reaches one. */
	if ((n & (n - 1)) == 0) {
		uint32_t *groups = realloc(user->groups, (n ? 2 * n : 1) * sizeof(*user->groups));

		if (!groups)
			return err_set(e, -ENOMEM, "cannot look up additional groups");
		user->groups = groups;
	}
	user->groups[user->n_groups++] = gid;
	return 0;
}

static int add_memberships(
    const struct passwd_files *files, struct span name, struct passwd_user *user, struct err *e)
{
	struct span file = group_bytes(files);
	struct group_entry entry;
	int r;

	while (next_group(&file, &entry)) {
		if (!is_member(entry.members, name))
			continue;
		r = add_group(user, entry.gid, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_more(const struct passwd_files *files, const struct strv *more,
    struct passwd_user *user, struct err *e)
{
	for (size_t i = 0; more && i < more->n; i++) {
		uint32_t gid;
		int r;

		r = find_group(files, more->items[i], &gid, e);
		if (r < 0)
			return r;
		r = add_group(user, gid, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void sort_groups(struct passwd_user *user)
{
	size_t n = 0;

	if (user->n_groups > 0)
		qsort(user->groups, user->n_groups, sizeof(*user->groups), compare_ids);
	for (size_t i = 0; i < user->n_groups; i++)
		if (user->groups[i] != user->gid &&
		    (n == 0 || user->groups[i] != user->groups[n - 1]))
			user->groups[n++] = user->groups[i];
	user->n_groups = n;
}

void passwd_home(const struct passwd_files *files, uint32_t uid, char *to, size_t room)
{
	struct passwd_entry entry = { 0 };
	const bool found = find_passwd(files, NULL, uid, &entry);

	if (!found || entry.home.len == 0 || entry.home.at[0] != '/' || entry.home.len >= room) {
		strcpy(to, "/");
		return;
	}
	memcpy(to, entry.home.at, entry.home.len);
	to[entry.home.len] = '\0';
}

static int set_home(struct span home, struct passwd_user *user, struct err *e)
{
	user->home = home.len > 0 && home.at[0] == '/' ? strndup(home.at, home.len) : strdup("/");
	return user->home ? 0 : err_set(e, -ENOMEM, "cannot look up a user");
}

/* The part of "user:group" before the ':'. */
static int find_user(const struct passwd_files *files, const char *name, struct passwd_user *user,
    struct passwd_entry *ret_entry, struct err *e)
{
	int r;

	if (!*name)
		name = "0";
	r = span_id((struct span){ name, strlen(name) }, &user->uid);
	if (r == -ERANGE)
		return err_refuse(e, -EINVAL, "too large a number for a user: '%s'", name);
	if (r >= 0) {
		/* A number needs no entry. */
		if (find_passwd(files, NULL, user->uid, ret_entry))
			user->gid = ret_entry->gid;
		return 0;
	}
	if (!find_passwd(files, name, 0, ret_entry))
		return err_refuse(e, -ENOENT, "no such user in the image: '%s'", name);
	user->uid = ret_entry->uid;
	user->gid = ret_entry->gid;
	return 0;
}

int passwd_find(const struct passwd_files *files, const char *text, const struct strv *more_groups,
    struct passwd_user *ret_user, struct err *e)
{
	__attribute__((cleanup(passwd_user_done_at))) struct passwd_user user = { 0 };
	struct passwd_entry entry = { 0 };
	AUTO_FREE char *name = strdup(text ? text : "");
	char *group;
	int r;

	if (!name)
		return err_set(e, -ENOMEM, "cannot look up a user");
	group = strchr(name, ':');
	if (group)
		*group++ = '\0';

	r = find_user(files, name, &user, &entry, e);
	if (r < 0)
		return r;
	if (group && *group)
		r = find_group(files, group, &user.gid, e);
	else
		r = add_memberships(files, entry.name, &user, e);
	if (r < 0)
		return r;
	r = add_more(files, more_groups, &user, e);
	if (r < 0)
		return r;
	r = set_home(entry.home, &user, e);
	if (r < 0)
		return r;
	sort_groups(&user);

	*ret_user = user;
	user = (struct passwd_user){ 0 };
	return 0;
}

void passwd_user_done(struct passwd_user *user)
{
	free(user->groups);
	free(user->home);
	*user = (struct passwd_user){ 0 };
}
