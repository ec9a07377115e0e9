/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium-fetch: the worker that speaks to where images come from
 *
 * It reads hostile bytes all day, so before the first of them it gives up what
 * it does not need: capabilities, new privileges, and by Landlock every file but
 * the partial directory (to write), the source itself, and what TLS and name lookup read.
 */
#ifndef DOLIUM_REGISTRY_WORKER_H
#define DOLIUM_REGISTRY_WORKER_H

/* The whole program, on the fds of registry/wire.h. Returns its exit status. */
int worker_main(void);

#endif
