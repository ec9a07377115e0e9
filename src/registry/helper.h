/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credential helpers: docker-credential-NAME get|store|erase
 *
 * A request on its stdin, JSON on its stdout; a status other than 0 is a failure.
 */
#ifndef DOLIUM_REGISTRY_HELPER_H
#define DOLIUM_REGISTRY_HELPER_H

struct err;

/*
 * Both are the caller's to free, and stay NULL where the helper has none. The
 * user "<token>" stands for an identity token. -EINVAL: no name for a program.
 * -EIO: it failed.
 */
int helper_get(
    const char *name, const char *server, char **ret_user, char **ret_secret, struct err *e);
int helper_store(
    const char *name, const char *server, const char *user, const char *password, struct err *e);
int helper_erase(const char *name, const char *server, struct err *e);

#endif
