/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certs.d: certificates for one registry
 *
 * curl knows either its own list of authorities or ours, so ours begins with the system's.
 */
#include "registry/certs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "os/dir.h"
#include "os/file.h"
#include "registry/http.h"

#define PEM_MAX ((size_t)4 << 20)

char *certs_place(unsigned i)
{
	static const char *const places[] = {
		"/etc/dolium/certs.d",
		"/etc/docker/certs.d",
		"/etc/containers/certs.d",
	};
	const unsigned n = sizeof(places) / sizeof(places[0]);
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *path = NULL;

	if (i < n)
		return strdup(places[i]);
	if (i > n)
		return NULL;
	if (config && *config)
		return asprintf(&path, "%s/containers/certs.d", config) < 0 ? NULL : path;
	if (!home || !*home)
		return NULL;
	return asprintf(&path, "%s/.config/containers/certs.d", home) < 0 ? NULL : path;
}

static int add_pem(int dir_fd, const char *name, struct buf *to)
{
	AUTO_FREE char *text = NULL;
	AUTO_FD int fd = -1;
	size_t len;
	int r;

	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = file_read_fd(fd, PEM_MAX, &text, &len);
	if (r < 0)
		return r;
	buf_add(to, text, len);
	buf_addc(to, '\n');
	return buf_error(to);
}

static int add_authority(int dir_fd, const char *name, struct buf *to)
{
	static const char *const bundles[] = {
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/ca-bundle.pem",
	};

	for (size_t i = 0; to->len == 0 && i < sizeof(bundles) / sizeof(bundles[0]); i++) {
		int r = add_pem(AT_FDCWD, bundles[i], to);

		if (r < 0 && r != -ENOENT && r != -ENOTDIR)
			return r;
	}
	return add_pem(dir_fd, name, to);
}

static bool ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0;
}

static int add_pair(int dir_fd, const char *cert, struct http_host *to)
{
	AUTO_FREE char *key = NULL;
	int r;

	if (asprintf(&key, "%.*s.key", (int)(strlen(cert) - strlen(".cert")), cert) < 0) {
		key = NULL;
		return -ENOMEM;
	}
	r = add_pem(dir_fd, cert, &to->cert);
	return r < 0 ? r : add_pem(dir_fd, key, &to->key);
}

static int load_folder(const char *path, struct http_host *to, struct err *e)
{
	const struct dirent *entry;
	AUTO(dir_close) DIR *dir = opendir(path);
	int r = 0;

	if (!dir && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (!dir)
		return err_set(e, -errno, "cannot read '%s'", path);
	while (r >= 0 && (entry = readdir(dir))) {
		if (ends_in(entry->d_name, ".crt"))
			r = add_authority(dirfd(dir), entry->d_name, &to->ca);
		else if (ends_in(entry->d_name, ".cert") && to->cert.len == 0)
			r = add_pair(dirfd(dir), entry->d_name, to);
		if (r < 0)
			err_set(e, r, "cannot read '%s' in '%s'", entry->d_name, path);
	}
	return r < 0 ? r : 1;
}

int certs_load(const char *cert_dir, const char *host, struct http_host *to, struct err *e)
{
	if (cert_dir) {
		int r = load_folder(cert_dir, to, e);

		if (r == 0)
			return err_refuse(e, -ENOENT, "no such directory: '%s'", cert_dir);
		return r < 0 ? r : 0;
	}

	/* A host with a '/' would be a path; references have none, and a mirror's is cut off. */
	for (unsigned i = 0; !strchr(host, '/'); i++) {
		AUTO_FREE char *place = certs_place(i), *path = NULL;
		int r;

		if (!place)
			break;
		if (asprintf(&path, "%s/%s", place, host) < 0) {
			path = NULL;
			return err_set(e, -ENOMEM, "cannot look for certificates");
		}
		r = load_folder(path, to, e);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return 0;
}
