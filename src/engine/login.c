/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium login, logout
 */
#include <errno.h>
#include <string.h>

#include "engine/engine.h"
#include "registry/credentials.h"
#include "registry/fetch.h"

/* "https://index.docker.io/v1/" and "quay.io/" are hosts with something around them. */
static char *server_host(const char *server)
{
	const char *scheme = strstr(server, "://");

	if (!*server)
		return strdup("docker.io");
	if (scheme)
		server = scheme + 3;
	if (strncmp(server, "index.docker.io", 15) == 0)
		return strdup("docker.io");
	return strndup(server, strcspn(server, "/"));
}

int dolium_login(struct dolium *d, const char *server, const char *user, const char *password,
    int tls_verify, const char *auth_file)
{
	struct err *e = engine_begin(d);
	AUTO_FREE char *host = server_host(server ? server : ""), *worker = NULL;
	struct fetch_options o = { .source_fd = -1, .partial_fd = -1 };
	int r;

	if (!host)
		return err_set(e, -ENOMEM, "cannot log in");
	if (strchr(user, ':'))
		return err_refuse(e, -EINVAL, "a user's name has no ':' in it: '%s'", user);
	r = engine_helper(d, "dolium-fetch", &worker, e);
	if (r < 0)
		return r;
	o.worker = worker;
	o.tls_verify = tls_verify > 0 ? 1 : tls_verify < 0 ? 0 : -1;
	r = fetch_login(&o, host, user, password, e);
	return r < 0 ? r : credentials_store(auth_file, host, user, password, e);
}

int dolium_logout(struct dolium *d, const char *server, const char *auth_file)
{
	struct err *e = engine_begin(d);
	AUTO_FREE char *host = server_host(server ? server : "");

	if (!host)
		return err_set(e, -ENOMEM, "cannot log out");
	return credentials_erase(auth_file, host, e);
}
