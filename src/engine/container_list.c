/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs, and what ran: the rows of `dolium ps`
 *
 * Asked for what runs, only what dolium-oci has a state of is looked at, so the
 * answer costs nothing for containers that do not run.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/strv.h"
#include "engine/container.h"
#include "engine/disk_use.h"
#include "engine/filter.h"
#include "engine/times.h"
#include "format/json.h"
#include "os/dir.h"

#define SWEEP_US 20000

struct row {
	struct record *record;
	struct container_status status;
	uint64_t size;
};

struct rows {
	struct row *items;
	size_t n;
};

static void rows_done(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		record_free(rows->items[i].record);
	free(rows->items);
}

#define AUTO_ROWS __attribute__((cleanup(rows_done)))

/* ---- which ---- */

static int ids_of_running(struct dolium *d, struct strv *ret_ids, struct err *e)
{
	AUTO(dir_close) DIR *dir = NULL;
	int run_fd = engine_run_dir(d, e), r;
	const struct dirent *entry;

	if (run_fd < 0)
		return run_fd;
	r = dir_open(run_fd, ".", &dir);
	if (r < 0)
		return err_set(e, r, "cannot list the containers");
	while ((entry = dir_next(dir)))
		if (strlen(entry->d_name) == RECORD_ID_LEN && strv_add(ret_ids, entry->d_name) < 0)
			return err_set(e, -ENOMEM, "cannot list the containers");
	return 0;
}

static const char *phase_name(const struct container_status *status)
{
	switch (status->phase) {
	case CONTAINER_RUNNING:
		return "running";
	case CONTAINER_EXITED:
		return "exited";
	case CONTAINER_RESTARTING:
		return "restarting";
	case CONTAINER_CREATED:
	case CONTAINER_GARBAGE:
		break;
	}
	return "created";
}

static bool fits_exit(const char *value, const void *user)
{
	const struct container_status *status = user;
	char text[16];

	snprintf(text, sizeof(text), "%d", status->exit_status);
	return status->phase == CONTAINER_EXITED && strcmp(text, value) == 0;
}

/* An image by what the user called it, or the beginning of its id. */
static bool fits_ancestor(const char *value, const void *user)
{
	const struct record *record = user;
	const char *id = record->image_id ? record->image_id : "";

	if (strcmp(record->image, value) == 0)
		return true;
	if (strncmp(value, "sha256:", 7) != 0 && strncmp(id, "sha256:", 7) == 0)
		id += 7;
	return value[0] != '\0' && strncmp(id, value, strlen(value)) == 0 && strlen(value) >= 4;
}

static bool row_fits(const struct row *row, const char *const *filters)
{
	const struct record *record = row->record;

	return filter_any(filters, "id", filter_begins, record->id) &&
	    filter_any(filters, "name", filter_contains, record->name) &&
	    filter_any(filters, "status", filter_is, phase_name(&row->status)) &&
	    filter_any(filters, "isolation", filter_is, record->isolation) &&
	    filter_any(filters, "ancestor", fits_ancestor, record) &&
	    filter_any(filters, "exited", fits_exit, &row->status) &&
	    filter_labels(filters, &record->labels);
}

/* One that is gone meanwhile, half made or garbage is passed over. */
static int row_add(struct dolium *d, const char *id, const struct dolium_list_options *options,
    bool only_running, struct rows *rows)
{
	AUTO(record_free) struct record *record = NULL;
	AUTO_FD int dir_fd = container_open(d, id, NULL);
	struct row row = { 0 }, *grown;

	if (dir_fd < 0 || container_read(dir_fd, id, &record, NULL) < 0)
		return 0;
	container_look(d, id, dir_fd, record, &row.status);
	row.record = record;
	if (row.status.phase == CONTAINER_GARBAGE ||
	    (only_running && row.status.phase != CONTAINER_RUNNING) ||
	    !row_fits(&row, options->filters))
		return 0;
	if (options->with_size)
		row.size = disk_use(dir_fd, "upper");
	grown = reallocarray(rows->items, rows->n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	rows->items = grown;
	grown[rows->n++] = row;
	record = NULL;
	return 0;
}

static int newest_first(const void *a, const void *b)
{
	const int64_t left = ((const struct row *)a)->record->created_ns;
	const int64_t right = ((const struct row *)b)->record->created_ns;

	return left < right ? 1 : left > right ? -1 : 0;
}

/* ---- how they look ---- */

static void put_command(struct json_writer *w, const struct record *record)
{
	AUTO_BUF struct buf text = { 0 };
	bool first = true;

	buf_addc(&text, '"');
	strv_for_each (word, &record->entrypoint) {
		buf_addf(&text, "%s%s", first ? "" : " ", *word);
		first = false;
	}
	strv_for_each (word, &record->command) {
		buf_addf(&text, "%s%s", first ? "" : " ", *word);
		first = false;
	}
	buf_addc(&text, '"');
	json_put_text(w, "Command", buf_text(&text));
}

static void put_status(struct json_writer *w, const struct row *row)
{
	const int64_t now = times_now();
	char span[TIMES_TEXT_MAX], text[96] = "Created";

	if (row->status.phase == CONTAINER_RUNNING) {
		times_format_span(now - row->status.started_ns, span);
		snprintf(text, sizeof(text), "Up %s", span);
	} else if (row->status.phase == CONTAINER_RESTARTING) {
		times_format_span(now - row->status.finished_ns, span);
		snprintf(
		    text, sizeof(text), "Restarting (%d) %s ago", row->status.exit_status, span);
	} else if (row->status.phase == CONTAINER_EXITED) {
		times_format_span(now - row->status.finished_ns, span);
		if (row->status.finished_ns > 0)
			snprintf(text, sizeof(text), "Exited (%d) %s ago", row->status.exit_status,
			    span);
		else
			snprintf(text, sizeof(text), "Exited (%d)", row->status.exit_status);
	}
	json_put_text(w, "Status", text);
	json_put_text(w, "State", phase_name(&row->status));
}

static void put_times(struct json_writer *w, const struct record *record)
{
	char text[TIMES_TEXT_MAX], span[TIMES_TEXT_MAX];
	char ago[TIMES_TEXT_MAX + 8];

	times_format_plain(record->created_ns, text);
	json_put_text(w, "CreatedAt", text);
	times_format_span(times_now() - record->created_ns, span);
	snprintf(ago, sizeof(ago), "%s ago", span);
	json_put_text(w, "RunningFor", ago);
}

static void put_labels(struct json_writer *w, const struct record *record)
{
	AUTO_BUF struct buf text = { 0 };

	for (size_t i = 0; i < record->labels.n; i++)
		buf_addf(&text, "%s%s=%s", i ? "," : "", record->labels.items[i].key,
		    record->labels.items[i].value);
	json_put_text(w, "Labels", buf_text(&text));
}

static void put_mounts(struct json_writer *w, const struct record *record)
{
	AUTO_BUF struct buf text = { 0 };

	for (size_t i = 0; i < record->n_mounts; i++)
		if (record->mounts[i].source)
			buf_addf(&text, "%s%s", text.len ? "," : "", record->mounts[i].source);
	json_put_text(w, "Mounts", buf_text(&text));
}

static void put_row(struct json_writer *w, const struct row *row, bool with_size)
{
	const struct record *record = row->record;
	char size[16];

	json_open_object(w, NULL);
	json_put_text(w, "ID", record->id);
	json_put_text(w, "Names", record->name);
	json_put_text(w, "Image", record->image);
	put_command(w, record);
	put_times(w, record);
	put_status(w, row);
	json_put_text(w, "Isolation", record->isolation);
	json_put_text(w, "Ports", "");
	put_labels(w, record);
	put_mounts(w, record);
	json_put_text(w, "Networks", record->network);
	if (with_size) {
		num_format_size(size, sizeof(size), row->size);
		json_put_text(w, "Size", size);
	}
	json_close_object(w);
}

static int rows_collect(struct dolium *d, const struct dolium_list_options *options,
    bool only_running, struct rows *rows, struct err *e)
{
	AUTO_STRV struct strv ids = { 0 };
	int r = only_running ? ids_of_running(d, &ids, e) : container_ids(d, &ids, e);

	if (r < 0)
		return r;
	strv_for_each (id, &ids)
		if (row_add(d, *id, options, only_running, rows) < 0)
			return err_set(e, -ENOMEM, "cannot list the containers");
	qsort(rows->items, rows->n, sizeof(*rows->items), newest_first);
	if (options->last > 0)
		while (rows->n > (size_t)options->last)
			record_free(rows->items[--rows->n].record);
	return 0;
}

int dolium_container_list(
    struct dolium *d, const struct dolium_list_options *options, struct dolium_value **ret)
{
	static const char *const known[] = { "id", "name", "status", "label", "ancestor", "exited",
		"isolation", NULL };
	AUTO_ROWS struct rows rows = { 0 };
	AUTO_BUF struct buf text = { 0 };
	struct json_writer w = { .to = &text };
	struct err *e = engine_begin(d);
	bool only_running;
	int r = filter_check(options->filters, known, e);

	if (r < 0)
		return r;
	only_running = !options->all && options->last <= 0 &&
	    !filter_has(options->filters, "status") && !filter_has(options->filters, "exited");
	if (!only_running)
		container_sweep(d, SWEEP_US);
	r = rows_collect(d, options, only_running, &rows, e);
	if (r < 0)
		return r;
	json_open_array(&w, NULL);
	for (size_t i = 0; i < rows.n; i++)
		put_row(&w, &rows.items[i], options->with_size);
	json_close_array(&w);
	return engine_value_parse(&text, ret, e);
}
