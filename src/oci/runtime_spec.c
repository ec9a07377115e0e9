/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec: a config.json to begin with
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/runtime.h"
#include "os/file.h"

/* What runc's has: a shell, a root that is read-only, three capabilities, no user namespace. */
static const char process_text[] =
    "{\n"
    "  \"ociVersion\": \"1.3.0\",\n"
    "  \"process\": {\n"
    "    \"terminal\": true,\n"
    "    \"user\": { \"uid\": 0, \"gid\": 0 },\n"
    "    \"args\": [\"sh\"],\n"
    "    \"env\": [\n"
    "      \"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\n"
    "      \"TERM=xterm\"\n"
    "    ],\n"
    "    \"cwd\": \"/\",\n"
    "    \"capabilities\": {\n"
    "      \"bounding\": [\"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"],\n"
    "      \"effective\": [\"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"],\n"
    "      \"permitted\": [\"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"]\n"
    "    },\n"
    "    \"rlimits\": [{ \"type\": \"RLIMIT_NOFILE\", \"hard\": 1024, \"soft\": 1024 }],\n"
    "    \"noNewPrivileges\": true\n"
    "  },\n"
    "  \"root\": { \"path\": \"rootfs\", \"readonly\": true },\n"
    "  \"hostname\": \"dolium\",\n"
    "  \"mounts\": [\n"
    "    { \"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\" },\n"
    "    { \"destination\": \"/dev\", \"type\": \"tmpfs\", \"source\": \"tmpfs\",\n"
    "      \"options\": [\"nosuid\", \"strictatime\", \"mode=755\", \"size=65536k\"] },\n";

/* A plain user has one id, so no group 5; and a new sysfs only with a network of its own. */
static const char mounts_of_root[] =
    "    { \"destination\": \"/dev/pts\", \"type\": \"devpts\", \"source\": \"devpts\",\n"
    "      \"options\": [\"nosuid\", \"noexec\", \"newinstance\", \"ptmxmode=0666\",\n"
    "        \"mode=0620\", \"gid=5\"] },\n"
    "    { \"destination\": \"/sys\", \"type\": \"sysfs\", \"source\": \"sysfs\",\n"
    "      \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"ro\"] },\n";
static const char mounts_of_user[] =
    "    { \"destination\": \"/dev/pts\", \"type\": \"devpts\", \"source\": \"devpts\",\n"
    "      \"options\": [\"nosuid\", \"noexec\", \"newinstance\", \"ptmxmode=0666\",\n"
    "        \"mode=0620\"] },\n"
    "    { \"destination\": \"/sys\", \"type\": \"none\", \"source\": \"/sys\",\n"
    "      \"options\": [\"rbind\", \"nosuid\", \"noexec\", \"nodev\", \"ro\"] },\n";

static const char more_mounts[] =
    "    { \"destination\": \"/dev/shm\", \"type\": \"tmpfs\", \"source\": \"shm\",\n"
    "      \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"mode=1777\", \"size=65536k\"] },\n"
    "    { \"destination\": \"/dev/mqueue\", \"type\": \"mqueue\", \"source\": \"mqueue\",\n"
    "      \"options\": [\"nosuid\", \"noexec\", \"nodev\"] },\n"
    "    { \"destination\": \"/sys/fs/cgroup\", \"type\": \"cgroup\", \"source\": \"cgroup\",\n"
    "      \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"relatime\", \"ro\"] }\n"
    "  ],\n"
    "  \"linux\": {\n";

static const char linux_of_root[] =
    "    \"resources\": { \"devices\": [{ \"allow\": false, \"access\": \"rwm\" }] },\n"
    "    \"namespaces\": [\n"
    "      { \"type\": \"pid\" }, { \"type\": \"network\" }, { \"type\": \"ipc\" },\n"
    "      { \"type\": \"uts\" }, { \"type\": \"mount\" }, { \"type\": \"cgroup\" }\n"
    "    ],\n";
static const char linux_of_user[] =
    "    \"uidMappings\": [{ \"containerID\": 0, \"hostID\": %u, \"size\": 1 }],\n"
    "    \"gidMappings\": [{ \"containerID\": 0, \"hostID\": %u, \"size\": 1 }],\n"
    "    \"namespaces\": [\n"
    "      { \"type\": \"pid\" }, { \"type\": \"ipc\" }, { \"type\": \"uts\" },\n"
    "      { \"type\": \"mount\" }, { \"type\": \"cgroup\" }, { \"type\": \"user\" }\n"
    "    ],\n";

static const char paths_text[] =
    "    \"maskedPaths\": [\n"
    "      \"/proc/acpi\", \"/proc/asound\", \"/proc/kcore\", \"/proc/keys\",\n"
    "      \"/proc/latency_stats\", \"/proc/timer_list\", \"/proc/timer_stats\",\n"
    "      \"/proc/sched_debug\", \"/sys/firmware\", \"/proc/scsi\"\n"
    "    ],\n"
    "    \"readonlyPaths\": [\n"
    "      \"/proc/bus\", \"/proc/fs\", \"/proc/irq\", \"/proc/sys\", \"/proc/sysrq-trigger\"\n"
    "    ]\n"
    "  }\n"
    "}\n";

static void put_spec(struct buf *to, bool rootless)
{
	buf_adds(to, process_text);
	buf_adds(to, rootless ? mounts_of_user : mounts_of_root);
	buf_adds(to, more_mounts);
	if (rootless)
		buf_addf(to, linux_of_user, geteuid(), getegid());
	else
		buf_adds(to, linux_of_root);
	buf_adds(to, paths_text);
}

int runtime_spec(const struct runtime *rt, const struct runtime_options *o, struct err *e)
{
	const char *name = o->config ? o->config : "config.json";
	AUTO_BUF struct buf text = { 0 };
	AUTO_FD int bundle = -1;
	AUTO_FD int fd = -1;
	int r;

	(void)rt;
	put_spec(&text, o->rootless);
	r = buf_error(&text);
	if (r < 0)
		return err_set(e, r, "cannot write config.json");
	bundle = open(o->bundle ? o->bundle : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (bundle < 0)
		return err_set(e, -errno, "cannot open the bundle '%s'", o->bundle);
	fd = openat(bundle, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST)
		return err_refuse(e, -EEXIST, "file %s exists: remove it first", name);
	r = fd < 0 ? -errno : file_write_fd(fd, text.data, text.len);
	return r < 0 ? err_set(e, r, "cannot write '%s'", name) : 0;
}
