/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dolium login and logout
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <dolium/dolium.h>

#include "base/auto.h"
#include "base/err.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/print.h"
#include "cli/terminal.h"
#include "os/file.h"

#define SERVER_DEFAULT "docker.io"
#define PASSWORD_MAX   ((size_t)64 << 10)

static const char *const booleans[] = { "true", "false", NULL };

struct login_options {
	const char *user, *password, *tls_verify, *auth_file;
	bool password_stdin;
};

static const struct cli_option login_options[] = {
	{ "authfile", .kind = OPTION_TEXT, .offset = offsetof(struct login_options, auth_file),
	    .argument = "FILE", .completion = COMPLETE_FILE,
	    .help = "Where credentials are kept; ~/.docker/config.json unless said otherwise" },
	{ "password", 'p', OPTION_TEXT, offsetof(struct login_options, password), "PASSWORD",
	    .help = "Password; others may see it in the list of processes" },
	{ "password-stdin", 0, OPTION_FLAG, offsetof(struct login_options, password_stdin),
	    .help = "Read the password from stdin" },
	{ "tls-verify", .kind = OPTION_TEXT, .offset = offsetof(struct login_options, tls_verify),
	    .argument = "BOOL", .choices = booleans,
	    .help = "Whether the registry must prove who it is" },
	{ "username", 'u', OPTION_TEXT, offsetof(struct login_options, user), "NAME",
	    .help = "User name" },
	{ NULL },
};

static int read_password(char **ret_password)
{
	struct err e = { 0 };
	size_t len;
	int r = file_read_fd(STDIN_FILENO, PASSWORD_MAX, ret_password, &len);

	if (r < 0) {
		err_set(&e, r, "cannot read the password from stdin");
		print_err(&e);
		return r;
	}
	/* The newline of `echo` is not part of it. */
	(*ret_password)[strcspn(*ret_password, "\r\n")] = '\0';
	return 0;
}

/* Asks for one of the two. Prints why it got none. */
static int ask(const char *question, bool secret, char **ret_answer)
{
	int r = terminal_ask(question, secret, ret_answer);

	if (r == -ENOTTY)
		print_error("cannot ask for the user and the password: stdin is no terminal",
		    "give both: '--username NAME --password-stdin'");
	else if (r < 0 || !**ret_answer)
		print_error("nothing was entered", NULL);
	return r < 0 ? r : **ret_answer ? 0 : -EINVAL;
}

static int run_login(struct cli *cli, void *target, char **words)
{
	const struct login_options *o = target;
	AUTO_FREE char *user = NULL, *password = NULL;
	const char *server = words[0] ? words[0] : SERVER_DEFAULT;
	int tls = !o->tls_verify ? 0 : strcmp(o->tls_verify, "true") == 0 ? 1 : -1;
	struct dolium *d;

	if (o->password && o->password_stdin)
		return cli_refuse(
		    cli, "'--password' and '--password-stdin' cannot be used together");
	if (o->password_stdin && !o->user)
		return cli_refuse(cli, "'--password-stdin' needs '--username' beside it");
	if (o->password)
		log_warning("a password on the command line can be seen by others; "
		            "'--password-stdin' reads it from stdin");
	if (!o->user && ask("Username: ", false, &user) < 0)
		return 1;
	if (o->password_stdin && read_password(&password) < 0)
		return 1;
	if (!o->password && !o->password_stdin && ask("Password: ", true, &password) < 0)
		return 1;
	if (cli_engine(cli, &d) < 0)
		return 1;
	if (dolium_login(d, server, o->user ? o->user : user, o->password ? o->password : password,
	        tls, o->auth_file) < 0)
		return cli_fail(cli);
	puts("Login Succeeded");
	return 0;
}

const struct command command_login = {
	.summary = "Store the credentials for a registry, when it has accepted them",
	.usage = "[OPTIONS] [SERVER]",
	.about = "SERVER is docker.io unless said otherwise.",
	.options = login_options,
	.target_size = sizeof(struct login_options),
	.max_words = 1,
	.run = run_login,
};

struct logout_options {
	const char *auth_file;
};

static const struct cli_option logout_options[] = {
	{ "authfile", .kind = OPTION_TEXT, .offset = offsetof(struct logout_options, auth_file),
	    .argument = "FILE", .completion = COMPLETE_FILE,
	    .help = "Where credentials are kept; ~/.docker/config.json unless said otherwise" },
	{ NULL },
};

static int run_logout(struct cli *cli, void *target, char **words)
{
	const struct logout_options *o = target;
	const char *server = words[0] ? words[0] : SERVER_DEFAULT;
	struct dolium *d;

	if (cli_engine(cli, &d) < 0)
		return 1;
	if (dolium_logout(d, server, o->auth_file) < 0)
		return cli_fail(cli);
	fputs("Removing login credentials for ", stdout);
	print_text(stdout, server, "");
	putchar('\n');
	return 0;
}

const struct command command_logout = {
	.summary = "Forget the credentials for a registry",
	.usage = "[OPTIONS] [SERVER]",
	.about = "SERVER is docker.io unless said otherwise.",
	.options = logout_options,
	.target_size = sizeof(struct logout_options),
	.max_words = 1,
	.run = run_logout,
};
