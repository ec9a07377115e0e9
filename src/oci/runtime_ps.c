/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ps: the processes of a container
 *
 * The table is that of the host's ps(1), of which the container's rows are left.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "format/json.h"
#include "isolate/limits.h"
#include "oci/runtime.h"
#include "os/file.h"
#include "os/process.h"

#define TABLE_MAX ((size_t)64 << 20)

static int print(struct buf *text, struct err *e)
{
	int r = buf_error(text);

	if (r >= 0)
		r = file_write_fd(STDOUT_FILENO, text->data, text->len);
	return r < 0 ? err_set(e, r, "cannot print") : 0;
}

static int find_pids(
    const struct runtime *rt, const char *id, pid_t **ret_pids, size_t *ret_n, struct err *e)
{
	AUTO(limits_free) struct limits *limits = NULL;
	AUTO_OCI_STATE struct oci_state state = { 0 };
	AUTO_FD int home = home_open(rt, id, e);
	enum home_status status;
	int r;

	if (home < 0)
		return home;
	r = home_read_state(home, id, &state, e);
	if (r < 0)
		return r;
	status = home_status(home, &state);
	if (status == HOME_STOPPED || status == HOME_CREATING)
		return err_refuse(e, -ESRCH, "container not running: %s", home_status_name(status));
	r = home_open_limits(&state, &limits, e);
	return r < 0 ? r : limits_pids(limits, ret_pids, ret_n, e);
}

static int print_json(const pid_t *pids, size_t n, struct err *e)
{
	AUTO_BUF struct buf text = { 0 };
	struct json_writer w = { .to = &text };

	json_open_array(&w, NULL);
	for (size_t i = 0; i < n; i++)
		json_put_i64(&w, NULL, pids[i]);
	json_close_array(&w);
	buf_addc(&text, '\n');
	return print(&text, e);
}

__attribute__((noreturn)) static void become_ps(char *const *options, int output)
{
	AUTO_STRV struct strv args = { 0 };

	if (strv_add(&args, "ps") < 0)
		_exit(127);
	if (!options[0] && strv_add(&args, "-ef") < 0)
		_exit(127);
	for (; *options; options++)
		if (strv_add(&args, *options) < 0)
			_exit(127);
	if (dup2(output, STDOUT_FILENO) < 0)
		_exit(127);
	execvp("ps", strv_argv(&args));
	_exit(127);
}

static int run_ps(char *const *options, char **ret_table, struct err *e)
{
	AUTO_FREE char *table = NULL;
	int ends[2], r, status;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, -errno, "cannot run ps");
	pid = fork();
	if (pid == 0)
		become_ps(options, ends[1]);
	r = pid < 0 ? -errno : 0;
	close(ends[1]);
	if (r >= 0)
		r = file_read_fd(ends[0], TABLE_MAX, &table, NULL);
	close(ends[0]);
	status = pid > 0 ? process_wait(pid) : 0;
	if (r < 0)
		return err_set(e, r, "cannot run ps");
	if (status == 127)
		return err_refuse(e, -ENOENT, "cannot run ps: this host has none");
	if (status != 0)
		return err_refuse(e, -EINVAL, "ps has failed with status %d", status);
	*ret_table = TAKE(table);
	return 0;
}

/* Which of the words of the heading is PID; -1: none. */
static int find_column(const char *line)
{
	for (int column = 0; *line && *line != '\n'; column++) {
		size_t len;

		line += strspn(line, " ");
		len = strcspn(line, " \n");
		if (len == 3 && memcmp(line, "PID", 3) == 0)
			return column;
		line += len;
	}
	return -1;
}

static long read_column(const char *line, int column)
{
	for (; column > 0; column--) {
		line += strspn(line, " ");
		line += strcspn(line, " \n");
	}
	return strtol(line, NULL, 10);
}

static bool has(const pid_t *pids, size_t n, long pid)
{
	for (size_t i = 0; i < n; i++) {
		if (pids[i] == pid)
			return true;
	}
	return false;
}

static int print_table(const char *table, const pid_t *pids, size_t n, struct err *e)
{
	AUTO_BUF struct buf text = { 0 };
	int column = find_column(table);

	if (column < 0)
		return err_refuse(e, -EINVAL, "there is no PID in what ps has printed");
	for (const char *line = table; *line;) {
		size_t len = strcspn(line, "\n");

		if (line == table || has(pids, n, read_column(line, column))) {
			buf_add(&text, line, len);
			buf_addc(&text, '\n');
		}
		line += len + (line[len] == '\n');
	}
	return print(&text, e);
}

int runtime_ps(const struct runtime *rt, const struct runtime_options *o, struct err *e)
{
	bool json = o->format && strcmp(o->format, "json") == 0;
	AUTO_FREE char *table = NULL;
	AUTO_FREE pid_t *pids = NULL;
	size_t n = 0;
	int r;

	if (o->format && !json && strcmp(o->format, "table") != 0)
		return err_refuse(e, -EINVAL, "invalid format option: '%s'", o->format);
	r = find_pids(rt, o->id, &pids, &n, e);
	if (r >= 0 && json)
		return print_json(pids, n, e);
	if (r >= 0)
		r = run_ps(o->arguments, &table, e);
	return r < 0 ? r : print_table(table, pids, n, e);
}
