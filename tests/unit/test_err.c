/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/err.h"

#include "test.h"

TEST(a_report_ends_in_the_words_of_the_system)
{
	struct err e = { 0 };

	CHECK_INT(err_set(&e, -ENOENT, "cannot open '%s'", "x"), -ENOENT);
	CHECK_INT(e.code, -ENOENT);
	CHECK_STR(e.text, "cannot open 'x': No such file or directory");
}

TEST(a_refusal_has_our_words_alone)
{
	struct err e = { 0 };

	CHECK_INT(err_refuse(&e, -EINVAL, "no such image: '%s'", "webb"), -EINVAL);
	CHECK_STR(e.text, "no such image: 'webb'");
}

TEST(context_comes_before_and_the_hint_stays)
{
	struct err e = { 0 };

	err_refuse(&e, -EINVAL, "inner");
	err_hint(&e, "try %d", 1);
	CHECK_INT(err_wrap(&e, -EIO, "layer %d", 2), -EIO);
	CHECK_STR(e.text, "layer 2: inner");
	CHECK_STR(e.hint, "try 1");
	CHECK_INT(e.code, -EIO);
	err_refuse(&e, -EINVAL, "another");
	CHECK_STR(e.hint, "");
}

TEST(nobody_has_to_listen)
{
	CHECK_INT(err_set(NULL, -EIO, "x"), -EIO);
	CHECK_INT(err_refuse(NULL, -EIO, "x"), -EIO);
	CHECK_INT(err_wrap(NULL, -EIO, "x"), -EIO);
	err_hint(NULL, "x");
}

TEST(what_does_not_fit_is_cut)
{
	struct err e = { 0 };
	char text[3 * ERR_TEXT_MAX];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	CHECK_INT(err_set(&e, -EIO, "%s", text), -EIO);
	CHECK_INT(strlen(e.text), ERR_TEXT_MAX - 1);
	CHECK_INT(err_wrap(&e, -EIO, "%s", "context"), -EIO);
	CHECK_INT(strlen(e.text), ERR_TEXT_MAX - 1);
	CHECK(strncmp(e.text, "context: aaa", 12) == 0);
	CHECK_INT(err_wrap(&e, -EIO, "%s", text), -EIO);
	err_hint(&e, "%s", text);
	CHECK_INT(strlen(e.hint), ERR_HINT_MAX - 1);

	text[ERR_TEXT_MAX - 2] = '\0';
	CHECK_INT(err_wrap(&e, -EIO, "%s", text), -EIO);
	CHECK_INT(strlen(e.text), ERR_TEXT_MAX - 2);
}

/* The last: it cannot be undone. */
TEST(words_may_begin_small)
{
	struct err e = { 0 };

	err_small_words();
	err_set(&e, -ENOENT, "cannot open 'X'");
	CHECK_STR(e.text, "cannot open 'X': no such file or directory");
	err_set(&e, -EXDEV, "link");
	CHECK_STR(e.text, "link: invalid cross-device link");
}
