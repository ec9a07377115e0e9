/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of dolium-oci, and their options
 *
 * One table of options for each, with runc's and crun's names.
 */
#include "oci/runtime_commands.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/err.h"
#include "oci/runtime.h"
#include "oci/runtime_options.h"

#define OWN(member)    offsetof(struct runtime_options, member)
#define KEEPER(member) offsetof(struct runtime_options, keeper.member)
#define UPDATE(member) offsetof(struct runtime_options, update.member)
#define EXEC(member)   offsetof(struct runtime_options, exec.member)
#define IMAGES(member) offsetof(struct runtime_options, checkpoint.member)

#define HELP_OPTION                                 \
	{                                           \
		"help", 'h', OPTION_FLAG, OWN(help) \
	}

#define START_OPTIONS                                                                             \
	{ "bundle", 'b', OPTION_TEXT, OWN(bundle) }, { "config", 'f', OPTION_TEXT, OWN(config) }, \
	    { "console-socket", 0, OPTION_TEXT, OWN(console_socket) },                            \
	    { "pidfd-socket", 0, OPTION_TEXT, OWN(pidfd_socket) },                                \
	    { "pid-file", 0, OPTION_TEXT, OWN(pid_file) },                                        \
	    { "no-pivot", 0, OPTION_FLAG, OWN(no_pivot) },                                        \
	    { "no-new-keyring", 0, OPTION_FLAG, OWN(no_new_keyring) },                            \
	    { "preserve-fds", 0, OPTION_NUMBER, OWN(preserve_fds) },                              \
	    { "no-subreaper", 0, OPTION_FLAG, OWN(no_subreaper) },                                \
	    { "rootfs-fd", 0, OPTION_NUMBER, OWN(rootfs_fd) },                                    \
	{                                                                                         \
		"report-fd", 0, OPTION_NUMBER, OWN(report_fd)                                     \
	}

static const struct option_row run_options[] = {
	START_OPTIONS,
	{ "stdio", 0, OPTION_TEXT, OWN(stdio) },
	{ "detach", 'd', OPTION_FLAG, OWN(detach) },
	{ "keep", 0, OPTION_FLAG, OWN(keep) },
	{ "keeper-fd", 0, OPTION_NUMBER, KEEPER(fd) },
	{ "dir-fd", 0, OPTION_NUMBER, KEEPER(dir_fd) },
	{ "stdin", 0, OPTION_TEXT, KEEPER(input) },
	{ "log-driver", 0, OPTION_TEXT, KEEPER(log_driver) },
	{ "log-opt", 0, OPTION_LIST, KEEPER(log_opts) },
	{ "restart", 0, OPTION_TEXT, KEEPER(restart) },
	{ "restart-count", 0, OPTION_NUMBER, KEEPER(restart_count) },
	{ "after", 0, OPTION_TEXT, KEEPER(after) },
	{ "store-root", 0, OPTION_TEXT, KEEPER(store_root) },
	{ "rm", 0, OPTION_FLAG, KEEPER(auto_remove) },
	HELP_OPTION,
	{ NULL, 0, 0, 0 },
};

static const struct option_row create_options[] = {
	START_OPTIONS,
	HELP_OPTION,
	{ NULL, 0, 0, 0 },
};

static const struct option_row exec_options[] = {
	{ "stdio", 0, OPTION_TEXT, OWN(stdio) },
	{ "report-fd", 0, OPTION_NUMBER, OWN(report_fd) },
	{ "process", 'p', OPTION_TEXT, EXEC(process) },
	{ "console-socket", 0, OPTION_TEXT, OWN(console_socket) },
	{ "pidfd-socket", 0, OPTION_TEXT, OWN(pidfd_socket) },
	{ "pid-file", 0, OPTION_TEXT, OWN(pid_file) },
	{ "cwd", 0, OPTION_TEXT, EXEC(cwd) },
	{ "env", 'e', OPTION_LIST, EXEC(env) },
	{ "tty", 't', OPTION_FLAG, EXEC(tty) },
	{ "user", 'u', OPTION_TEXT, EXEC(user) },
	{ "additional-gids", 'g', OPTION_LIST, EXEC(additional_gids) },
	{ "detach", 'd', OPTION_FLAG, OWN(detach) },
	{ "process-label", 0, OPTION_TEXT, EXEC(process_label) },
	{ "apparmor", 0, OPTION_TEXT, EXEC(apparmor) },
	{ "no-new-privs", 0, OPTION_FLAG, EXEC(no_new_privs) },
	{ "cap", 'c', OPTION_LIST, EXEC(caps) },
	{ "preserve-fds", 0, OPTION_NUMBER, OWN(preserve_fds) },
	{ "cgroup", 0, OPTION_TEXT, EXEC(cgroup) },
	{ "ignore-paused", 0, OPTION_FLAG, EXEC(ignore_paused) },
	{ "no-subreaper", 0, OPTION_FLAG, OWN(no_subreaper) },
	HELP_OPTION,
	{ NULL, 0, 0, 0 },
};

static const struct option_row kill_options[] = {
	{ "all", 'a', OPTION_FLAG, OWN(all) },
	{ "regex", 'r', OPTION_FLAG, OWN(regex) },
	HELP_OPTION,
	{ NULL, 0, 0, 0 },
};

static const struct option_row delete_options[] = {
	{ "force", 'f', OPTION_FLAG, OWN(force) },
	{ "regex", 'r', OPTION_FLAG, OWN(regex) },
	HELP_OPTION,
	{ NULL, 0, 0, 0 },
};

static const struct option_row list_options[] = {
	{ "format", 'f', OPTION_TEXT, OWN(format) },
	{ "quiet", 'q', OPTION_FLAG, OWN(quiet) },
	HELP_OPTION,
	{ NULL, 0, 0, 0 },
};

static const struct option_row spec_options[] = {
	{ "bundle", 'b', OPTION_TEXT, OWN(bundle) },
	{ "rootless", 0, OPTION_FLAG, OWN(rootless) },
	{ "config", 'f', OPTION_TEXT, OWN(config) },
	HELP_OPTION,
	{ NULL, 0, 0, 0 },
};

static const struct option_row events_options[] = {
	{ "stats", 0, OPTION_FLAG, OWN(stats) },
	{ "interval", 0, OPTION_TEXT, OWN(interval) },
	HELP_OPTION,
	{ NULL, 0, 0, 0 },
};

static const struct option_row ps_options[] = {
	{ "format", 'f', OPTION_TEXT, OWN(format) },
	HELP_OPTION,
	{ NULL, 0, 0, 0 },
};

static const struct option_row update_options[] = {
	{ "resources", 'r', OPTION_TEXT, UPDATE(resources) },
	{ "blkio-weight", 0, OPTION_TEXT, UPDATE(blkio_weight) },
	{ "cpu-period", 0, OPTION_TEXT, UPDATE(cpu_period) },
	{ "cpu-quota", 0, OPTION_TEXT, UPDATE(cpu_quota) },
	{ "cpu-burst", 0, OPTION_TEXT, UPDATE(cpu_burst) },
	{ "cpu-share", 0, OPTION_TEXT, UPDATE(cpu_share) },
	{ "cpu-shares", 0, OPTION_TEXT, UPDATE(cpu_share) },
	{ "cpu-rt-period", 0, OPTION_TEXT, UPDATE(cpu_rt_period) },
	{ "cpu-rt-runtime", 0, OPTION_TEXT, UPDATE(cpu_rt_runtime) },
	{ "cpuset-cpus", 0, OPTION_TEXT, UPDATE(cpuset_cpus) },
	{ "cpuset-mems", 0, OPTION_TEXT, UPDATE(cpuset_mems) },
	{ "cpu-idle", 0, OPTION_TEXT, UPDATE(cpu_idle) },
	{ "memory", 0, OPTION_TEXT, UPDATE(memory) },
	{ "memory-reservation", 0, OPTION_TEXT, UPDATE(memory_reservation) },
	{ "memory-swap", 0, OPTION_TEXT, UPDATE(memory_swap) },
	{ "kernel-memory", 0, OPTION_TEXT, UPDATE(kernel_memory) },
	{ "kernel-memory-tcp", 0, OPTION_TEXT, UPDATE(kernel_memory_tcp) },
	{ "pids-limit", 0, OPTION_TEXT, UPDATE(pids_limit) },
	{ "l3-cache-schema", 0, OPTION_TEXT, UPDATE(l3_cache_schema) },
	{ "mem-bw-schema", 0, OPTION_TEXT, UPDATE(mem_bw_schema) },
	HELP_OPTION,
	{ NULL, 0, 0, 0 },
};

#define IMAGES_OPTIONS                                                       \
	{ "image-path", 0, OPTION_TEXT, IMAGES(image_path) },                \
	    { "work-path", 0, OPTION_TEXT, IMAGES(work_path) },              \
	    { "tcp-established", 0, OPTION_FLAG, IMAGES(tcp_established) },  \
	    { "tcp-close", 0, OPTION_FLAG, IMAGES(tcp_close) },              \
	    { "link-remap", 0, OPTION_FLAG, IMAGES(link_remap) },            \
	    { "ext-unix-sk", 0, OPTION_FLAG, IMAGES(ext_unix_sk) },          \
	    { "shell-job", 0, OPTION_FLAG, IMAGES(shell_job) },              \
	    { "lazy-pages", 0, OPTION_FLAG, IMAGES(lazy_pages) },            \
	    { "file-locks", 0, OPTION_FLAG, IMAGES(file_locks) },            \
	    { "manage-cgroups-mode", 0, OPTION_TEXT, IMAGES(cgroups_mode) }, \
	    { "empty-ns", 0, OPTION_LIST, IMAGES(empty_ns) },                \
	    { "auto-dedup", 0, OPTION_FLAG, IMAGES(auto_dedup) },            \
	{                                                                    \
		"network-lock", 0, OPTION_TEXT, IMAGES(network_lock)         \
	}

static const struct option_row checkpoint_options[] = {
	IMAGES_OPTIONS,
	{ "parent-path", 0, OPTION_TEXT, IMAGES(parent_path) },
	{ "leave-running", 0, OPTION_FLAG, IMAGES(leave_running) },
	{ "tcp-skip-in-flight", 0, OPTION_FLAG, IMAGES(tcp_skip_in_flight) },
	{ "status-fd", 0, OPTION_NUMBER, IMAGES(status_fd) },
	{ "page-server", 0, OPTION_TEXT, IMAGES(page_server) },
	{ "pre-dump", 0, OPTION_FLAG, IMAGES(pre_dump) },
	HELP_OPTION,
	{ NULL, 0, 0, 0 },
};

static const struct option_row restore_options[] = {
	IMAGES_OPTIONS,
	{ "bundle", 'b', OPTION_TEXT, OWN(bundle) },
	{ "config", 'f', OPTION_TEXT, OWN(config) },
	{ "console-socket", 0, OPTION_TEXT, OWN(console_socket) },
	{ "detach", 'd', OPTION_FLAG, OWN(detach) },
	{ "pid-file", 0, OPTION_TEXT, OWN(pid_file) },
	{ "no-subreaper", 0, OPTION_FLAG, OWN(no_subreaper) },
	{ "no-pivot", 0, OPTION_FLAG, OWN(no_pivot) },
	{ "lsm-profile", 0, OPTION_TEXT, IMAGES(lsm_profile) },
	{ "lsm-mount-context", 0, OPTION_TEXT, IMAGES(lsm_mount_context) },
	HELP_OPTION,
	{ NULL, 0, 0, 0 },
};

static const struct option_row no_options[] = { HELP_OPTION, { NULL, 0, 0, 0 } };

#define ANY_NUMBER 1000000

static const struct command commands[] = {
	{ "checkpoint", "[options] ID", "keep a container that runs in files, by CRIU",
	    checkpoint_options, runtime_checkpoint, 1, 1, false, 0 },
	{ "create", "[options] ID", "make a container that waits for start", create_options,
	    runtime_create, 1, 1, false, 0 },
	{ "delete", "[--force] [--regex] ID", "remove what a container left", delete_options,
	    runtime_delete, 1, 1, false, 0 },
	{ "events", "[--stats] [--interval TIME] ID", "print what a container uses as JSON",
	    events_options, runtime_events, 1, 1, false, 0 },
	{ "exec", "[options] ID COMMAND...", "run one more program in a container", exec_options,
	    runtime_exec, 1, ANY_NUMBER, true, 255 },
	{ "features", "", "print what this run-time can do as JSON", no_options, runtime_features,
	    0, 0, false, 0 },
	{ "kill", "[--all] [--regex] ID [SIGNAL]", "send a signal to the container's first process",
	    kill_options, runtime_kill, 1, 2, false, 0 },
	{ "list", "[--format table|json] [--quiet]", "list the containers of this root",
	    list_options, runtime_list, 0, 0, false, 0 },
	{ "mounts", "add|remove ID FILE", "change the mounts of a container that runs", no_options,
	    runtime_mounts, 3, 3, false, 0 },
	{ "pause", "ID", "freeze all processes of a container", no_options, runtime_pause, 1, 1,
	    false, 0 },
	{ "ps", "[--format table|json] ID [PS-OPTION...]", "show the processes of a container",
	    ps_options, runtime_ps, 1, ANY_NUMBER, true, 0 },
	{ "restore", "[options] ID", "let a container go on from such files", restore_options,
	    runtime_restore, 1, 1, false, 0 },
	{ "resume", "ID", "let the processes of a paused container go on", no_options,
	    runtime_resume, 1, 1, false, 0 },
	{ "run", "[options] ID", "create, start, wait and delete", run_options, runtime_run, 1, 1,
	    false, 0 },
	{ "spec", "[--bundle DIR] [--rootless]", "write a config.json to begin with", spec_options,
	    runtime_spec, 0, 0, false, 0 },
	{ "start", "ID", "start the program of a container that was created", no_options,
	    runtime_start, 1, 1, false, 0 },
	{ "state", "ID", "print the state of a container as JSON", no_options, runtime_state, 1, 1,
	    false, 0 },
	{ "update", "[options] ID", "change the limits of a container", update_options,
	    runtime_update, 1, 1, false, 0 },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static const char *value_name(const struct option_row *row)
{
	switch (row->kind) {
	case OPTION_FLAG:
		return "";
	case OPTION_NUMBER:
		return " N";
	case OPTION_LIST:
		return " VALUE...";
	case OPTION_TEXT:
		break;
	}
	return " VALUE";
}

void command_help(const struct command *c, FILE *to)
{
	fprintf(to, "usage: dolium-oci %s %s\n\n%s\n", c->name, c->arguments, c->title);
	if (c->options->name)
		fprintf(to, "\noptions:\n");
	for (const struct option_row *row = c->options; row->name; row++) {
		if (row->letter)
			fprintf(to, "  -%c, --%s%s\n", row->letter, row->name, value_name(row));
		else
			fprintf(to, "      --%s%s\n", row->name, value_name(row));
	}
}

void commands_list(FILE *to)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(to, "  %-10s %-32s %s\n", commands[i].name, commands[i].arguments,
		    commands[i].title);
}

static int usage(const struct command *c, struct err *e, int code)
{
	err_hint(e, "usage: dolium-oci %s %s", c->name, c->arguments);
	return code;
}

static int wrong_number(const struct command *c, struct err *e)
{
	const int min = c->min_arguments, max = c->max_arguments;

	if (min == max)
		err_refuse(e, -EINVAL, "\"%s\" requires exactly %d argument%s", c->name, min,
		    min == 1 ? "" : "s");
	else if (max == ANY_NUMBER)
		err_refuse(e, -EINVAL, "\"%s\" requires a minimum of %d argument%s", c->name, min,
		    min == 1 ? "" : "s");
	else
		err_refuse(e, -EINVAL,
		    "\"%s\" requires a minimum of %d and a maximum of %d arguments", c->name, min,
		    max);
	return usage(c, e, -EINVAL);
}

int command_run(const struct runtime *rt, const struct command *c, char *const *argv,
    struct runtime_options *o, struct err *e)
{
	AUTO_FREE char **words = NULL;
	size_t n_words = 0;
	int n;

	while (argv[n_words])
		n_words++;
	words = calloc(n_words + 1, sizeof(*words));
	if (!words)
		return err_set(e, -ENOMEM, "cannot read the command line");
	n = options_read(c->options, argv, c->in_order, o, words, NULL, e);
	if (n < 0)
		return usage(c, e, n);
	if (o->help) {
		command_help(c, stdout);
		return 0;
	}
	if (n < c->min_arguments || n > c->max_arguments)
		return wrong_number(c, e);
	o->id = n > 0 ? words[0] : NULL;
	o->signal_name = n > 1 ? words[1] : NULL;
	o->arguments = words + (n > 0);
	return c->run(rt, o, e);
}
