/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state and list
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/runtime.h"
#include "os/file.h"

static int print(struct buf *text, struct err *e)
{
	int r = buf_error(text);

	if (r >= 0 && text->len > 0)
		r = file_write_fd(STDOUT_FILENO, text->data, text->len);
	return r < 0 ? err_set(e, r, "cannot print") : 0;
}

int runtime_state(const struct runtime *rt, const struct runtime_options *o, struct err *e)
{
	AUTO_OCI_STATE struct oci_state state = { 0 };
	AUTO_BUF struct buf text = { 0 };
	AUTO_FD int home = -1;
	int r;

	home = home_open(rt, o->id, e);
	if (home < 0)
		return home;
	r = home_read_state(home, o->id, &state, e);
	if (r < 0)
		return r;
	oci_state_show(&state, home_status_name(home_status(home, &state)), 2, &text);
	return print(&text, e);
}

static void add_row(const struct runtime_options *o, const struct oci_state *state,
    const char *status, struct buf *to)
{
	if (o->quiet)
		buf_addf(to, "%s\n", state->id);
	else
		buf_addf(to, "%-24s %-10d %-10s %-30s %s\n", state->id,
		    strcmp(status, "stopped") == 0 ? 0 : state->pid, status, state->bundle,
		    state->created);
}

static void add_object(const struct oci_state *state, const char *status, struct buf *to)
{
	if (to->len > 1)
		buf_addc(to, ',');
	oci_state_show(state, status, 0, to);
	if (buf_error(to) >= 0)
		to->data[--to->len] = '\0'; /* the line end */
}

/* One that cannot be read, or goes while we look, is left out. */
static void add_container(const struct runtime *rt, const struct runtime_options *o, const char *id,
    bool json, struct buf *to)
{
	AUTO_OCI_STATE struct oci_state state = { 0 };
	AUTO_FD int home = -1;
	struct err ignored = { 0 };
	const char *status;

	if (!runtime_id_valid(id))
		return;
	home = home_open(rt, id, &ignored);
	if (home < 0 || home_read_state(home, id, &state, &ignored) < 0)
		return;
	status = home_status_name(home_status(home, &state));
	if (json)
		add_object(&state, status, to);
	else
		add_row(o, &state, status, to);
}

int runtime_list(const struct runtime *rt, const struct runtime_options *o, struct err *e)
{
	bool json = o->format && strcmp(o->format, "json") == 0 && !o->quiet;
	AUTO_BUF struct buf text = { 0 };
	struct dirent *entry;
	DIR *dir;

	if (o->format && !json && strcmp(o->format, "table") != 0 && !o->quiet)
		return err_refuse(e, -EINVAL, "invalid format option: '%s'", o->format);
	if (json)
		buf_addc(&text, '[');
	else if (!o->quiet)
		buf_addf(&text, "%-24s %-10s %-10s %-30s %s\n", "ID", "PID", "STATUS", "BUNDLE",
		    "CREATED");
	dir = opendir(rt->root);
	if (!dir && errno != ENOENT)
		return err_set(e, -errno, "cannot read the directory '%s'", rt->root);
	while (dir && (entry = readdir(dir)))
		add_container(rt, o, entry->d_name, json, &text);
	if (dir)
		closedir(dir);
	if (json)
		buf_adds(&text, "]\n");
	return print(&text, e);
}
