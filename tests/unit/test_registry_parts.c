/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry worker's settings, and how partial blobs go on
 */
#include <errno.h>
#include <fcntl.h>

#include "base/err.h"
#include "registry/hash.h"
#include "registry/partial.h"
#include "registry/registries_conf.h"

#include "test.h"

TEST(reads_settings_and_names_the_line_that_is_none)
{
	struct registries_conf c = { 0 };
	struct err e = { 0 };

	CHECK_INT(
	    registries_conf_parse("# ours\n\n mirror docker.io = http://127.0.0.1:5000 # first\r\n"
	                          "mirror docker.io=https://m.example/hub\ninsecure  lan:5000\n"
	                          "retries 7\nstall-seconds\t9",
	        "conf", &c, &e),
	    0);
	CHECK_INT(c.n_mirrors, 2);
	CHECK_STR(c.mirrors[0].host, "docker.io");
	CHECK_STR(c.mirrors[0].url, "http://127.0.0.1:5000");
	CHECK_STR(c.mirrors[1].url, "https://m.example/hub");
	CHECK(strv_has(&c.insecure, "lan:5000"));
	CHECK_INT(c.retries, 7);
	CHECK_INT(c.stall_seconds, 9);
	CHECK_INT(registries_conf_parse("retries 1\nretries -1\n", "conf", &c, &e), -EBADMSG);
	CHECK_STR(e.text, "conf:2: not a setting: 'retries -1'");
	CHECK_INT(registries_conf_parse("mirror x", "conf", &c, &e), -EBADMSG);
	CHECK_INT(registries_conf_parse("mirror =y", "conf", &c, &e), -EBADMSG);
	registries_conf_done(&c);
}

static int make_dir(void)
{
	char path[] = "/tmp/test-partial-XXXXXX";

	CHECK(mkdtemp(path));
	return open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
}

TEST(a_partial_blob_goes_on_where_it_was)
{
	AUTO_FD int dir = make_dir();
	struct partial *p = NULL;
	struct digest digest, found;
	struct err e = { 0 };

	CHECK_INT(hash_bytes("hello world", 11, &digest), 0);
	CHECK_INT(partial_open(dir, &digest, 11, false, &p, &e), 0);
	CHECK(!partial_is_resumed(p));
	CHECK_INT(partial_add(p, "hello", 5), 0);
	partial_close(p);

	CHECK_INT(partial_open(dir, &digest, 11, false, &p, &e), 0);
	CHECK(partial_is_resumed(p));
	CHECK_INT(partial_done(p), 5);
	CHECK_INT(partial_add(p, " world!", 7), -EFBIG);
	CHECK_INT(partial_add(p, " world", 6), 0);
	CHECK_INT(partial_finish(p, &found), 0);
	CHECK(digest_equal(&found, &digest));
	partial_drop(p);
	partial_close(p);
}

TEST(a_partial_blob_that_is_wrong_is_told_and_can_begin_anew)
{
	AUTO_FD int dir = make_dir();
	AUTO(partial_close) struct partial *p = NULL;
	struct digest digest, found;
	struct err e = { 0 };

	CHECK_INT(hash_bytes("right", 5, &digest), 0);
	CHECK_INT(partial_open(dir, &digest, 5, false, &p, &e), 0);
	CHECK_INT(partial_add(p, "wrong", 5), 0);
	CHECK_INT(partial_finish(p, &found), -EBADMSG);
	CHECK(!digest_equal(&found, &digest));
	CHECK_INT(partial_restart(p), 0);
	CHECK_INT(partial_add(p, "right", 5), 0);
	CHECK_INT(partial_finish(p, &found), 0);
	partial_drop(p);
}

TEST(a_partial_blob_has_one_writer)
{
	AUTO_FD int dir = make_dir();
	AUTO(partial_close) struct partial *first = NULL;
	struct partial *second = NULL;
	struct digest digest = { 0 };
	struct err e = { 0 };

	CHECK_INT(partial_open(dir, &digest, 5, false, &first, &e), 0);
	CHECK_INT(partial_open(dir, &digest, 5, false, &second, &e), -EAGAIN);
	partial_drop(first);
	CHECK_INT(partial_open(dir, &digest, 5, false, &second, &e), 0);
	partial_drop(second);
	partial_close(second);
}
