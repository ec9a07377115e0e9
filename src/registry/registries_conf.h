/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of registries: registries.conf
 *
 * $XDG_CONFIG_HOME/dolium/registries.conf (~/.config), then /etc/dolium/registries.conf; both
 * count, the user's mirrors come first. One setting a line, '#' begins a comment:
 *
 *   mirror docker.io = http://127.0.0.1:5000     ask there first; may have a path behind the host
 *   insecure registry.lan:5000                   HTTP or a bad certificate is fine there
 *   stall-seconds 30                             a request that moves nothing so long has failed
 *   retries 5                                    of one request
 */
#ifndef DOLIUM_REGISTRY_REGISTRIES_CONF_H
#define DOLIUM_REGISTRY_REGISTRIES_CONF_H

#include <stddef.h>
#include <stdint.h>

#include "base/strmap.h"
#include "base/strv.h"

struct err;

struct registry_mirror {
	char *host, *url;
};

struct registries_conf {
	struct registry_mirror *mirrors; /* in the order in which they are tried */
	size_t n_mirrors;
	struct strv insecure;
	uint32_t stall_seconds, retries; /* 0: not said */
};

void registries_conf_done(struct registries_conf *c);

/* Reads both files. -EBADMSG: a line that is no setting; the text has its file and number. */
int registries_conf_load(struct registries_conf *c, struct err *e);
/* Adds what stands in `text`; `what` names it in reports. */
int registries_conf_parse(
    const char *text, const char *what, struct registries_conf *c, struct err *e);
/* Adds "HOST=URL". */
int registries_conf_add_mirror(struct registries_conf *c, const char *pair, struct err *e);

#endif
