/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certs.d: certificates for one registry
 *
 * certs.d/HOST[:PORT]/ has *.crt (authorities that are trusted for this host, beside
 * the system's) and pairs of *.cert and *.key (what we show of ourselves). Looked
 * for in /etc/dolium, /etc/docker, /etc/containers and $XDG_CONFIG_HOME/containers.
 */
#ifndef DOLIUM_REGISTRY_CERTS_H
#define DOLIUM_REGISTRY_CERTS_H

struct err;
struct http_host;

/* `cert_dir` NULL: the usual places; else that folder itself. It is no failure that there are none.
 */
int certs_load(const char *cert_dir, const char *host, struct http_host *to, struct err *e);

/* Where to look: the i-th folder, to the caller's to free; NULL behind the last. */
char *certs_place(unsigned i);

#endif
