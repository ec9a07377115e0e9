/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the pictures of a pull
 */
#include <dolium/dolium.h>

#include "cli/progress.h"

#include "test.h"

static uint64_t clock_ms;

static uint64_t fake_clock(void)
{
	return clock_ms * 1000000;
}

/* A progress that writes into memory. */
struct screen {
	struct progress p;
	char *text;
	size_t len;
};

static void screen_open(struct screen *s, bool terminal, unsigned columns, unsigned rows)
{
	clock_ms = 1000;
	*s = (struct screen){ 0 };
	s->p.to = open_memstream(&s->text, &s->len);
	s->p.terminal = terminal;
	s->p.columns = columns;
	s->p.rows = rows;
	s->p.now = fake_clock;
}

static void event(
    struct screen *s, const char *id, const char *status, uint64_t done, uint64_t total)
{
	struct dolium_progress p = { .id = id, .status = status, .done = done, .total = total };

	progress_update(&s->p, &p);
}

static void screen_close(struct screen *s)
{
	progress_done(&s->p);
	fclose(s->p.to);
	free(s->text);
}

/* What was written since the last call. */
static const char *since(struct screen *s)
{
	static char copy[8192];

	fflush(s->p.to);
	snprintf(copy, sizeof(copy), "%s", s->text);
	rewind(s->p.to);
	memset(s->text, 0, s->len);
	return copy;
}

TEST(a_log_gets_one_line_for_each_layer)
{
	struct screen s;

	screen_open(&s, false, 80, 24);
	event(&s, "aaaa", "Waiting", 0, 0);
	event(&s, "bbbb", "Already exists", 0, 0);
	for (unsigned i = 0; i < 100; i++)
		event(&s, "aaaa", "Downloading", i, 100);
	event(&s, "aaaa", "Retrying", 50, 100);
	event(&s, "aaaa", "Unpacking", 50, 100);
	event(&s, "aaaa", "Pull complete", 100, 100);
	progress_finish(&s.p);
	CHECK_STR(since(&s), "bbbb: Already exists\naaaa: Retrying\naaaa: Pull complete\n");
	screen_close(&s);
}

TEST(a_sentence_stands_before_the_first_line)
{
	struct screen s;

	screen_open(&s, false, 80, 24);
	s.p.first = "Unable to find image 'x' locally";
	event(&s, "aaaa", "Pull complete", 0, 0);
	CHECK_STR(since(&s), "Unable to find image 'x' locally\naaaa: Pull complete\n");
	screen_close(&s);
}

TEST(a_terminal_gets_a_bar_with_bytes_and_rate_in_place)
{
	struct screen s;

	screen_open(&s, true, 100, 24);
	event(&s, "aaaa", "Downloading", 0, 3000000);
	CHECK_STR(since(&s), "\raaaa: Downloading\033[K\n\033[J");
	clock_ms += 500;
	event(&s, "aaaa", "Downloading", 1000000, 3000000);
	CHECK_STR(since(&s),
	    "\033[1A\raaaa: Downloading [==========>                   ]      1MB/3MB  "
	    "2MB/s\033[K\n\033[J");
	clock_ms += 500;
	event(&s, "aaaa", "Pull complete", 3000000, 3000000);
	CHECK_STR(since(&s), "\033[1A\raaaa: Pull complete\033[K\n\033[J");
	screen_close(&s);
}

TEST(is_redrawn_only_a_few_times_a_second)
{
	struct screen s;

	screen_open(&s, true, 100, 24);
	event(&s, "aaaa", "Downloading", 0, 100);
	since(&s);
	for (unsigned i = 1; i < 50; i++) {
		clock_ms++;
		event(&s, "aaaa", "Downloading", i, 100);
	}
	CHECK_STR(since(&s), "");
	progress_finish(&s.p);
	CHECK(strstr(since(&s), "49B/100B"));
	screen_close(&s);
}

TEST(no_line_is_as_wide_as_the_terminal)
{
	struct screen s;

	for (unsigned columns = 2; columns < 120; columns++) {
		const char *text;

		screen_open(&s, true, columns, 24);
		event(&s, "aaaaaaaaaaaa", "Downloading", 500, 1000);
		text = since(&s);
		CHECK(text[0] == '\r');
		CHECK(strcspn(text + 1, "\033\n") < columns);
		screen_close(&s);
	}
}

TEST(layers_that_are_done_leave_a_low_window)
{
	struct screen s;
	const char *text;
	unsigned lines = 0;
	char id[8];

	screen_open(&s, true, 80, 5);
	for (unsigned i = 0; i < 20; i++) {
		snprintf(id, sizeof(id), "l%02u", i);
		event(&s, id, i < 18 ? "Pull complete" : "Downloading", 1, 10);
	}
	text = since(&s);
	text = strrchr(text, 'A') + 1;
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	CHECK_INT(lines, 2);
	CHECK(strstr(text, "l18: Downloading") && strstr(text, "l19: Downloading"));
	screen_close(&s);
}

TEST(names_cannot_drive_the_terminal)
{
	struct screen s;

	screen_open(&s, false, 80, 24);
	event(&s, "a\033[2J", "Pull complete\n", 0, 0);
	CHECK_STR(since(&s), "a\\x1b[2J: Pull complete\\x0a\n");
	screen_close(&s);
}

TEST(a_flood_of_layers_has_an_end)
{
	struct screen s;
	char id[16];

	screen_open(&s, false, 80, 24);
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(id, sizeof(id), "%u", i);
		event(&s, id, "Waiting", 0, 0);
	}
	CHECK(s.p.n_lines <= 4096);
	screen_close(&s);
}
