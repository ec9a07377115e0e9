/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credential helpers
 *
 * They are the user's own programs, found by $PATH; but their names stand in a
 * file, so a name that is a path is refused.
 */
#include "registry/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/json.h"
#include "os/file.h"

#define ANSWER_MAX ((size_t)64 << 10)

extern char **environ;

static int spawn(char *program, const char *verb, int in_fd, int out_fd, pid_t *ret_pid)
{
	char word[8];
	char *const argv[] = { program, word, NULL };
	posix_spawn_file_actions_t actions;
	int r;

	snprintf(word, sizeof(word), "%s", verb);
	if (posix_spawn_file_actions_init(&actions) != 0)
		return -ENOMEM;
	r = posix_spawn_file_actions_adddup2(&actions, in_fd, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, out_fd, 1);
	if (r == 0)
		r = posix_spawnp(ret_pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* Runs it with `request`; its output is *ret_answer, the caller's. Returns its status. */
static int run(
    const char *name, const char *verb, const char *request, char **ret_answer, struct err *e)
{
	AUTO_FREE char *program = NULL;
	AUTO_FD int to = -1, from = -1, their_in = -1, their_out = -1;
	int in[2], out[2], status = 0, r;
	pid_t pid;

	if (strchr(name, '/') || asprintf(&program, "docker-credential-%s", name) < 0) {
		program = NULL;
		return err_refuse(e, -EINVAL, "no name for a credential helper: '%s'", name);
	}
	/* In by a socket, for a write into it raises no signal; out by a pipe, for a socket loses
	 * what was said when it is closed before all of the request was read. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) < 0)
		return err_set(e, -errno, "cannot run '%s'", program);
	to = in[0];
	their_in = in[1];
	if (pipe2(out, O_CLOEXEC) < 0)
		return err_set(e, -errno, "cannot run '%s'", program);
	from = out[0];
	their_out = out[1];

	r = spawn(program, verb, their_in, their_out, &pid);
	if (r < 0)
		return err_set(e, r, "cannot run '%s'", program);
	close(TAKE_FD(their_in));
	close(TAKE_FD(their_out));

	if (send(to, request, strlen(request), MSG_NOSIGNAL) < 0 && errno != EPIPE)
		r = -errno;
	close(TAKE_FD(to));
	if (r >= 0)
		r = file_read_fd(from, ANSWER_MAX, ret_answer, NULL);
	if (r < 0)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return err_set(e, r, "cannot speak with '%s'", program);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int failed(const char *name, const char *answer, struct err *e)
{
	return err_refuse(e, -EIO, "docker-credential-%s: %.200s", name,
	    answer && *answer ? answer : "it failed");
}

int helper_get(
    const char *name, const char *server, char **ret_user, char **ret_secret, struct err *e)
{
	AUTO(json_value_free) struct json_value *v = NULL;
	AUTO_FREE char *answer = NULL;
	const char *user, *secret;
	int r;

	r = run(name, "get", server, &answer, e);
	if (r < 0)
		return r;
	/* The protocol has no code for "none", only this sentence. */
	if (r > 0 && strstr(answer, "credentials not found"))
		return 0;
	if (r > 0)
		return failed(name, answer, e);

	r = json_value_parse(answer, strlen(answer), name, &v, e);
	if (r < 0)
		return r;
	user = json_value_string(json_value_get(v, "Username"));
	secret = json_value_string(json_value_get(v, "Secret"));
	if (!user || !secret)
		return failed(name, "an answer without Username and Secret", e);
	*ret_user = strdup(user);
	*ret_secret = strdup(secret);
	if (!*ret_user || !*ret_secret)
		return err_set(e, -ENOMEM, "cannot keep credentials");
	return 0;
}

int helper_store(
    const char *name, const char *server, const char *user, const char *password, struct err *e)
{
	AUTO_BUF struct buf text = { 0 };
	struct json_writer w = { .to = &text };
	AUTO_FREE char *answer = NULL;
	int r;

	json_open_object(&w, NULL);
	json_put_text(&w, "ServerURL", server);
	json_put_text(&w, "Username", user);
	json_put_text(&w, "Secret", password);
	json_close_object(&w);
	if (buf_error(&text) < 0)
		return err_set(e, buf_error(&text), "cannot keep credentials");
	r = run(name, "store", buf_text(&text), &answer, e);
	return r > 0 ? failed(name, answer, e) : r;
}

int helper_erase(const char *name, const char *server, struct err *e)
{
	AUTO_FREE char *answer = NULL;
	int r;

	r = run(name, "erase", server, &answer, e);
	return r > 0 ? failed(name, answer, e) : r;
}
