/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --log: where the run-time says what went wrong, besides stderr
 */
#ifndef DOLIUM_OCI_RUNTIME_LOG_H
#define DOLIUM_OCI_RUNTIME_LOG_H

struct err;
struct runtime;

/*
 * Reads --log, --log-format, --log-level and --debug. From then on warnings go there as well, in
 * place of stderr. Nothing is opened before there is something to say.
 */
int runtime_log_setup(const struct runtime *rt, struct err *e);

/* The last line: why the command failed. Does nothing without --log. */
void runtime_log_error(const struct err *e);

#endif
