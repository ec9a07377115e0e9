/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/num.h"

#include "test.h"

TEST(whole_numbers_are_the_whole_text)
{
	static const char *const bad[] = { "", " 1", "1 ", "+1", "-1", "0x1", "1a", "1.0", "1\n" };
	uint64_t n = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_INT(num_parse_u64(bad[i], &n), -EINVAL);
	CHECK_INT(num_parse_u64("18446744073709551616", &n), -ERANGE);
	CHECK_INT(n, 7);
	CHECK_INT(num_parse_u64("18446744073709551615", &n), 0);
	CHECK(n == UINT64_MAX);
	CHECK_INT(num_parse_u64("007", &n), 0);
	CHECK_INT(n, 7);
}

TEST(small_numbers_have_their_own_ceiling)
{
	uint32_t n = 7;

	CHECK_INT(num_parse_u32("4294967296", &n), -ERANGE);
	CHECK_INT(n, 7);
	CHECK_INT(num_parse_u32("4294967295", &n), 0);
	CHECK(n == UINT32_MAX);
}

TEST(a_minus_is_read_where_it_may_be)
{
	int64_t n = 7;

	CHECK_INT(num_parse_i64("-9223372036854775808", &n), 0);
	CHECK(n == INT64_MIN);
	CHECK_INT(num_parse_i64("9223372036854775807", &n), 0);
	CHECK(n == INT64_MAX);
	CHECK_INT(num_parse_i64("-9223372036854775809", &n), -ERANGE);
	CHECK_INT(num_parse_i64("9223372036854775808", &n), -ERANGE);
	CHECK_INT(num_parse_i64("--1", &n), -EINVAL);
	CHECK_INT(num_parse_i64("-", &n), -EINVAL);
	CHECK_INT(num_parse_i64("-0", &n), 0);
	CHECK_INT(n, 0);
}

TEST(modes_are_octal)
{
	unsigned mode = 0;

	CHECK_INT(num_parse_mode("0755", &mode), 0);
	CHECK_INT(mode, 0755);
	CHECK_INT(num_parse_mode("1777", &mode), 0);
	CHECK_INT(mode, 01777);
	CHECK_INT(num_parse_mode("10000", &mode), -ERANGE);
	CHECK_INT(num_parse_mode("8", &mode), -EINVAL);
	CHECK_INT(num_parse_mode("", &mode), -EINVAL);
}

static void check_size(const char *text, int64_t expected)
{
	int64_t n = -1;

	CHECK_INT(num_parse_size(text, &n), 0);
	CHECK_INT(n, expected);
}

TEST(sizes_are_read_as_docker_reads_them)
{
	static const char *const bad[] = { "", "k", "1x", "1kk", "1.5.5", "-1", "1 k", "1.", ".5",
		"1bb", "1bib", "m1" };
	int64_t n;

	check_size("0", 0);
	check_size("10", 10);
	check_size("10b", 10);
	check_size("1k", 1024);
	check_size("1kb", 1024);
	check_size("1KiB", 1024);
	check_size("64M", 64 << 20);
	check_size("1.5g", 1610612736);
	check_size("0.5k", 512);
	check_size("2t", (int64_t)2 << 40);
	check_size("1p", (int64_t)1 << 50);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_INT(num_parse_size(bad[i], &n), -EINVAL);
	CHECK_INT(num_parse_size("9999999p", &n), -ERANGE);
	CHECK_INT(num_parse_size("9223372036854775808", &n), -ERANGE);
}

TEST(cpus_are_read_to_the_nano)
{
	int64_t n;

	CHECK_INT(num_parse_nano("1.5", &n), 0);
	CHECK_INT(n, 1500000000);
	CHECK_INT(num_parse_nano("0.000000001", &n), 0);
	CHECK_INT(n, 1);
	CHECK_INT(num_parse_nano("0.0000000019", &n), 0);
	CHECK_INT(n, 1);
	CHECK_INT(num_parse_nano("1,5", &n), -EINVAL);
	CHECK_INT(num_parse_nano("", &n), -EINVAL);
	CHECK_INT(num_parse_nano("99999999999", &n), -ERANGE);
}

static void check_shown(uint64_t bytes, const char *expected)
{
	char text[16];

	num_format_size(text, sizeof(text), bytes);
	CHECK_STR(text, expected);
}

TEST(sizes_are_shown_with_four_digits)
{
	check_shown(0, "0B");
	check_shown(999, "999B");
	check_shown(1000, "1kB");
	check_shown(1234567, "1.235MB");
	check_shown(123456789, "123.5MB");
	check_shown(UINT64_MAX, "18.45EB");
	check_shown(999999, "1000kB"); /* as docker rounds it */
}
