/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "format/platform.h"

#include "test.h"

static void check_read(const char *text, const char *expected)
{
	struct platform p;
	char again[100];

	CHECK_INT(platform_parse(text, &p), 0);
	platform_format(&p, again, sizeof(again));
	CHECK_STR(again, expected);
}

static int match(const char *want, const char *offer)
{
	struct platform w, o;

	CHECK_INT(platform_parse(want, &w), 0);
	CHECK_INT(platform_parse(offer, &o), 0);
	return platform_match(&w, &o);
}

TEST(other_names_become_the_usual_ones)
{
	check_read("linux/amd64", "linux/amd64");
	check_read("x86_64", "linux/amd64");
	check_read("Linux/X86_64", "linux/amd64");
	check_read("linux/amd64/v1", "linux/amd64");
	check_read("linux/amd64/v3", "linux/amd64/v3");
	check_read("aarch64", "linux/arm64/v8");
	check_read("linux/arm64", "linux/arm64/v8");
	check_read("armhf", "linux/arm/v7");
	check_read("linux/arm/6", "linux/arm/v6");
	check_read("i686", "linux/386");
	check_read("windows/amd64", "windows/amd64");
	check_read("riscv64", "linux/riscv64");
}

TEST(what_is_no_platform_is_refused)
{
	static const char *const bad[] = { "", "/", "linux/", "/amd64", "linux//v8",
		"linux/arm/v7/", "linux/arm/v7/x", "lin ux/arm", "linux/../x/",
		"linux/0123456789012345678901234567890123456789" };
	struct platform p;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_INT(platform_parse(bad[i], &p), -EINVAL);
}

TEST(the_host_has_one)
{
	struct platform p;

	platform_host(&p);
	CHECK_STR(p.os, "linux");
	CHECK(p.arch[0]);
	CHECK_INT(platform_match(&p, &p), 100);
}

TEST(the_nearest_older_variant_runs)
{
	CHECK(match("linux/arm/v7", "linux/arm/v7") > match("linux/arm/v7", "linux/arm/v6"));
	CHECK(match("linux/arm/v7", "linux/arm/v6") > match("linux/arm/v7", "linux/arm/v5"));
	CHECK(match("linux/arm/v7", "linux/arm/v5") > 0);
	CHECK_INT(match("linux/arm/v6", "linux/arm/v7"), 0);
	CHECK(match("linux/amd64/v3", "linux/amd64") > 0);
	CHECK_INT(match("linux/amd64", "linux/amd64/v3"), 0);
	CHECK(match("linux/arm64", "linux/arm64/v8") > 0);
}

TEST(another_system_or_architecture_does_not)
{
	CHECK_INT(match("linux/amd64", "linux/386"), 0);
	CHECK_INT(match("linux/arm64", "linux/arm"), 0);
	CHECK_INT(match("linux/amd64", "windows/amd64"), 0);
	CHECK_INT(match("linux/amd64", "unknown/unknown"), 0);
}
