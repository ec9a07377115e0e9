/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits and cgroups
 *
 * First what is pure. Then the real thing, below "dolium" in this machine's
 * cgroups: as root, and where it has them. The v2 tests bring the cgroup2 tree of
 * a hybrid machine to /sys/fs/cgroup in a mount namespace of their own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "base/err.h"
#include "format/oci_config.h"
#include "isolate/limits.h"
#include "isolate/limits_devices.h"
#include "isolate/limits_values.h"
#include "os/cgroup.h"

#include "test.h"

/* The structs of a configuration own their texts. */
#define TEXT(text) ((char[]){ text })

/* ---- values ---- */

TEST(usual_shares_are_the_usual_weight)
{
	CHECK_INT(limits_shares_to_weight(0), 1);
	CHECK_INT(limits_shares_to_weight(2), 1);
	CHECK_INT(limits_shares_to_weight(1024), 100);
	CHECK_INT(limits_shares_to_weight(262144), 10000);
	CHECK_INT(limits_shares_to_weight(UINT64_MAX), 10000);
	for (uint64_t i = 2; i < 262144; i += 7)
		CHECK(limits_shares_to_weight(i) <= limits_shares_to_weight(i + 7));
}

TEST(io_weights_are_stretched)
{
	CHECK_INT(limits_blkio_to_io_weight(10), 1);
	CHECK_INT(limits_blkio_to_io_weight(1000), 10000);
	CHECK_INT(limits_blkio_to_io_weight(500), 1 + 490 * 9999 / 990);
}

static int swap_of(int64_t limit, int64_t swap, int64_t *ret_swap, bool *ret_has)
{
	const struct oci_memory m = {
		.limit = limit, .has_limit = limit != 0, .swap = swap, .has_swap = swap != 0
	};
	struct err e = { 0 };

	return limits_swap_alone(&m, ret_swap, ret_has, &e);
}

TEST(swap_alone_is_the_sum_less_memory)
{
	int64_t swap;
	bool has;

	CHECK_INT(swap_of(100, 300, &swap, &has), 0);
	CHECK(has);
	CHECK_INT(swap, 200);
	CHECK_INT(swap_of(100, 100, &swap, &has), 0);
	CHECK(has);
	CHECK_INT(swap, 0);
	CHECK_INT(swap_of(100, -1, &swap, &has), 0);
	CHECK(has);
	CHECK_INT(swap, -1);
	CHECK_INT(swap_of(100, 0, &swap, &has), 0);
	CHECK(!has);
	CHECK_INT(swap_of(-1, 0, &swap, &has), 0);
	CHECK(has);
	CHECK_INT(swap, -1);
	CHECK_INT(swap_of(0, 300, &swap, &has), -EINVAL);
	CHECK_INT(swap_of(300, 100, &swap, &has), -EINVAL);
	CHECK_INT(swap_of(300, -2, &swap, &has), -EINVAL);
}

TEST(a_quota_that_is_none_is_max)
{
	char text[LIMITS_VALUE_MAX];

	limits_print_cpu_max(text, 50000, 0);
	CHECK_STR(text, "50000 100000");
	limits_print_cpu_max(text, -1, 20000);
	CHECK_STR(text, "max 20000");
	limits_print_max(text, -1);
	CHECK_STR(text, "max");
}

static const char *place_of(const char *cgroups_path)
{
	static char text[4096];
	struct err e = { 0 };
	char *place = NULL;
	int r = limits_place(cgroups_path, "id", &place, &e);

	snprintf(text, sizeof(text), "%s", r < 0 ? "refused" : place);
	free(place);
	return text;
}

TEST(a_cgroups_path_never_leads_out)
{
	char long_path[3000];

	CHECK_STR(place_of(NULL), "/dolium/id");
	CHECK_STR(place_of(""), "/dolium/id");
	CHECK_STR(place_of("/a/b"), "/a/b");
	CHECK_STR(place_of("a/b"), "/dolium/a/b");
	CHECK_STR(place_of("//a///b/./"), "/a/b");
	CHECK_STR(place_of("/"), "refused");
	CHECK_STR(place_of("."), "refused");
	CHECK_STR(place_of("/a/../../b"), "refused");
	CHECK_STR(place_of(".."), "refused");
	CHECK_STR(place_of("/a/.."), "refused");
	CHECK_STR(place_of("/a/cgroup.procs"), "refused");
	CHECK_STR(place_of("/a\nb"), "refused");
	CHECK_STR(place_of("/..a"), "/..a");
	memset(long_path, 'a', sizeof(long_path));
	for (size_t i = 0; i < sizeof(long_path); i += 100)
		long_path[i] = '/';
	long_path[sizeof(long_path) - 1] = '\0';
	CHECK_STR(place_of(long_path), "refused");
}

/* ---- where hierarchies are ---- */

TEST(hierarchies_are_read_from_proc_self_cgroup)
{
	struct cgroup_layout layout;

	cgroup_read_hierarchies(
	    "12:cpu,cpuacct:/a\n4:memory:/\n1:name=systemd:/x\n3:blkio:/\n0::/y\n", &layout);
	CHECK_INT(layout.n, 4);
	CHECK_STR(layout.items[0].root, "/sys/fs/cgroup/cpu,cpuacct");
	CHECK_INT(layout.items[0].controllers, CGROUP_BIT(CGROUP_CPU) | CGROUP_BIT(CGROUP_CPUACCT));
	CHECK_INT(layout.items[2].controllers, CGROUP_BIT(CGROUP_IO));
	CHECK(layout.items[3].v2);
	CHECK_STR(layout.items[3].root, "/sys/fs/cgroup/unified");
}

TEST(damaged_lines_of_proc_self_cgroup_are_skipped)
{
	struct cgroup_layout layout;

	cgroup_read_hierarchies("\n:\n::\nx\n4:memory\n4:nonsense:/\n\n5:pids:/", &layout);
	CHECK_INT(layout.n, 2); /* "::" is v2's */
	CHECK_INT(layout.items[1].controllers, CGROUP_BIT(CGROUP_PIDS));
}

TEST(mounts_are_read_from_mountinfo)
{
	struct cgroup_layout layout;

	cgroup_read_mounts("27 1 254:0 / / rw - ext4 /dev/vda rw\n"
	                   "32 31 0:29 / /cg\\040roup/mem rw,relatime shared:7 master:3 - cgroup "
	                   "cgroup rw,memory\n"
	                   "33 31 0:29 / /other/mem rw - cgroup cgroup rw,memory\n"
	                   "34 31 0:30 / /cg/cpu rw - cgroup cgroup rw,cpuacct,cpu\n"
	                   "35 31 0:31 / /cg/sd rw - cgroup cgroup rw,name=systemd\n"
	                   "36 31 0:32 / /cg/two rw - cgroup2 cgroup2 rw\n"
	                   "garbage\n37 31 - cgroup2",
	    &layout);
	CHECK_INT(layout.n, 3);
	CHECK_STR(layout.items[0].root, "/cg roup/mem");
	CHECK_STR(layout.items[1].root, "/cg/cpu");
	CHECK_STR(cgroup_find_v2(&layout)->root, "/cg/two");
	CHECK(cgroup_find(&layout, CGROUP_CPUACCT) == &layout.items[1]);
	CHECK(!cgroup_find(&layout, CGROUP_PIDS));
}

TEST(nothing_is_made_where_there_is_no_cgroup_file_system)
{
	struct cgroup_hierarchy h = { .root = "/tmp", .controllers = 1 };

	CHECK_INT(cgroup_version("/tmp"), -ENOTSUP);
	CHECK_INT(cgroup_make(&h, "/var/x"), -EINVAL);
	CHECK_INT(cgroup_make(&h, "/tmp"), -EINVAL);
	CHECK_INT(cgroup_write("/tmp", "no-such-file", "1"), -ENOENT);
}

/* ---- devices ---- */

/* What the program says, run in a few lines that know the instructions it is made of. */
static bool ask_program(
    const struct bpf_insn *insns, size_t n, const struct bpf_cgroup_dev_ctx *ctx)
{
	uint64_t reg[6] = { 0 };

	for (size_t at = 0; at < n; at++) {
		const struct bpf_insn *x = &insns[at];
		const uint64_t k = (uint64_t)(int64_t)x->imm;
		bool jump = false;

		switch (x->code) {
		case BPF_LDX | BPF_MEM | BPF_W: {
			uint32_t word;

			memcpy(&word, (const char *)ctx + x->off, 4);
			reg[x->dst_reg] = word;
			break;
		}
		case BPF_ALU64 | BPF_MOV | BPF_X:
			reg[x->dst_reg] = reg[x->src_reg];
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			reg[x->dst_reg] = k;
			break;
		case BPF_ALU64 | BPF_AND | BPF_K:
			reg[x->dst_reg] &= k;
			break;
		case BPF_ALU64 | BPF_RSH | BPF_K:
			reg[x->dst_reg] >>= k;
			break;
		case BPF_JMP | BPF_JNE | BPF_K:
			jump = reg[x->dst_reg] != k;
			break;
		case BPF_JMP32 | BPF_JNE | BPF_K:
			jump = (uint32_t)reg[x->dst_reg] != (uint32_t)k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			jump = reg[x->dst_reg] & k;
			break;
		case BPF_JMP | BPF_JA:
			jump = true;
			break;
		case BPF_JMP | BPF_EXIT:
			return reg[0];
		default:
			FAIL("an instruction that is known");
		}
		if (jump)
			at += (size_t)x->off;
	}
	FAIL("a program that ends");
	return false;
}

struct device_test {
	struct devices_policy policy;
	struct bpf_insn *insns;
	size_t n;
};

static void compile(struct device_test *t, const struct oci_device_rule *rules, size_t n)
{
	struct err e = { 0 };

	CHECK_INT(devices_policy_make(rules, n, &t->policy, &e), 0);
	CHECK_INT(devices_program(&t->policy, &t->insns, &t->n), 0);
}

static void device_test_done(struct device_test *t)
{
	free(t->insns);
	devices_policy_done(&t->policy);
}

static bool may(
    const struct device_test *t, char type, uint32_t major, uint32_t minor, unsigned access)
{
	const struct bpf_cgroup_dev_ctx ctx = { .access_type = access << 16 |
		    (type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
		.major = major,
		.minor = minor };

	return ask_program(t->insns, t->n, &ctx);
}

TEST(a_default_specification_allows_the_usual_devices_alone)
{
	struct oci_device_rule rules[] = { { .allow = false, .access = TEXT("rwm") } };
	__attribute__((cleanup(device_test_done))) struct device_test t = { .n = 0 };

	compile(&t, rules, 1);
	CHECK(may(&t, 'c', 1, 3, DEVICES_READ | DEVICES_WRITE));
	CHECK(may(&t, 'c', 136, 7, DEVICES_READ | DEVICES_WRITE));
	CHECK(may(&t, 'c', 5, 2, DEVICES_READ));
	CHECK(may(&t, 'b', 8, 0, DEVICES_MKNOD));
	CHECK(!may(&t, 'b', 8, 0, DEVICES_MKNOD | DEVICES_READ));
	CHECK(!may(&t, 'b', 1, 3, DEVICES_READ));
	CHECK(!may(&t, 'c', 1, 11, DEVICES_READ)); /* kmsg */
	CHECK(!may(&t, 'c', 1, 1, DEVICES_READ)); /* mem */
}

TEST(later_rules_change_what_earlier_ones_said)
{
	struct oci_device_rule rules[] = {
		{ .allow = false },
		{ .allow = true,
		    .type = TEXT("c"),
		    .major = 10,
		    .has_major = true,
		    .access = TEXT("r") },
		{ .allow = true,
		    .type = TEXT("c"),
		    .major = 10,
		    .has_major = true,
		    .access = TEXT("w") },
		{ .allow = true,
		    .type = TEXT("b"),
		    .major = 8,
		    .has_major = true,
		    .minor = -1,
		    .has_minor = true },
		{ .allow = true, .type = TEXT("c"), .major = 11, .has_major = true },
		{ .allow = false,
		    .type = TEXT("c"),
		    .major = 11,
		    .has_major = true,
		    .access = TEXT("w") },
	};
	__attribute__((cleanup(device_test_done))) struct device_test t = { .n = 0 };

	compile(&t, rules, 6);
	CHECK(may(&t, 'c', 10, 200, DEVICES_READ | DEVICES_WRITE));
	CHECK(may(&t, 'b', 8, 5, DEVICES_ALL));
	CHECK(!may(&t, 'b', 9, 5, DEVICES_READ));
	CHECK(may(&t, 'c', 11, 0, DEVICES_READ));
	CHECK(!may(&t, 'c', 11, 0, DEVICES_READ | DEVICES_WRITE));
}

TEST(what_is_denied_of_all_is_denied_in_part)
{
	struct oci_device_rule rules[] = {
		{ .allow = true },
		{ .allow = false,
		    .type = TEXT("b"),
		    .major = 8,
		    .has_major = true,
		    .access = TEXT("w") },
	};
	__attribute__((cleanup(device_test_done))) struct device_test t = { .n = 0 };

	compile(&t, rules, 2);
	CHECK(may(&t, 'b', 8, 0, DEVICES_READ));
	CHECK(!may(&t, 'b', 8, 0, DEVICES_READ | DEVICES_WRITE));
	CHECK(may(&t, 'c', 1, 11, DEVICES_ALL));
}

TEST(rules_that_are_none_are_refused)
{
	struct oci_device_rule bad[] = {
		{ .allow = true, .type = TEXT("x") },
		{ .allow = true, .type = TEXT("cc") },
		{ .allow = true, .access = TEXT("rwx") },
		{ .allow = true, .major = -2, .has_major = true },
		{ .allow = true, .minor = INT64_MAX, .has_minor = true },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		AUTO_DEVICES_POLICY struct devices_policy policy = { .allow = false };
		struct err e = { 0 };

		CHECK_INT(devices_policy_make(&bad[i], 1, &policy, &e), -EINVAL);
		CHECK_STR(e.text, "not a rule for devices: linux.resources.devices[0]");
	}
}

/* ---- the real thing ---- */

static bool has_cgroups(void)
{
	struct cgroup_layout layout;

	if (geteuid() == 0 &&
	    cgroup_probe(CGROUP_BIT(CGROUP_MEMORY) | CGROUP_BIT(CGROUP_PIDS), &layout) == 0 &&
	    cgroup_find(&layout, CGROUP_MEMORY) && cgroup_find(&layout, CGROUP_PIDS) &&
	    access(layout.items[0].root, W_OK) == 0)
		return true;
	printf("# not as root, or without cgroups: not tried\n");
	return false;
}

static struct limits *make(const char *id, const struct oci_resources *resources)
{
	struct limits *l = NULL;
	struct err e = { 0 };
	char name[64];

	snprintf(name, sizeof(name), "test-%s-%d", id, (int)getpid());
	if (limits_create(NULL, name, resources, &l, &e) < 0) {
		printf("# %s\n", e.text);
		FAIL("limits that can be made");
	}
	return l;
}

/* As dolium-oci does it. The child runs `work` inside and exits with what that returns. */
static pid_t start(struct limits *l, int (*work)(void))
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	long pid;

	if (limits_clone_fd(l) >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)limits_clone_fd(l);
	}
	fflush(stdout);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(limits_join(l, false) < 0 ? 99 : work());
	return (pid_t)pid;
}

static int status_of(pid_t pid)
{
	int status;

	CHECK_INT(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void is_gone(const struct strv *paths)
{
	strv_for_each (path, paths)
		CHECK_INT(cgroup_version(*path), -ENOENT);
}

static void end(struct limits *l)
{
	struct err e = { 0 };

	CHECK_INT(limits_remove(l, &e), 0);
	is_gone(limits_paths(l));
	limits_free(l);
}

static bool has_value(const struct limits *l, const char *file, const char *value)
{
	char text[64];

	strv_for_each (path, limits_paths(l))
		if (cgroup_read(*path, file, text, sizeof(text)) > 0 &&
		    strncmp(text, value, strlen(value)) == 0)
			return true;
	return false;
}

static int sleep_long(void)
{
	while (pause() < 0)
		;
	return 1;
}

static void wait_for_pids(const struct limits *l, size_t wanted)
{
	for (unsigned i = 0; i < 2000; i++) {
		AUTO_FREE pid_t *pids = NULL;
		struct err e = { 0 };
		size_t n;

		CHECK_INT(limits_pids(l, &pids, &n, &e), 0);
		if (n >= wanted)
			return;
		usleep(1000);
	}
	FAIL("processes that are there");
}

static int fork_some(void)
{
	for (unsigned i = 0; i < 5; i++)
		if (fork() == 0)
			sleep_long();
	return sleep_long();
}

static int fork_until_refused(void)
{
	for (unsigned i = 0; i < 100; i++) {
		pid_t pid = fork();

		if (pid == 0)
			sleep_long();
		if (pid < 0)
			return errno == EAGAIN ? (int)i : 100;
	}
	return 101;
}

static int eat_memory(void)
{
	for (size_t i = 0; i < 64; i++) {
		char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (p == MAP_FAILED)
			return 1;
		memset(p, 1, 1 << 20);
	}
	return 0;
}

static int open_kmsg(void)
{
	if (open("/dev/null", O_RDWR) < 0)
		return 1;
	return open("/dev/kmsg", O_RDONLY) < 0 ? errno : 2;
}

TEST(limits_are_written_and_all_is_removed)
{
	struct oci_memory memory = { .limit = 64 << 20,
		.has_limit = true,
		.reservation = 32 << 20,
		.has_reservation = true };
	struct oci_cpu cpu = { .shares = 512,
		.has_shares = true,
		.quota = 50000,
		.has_quota = true,
		.period = 100000,
		.has_period = true };
	struct oci_resources resources = {
		.memory = &memory, .cpu = &cpu, .pids_limit = 20, .has_pids_limit = true
	};
	struct limits *l;

	if (!has_cgroups())
		return;
	l = make("written", &resources);
	CHECK(has_value(l, "memory.limit_in_bytes", "67108864") ||
	    has_value(l, "memory.max", "67108864"));
	CHECK(has_value(l, "cpu.cfs_quota_us", "50000") || has_value(l, "cpu.max", "50000 100000"));
	CHECK(has_value(l, "cpu.shares", "512") || has_value(l, "cpu.weight", "59"));
	CHECK(has_value(l, "pids.max", "20"));
	end(l);
}

TEST(a_cpuset_takes_what_its_parent_has)
{
	struct oci_cpu cpu = { .cpus = TEXT("0") };
	struct oci_resources resources = { .cpu = &cpu };
	struct limits *l;

	if (!has_cgroups())
		return;
	l = make("cpuset", &resources);
	CHECK(has_value(l, "cpuset.cpus", "0\n"));
	CHECK_INT(status_of(start(l, eat_memory)), 0);
	end(l);
}

TEST(forks_stop_at_the_limit)
{
	struct oci_resources resources = { .pids_limit = 10, .has_pids_limit = true };
	struct limits *l;

	if (!has_cgroups())
		return;
	l = make("pids", &resources);
	CHECK_INT(status_of(start(l, fork_until_refused)), 9);
	/* Nine are left, whose parent is gone: removing kills them. */
	end(l);
}

TEST(an_out_of_memory_kill_is_seen)
{
	struct oci_memory memory = {
		.limit = 8 << 20, .has_limit = true, .swap = 8 << 20, .has_swap = true
	};
	struct oci_resources resources = { .memory = &memory };
	struct limits *l;

	if (!has_cgroups())
		return;
	l = make("oom", &resources);
	CHECK(!limits_oom_killed(l));
	CHECK_INT(status_of(start(l, eat_memory)), 128 + SIGKILL);
	CHECK(limits_oom_killed(l));
	end(l);
}

TEST(a_device_that_is_not_allowed_cannot_be_opened)
{
	struct oci_device_rule rules[] = { { .allow = false } };
	struct oci_resources resources = { .devices = rules, .n_devices = 1 };
	struct limits *l;

	if (!has_cgroups())
		return;
	l = make("devices", &resources);
	CHECK_INT(status_of(start(l, open_kmsg)), EPERM);
	end(l);
}

TEST(killing_leaves_nobody)
{
	struct err e = { 0 };
	struct limits *l;
	pid_t pid;

	if (!has_cgroups())
		return;
	l = make("kill", NULL);
	pid = start(l, fork_some);
	wait_for_pids(l, 6);
	CHECK_INT(limits_kill(l, SIGKILL, &e), 0);
	CHECK_INT(status_of(pid), 128 + SIGKILL);
	end(l);
}

TEST(a_frozen_container_is_seen_thawed_and_killed)
{
	struct limits *l, *again = NULL;
	struct err e = { 0 };
	pid_t pid;

	if (!has_cgroups())
		return;
	l = make("freeze", NULL);
	pid = start(l, fork_some);
	wait_for_pids(l, 6);
	CHECK(!limits_frozen(l));
	CHECK_INT(limits_freeze(l, true, &e), 0);
	CHECK(limits_frozen(l));
	/* Another command finds the same, also what was joined late. */
	CHECK_INT(limits_open(limits_paths(l), &again, &e), 0);
	CHECK(limits_frozen(again));
	CHECK_INT(limits_freeze(again, false, &e), 0);
	CHECK(!limits_frozen(l));
	CHECK_INT(limits_freeze(again, true, &e), 0);
	limits_free(l);
	CHECK_INT(limits_kill(again, SIGKILL, &e), 0);
	CHECK_INT(status_of(pid), 128 + SIGKILL);
	end(again);
}

TEST(a_cgroup_with_processes_is_not_taken)
{
	struct limits *l, *second = NULL;
	struct err e = { 0 };
	char name[64];
	pid_t pid;

	if (!has_cgroups())
		return;
	l = make("taken", NULL);
	pid = start(l, sleep_long);
	wait_for_pids(l, 1);
	snprintf(name, sizeof(name), "/dolium/test-taken-%d", (int)getpid());
	CHECK_INT(limits_create(name, "x", NULL, &second, &e), -EBUSY);
	CHECK(strstr(e.text, "has processes already"));
	/* And it still runs. */
	CHECK_INT(kill(pid, 0), 0);
	CHECK_INT(limits_kill(l, SIGTERM, &e), 0);
	CHECK_INT(status_of(pid), 128 + SIGTERM);
	end(l);
}

TEST(a_state_cannot_name_what_is_no_container)
{
	struct strv paths = { 0 };
	struct limits *l = NULL;
	struct err e = { 0 };

	if (!has_cgroups())
		return;
	CHECK_INT(strv_add(&paths, "/tmp"), 0);
	CHECK_INT(strv_add(&paths, "/sys/fs/cgroup/memory"), 0);
	CHECK_INT(strv_add(&paths, "/sys/fs/cgroup/memory/"), 0);
	CHECK_INT(strv_add(&paths, "/sys/fs/cgroup/memory/a/../../pids"), 0);
	CHECK_INT(strv_add(&paths, "/sys/fs/cgroup/memory/dolium/none-such"), 0);
	CHECK_INT(limits_open(&paths, &l, &e), 0);
	CHECK_INT(limits_paths(l)->n, 0);
	CHECK_INT(limits_remove(l, &e), 0);
	limits_free(l);
	strv_done(&paths);
}

/* ---- the same on v2 ---- */

static bool enter_v2(void)
{
	if (geteuid() != 0 || cgroup_version("/sys/fs/cgroup") == 2)
		return geteuid() == 0;
	if (cgroup_version("/sys/fs/cgroup/unified") != 2 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("/sys/fs/cgroup/unified", "/sys/fs/cgroup", NULL, MS_BIND | MS_REC, NULL) < 0) {
		printf("# no cgroup2 to be had: not tried\n");
		return false;
	}
	return true;
}

TEST(v2_joins_by_clone_and_limits_devices_by_program)
{
	struct oci_device_rule rules[] = { { .allow = false } };
	struct oci_resources resources = { .devices = rules, .n_devices = 1 };
	struct limits *l;

	if (!enter_v2())
		return;
	l = make("v2-devices", &resources);
	CHECK(limits_clone_fd(l) >= 0);
	CHECK_INT(status_of(start(l, open_kmsg)), EPERM);
	end(l);
}

TEST(v2_limits_huge_pages_and_takes_the_unified_map)
{
	struct oci_hugepage_limit huge = { .page_size = TEXT("2MB"), .limit = 1 << 21 };
	struct oci_resources resources = { .hugepage_limits = &huge, .n_hugepage_limits = 1 };
	char text[256];
	struct limits *l;

	if (!enter_v2() ||
	    cgroup_read("/sys/fs/cgroup", "cgroup.controllers", text, sizeof(text)) < 0 ||
	    !strstr(text, "hugetlb")) {
		printf("# no huge pages to limit: not tried\n");
		return;
	}
	CHECK_INT(strmap_set(&resources.unified, "hugetlb.2MB.rsvd.max", "4194304"), 0);
	l = make("v2-huge", &resources);
	CHECK(has_value(l, "hugetlb.2MB.max", "2097152"));
	CHECK(has_value(l, "hugetlb.2MB.rsvd.max", "4194304"));
	end(l);
	strmap_done(&resources.unified);
}

TEST(v2_refuses_what_moves_processes)
{
	struct oci_resources resources = { 0 };
	struct limits *l = NULL;
	struct err e = { 0 };

	if (!enter_v2())
		return;
	CHECK_INT(strmap_set(&resources.unified, "cgroup.subtree_control", "+memory"), 0);
	CHECK_INT(limits_create(NULL, "test-unified", &resources, &l, &e), -EINVAL);
	CHECK_INT(cgroup_version("/sys/fs/cgroup/dolium/test-unified"), -ENOENT);
	strmap_done(&resources.unified);
}

TEST(v2_freezes_kills_and_removes)
{
	struct err e = { 0 };
	struct limits *l;
	pid_t pid;

	if (!enter_v2())
		return;
	l = make("v2-kill", NULL);
	pid = start(l, fork_some);
	wait_for_pids(l, 6);
	CHECK_INT(limits_freeze(l, true, &e), 0);
	CHECK(limits_frozen(l));
	CHECK_INT(limits_freeze(l, false, &e), 0);
	CHECK(!limits_frozen(l));
	CHECK_INT(limits_freeze(l, true, &e), 0);
	CHECK_INT(limits_kill(l, SIGKILL, &e), 0);
	CHECK_INT(status_of(pid), 128 + SIGKILL);
	end(l);
}

TEST(a_limit_without_a_controller_is_an_error_that_leaves_nothing)
{
	struct oci_memory memory = { .limit = 64 << 20, .has_limit = true };
	struct oci_resources resources = { .memory = &memory };
	struct limits *l = NULL;
	struct err e = { 0 };
	char text[256];

	if (!enter_v2() ||
	    cgroup_read("/sys/fs/cgroup", "cgroup.controllers", text, sizeof(text)) < 0 ||
	    strstr(text, "memory")) {
		printf("# has a memory controller on v2: not tried\n");
		return;
	}
	CHECK_INT(limits_create(NULL, "test-missing", &resources, &l, &e), -EOPNOTSUPP);
	CHECK_STR(e.text, "cannot limit 'memory': this host has no cgroup controller for it");
	CHECK_INT(cgroup_version("/sys/fs/cgroup/dolium/test-missing"), -ENOENT);
}

TEST(limits_of_a_running_container_go_up_and_down)
{
	struct oci_memory memory = {
		.limit = 64 << 20, .has_limit = true, .swap = 64 << 20, .has_swap = true
	};
	struct oci_cpu cpu = {
		.quota = 50000, .has_quota = true, .period = 50000, .has_period = true
	};
	struct oci_resources resources = { .memory = &memory, .cpu = &cpu };
	struct err e = { 0 };
	struct limits *l;

	if (!has_cgroups())
		return;
	l = make("update", &resources);
	memory.limit = memory.swap = 128 << 20;
	cpu.quota = 1000;
	cpu.period = 1000;
	CHECK_INT(limits_update(l, &resources, &e), 0);
	CHECK(has_value(l, "memory.limit_in_bytes", "134217728") ||
	    has_value(l, "memory.max", "134217728"));
	CHECK(has_value(l, "cpu.cfs_period_us", "1000\n") || has_value(l, "cpu.max", "1000 1000"));
	memory.limit = memory.swap = 32 << 20;
	CHECK_INT(limits_update(l, &resources, &e), 0);
	CHECK(has_value(l, "memory.limit_in_bytes", "33554432") ||
	    has_value(l, "memory.max", "33554432"));
	memory.limit = memory.swap = -1;
	CHECK_INT(limits_update(l, &resources, &e), 0);
	CHECK(has_value(l, "memory.limit_in_bytes", "9223372036854771712") ||
	    has_value(l, "memory.max", "max"));
	cpu.period = 7;
	CHECK_INT(limits_update(l, &resources, &e), -EINVAL);
	CHECK(strstr(e.text, "cannot set cpu."));
	end(l);
}
