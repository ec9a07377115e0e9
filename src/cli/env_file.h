/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --env-file and --label-file
 *
 * A line is KEY=value, taken as it stands, or KEY alone; blanks before it are
 * dropped; empty lines and lines that begin with '#' say nothing. "-" is stdin.
 */
#ifndef DOLIUM_CLI_ENV_FILE_H
#define DOLIUM_CLI_ENV_FILE_H

struct err;
struct strv;

/* Adds the lines to `to`. The refusal names the file and the line. */
int env_file_read(const char *path, struct strv *to, struct err *e);

/* The same for text that is already here; `name` is for refusals. */
int env_file_parse(const char *name, const char *text, struct strv *to, struct err *e);

#endif
