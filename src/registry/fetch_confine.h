/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walls around dolium-fetch
 */
#ifndef DOLIUM_REGISTRY_FETCH_CONFINE_H
#define DOLIUM_REGISTRY_FETCH_CONFINE_H

#include <stdbool.h>

struct err;

struct fetch_walls {
	int partial_fd; /* may be written below; -1: nothing may */
	int read_fd; /* may be read below; -1: none */
	bool network; /* else no TCP, and none of the files that TLS and names need */
	const char *cert_dir; /* may be read too; NULL: none */
};

/* Gives up all that the worker does not need, for good. Before the first thread. */
int fetch_confine(const struct fetch_walls *walls, struct err *e);

#endif
