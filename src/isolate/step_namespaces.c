/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps: namespaces and cgroups
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "format/oci_config.h"
#include "isolate/child.h"
#include "isolate/limits.h"
#include "os/loopback.h"

/* Root of the user namespace. By system call: libc's functions would speak to other threads. */
static int become_root(struct err *e)
{
	if (syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0)
		return err_set(e, -errno, "cannot become root of the user namespace");
	return 0;
}

static int enter_user_namespace(struct child *c, struct err *e)
{
	const struct plan *p = c->plan;
	int r;

	if (p->join[NAMESPACE_USER] >= 0 && !c->in_user_namespace &&
	    setns(p->join[NAMESPACE_USER], CLONE_NEWUSER) < 0)
		return err_set(e, -errno, "cannot join the user namespace");
	if (p->new_namespaces & CLONE_NEWUSER) {
		r = report_wait(c->sync_fd); /* until the parent has written the maps */
		if (r < 0)
			return err_set(e, r, "cannot wait for the id maps");
	}
	return p->user_namespace ? become_root(e) : 0;
}

/*
 * Its clocks can be set only while nobody is in it. We are when the program is: exec
 * moves to the time namespace for children (since Linux 6.1).
 */
static int make_time_namespace(const struct plan *p, int offsets_fd, struct err *e)
{
	const struct oci_linux *linux_ = p->config->linux_;
	const struct oci_time_offsets *offsets = linux_ ? linux_->time_offsets : NULL;
	const struct oci_time_offset *const by_clock[] = {
		offsets ? offsets->monotonic : NULL,
		offsets ? offsets->boottime : NULL,
	};
	static const char *const clocks[] = { "monotonic", "boottime" };

	if (unshare(CLONE_NEWTIME) < 0)
		return err_set(e, -errno, "cannot make the time namespace");
	for (size_t i = 0; i < 2; i++) {
		char line[64];
		int len;

		if (!by_clock[i])
			continue;
		len = snprintf(line, sizeof(line), "%s %" PRId64 " %u\n", clocks[i],
		    by_clock[i]->secs, by_clock[i]->nanosecs);
		if (offsets_fd < 0 || write(offsets_fd, line, (size_t)len) != len)
			return err_set(e, offsets_fd < 0 ? offsets_fd : -errno,
			    "cannot set the clock '%s' (linux.timeOffsets)", clocks[i]);
	}
	return 0;
}

int step_join_namespaces(struct child *c, struct err *e)
{
	const struct plan *p = c->plan;
	AUTO_FD int offsets_fd = -1;
	int r;

	/* While we are who may: the file is the host's root's. */
	if (p->new_time_namespace) {
		offsets_fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
		if (offsets_fd < 0)
			return err_set(e, -errno, "cannot make the time namespace");
	}
	/* Before the user namespace: the files of the cgroups were opened by the host's root. */
	r = c->limits ? limits_join(c->limits, !c->in_cgroup2) : 0;
	if (r < 0)
		return err_set(e, r, "cannot join the cgroups");
	(void)tuning_bind_joined(&p->tuning, false, e);
	r = enter_user_namespace(c, e);
	if (r < 0)
		return r;

	for (enum namespace_kind kind = NAMESPACE_NETWORK; kind < NAMESPACE_MOUNT; kind++) {
		if (p->join[kind] >= 0 && setns(p->join[kind], (int)namespace_flag(kind)) < 0)
			return err_set(
			    e, -errno, "cannot join the %s namespace", namespace_name(kind));
	}
	if (p->join[NAMESPACE_USER] >= 0 && p->new_namespaces &&
	    unshare((int)(p->new_namespaces & ~(uint64_t)CLONE_NEWPID)) < 0)
		return err_set(e, -errno, "cannot make the namespaces");
	/* Only now: the cgroups we are in become the roots that we see. */
	if (p->new_cgroup_namespace && unshare(CLONE_NEWCGROUP) < 0)
		return err_set(e, -errno, "cannot make the cgroup namespace");
	r = p->new_time_namespace ? make_time_namespace(p, offsets_fd, e) : 0;
	if (r < 0)
		return r;
	if (setsid() < 0)
		return err_set(e, -errno, "cannot begin a session");
	return 0;
}

/* Before kernel parameters are set: some are an interface's. */
int step_await_interfaces(struct child *c, struct err *e)
{
	const struct report report = { .kind = REPORT_NETWORK };
	const struct oci_linux *linux_ = c->plan->config->linux_;
	int r;

	if (!linux_ || linux_->n_net_devices == 0)
		return 0;
	r = report_send(c->sync_fd, &report, -1);
	if (r >= 0)
		r = report_wait(c->sync_fd);
	return r < 0 ? err_set(e, r, "cannot wait for the interfaces (linux.netDevices)") : 0;
}

/*
 * Into a container that runs: all of its namespaces in one call. The pid namespace was
 * the parent's to join, as it holds for children only. The root and the directory are the
 * container's as soon as its mounts are.
 */
int step_join_container(struct child *c, struct err *e)
{
	const struct plan *p = c->plan;
	const uint64_t joined = CLONE_NEWPID | (p->in_user_namespace ? CLONE_NEWUSER : UINT64_C(0));
	const int flags = (int)(p->container_namespaces & ~joined);
	int r;

	/* While we are the host's root. */
	r = c->limits ? limits_join(c->limits, !c->in_cgroup2) : 0;
	if (r < 0)
		return err_set(e, r, "cannot join the cgroups");
	r = tuning_bind_joined(&p->tuning, true, e);
	if (r < 0)
		return r;
	if (flags && setns(p->container_pidfd, flags) < 0)
		return err_set(e, -errno, "cannot join the namespaces of the container");
	if (p->user_namespace && (r = become_root(e)) < 0)
		return r;
	if (c->root_fd >= 0 && (fchdir(c->root_fd) < 0 || chroot(".") < 0))
		return err_set(e, -errno, "cannot enter the root of the container");
	if (setsid() < 0)
		return err_set(e, -errno, "cannot begin a session");
	c->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return c->root_fd < 0 ? err_set(e, -errno, "cannot open the root of the container") : 0;
}

int step_name_host(struct child *c, struct err *e)
{
	const struct oci_config *config = c->plan->config;
	int r;

	if (config->hostname && sethostname(config->hostname, strlen(config->hostname)) < 0)
		return err_set(e, -errno, "cannot set the host name");
	if (config->domainname && setdomainname(config->domainname, strlen(config->domainname)) < 0)
		return err_set(e, -errno, "cannot set the domain name");
	if (!(c->plan->new_namespaces & CLONE_NEWNET))
		return 0;
	r = loopback_up();
	return r < 0 ? err_set(e, r, "cannot bring the loopback interface up") : 0;
}
