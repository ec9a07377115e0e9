/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "format/passwd.h"

#include "test.h"

static struct err e;

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
                             "# a comment\n"
                             "\n"
                             "+nis::::::\n"
                             "web:x:1000:1000:Web,,,:/home/web:/bin/sh\n"
                             "web:x:2000:2000::/second:/bin/sh\n"
                             "poor:x:1001:7\n"
                             "rel:x:1002:8::relative:/bin/sh\n"
                             "77:x:500:500::/numeric:/bin/sh\n"
                             "bad:x:-1:0::/:\n"
                             "big:x:4294967295:0::/:\n"
                             "huge:x:99999999999999999999999:0::/:\n"
                             "last:x:1003:9::/last:/bin/sh";
static const char group[] = "root:x:0:\n"
                            "web:x:1000:\n"
                            "disk:x:6:web,other\n"
                            "audio:x:29:other,web\n"
                            "webs:x:30:webs,we,webb\n"
                            "again:x:6:web\n"
                            "short\n"
                            "nan:x:x:web\n"
                            "9:x:900:\n";

static const struct passwd_files files = { passwd, group, sizeof(passwd) - 1, sizeof(group) - 1 };

static struct passwd_user find(const char *text)
{
	struct passwd_user user = { 0 };

	CHECK_INT(passwd_find(&files, text, NULL, &user, &e), 0);
	return user;
}

static void check_found(
    const char *text, uint32_t uid, uint32_t gid, const char *home, size_t n_groups)
{
	struct passwd_user user = find(text);

	CHECK_INT(user.uid, uid);
	CHECK_INT(user.gid, gid);
	CHECK_STR(user.home, home);
	CHECK_INT(user.n_groups, n_groups);
	passwd_user_done(&user);
}

static void check_refused(const char *text, int code, const char *words)
{
	struct passwd_user user = { 0 };

	CHECK_INT(passwd_find(&files, text, NULL, &user, &e), code);
	CHECK(!user.home && !user.groups);
	CHECK_STR(e.text, words);
}

TEST(nothing_said_is_root)
{
	check_found(NULL, 0, 0, "/root", 0);
	check_found("", 0, 0, "/root", 0);
	check_found(":disk", 0, 6, "/root", 0);
}

TEST(a_user_by_name_has_home_and_groups)
{
	struct passwd_user user = find("web");

	CHECK_INT(user.uid, 1000);
	CHECK_INT(user.gid, 1000);
	CHECK_STR(user.home, "/home/web");
	CHECK_INT(user.n_groups, 2);
	CHECK_INT(user.groups[0], 6);
	CHECK_INT(user.groups[1], 29);
	passwd_user_done(&user);
	check_found("last", 1003, 9, "/last", 0);
}

TEST(a_user_by_number_has_them_where_the_files_say_so)
{
	check_found("1000", 1000, 1000, "/home/web", 2);
	check_found("4242", 4242, 0, "/", 0);
	check_found("4294967294", 4294967294, 0, "/", 0);
}

TEST(a_number_is_never_a_name)
{
	check_found("77", 77, 0, "/", 0);
	check_found("77:9", 77, 9, "/", 0);
}

TEST(a_group_that_is_said_replaces_the_memberships)
{
	check_found("web:disk", 1000, 6, "/home/web", 0);
	check_found("web:4000", 1000, 4000, "/home/web", 0);
	check_found("5:6", 5, 6, "/", 0);
	check_found("web:", 1000, 1000, "/home/web", 2);
}

TEST(what_is_missing_from_an_entry_does_no_harm)
{
	check_found("poor", 1001, 7, "/", 0);
	check_found("rel", 1002, 8, "/", 0);
}

TEST(who_is_not_there_is_named)
{
	check_refused("nobody", -ENOENT, "no such user in the image: 'nobody'");
	check_refused("web:nobody", -ENOENT, "no such group in the image: 'nobody'");
	check_refused("-1", -ENOENT, "no such user in the image: '-1'");
	check_refused("+nis", -ENOENT, "no such user in the image: '+nis'");
	check_refused("web:disk:x", -ENOENT, "no such group in the image: 'disk:x'");
}

TEST(an_entry_with_a_bad_number_is_none)
{
	check_refused("bad", -ENOENT, "no such user in the image: 'bad'");
	check_refused("big", -ENOENT, "no such user in the image: 'big'");
	check_refused("huge", -ENOENT, "no such user in the image: 'huge'");
	check_refused("web:nan", -ENOENT, "no such group in the image: 'nan'");
	check_refused("web:short", -ENOENT, "no such group in the image: 'short'");
}

TEST(a_number_beyond_32_bits_is_refused)
{
	check_refused("4294967295", -EINVAL, "too large a number for a user: '4294967295'");
	check_refused("0:4294967296", -EINVAL, "too large a number for a group: '4294967296'");
	check_refused("99999999999999999999999999", -EINVAL,
	    "too large a number for a user: '99999999999999999999999999'");
}

TEST(more_groups_are_added_each_once_and_in_order)
{
	AUTO_STRV struct strv more = { 0 };
	struct passwd_user user;

	strv_add(&more, "50");
	strv_add(&more, "disk");
	strv_add(&more, "1000");
	strv_add(&more, "5");
	CHECK_INT(passwd_find(&files, "web", &more, &user, &e), 0);
	CHECK_INT(user.n_groups, 4);
	CHECK_INT(user.groups[0], 5);
	CHECK_INT(user.groups[1], 6);
	CHECK_INT(user.groups[2], 29);
	CHECK_INT(user.groups[3], 50);
	passwd_user_done(&user);

	strv_add(&more, "absent");
	CHECK_INT(passwd_find(&files, "web", &more, &user, &e), -ENOENT);
	CHECK_STR(e.text, "no such group in the image: 'absent'");
}

TEST(an_image_without_the_files_has_numbers_only)
{
	const struct passwd_files none = { 0 };
	struct passwd_user user;

	CHECK_INT(passwd_find(&none, "7:8", NULL, &user, &e), 0);
	CHECK_INT(user.uid, 7);
	CHECK_INT(user.gid, 8);
	CHECK_STR(user.home, "/");
	passwd_user_done(&user);
	CHECK_INT(passwd_find(&none, "root", NULL, &user, &e), -ENOENT);
}

TEST(a_nul_hides_no_entry)
{
	static const char bytes[] = "root\0:x:0:0::/evil:\nweb:x:5:5::/ho\0me:\nweb:x:6:6::/w:\n";
	const struct passwd_files nul = { bytes, NULL, sizeof(bytes) - 1, 0 };
	struct passwd_user user;

	CHECK_INT(passwd_find(&nul, "web", NULL, &user, &e), 0);
	CHECK_INT(user.uid, 6);
	passwd_user_done(&user);
	CHECK_INT(passwd_find(&nul, "root", NULL, &user, &e), -ENOENT);
}

TEST(groups_have_a_ceiling)
{
	AUTO_BUF struct buf b = { 0 };
	struct passwd_files many = files;
	struct passwd_user user = { 0 };

	for (unsigned i = 0; i <= PASSWD_GROUPS_MAX; i++)
		buf_addf(&b, "g:x:%u:web\n", i);
	many.group = buf_text(&b);
	many.group_len = b.len;
	CHECK_INT(passwd_find(&many, "web", NULL, &user, &e), -EINVAL);
	CHECK_STR(e.text, "more than 65536 additional groups");
	CHECK(!user.groups);
}

TEST(a_number_has_a_home)
{
	char home[12];

	passwd_home(&files, 0, home, sizeof(home));
	CHECK_STR(home, "/root");
	passwd_home(&files, 1000, home, sizeof(home));
	CHECK_STR(home, "/home/web");
	/* Not there, relative, no name of a number, without a file, too long. */
	passwd_home(&files, 4242, home, sizeof(home));
	CHECK_STR(home, "/");
	passwd_home(&files, 1002, home, sizeof(home));
	CHECK_STR(home, "/");
	passwd_home(&files, 77, home, sizeof(home));
	CHECK_STR(home, "/");
	passwd_home(&(struct passwd_files){ 0 }, 0, home, sizeof(home));
	CHECK_STR(home, "/");
	passwd_home(&files, 1000, home, 9);
	CHECK_STR(home, "/");
}
