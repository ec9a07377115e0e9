/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities
 */
#include <errno.h>
#include <linux/capability.h>

#include "base/err.h"
#include "base/strv.h"
#include "format/capability.h"

#include "test.h"

static uint64_t adjusted(const char *const *add, const char *const *drop)
{
	AUTO_STRV struct strv adds = { 0 };
	AUTO_STRV struct strv drops = { 0 };
	struct err e = { 0 };
	uint64_t set = 0;

	CHECK_INT(strv_add_all(&adds, add), 0);
	CHECK_INT(strv_add_all(&drops, drop), 0);
	CHECK_INT(capability_adjust(capability_default, &adds, &drops, &set, &e), 0);
	return set;
}

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

TEST(names_are_taken_with_and_without_prefix_in_any_case)
{
	CHECK_INT(capability_number("CAP_CHOWN"), 0);
	CHECK_INT(capability_number("chown"), 0);
	CHECK_INT(capability_number("Cap_Sys_Admin"), 21);
	CHECK_INT(capability_number("CHECKPOINT_RESTORE"), 40);
	CHECK_INT(capability_number("CAP_"), -EINVAL);
	CHECK_INT(capability_number(""), -EINVAL);
	CHECK_INT(capability_number("ALL"), -EINVAL);
	CHECK_INT(capability_number("CAP_CAP_CHOWN"), -EINVAL);
}

TEST(each_number_has_a_name_that_is_that_number)
{
	for (unsigned i = 0; i <= CAP_LAST_CAP; i++)
		CHECK_INT(capability_number(capability_name(i)), i);
	CHECK(!capability_name(CAP_LAST_CAP + 1));
	CHECK_INT(__builtin_popcountll(capability_all), CAP_LAST_CAP + 1);
}

TEST(the_default_is_dockers)
{
	CHECK_INT(capability_default, 0xa80425fb);
}

TEST(adding_and_dropping_is_as_with_docker)
{
	CHECK_INT(adjusted(NULL, NULL), capability_default);
	CHECK_INT(
	    adjusted(NAMES("net_admin"), NULL), capability_default | CAPABILITY_BIT(CAP_NET_ADMIN));
	CHECK_INT(
	    adjusted(NULL, NAMES("CAP_MKNOD")), capability_default & ~CAPABILITY_BIT(CAP_MKNOD));
	CHECK_INT(adjusted(NAMES("ALL"), NULL), capability_all);
	CHECK_INT(adjusted(NULL, NAMES("all")), 0);
	CHECK_INT(adjusted(NAMES("chown", "kill"), NAMES("ALL")),
	    CAPABILITY_BIT(CAP_CHOWN) | CAPABILITY_BIT(CAP_KILL));
	CHECK_INT(adjusted(NAMES("ALL"), NAMES("sys_admin")),
	    capability_all & ~CAPABILITY_BIT(CAP_SYS_ADMIN));
	CHECK_INT(adjusted(NAMES("sys_time"), NAMES("sys_time")),
	    capability_default | CAPABILITY_BIT(CAP_SYS_TIME));
	CHECK_INT(adjusted(NAMES("ALL"), NAMES("ALL")), capability_all);
}

TEST(an_unknown_name_is_left_out_and_told)
{
	AUTO_STRV struct strv names = { 0 };
	const char *unknown;

	CHECK_INT(strv_add(&names, "CAP_CHOWN"), 0);
	CHECK_INT(strv_add(&names, "CAP_FLY"), 0);
	CHECK_INT(strv_add(&names, "CAP_KILL"), 0);
	CHECK_INT(
	    capability_set(&names, &unknown), CAPABILITY_BIT(CAP_CHOWN) | CAPABILITY_BIT(CAP_KILL));
	CHECK_STR(unknown, "CAP_FLY");
}

TEST(a_set_becomes_a_list_and_a_set_again)
{
	AUTO_STRV struct strv names = { 0 };
	const char *unknown;

	CHECK_INT(capability_list(capability_default, &names), 0);
	CHECK_INT(names.n, 14);
	CHECK_INT(capability_set(&names, &unknown), capability_default);
	CHECK(!unknown);
}
