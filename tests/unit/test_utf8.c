/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include "test.h"

static size_t length(const char *text)
{
	return utf8_length(text, strlen(text));
}

TEST(characters_have_one_to_four_bytes)
{
	CHECK_INT(length("a"), 1);
	CHECK_INT(length("\xc3\xa4x"), 2);
	CHECK_INT(length("\xe2\x82\xac"), 3);
	CHECK_INT(length("\xf0\x9f\x98\x80"), 4);
	CHECK_INT(length("\xf4\x8f\xbf\xbf"), 4);
	CHECK_INT(utf8_length("", 1), 1);
	CHECK_INT(length(""), 0);
}

TEST(what_is_no_character_has_none)
{
	static const char *const bad[] = { "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3x",
		"\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82", "\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xf0\x9f\x98" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_INT(length(bad[i]), 0);
	CHECK_INT(utf8_length("\xe2\x82\xac", 2), 0);
}

TEST(characters_are_counted_and_cut)
{
	CHECK_INT(utf8_count("a\xc3\xa4\xe2\x82\xac\xff"), 4);
	CHECK_INT(utf8_prefix("a\xc3\xa4\xe2\x82\xac", 2), 3);
	CHECK_INT(utf8_prefix("a\xc3\xa4", 9), 3);
	CHECK_INT(utf8_prefix("abc", 0), 0);
}
