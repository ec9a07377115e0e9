/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials of registries
 *
 * A file is {"auths":{"HOST":{"auth":base64("user:password")}},"credsStore":"x",
 * "credHelpers":{"HOST":"x"}, and much that is not ours}: writing keeps the rest.
 */
#include "registry/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/strv.h"
#include "format/json.h"
#include "os/file.h"
#include "registry/base64.h"
#include "registry/helper.h"

#define FILE_MAX   ((size_t)4 << 20)
#define DOCKER_KEY "https://index.docker.io/v1/"

void credentials_done(struct credentials *c)
{
	free(c->user);
	free(c->password);
	free(c->identity_token);
	*c = (struct credentials){ 0 };
}

/* --------------------------------------------------------------- the files */

/* ~/.docker/config.json, or where $DOCKER_CONFIG has it. NULL: no memory, or nobody's home. */
static char *docker_file(void)
{
	const char *docker = getenv("DOCKER_CONFIG"), *home = getenv("HOME");
	char *path;

	if (docker && *docker) {
		if (asprintf(&path, "%s/config.json", docker) < 0)
			return NULL;
	} else if (!home || !*home || asprintf(&path, "%s/.docker/config.json", home) < 0)
		return NULL;
	return path;
}

static int candidates(const char *auth_file, struct strv *to)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	AUTO_FREE char *docker = NULL;
	int r;

	if (!auth_file)
		auth_file = getenv("REGISTRY_AUTH_FILE");
	if (auth_file && *auth_file)
		return strv_add(to, auth_file);

	if (runtime && *runtime)
		r = strv_addf(to, "%s/containers/auth.json", runtime);
	else
		r = strv_addf(to, "/run/containers/%u/auth.json", getuid());
	docker = docker_file();
	if (r >= 0 && docker)
		r = strv_add(to, docker);
	return r;
}

/* *ret_root stays NULL where there is no such file. */
static int read_file(const char *path, struct json_value **ret_root, struct err *e)
{
	AUTO_FREE char *text = NULL;
	AUTO_FD int fd = -1;
	size_t len;
	int r;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return err_set(e, -errno, "cannot read '%s'", path);
	r = file_read_fd(fd, FILE_MAX, &text, &len);
	if (r < 0)
		return err_set(e, r, "cannot read '%s'", path);
	if (strspn(text, " \t\r\n") == len)
		return 0;
	r = json_value_parse(text, len, path, ret_root, e);
	if (r < 0)
		return r;
	if (json_value_type(*ret_root) != JSON_OBJECT) {
		*ret_root = json_value_free(*ret_root);
		return err_refuse(e, -EBADMSG, "%s: not an object", path);
	}
	return 0;
}

/* "https://index.docker.io/v1/" and "registry-1.docker.io" are docker.io. Cuts the path off. */
static char *key_host(const char *key)
{
	static const char *const aliases[] = { "index.docker.io", "registry-1.docker.io" };
	const char *scheme = strstr(key, "://");
	size_t len;

	if (scheme)
		key = scheme + 3;
	len = strcspn(key, "/");
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (len == strlen(aliases[i]) && strncmp(key, aliases[i], len) == 0)
			return strdup("docker.io");
	return strndup(key, len);
}

/*
 * How well a key serves `path` on `host`: 0: not at all. auth.json may have keys
 * for a part of a registry ("quay.io/team"): the longest one counts.
 */
static size_t key_matches(const char *key, const char *host, const char *path)
{
	AUTO_FREE char *of = key_host(key);
	const char *scheme = strstr(key, "://");
	const char *rest = strchr(scheme ? scheme + 3 : key, '/');
	size_t len;

	if (!of || strcmp(of, host) != 0)
		return 0;
	if (!rest || scheme)
		return 1;
	rest++;
	len = strlen(rest);
	if (len == 0)
		return 1;
	if (!path || strncmp(path, rest, len) != 0 || (path[len] != '\0' && path[len] != '/'))
		return 0;
	return 1 + len;
}

static const struct json_value *best_entry(
    const struct json_value *map, const char *host, const char *path)
{
	const struct json_value *v, *best = NULL;
	size_t best_match = 0;
	const char *key;

	for (size_t i = 0; (v = json_value_entry(map, i, &key)); i++) {
		size_t match = key_matches(key, host, path);

		if (match > best_match) {
			best_match = match;
			best = v;
		}
	}
	return best;
}

/* ------------------------------------------------------------------ finding */

static int split_pair(const char *pair, struct credentials *to)
{
	const char *colon = strchr(pair, ':');

	if (!colon)
		return -EBADMSG;
	to->user = strndup(pair, (size_t)(colon - pair));
	to->password = strdup(colon + 1);
	return to->user && to->password ? 0 : -ENOMEM;
}

static int read_entry(
    const struct json_value *entry, const char *file, struct credentials *to, struct err *e)
{
	const char *auth = json_value_string(json_value_get(entry, "auth"));
	const char *token = json_value_string(json_value_get(entry, "identitytoken"));
	const char *user = json_value_string(json_value_get(entry, "username"));
	const char *password = json_value_string(json_value_get(entry, "password"));
	AUTO_FREE char *pair = NULL;
	int r = 0;

	if (auth && *auth) {
		pair = base64_decode(auth);
		r = pair ? split_pair(pair, to) : -EBADMSG;
	} else if (user && password) {
		to->user = strdup(user);
		to->password = strdup(password);
		r = to->user && to->password ? 0 : -ENOMEM;
	}
	if (r >= 0 && token && *token) {
		to->identity_token = strdup(token);
		r = to->identity_token ? 0 : -ENOMEM;
	}
	if (r == -EBADMSG)
		return err_refuse(e, r, "%s: an entry of 'auths' is not 'user:password'", file);
	return r < 0 ? err_set(e, r, "cannot read '%s'", file) : 0;
}

/* What helpers are asked for: Docker Hub goes by its old address. */
static const char *server_key(const char *host)
{
	return strcmp(host, "docker.io") == 0 ? DOCKER_KEY : host;
}

static const char *helper_for(const struct json_value *root, const char *host)
{
	const struct json_value *own = best_entry(json_value_get(root, "credHelpers"), host, NULL);
	const char *name = json_value_string(own ? own : json_value_get(root, "credsStore"));

	return name && *name ? name : NULL;
}

static int ask_helper(const char *helper, const char *host, struct credentials *to, struct err *e)
{
	int r;

	r = helper_get(helper, server_key(host), &to->user, &to->password, e);
	if (r >= 0 && to->user && strcmp(to->user, "<token>") == 0) {
		to->identity_token = TAKE(to->password);
		free(TAKE(to->user));
	}
	return r;
}

static int find_in_file(
    const char *file, const char *host, const char *path, struct credentials *to, struct err *e)
{
	AUTO(json_value_free) struct json_value *root = NULL;
	const struct json_value *entry;
	const char *helper;
	int r;

	r = read_file(file, &root, e);
	if (r < 0 || !root)
		return r;

	helper = helper_for(root, host);
	if (helper) {
		r = ask_helper(helper, host, to, e);
		if (r < 0 || to->user || to->identity_token)
			return r;
	}
	entry = best_entry(json_value_get(root, "auths"), host, path);
	return entry ? read_entry(entry, file, to, e) : 0;
}

int credentials_find(const char *auth_file, const char *host, const char *path,
    struct credentials *ret_credentials, struct err *e)
{
	AUTO_CREDENTIALS struct credentials found = { 0 };
	AUTO_STRV struct strv files = { 0 };

	if (candidates(auth_file, &files) < 0)
		return err_set(e, -ENOMEM, "cannot look for credentials");
	strv_for_each (file, &files) {
		int r = find_in_file(*file, host, path, &found, e);

		if (r < 0)
			return r;
		if (found.user || found.identity_token)
			break;
	}
	*ret_credentials = found;
	found = (struct credentials){ 0 };
	return 0;
}

/* ----------------------------------------------------------------- keeping */

/* All entries of `auths` but those of `host`. Returns how many were left out. */
static size_t write_others(struct json_writer *w, const struct json_value *auths, const char *host)
{
	const struct json_value *v;
	size_t n_left_out = 0;
	const char *key;

	for (size_t i = 0; (v = json_value_entry(auths, i, &key)); i++) {
		if (key_matches(key, host, NULL) > 0)
			n_left_out++;
		else
			json_put_value(w, key, v);
	}
	return n_left_out;
}

/* The whole file anew; `auth` NULL: without an entry for the host. */
static size_t write_file_text(
    const struct json_value *root, const char *host, const char *auth, struct buf *to)
{
	struct json_writer w = { .to = to, .indent = 4 };
	const struct json_value *v;
	const char *key;
	size_t n;

	json_open_object(&w, NULL);
	for (size_t i = 0; (v = json_value_entry(root, i, &key)); i++)
		if (strcmp(key, "auths") != 0)
			json_put_value(&w, key, v);
	json_open_object(&w, "auths");
	n = write_others(&w, json_value_get(root, "auths"), host);
	if (auth) {
		json_open_object(&w, server_key(host));
		json_put_text(&w, "auth", auth);
		json_close_object(&w);
	}
	json_close_object(&w);
	json_close_object(&w);
	buf_addc(to, '\n');
	return n;
}

/* Secrets: for the owner alone, and never half a file. */
static int replace_file(const char *path, const struct buf *text, struct err *e)
{
	AUTO_FREE char *folder = strdup(path);
	AUTO_FD int dir_fd = -1;
	char *slash;
	int r = buf_error(text);

	if (!folder)
		return err_set(e, -ENOMEM, "cannot write '%s'", path);
	slash = strrchr(folder, '/');
	if (slash == folder)
		return err_refuse(e, -EINVAL, "cannot write '%s': not a place for it", path);
	if (slash)
		*slash = '\0';
	if (slash && mkdir(folder, 0700) < 0 && errno != EEXIST)
		return err_set(e, -errno, "cannot make '%s'", folder);
	dir_fd = open(slash ? folder : ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (dir_fd < 0)
		return err_set(e, -errno, "cannot open '%s'", slash ? folder : ".");

	if (r >= 0)
		r = file_replace(dir_fd, slash ? slash + 1 : folder, text->data, text->len, 0600);
	if (r < 0)
		return err_set(e, r, "cannot write '%s'", path);
	return 0;
}

static int file_to_keep(const char *auth_file, char **ret_path, struct err *e)
{
	if (!auth_file)
		auth_file = getenv("REGISTRY_AUTH_FILE");
	*ret_path = auth_file && *auth_file ? strdup(auth_file) : docker_file();
	if (!*ret_path)
		return err_refuse(e, -ENOENT, "cannot keep credentials: $HOME is not set");
	return 0;
}

/* Where a host's credentials are to be changed: a file, what is in it, and the helper it names. */
struct keeping {
	char *path, *host;
	struct json_value *root;
	const char *helper; /* NULL: the file itself */
};

static void keeping_done(struct keeping *k)
{
	free(k->path);
	free(k->host);
	json_value_free(k->root);
}

#define AUTO_KEEPING __attribute__((cleanup(keeping_done)))

static int keeping_open(struct keeping *k, const char *auth_file, const char *host, struct err *e)
{
	int r;

	k->host = key_host(host);
	if (!k->host)
		return err_set(e, -ENOMEM, "cannot look for the credentials of '%s'", host);
	r = file_to_keep(auth_file, &k->path, e);
	if (r >= 0)
		r = read_file(k->path, &k->root, e);
	if (r >= 0)
		k->helper = helper_for(k->root, k->host);
	return r;
}

int credentials_store(
    const char *auth_file, const char *host, const char *user, const char *password, struct err *e)
{
	AUTO_KEEPING struct keeping k = { 0 };
	AUTO_FREE char *pair = NULL, *auth = NULL;
	AUTO_BUF struct buf text = { 0 };
	int r = keeping_open(&k, auth_file, host, e);

	if (r < 0)
		return r;
	if (k.helper)
		return helper_store(k.helper, server_key(k.host), user, password, e);

	if (asprintf(&pair, "%s:%s", user, password) < 0)
		pair = NULL;
	auth = pair ? base64_encode(pair, strlen(pair)) : NULL;
	if (!auth)
		return err_set(e, -ENOMEM, "cannot keep credentials");
	write_file_text(k.root, k.host, auth, &text);
	return replace_file(k.path, &text, e);
}

int credentials_erase(const char *auth_file, const char *host, struct err *e)
{
	AUTO_KEEPING struct keeping k = { 0 };
	AUTO_BUF struct buf text = { 0 };
	int r = keeping_open(&k, auth_file, host, e);

	if (r < 0)
		return r;
	if (k.helper)
		return helper_erase(k.helper, server_key(k.host), e);
	if (write_file_text(k.root, k.host, NULL, &text) == 0)
		return err_refuse(e, -ENOENT, "not logged in to '%s'", k.host);
	return replace_file(k.path, &text, e);
}
