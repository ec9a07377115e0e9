/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a pull goes on
 */
#include "cli/progress.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dolium/dolium.h>

#include "base/buf.h"
#include "base/num.h"
#include "cli/print.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "os/monotonic.h"

#define SECOND        UINT64_C(1000000000)
#define DRAW_INTERVAL (SECOND / 10)
#define LINES_MAX     4096
#define BAR_WIDTH     30

struct progress_line {
	char id[16]; /* "" for a line about the whole image */
	char status[32];
	char note[128];
	uint64_t done, total;
	uint64_t began_at, began_done; /* of this status: what a rate is counted from */
	uint64_t rate; /* bytes a second */
};

void progress_init(struct progress *p, FILE *to)
{
	*p = (struct progress){ .to = to, .now = monotonic_ns };
	p->terminal = isatty(fileno(to));
	terminal_size(fileno(to), &p->columns, &p->rows);
}

void progress_done(struct progress *p)
{
	free(p->lines);
	p->lines = NULL;
	p->n_lines = 0;
}

/* ----------------------------------------------------------------- drawing */

static bool is_finished(const struct progress_line *line)
{
	return strcmp(line->status, "Pull complete") == 0 ||
	    strcmp(line->status, "Already exists") == 0;
}

static void add_bar(struct buf *to, uint64_t done, uint64_t total)
{
	const unsigned filled =
	    done >= total ? BAR_WIDTH : (unsigned)((double)done / (double)total * BAR_WIDTH);

	buf_addc(to, '[');
	for (unsigned i = 0; i < BAR_WIDTH; i++)
		buf_addc(to, i < filled ? '=' : i == filled ? '>' : ' ');
	buf_adds(to, "] ");
}

static void add_bytes(struct buf *to, const struct progress_line *line)
{
	char done[16], total[16], rate[16];

	num_format_size(done, sizeof(done), line->done);
	num_format_size(total, sizeof(total), line->total);
	num_format_size(rate, sizeof(rate), line->rate);
	buf_addf(to, "%8s", done);
	if (line->total)
		buf_addf(to, "/%s", total);
	if (line->rate)
		buf_addf(to, "  %s/s", rate);
}

/* "3f2a91c0d4e5: Downloading [====>    ]  1.2MB/3.4MB  5.6MB/s" */
static void format_line(struct buf *to, const struct progress_line *line, unsigned columns)
{
	const bool moving = !is_finished(line) && line->done > 0;

	if (line->id[0]) {
		print_escape(to, line->id, "");
		buf_adds(to, ": ");
	}
	print_escape(to, line->status, "");
	if (moving) {
		buf_addc(to, ' ');
		/* In a narrow window the numbers matter more than the bar. */
		if (line->total && columns >= 80)
			add_bar(to, line->done, line->total);
		add_bytes(to, line);
	}
	if (line->note[0]) {
		buf_addc(to, ' ');
		print_escape(to, line->note, "");
	}
}

/* The first `columns` - 1 characters: a line that wraps cannot be redrawn in place. */
static void add_shortened(struct buf *to, const char *text, unsigned columns)
{
	size_t len = 0;

	for (size_t shown = 0; text[len]; len++) {
		if (((unsigned char)text[len] & 0xc0) != 0x80 && ++shown >= columns)
			break;
	}
	buf_add(to, text, len);
}

/* All lines, or those that are not finished where the window is too low for all. */
static bool is_shown(const struct progress *p, const struct progress_line *line, size_t n_above)
{
	if (p->n_lines < p->rows)
		return true;
	return !is_finished(line) && n_above + 1 < p->rows;
}

static void draw(struct progress *p, uint64_t now)
{
	AUTO_BUF struct buf picture = { 0 };
	size_t n = 0;

	if (p->n_drawn)
		buf_addf(&picture, "\033[%zuA", p->n_drawn);
	for (size_t i = 0; i < p->n_lines; i++) {
		AUTO_BUF struct buf line = { 0 };

		if (!is_shown(p, &p->lines[i], n))
			continue;
		format_line(&line, &p->lines[i], p->columns);
		buf_adds(&picture, "\r");
		add_shortened(&picture, buf_text(&line), p->columns);
		buf_adds(&picture, "\033[K\n");
		n++;
	}
	/* What the last picture had below this one. */
	buf_adds(&picture, "\033[J");
	p->n_drawn = n;
	p->drawn_at = now;
	p->pending = false;
	fputs(buf_text(&picture), p->to);
	fflush(p->to);
}

/* ------------------------------------------------------------------ events */

/* A layer has one line; what is said about the whole image has one for each status. */
static bool is_line_of(const struct progress_line *line, const struct dolium_progress *event)
{
	if (event->id)
		return strcmp(line->id, event->id) == 0;
	return !line->id[0] && event->status && strcmp(line->status, event->status) == 0;
}

static struct progress_line *find_line(struct progress *p, const struct dolium_progress *event)
{
	struct progress_line *more;

	for (size_t i = 0; i < p->n_lines; i++)
		if (is_line_of(&p->lines[i], event))
			return &p->lines[i];
	if (p->n_lines == LINES_MAX)
		return NULL;
	more = reallocarray(p->lines, p->n_lines + 1, sizeof(*more));
	if (!more)
		return NULL;
	p->lines = more;
	more[p->n_lines] = (struct progress_line){ 0 };
	snprintf(more[p->n_lines].id, sizeof(more->id), "%s", event->id ? event->id : "");
	return &more[p->n_lines++];
}

/* Returns whether the status is another one than before. */
static bool take_event(
    struct progress_line *line, const struct dolium_progress *event, uint64_t now)
{
	const char *status = event->status ? event->status : "";
	const bool changed = strncmp(line->status, status, sizeof(line->status) - 1) != 0;

	if (changed) {
		snprintf(line->status, sizeof(line->status), "%s", status);
		line->began_at = now;
		line->began_done = event->done;
		line->rate = 0;
	}
	snprintf(line->note, sizeof(line->note), "%s", event->note ? event->note : "");
	line->done = event->done;
	line->total = event->total;
	/* The first moments say little about the rate. */
	if (now > line->began_at + SECOND / 4 && line->done > line->began_done)
		line->rate = (uint64_t)((double)(line->done - line->began_done) /
		    ((double)(now - line->began_at) / (double)SECOND));
	return changed;
}

/* In a log, what comes and goes several times a second is noise. */
static bool is_worth_a_line(const char *status)
{
	return strcmp(status, "Waiting") != 0 && strcmp(status, "Downloading") != 0 &&
	    strcmp(status, "Unpacking") != 0;
}

static void print_plain(struct progress *p, const struct progress_line *line)
{
	AUTO_BUF struct buf b = { 0 };
	struct progress_line plain = *line;

	plain.done = 0;
	format_line(&b, &plain, 80);
	fprintf(p->to, "%s\n", buf_text(&b));
	fflush(p->to);
}

void progress_update(void *user, const struct dolium_progress *event)
{
	struct progress *p = user;
	const uint64_t now = p->now();
	struct progress_line *line;
	bool changed;

	if (p->first) {
		fprintf(p->to, "%s\n", p->first);
		p->first = NULL;
	}
	line = find_line(p, event);
	if (!line)
		return;
	changed = take_event(line, event, now);
	if (!p->terminal) {
		if (changed && is_worth_a_line(line->status))
			print_plain(p, line);
		return;
	}
	p->pending = true;
	if (changed || now - p->drawn_at >= DRAW_INTERVAL)
		draw(p, now);
}

void progress_finish(struct progress *p)
{
	if (p->terminal && p->pending)
		draw(p, p->now());
	/* What comes now stands below, and stays. */
	p->n_drawn = 0;
	p->n_lines = 0;
}
