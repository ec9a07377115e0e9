/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WWW-Authenticate (RFC 9110, 11.6.1)
 *
 * The challenges of a registry: "Bearer realm=..., service=..., scope=..." and
 * "Basic realm=...". Others are passed over. Bytes come from outside.
 */
#ifndef DOLIUM_REGISTRY_CHALLENGE_H
#define DOLIUM_REGISTRY_CHALLENGE_H

#include <stdbool.h>

struct challenge {
	bool basic, bearer;
	char *realm, *service, *scope; /* of the bearer challenge; NULL: not said */
};

/* Reads one header value, or several joined by commas. -EBADMSG: not in that form; -ENOMEM. */
int challenge_parse(const char *text, struct challenge *ret_challenge);
void challenge_done(struct challenge *c);

#define AUTO_CHALLENGE __attribute__((cleanup(challenge_done)))

#endif
