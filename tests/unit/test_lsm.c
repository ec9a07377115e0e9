/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Security modules: which are in force, by a tree that stands for '/', and what is written
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "os/lsm.h"

#include "test.h"

static char root[] = "/tmp/dolium-lsm-XXXXXX";

static void put(const char *dir, const char *name, const char *text)
{
	char path[256], command[256];
	int fd;

	snprintf(command, sizeof(command), "mkdir -p %s%s", root, dir);
	CHECK_INT(system(command), 0);
	snprintf(path, sizeof(path), "%s%s/%s", root, dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK_INT(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

TEST(says_which_modules_are_in_force)
{
	char command[64];

	CHECK(mkdtemp(root));
	CHECK(!lsm_has_apparmor(root));
	CHECK(!lsm_has_selinux(root));
	put("/sys/module/apparmor/parameters", "enabled", "N\n");
	CHECK(!lsm_has_apparmor(root));
	put("/sys/module/apparmor/parameters", "enabled", "Y\n");
	CHECK(lsm_has_apparmor(root));
	/* Permissive is in force as well: it labels, and only looks on. */
	put("/sys/fs/selinux", "enforce", "0");
	CHECK(lsm_has_selinux(root));
	snprintf(command, sizeof(command), "rm -r %s", root);
	CHECK_INT(system(command), 0);
}

TEST(writes_a_label_in_one_piece)
{
	char got[64] = "";
	int ends[2];

	/* A packet is one write. */
	CHECK_INT(pipe2(ends, O_DIRECT | O_CLOEXEC), 0);
	CHECK_INT(lsm_write_apparmor(ends[1], "containers-default-0.50.1"), 0);
	CHECK_INT(read(ends[0], got, sizeof(got) - 1), 30);
	CHECK_STR(got, "exec containers-default-0.50.1");
	memset(got, 0, sizeof(got));
	CHECK_INT(lsm_write_selinux(ends[1], "system_u:system_r:container_t:s0:c1,c2"), 0);
	CHECK_INT(read(ends[0], got, sizeof(got) - 1), 38);
	CHECK_STR(got, "system_u:system_r:container_t:s0:c1,c2");
	close(ends[0]);
	close(ends[1]);
}

TEST(refuses_a_label_that_no_kernel_takes)
{
	char *label = malloc(5001);

	memset(label, 'a', 5000);
	label[5000] = '\0';
	CHECK_INT(lsm_write_selinux(-1, label), -ENAMETOOLONG);
	CHECK_INT(lsm_open_attribute("no-such-attribute"), -ENOENT);
	free(label);
}
