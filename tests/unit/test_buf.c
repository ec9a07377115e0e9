/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/buf.h"

#include "test.h"

TEST(an_empty_buf_is_an_empty_text)
{
	AUTO_BUF struct buf b = { 0 };

	CHECK_STR(buf_text(&b), "");
	CHECK_INT(buf_error(&b), 0);
}

TEST(appends_texts_bytes_and_formats)
{
	AUTO_BUF struct buf b = { 0 };

	buf_adds(&b, "one");
	buf_adds(&b, NULL);
	buf_addc(&b, ' ');
	buf_add(&b, "two!", 3);
	buf_add(&b, NULL, 0);
	buf_addf(&b, " %d%s", 3, "");
	CHECK_STR(buf_text(&b), "one two 3");
	CHECK_INT(b.len, 9);
}

TEST(grows_over_every_boundary)
{
	AUTO_BUF struct buf b = { 0 };

	for (size_t i = 0; i < 5000; i++) {
		buf_addc(&b, (char)('a' + i % 26));
		CHECK_INT(b.data[b.len], '\0');
	}
	CHECK_INT(b.len, 5000);
	for (size_t i = 0; i < 5000; i++)
		CHECK_INT(b.data[i], 'a' + i % 26);
}

TEST(remembers_the_first_failure)
{
	AUTO_BUF struct buf b = { .max = 8 };
	char *text = NULL;

	buf_adds(&b, "12345678");
	CHECK_INT(buf_error(&b), 0);
	buf_addc(&b, '9');
	CHECK_INT(buf_error(&b), -EFBIG);
	buf_addf(&b, "%d", 10);
	CHECK_STR(buf_text(&b), "12345678");
	CHECK_INT(buf_take(&b, &text), -EFBIG);
	CHECK(!text);
	CHECK_INT(buf_error(&b), 0);
}

TEST(a_sum_that_overflows_is_too_large)
{
	AUTO_BUF struct buf b = { 0 };

	buf_addc(&b, 'x');
	buf_add(&b, "y", SIZE_MAX);
	CHECK_INT(buf_error(&b), -EFBIG);
}

TEST(hands_its_text_over)
{
	AUTO_BUF struct buf b = { 0 };
	AUTO_FREE char *text = NULL, *none = NULL;

	buf_adds(&b, "text");
	CHECK_INT(buf_take(&b, &text), 0);
	CHECK_STR(text, "text");
	CHECK_INT(b.len, 0);
	CHECK_INT(buf_take(&b, &none), 0);
	CHECK_STR(none, "");
}
