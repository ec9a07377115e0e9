/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step: the program
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "format/oci_config.h"
#include "isolate/child.h"
#include "os/program.h"
#include "os/seccomp.h"

/* Is it a file that we may execute? 0, or what execve(2) would say. */
static int look_at(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

/* The first program of that name in PATH. Of several reasons why not, "no right" says most. */
static int find_in_path(const char *name, const char *path, char *to, size_t room)
{
	int result = -ENOENT;

	while (path && *path) {
		size_t len = strcspn(path, ":");
		int r;

		if ((size_t)snprintf(to, room, "%.*s%s%s", (int)len, path, len ? "/" : "./", name) <
		    room) {
			r = look_at(to);
			if (r >= 0)
				return 0;
			if (r == -EACCES)
				result = r;
		}
		path += len + (path[len] == ':');
	}
	return result;
}

static int find_program(const struct oci_process *process, char *to, size_t room, struct err *e)
{
	const char *name = process->args.items[0];
	int r;

	if (!strchr(name, '/')) {
		r = find_in_path(name, strv_env_get(&process->env, "PATH"), to, room);
		if (r == -ENOENT)
			return err_refuse(
			    e, r, "exec: \"%s\": executable file not found in $PATH", name);
		return r < 0 ? err_refuse(e, r, "exec: \"%s\": permission denied", name) : 0;
	}
	if ((size_t)snprintf(to, room, "%s", name) >= room)
		return err_refuse(e, -ENAMETOOLONG, "exec: the name of the program is too long");
	return 0;
}

/* As runc says it: engines look for these words. Not all of them know EISDIR, but all "permission
 * denied". */
static int exec_failed(const char *program, int code, struct err *e)
{
	const char *what = code == -ENOENT ? "no such file or directory"
	    : code == -EACCES              ? "permission denied"
	    : code == -EISDIR              ? "is a directory: permission denied"
	    : code == -ENOTDIR             ? "not a directory"
	    : code == -ENOEXEC             ? "exec format error"
	                                   : NULL;

	if (!what)
		return err_set(e, code, "exec: \"%s\"", program);
	return err_refuse(e, code, "exec: \"%s\": %s", program, what);
}

static int wait_for_start(struct child *c, struct err *e)
{
	const struct plan *p = c->plan;
	struct report report = { .kind = REPORT_READY };
	int r;

	if (p->start_fd >= 0) {
		r = report_send(c->sync_fd, &report, -1);
		if (r < 0)
			return err_set(e, r, "cannot say that all is ready");
	}
	r = report_wait(c->sync_fd);
	if (r == -ECANCELED || r == -ECONNRESET)
		_exit(1); /* nobody knows of this container: nobody must find it running */
	if (r < 0)
		return err_set(e, r, "cannot wait for the start");
	if (p->start_fd < 0)
		return 0;

	/* From here on `start` listens, on the fifo. */
	close(c->sync_fd);
	c->sync_fd = -1;
	r = program_wait(p->start_fd);
	return r < 0 ? err_set(e, r, "cannot wait for the start") : 0;
}

/* The lowest fd from `from` on that stays open until the program runs; ~0: none. */
static unsigned next_kept(const struct child *c, unsigned from)
{
	const int kept[] = { c->sync_fd, c->plan->start_fd, c->plan->exec_report_fd };
	unsigned next = ~0U;

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (kept[i] >= 0 && (unsigned)kept[i] >= from && (unsigned)kept[i] < next)
			next = (unsigned)kept[i];
	}
	return next;
}

/* One among those to preserve that our caller did not open is one of ours, which are all marked. */
static void close_own_preserved(const struct child *c)
{
	for (unsigned fd = 3; fd < 3 + c->plan->preserve_fds; fd++) {
		const int flags = next_kept(c, fd) == fd ? 0 : fcntl((int)fd, F_GETFD);

		if (flags > 0 && (flags & FD_CLOEXEC))
			close((int)fd);
	}
}

/*
 * Closes all but the standard streams, those to preserve, what `start` speaks to and what tells
 * of a failure, none of which is a directory. To mark them is not enough: execve(2) still
 * finds a path through a marked one, and "/proc/self/fd/7/../../bin/sh" as an image's
 * entrypoint, or as the "#!" of a script, would run a file of the host. Nor is the end soon enough:
 * a container that was created may wait for days, and others in its pid namespace see it.
 */
static int close_files(struct child *c, struct err *e)
{
	unsigned from = 3 + c->plan->preserve_fds;

	close_own_preserved(c);
	while (from < ~0U) {
		unsigned kept = next_kept(c, from);

		if (kept > from &&
		    syscall(SYS_close_range, from, kept == ~0U ? kept : kept - 1, 0) < 0)
			return err_set(e, -errno, "cannot close the host's files");
		from = kept == ~0U ? kept : kept + 1;
	}
	c->n_spent = 0;
	return 0;
}

static int use_streams(const struct plan *p, struct err *e)
{
	for (int i = 0; i < 3; i++) {
		if (p->stdio[i] >= 0 && dup2(p->stdio[i], i) < 0)
			return err_set(e, -errno, "cannot use the standard streams");
	}
	return 0;
}

int step_exec(struct child *c, struct err *e)
{
	const struct plan *p = c->plan;
	const struct oci_process *process = p->config->process;
	char program[PATH_MAX];
	int r;

	c->stage = REPORT_EXEC;
	if (process->args.n == 0) {
		r = close_files(c, e);
		if (r >= 0)
			r = wait_for_start(c, e);
		return r < 0
		    ? r
		    : err_refuse(e, -EINVAL, "config.json: process: missing: nothing to start");
	}
	r = find_program(process, program, sizeof(program), e);
	if (r < 0)
		return r;
	/* For `create`, a missing program is an error of its own and not of `start`. */
	if (p->start_fd >= 0 && (r = look_at(program)) < 0)
		return exec_failed(program, r, e);

	r = use_streams(p, e);
	if (r >= 0)
		r = close_files(c, e);
	if (r >= 0)
		r = wait_for_start(c, e);
	if (r >= 0)
		r = step_run_start_hooks(c, e);
	if (r < 0)
		return r;
	/* Only now: a change of ids or capabilities takes it back. */
	if (p->die_with_parent)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (process->no_new_privileges && p->seccomp.n > 0 && !p->seccomp.notify) {
		r = seccomp_install(p->seccomp.filter, p->seccomp.n, p->seccomp.flags);
		if (r < 0)
			return err_set(e, r, "cannot install the seccomp filter");
	}
	execve(program, strv_argv(&process->args), p->env ? p->env : strv_argv(&process->env));
	r = -errno;
	if (r == -EACCES && look_at(program) == -EISDIR)
		r = -EISDIR;
	return exec_failed(program, r, e);
}
