/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of dolium-oci
 *
 * runc's and crun's: one table of options for each command.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "format/json.h"
#include "isolate/rootless.h"
#include "oci/clock.h"
#include "oci/runtime.h"
#include "oci/runtime_options.h"
#include "os/file.h"

#define ROOT_DEFAULT "/run/dolium-oci"

/* Whose command line ours is like. */
#define RUNC_LIKE "1.2.0"
#define CRUN_LIKE "1.18"

#define GLOBAL(member) offsetof(struct runtime, member)
#define OWN(member)    offsetof(struct runtime_options, member)
#define KEEPER(member) offsetof(struct runtime_options, keeper.member)
#define UPDATE(member) offsetof(struct runtime_options, update.member)
#define EXEC(member)   offsetof(struct runtime_options, exec.member)
#define IMAGES(member) offsetof(struct runtime_options, checkpoint.member)

static const struct option_row global_options[] = {
	{ "root", 0, OPTION_TEXT, GLOBAL(root) },
	{ "log", 0, OPTION_TEXT, GLOBAL(log) },
	{ "log-format", 0, OPTION_TEXT, GLOBAL(log_format) },
	{ "log-level", 0, OPTION_TEXT, GLOBAL(log_level) },
	{ "debug", 0, OPTION_FLAG, GLOBAL(debug) },
	{ "systemd-cgroup", 0, OPTION_FLAG, GLOBAL(systemd_cgroup) },
	{ "cgroup-manager", 0, OPTION_TEXT, GLOBAL(cgroup_manager) },
	{ "rootless", 0, OPTION_TEXT, GLOBAL(rootless) },
	{ "version", 'v', OPTION_FLAG, GLOBAL(version) },
	{ "help", 'h', OPTION_FLAG, GLOBAL(help) },
	{ NULL, 0, 0, 0 },
};

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
	{ NULL, 0, 0, 0 },
};

static const struct option_row create_options[] = {
	START_OPTIONS,
	{ NULL, 0, 0, 0 },
};

static const struct option_row exec_options[] = {
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
	{ NULL, 0, 0, 0 },
};

static const struct option_row kill_options[] = {
	{ "all", 'a', OPTION_FLAG, OWN(all) },
	{ NULL, 0, 0, 0 },
};

static const struct option_row delete_options[] = {
	{ "force", 'f', OPTION_FLAG, OWN(force) },
	{ NULL, 0, 0, 0 },
};

static const struct option_row list_options[] = {
	{ "format", 'f', OPTION_TEXT, OWN(format) },
	{ "quiet", 'q', OPTION_FLAG, OWN(quiet) },
	{ NULL, 0, 0, 0 },
};

static const struct option_row spec_options[] = {
	{ "bundle", 'b', OPTION_TEXT, OWN(bundle) },
	{ "rootless", 0, OPTION_FLAG, OWN(rootless) },
	{ NULL, 0, 0, 0 },
};

static const struct option_row events_options[] = {
	{ "stats", 0, OPTION_FLAG, OWN(stats) },
	{ "interval", 0, OPTION_TEXT, OWN(interval) },
	{ NULL, 0, 0, 0 },
};

static const struct option_row ps_options[] = {
	{ "format", 'f', OPTION_TEXT, OWN(format) },
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
	{ NULL, 0, 0, 0 },
};

static const struct option_row no_options[] = { { NULL, 0, 0, 0 } };

#define ANY_NUMBER 1000000

static const struct command {
	const char *name, *arguments, *title;
	const struct option_row *options;
	int (*run)(const struct runtime *rt, const struct runtime_options *o, struct err *e);
	int min_arguments, max_arguments;
	bool in_order; /* behind the id, all is for somebody else */
	int failed; /* exit status; 0: 1 */
} commands[] = {
	{ "checkpoint", "[options] ID", "keep a container that runs in files, by CRIU",
	    checkpoint_options, runtime_checkpoint, 1, 1, false, 0 },
	{ "create", "[options] ID", "make a container that waits for start", create_options,
	    runtime_create, 1, 1, false, 0 },
	{ "delete", "[--force] ID", "remove what a container left", delete_options, runtime_delete,
	    1, 1, false, 0 },
	{ "events", "[--stats] [--interval TIME] ID", "print what a container uses as JSON",
	    events_options, runtime_events, 1, 1, false, 0 },
	{ "exec", "[options] ID COMMAND...", "run one more program in a container", exec_options,
	    runtime_exec, 1, ANY_NUMBER, true, 255 },
	{ "features", "", "print what this run-time can do as JSON", no_options, runtime_features,
	    0, 0, false, 0 },
	{ "kill", "[--all] ID [SIGNAL]", "send a signal to the container's first process",
	    kill_options, runtime_kill, 1, 2, false, 0 },
	{ "list", "[--format table|json] [--quiet]", "list the containers of this root",
	    list_options, runtime_list, 0, 0, false, 0 },
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

/* ---- help and version ---- */

static int help(FILE *to)
{
	fprintf(to,
	    "usage: dolium-oci [--root DIR] [--log FILE] [--log-format text|json] [--debug] "
	    "COMMAND\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(to, "  %-10s %-32s %s\n", commands[i].name, commands[i].arguments,
		    commands[i].title);
	fprintf(to, "\nThe options of each are in dolium-oci(1).\n");
	return 0;
}

/* Under the name of another run-time, what its callers look for in the first line. */
static int version(const char *program)
{
	const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;

	if (strcmp(name, "runc") == 0)
		printf("runc version %s+dolium-%s\ncommit: dolium-%s\n", RUNC_LIKE, DOLIUM_VERSION,
		    DOLIUM_VERSION);
	else if (strcmp(name, "crun") == 0)
		printf("crun version %s+dolium-%s\ncommit: dolium-%s\n", CRUN_LIKE, DOLIUM_VERSION,
		    DOLIUM_VERSION);
	else
		printf(
		    "dolium-oci version %s\ncommit: dolium-%s\n", DOLIUM_VERSION, DOLIUM_VERSION);
	printf("spec: 1.3.0\n");
	return 0;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static int run_command(const struct runtime *rt, const struct command *c, char *const *argv,
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
		return n;
	if (n < c->min_arguments || n > c->max_arguments)
		return err_refuse(e, -EINVAL, "usage: dolium-oci %s %s", c->name, c->arguments);
	o->id = n > 0 ? words[0] : NULL;
	o->signal_name = n > 1 ? words[1] : NULL;
	o->arguments = words + (n > 0);
	return c->run(rt, o, e);
}

static int read_cgroup_manager(struct runtime *rt, struct err *e)
{
	const char *name = rt->cgroup_manager;

	if (name && strcmp(name, "disabled") == 0)
		rt->cgroups = RUNTIME_CGROUPS_NONE;
	else if (name ? strcmp(name, "systemd") == 0 : rt->systemd_cgroup)
		rt->cgroups = RUNTIME_CGROUPS_SYSTEMD;
	else if (name && strcmp(name, "cgroupfs") != 0)
		return err_refuse(e, -EINVAL,
		    "option --cgroup-manager is cgroupfs, systemd or disabled, not '%s'", name);
	if (rt->cgroups == RUNTIME_CGROUPS_SYSTEMD)
		return err_refuse(e, -EOPNOTSUPP,
		    "cgroups by systemd (--systemd-cgroup) are not there yet: use the cgroupfs "
		    "manager");
	return 0;
}

/* What we were told to be, and are not, is refused: limits would be missing, or somewhere else. */
static int check_global(struct runtime *rt, struct err *e)
{
	const char *rootless = rt->rootless, *log = rt->log;
	int r;

	if (log && (strncmp(log, "syslog:", 7) == 0 || strncmp(log, "journald:", 9) == 0)) {
		rt->log = NULL;
		return err_refuse(e, -EOPNOTSUPP, "option --log is a file, not '%s'", log);
	}
	r = read_cgroup_manager(rt, e);
	if (r < 0)
		return r;
	if (rootless && strcmp(rootless, "auto") != 0 && strcmp(rootless, "false") != 0 &&
	    strcmp(rootless, "true") != 0)
		return err_refuse(
		    e, -EINVAL, "option --rootless is auto, true or false, not '%s'", rootless);
	return 0;
}

/* A plain user's is where his session keeps what does not outlive it. */
static const char *default_root(void)
{
	static char path[PATH_MAX];
	const char *home = getenv("XDG_RUNTIME_DIR");
	int n;

	if (!rootless_needed())
		return ROOT_DEFAULT;
	if (home && home[0] == '/')
		n = snprintf(path, sizeof(path), "%s/dolium-oci", home);
	else
		n = snprintf(path, sizeof(path), "/run/user/%u/dolium-oci", geteuid());
	return (size_t)n < sizeof(path) ? path : ROOT_DEFAULT;
}

/* Up to the name of the command. */
static int read_global(char *const *argv, struct runtime *rt, int *ret_read, struct err *e)
{
	AUTO_FREE char **words = NULL;
	size_t n = 0;
	int r;

	while (argv[n])
		n++;
	words = calloc(n + 1, sizeof(*words));
	if (!words)
		return err_set(e, -ENOMEM, "cannot read the command line");
	r = options_read(global_options, argv, true, rt, words, ret_read, e);
	if (rt->log && strncmp(rt->log, "file:", 5) == 0)
		rt->log += 5;
	return r < 0 ? r : check_global(rt, e);
}

static int dispatch(struct runtime *rt, int argc, char **argv, struct runtime_options *o,
    int *ret_failed, struct err *e)
{
	const struct command *c;
	int n = 0, r;

	r = read_global(argv + 1, rt, &n, e);
	log_setup("dolium-oci", STDERR_FILENO, rt->debug);
	if (r < 0)
		return r;
	if (rt->help)
		return help(stdout);
	if (rt->version)
		return version(argv[0]);
	if (argc == 1 + n)
		return help(stderr), 1;
	c = find_command(argv[1 + n]);
	if (!c)
		return err_refuse(e, -EINVAL, "no such command: '%s'", argv[1 + n]);
	if (argv[2 + n] && (strcmp(argv[2 + n], "--help") == 0 || strcmp(argv[2 + n], "-h") == 0)) {
		printf("usage: dolium-oci %s %s\n\n%s\n", c->name, c->arguments, c->title);
		return 0;
	}
	*ret_failed = c->failed ? c->failed : 1;
	return run_command(rt, c, argv + 2 + n, o, e);
}

/* ---- reporting ---- */

/* One line, as engines read it from the end of --log. */
static void write_log(const struct runtime *rt, const struct err *e)
{
	AUTO_BUF struct buf line = { 0 };
	struct json_writer w = { .to = &line };
	AUTO_FD int fd = -1;
	char when[CLOCK_TEXT_MAX];

	if (!rt->log || rt->log[0] == '\0')
		return;
	clock_format(time(NULL), when);
	if (rt->log_format && strcmp(rt->log_format, "json") == 0) {
		json_open_object(&w, NULL);
		json_put_text(&w, "level", "error");
		json_put_text(&w, "msg", e->text);
		json_put_text(&w, "time", when);
		json_close_object(&w);
		buf_addc(&line, '\n');
	} else {
		buf_addf(&line, "time=\"%s\" level=error msg=\"%s\"\n", when, e->text);
	}
	fd = open(rt->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd >= 0 && buf_error(&line) >= 0)
		(void)file_write_fd(fd, line.data, line.len);
}

static void print_error(const struct err *e)
{
	if (!e->text[0])
		return;
	fprintf(stderr, "dolium-oci: %s\n", e->text);
	if (e->hint[0])
		fprintf(stderr, "hint: %s\n", e->hint);
}

int runtime_main(int argc, char **argv)
{
	struct runtime_options o = {
		.rootfs_fd = -1,
		.report_fd = -1,
		.keeper = { .fd = -1, .dir_fd = -1, .input = "none" },
		.argv = argv,
		.checkpoint = { .status_fd = -1 },
	};
	struct runtime rt = { .root = default_root() };
	struct err e = { 0 };
	int r, failed = 1;

	err_small_words();
	r = dispatch(&rt, argc, argv, &o, &failed, &e);
	if (r >= 0)
		return r;
	write_log(&rt, &e);
	if (o.report_fd < 0 || !o.id)
		print_error(&e); /* else it was told there, and the engine says it */
	return failed;
}
