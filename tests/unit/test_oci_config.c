/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/oci_config.h"

#include "test.h"

static struct err e;

static const char whole[] =
    "{\"ociVersion\":\"1.2.0\","
    "\"root\":{\"path\":\"rootfs\",\"readonly\":true},"
    "\"hostname\":\"web\",\"domainname\":\"lan\","
    "\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\","
    "\"options\":[\"nosuid\",\"ro\"],"
    "\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}],"
    "\"gidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}]}],"
    "\"process\":{\"terminal\":true,\"consoleSize\":{\"height\":25,\"width\":80},"
    "\"user\":{\"uid\":1,\"gid\":2,\"umask\":18,\"additionalGids\":[5,6]},"
    "\"args\":[\"sh\",\"-c\",\"true\"],\"env\":[\"A=b\"],\"cwd\":\"/\","
    "\"capabilities\":{\"bounding\":[\"CAP_KILL\"],\"effective\":[\"CAP_KILL\"],"
    "\"inheritable\":[\"CAP_CHOWN\"],\"permitted\":[\"CAP_KILL\"],\"ambient\":[\"CAP_KILL\"]},"
    "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1024,\"hard\":18446744073709551615}],"
    "\"noNewPrivileges\":true,\"apparmorProfile\":\"a\",\"selinuxLabel\":\"s\","
    "\"oomScoreAdj\":-999,\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"nice\":5,"
    "\"flags\":[\"SCHED_FLAG_RESET_ON_FORK\"]},"
    "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":6},"
    "\"execCPUAffinity\":{\"initial\":\"0-1\",\"final\":\"1\"}},"
    "\"hooks\":{\"prestart\":[{\"path\":\"/a\",\"args\":[\"a\"],\"env\":[\"X=y\"],"
    "\"timeout\":3}],\"createRuntime\":[{\"path\":\"/b\"}],\"createContainer\":[{\"path\":\"/c\"}],"
    "\"startContainer\":[{\"path\":\"/d\"}],\"poststart\":[{\"path\":\"/e\"}],"
    "\"poststop\":[{\"path\":\"/f\"}]},"
    "\"annotations\":{\"org.x\":\"y\"},"
    "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"time\"},{\"type\":\"network\","
    "\"path\":\"/run/ns/a\"}],"
    "\"uidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":65536}],"
    "\"gidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":65536}],"
    "\"devices\":[{\"path\":\"/dev/fuse\",\"type\":\"c\",\"major\":10,\"minor\":229,"
    "\"fileMode\":438,\"uid\":0,\"gid\":0}],"
    "\"cgroupsPath\":\"/dolium/web\","
    "\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"},"
    "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":-1,\"access\":\"r\"}],"
    "\"memory\":{\"limit\":1048576,\"reservation\":1,\"swap\":-1,\"swappiness\":0,"
    "\"kernel\":3,\"kernelTCP\":4,\"disableOOMKiller\":true,\"useHierarchy\":true,"
    "\"checkBeforeUpdate\":true},"
    "\"cpu\":{\"shares\":1024,\"quota\":-1,\"burst\":5,\"period\":100000,\"idle\":1,"
    "\"realtimeRuntime\":950,\"realtimePeriod\":1000,"
    "\"cpus\":\"0-1\",\"mems\":\"0\"},"
    "\"blockIO\":{\"weight\":10,\"leafWeight\":20,"
    "\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":500,\"leafWeight\":300}],"
    "\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":1}],"
    "\"throttleWriteBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":2}],"
    "\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":0,\"rate\":3}],"
    "\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":0,\"rate\":4}]},"
    "\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":7}],"
    "\"network\":{\"classID\":1048577,\"priorities\":[{\"name\":\"eth0\",\"priority\":7}]},"
    "\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3,\"hcaObjects\":10000},\"mlx4_0\":{}},"
    "\"pids\":{\"limit\":100},\"unified\":{\"memory.high\":\"1\"}},"
    "\"sysctl\":{\"net.core.somaxconn\":\"256\"},"
    "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,"
    "\"architectures\":[\"SCMP_ARCH_X86_64\"],\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"],"
    "\"listenerPath\":\"/l\",\"listenerMetadata\":\"m\","
    "\"syscalls\":[{\"names\":[\"read\",\"write\"],\"action\":\"SCMP_ACT_ALLOW\"},"
    "{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1,"
    "\"args\":[{\"index\":0,\"value\":2114060288,\"valueTwo\":18446744073709551615,"
    "\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]},"
    "\"rootfsPropagation\":\"rslave\",\"maskedPaths\":[\"/proc/kcore\"],"
    "\"readonlyPaths\":[\"/proc/sys\"],\"mountLabel\":\"l\","
    "\"personality\":{\"domain\":\"LINUX32\"},"
    "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\","
    "\"flags\":[\"MPOL_F_STATIC_NODES\"]},"
    "\"timeOffsets\":{\"monotonic\":{\"secs\":-5,\"nanosecs\":7},"
    "\"boottime\":{\"secs\":9,\"nanosecs\":0}},"
    "\"netDevices\":{\"eth7\":{\"name\":\"net0\"},\"eth8\":{}},"
    "\"intelRdt\":{\"closID\":\"gold\",\"l3CacheSchema\":\"L3:0=f\","
    "\"memBwSchema\":\"MB:0=50\",\"schemata\":[\"L2:0=3\"],\"enableMonitoring\":true}}}";

static struct oci_config *parse(const char *text)
{
	struct oci_config *config = NULL;
	int r = oci_config_parse(text, strlen(text), &config, &e);

	if (r < 0)
		printf("# %s\n", e.text);
	CHECK_INT(r, 0);
	return config;
}

/* A small good configuration with `more` in it, and in its process and its linux part. */
static void make(struct buf *b, const char *more, const char *process, const char *linux_part)
{
	buf_addf(b,
	    "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"}%s,"
	    "\"process\":{\"cwd\":\"/\",\"args\":[\"a\"]%s},\"linux\":{%s}}",
	    more, process, linux_part);
}

static void check_refused(const char *text, const char *words)
{
	struct oci_config *config = NULL;

	CHECK_INT(oci_config_parse(text, strlen(text), &config, &e), -EBADMSG);
	CHECK(!config);
	CHECK_STR(e.text, words);
}

static void check_refused_linux(const char *linux_part, const char *words)
{
	AUTO_BUF struct buf b = { 0 };

	make(&b, "", "", linux_part);
	check_refused(buf_text(&b), words);
}

static void check_refused_process(const char *process, const char *words)
{
	AUTO_BUF struct buf b = { 0 };

	make(&b, "", process, "");
	check_refused(buf_text(&b), words);
}

static void check_refused_top(const char *more, const char *words)
{
	AUTO_BUF struct buf b = { 0 };

	make(&b, more, "", "");
	check_refused(buf_text(&b), words);
}

TEST(reads_every_field)
{
	AUTO(oci_config_free) struct oci_config *c = parse(whole);

	CHECK_STR(c->root_path, "rootfs");
	CHECK(c->root_readonly);
	CHECK_STR(c->mounts[0].options.items[1], "ro");
	CHECK_INT(c->mounts[0].uid_mappings[0].host_id, 1000);
	CHECK_INT(c->process->console_width, 80);
	CHECK(c->process->user.has_umask);
	CHECK_INT(c->process->user.umask, 022);
	CHECK_INT(c->process->user.n_additional_gids, 2);
	CHECK_INT(c->process->user.additional_gids[1], 6);
	CHECK(c->process->rlimits[0].hard == UINT64_MAX);
	CHECK_INT(c->process->oom_score_adj, -999);
	CHECK_INT(c->hooks->prestart.n, 1);
	CHECK_INT(c->hooks->prestart.items[0].timeout, 3);
	CHECK_STR(c->hooks->poststop.items[0].path, "/f");
	CHECK(!c->linux_->namespaces[0].path);
	CHECK_STR(c->linux_->namespaces[2].path, "/run/ns/a");
	CHECK_STR(c->process->scheduler->policy, "SCHED_BATCH");
	CHECK_INT(c->process->scheduler->nice, 5);
	CHECK_INT(c->process->io_priority->priority, 6);
	CHECK_STR(c->process->exec_cpu_affinity->final_, "1");
	CHECK_STR(c->linux_->personality->domain, "LINUX32");
	CHECK_STR(c->linux_->memory_policy->nodes, "0");
	CHECK_INT(c->linux_->time_offsets->monotonic->secs, -5);
	CHECK_INT(c->linux_->n_net_devices, 2);
	CHECK_STR(c->linux_->net_devices[0].key, "eth7");
	CHECK_STR(c->linux_->net_devices[0].name, "net0");
	CHECK(!c->linux_->net_devices[1].name);
	CHECK(!c->linux_->resources->devices[0].has_major);
	CHECK_INT(c->linux_->resources->devices[1].minor, -1);
	CHECK_INT(c->linux_->resources->memory->swap, -1);
	CHECK(c->linux_->resources->memory->has_swappiness);
	CHECK_INT(c->linux_->resources->block_io->write_iops[0].rate, 4);
	CHECK_INT(c->linux_->resources->pids_limit, 100);
	CHECK(c->linux_->resources->memory->check_before_update);
	CHECK_INT(c->linux_->resources->memory->kernel_tcp, 4);
	CHECK_INT(c->linux_->resources->cpu->realtime_runtime, 950);
	CHECK_INT(c->linux_->resources->network->class_id, 1048577);
	CHECK_STR(c->linux_->resources->network->priorities[0].name, "eth0");
	CHECK_INT(c->linux_->resources->n_rdma, 2);
	CHECK_STR(c->linux_->resources->rdma[0].key, "mlx5_1");
	CHECK_INT(c->linux_->resources->rdma[0].hca_objects, 10000);
	CHECK(!c->linux_->resources->rdma[1].has_hca_handles);
	CHECK_STR(c->linux_->intel_rdt->clos_id, "gold");
	CHECK_STR(c->linux_->intel_rdt->schemata.items[0], "L2:0=3");
	CHECK_STR(strmap_get(&c->linux_->resources->unified, "memory.high"), "1");
	CHECK(c->linux_->seccomp->syscalls[1].args[0].value_two == UINT64_MAX);
	CHECK_INT(c->linux_->seccomp->syscalls[0].names.n, 2);
}

TEST(what_is_written_is_what_was_read)
{
	AUTO(oci_config_free) struct oci_config *c = parse(whole), *again = NULL;
	AUTO_BUF struct buf first = { 0 }, second = { 0 };

	oci_config_write(c, &first);
	CHECK_INT(buf_error(&first), 0);
	again = parse(buf_text(&first));
	oci_config_write(again, &second);
	CHECK_STR(buf_text(&second), buf_text(&first));
	/* Nothing got lost on the way: each text of the source is in it. */
	for (const char *at = strchr(whole, '"'); at; at = strchr(at, '"')) {
		const char *end = strchr(at + 1, '"');
		char word[64];

		snprintf(word, sizeof(word), "%.*s", (int)(end + 1 - at), at);
		if (!strstr(buf_text(&first), word))
			printf("# not written: %s\n", word);
		CHECK(strstr(buf_text(&first), word));
		at = end + 1;
	}
}

TEST(process_and_linux_may_be_absent)
{
	AUTO(oci_config_free)
	struct oci_config *c = parse("{\"ociVersion\":\"1.0.0-rc5\",\"root\":{\"path\":\"/r\"}}");

	CHECK(!c->process && !c->linux_ && !c->hooks);
	CHECK(!c->hostname);
}

TEST(an_empty_text_is_as_if_not_said)
{
	AUTO_BUF struct buf b = { 0 };
	AUTO(oci_config_free) struct oci_config *c = NULL;

	make(&b, ",\"hostname\":\"\"", "",
	    "\"namespaces\":[{\"type\":\"pid\",\"path\":\"\"}],\"cgroupsPath\":\"\"");
	c = parse(buf_text(&b));
	CHECK(!c->hostname);
	CHECK(!c->linux_->namespaces[0].path);
	CHECK(!c->linux_->cgroups_path);
}

TEST(a_relative_mount_is_relative_to_the_root)
{
	AUTO_BUF struct buf b = { 0 };
	AUTO(oci_config_free) struct oci_config *c = NULL;

	make(&b, ",\"mounts\":[{\"destination\":\"data\"}]", "", "");
	c = parse(buf_text(&b));
	CHECK_STR(c->mounts[0].destination, "/data");
}

TEST(the_file_type_in_a_device_mode_is_dropped)
{
	AUTO_BUF struct buf b = { 0 };
	AUTO(oci_config_free) struct oci_config *c = NULL;

	make(&b, "", "", "\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"fileMode\":8630}]");
	c = parse(buf_text(&b));
	CHECK_INT(c->linux_->devices[0].file_mode, 0666);
}

TEST(a_missing_part_is_named)
{
	check_refused("{}", "config.json: ociVersion: missing");
	check_refused("{\"ociVersion\":\"1.0.2\"}", "config.json: root: missing");
	check_refused("{\"ociVersion\":\"1.0.2\",\"root\":{}}", "config.json: root.path: missing");
	check_refused("{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"/\"},\"process\":{}}",
	    "config.json: process.cwd: missing");
	check_refused(
	    "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"/\"},\"process\":{\"cwd\":\"/\"}}",
	    "config.json: process.args: missing");
	check_refused_top(",\"mounts\":[{}]", "config.json: mounts[0].destination: missing");
	check_refused_linux(
	    "\"namespaces\":[{\"path\":\"/x\"}]", "config.json: linux.namespaces[0].type: missing");
}

TEST(another_version_is_refused)
{
	check_refused("{\"ociVersion\":\"2.0.0\",\"root\":{\"path\":\"/\"}}",
	    "config.json: ociVersion: '2.0.0', and only 1.x is spoken");
	check_refused("{\"ociVersion\":\"1.x\",\"root\":{\"path\":\"/\"}}",
	    "config.json: ociVersion: '1.x', and only 1.x is spoken");
}

TEST(names_that_nobody_knows_are_refused_with_their_path)
{
	check_refused_linux("\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"uts\"},{\"type\":"
	                    "\"netz\"}]",
	    "config.json: linux.namespaces[2].type: no such kind: 'netz'");
	check_refused_linux("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"z\"}]",
	    "config.json: linux.devices[0].type: no such type of device: 'z'");
	check_refused_linux("\"resources\":{\"devices\":[{\"allow\":true,\"access\":\"rx\"}]}",
	    "config.json: linux.resources.devices[0].access: more than r, w and m: 'rx'");
	check_refused_linux("\"seccomp\":{\"defaultAction\":\"ALLOW\"}",
	    "config.json: linux.seccomp.defaultAction: no such action: 'ALLOW'");
	check_refused_linux("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{"
	                    "\"names\":[\"a\"],\"action\":\"SCMP_ACT_KILL\",\"args\":[{\"index\":0,"
	                    "\"value\":1,\"op\":\"EQ\"}]}]}",
	    "config.json: linux.seccomp.syscalls[0].args[0].op: no such comparison: 'EQ'");
	check_refused_linux("\"rootfsPropagation\":\"none\"",
	    "config.json: linux.rootfsPropagation: no such propagation: 'none'");
	check_refused_process(",\"rlimits\":[{\"type\":\"RLIMIT_X\",\"soft\":1,\"hard\":1}]",
	    "config.json: process.rlimits[0].type: no such limit: 'RLIMIT_X'");
}

TEST(how_the_kernel_treats_the_process_is_checked)
{
	check_refused_process(",\"scheduler\":{\"policy\":\"SCHED_X\"}",
	    "config.json: process.scheduler.policy: no such policy: 'SCHED_X'");
	check_refused_process(",\"scheduler\":{\"policy\":\"SCHED_FIFO\"}",
	    "config.json: process.scheduler.priority: not from 1 to 99");
	check_refused_process(
	    ",\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"priority\":9,\"nice\":1}",
	    "config.json: process.scheduler.nice: not with SCHED_FIFO");
	check_refused_process(",\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"runtime\":1}",
	    "config.json: process.scheduler.runtime: not with SCHED_OTHER");
	check_refused_process(
	    ",\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"flags\":[\"SCHED_FLAG_RECLAIM\",\"X\"]}",
	    "config.json: process.scheduler.flags[1]: no such flag: 'X'");
	check_refused_process(",\"ioPriority\":{\"class\":\"BE\"}",
	    "config.json: process.ioPriority.class: no such class: 'BE'");
	check_refused_process(",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}",
	    "config.json: process.ioPriority.priority: not from 0 to 7");
	check_refused_process(",\"execCPUAffinity\":{\"initial\":\"0-\"}",
	    "config.json: process.execCPUAffinity.initial: not a list of numbers: '0-'");
	check_refused_linux("\"personality\":{\"domain\":\"BSD\"}",
	    "config.json: linux.personality.domain: no such domain: 'BSD'");
	check_refused_linux("\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"F\"]}",
	    "config.json: linux.personality.flags[0]: no such flag: 'F'");
	check_refused_linux("\"memoryPolicy\":{\"mode\":\"bind\"}",
	    "config.json: linux.memoryPolicy.mode: no such mode: 'bind'");
	check_refused_linux("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"3-1\"}",
	    "config.json: linux.memoryPolicy.nodes: not a list of numbers: '3-1'");
}

TEST(a_listener_needs_a_path_and_its_own_call)
{
	check_refused_linux("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{"
	                    "\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}",
	    "config.json: linux.seccomp.listenerPath: missing, and SCMP_ACT_NOTIFY is asked for");
	check_refused_linux("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}",
	    "config.json: linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be asked for all "
	    "calls");
	check_refused_linux(
	    "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\","
	    "\"listenerPath\":\"/l\",\"syscalls\":[{\"names\":[\"mkdir\",\"sendmsg\"],"
	    "\"action\":\"SCMP_ACT_NOTIFY\"}]}",
	    "config.json: linux.seccomp.syscalls[0].names: SCMP_ACT_NOTIFY cannot be asked for "
	    "'sendmsg': by it the listener is handed over");
}

TEST(clocks_and_interfaces_need_a_namespace)
{
	check_refused_linux("\"timeOffsets\":{\"boottime\":{\"secs\":1}}",
	    "config.json: linux.timeOffsets: there is no new time namespace");
	check_refused_linux("\"namespaces\":[{\"type\":\"time\"}],"
	                    "\"timeOffsets\":{\"boottime\":{\"secs\":1,\"nanosecs\":1000000000}}",
	    "config.json: linux.timeOffsets.boottime.nanosecs: a second or more");
	check_refused_linux("\"netDevices\":{\"eth0\":{}}",
	    "config.json: linux.netDevices: there is no network namespace");
	check_refused_linux("\"netDevices\":{\"a/b\":{}}",
	    "config.json: linux.netDevices.a/b: not the name of an interface");
	check_refused_linux("\"netDevices\":{\"eth0\":{\"name\":\"sixteen-letters-\"}}",
	    "config.json: linux.netDevices.eth0.name: not the name of an interface: "
	    "'sixteen-letters-'");
}

TEST(an_interface_has_a_name_of_its_own)
{
	check_refused_linux("\"namespaces\":[{\"type\":\"network\"}],\"netDevices\":{\"eth1\":{},"
	                    "\"eth2\":{\"name\":"
	                    "\"eth1\"}}",
	    "config.json: linux.netDevices.eth2.name: 'eth1' twice");
}

TEST(a_namespace_stands_there_once)
{
	check_refused_linux("\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]",
	    "config.json: linux.namespaces[1].type: 'pid' twice");
	check_refused_process(",\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":1,\"hard\":1},"
	                      "{\"type\":\"RLIMIT_AS\",\"soft\":1,\"hard\":1}]",
	    "config.json: process.rlimits[1].type: 'RLIMIT_AS' twice");
}

TEST(paths_must_be_absolute)
{
	check_refused("{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"/\"},\"process\":{\"cwd\":"
	              "\"tmp\",\"args\":[\"a\"]}}",
	    "config.json: process.cwd: not an absolute path: 'tmp'");
	check_refused_linux("\"namespaces\":[{\"type\":\"pid\",\"path\":\"ns\"}]",
	    "config.json: linux.namespaces[0].path: not an absolute path: 'ns'");
	check_refused_linux("\"maskedPaths\":[\"/a\",\"b\"]",
	    "config.json: linux.maskedPaths[1]: not an absolute path: 'b'");
	check_refused_linux("\"readonlyPaths\":[\"\"]",
	    "config.json: linux.readonlyPaths[0]: not an absolute path: ''");
	check_refused_linux("\"devices\":[{\"path\":\"x\",\"type\":\"c\"}]",
	    "config.json: linux.devices[0].path: not an absolute path: 'x'");
	check_refused_top(",\"hooks\":{\"poststop\":[{\"path\":\"x\"}]}",
	    "config.json: hooks.poststop[0].path: not an absolute path: 'x'");
}

TEST(names_of_files_in_cgroups_cannot_leave_them)
{
	check_refused_linux("\"resources\":{\"unified\":{\"../memory.max\":\"1\"}}",
	    "config.json: linux.resources.unified: not a cgroup's file: '../memory.max'");
	check_refused_linux(
	    "\"resources\":{\"hugepageLimits\":[{\"pageSize\":\"../2MB\",\"limit\":1}]}",
	    "config.json: linux.resources.hugepageLimits[0].pageSize: not a size of pages: "
	    "'../2MB'");
	check_refused_linux("\"cgroupsPath\":\"/a/../../b\"",
	    "config.json: linux.cgroupsPath: has '..' in it: '/a/../../b'");
	check_refused_linux("\"sysctl\":{\"net/../kernel.core_pattern\":\"x\"}",
	    "config.json: linux.sysctl: not a name: 'net/../kernel.core_pattern'");
}

TEST(numbers_out_of_range_are_refused)
{
	check_refused_linux("\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":0}]",
	    "config.json: linux.uidMappings[0].size: a range of no ids");
	check_refused_linux("\"gidMappings\":[{\"containerID\":1,\"hostID\":0,\"size\":4294967295},"
	                    "{\"containerID\":2,\"hostID\":0,\"size\":4294967295}]",
	    "config.json: linux.gidMappings[1].size: the range ends beyond 32 bits");
	check_refused_process(",\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":2,\"hard\":1}]",
	    "config.json: process.rlimits[0].soft: above the hard limit");
	check_refused_process(
	    ",\"oomScoreAdj\":1001", "config.json: process.oomScoreAdj: not from -1000 to 1000");
	check_refused_process(
	    ",\"user\":{\"uid\":-1}", "config.json: process.user.uid: a number below 0");
	check_refused_process(
	    ",\"user\":{\"umask\":4095}", "config.json: process.user.umask: above 0777");
	check_refused_linux("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{"
	                    "\"names\":[\"a\"],\"action\":\"SCMP_ACT_KILL\",\"args\":[{\"index\":6,"
	                    "\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]}",
	    "config.json: linux.seccomp.syscalls[0].args[0].index: a system call has no argument "
	    "6");
	check_refused_top(",\"hooks\":{\"poststop\":[{\"path\":\"/x\",\"timeout\":0}]}",
	    "config.json: hooks.poststop[0].timeout: not above 0");
}

TEST(resources_and_cache_classes_are_checked)
{
	check_refused_linux("\"resources\":{\"memory\":{\"limit\":-2}}",
	    "config.json: linux.resources.memory.limit: neither a size nor -1");
	check_refused_linux("\"resources\":{\"memory\":{\"swappiness\":101}}",
	    "config.json: linux.resources.memory.swappiness: not from 0 to 100");
	check_refused_linux("\"resources\":{\"cpu\":{\"cpus\":\"0\\n1\"}}",
	    "config.json: linux.resources.cpu.cpus: not a list of numbers: '0\n1'");
	check_refused_linux("\"resources\":{\"cpu\":{\"shares\":-1}}",
	    "config.json: linux.resources.cpu.shares: a number below 0");
	check_refused_linux("\"resources\":{\"cpu\":{\"idle\":2}}",
	    "config.json: linux.resources.cpu.idle: neither 0 nor 1");
	check_refused_linux("\"resources\":{\"rdma\":{\"a b\":{}}}",
	    "config.json: linux.resources.rdma.a b: not the name of an RDMA device");
	check_refused_linux(
	    "\"resources\":{\"network\":{\"priorities\":[{\"name\":\"a b\",\"priority\":1}]}}",
	    "config.json: linux.resources.network.priorities[0].name: not the name of an "
	    "interface: 'a b'");
	check_refused_linux("\"intelRdt\":{\"closID\":\"../x\"}",
	    "config.json: linux.intelRdt.closID: not the name of a class of service: '../x'");
	check_refused_linux("\"intelRdt\":{\"schemata\":[\"L3:0=f\\nMB:0=1\"]}",
	    "config.json: linux.intelRdt.schemata[0]: more than one line");
}
