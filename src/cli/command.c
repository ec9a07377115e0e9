/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands are tables too: all of them, and what they share
 */
#include "cli/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <dolium/dolium.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/print.h"

static const struct command_entry container_commands[] = {
	{ "ls", .command = &command_ps },
	{ "list", .command = &command_ps, .hidden = true },
	{ "ps", .command = &command_ps, .hidden = true },
	{ "run", .command = &command_run },
	{ "create", .command = &command_create },
	{ "start", .command = &command_start },
	{ "attach", .command = &command_attach },
	{ "stop", .command = &command_stop },
	{ "kill", .command = &command_kill },
	{ "restart", .command = &command_restart },
	{ "wait", .command = &command_wait },
	{ "exec", .command = &command_exec },
	{ "logs", .command = &command_logs },
	{ "pause", .command = &command_pause },
	{ "unpause", .command = &command_unpause },
	{ "top", .command = &command_top },
	{ "rename", .command = &command_rename },
	{ "rm", .command = &command_rm },
	{ "remove", .command = &command_rm, .hidden = true },
	{ "prune", .command = &command_container_prune },
	{ "inspect", .command = &command_container_inspect },
	{ NULL },
};

static const struct command_entry image_commands[] = {
	{ "ls", .command = &command_images },
	{ "list", .command = &command_images, .hidden = true },
	{ "pull", .command = &command_pull },
	{ "rm", .command = &command_rmi },
	{ "remove", .command = &command_rmi, .hidden = true },
	{ "tag", .command = &command_tag },
	{ "inspect", .command = &command_image_inspect },
	{ "history", .command = &command_history },
	{ "prune", .command = &command_image_prune },
	{ "load", .command = &command_load },
	{ "import", .command = &command_import },
	{ NULL },
};

const struct command_entry commands_all[] = {
	{ "run", .command = &command_run },
	{ "create", .command = &command_create },
	{ "start", .command = &command_start },
	{ "attach", .command = &command_attach },
	{ "stop", .command = &command_stop },
	{ "kill", .command = &command_kill },
	{ "restart", .command = &command_restart },
	{ "wait", .command = &command_wait },
	{ "exec", .command = &command_exec },
	{ "logs", .command = &command_logs },
	{ "pause", .command = &command_pause },
	{ "unpause", .command = &command_unpause },
	{ "top", .command = &command_top },
	{ "rename", .command = &command_rename },
	{ "ps", .command = &command_ps },
	{ "rm", .command = &command_rm },
	{ "inspect", .command = &command_inspect },
	{ "pull", .command = &command_pull },
	{ "images", .command = &command_images },
	{ "rmi", .command = &command_rmi },
	{ "tag", .command = &command_tag },
	{ "history", .command = &command_history },
	{ "load", .command = &command_load },
	{ "import", .command = &command_import },
	{ "login", .command = &command_login },
	{ "logout", .command = &command_logout },
	{ "container", .children = container_commands, .summary = "Work with containers" },
	{ "image", .children = image_commands, .summary = "Work with images" },
	{ "info", .command = &command_info },
	{ "version", .command = &command_version },
	{ "help", .command = &command_help },
	{ "completion", .command = &command_completion },
	{ "__complete", .command = &command_complete, .hidden = true },
	{ "container-after", .command = &command_container_after, .hidden = true },
	{ "__man", .command = &command_man, .hidden = true },
	{ NULL },
};

const struct cli_option cli_options[] = {
	{ "root", .kind = OPTION_TEXT, .offset = offsetof(struct cli_words, cli.root),
	    .argument = "DIR", .completion = COMPLETE_DIRECTORY,
	    .help = "Where images and containers are kept" },
	{ "run-root", .kind = OPTION_TEXT, .offset = offsetof(struct cli_words, cli.run_root),
	    .argument = "DIR", .completion = COMPLETE_DIRECTORY,
	    .help = "Where the state of what runs is kept" },
	{ "storage-driver", .kind = OPTION_TEXT,
	    .offset = offsetof(struct cli_words, cli.storage_driver), .argument = "NAME",
	    .help = "How layers are kept: erofs or overlay" },
	{ "debug", 'D', OPTION_FLAG, offsetof(struct cli_words, cli.debug),
	    .help = "Say on stderr what is being done" },
	{ "version", 'v', OPTION_FLAG, offsetof(struct cli_words, version),
	    .help = "Print the version and quit" },
	{ NULL },
};

const struct command_entry *command_find(const struct command_entry *entries, const char *name)
{
	entry_for_each(entry, entries) if (strcmp(entry->name, name) == 0) return entry;
	return NULL;
}

const struct command_entry *command_resolve(
    char *const *words, unsigned *ret_used, struct buf *path)
{
	const struct command_entry *found = NULL, *entries = commands_all;
	unsigned used = 0;

	if (path)
		buf_adds(path, "dolium");
	while (entries && words[used]) {
		const struct command_entry *entry = command_find(entries, words[used]);

		if (!entry)
			break;
		if (path)
			buf_addf(path, " %s", entry->name);
		found = entry;
		entries = entry->children;
		used++;
	}
	*ret_used = used;
	return found;
}

int cli_engine(struct cli *cli, struct dolium **ret_dolium)
{
	struct dolium_options options = DOLIUM_OPTIONS(struct dolium_options);
	int r = 0;

	options.root = cli->root;
	options.run_root = cli->run_root;
	options.storage_driver = cli->storage_driver;
	options.debug = cli->debug;
	if (!cli->dolium) {
		r = dolium_open(&options, &cli->dolium);
		if (r < 0 && cli->dolium)
			cli_fail(cli);
		else if (r < 0)
			print_error("no memory is left", NULL);
		if (r < 0) {
			dolium_close(cli->dolium);
			cli->dolium = NULL;
		}
	}
	*ret_dolium = cli->dolium;
	return r;
}

int cli_fail(const struct cli *cli)
{
	print_error(dolium_error(cli->dolium), dolium_hint(cli->dolium));
	return 1;
}

int cli_refuse(const struct cli *cli, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX], hint[ERR_HINT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(hint, sizeof(hint), "See '%s --help'.", cli->path);
	print_error(text, hint);
	return 1;
}
