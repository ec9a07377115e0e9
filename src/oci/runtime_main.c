/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of dolium-oci
 *
 * runc's and crun's.
 */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "isolate/rootless.h"
#include "oci/runtime.h"
#include "oci/runtime_commands.h"
#include "oci/runtime_log.h"
#include "oci/runtime_options.h"

#define ROOT_DEFAULT "/run/dolium-oci"

/* Whose command line ours is like. */
#define RUNC_LIKE "1.2.0"
#define CRUN_LIKE "1.18"

#define GLOBAL(member) offsetof(struct runtime, member)

static const struct option_row global_options[] = {
	{ "root", 0, OPTION_TEXT, GLOBAL(root) },
	{ "log", 0, OPTION_TEXT, GLOBAL(log) },
	{ "log-format", 0, OPTION_TEXT, GLOBAL(log_format) },
	{ "log-level", 0, OPTION_TEXT, GLOBAL(log_level) },
	{ "debug", 0, OPTION_FLAG, GLOBAL(debug) },
	{ "systemd-cgroup", 0, OPTION_FLAG, GLOBAL(systemd_cgroup) },
	{ "cgroup-manager", 0, OPTION_TEXT, GLOBAL(cgroup_manager) },
	{ "rootless", 0, OPTION_TEXT, GLOBAL(rootless) },
	{ "criu", 0, OPTION_TEXT, GLOBAL(criu) },
	{ "version", 'v', OPTION_FLAG, GLOBAL(version) },
	{ "help", 'h', OPTION_FLAG, GLOBAL(help) },
	{ NULL, 0, 0, 0 },
};

/* ---- help and version ---- */

static int help(FILE *to)
{
	fprintf(to,
	    "usage: dolium-oci [--root DIR] [--log FILE] [--log-format text|json] [--debug]\n"
	    "       [--cgroup-manager cgroupfs|systemd|disabled] [--systemd-cgroup] "
	    "[--rootless BOOL|auto]\n"
	    "       [--version] COMMAND [ARGUMENT...]\n\n");
	commands_list(to);
	fprintf(to, "\nThe options of each: dolium-oci COMMAND --help, and dolium-oci(1).\n");
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
	return 0;
}

/* What we were told to be, and are not, is refused: limits would be missing, or somewhere else. */
static int check_global(struct runtime *rt, struct err *e)
{
	const char *rootless = rt->rootless;
	bool ignored;
	int r;

	r = read_cgroup_manager(rt, e);
	if (r < 0)
		return r;
	if (rootless && strcmp(rootless, "auto") != 0 && option_read_bool(rootless, &ignored) < 0)
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
	/* What was read tells where to say it. */
	if (r < 0) {
		struct err ignored = { 0 };

		(void)runtime_log_setup(rt, &ignored);
		return r;
	}
	r = runtime_log_setup(rt, e);
	return r < 0 ? r : check_global(rt, e);
}

static int help_about(const char *name, struct err *e)
{
	const struct command *c = name ? command_find(name) : NULL;

	if (!name)
		return help(stdout);
	if (!c)
		return err_refuse(e, -EINVAL, "no such command: '%s'", name);
	command_help(c, stdout);
	return 0;
}

static int dispatch(struct runtime *rt, int argc, char **argv, struct runtime_options *o,
    int *ret_failed, struct err *e)
{
	const struct command *c;
	const char *name;
	int n = 0, r;

	r = read_global(argv + 1, rt, &n, e);
	if (r < 0)
		return r;
	if (rt->help)
		return help(stdout);
	if (rt->version)
		return version(argv[0]);
	if (argc == 1 + n)
		return help(stderr), 1;
	name = argv[1 + n];
	if (strcmp(name, "help") == 0 || strcmp(name, "h") == 0)
		return help_about(argv[2 + n], e);
	c = command_find(name);
	if (!c)
		return err_refuse(e, -EINVAL, "no such command: '%s'", name);
	*ret_failed = c->failed ? c->failed : 1;
	return command_run(rt, c, argv + 2 + n, o, e);
}

/* ---- reporting ---- */

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
	/* Nothing is done another way where the safe one is missing. */
	if (r == -ENOSYS && !e.hint[0])
		err_hint(&e, "needs Linux 5.12, and no filter of system calls in the way");
	runtime_log_error(&e);
	if (o.report_fd < 0 || !o.id)
		print_error(&e); /* else it was told there, and the engine says it */
	return failed;
}
