/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Are these options for a container good?
 *
 * Every value is looked at before anything is made, so a refusal costs nothing
 * and leaves nothing. What only the kernel can tell (is there such a CPU?) it tells later.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "base/err.h"
#include "base/num.h"
#include "base/strv.h"
#include "engine/create.h"
#include "engine/naming.h"
#include "engine/ulimit.h"
#include "format/capability.h"
#include "os/process.h"

#define MEMORY_MIN   (INT64_C(6) << 20)
#define HOSTNAME_MAX 64
#define NANO_MIN     INT64_C(10000000)

static int refuse(struct err *e, const char *what, const char *value, const char *rule)
{
	return err_refuse(e, -EINVAL, "invalid %s '%s': %s", what, value, rule);
}

/* ---- who and where ---- */

static bool is_hostname(const char *text)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
	const size_t len = strlen(text);

	return len > 0 && len <= HOSTNAME_MAX && strspn(text, letters) == len &&
	    !strchr("-.", text[0]);
}

/* "USER[:GROUP]", no part empty (CVE-2026-30892); "" is not said. */
static bool is_user(const char *text)
{
	const char *colon = strchr(text, ':');

	return !colon || (colon != text && colon[1] != '\0' && !strchr(colon + 1, ':'));
}

static bool is_restart_policy(const char *text)
{
	uint32_t max;

	if (!text[0] || strcmp(text, "no") == 0 || strcmp(text, "always") == 0 ||
	    strcmp(text, "unless-stopped") == 0 || strcmp(text, "on-failure") == 0)
		return true;
	return strncmp(text, "on-failure:", 11) == 0 && num_parse_u32(text + 11, &max) == 0 &&
	    max <= INT32_MAX;
}

static int check_names(const struct dolium_create_options *o, struct err *e)
{
	if (!o->image || !o->image[0])
		return err_refuse(e, -EINVAL, "no image is given");
	if (o->name && !naming_is_name(o->name[0] == '/' ? o->name + 1 : o->name))
		return refuse(e, "container name", o->name,
		    "letters, digits, '_', '.' and '-' are allowed, at least two, a letter or "
		    "digit first");
	if (o->hostname && !is_hostname(o->hostname))
		return refuse(e, "hostname", o->hostname,
		    "letters, digits, '-' and '.' are allowed, at most 64 of them");
	if (o->domainname && !is_hostname(o->domainname))
		return refuse(e, "domain name", o->domainname,
		    "letters, digits, '-' and '.' are allowed, at most 64 of them");
	if (o->user && !is_user(o->user))
		return refuse(
		    e, "user", o->user, "it needs to be USER or USER:GROUP, names or numbers");
	if (o->workdir && o->workdir[0] != '/')
		return refuse(
		    e, "working directory", o->workdir, "it needs to be an absolute path");
	if (o->stop_signal && process_signal_parse(o->stop_signal) < 0)
		return refuse(e, "stop signal", o->stop_signal, "there is no such signal");
	if (o->restart && !is_restart_policy(o->restart))
		return refuse(e, "restart policy", o->restart,
		    "it needs to be no, always, unless-stopped, on-failure or on-failure:N");
	if (o->auto_remove && o->restart && o->restart[0] && strcmp(o->restart, "no") != 0)
		return err_refuse(e, -EINVAL,
		    "what is removed when it has ended (--rm) cannot be started again (--restart)");
	return 0;
}

static int check_choice(const char *what, const char *value, const char *const *choices,
    const char *rule, struct err *e)
{
	if (!value || !value[0])
		return 0;
	for (; *choices; choices++)
		if (strcmp(value, *choices) == 0)
			return 0;
	return refuse(e, what, value, rule);
}

/* A wall that was asked for is never left out silently. */
static int check_chroot(const struct dolium_create_options *o, struct err *e)
{
	const struct {
		const char *option, *value, *what;
	} walls[] = {
		{ "--network", o->network, "network" },
		{ "--pid", o->pid, "processes" },
		{ "--ipc", o->ipc, "IPC" },
		{ "--uts", o->uts, "host name" },
		{ "--hostname", o->hostname, "host name" },
		{ "--domainname", o->domainname, "domain name" },
		{ "--userns", o->userns, "users" },
		{ "--cgroupns", o->cgroupns, "cgroups" },
	};

	for (size_t i = 0; i < sizeof(walls) / sizeof(walls[0]); i++) {
		const char *value = walls[i].value;
		const bool is_name = strstr(walls[i].option, "name") != NULL;

		if (!value || !value[0] || (!is_name && strcmp(value, "host") == 0))
			continue;
		return err_refuse(e, -EINVAL,
		    "%s %s needs --isolation container: a chroot has the host's %s",
		    walls[i].option, value, walls[i].what);
	}
	return 0;
}

static int check_namespaces(const struct dolium_create_options *o, struct err *e)
{
	static const char *const plain[] = { "host", "private", NULL };
	static const char *const ipc[] = { "host", "private", "none", "shareable", NULL };
	static const char *const networks[] = { "none", "host", NULL };
	static const char *const users[] = { "auto", "host", "keep-id", NULL };
	int r;

	if (o->isolation == DOLIUM_VM)
		return err_refuse(
		    e, -EOPNOTSUPP, "the isolation 'vm' comes with a later version of dolium");
	if (o->isolation != DOLIUM_CONTAINER && o->isolation != DOLIUM_CHROOT)
		return err_refuse(e, -EINVAL, "no such isolation: %d", (int)o->isolation);
	r = check_choice("network", o->network, networks, "there are 'none' and 'host' so far", e);
	if (r == 0)
		r = check_choice("pid mode", o->pid, plain, "there are 'private' and 'host'", e);
	if (r == 0)
		r = check_choice("ipc mode", o->ipc, ipc, "there are 'private' and 'host'", e);
	if (r == 0)
		r = check_choice("uts mode", o->uts, plain, "there are 'private' and 'host'", e);
	if (r == 0)
		r = check_choice("cgroup namespace mode", o->cgroupns, plain,
		    "there are 'private' and 'host'", e);
	if (r == 0)
		r = check_choice("user namespace mode", o->userns, users,
		    "there are 'auto', 'host' and 'keep-id'", e);
	return r == 0 && o->isolation == DOLIUM_CHROOT ? check_chroot(o, e) : r;
}

/* ---- lists ---- */

static int check_pairs(const char *what, const char *const *list, const char *rule, struct err *e)
{
	for (; list && *list; list++) {
		if ((*list)[0] == '\0' || (*list)[0] == '=')
			return refuse(e, what, *list, rule);
	}
	return 0;
}

static bool is_address(const char *text)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static int check_addresses(const struct dolium_create_options *o, struct err *e)
{
	for (const char *const *at = o->dns; at && *at; at++)
		if (!is_address(*at))
			return refuse(e, "DNS server", *at, "it needs to be an IP address");
	for (const char *const *at = o->add_host; at && *at; at++) {
		const size_t len = strcspn(*at, ":=");
		const char *address = *at + len + ((*at)[len] != '\0');

		if (len == 0 || (!is_address(address) && strcmp(address, "host-gateway") != 0))
			return refuse(e, "host to add", *at, "it needs to be HOST:IP");
		if (strpbrk(*at, " \t\n"))
			return refuse(e, "host to add", *at, "blanks are not allowed");
	}
	for (const char *const *at = o->dns_search; at && *at; at++)
		if (!(*at)[0] || strpbrk(*at, " \t\n"))
			return refuse(e, "DNS search domain", *at, "it needs to be one word");
	for (const char *const *at = o->dns_option; at && *at; at++)
		if (!(*at)[0] || strpbrk(*at, " \t\n"))
			return refuse(e, "DNS option", *at, "it needs to be one word");
	return 0;
}

/* Only what a namespace keeps apart: anything else would be the machine's. */
static int check_sysctl(const struct dolium_create_options *o, const char *entry, struct err *e)
{
	static const char *const ipc[] = { "kernel.msgmax=", "kernel.msgmnb=", "kernel.msgmni=",
		"kernel.sem=", "kernel.shmall=", "kernel.shmmax=", "kernel.shmmni=",
		"kernel.shm_rmid_forced=", "fs.mqueue.", NULL };
	const char *value = strchr(entry, '=');
	bool of_ipc = false, of_network = strncmp(entry, "net.", 4) == 0;

	if (!value || value == entry || strpbrk(entry, "\n/") || strstr(entry, ".."))
		return refuse(e, "sysctl", entry, "it needs to be NAME=VALUE");
	for (size_t i = 0; ipc[i]; i++)
		of_ipc |= strncmp(entry, ipc[i], strlen(ipc[i])) == 0;
	if (!of_ipc && !of_network)
		return refuse(e, "sysctl", entry,
		    "no namespace keeps it apart, so it would be the machine's");
	if (of_ipc && o->ipc && strcmp(o->ipc, "host") == 0)
		return refuse(
		    e, "sysctl", entry, "with the ipc mode 'host' it would be the machine's");
	if (of_network && o->network && strcmp(o->network, "host") == 0)
		return refuse(
		    e, "sysctl", entry, "with the network 'host' it would be the machine's");
	if (o->isolation == DOLIUM_CHROOT)
		return refuse(
		    e, "sysctl", entry, "with the isolation 'chroot' it would be the machine's");
	return 0;
}

static int check_capabilities(const struct dolium_create_options *o, struct err *e)
{
	AUTO_STRV struct strv add = { 0 }, drop = { 0 };
	uint64_t set;

	if (strv_add_all(&add, o->cap_add) < 0 || strv_add_all(&drop, o->cap_drop) < 0)
		return err_set(e, -ENOMEM, "cannot read the options");
	return capability_adjust(capability_default, &add, &drop, &set, e);
}

static int check_security(const struct dolium_create_options *o, struct err *e)
{
	static const char *const plain[] = { "no-new-privileges", "no-new-privileges=true",
		"no-new-privileges:true", "no-new-privileges=false", "no-new-privileges:false",
		"systempaths=unconfined", NULL };
	static const char *const prefixes[] = {
		"seccomp=", "seccomp:", "label=", "label:", "apparmor=", "apparmor:", NULL
	};

	for (const char *const *at = o->security_opt; at && *at; at++) {
		bool known = false;

		for (size_t i = 0; plain[i]; i++)
			known |= strcmp(*at, plain[i]) == 0;
		for (size_t i = 0; prefixes[i]; i++)
			known |= strncmp(*at, prefixes[i], strlen(prefixes[i])) == 0 &&
			    (*at)[strlen(prefixes[i])] != '\0';
		if (!known)
			return refuse(e, "security option", *at,
			    "there are seccomp=FILE|unconfined, no-new-privileges, label=..., "
			    "apparmor=..., "
			    "systempaths=unconfined");
	}
	return 0;
}

static int check_lists(const struct dolium_create_options *o, struct err *e)
{
	int r = check_pairs("environment variable", o->env, "it needs a name", e);

	if (r == 0)
		r = check_pairs("label", o->labels, "it needs a name", e);
	if (r == 0)
		r = check_pairs("annotation", o->annotations, "it needs a name", e);
	if (r == 0)
		r = check_pairs("group", o->group_add, "it needs a name or number", e);
	for (const char *const *at = o->sysctls; r == 0 && at && *at; at++)
		r = check_sysctl(o, *at, e);
	if (r == 0)
		r = check_addresses(o, e);
	if (r == 0)
		r = check_capabilities(o, e);
	return r == 0 ? check_security(o, e) : r;
}

/* ---- limits ---- */

static int check_memory(const struct dolium_create_options *o, struct err *e)
{
	if (o->memory < 0 || (o->memory > 0 && o->memory < MEMORY_MIN))
		return err_refuse(e, -EINVAL, "the smallest memory limit is 6 MB");
	if (o->memory_swap < -1)
		return err_refuse(
		    e, -EINVAL, "the limit of memory and swap needs to be a size, or -1 for none");
	if (o->memory_swap != 0 && o->memory == 0 && o->memory_swap != -1)
		return err_refuse(
		    e, -EINVAL, "a limit of memory and swap needs a limit of memory as well");
	if (o->memory_swap > 0 && o->memory_swap < o->memory)
		return err_refuse(e, -EINVAL,
		    "the limit of memory and swap includes the memory, so it cannot be smaller "
		    "than that");
	if (o->memory_reservation < 0 ||
	    (o->memory_reservation > 0 && o->memory > 0 && o->memory_reservation > o->memory))
		return err_refuse(
		    e, -EINVAL, "the memory reservation cannot be larger than the memory limit");
	if (o->shm_size < 0)
		return err_refuse(e, -EINVAL, "the size of /dev/shm needs to be larger than 0");
	return 0;
}

static bool is_set_of_numbers(const char *text)
{
	unsigned first, last;
	int used;

	for (;;) {
		if (sscanf(text, "%5u%n", &first, &used) != 1 || text[0] < '0' || text[0] > '9')
			return false;
		text += used;
		if (*text == '-') {
			if (sscanf(text + 1, "%5u%n", &last, &used) != 1 || last < first)
				return false;
			text += 1 + used;
		}
		if (*text == '\0')
			return true;
		if (*text++ != ',')
			return false;
	}
}

static int check_cpu(const struct dolium_create_options *o, struct err *e)
{
	const int n = get_nprocs();

	if (o->nano_cpus < 0 || (o->nano_cpus > 0 && o->nano_cpus < NANO_MIN) ||
	    o->nano_cpus > n * INT64_C(1000000000))
		return err_refuse(e, -EINVAL,
		    "the number of CPUs needs to be from 0.01 to %d.00, as there are only %d CPUs "
		    "here",
		    n, n);
	if (o->nano_cpus > 0 && (o->cpu_period > 0 || o->cpu_quota > 0))
		return err_refuse(
		    e, -EINVAL, "a number of CPUs and a period or quota exclude one another");
	if (o->cpu_period != 0 && (o->cpu_period < 1000 || o->cpu_period > 1000000))
		return err_refuse(e, -EINVAL, "the CPU period needs to be from 1 ms to 1 s");
	if (o->cpu_quota > 0 && o->cpu_quota < 1000)
		return err_refuse(e, -EINVAL, "the CPU quota needs to be at least 1 ms");
	if (o->cpuset_cpus && !is_set_of_numbers(o->cpuset_cpus))
		return refuse(e, "list of CPUs", o->cpuset_cpus, "it needs to be like '0-2,4'");
	if (o->cpuset_mems && !is_set_of_numbers(o->cpuset_mems))
		return refuse(
		    e, "list of memory nodes", o->cpuset_mems, "it needs to be like '0-2,4'");
	return 0;
}

static int check_ulimits(const struct dolium_create_options *o, struct err *e)
{
	for (size_t i = 0; i < o->n_ulimits; i++) {
		const struct dolium_ulimit *u = &o->ulimits[i];

		if (!u->name || !ulimit_is_name(u->name))
			return refuse(
			    e, "ulimit", u->name ? u->name : "", "there is no such limit");
		if (u->soft < -1 || u->hard < -1)
			return refuse(
			    e, "ulimit", u->name, "it needs to be a number, or -1 for none");
		if (u->hard >= 0 && (u->soft < 0 || u->soft > u->hard))
			return refuse(
			    e, "ulimit", u->name, "the soft limit cannot be above the hard one");
	}
	return 0;
}

static int check_limits(const struct dolium_create_options *o, struct err *e)
{
	int r = check_memory(o, e);

	if (r == 0)
		r = check_cpu(o, e);
	if (r == 0)
		r = check_ulimits(o, e);
	if (r < 0)
		return r;
	if (o->pids_limit < -1)
		return err_refuse(
		    e, -EINVAL, "the limit of processes needs to be a number, or -1 for none");
	if (o->blkio_weight != 0 && (o->blkio_weight < 10 || o->blkio_weight > 1000))
		return err_refuse(e, -EINVAL, "the block IO weight needs to be from 10 to 1000");
	if (o->oom_score_adj < -1000 || o->oom_score_adj > 1000)
		return err_refuse(e, -EINVAL, "the OOM score needs to be from -1000 to 1000");
	if (o->cgroup_parent && strstr(o->cgroup_parent, ".."))
		return refuse(e, "cgroup parent", o->cgroup_parent, "'..' is not allowed");
	return 0;
}

/* ---- mounts and devices ---- */

char *create_clean_path(const char *path)
{
	char *clean, *to;

	if (!path || path[0] != '/')
		return NULL;
	clean = to = malloc(strlen(path) + 2);
	if (!clean)
		return NULL;
	while (*path) {
		const size_t len = strcspn(path, "/");

		if (len == 2 && strncmp(path, "..", 2) == 0) {
			free(clean);
			return NULL;
		}
		if (len > 0 && !(len == 1 && path[0] == '.')) {
			*to++ = '/';
			memcpy(to, path, len);
			to += len;
		}
		path += len + (path[len] == '/');
	}
	if (to == clean)
		*to++ = '/';
	*to = '\0';
	return clean;
}

static int check_propagation(const struct dolium_mount *m, struct err *e)
{
	static const char *const known[] = { "private", "rprivate", "shared", "rshared", "slave",
		"rslave", NULL };

	return check_choice("propagation", m->propagation, known,
	    "there are private, shared, slave, rprivate, rshared, rslave", e);
}

static int check_mount(const struct dolium_mount *m, struct err *e)
{
	AUTO_FREE char *target = create_clean_path(m->target);

	if (!target)
		return refuse(e, "mount target", m->target ? m->target : "",
		    "it needs to be an absolute path without '..'");
	if (strcmp(target, "/") == 0)
		return refuse(e, "mount target", m->target, "it cannot be '/'");
	if (m->type == DOLIUM_MOUNT_BIND && (!m->source || m->source[0] != '/'))
		return refuse(e, "mount source", m->source ? m->source : "",
		    "it needs to be an absolute path");
	if (m->type == DOLIUM_MOUNT_VOLUME && m->source && !naming_is_name(m->source))
		return refuse(e, "volume name", m->source,
		    "letters, digits, '_', '.' and '-' are allowed, at least two, a letter or "
		    "digit first");
	if (m->type == DOLIUM_MOUNT_TMPFS && m->source)
		return refuse(e, "mount source", m->source, "a tmpfs has none");
	if (m->tmpfs_size < 0 || m->tmpfs_mode > 07777)
		return refuse(e, "tmpfs", m->target, "its size or mode is out of range");
	return check_propagation(m, e);
}

static int check_mounts(const struct dolium_create_options *o, struct err *e)
{
	for (size_t i = 0; i < o->n_mounts; i++) {
		AUTO_FREE char *target = NULL;
		int r = check_mount(&o->mounts[i], e);

		if (r < 0)
			return r;
		target = create_clean_path(o->mounts[i].target);
		for (size_t k = 0; k < i; k++) {
			AUTO_FREE char *other = create_clean_path(o->mounts[k].target);

			if (target && other && strcmp(target, other) == 0)
				return err_refuse(
				    e, -EINVAL, "two mounts have the target '%s'", target);
		}
	}
	return 0;
}

static int check_devices(const struct dolium_create_options *o, struct err *e)
{
	for (size_t i = 0; i < o->n_devices; i++) {
		const struct dolium_device *device = &o->devices[i];

		if (!device->host_path || device->host_path[0] != '/')
			return refuse(e, "device", device->host_path ? device->host_path : "",
			    "it needs to be an absolute path");
		if (device->path && device->path[0] != '/')
			return refuse(
			    e, "device", device->path, "it needs to be an absolute path inside");
		if (device->permissions &&
		    (!device->permissions[0] ||
		        strspn(device->permissions, "rwm") != strlen(device->permissions)))
			return refuse(
			    e, "device permissions", device->permissions, "there are r, w and m");
	}
	return 0;
}

int create_check(const struct dolium_create_options *o, struct err *e)
{
	int r;

	if (o->size != sizeof(*o))
		return err_refuse(e, -EINVAL, "the options are of another version of libdolium");
	r = check_names(o, e);
	if (r == 0)
		r = check_namespaces(o, e);
	if (r == 0)
		r = check_lists(o, e);
	if (r == 0)
		r = check_limits(o, e);
	if (r == 0)
		r = check_mounts(o, e);
	return r == 0 ? check_devices(o, e) : r;
}
