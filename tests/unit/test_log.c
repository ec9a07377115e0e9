/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of the log is one line, whatever is in the names it tells of
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"

#include "test.h"

TEST(a_name_cannot_forge_a_line_or_speak_to_the_terminal)
{
	char text[256] = "";
	int ends[2];

	CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
	log_setup("dolium", ends[1], false);
	log_warning("no such image: '%s'",
	    "a\nb\033[2J\xc2\x9b"
	    "1mü");
	CHECK(read(ends[0], text, sizeof(text) - 1) > 0);
	CHECK_STR(text, "dolium: warning: no such image: 'a\\x0ab\\x1b[2J\\xc2\\x9b1mü'\n");
}
