/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/strv.h"

#include "test.h"

TEST(a_list_grows_and_ends_in_a_null)
{
	AUTO_STRV struct strv v = { 0 };

	for (size_t i = 0; i < 100; i++) {
		CHECK_INT(strv_addf(&v, "%zu", i), 0);
		CHECK_INT(v.n, i + 1);
		CHECK(!v.items[v.n]);
	}
	CHECK_STR(v.items[0], "0");
	CHECK_STR(v.items[63], "63");
	CHECK_STR(v.items[99], "99");
}

TEST(an_empty_list_can_be_executed)
{
	const struct strv v = { 0 };

	CHECK(strv_argv(&v));
	CHECK(!strv_argv(&v)[0]);
}

TEST(texts_are_copied)
{
	AUTO_STRV struct strv v = { 0 };
	char text[] = "a";
	const char *const more[] = { "b", "c", NULL };

	CHECK_INT(strv_add(&v, text), 0);
	text[0] = 'x';
	CHECK_INT(strv_add_all(&v, more), 0);
	CHECK_INT(strv_add_all(&v, NULL), 0);
	CHECK_INT(v.n, 3);
	CHECK(strv_has(&v, "a"));
	CHECK(strv_has(&v, "c"));
	CHECK(!strv_has(&v, "x"));
}

TEST(no_text_is_no_memory)
{
	AUTO_STRV struct strv v = { 0 };

	CHECK_INT(strv_consume(&v, NULL), -ENOMEM);
	CHECK_INT(v.n, 0);
}

TEST(an_environment_has_each_key_once)
{
	AUTO_STRV struct strv v = { 0 };

	CHECK_INT(strv_env_set(&v, "PATH", "/bin"), 0);
	CHECK_INT(strv_env_set(&v, "PATHS", "x"), 0);
	CHECK_INT(strv_env_set(&v, "PATH", "/usr/bin=1"), 0);
	CHECK_INT(v.n, 2);
	CHECK_STR(v.items[0], "PATH=/usr/bin=1");
	CHECK_STR(strv_env_get(&v, "PATH"), "/usr/bin=1");
	CHECK_STR(strv_env_get(&v, "PATHS"), "x");
	CHECK(!strv_env_get(&v, "PAT"));
}

TEST(all_are_walked)
{
	AUTO_STRV struct strv v = { 0 };
	size_t n = 0;

	strv_for_each (text, &v)
		n += strlen(*text);
	CHECK_INT(n, 0);
	strv_add(&v, "ab");
	strv_add(&v, "c");
	strv_for_each (text, &v)
		n += strlen(*text);
	CHECK_INT(n, 3);
}
