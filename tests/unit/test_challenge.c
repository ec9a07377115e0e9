/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/auto.h"
#include "registry/base64.h"
#include "registry/challenge.h"

#include "test.h"

static struct challenge parse(const char *text)
{
	struct challenge c = { 0 };

	CHECK_INT(challenge_parse(text, &c), 0);
	return c;
}

TEST(a_bearer_challenge_says_where_the_token_is)
{
	AUTO_CHALLENGE struct challenge c =
	    parse("Bearer realm=\"https://auth.x/token\",service=\"reg\\\"x\", "
	          "scope=\"repository:a/b:pull,push\"");

	CHECK(c.bearer && !c.basic);
	CHECK_STR(c.realm, "https://auth.x/token");
	CHECK_STR(c.service, "reg\"x");
	CHECK_STR(c.scope, "repository:a/b:pull,push");
}

TEST(a_basic_challenge_has_no_realm_for_tokens)
{
	AUTO_CHALLENGE struct challenge c = parse("bAsIc realm=\"Registry\"");

	CHECK(c.basic && !c.bearer);
	CHECK(!c.realm);
}

TEST(several_challenges_stand_in_one_header)
{
	AUTO_CHALLENGE struct challenge c =
	    parse("Negotiate abc==, Basic realm=\"r\", Bearer Realm = token , service=s");

	CHECK(c.basic && c.bearer);
	CHECK_STR(c.realm, "token");
	CHECK_STR(c.service, "s");
	CHECK(!c.scope);
}

TEST(the_first_of_two_counts)
{
	AUTO_CHALLENGE struct challenge c =
	    parse("Bearer realm=a, realm=b, Bearer realm=c, Digest realm=d");

	CHECK_STR(c.realm, "a");
}

TEST(nothing_that_is_known_is_no_challenge)
{
	AUTO_CHALLENGE struct challenge c = parse(""), d = parse(" , ,Digest realm=x");

	CHECK(!c.basic && !c.bearer && !d.basic && !d.bearer);
	CHECK(!d.realm);
}

TEST(a_header_without_end_is_refused)
{
	struct challenge c = { 0 };

	CHECK_INT(challenge_parse("Bearer realm=\"abc", &c), -EBADMSG);
	CHECK_INT(challenge_parse("Bearer realm=\"abc\\", &c), -EBADMSG);
	CHECK_INT(challenge_parse("=x", &c), -EBADMSG);
	CHECK(!c.realm);
}

TEST(base64_is_read_as_it_is_written)
{
	static const char *const texts[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "user:pass\xff", "dXNlcjpwYXNz/w==" } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		AUTO_FREE char *encoded = base64_encode(texts[i][0], strlen(texts[i][0])),
		               *decoded = base64_decode(texts[i][1]);

		CHECK_STR(encoded, texts[i][1]);
		CHECK_STR(decoded, texts[i][0]);
	}
	CHECK(!base64_decode("Zg=x"));
	CHECK(!base64_decode("Z g="));
	CHECK(!base64_decode("AAAA")); /* NULs are no text */
}
