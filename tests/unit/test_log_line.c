/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "format/log_line.h"

#include "test.h"

#define WHEN "2026-11-23T19:02:11Z"

TEST(json_is_what_engines_read)
{
	AUTO_BUF struct buf b = { 0 };

	log_line_json(LOG_LINE_ERROR, "a \"b\"\n\\", WHEN, &b);
	CHECK_STR(buf_text(&b),
	    "{\"level\":\"error\",\"msg\":\"a \\\"b\\\"\\n\\\\\",\"time\":\"" WHEN "\"}\n");
}

TEST(a_text_closes_no_quote_and_ends_no_line)
{
	AUTO_BUF struct buf b = { 0 };

	log_line_text(LOG_LINE_WARNING, "a\" level=info msg=\"b\nc\x1b[m", WHEN, &b);
	CHECK_STR(buf_text(&b),
	    "time=\"" WHEN "\" level=warning msg=\"a\\\" level=info msg=\\\"b\\nc\\x1b[m\"\n");
}

TEST(the_journal_gets_fields)
{
	AUTO_BUF struct buf b = { 0 };

	log_line_journal(LOG_LINE_ERROR, "it failed", "pod7", &b);
	CHECK_STR(buf_text(&b), "MESSAGE=it failed\nPRIORITY=3\nSYSLOG_IDENTIFIER=pod7\n");
}

TEST(a_text_of_two_lines_adds_no_field_to_the_journal)
{
	AUTO_BUF struct buf b = { 0 };

	log_line_journal(LOG_LINE_DEBUG, "a\nPRIORITY=0", "x", &b);
	CHECK_INT(b.len, 8 + 8 + 12 + 1 + 11 + 20);
	CHECK(memcmp(b.data,
	          "MESSAGE\n\x0c\0\0\0\0\0\0\0"
	          "a\nPRIORITY=0\nPRIORITY=7\n",
	          40) == 0);
}

TEST(syslog_gets_one_line)
{
	AUTO_BUF struct buf b = { 0 };

	log_line_syslog(LOG_LINE_WARNING, "a\n<0>b", "ctr", 12, &b);
	CHECK_STR(buf_text(&b), "<28>ctr[12]: a\\x0a<0>b");
}
