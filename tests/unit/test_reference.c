/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/err.h"
#include "format/reference.h"

#include "test.h"

#define DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct err e;

static void check_read(const char *text, const char *full, const char *familiar)
{
	struct reference ref;
	char *again, *short_form;

	CHECK_INT(reference_parse(text, &ref, &e), 0);
	again = reference_full(&ref);
	short_form = reference_familiar(&ref);
	CHECK_STR(again, full);
	CHECK_STR(short_form, familiar);
	free(again);
	free(short_form);
	reference_done(&ref);
}

static void check_refused(const char *text, const char *words)
{
	struct reference ref = { 0 };

	CHECK_INT(reference_parse(text, &ref, &e), -EINVAL);
	CHECK(!ref.domain);
	CHECK_STR(e.text, words);
}

TEST(reads_what_docker_users_write)
{
	check_read("debian", "docker.io/library/debian:latest", "debian:latest");
	check_read("debian:12", "docker.io/library/debian:12", "debian:12");
	check_read("me/app", "docker.io/me/app:latest", "me/app:latest");
	check_read("docker.io/debian", "docker.io/library/debian:latest", "debian:latest");
	check_read(
	    "index.docker.io/library/debian", "docker.io/library/debian:latest", "debian:latest");
	check_read("docker.io/library/a/b:1", "docker.io/library/a/b:1", "library/a/b:1");
	check_read("quay.io/a/b/c:x", "quay.io/a/b/c:x", "quay.io/a/b/c:x");
	check_read("localhost/a", "localhost/a:latest", "localhost/a:latest");
	check_read("localhost:5000/a:b", "localhost:5000/a:b", "localhost:5000/a:b");
	check_read("127.0.0.1:5000/a", "127.0.0.1:5000/a:latest", "127.0.0.1:5000/a:latest");
	check_read("[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000/a:latest");
	check_read("host:5000/a", "host:5000/a:latest", "host:5000/a:latest");
	check_read("Host/a", "Host/a:latest", "Host/a:latest");
	check_read("a.b", "docker.io/library/a.b:latest", "a.b:latest");
	check_read("a__b/c--d.e_f", "docker.io/a__b/c--d.e_f:latest", "a__b/c--d.e_f:latest");
	check_read("docker.io/a.b/c", "docker.io/a.b/c:latest", "docker.io/a.b/c:latest");
}

TEST(a_digest_may_stand_with_a_tag_or_alone)
{
	struct reference ref;
	char *name;

	check_read("debian@" DIGEST, "docker.io/library/debian@" DIGEST, "debian@" DIGEST);
	check_read("debian:12@" DIGEST, "docker.io/library/debian:12@" DIGEST, "debian:12@" DIGEST);
	check_read("localhost:1/a@" DIGEST, "localhost:1/a@" DIGEST, "localhost:1/a@" DIGEST);

	CHECK_INT(reference_parse("debian@" DIGEST, &ref, &e), 0);
	CHECK(!ref.tag);
	CHECK_STR(ref.digest, DIGEST);
	name = reference_name(&ref);
	CHECK_STR(name, "docker.io/library/debian");
	free(name);
	name = reference_familiar_name(&ref);
	CHECK_STR(name, "debian");
	free(name);
	reference_done(&ref);
}

TEST(what_is_no_reference_is_refused_with_the_reason)
{
	char long_name[300], long_tag[140] = "a:";

	check_refused("", "the name of an image is empty");
	check_refused(
	    "Debian", "not the name of an image: 'Debian': a name has small letters only");
	check_refused("a:",
	    "not the name of an image: 'a:': what stands behind the last ':' is not "
	    "a tag");
	check_refused("a:.x",
	    "not the name of an image: 'a:.x': what stands behind the last ':' is "
	    "not a tag");
	check_refused("a@sha256:12",
	    "not the name of an image: 'a@sha256:12': what stands behind "
	    "the '@' is not a digest");
	check_refused("a@sha512:12",
	    "not the name of an image: 'a@sha512:12': of the digests only "
	    "sha256 is spoken");
	check_refused("localhost:5000/",
	    "not the name of an image: 'localhost:5000/': it has no "
	    "name");
	check_refused("-a.b/c",
	    "not the name of an image: '-a.b/c': the part before the first '/' "
	    "is not a host");
	check_refused("a.b:123456/c",
	    "not the name of an image: 'a.b:123456/c': the part before "
	    "the first '/' is not a host");
	check_refused(&DIGEST[7],
	    "not the name of an image: '"
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	    "': 64 hex digits are an id");

	memset(long_name, 'a', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	CHECK_INT(reference_parse(long_name, &(struct reference){ 0 }, &e), -EINVAL);
	CHECK(strstr(e.text, "longer than 255"));
	memset(long_tag + 2, 'a', sizeof(long_tag) - 3);
	CHECK_INT(reference_parse(long_tag, &(struct reference){ 0 }, &e), -EINVAL);
	CHECK(strstr(e.text, "not a tag"));
}

TEST(nothing_that_leaves_its_place_in_a_url_or_path)
{
	static const char *const bad[] = { "../a", "a/../b", "a//b", "/a", "a/", "a/.b", "a b",
		"a\nb", "a?b", "a#b", "a%2fb", "a:b/c", "a:b:c", "a..b", "a___b", "a_", "a-",
		"user@host/a", "http://h/a", "h.x/a:\n", "[::1/a", "[]/a", "a.b:/c", "a.b:x/c",
		"a..b.c/d" };
	struct reference ref;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (reference_parse(bad[i], &ref, &e) != -EINVAL)
			printf("# taken: '%s'\n", bad[i]);
		CHECK_INT(reference_parse(bad[i], &ref, &e), -EINVAL);
		CHECK(!strchr(e.text, '\n'));
	}
}
