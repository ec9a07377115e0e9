/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An engine for the tests of cli/
 *
 * It implements include/dolium/dolium.h with two containers and two images in
 * memory, and prints what it was asked to run. So the tests see what the command
 * line has made of its words, with nothing below it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <dolium/dolium.h>

#include "base/auto.h"
#include "base/buf.h"

/* ------------------------------------------------------------------ values */

enum kind {
	OBJECT,
	ARRAY,
	TEXT,
	NUMBER,
};

struct dolium_value {
	enum kind kind;
	char *key; /* in an object */
	char *text;
	int64_t number;
	struct dolium_value *items[16];
	size_t n;
};

struct dolium {
	char error[256];
	const char *hint;
};

struct dolium_template {
	char *text;
};

static struct dolium_value *value_new(enum kind kind)
{
	struct dolium_value *v = calloc(1, sizeof(*v));

	if (!v)
		abort();
	v->kind = kind;
	return v;
}

void dolium_value_free(struct dolium_value *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->n; i++)
		dolium_value_free(v->items[i]);
	free(v->key);
	free(v->text);
	free(v);
}

static struct dolium_value *add(struct dolium_value *to, const char *key, struct dolium_value *v)
{
	if (to->n == sizeof(to->items) / sizeof(*to->items))
		abort();
	v->key = key ? strdup(key) : NULL;
	to->items[to->n++] = v;
	return v;
}

static void add_text(struct dolium_value *to, const char *key, const char *text)
{
	add(to, key, value_new(TEXT))->text = strdup(text);
}

static void add_number(struct dolium_value *to, const char *key, int64_t number)
{
	add(to, key, value_new(NUMBER))->number = number;
}

size_t dolium_value_count(const struct dolium_value *v)
{
	return v ? v->n : 0;
}

const struct dolium_value *dolium_value_at(const struct dolium_value *v, size_t i)
{
	return v && i < v->n ? v->items[i] : NULL;
}

struct dolium_value *dolium_value_row(struct dolium_value *list, size_t i)
{
	return list && i < list->n ? list->items[i] : NULL;
}

const char *dolium_value_key(const struct dolium_value *v, size_t i)
{
	return v && i < v->n ? v->items[i]->key : NULL;
}

const struct dolium_value *dolium_value_get(const struct dolium_value *v, const char *key)
{
	for (size_t i = 0; v && i < v->n; i++)
		if (v->items[i]->key && strcmp(v->items[i]->key, key) == 0)
			return v->items[i];
	return NULL;
}

const char *dolium_value_text(const struct dolium_value *v, const char *key)
{
	v = key ? dolium_value_get(v, key) : v;
	return v && v->text ? v->text : "";
}

int64_t dolium_value_number(const struct dolium_value *v, const char *key)
{
	v = key ? dolium_value_get(v, key) : v;
	return v ? v->number : 0;
}

bool dolium_value_bool(const struct dolium_value *v, const char *key)
{
	return dolium_value_number(v, key) != 0;
}

struct dolium_value *dolium_value_new(void)
{
	return value_new(OBJECT);
}

int dolium_value_set(struct dolium_value *object, const char *key, const char *text)
{
	struct dolium_value *old = NULL;

	for (size_t i = 0; i < object->n; i++)
		if (strcmp(object->items[i]->key, key) == 0)
			old = object->items[i];
	if (!old) {
		add_text(object, key, text);
		return 0;
	}
	free(old->text);
	old->text = strdup(text);
	old->kind = TEXT;
	return 0;
}

static void newline(struct buf *to, unsigned indent, unsigned depth)
{
	if (indent)
		buf_addf(to, "\n%*s", (int)(indent * depth), "");
}

/* Names in these tests need no escapes. */
static void add_json(struct buf *to, const struct dolium_value *v, unsigned indent, unsigned depth)
{
	if (v->kind == TEXT) {
		buf_addf(to, "\"%s\"", v->text);
		return;
	}
	if (v->kind == NUMBER) {
		buf_addf(to, "%lld", (long long)v->number);
		return;
	}
	buf_addc(to, v->kind == OBJECT ? '{' : '[');
	for (size_t i = 0; i < v->n; i++) {
		buf_adds(to, i ? "," : "");
		newline(to, indent, depth + 1);
		if (v->kind == OBJECT)
			buf_addf(to, "\"%s\":%s", v->items[i]->key, indent ? " " : "");
		add_json(to, v->items[i], indent, depth + 1);
	}
	newline(to, indent, depth);
	buf_addc(to, v->kind == OBJECT ? '}' : ']');
}

int dolium_value_json(const struct dolium_value *v, unsigned indent, char **ret_text)
{
	AUTO_BUF struct buf b = { 0 };

	add_json(&b, v, indent, 0);
	return buf_take(&b, ret_text);
}

/* {{.Key}} is all these templates know. */
int dolium_template_parse(struct dolium *d, const char *text, struct dolium_template **ret)
{
	if (strstr(text, "{{bad")) {
		snprintf(d->error, sizeof(d->error), "the template has no function 'bad'");
		return -EINVAL;
	}
	*ret = calloc(1, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	(*ret)->text = strdup(text);
	return 0;
}

int dolium_template_render(struct dolium *d, const struct dolium_template *t,
    const struct dolium_value *v, char **ret_text)
{
	AUTO_BUF struct buf b = { 0 };
	const char *at = t->text;

	(void)d;
	while (*at) {
		const size_t len = strcspn(at, "{");
		char key[64] = "";
		int used = 0;

		buf_add(&b, at, len);
		at += len;
		if (sscanf(at, "{{.%63[A-Za-z]}}%n", key, &used) < 1 || used == 0)
			break;
		buf_adds(&b, dolium_value_text(v, key));
		at += used;
	}
	return buf_take(&b, ret_text);
}

void dolium_template_free(struct dolium_template *t)
{
	if (!t)
		return;
	free(t->text);
	free(t);
}

/* --------------------------------------------------------------- the engine */

int dolium_open(const struct dolium_options *options, struct dolium **ret_dolium)
{
	*ret_dolium = calloc(1, sizeof(**ret_dolium));
	if (!*ret_dolium)
		return -ENOMEM;
	if (options->root && strcmp(options->root, "/broken") == 0) {
		snprintf((*ret_dolium)->error, sizeof((*ret_dolium)->error),
		    "cannot open the store '/broken'");
		return -EIO;
	}
	return 0;
}

void dolium_close(struct dolium *d)
{
	free(d);
}

const char *dolium_error(const struct dolium *d)
{
	return d ? d->error : "";
}

const char *dolium_hint(const struct dolium *d)
{
	return d ? d->hint : NULL;
}

const char *dolium_version(void)
{
	return DOLIUM_VERSION;
}

__attribute__((format(printf, 3, 4))) static int fail(
    struct dolium *d, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->error, sizeof(d->error), fmt, ap);
	va_end(ap);
	return code;
}

/* ------------------------------------------------------------------ images */

#define IMAGE_ID "sha256:1111111111112222222222223333333333334444444444445555555555556666"

static void report(const struct dolium_pull_options *options, const char *id, const char *status,
    uint64_t done, uint64_t total)
{
	struct dolium_progress p = { .id = id, .status = status, .done = done, .total = total };

	if (options->progress)
		options->progress(options->user, &p);
}

static void pull_layers(const struct dolium_pull_options *options)
{
	report(options, "aaaaaaaaaaaa", "Waiting", 0, 0);
	report(options, "aaaaaaaaaaaa", "Downloading", 500, 1000);
	report(options, "aaaaaaaaaaaa", "Pull complete", 1000, 1000);
}

int dolium_image_pull(struct dolium *d, const char *source,
    const struct dolium_pull_options *options, struct dolium_value **ret)
{
	struct dolium_value *image;

	if (strcmp(source, "missing") == 0)
		return fail(d, -ENOENT, "no such image: 'missing'");
	pull_layers(options);
	*ret = value_new(ARRAY);
	image = add(*ret, NULL, value_new(OBJECT));
	add_text(image, "Id", IMAGE_ID);
	add_text(image, "Name", "docker.io/library/debian:latest");
	add_text(image, "Digest", "sha256:abcd");
	add_text(image, "Status", "downloaded");
	return 0;
}

int dolium_image_load(
    struct dolium *d, int fd, const struct dolium_pull_options *options, struct dolium_value **ret)
{
	(void)fd;
	return dolium_image_pull(d, "debian", options, ret);
}

int dolium_image_import(struct dolium *d, int fd, const char *name, const char *const *changes,
    const char *message, const char *platform, struct dolium_value **ret)
{
	struct dolium_pull_options none = { 0 };

	(void)name;
	(void)changes;
	(void)message;
	(void)platform;
	return dolium_image_load(d, fd, &none, ret);
}

int dolium_image_list(
    struct dolium *d, const char *const *filters, bool digests, struct dolium_value **ret)
{
	struct dolium_value *row;

	(void)d;
	(void)digests;
	for (; *filters; filters++)
		fprintf(stderr, "filter %s\n", *filters);
	*ret = value_new(ARRAY);
	row = add(*ret, NULL, value_new(OBJECT));
	add_text(row, "ID", IMAGE_ID);
	add_text(row, "Repository", "debian");
	add_text(row, "Tag", "latest");
	add_text(row, "Digest", "sha256:abcd");
	add_text(row, "CreatedSince", "3 weeks ago");
	add_number(row, "Size", 116794368);
	row = add(*ret, NULL, value_new(OBJECT));
	add_text(row, "ID", IMAGE_ID);
	add_text(row, "Repository", "evil\033[2J");
	add_text(row, "Tag", "a\tb");
	add_text(row, "CreatedSince", "1 hour ago");
	add_number(row, "Size", 12);
	return 0;
}

int dolium_image_inspect(struct dolium *d, const char *name, struct dolium_value **ret)
{
	if (strcmp(name, "debian") != 0)
		return fail(d, -ENOENT, "no such image: '%s'", name);
	*ret = value_new(OBJECT);
	add_text(*ret, "Id", IMAGE_ID);
	add_text(add(*ret, "RepoTags", value_new(ARRAY)), NULL, "debian:latest");
	return 0;
}

int dolium_image_history(struct dolium *d, const char *name, struct dolium_value **ret)
{
	struct dolium_value *row;

	(void)d;
	(void)name;
	*ret = value_new(ARRAY);
	row = add(*ret, NULL, value_new(OBJECT));
	add_text(row, "ID", IMAGE_ID);
	add_text(row, "CreatedSince", "3 weeks ago");
	add_text(row, "CreatedAt", "2026-11-01T10:00:00Z");
	add_text(
	    row, "CreatedBy", "/bin/sh -c #(nop) ADD file:0123456789abcdef0123456789abcdef in /");
	add_number(row, "Size", 1000);
	row = add(*ret, NULL, value_new(OBJECT));
	add_text(row, "ID", "<missing>");
	add_text(row, "CreatedBy", "short");
	add_number(row, "Size", 0);
	return 0;
}

int dolium_image_tag(struct dolium *d, const char *name, const char *new_name)
{
	(void)d;
	printf("tag %s %s\n", name, new_name);
	return 0;
}

int dolium_image_remove(struct dolium *d, const char *name, bool force, struct dolium_value **ret)
{
	if (strcmp(name, "debian") != 0)
		return fail(d, -ENOENT, "no such image: '%s'", name);
	(void)force;
	*ret = value_new(ARRAY);
	add_text(add(*ret, NULL, value_new(OBJECT)), "Untagged", "debian:latest");
	add_text(add(*ret, NULL, value_new(OBJECT)), "Deleted", IMAGE_ID);
	return 0;
}

int dolium_image_prune(struct dolium *d, bool all, struct dolium_value **ret)
{
	struct dolium_value *rows = NULL;

	(void)all;
	*ret = value_new(OBJECT);
	dolium_image_remove(d, "debian", false, &rows);
	add(*ret, "ImagesDeleted", rows);
	add_number(*ret, "SpaceReclaimed", 1500000);
	return 0;
}

int dolium_login(struct dolium *d, const char *server, const char *user, const char *password,
    int tls_verify, const char *auth_file)
{
	(void)auth_file;
	if (strcmp(password, "right") != 0)
		return fail(d, -EACCES, "'%s' does not accept user '%s'", server, user);
	printf("login %s %s %d\n", server, user, tls_verify);
	return 0;
}

int dolium_logout(struct dolium *d, const char *server, const char *auth_file)
{
	(void)d;
	(void)server;
	(void)auth_file;
	return 0;
}

/* -------------------------------------------------------------- containers */

#define CONTAINER_ID "3f2a91c0d4e53f2a91c0d4e53f2a91c0d4e53f2a91c0d4e53f2a91c0d4e5abcd"

static void show_text(const char *key, const char *text)
{
	if (text)
		printf("%s=%s\n", key, text);
}

static void show_number(const char *key, int64_t number)
{
	if (number)
		printf("%s=%lld\n", key, (long long)number);
}

static void show_list(const char *key, const char *const *list)
{
	for (; list && *list; list++)
		printf("%s=%s\n", key, *list);
}

static void show_mounts(const struct dolium_create_options *o)
{
	static const char *const types[] = { "bind", "volume", "tmpfs" };

	for (size_t i = 0; i < o->n_mounts; i++) {
		const struct dolium_mount *m = &o->mounts[i];

		printf("mount=%s,%s,%s", types[m->type], m->source ? m->source : "-", m->target);
		printf("%s%s%s%s", m->read_only ? ",ro" : "", m->create_source ? ",create" : "",
		    m->no_copy ? ",nocopy" : "", m->non_recursive ? ",nonrecursive" : "");
		printf("%s%s", m->propagation ? "," : "", m->propagation ? m->propagation : "");
		if (m->tmpfs_size || m->tmpfs_mode || m->tmpfs_options)
			printf(",size=%lld,mode=%o,%s", (long long)m->tmpfs_size, m->tmpfs_mode,
			    m->tmpfs_options ? m->tmpfs_options : "-");
		putchar('\n');
	}
}

static void show_limits(const struct dolium_create_options *o)
{
	for (size_t i = 0; i < o->n_ulimits; i++)
		printf("ulimit=%s,%lld,%lld\n", o->ulimits[i].name, (long long)o->ulimits[i].soft,
		    (long long)o->ulimits[i].hard);
	for (size_t i = 0; i < o->n_devices; i++)
		printf("device=%s,%s,%s\n", o->devices[i].host_path, o->devices[i].path,
		    o->devices[i].permissions);
	show_number("memory", o->memory);
	show_number("memory_swap", o->memory_swap);
	show_number("memory_reservation", o->memory_reservation);
	show_number("nano_cpus", o->nano_cpus);
	show_number("shm_size", o->shm_size);
	show_number("pids_limit", o->pids_limit);
	show_number("cpu_shares", (int64_t)o->cpu_shares);
	show_number("cpu_period", o->cpu_period);
	show_number("cpu_quota", o->cpu_quota);
	show_text("cpuset_cpus", o->cpuset_cpus);
	show_text("cpuset_mems", o->cpuset_mems);
	show_number("blkio_weight", o->blkio_weight);
	if (o->has_oom_score_adj)
		printf("oom_score_adj=%d\n", o->oom_score_adj);
	show_number("oom_kill_disable", o->oom_kill_disable);
	show_number("stop_timeout", o->stop_timeout);
}

static void show_lists(const struct dolium_create_options *o)
{
	show_list("entrypoint", o->entrypoint);
	show_list("command", o->command);
	show_list("env", o->env);
	show_list("label", o->labels);
	show_list("annotation", o->annotations);
	show_list("sysctl", o->sysctls);
	show_list("group_add", o->group_add);
	show_list("add_host", o->add_host);
	show_list("dns", o->dns);
	show_list("dns_search", o->dns_search);
	show_list("dns_option", o->dns_option);
	show_list("cap_add", o->cap_add);
	show_list("cap_drop", o->cap_drop);
	show_list("security_opt", o->security_opt);
}

static void show_create(const struct dolium_create_options *o)
{
	show_text("image", o->image);
	show_lists(o);
	show_text("name", o->name);
	show_text("hostname", o->hostname);
	show_text("domainname", o->domainname);
	show_text("user", o->user);
	show_text("workdir", o->workdir);
	show_text("stop_signal", o->stop_signal);
	show_text("platform", o->platform);
	show_text("cgroup_parent", o->cgroup_parent);
	show_text("pull", o->pull);
	show_number("isolation", o->isolation);
	show_number("tty", o->tty);
	show_number("interactive", o->interactive);
	show_number("auto_remove", o->auto_remove);
	show_number("read_only", o->read_only);
	show_number("privileged", o->privileged);
	show_number("init", o->init);
	show_number("env_host", o->env_host);
	show_mounts(o);
	show_limits(o);
	show_text("network", o->network);
	show_text("pid", o->pid);
	show_text("ipc", o->ipc);
	show_text("uts", o->uts);
	show_text("cgroupns", o->cgroupns);
	show_text("userns", o->userns);
	show_number("tls_verify", o->pulling.tls_verify);
	show_text("pulling.platform", o->pulling.platform);
}

int dolium_container_create(
    struct dolium *d, const struct dolium_create_options *options, char **ret_id)
{
	if (strcmp(options->image, "missing") == 0) {
		d->hint = "'dolium images' lists those that are here";
		return fail(d, -ENOENT, "no such image: 'missing'");
	}
	if (options->pull && strcmp(options->pull, "always") == 0)
		pull_layers(&options->pulling);
	show_create(options);
	*ret_id = strdup(CONTAINER_ID);
	return 0;
}

int dolium_container_start(struct dolium *d, const char *name,
    const struct dolium_start_options *options, struct dolium_exit *ret_exit)
{
	if (strcmp(name, "absent") == 0)
		return fail(d, -ENOENT, "no such container: 'absent'");
	printf("start%s%s%s%s%s\n", options->detach ? " detached" : "",
	    options->attach_stdin ? " stdin" : "", options->attach_stdout ? " stdout" : "",
	    options->attach_stderr ? " stderr" : "", options->no_signal_proxy ? " no-signals" : "");
	*ret_exit = (struct dolium_exit){ 0 };
	return 0;
}

/* `exit N` is a program that ends so; `absent` and `locked` cannot be started. */
int dolium_container_run(struct dolium *d, const struct dolium_create_options *create,
    const struct dolium_start_options *start, char **ret_id, struct dolium_exit *ret_exit)
{
	const char *program = create->command ? create->command[0] : "";
	AUTO_FREE char *id = NULL;
	int r = dolium_container_create(d, create, &id);

	if (r < 0)
		return r;
	dolium_container_start(d, id, start, ret_exit);
	if (strcmp(program, "absent") == 0) {
		ret_exit->status = 127;
		return fail(d, -ENOENT, "cannot start 'absent': no such program");
	}
	if (strcmp(program, "locked") == 0) {
		ret_exit->status = 126;
		return fail(d, -EACCES, "cannot start 'locked': it cannot be executed");
	}
	ret_exit->status = strcmp(program, "exit") == 0 ? atoi(create->command[1]) : 0;
	if (ret_id)
		*ret_id = TAKE(id);
	return 0;
}

static int do_to(
    struct dolium *d, const char *what, const char *name, const char *signal, int timeout)
{
	if (strcmp(name, "absent") == 0)
		return fail(d, -ENOENT, "no such container: 'absent'");
	printf("%s %s %s %d\n", what, name, signal ? signal : "-", timeout);
	return 0;
}

int dolium_container_stop(struct dolium *d, const char *name, const char *signal, int timeout)
{
	return do_to(d, "stop", name, signal, timeout);
}

int dolium_container_restart(struct dolium *d, const char *name, const char *signal, int timeout)
{
	return do_to(d, "restart", name, signal, timeout);
}

int dolium_container_kill(struct dolium *d, const char *name, const char *signal)
{
	return do_to(d, "kill", name, signal, 0);
}

int dolium_container_wait(
    struct dolium *d, const char *name, const char *condition, struct dolium_exit *ret_exit)
{
	ret_exit->status = 3;
	return do_to(d, "wait", name, condition, 0);
}

int dolium_container_attach(struct dolium *d, const char *name,
    const struct dolium_start_options *options, struct dolium_exit *ret_exit)
{
	return dolium_container_start(d, name, options, ret_exit);
}

int dolium_container_exec(struct dolium *d, const char *name,
    const struct dolium_exec_options *options, struct dolium_exit *ret_exit)
{
	if (strcmp(name, "absent") == 0)
		return fail(d, -ENOENT, "no such container: 'absent'");
	printf("exec %s:", name);
	for (const char *const *word = options->command; *word; word++)
		printf(" %s", *word);
	for (const char *const *word = options->env; *word; word++)
		printf(" %s", *word);
	printf("%s%s%s%s %s %s\n", options->tty ? " tty" : "", options->interactive ? " in" : "",
	    options->privileged ? " all" : "", options->detach ? " detached" : "",
	    options->user ? options->user : "-", options->workdir ? options->workdir : "-");
	ret_exit->status = strcmp(options->command[0], "exit") == 0 ? 5 : 0;
	return 0;
}

int dolium_container_pause(struct dolium *d, const char *name, bool pause)
{
	return do_to(d, "pause", name, NULL, pause);
}

int dolium_container_rename(struct dolium *d, const char *name, const char *new_name)
{
	return do_to(d, "rename", name, new_name, 0);
}

int dolium_container_top(
    struct dolium *d, const char *name, const char *const *ps_options, struct dolium_value **ret)
{
	(void)ps_options;
	*ret = value_new(OBJECT);
	return do_to(d, "top", name, NULL, 0);
}

int dolium_container_prune(struct dolium *d, const char *const *filters, struct dolium_value **ret)
{
	struct dolium_value *gone;

	(void)d;
	(void)filters;
	*ret = value_new(OBJECT);
	gone = add(*ret, "ContainersDeleted", value_new(ARRAY));
	add_text(gone, NULL, CONTAINER_ID);
	add_number(*ret, "SpaceReclaimed", 2048);
	return 0;
}

int dolium_container_logs(
    struct dolium *d, const char *name, const struct dolium_log_options *options)
{
	const struct dolium_log_line line = {
		.stream = "stdout", .text = "hello\n", .len = 6, .time = "2026-11-23T21:00:00Z"
	};

	if (strcmp(name, "absent") == 0)
		return fail(d, -ENOENT, "no such container: 'absent'");
	options->line(options->user, &line);
	return 0;
}

int dolium_time_parse(struct dolium *d, const char *text, int64_t *ret_ns)
{
	*ret_ns = 1;
	return strcmp(text, "never") == 0 ? fail(d, -EINVAL, "'never' is no time") : 0;
}

int dolium_container_after(struct dolium *d, const char *id, int lock_fd)
{
	(void)lock_fd;
	return do_to(d, "after", id, NULL, 0);
}

int dolium_container_list(
    struct dolium *d, const struct dolium_list_options *options, struct dolium_value **ret)
{
	struct dolium_value *row;

	(void)d;
	for (const char *const *f = options->filters; *f; f++)
		fprintf(stderr, "filter %s\n", *f);
	*ret = value_new(ARRAY);
	row = add(*ret, NULL, value_new(OBJECT));
	add_text(row, "ID", CONTAINER_ID);
	add_text(row, "Names", "web");
	add_text(row, "Image", "debian");
	add_text(row, "Command", "sh -c 'sleep 1000; echo done'");
	add_text(row, "RunningFor", "2 hours ago");
	add_text(row, "Status", "Up 2 hours");
	add_text(row, "Isolation", "container");
	add_text(row, "Ports", "");
	if (options->with_size)
		add_text(row, "Size", "1kB (virtual 2MB)");
	return 0;
}

int dolium_container_inspect(struct dolium *d, const char *name, struct dolium_value **ret)
{
	if (strcmp(name, "web") != 0)
		return fail(d, -ENOENT, "no such container: '%s'", name);
	*ret = value_new(OBJECT);
	add_text(*ret, "Id", CONTAINER_ID);
	add_text(*ret, "Name", "/web");
	return 0;
}

int dolium_container_remove(
    struct dolium *d, const char *name, bool force, bool volumes, char **ret_id)
{
	(void)force;
	(void)volumes;
	(void)ret_id;
	if (strcmp(name, "busy") == 0 && !force)
		return fail(d, -EBUSY, "container 'busy' runs");
	if (strcmp(name, "web") != 0 && strcmp(name, "busy") != 0)
		return fail(d, -ENOENT, "no such container: '%s'", name);
	return 0;
}

int dolium_names(struct dolium *d, const char *kind, struct dolium_value **ret)
{
	(void)d;
	*ret = value_new(ARRAY);
	if (strcmp(kind, "container") == 0) {
		add_text(*ret, NULL, "web");
		add_text(*ret, NULL, "database");
	} else if (strcmp(kind, "image") == 0) {
		add_text(*ret, NULL, "debian:latest");
		add_text(*ret, NULL, "127.0.0.1:5000/big");
	}
	return 0;
}

int dolium_info(struct dolium *d, struct dolium_value **ret)
{
	struct dolium_value *tree;

	(void)d;
	*ret = value_new(OBJECT);
	add_number(*ret, "Containers", 1);
	add_text(*ret, "Driver", "overlay");
	tree = add(*ret, "Host", value_new(OBJECT));
	add_text(tree, "Cgroup", "hybrid");
	return 0;
}
