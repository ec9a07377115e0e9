/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What dolium-oci does in a container that runs: exec, pause, top
 *
 * The process of an exec is made as that of a start is, from the container's record with other
 * words in it, and from the users and groups that its root has now.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "engine/container.h"
#include "engine/oci_launch.h"
#include "engine/spec_parts.h"
#include "engine/subject.h"
#include "format/json.h"
#include "os/file.h"

#define REPORT_MAX ((size_t)64 << 10)
#define TABLE_MAX  ((size_t)16 << 20)

/* "KEY=value", or "KEY": as the caller has it, if at all. */
static int set_env(struct strv *env, const char *word)
{
	const size_t len = strcspn(word, "=");
	AUTO_FREE char *key = strndup(word, len);
	const char *value;

	if (!key)
		return -ENOMEM;
	value = word[len] ? word + len + 1 : getenv(key);
	return value ? strv_env_set(env, key, value) : 0;
}

/* The record is our own copy: it becomes that of a container with this process. */
static int change_record(struct record *record, const struct dolium_exec_options *o, struct err *e)
{
	int r;

	strv_done(&record->entrypoint);
	strv_done(&record->command);
	record->init = false;
	record->tty = o->tty;
	record->privileged = record->privileged || o->privileged;
	r = strv_add_all(&record->command, o->command);
	for (const char *const *word = o->env; word && *word && r == 0; word++)
		r = set_env(&record->env, *word);
	if (r == 0 && o->user) {
		free(record->user);
		record->user = strdup(o->user);
		r = record->user ? 0 : -ENOMEM;
	}
	if (r == 0 && o->workdir) {
		free(record->workdir);
		record->workdir = strdup(o->workdir);
		r = record->workdir ? 0 : -ENOMEM;
	}
	return r < 0 ? err_set(e, r, "cannot make the process") : 0;
}

/* The root as the container's first process has it: with what is mounted in it. */
static int open_root(const struct container_status *status, struct err *e)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/root", (int)status->pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_set(e, -errno, "cannot open the root of the container") : fd;
}

static int write_process(const struct record *record, int root_fd, struct err *e)
{
	AUTO(oci_config_free) struct oci_config *config = calloc(1, sizeof(*config));
	const struct spec_input in = { .record = record, .root_fd = root_fd, .userns_fd = -1 };
	AUTO_BUF struct buf text = { 0 };
	AUTO_FD int fd = -1;
	int r =
	    config ? spec_process(&in, config, e) : err_set(e, -ENOMEM, "cannot make the process");

	if (r < 0)
		return r;
	oci_process_write(config->process, &text);
	r = buf_error(&text);
	fd = r < 0 ? -1 : memfd_create("process", MFD_CLOEXEC);
	if (r == 0)
		r = fd < 0 ? -errno : file_write_fd(fd, text.data, text.len);
	return r < 0 ? err_set(e, r, "cannot make the process") : TAKE_FD(fd);
}

/* What the report says of a failure becomes ours; 0: it says nothing. */
static int read_failure(int report_fd, struct dolium_exit *ret_exit, struct err *e)
{
	AUTO(json_value_free) struct json_value *v = NULL;
	AUTO_FREE char *line = NULL;
	const char *event, *text;
	size_t len = 0;

	if (lseek(report_fd, 0, SEEK_SET) < 0 ||
	    file_read_fd(report_fd, REPORT_MAX, &line, &len) < 0 || len == 0 ||
	    json_value_parse(line, len, "report", &v, NULL) < 0)
		return 0;
	event = json_value_string(json_value_get(v, "event"));
	if (!event || strcmp(event, "failed") != 0)
		return 0;
	text = json_value_string(json_value_get(v, "text"));
	ret_exit->status = container_failure_status(v);
	return err_refuse(e, -(int)json_value_i64(json_value_get(v, "errno")), "%s",
	    text ? text : "cannot exec in the container");
}

static int launch_exec(struct dolium *d, const struct subject *s,
    const struct dolium_exec_options *o, int process_fd, struct dolium_exit *ret_exit,
    struct err *e)
{
	AUTO_FD int report_fd = memfd_create("report", MFD_CLOEXEC);
	AUTO_STRV struct strv words = { 0 };
	AUTO_FREE char *oci = NULL;
	int keep[] = { process_fd, report_fd };
	struct launch launch = {
		.keep_fds = keep,
		.n_keep_fds = 2,
		.forward_signals = true,
		.null_stdin = o->detach || !o->interactive,
		.null_stdout = o->detach,
		.null_stderr = o->detach,
	};
	int r = engine_helper(d, "dolium-oci", &oci, e), status;

	if (r < 0)
		return r;
	if (report_fd < 0)
		return err_set(e, -errno, "cannot exec in the container");
	r = strv_add(&words, oci);
	if (r == 0)
		r = strv_addf(&words, "--root=%s", d->run_root);
	if (r == 0)
		r = strv_add(&words, "exec");
	if (r == 0)
		r = strv_addf(&words, "--process=/proc/self/fd/%d", process_fd);
	if (r == 0)
		r = strv_addf(&words, "--report-fd=%d", report_fd);
	if (r == 0)
		r = strv_add(&words, o->detach ? "--detach" : "--stdio=pipe");
	if (r == 0)
		r = strv_add(&words, s->id);
	if (r < 0)
		return err_set(e, r, "cannot exec in the container");
	launch.program = oci;
	launch.argv = strv_argv(&words);
	/* What it says itself is in the report as well. */
	status = oci_launch(&launch, e);
	if (status < 0)
		return status;
	r = read_failure(report_fd, ret_exit, e);
	if (r == 0)
		ret_exit->status = status;
	return r;
}

static int look_for_running(struct dolium *d, const struct subject *s, const char *name,
    struct container_status *ret_status, struct err *e)
{
	container_look(d, s->id, s->dir_fd, s->record, ret_status);
	if (ret_status->phase == CONTAINER_RUNNING)
		return 0;
	return err_refuse(e, -ESRCH, "container '%s' is not running", name);
}

int dolium_container_exec(struct dolium *d, const char *name,
    const struct dolium_exec_options *options, struct dolium_exit *ret_exit)
{
	AUTO_SUBJECT struct subject s = SUBJECT_NONE;
	struct err *e = engine_begin(d);
	AUTO_FD int root_fd = -1, process_fd = -1;
	struct container_status status;
	int r;

	*ret_exit = (struct dolium_exit){ .status = 125 };
	r = subject_find(d, name, &s, e);
	if (r == 0)
		r = look_for_running(d, &s, name, &status, e);
	if (r == 0)
		r = change_record(s.record, options, e);
	if (r < 0)
		return r;
	root_fd = open_root(&status, e);
	if (root_fd < 0)
		return root_fd;
	process_fd = write_process(s.record, root_fd, e);
	if (process_fd < 0)
		return process_fd;
	return launch_exec(d, &s, options, process_fd, ret_exit, e);
}

/* ---- those that only pass words on ---- */

/* Runs dolium-oci with `words` behind its --root, and takes what it prints, which the caller frees.
 */
static int run_oci(struct dolium *d, struct strv *words, char **ret_out, struct err *e)
{
	AUTO_FD int out = memfd_create("out", MFD_CLOEXEC), log = memfd_create("log", MFD_CLOEXEC);
	AUTO_STRV struct strv all = { 0 };
	AUTO_FREE char *oci = NULL, *text = NULL;
	struct launch launch = { .null_stdin = true, .null_stderr = true, .stdout_fd = out };
	char *last;
	int r = engine_helper(d, "dolium-oci", &oci, e), status;

	if (r < 0)
		return r;
	r = strv_add(&all, oci);
	if (r == 0)
		r = strv_addf(&all, "--root=%s", d->run_root);
	if (r == 0)
		r = strv_addf(&all, "--log=/proc/self/fd/%d", log);
	if (r == 0)
		r = strv_add_all(&all, (const char *const *)strv_argv(words));
	if (r < 0 || out < 0 || log < 0)
		return err_set(e, r < 0 ? r : -errno, "cannot run dolium-oci");
	launch.program = oci;
	launch.argv = strv_argv(&all);
	launch.keep_fds = &log;
	launch.n_keep_fds = 1;
	status = oci_launch(&launch, e);
	if (status < 0)
		return status;
	if (status == 0) {
		r = lseek(out, 0, SEEK_SET) < 0 ? -errno
		                                : file_read_fd(out, TABLE_MAX, ret_out, NULL);
		return r < 0 ? err_set(e, r, "cannot read what dolium-oci has printed") : 0;
	}
	/* time="..." level=error msg="..." */
	if (lseek(log, 0, SEEK_SET) < 0 || file_read_fd(log, REPORT_MAX, &text, NULL) < 0 ||
	    !(last = strstr(text, "msg=\"")))
		return err_refuse(e, -EIO, "dolium-oci has failed with status %d", status);
	last += 5;
	last[strcspn(last, "\"\n")] = '\0';
	return err_refuse(e, -EBUSY, "%s", last);
}

int dolium_container_pause(struct dolium *d, const char *name, bool pause)
{
	AUTO_SUBJECT struct subject s = SUBJECT_NONE;
	struct err *e = engine_begin(d);
	AUTO_STRV struct strv words = { 0 };
	struct container_status status;
	AUTO_FREE char *out = NULL;
	int r = subject_find(d, name, &s, e);

	if (r == 0)
		r = look_for_running(d, &s, name, &status, e);
	if (r < 0)
		return r;
	if (strv_add(&words, pause ? "pause" : "resume") < 0 || strv_add(&words, s.id) < 0)
		return err_set(e, -ENOMEM, "cannot pause container '%s'", name);
	r = run_oci(d, &words, &out, e);
	return r < 0 ? err_wrap(e, r, "cannot %s container '%s'", pause ? "pause" : "unpause", name)
	             : 0;
}

/* One line of ps(1) as an array: the last column has blanks. */
static void put_line(struct json_writer *w, const char *key, const char *line, size_t columns)
{
	json_open_array(w, key);
	for (size_t i = 0; i < columns; i++) {
		size_t len;

		line += strspn(line, " ");
		len = i + 1 < columns ? strcspn(line, " \n") : strcspn(line, "\n");
		json_put_bytes(w, NULL, line, len);
		line += len;
	}
	json_close_array(w);
}

static size_t count_columns(const char *line)
{
	size_t n = 0;

	for (; *line && *line != '\n'; n++) {
		line += strspn(line, " ");
		line += strcspn(line, " \n");
	}
	return n;
}

static void put_table(struct json_writer *w, const char *table)
{
	const size_t columns = count_columns(table);

	json_open_object(w, NULL);
	put_line(w, "Titles", table, columns);
	json_open_array(w, "Processes");
	for (const char *line = strchr(table, '\n'); line && line[1]; line = strchr(line + 1, '\n'))
		put_line(w, NULL, line + 1, columns);
	json_close_array(w);
	json_close_object(w);
}

int dolium_container_top(
    struct dolium *d, const char *name, const char *const *ps_options, struct dolium_value **ret)
{
	AUTO_SUBJECT struct subject s = SUBJECT_NONE;
	AUTO_STRV struct strv words = { 0 };
	AUTO_BUF struct buf text = { 0 };
	struct json_writer w = { .to = &text };
	struct err *e = engine_begin(d);
	struct container_status status;
	AUTO_FREE char *out = NULL;
	int r = subject_find(d, name, &s, e);

	if (r == 0)
		r = look_for_running(d, &s, name, &status, e);
	if (r < 0)
		return r;
	if (strv_add(&words, "ps") < 0 || strv_add(&words, s.id) < 0 ||
	    (ps_options && strv_add_all(&words, ps_options) < 0))
		return err_set(e, -ENOMEM, "cannot list the processes of '%s'", name);
	r = run_oci(d, &words, &out, e);
	if (r < 0)
		return err_wrap(e, r, "cannot list the processes of '%s'", name);
	put_table(&w, out);
	return engine_value_parse(&text, ret, e);
}
