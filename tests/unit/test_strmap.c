/* SPDX-License-Identifier: Apache-2.0 */
#include "base/strmap.h"

#include "test.h"

TEST(keeps_entries_in_the_order_they_came)
{
	struct strmap m = { 0 };

	CHECK_INT(strmap_set(&m, "z", "1"), 0);
	CHECK_INT(strmap_set(&m, "a", "2"), 0);
	CHECK_INT(strmap_set(&m, "", "3"), 0);
	CHECK_INT(m.n, 3);
	CHECK_STR(m.items[0].key, "z");
	CHECK_STR(m.items[1].key, "a");
	CHECK_STR(strmap_get(&m, ""), "3");
	strmap_done(&m);
	CHECK_INT(m.n, 0);
	CHECK(!m.items);
}

TEST(setting_again_replaces)
{
	struct strmap m = { 0 };

	strmap_set(&m, "k", "old");
	strmap_set(&m, "l", "other");
	CHECK_INT(strmap_set(&m, "k", "new"), 0);
	CHECK_INT(m.n, 2);
	CHECK_STR(strmap_get(&m, "k"), "new");
	CHECK_STR(m.items[0].value, "new");
	strmap_done(&m);
}

TEST(what_is_not_there_is_null)
{
	struct strmap m = { 0 };

	CHECK(!strmap_get(&m, "k"));
	strmap_set(&m, "key", "v");
	CHECK(!strmap_get(&m, "k"));
	CHECK(!strmap_get(&m, "key2"));
	strmap_done(&m);
}
