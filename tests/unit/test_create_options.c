/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the syntaxes of -v, --mount, --tmpfs, --ulimit, --device and --env-file
 */
#include <errno.h>
#include <limits.h>

#include <dolium/dolium.h>

#include "base/err.h"
#include "base/strv.h"
#include "cli/env_file.h"
#include "cli/limit_option.h"
#include "cli/mount_option.h"

#include "test.h"

typedef int mount_parser(const char *, struct strv *, struct dolium_mount *, struct err *);

/* A mount on one line: type source target and what is not usual. */
static void describe(const struct dolium_mount *m, char *to, size_t room)
{
	static const char *const types[] = { "bind", "volume", "tmpfs" };
	int n =
	    snprintf(to, room, "%s %s %s", types[m->type], m->source ? m->source : "-", m->target);

	n += snprintf(to + n, room - n, "%s%s%s%s", m->read_only ? " ro" : "",
	    m->create_source ? " create" : "", m->no_copy ? " nocopy" : "",
	    m->non_recursive ? " nonrecursive" : "");
	if (m->propagation)
		n += snprintf(to + n, room - n, " %s", m->propagation);
	if (m->tmpfs_size)
		n += snprintf(to + n, room - n, " size=%lld", (long long)m->tmpfs_size);
	if (m->tmpfs_mode)
		n += snprintf(to + n, room - n, " mode=%o", m->tmpfs_mode);
	if (m->tmpfs_options)
		snprintf(to + n, room - n, " %s", m->tmpfs_options);
}

static void check_mount(mount_parser *parse, const char *value, const char *expected)
{
	AUTO_STRV struct strv texts = { 0 };
	struct dolium_mount m;
	struct err e = { 0 };
	char got[PATH_MAX + ERR_TEXT_MAX];

	if (parse(value, &texts, &m, &e) < 0)
		snprintf(got, sizeof(got), "refused: %s", e.text);
	else
		describe(&m, got, sizeof(got));
	CHECK_STR(got, expected);
}

TEST(reads_volumes_as_docker_writes_them)
{
	static const struct {
		const char *value, *expected;
	} cases[] = {
		{ "/data", "volume - /data" },
		{ "/srv:/data", "bind /srv /data create" },
		{ "/srv:/data:ro", "bind /srv /data ro create" },
		{ "/srv:/data:ro,z,rslave", "bind /srv /data ro create rslave" },
		{ "/srv:/data:rw,cached", "bind /srv /data create" },
		{ "/:/host", "bind / /host create" },
		{ "db:/data", "volume db /data" },
		{ "db.1-x_y:/data:nocopy", "volume db.1-x_y /data nocopy" },
		{ "", "refused: an empty part between colons" },
		{ "a:", "refused: an empty part between colons" },
		{ ":/x", "refused: an empty part between colons" },
		{ "/a:/b:", "refused: an empty part between colons" },
		{ "/a:/b:ro:x", "refused: more than SOURCE:TARGET:MODE" },
		{ "/a:b", "refused: the target 'b' is not an absolute path" },
		{ "data", "refused: the target 'data' is not an absolute path" },
		{ "/a:/", "refused: the target cannot be '/'" },
		{ "/a:///", "refused: the target cannot be '/'" },
		{ "/a:/b:nonsense", "refused: no such mode: 'nonsense'" },
		{ "db:/b:shared", "refused: 'shared' is for paths of the host only" },
		{ "a/b:/c",
		    "refused: 'a/b' is neither a path nor the name of a volume (two or more of "
		    "a-z A-Z 0-9 _ . -)" },
		{ "x:/c",
		    "refused: 'x' is neither a path nor the name of a volume (two or more of "
		    "a-z A-Z 0-9 _ . -)" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check_mount(mount_parse_volume, cases[i].value, cases[i].expected);
}

TEST(a_path_with_a_dot_is_one_of_the_callers_directory)
{
	CHECK_INT(chdir("/usr"), 0);
	check_mount(mount_parse_volume, "./lib:/x", "bind /usr/lib /x create");
	check_mount(mount_parse_volume, ".:/x", "bind /usr /x create");
	check_mount(mount_parse_volume, "../etc:/x", "bind /usr/../etc /x create");
	check_mount(mount_parse_mount, "type=bind,src=./lib,dst=/x", "bind /usr/lib /x");
}

TEST(reads_mounts_as_docker_writes_them)
{
	static const struct {
		const char *value, *expected;
	} cases[] = {
		{ "target=/x", "volume - /x" },
		{ "source=db,target=/x,volume-nocopy", "volume db /x nocopy" },
		{ "type=bind,source=/a,destination=/x,readonly", "bind /a /x ro" },
		{ "type=bind,src=/a,dst=/x,ro=false", "bind /a /x" },
		{ "TYPE=bind,SRC=/a,DST=/x,ro=1", "bind /a /x ro" },
		{ "type=bind,src=/a,dst=/x,bind-propagation=rshared", "bind /a /x rshared" },
		{ "type=bind,src=/a,dst=/x,bind-nonrecursive", "bind /a /x nonrecursive" },
		{ "type=bind,src=/a,dst=/x,bind-recursive=disabled", "bind /a /x nonrecursive" },
		{ "type=bind,src=/a,dst=/x,bind-create-src=true", "bind /a /x create" },
		{ "type=bind,\"src=/a,b\",dst=/x", "bind /a,b /x" },
		{ "type=bind,\"src=/a\"\"b\",dst=/x", "bind /a\"b /x" },
		{ "type=tmpfs,dst=/x,tmpfs-size=64k,tmpfs-mode=0700",
		    "tmpfs - /x size=65536 mode=700" },
		{ "", "refused: it is empty" },
		{ "type=bind,src=/a", "refused: it has no target" },
		{ "type=bind,dst=/x", "refused: a mount of type bind needs a source" },
		{ "type=bind,src=a,dst=/x", "refused: the source 'a' is not an absolute path" },
		{ "type=tmpfs,src=/a,dst=/x", "refused: a mount of type tmpfs has no source" },
		{ "type=bnd,dst=/x",
		    "refused: no such type: 'bnd'; there is bind, volume and tmpfs" },
		{ "targett=/x", "refused: no such key: 'targett'" },
		{ "target", "refused: 'target' needs a value" },
		{ "dst=/x,ro=maybe", "refused: 'maybe' is neither true nor false" },
		{ "type=tmpfs,dst=/x,volume-nocopy",
		    "refused: a key that a mount of type tmpfs does not have" },
		{ "dst=/x,tmpfs-size=1m",
		    "refused: a key that a mount of type volume does not have" },
		{ "type=tmpfs,dst=/x,tmpfs-mode=999", "refused: '999' is not an octal mode" },
		{ "type=bind,src=/a,dst=/x,bind-propagation=up",
		    "refused: no such propagation: 'up'" },
		{ "\"dst=/x", "refused: a quotation mark is missing" },
		{ "\"", "refused: a quotation mark is missing" },
		{ "\"dst=/x\"y", "refused: a quotation mark is missing" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check_mount(mount_parse_mount, cases[i].value, cases[i].expected);
}

TEST(reads_tmpfs_as_docker_writes_it)
{
	check_mount(mount_parse_tmpfs, "/t", "tmpfs - /t");
	check_mount(mount_parse_tmpfs, "/t:ro,size=1m,mode=1777,noexec,nosuid",
	    "tmpfs - /t ro size=1048576 mode=1777 noexec,nosuid");
	check_mount(mount_parse_tmpfs, "/t:size=50%", "tmpfs - /t size=50%");
	check_mount(mount_parse_tmpfs, "t", "refused: the target 't' is not an absolute path");
	check_mount(mount_parse_tmpfs, "", "refused: it has no target");
	check_mount(mount_parse_tmpfs, "/t:size=x", "refused: 'x' is not a size");
	check_mount(mount_parse_tmpfs, "/t:mode=8", "refused: '8' is not an octal mode");
}

static void check_ulimit(const char *value, const char *expected)
{
	AUTO_STRV struct strv texts = { 0 };
	struct dolium_ulimit u = { 0 };
	struct err e = { 0 };
	char got[ERR_TEXT_MAX + 64];

	if (ulimit_parse(value, &texts, &u, &e) < 0)
		snprintf(got, sizeof(got), "refused: %s", e.text);
	else
		snprintf(
		    got, sizeof(got), "%s %lld %lld", u.name, (long long)u.soft, (long long)u.hard);
	CHECK_STR(got, expected);
}

TEST(reads_ulimits)
{
	check_ulimit("nofile=1024", "nofile 1024 1024");
	check_ulimit("nofile=1024:4096", "nofile 1024 4096");
	check_ulimit("core=-1", "core -1 -1");
	check_ulimit("core=0:unlimited", "core 0 -1");
	check_ulimit("nofile", "refused: not of the form NAME=SOFT[:HARD]");
	check_ulimit("nofile=", "refused: '' is not a number");
	check_ulimit("nofile=a", "refused: 'a' is not a number");
	check_ulimit("nofile=-2", "refused: '-2' is not a number");
	check_ulimit("nofile=5:4", "refused: the soft limit is above the hard one");
	check_ulimit("nofile=-1:4", "refused: the soft limit is above the hard one");
	check_ulimit("nofil=5", "refused: no such limit: 'nofil'");
}

static void check_device(const char *value, const char *expected)
{
	AUTO_STRV struct strv texts = { 0 };
	struct dolium_device d = { 0 };
	struct err e = { 0 };
	char got[ERR_TEXT_MAX + 64];

	if (device_parse(value, &texts, &d, &e) < 0)
		snprintf(got, sizeof(got), "refused: %s", e.text);
	else
		snprintf(got, sizeof(got), "%s %s %s", d.host_path, d.path, d.permissions);
	CHECK_STR(got, expected);
}

TEST(reads_devices)
{
	check_device("/dev/fuse", "/dev/fuse /dev/fuse rwm");
	check_device("/dev/fuse:/dev/x", "/dev/fuse /dev/x rwm");
	check_device("/dev/fuse:r", "/dev/fuse /dev/fuse r");
	check_device("/dev/fuse:/dev/x:rw", "/dev/fuse /dev/x rw");
	check_device("/dev/fuse:/dev/x:q", "refused: permissions are some of r, w and m, not 'q'");
	check_device("/dev/fuse:x", "refused: 'x' is not an absolute path");
	check_device("fuse", "refused: 'fuse' is not an absolute path");
	check_device("", "refused: '' is not an absolute path");
	check_device("/a:/b:r:w", "refused: more than HOST:CONTAINER:PERMISSIONS");
}

TEST(reads_the_lines_of_a_file_of_variables)
{
	AUTO_STRV struct strv lines = { 0 };
	struct err e = { 0 };

	CHECK_INT(env_file_parse(
	              "f", "\xef\xbb\xbf# comment\nA=1\n\n  B=x y # z\r\nHOME\nC=", &lines, &e),
	    0);
	CHECK_INT(lines.n, 4);
	CHECK_STR(lines.items[0], "A=1");
	CHECK_STR(lines.items[1], "B=x y # z");
	CHECK_STR(lines.items[2], "HOME");
	CHECK_STR(lines.items[3], "C=");
}

TEST(refuses_a_variable_that_has_no_name)
{
	AUTO_STRV struct strv lines = { 0 };
	struct err e = { 0 };

	CHECK_INT(env_file_parse("f", "A=1\n=x\n", &lines, &e), -EINVAL);
	CHECK_STR(e.text, "f: line 2 has no name before the '='");
	CHECK_INT(env_file_parse("f", "A B=1", &lines, &e), -EINVAL);
	CHECK_STR(e.text, "f: line 1 has a blank in the name");
}
