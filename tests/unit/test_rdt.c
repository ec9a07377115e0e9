/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.intelRdt against a tree that looks like resctrl: directories, with files where the test put
 * them (the kernel would have made them with the directory)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/err.h"
#include "base/strv.h"
#include "format/oci_config.h"
#include "isolate/rdt.h"

#include "test.h"

static char root[64];

static void put(const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK_INT(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void check_file(const char *name, const char *wanted)
{
	char path[256], got[256] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK(read(fd, got, sizeof(got) - 1) >= 0);
	CHECK_STR(got, wanted);
	close(fd);
}

static void make(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	CHECK_INT(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/tasks", name);
	put(path, "");
	snprintf(path, sizeof(path), "%s/schemata", name);
	put(path, "    MB:0=100;1=100\n    L3:0=fffff;1=0ff\n");
}

static void begin(void)
{
	strcpy(root, "/tmp/dolium-rdt-XXXXXX");
	CHECK(mkdtemp(root));
	put("tasks", "");
	put("schemata", "    L3:0=fffff\n");
}

static void end(void)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -r %s", root);
	CHECK_INT(system(command), 0);
}

static char *text(const char *from)
{
	return (char *)(uintptr_t)from;
}

TEST(a_named_class_without_shares_is_joined_and_must_be_there)
{
	struct oci_intel_rdt rdt = { .clos_id = text("gold") };
	struct err e = { 0 };

	begin();
	CHECK_INT(rdt_join(&rdt, root, "web", 77, &e), -ENOENT);
	CHECK(strstr(e.text, "there is no class"));
	make("gold");
	CHECK_INT(rdt_join(&rdt, root, "web", 77, &e), 0);
	check_file("gold/tasks", "77");
	end();
}

TEST(a_class_that_is_there_must_have_the_shares)
{
	struct oci_intel_rdt rdt = { .clos_id = text("gold"), .l3_cache_schema = text("L3:1=ff") };
	struct err e = { 0 };

	begin();
	make("gold");
	CHECK_INT(rdt_join(&rdt, root, "web", 77, &e), 0);
	rdt.mem_bw_schema = text("MB:0=50");
	CHECK_INT(rdt_join(&rdt, root, "web", 77, &e), -EINVAL);
	CHECK(strstr(e.text, "has not 'MB:0=50'"));
	rdt.mem_bw_schema = text("MB:0=100;1=100");
	CHECK_INT(rdt_join(&rdt, root, "web", 77, &e), 0);
	rdt.l3_cache_schema = text("L3:7=f");
	CHECK_INT(rdt_join(&rdt, root, "web", 77, &e), -EINVAL);
	rdt.l3_cache_schema = text("L2:0=f");
	CHECK_INT(rdt_join(&rdt, root, "web", 77, &e), -EINVAL);
	end();
}

TEST(the_root_class_counts_in_a_group_of_the_containers_own)
{
	struct oci_intel_rdt rdt = { .clos_id = text("/"), .enable_monitoring = true };
	AUTO_STRV struct strv paths = { 0 };
	struct err e = { 0 };
	char path[128];

	begin();
	snprintf(path, sizeof(path), "%s/mon_groups", root);
	CHECK_INT(mkdir(path, 0700), 0);
	CHECK_INT(rdt_paths(&rdt, root, "web", &paths, &e), 0);
	CHECK_INT(paths.n, 1);
	snprintf(path, sizeof(path), "%s/mon_groups/web", root);
	CHECK_STR(paths.items[0], path);
	/* No kernel here that would put a `tasks` into it. */
	CHECK_INT(rdt_join(&rdt, root, "web", 77, &e), -ENOENT);
	CHECK(strstr(e.text, "cannot join the group that counts"));
	check_file("tasks", "77");
	CHECK_INT(rdt_remove(&paths, &e), 0);
	CHECK(access(path, F_OK) < 0);
	/* Whoever was first: it is gone. */
	CHECK_INT(rdt_remove(&paths, &e), 0);
	end();
}

TEST(a_class_of_its_own_has_the_containers_name_and_goes_with_it)
{
	struct oci_intel_rdt rdt = { .l3_cache_schema = text("L3:0=f"), .enable_monitoring = true };
	AUTO_STRV struct strv paths = { 0 };
	struct err e = { 0 };
	char path[128];

	begin();
	CHECK_INT(rdt_paths(&rdt, root, "web", &paths, &e), 0);
	CHECK_INT(paths.n, 2);
	snprintf(path, sizeof(path), "%s/web/mon_groups/web", root);
	CHECK_STR(paths.items[0], path);
	snprintf(path, sizeof(path), "%s/web", root);
	CHECK_STR(paths.items[1], path);
	CHECK_INT(rdt_join(&rdt, root, "web", 77, &e), -ENOENT);
	CHECK(strstr(e.text, "cannot write 'L3:0=f'"));
	CHECK(access(path, F_OK) >= 0);
	CHECK_INT(rdt_remove(&paths, &e), 0);
	CHECK(access(path, F_OK) < 0);
	end();
}
