/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "format/mountinfo.h"

#include "test.h"

TEST(a_line_is_read)
{
	AUTO_MOUNTINFO struct mountinfo info = { 0 };

	CHECK_INT(mountinfo_parse(
	              "36 35 98:7 /mnt1 /mnt2 rw,noatime master:1 shared:2 - ext3 /dev/root rw\n"
	              "37 36 0:5 / /proc rw - proc proc rw",
	              &info),
	    0);
	CHECK_INT(info.n, 2);
	CHECK_INT(info.items[0].id, 36);
	CHECK_INT(info.items[0].parent, 35);
	CHECK_INT(info.items[0].major, 98);
	CHECK_INT(info.items[0].minor, 7);
	CHECK_STR(info.items[0].root, "/mnt1");
	CHECK_STR(info.items[0].point, "/mnt2");
	CHECK_STR(info.items[0].type, "ext3");
	CHECK_STR(info.items[1].point, "/proc");
	CHECK_STR(info.items[1].type, "proc");
}

TEST(names_are_unescaped)
{
	AUTO_MOUNTINFO struct mountinfo info = { 0 };

	CHECK_INT(
	    mountinfo_parse("1 1 0:1 /a\\040b /c\\134\\011d\\09 rw - tmpfs none rw\n", &info), 0);
	CHECK_STR(info.items[0].root, "/a b");
	CHECK_STR(info.items[0].point, "/c\\\td\\09");
}

TEST(nothing_is_no_mounts)
{
	AUTO_MOUNTINFO struct mountinfo info = { 0 };

	CHECK_INT(mountinfo_parse("", &info), 0);
	CHECK_INT(info.n, 0);
}

TEST(what_is_no_mountinfo_is_refused)
{
	static const char *const bad[] = { "36", "36 35 98:0 /a", "36 35 98 /a /b rw - ext3 x rw",
		"x 35 98:0 /a /b rw - ext3 x rw", "36 35 98:0 /a /b rw ext3 x rw",
		"36 35 98:0 /a /b rw -", "36 35 98:x /a /b rw - ext3", "\n" };
	struct mountinfo info = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(mountinfo_parse(bad[i], &info), -EBADMSG);
		CHECK(!info.items);
	}
}
