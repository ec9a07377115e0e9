/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of `dolium run` and `dolium create`
 *
 * One table for both; what only `run` has stands first in it, so that `create`
 * begins behind that. The values land in struct run_options; create_options_finish() makes the
 * struct dolium_create_options of them, which borrows from it.
 */
#ifndef DOLIUM_CLI_CREATE_OPTIONS_H
#define DOLIUM_CLI_CREATE_OPTIONS_H

#include <dolium/dolium.h>

#include "base/strv.h"
#include "cli/option.h"

struct err;

struct run_options {
	struct dolium_create_options create;

	bool detach, quiet;
	bool sig_proxy; /* true unless said otherwise */
	bool attach_stdin, attach_stdout, attach_stderr; /* by -a; none: all that make sense */
	const char *isolation;
	const char *entrypoint; /* NULL: not said */
	const char *entrypoint_list[2];
	const char *tls_verify;
	const char *cidfile;
	const char *detach_keys;
	int64_t cpu_shares, blkio_weight, stop_timeout;
	struct strv env, env_files, labels, label_files, annotations, sysctls;
	struct strv group_add, add_host, dns, dns_search, dns_option;
	struct strv cap_add, cap_drop, security_opt, log_opts;

	/* Filled by functions of the table. */
	struct dolium_mount *mounts;
	struct dolium_ulimit *ulimits;
	struct dolium_device *devices;
	size_t n_mounts, n_ulimits, n_devices;

	struct strv env_all, labels_all; /* with what the files say */
	struct strv texts; /* what the above point to */
};

/* The first entries are those that `dolium create` does not have. */
#define N_RUN_ONLY 3
extern const struct cli_option run_option_table[];
#define create_option_table (run_option_table + N_RUN_ONLY)
extern const struct run_options run_option_defaults;

/*
 * Fills o->create from the options and from `words`: the image and a command.
 * Everything in it is borrowed from `o` and `words`. A refusal is complete.
 */
int create_options_finish(struct run_options *o, char **words, struct err *e);

/* Frees what is not a list of the table's. `target` is a struct run_options. */
void create_options_done(void *target);

#endif
