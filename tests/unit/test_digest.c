/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "format/digest.h"

#include "test.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

TEST(reads_and_writes_sha256)
{
	struct digest d, again;
	char text[DIGEST_TEXT_MAX], hex[DIGEST_HEX_LEN + 1];

	CHECK_INT(digest_parse("sha256:" HEX, &d), 0);
	CHECK_INT(d.bytes[0], 0xe3);
	CHECK_INT(d.bytes[31], 0x55);
	digest_format(&d, text);
	CHECK_STR(text, "sha256:" HEX);
	digest_hex(&d, hex);
	CHECK_STR(hex, HEX);
	CHECK_INT(digest_parse_hex(hex, &again), 0);
	CHECK(digest_equal(&d, &again));
	again.bytes[31] ^= 1;
	CHECK(!digest_equal(&d, &again));
}

TEST(what_is_no_digest_is_refused)
{
	static const char *const bad[] = { "", "sha256", "sha256:", HEX, "sha256:" HEX "0",
		"sha256:E3B0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"sha256:../../../../../../../../../../../../../../../../../../../../../a",
		"SHA256:" HEX, ":" HEX, "md5", "a b:c", "md5:../x" };
	struct digest d;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_INT(digest_parse(bad[i], &d), -EINVAL);
}

TEST(another_algorithm_is_known_as_such)
{
	struct digest d;

	CHECK_INT(digest_parse("sha512:0123", &d), -EOPNOTSUPP);
	CHECK_INT(digest_parse("sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564", &d),
	    -EOPNOTSUPP);
}
