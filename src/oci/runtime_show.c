/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state and list
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
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

/* Columns as wide as what is in them, and 12 at least: what people have cut by hand. */
#define COLUMNS      6
#define COLUMN_MIN   12
#define COLUMN_APART 3

static int add_cells(struct strv *cells, const char *const texts[COLUMNS])
{
	int r = 0;

	for (size_t i = 0; i < COLUMNS && r >= 0; i++)
		r = strv_add(cells, texts[i] ? texts[i] : "");
	return r;
}

static int add_row(int home, const struct oci_state *state, const char *status, struct strv *cells)
{
	char pid[16], owner[24];
	struct stat st = { 0 };
	const char *const texts[COLUMNS] = { state->id, pid, status, state->bundle, state->created,
		owner };

	(void)fstat(home, &st);
	snprintf(pid, sizeof(pid), "%d", strcmp(status, "stopped") == 0 ? 0 : state->pid);
	snprintf(owner, sizeof(owner), st.st_uid == 0 ? "root" : "#%u", st.st_uid);
	return add_cells(cells, texts);
}

static void print_cells(const struct strv *cells, struct buf *to)
{
	size_t widths[COLUMNS] = { 0 };

	for (size_t i = 0; i < cells->n; i++) {
		size_t len = strlen(cells->items[i]) + COLUMN_APART;

		if (len > widths[i % COLUMNS])
			widths[i % COLUMNS] = len;
	}
	for (size_t i = 0; i < cells->n; i++) {
		size_t width = widths[i % COLUMNS];

		if (i % COLUMNS == COLUMNS - 1)
			buf_addf(to, "%s\n", cells->items[i]);
		else
			buf_addf(to, "%-*s", (int)(width < COLUMN_MIN ? COLUMN_MIN : width),
			    cells->items[i]);
	}
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
    bool json, struct strv *cells, struct buf *to)
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
	else if (o->quiet)
		buf_addf(to, "%s\n", state.id);
	else
		(void)add_row(home, &state, status, cells);
}

int runtime_list(const struct runtime *rt, const struct runtime_options *o, struct err *e)
{
	bool json = o->format && strcmp(o->format, "json") == 0 && !o->quiet;
	static const char *const heading[COLUMNS] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED",
		"OWNER" };
	AUTO_STRV struct strv cells = { 0 };
	AUTO_BUF struct buf text = { 0 };
	struct dirent *entry;
	DIR *dir;

	if (o->format && !json && strcmp(o->format, "table") != 0 && !o->quiet)
		return err_refuse(e, -EINVAL, "invalid format option: '%s'", o->format);
	if (json)
		buf_addc(&text, '[');
	else if (!o->quiet && add_cells(&cells, heading) < 0)
		return err_set(e, -ENOMEM, "cannot list the containers");
	dir = opendir(rt->root);
	if (!dir && errno != ENOENT)
		return err_set(e, -errno, "cannot read the directory '%s'", rt->root);
	while (dir && (entry = readdir(dir)))
		add_container(rt, o, entry->d_name, json, &cells, &text);
	if (dir)
		closedir(dir);
	if (json)
		buf_adds(&text, "]\n");
	print_cells(&cells, &text);
	return print(&text, e);
}
