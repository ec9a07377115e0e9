/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium pull, load and import: how images come in
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <dolium/dolium.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "cli/command.h"
#include "cli/print.h"
#include "cli/progress.h"

AUTO_DEFINE(struct dolium_value *, dolium_value_free);

static const char *const booleans[] = { "true", "false", NULL };

struct pull_options {
	bool quiet;
	const char *platform, *tls_verify, *auth_file, *cert_dir, *credentials;
	struct strv mirrors;
};

static const struct cli_option pull_options[] = {
	{ "authfile", .kind = OPTION_TEXT, .offset = offsetof(struct pull_options, auth_file),
	    .argument = "FILE", .completion = COMPLETE_FILE,
	    .help = "Credentials; ~/.docker/config.json and auth.json unless said otherwise" },
	{ "cert-dir", .kind = OPTION_TEXT, .offset = offsetof(struct pull_options, cert_dir),
	    .argument = "DIR", .completion = COMPLETE_DIRECTORY,
	    .help = "Certificates and keys for this registry" },
	{ "creds", .kind = OPTION_TEXT, .offset = offsetof(struct pull_options, credentials),
	    .argument = "USER:PASSWORD", .help = "Credentials for this registry" },
	{ "mirror", .kind = OPTION_LIST, .offset = offsetof(struct pull_options, mirrors),
	    .argument = "REGISTRY=URL", .help = "Ask there before the registry itself" },
	{ "platform", .kind = OPTION_TEXT, .offset = offsetof(struct pull_options, platform),
	    .argument = "OS/ARCH", .help = "Platform of the image, such as linux/arm64" },
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct pull_options, quiet),
	    .help = "Print the digest only" },
	{ "tls-verify", .kind = OPTION_TEXT, .offset = offsetof(struct pull_options, tls_verify),
	    .argument = "BOOL", .choices = booleans,
	    .help = "Whether the registry must prove who it is" },
	{ NULL },
};

static void print_field(const char *before, const struct dolium_value *row, const char *key)
{
	fputs(before, stdout);
	print_text(stdout, dolium_value_text(row, key), "");
	fputc('\n', stdout);
}

static void print_pulled(const struct dolium_value *image)
{
	const bool new = strcmp(dolium_value_text(image, "Status"), "downloaded") == 0;

	if (*dolium_value_text(image, "Digest"))
		print_field("Digest: ", image, "Digest");
	print_field(
	    new ? "Status: Downloaded newer image for " : "Status: Image is up to date for ", image,
	    "Name");
	print_field("", image, "Name");
}

/* The digest that names it at its registry; an image from an archive has its id alone. */
static void print_digest(const struct dolium_value *image)
{
	print_field("", image, *dolium_value_text(image, "Digest") ? "Digest" : "Id");
}

/* A name that says no tag means one: say which. */
static bool has_no_tag(const char *source)
{
	const char *slash = strrchr(source, '/'), *last = slash ? slash + 1 : source;

	return !strpbrk(last, ":@") && strncmp(source, "oci", 3) != 0 &&
	    strncmp(source, "docker-archive", 14) != 0;
}

static int run_pull(struct cli *cli, void *target, char **words)
{
	const struct pull_options *o = target;
	struct dolium_pull_options options = DOLIUM_OPTIONS(struct dolium_pull_options);
	AUTO(dolium_value_free) struct dolium_value *images = NULL;
	struct progress progress;
	struct dolium *d;
	int r;

	if (cli_engine(cli, &d) < 0)
		return 1;
	progress_init(&progress, stdout);
	options.platform = o->platform;
	options.auth_file = o->auth_file;
	options.cert_dir = o->cert_dir;
	options.credentials = o->credentials;
	options.mirrors = o->mirrors.n ? (const char *const *)o->mirrors.items : NULL;
	if (o->tls_verify)
		options.tls_verify = strcmp(o->tls_verify, "true") == 0 ? 1 : -1;
	if (!o->quiet) {
		options.progress = progress_update;
		options.user = &progress;
		if (has_no_tag(words[0]))
			puts("Using default tag: latest");
	}
	r = dolium_image_pull(d, words[0], &options, &images);
	progress_finish(&progress);
	progress_done(&progress);
	if (r < 0)
		return cli_fail(cli);
	for (size_t i = 0; i < dolium_value_count(images); i++) {
		if (o->quiet)
			print_digest(dolium_value_at(images, i));
		else
			print_pulled(dolium_value_at(images, i));
	}
	return 0;
}

const struct command command_pull = {
	.summary = "Fetch an image",
	.usage = "[OPTIONS] NAME[:TAG|@DIGEST]",
	.about = "NAME may also be oci:DIR[:TAG], oci-archive:FILE or docker-archive:FILE.",
	.options = pull_options,
	.target_size = sizeof(struct pull_options),
	.min_words = 1,
	.max_words = 1,
	.words = COMPLETE_IMAGE,
	.run = run_pull,
};

/* -------------------------------------------------------------------- load */

struct load_options {
	const char *input, *platform;
	bool quiet;
};

static const struct cli_option load_options[] = {
	{ "input", 'i', OPTION_TEXT, offsetof(struct load_options, input), "FILE",
	    .completion = COMPLETE_FILE, .help = "Read from a file instead of stdin" },
	{ "platform", .kind = OPTION_TEXT, .offset = offsetof(struct load_options, platform),
	    .argument = "OS/ARCH", .help = "Only the image for that platform" },
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct load_options, quiet),
	    .help = "Do not show how it goes on" },
	{ NULL },
};

/* Opens a file, or stdin for "-" or NULL. Prints why not. The caller owns *ret_fd. */
static int open_input(const char *path, int *ret_fd)
{
	struct err e = { 0 };
	int fd;

	if (!path || strcmp(path, "-") == 0) {
		if (isatty(STDIN_FILENO)) {
			print_error("stdin is a terminal: it has no archive to read",
			    "name a file, or send one with '<'");
			return -EINVAL;
		}
		fd = dup(STDIN_FILENO);
	} else {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	}
	if (fd < 0) {
		err_set(&e, -errno, "cannot open '%s'", path ? path : "stdin");
		print_err(&e);
		return e.code;
	}
	*ret_fd = fd;
	return 0;
}

static void print_loaded(const struct dolium_value *image)
{
	const struct dolium_value *tags = dolium_value_get(image, "RepoTags");

	for (size_t i = 0; i < dolium_value_count(tags); i++)
		print_field("Loaded image: ", dolium_value_at(tags, i), NULL);
	if (dolium_value_count(tags) == 0)
		print_field("Loaded image ID: ", image, "Id");
}

static int run_load(struct cli *cli, void *target, char **words)
{
	const struct load_options *o = target;
	struct dolium_pull_options options = DOLIUM_OPTIONS(struct dolium_pull_options);
	AUTO(dolium_value_free) struct dolium_value *images = NULL;
	AUTO_FD int fd = -1;
	struct progress progress;
	struct dolium *d;
	int r;

	(void)words;
	if (open_input(o->input, &fd) < 0 || cli_engine(cli, &d) < 0)
		return 1;
	progress_init(&progress, stdout);
	options.platform = o->platform;
	/* As docker: a load is quiet but for its bars. */
	if (!o->quiet && progress.terminal) {
		options.progress = progress_update;
		options.user = &progress;
	}
	r = dolium_image_load(d, fd, &options, &images);
	progress_finish(&progress);
	progress_done(&progress);
	if (r < 0)
		return cli_fail(cli);
	for (size_t i = 0; i < dolium_value_count(images); i++)
		print_loaded(dolium_value_at(images, i));
	return 0;
}

const struct command command_load = {
	.summary = "Load images from an archive of 'docker save' or an OCI archive",
	.usage = "[OPTIONS]",
	.options = load_options,
	.target_size = sizeof(struct load_options),
	.run = run_load,
};

/* ------------------------------------------------------------------ import */

struct import_options {
	struct strv changes;
	const char *message, *platform;
};

static const struct cli_option import_options[] = {
	{ "change", 'c', OPTION_LIST, offsetof(struct import_options, changes), "INSTRUCTION",
	    .help = "Set something of the image by a line of a Dockerfile: 'CMD [\"sh\"]'" },
	{ "message", 'm', OPTION_TEXT, offsetof(struct import_options, message), "TEXT",
	    .help = "Comment for the image's history" },
	{ "platform", .kind = OPTION_TEXT, .offset = offsetof(struct import_options, platform),
	    .argument = "OS/ARCH", .help = "What the image is for; this machine unless said" },
	{ NULL },
};

static int run_import(struct cli *cli, void *target, char **words)
{
	const struct import_options *o = target;
	AUTO(dolium_value_free) struct dolium_value *image = NULL;
	const struct dolium_value *first;
	AUTO_FD int fd = -1;
	struct dolium *d;

	if (open_input(words[0], &fd) < 0 || cli_engine(cli, &d) < 0)
		return 1;
	if (dolium_image_import(d, fd, words[1],
	        o->changes.n ? (const char *const *)o->changes.items : NULL, o->message,
	        o->platform, &image) < 0)
		return cli_fail(cli);
	/* An object, or a list of one. */
	first = *dolium_value_text(image, "Id") ? image : dolium_value_at(image, 0);
	print_field("", first, "Id");
	return 0;
}

const struct command command_import = {
	.summary = "Make an image of the tar of a root file system",
	.usage = "[OPTIONS] FILE|- [NAME[:TAG]]",
	.options = import_options,
	.target_size = sizeof(struct import_options),
	.min_words = 1,
	.max_words = 2,
	.words = COMPLETE_FILE,
	.run = run_import,
};
