/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pure parts of isolate/: options of mounts, names of sysctls, paths
 */
#include <errno.h>
#include <sys/mount.h>

#include "base/err.h"
#include "isolate/mount_options.h"
#include "isolate/plan.h"
#include "isolate/sysctl.h"

#include "test.h"

static struct mount_options read_options(const char *const *words)
{
	struct strv list = { 0 };
	struct mount_options o = { 0 };
	struct err e = { 0 };

	CHECK_INT(strv_add_all(&list, words), 0);
	CHECK_INT(mount_options_read(&list, &o, &e), 0);
	strv_done(&list);
	return o;
}

#define OPTIONS(...) read_options((const char *const[]){ __VA_ARGS__, NULL })

TEST(reads_the_flags_of_a_mount)
{
	struct mount_options o = OPTIONS("ro", "nosuid", "nodev", "noexec", "defaults", "loud");

	CHECK_INT(
	    o.set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	CHECK_INT(o.clear, 0);
	CHECK_INT(o.data.n, 0);
	CHECK(!o.bind);
	mount_options_done(&o);
}

TEST(lets_a_later_option_win)
{
	struct mount_options o = OPTIONS("ro", "nosuid", "rw", "suid", "rro", "rrw");

	CHECK_INT(o.set, 0);
	CHECK_INT(o.set_below, 0);
	CHECK_INT(o.clear_below, MOUNT_ATTR_RDONLY);
	mount_options_done(&o);
}

TEST(keeps_one_kind_of_atime)
{
	struct mount_options o = OPTIONS("noatime", "strictatime");

	CHECK_INT(o.set & MOUNT_ATTR__ATIME, MOUNT_ATTR_STRICTATIME);
	CHECK_INT(o.clear, MOUNT_ATTR__ATIME);
	mount_options_done(&o);
}

TEST(takes_back_what_a_later_option_undoes)
{
	struct mount_options o = OPTIONS("sync", "mode=700", "lazytime", "strictatime",
	    "rstrictatime", "async", "nolazytime", "nostrictatime", "rnostrictatime");

	CHECK_INT(o.data.n, 1);
	CHECK_STR(o.data.items[0], "mode=700");
	CHECK_INT(o.set & MOUNT_ATTR__ATIME, MOUNT_ATTR_RELATIME);
	CHECK_INT(o.set_below & MOUNT_ATTR__ATIME, MOUNT_ATTR_RELATIME);
	mount_options_done(&o);
}

TEST(keeps_another_kind_of_atime_than_the_one_that_is_undone)
{
	struct mount_options o = OPTIONS("noatime", "nostrictatime");

	CHECK_INT(o.set & MOUNT_ATTR__ATIME, MOUNT_ATTR_NOATIME);
	mount_options_done(&o);
}

TEST(leaves_to_the_file_system_what_it_does_not_know)
{
	struct mount_options o = OPTIONS("mode=755", "nosuid", "size=64k", "sync", "nonesuch");

	CHECK_INT(o.data.n, 4);
	CHECK_STR(o.data.items[0], "mode=755");
	CHECK_STR(o.data.items[3], "nonesuch");
	mount_options_done(&o);
}

TEST(knows_a_recursive_bind_as_a_bind)
{
	struct mount_options o = OPTIONS("rbind", "rslave", "ridmap");

	CHECK(o.bind && o.bind_below && o.idmap && o.idmap_below && o.propagation_below);
	CHECK_INT(o.propagation, MS_SLAVE);
	mount_options_done(&o);
}

static void check_path(const char *path, const char *wanted)
{
	char *clean = plan_clean_path(path);

	CHECK(clean);
	CHECK_STR(clean, wanted);
	free(clean);
}

TEST(cleans_paths_and_never_leaves_the_root)
{
	check_path("/", "");
	check_path("", "");
	check_path("/a//b/./c/", "a/b/c");
	check_path("a/b", "a/b");
	check_path("/a/../b", "b");
	check_path("/../../etc", "etc");
	check_path("/a/b/../../..", "");
	check_path("/proc/../proc/self/..", "proc");
	check_path("/..a/...", "..a/...");
}

static int check_sysctl(const char *key, const char *value, char path[64])
{
	struct err e = { 0 };

	return sysctl_check(key, value, path, 64, &e);
}

TEST(finds_the_file_of_a_sysctl)
{
	char path[64];

	CHECK_INT(check_sysctl("net.ipv4.ip_forward", "1", path), NAMESPACE_NETWORK);
	CHECK_STR(path, "sys/net/ipv4/ip_forward");
	CHECK_INT(check_sysctl("net/ipv4/conf/eth0.1/forwarding", "1", path), NAMESPACE_NETWORK);
	CHECK_STR(path, "sys/net/ipv4/conf/eth0.1/forwarding");
	CHECK_INT(check_sysctl("net.ipv4.conf.eth0/1.forwarding", "1", path), NAMESPACE_NETWORK);
	CHECK_STR(path, "sys/net/ipv4/conf/eth0.1/forwarding");
	CHECK_INT(check_sysctl("kernel.shmmax", "1", path), NAMESPACE_IPC);
	CHECK_INT(check_sysctl("fs.mqueue.msg_max", "1", path), NAMESPACE_IPC);
	CHECK_INT(check_sysctl("kernel.domainname", "x", path), NAMESPACE_UTS);
}

TEST(refuses_sysctls_of_the_machine)
{
	char path[64];

	CHECK_INT(check_sysctl("kernel.core_pattern", "x", path), -EPERM);
	CHECK_INT(check_sysctl("kernel.shmmaxx", "1", path), -EPERM);
	CHECK_INT(check_sysctl("vm.swappiness", "1", path), -EPERM);
	CHECK_INT(check_sysctl("network.x", "1", path), -EPERM);
}

TEST(refuses_sysctls_that_are_no_names)
{
	static const char *const keys[] = { "", ".", "/", "net..x", "net.x.", ".net.x", "net/../x",
		"net/./x", "net.ipv4/../../kernel", "net x", "net.x+kernel.y", "net.x\n",
		"net//x" };
	char path[64];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		CHECK(check_sysctl(keys[i], "1", path) < 0);
	CHECK_INT(check_sysctl("net.x", "a+b", path), -EINVAL);
	CHECK_INT(check_sysctl("net.x", "a\nb", path), -EINVAL);
}
