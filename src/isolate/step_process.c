/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps: the process: limits, working directory, user, capabilities, filter
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/securebits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "format/oci_config.h"
#include "isolate/child.h"
#include "os/caps.h"
#include "os/seccomp.h"

int step_set_limits(struct child *c, struct err *e)
{
	const struct plan *p = c->plan;

	for (size_t i = 0; i < p->n_rlimits; i++) {
		if (setrlimit((__rlimit_resource_t)p->rlimits[i].resource, &p->rlimits[i].value) <
		    0)
			return err_set(e, -errno, "cannot set a resource limit (%s)",
			    p->config->process->rlimits[i].type);
	}
	if (p->new_keyring && syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 &&
	    errno != ENOSYS && errno != EPERM)
		return err_set(e, -errno, "cannot make a session keyring");
	return tuning_apply(&p->tuning, e);
}

/*
 * A working directory of "/proc/self/fd/7" would be one of the host's, if an fd
 * had leaked (CVE-2024-21626). The kernel calls such a place "(unreachable)".
 */
static int check_cwd(const char *cwd, struct err *e)
{
	char at[PATH_MAX];

	if (syscall(SYS_getcwd, at, sizeof(at)) < 0)
		return err_set(e, -errno, "cannot enter the working directory '%s'", cwd);
	if (at[0] != '/')
		return err_refuse(e, -EPERM,
		    "the working directory '%s' is outside of the container's root", cwd);
	return 0;
}

/* As runc says it: engines tell by it whether the user or they are to blame. */
static int cwd_failed(const char *cwd, int code, struct err *e)
{
	return err_set(e, code, "chdir to cwd (\"%s\") set in config.json failed", cwd);
}

static int enter_cwd(struct child *c, const char *cwd)
{
	int fd;

	if (chdir(cwd) >= 0)
		return 0;
	/* Only a container's own start makes it: who joins one wants what is there. */
	if (errno != ENOENT || c->plan->container_pidfd >= 0)
		return -errno;
	fd = target_open(c->root_fd, cwd + strspn(cwd, "/"), true);
	if (fd < 0)
		return fd;
	close(fd);
	return chdir(cwd) < 0 ? -errno : 0;
}

int step_enter_cwd(struct child *c, struct err *e)
{
	const char *cwd = c->plan->config->process->cwd;
	int r;

	if (strcmp(cwd, "/") == 0)
		return 0; /* there already */
	r = enter_cwd(c, cwd);
	if (r == -EACCES || r == -EPERM)
		return 0; /* perhaps the user may: step_become_user() tries again */
	if (r < 0)
		return cwd_failed(cwd, r, e);
	return check_cwd(cwd, e);
}

static int set_groups(const struct child *c, struct err *e)
{
	const struct oci_user *user = &c->plan->config->process->user;

	if (syscall(SYS_setgroups, user->n_additional_gids, user->additional_gids) < 0) {
		/* Where the user namespace forbids it, having none is all that was asked for. */
		if (errno == EPERM && user->n_additional_gids == 0 &&
		    (c->plan->user_namespace || c->plan->confined || getgroups(0, NULL) == 0))
			return 0;
		return err_set(e, -errno, "cannot set the additional groups");
	}
	return 0;
}

static int set_ids(const struct child *c, struct err *e)
{
	const struct oci_user *user = &c->plan->config->process->user;
	int r;

	r = set_groups(c, e);
	if (r < 0)
		return r;
	if (user->gid != 0 && syscall(SYS_setresgid, user->gid, user->gid, user->gid) < 0)
		return err_set(e, -errno, "cannot become group %u", user->gid);
	if (user->uid == 0)
		return 0;
	/* Else the capabilities would go with the user, before capset(2) can say which stay. */
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_set(e, -errno, "cannot keep the capabilities");
	if (syscall(SYS_setresuid, user->uid, user->uid, user->uid) < 0)
		return err_set(e, -errno, "cannot become user %u", user->uid);
	return 0;
}

static int install_filter(const struct child *c, struct err *e)
{
	const struct report report = { .kind = REPORT_LISTENER };
	const struct plan *p = c->plan;
	int fd, r;

	if (p->seccomp.n == 0)
		return 0;
	r = seccomp_install(p->seccomp.filter, p->seccomp.n, p->seccomp.flags);
	if (r < 0)
		return err_set(e, r, "cannot install the seccomp filter");
	if (!p->seccomp.notify)
		return 0;
	fd = r;
	r = report_send(c->sync_fd, &report, fd);
	close(fd);
	return r < 0 ? err_set(e, r, "cannot hand the seccomp listener over") : 0;
}

static int reset_signals(const struct plan *p, struct err *e)
{
	/* As the kernel has it: the C library keeps 32 and 33 to itself, and a caller may ignore
	 * them. */
	const struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		uint64_t mask;
	} by_default = { .handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i <= 64; i++) {
		if ((p->ignored_signals & (UINT64_C(1) << (i - 1))) && i != SIGKILL && i != SIGSTOP)
			syscall(SYS_rt_sigaction, i, &by_default, NULL, sizeof(by_default.mask));
	}
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return err_set(e, -errno, "cannot reset the signals");
	return 0;
}

/* The user without a right to the directory as root (NFS, other mounts) may have one himself. */
static int enter_cwd_as_user(const struct child *c, struct err *e)
{
	const struct oci_process *process = c->plan->config->process;

	if (strcmp(process->cwd, "/") == 0)
		return 0;
	if (chdir(process->cwd) < 0) {
		/* Root could enter it: the process may stay where it is, as with runc. */
		if (errno == EACCES)
			return check_cwd(process->cwd, e);
		return cwd_failed(process->cwd, -errno, e);
	}
	return check_cwd(process->cwd, e);
}

/*
 * Takes everything away that the program is not to have. The order matters: the
 * bounding set while we still hold CAP_SETPCAP, ids with the capabilities kept,
 * then the other sets; and the filter, without no_new_privs, while we hold CAP_SYS_ADMIN.
 */
int step_become_user(struct child *c, struct err *e)
{
	const struct plan *p = c->plan;
	const struct oci_process *process = p->config->process;
	bool late_filter = process->no_new_privileges;
	int r;

	r = reset_signals(p, e);
	if (r < 0)
		return r;
	umask(process->user.has_umask ? process->user.umask & 0777 : 0022);
	if (!late_filter && (r = install_filter(c, e)) < 0)
		return r;
	r = caps_drop_bounding(p->drop);
	if (r < 0)
		return err_set(e, r, "cannot drop capabilities from the bounding set");
	r = set_ids(c, e);
	if (r < 0)
		return r;
	r = enter_cwd_as_user(c, e);
	if (r < 0)
		return r;
	r = caps_set(p->effective, p->permitted, p->inheritable);
	if (r >= 0)
		r = caps_raise_ambient(p->ambient);
	if (r < 0)
		return err_set(e, r, "cannot set the capabilities");
	if (process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(e, -errno, "cannot give up new privileges");
	/* One with a listener is not left for step_exec(): by then nobody may hear us any more. */
	return late_filter && p->seccomp.notify ? install_filter(c, e) : 0;
}
