/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the parser of options, of suggestions and of tables
 */
#include <errno.h>
#include <limits.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "cli/option.h"
#include "cli/print.h"
#include "cli/suggest.h"
#include "cli/table.h"

#include "test.h"

struct target {
	bool all, tty, yes;
	const char *name;
	struct strv env;
	int64_t memory, cpus, last;
	int called;
};

static int on_call(void *target, const char *value, struct err *e)
{
	if (strcmp(value, "bad") == 0)
		return err_refuse(e, -EINVAL, "it is bad");
	((struct target *)target)->called++;
	return 0;
}

static const char *const colours[] = { "red", "blue", NULL };

static const struct cli_option table[] = {
	{ "all", 'a', OPTION_FLAG, offsetof(struct target, all) },
	{ "call", .kind = OPTION_CALL, .parse = on_call, .argument = "X" },
	{ "colour", .kind = OPTION_TEXT, .offset = offsetof(struct target, name), .argument = "X",
	    .choices = colours },
	{ "cpus", .kind = OPTION_CPUS, .offset = offsetof(struct target, cpus), .argument = "N" },
	{ "env", 'e', OPTION_LIST, offsetof(struct target, env), "KEY=VALUE" },
	{ "last", 'n', OPTION_NUMBER, offsetof(struct target, last), "N", .min = 1, .max = 9 },
	{ "memory", 'm', OPTION_SIZE, offsetof(struct target, memory), "SIZE", .unlimited = true },
	{ "name", .kind = OPTION_TEXT, .offset = offsetof(struct target, name),
	    .argument = "NAME" },
	{ "nom", .alias_of = "name" },
	{ "tty", 't', OPTION_FLAG, offsetof(struct target, tty) },
	{ "yes", 'y', OPTION_FLAG, offsetof(struct target, yes) },
	{ NULL },
};

/* The words of one command line, at most 15. */
struct line {
	struct target target;
	char *words[16];
	char text[256];
	struct err e;
	int n;
};

static void parse(struct line *l, enum option_order order, const char *text)
{
	size_t n = 0;

	memset(l, 0, sizeof(*l));
	snprintf(l->text, sizeof(l->text), "%s", text);
	for (char *at = l->text, *word; (word = strsep(&at, " ")) && n < 15;)
		l->words[n++] = word;
	l->n = options_parse(table, "dolium test", order, &l->target, l->words, &l->e);
}

TEST(takes_flags_together_apart_and_with_a_value)
{
	struct line l;

	parse(&l, OPTIONS_ANYWHERE, "-at --yes");
	CHECK_INT(l.n, 0);
	CHECK(l.target.all && l.target.tty && l.target.yes);
	parse(&l, OPTIONS_ANYWHERE, "--all --all=false -t=true --yes=T");
	CHECK_INT(l.n, 0);
	CHECK(!l.target.all && l.target.tty && l.target.yes);
}

TEST(takes_a_value_in_all_the_places_docker_does)
{
	static const char *const lines[] = { "--env A=1", "--env=A=1", "-e A=1", "-eA=1", "-e=A=1",
		"-teA=1", "-te A=1" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct line l;

		parse(&l, OPTIONS_ANYWHERE, lines[i]);
		CHECK_INT(l.n, 0);
		CHECK_INT(l.target.env.n, 1);
		CHECK_STR(l.target.env.items[0], "A=1");
		options_done(table, &l.target);
	}
}

TEST(a_flag_does_not_take_the_next_word)
{
	struct line l;

	parse(&l, OPTIONS_ANYWHERE, "--all false");
	CHECK_INT(l.n, 1);
	CHECK(l.target.all);
	CHECK_STR(l.words[0], "false");
}

TEST(options_and_words_may_be_mixed_or_not)
{
	struct line l;

	parse(&l, OPTIONS_ANYWHERE, "one -a two --name x -- -t");
	CHECK_INT(l.n, 3);
	CHECK(l.target.all && !l.target.tty);
	CHECK_STR(l.words[1], "two");
	CHECK_STR(l.words[2], "-t");
	CHECK(!l.words[3]);
	parse(&l, OPTIONS_FIRST, "-a image ls -t -- x");
	CHECK_INT(l.n, 5);
	CHECK(l.target.all && !l.target.tty);
	CHECK_STR(l.words[2], "-t");
	CHECK_STR(l.words[3], "--");
	parse(&l, OPTIONS_FIRST, "-- -a");
	CHECK_INT(l.n, 1);
	CHECK_STR(l.words[0], "-a");
	parse(&l, OPTIONS_ANYWHERE, "-");
	CHECK_INT(l.n, 1);
}

TEST(reads_sizes_cpus_and_numbers)
{
	struct line l;

	parse(&l, OPTIONS_ANYWHERE, "-m 1.5g --cpus 0.5 -n3");
	CHECK_INT(l.n, 0);
	CHECK_INT(l.target.memory, INT64_C(1610612736));
	CHECK_INT(l.target.cpus, 500000000);
	CHECK_INT(l.target.last, 3);
	parse(&l, OPTIONS_ANYWHERE, "-m -1");
	CHECK_INT(l.n, 0);
	CHECK_INT(l.target.memory, -1);
}

TEST(an_alias_sets_what_it_stands_for)
{
	struct line l;

	parse(&l, OPTIONS_ANYWHERE, "--nom x");
	CHECK_INT(l.n, 0);
	CHECK_STR(l.target.name, "x");
}

TEST(a_function_of_the_table_is_called_each_time)
{
	struct line l;

	parse(&l, OPTIONS_ANYWHERE, "--call a --call=b");
	CHECK_INT(l.n, 0);
	CHECK_INT(l.target.called, 2);
}

TEST(help_is_not_a_failure)
{
	struct line l;

	parse(&l, OPTIONS_ANYWHERE, "-a --help");
	CHECK_INT(l.n, -ECANCELED);
	parse(&l, OPTIONS_ANYWHERE, "-h");
	CHECK_INT(l.n, -ECANCELED);
	parse(&l, OPTIONS_FIRST, "image --help");
	CHECK_INT(l.n, 2);
}

TEST(refusals_say_what_is_wrong_with_which_option)
{
	static const struct {
		const char *line, *text, *hint;
	} cases[] = {
		{ "--colur red", "unknown option: '--colur'",
		    "did you mean '--colour'? See 'dolium test --help'." },
		{ "--zzz", "unknown option: '--zzz'", "See 'dolium test --help'." },
		{ "--zzz=1", "unknown option: '--zzz'", "See 'dolium test --help'." },
		{ "-z", "unknown option: '-z'", "See 'dolium test --help'." },
		{ "-az", "unknown option: '-z' in '-az'", "See 'dolium test --help'." },
		{ "--name", "option '--name' needs a value: NAME", "See 'dolium test --help'." },
		{ "-te", "option '-e' needs a value: KEY=VALUE", "See 'dolium test --help'." },
		{ "--all=maybe", "invalid value 'maybe' for '--all': neither true nor false",
		    "See 'dolium test --help'." },
		{ "--colour green",
		    "invalid value 'green' for '--colour': it is one of red or blue",
		    "See 'dolium test --help'." },
		{ "-m x",
		    "invalid value 'x' for '--memory': not a size, which is a number with "
		    "b, k, m, g or t behind it",
		    "See 'dolium test --help'." },
		{ "-m 99999999999t",
		    "invalid value '99999999999t' for '--memory': the size is too "
		    "large",
		    "See 'dolium test --help'." },
		{ "-n 10", "invalid value '10' for '--last': not between 1 and 9",
		    "See 'dolium test --help'." },
		{ "-n x", "invalid value 'x' for '--last': not a whole number",
		    "See 'dolium test --help'." },
		{ "--cpus -1", "invalid value '-1' for '--cpus': not a number of cpus such as 1.5",
		    "See 'dolium test --help'." },
		{ "--call bad", "invalid value 'bad' for '--call': it is bad",
		    "See 'dolium test --help'." },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct line l;

		parse(&l, OPTIONS_ANYWHERE, cases[i].line);
		CHECK(l.n < 0 && l.n != -ECANCELED);
		CHECK_STR(l.e.text, cases[i].text);
		CHECK_STR(l.e.hint, cases[i].hint);
	}
}

TEST(counts_the_letters_between_two_words)
{
	CHECK_INT(suggest_distance("", ""), 0);
	CHECK_INT(suggest_distance("abc", ""), 3);
	CHECK_INT(suggest_distance("", "abc"), 3);
	CHECK_INT(suggest_distance("memroy", "memory"), 1);
	CHECK_INT(suggest_distance("kitten", "sitting"), 3);
	CHECK_INT(suggest_distance("pull", "pul"), 1);
	CHECK(suggest_distance(
	          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	          "a") == UINT_MAX);
}

TEST(suggests_the_nearest_word_and_no_distant_one)
{
	struct suggestion s = { 0 };

	suggest_offer(&s, "imges", "images");
	suggest_offer(&s, "imges", "image");
	CHECK_STR(s.word, "images");
	s = (struct suggestion){ 0 };
	suggest_offer(&s, "frobnicate", "images");
	CHECK(!s.word);
	suggest_offer(&s, "x", "y");
	CHECK(!s.word);
	suggest_offer(&s, "memory-r", "memory-reservation");
	CHECK_STR(s.word, "memory-reservation");
}

TEST(columns_are_as_wide_as_docker_makes_them)
{
	AUTO_BUF struct buf b = { 0 };

	CHECK_INT(table_align(&b, "ID\tNAME\tLAST\nlong-identifier\tä…\tx\n"), 0);
	CHECK_STR(
	    buf_text(&b), "ID                NAME      LAST\nlong-identifier   ä…        x\n");
}

TEST(control_characters_are_shown_and_not_obeyed)
{
	AUTO_BUF struct buf b = { 0 };

	print_escape(&b,
	    "a\033[2J\nb\x7f\xc2\x9b"
	    "c ä",
	    "\n");
	CHECK_STR(buf_text(&b), "a\\x1b[2J\nb\\x7f\\x9bc ä");
}
