/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials of registries
 *
 * Kept where docker and podman keep them, in their form, so that a login with one is
 * a login with all. Looked for, the first that has an entry counts:
 *   the file that was named; else $REGISTRY_AUTH_FILE;
 *   ${XDG_RUNTIME_DIR}/containers/auth.json (/run/containers/UID/auth.json);
 *   $DOCKER_CONFIG/config.json, else ~/.docker/config.json
 * credHelpers and credsStore name helper programs, docker-credential-NAME, which
 * are run. Kept: in the file that was named, else in Docker's.
 */
#ifndef DOLIUM_REGISTRY_CREDENTIALS_H
#define DOLIUM_REGISTRY_CREDENTIALS_H

struct err;

struct credentials {
	char *user, *password; /* NULL: none */
	char *identity_token; /* in place of a password: for the token server */
};

void credentials_done(struct credentials *c);

#define AUTO_CREDENTIALS __attribute__((cleanup(credentials_done)))

/*
 * For the repository `path` on `host` ("docker.io"). It is no failure that there
 * are none. -EBADMSG: a file is damaged. -EIO: a helper failed.
 */
int credentials_find(const char *auth_file, const char *host, const char *path,
    struct credentials *ret_credentials, struct err *e);

int credentials_store(
    const char *auth_file, const char *host, const char *user, const char *password, struct err *e);
/* -ENOENT: there are none. */
int credentials_erase(const char *auth_file, const char *host, struct err *e);

#endif
