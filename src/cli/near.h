/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container or image that was probably meant
 */
#ifndef DOLIUM_CLI_NEAR_H
#define DOLIUM_CLI_NEAR_H

struct cli;

/*
 * As cli_fail(), after a call that did not find `name` or could not fetch it; where
 * the engine had no hint, the nearest name there is becomes one. `kind` is
 * "container", "image", or NULL for both. Returns 1.
 */
int near_fail(const struct cli *cli, const char *kind, const char *name);

/* The same with a sentence of the caller's own. */
int near_refuse(const struct cli *cli, const char *kind, const char *name, const char *text);

#endif
