/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore: a container goes on from the files of a checkpoint
 *
 * The bundle says, as for a start, where the root is, what is mounted from the host and which
 * limits hold; everything else is in the images. CRIU runs in the container's new cgroups and in a
 * mount namespace of its own, in which the root lies over the container's directory below --root:
 * nothing of that is seen by the host or has to be undone.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "format/mountinfo.h"
#include "format/oci_config.h"
#include "isolate/launch.h"
#include "isolate/limits.h"
#include "isolate/plan.h"
#include "oci/criu.h"
#include "oci/criu_mounts.h"
#include "oci/relay.h"
#include "oci/runtime.h"
#include "oci/runtime_bundle.h"
#include "oci/runtime_hooks.h"
#include "oci/runtime_images.h"
#include "oci/runtime_process.h"
#include "os/idmap.h"
#include "os/mount.h"
#include "os/process.h"

#define KEEP_MAX   (3 + CRIU_INHERIT_MAX)
#define ALL_GROUPS "0 0 4294967295\n"

struct restore {
	const struct runtime *rt;
	const struct runtime_options *o;
	struct bundle bundle;
	struct oci_state state;
	struct limits *limits;
	struct images images;
	struct criu criu;
	struct criu_request request;
	struct relay relay;
	char home_path[PATH_MAX];
	int home_fd, root_fd;
	int idmap_fd; /* a user namespace like the container's; -1: it has none */
	int streams[3]; /* copies of ours, for CRIU to give on */
};

/* ---- what is there before ---- */

/* Noted before anybody is in them: who kills us leaves them to `delete`. */
static int make_limits(struct restore *r, struct err *e)
{
	int code = bundle_make_limits(&r->bundle, r->rt, &r->state, &r->limits, e);

	if (code < 0 || !r->limits)
		return code;
	return home_write_state(r->home_fd, &r->state, e);
}

static int open_root(struct restore *r, struct err *e)
{
	char link[32];
	ssize_t n;

	if (!r->state.rootfs)
		return err_refuse(e, -EINVAL, "config.json: root.path is missing");
	r->root_fd = mount_clone_changed(AT_FDCWD, r->state.rootfs, true, 0, 0, MS_PRIVATE);
	if (r->root_fd < 0)
		return err_set(e, r->root_fd, "cannot open the root '%s'", r->state.rootfs);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", r->home_fd);
	n = readlink(link, r->home_path, sizeof(r->home_path) - 1);
	if (n < 0)
		return err_set(e, -errno, "cannot find the directory of container '%s'", r->o->id);
	r->home_path[n] = '\0';
	return 0;
}

/*
 * What restores itself reads the images first as our user, who has no map in the new user namespace
 * yet, and then as root inside. Root inside becomes their owner, by the mount; and we get at
 * them by our group, which needs its right to the folder.
 */
static int make_idmap(struct restore *r, struct err *e)
{
	const struct oci_linux *linux_ = r->bundle.config->linux_;
	AUTO_FREE char *uids = NULL;
	struct stat st;
	int code;

	if (!linux_ || linux_->n_uid_mappings == 0)
		return 0;
	code = plan_format_map(linux_->uid_mappings, linux_->n_uid_mappings, &uids, e);
	if (code < 0)
		return code;
	r->idmap_fd = idmap_userns(uids, ALL_GROUPS);
	if (r->idmap_fd < 0)
		return err_set(e, r->idmap_fd, "cannot use the container's id maps");
	if (fstat(r->images.fd, &st) >= 0 && st.st_uid == 0 && st.st_gid == 0 &&
	    (st.st_mode & 0050) != 0050 && fchmod(r->images.fd, (st.st_mode & 07777) | 0050) < 0)
		return err_set(e, -errno, "cannot open up the images in '%s'", r->images.path);
	return 0;
}

static int copy_streams(struct restore *r, struct err *e)
{
	for (int i = 0; i < 3; i++) {
		r->streams[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
		if (r->streams[i] < 0)
			return err_set(e, -errno, "cannot hand over the standard streams");
	}
	return 0;
}

static int prepare(struct restore *r, struct err *e)
{
	int code;

	code = bundle_fill_state(&r->bundle, r->rt, r->o->id, &r->state, e);
	if (code >= 0)
		code = runtime_hooks_note(r->bundle.config, &r->state, e);
	if (code >= 0)
		code = home_write_first_state(r->home_fd, &r->state, e);
	if (code >= 0)
		code = bundle_keep_config(&r->bundle, r->home_fd, e);
	if (code >= 0)
		code = make_limits(r, e);
	if (code >= 0)
		code = open_root(r, e);
	if (code >= 0)
		code = make_idmap(r, e);
	return code < 0 ? code : copy_streams(r, e);
}

/* ---- the request ---- */

static int add_mounts(struct restore *r, struct err *e)
{
	AUTO_MOUNTINFO struct mountinfo host = { 0 };
	int code = images_read_mounts("self", &host, e);

	return code < 0 ? code
	                : criu_mounts_find(r->bundle.config, r->bundle.path, r->root_fd,
	                      &r->state.cgroups, &host, &r->request.external, e);
}

static int make_request(struct restore *r, struct err *e)
{
	struct criu_request *request = &r->request;
	int code;

	code = images_fill_request(r->o, &r->images, request, e);
	if (code < 0)
		return code;
	request->log_file = "restore.log";
	request->root = r->home_path;
	request->restore_sibling = true;
	code = images_add_cgroups(&r->state.cgroups, request, e);
	strv_done(&request->cgroup_controllers); /* for a dump */
	request->cgroup_controllers = (struct strv){ 0 };
	if (code >= 0)
		code = images_give_streams(&r->images, r->streams, request, e);
	if (code >= 0)
		code = images_give_namespaces(r->bundle.config, request, e);
	return code < 0 ? code : add_mounts(r, e);
}

static int start_criu(struct restore *r, struct err *e)
{
	int keep[KEEP_MAX];
	struct criu_place place = {
		.keep = keep,
		.keep_streams = r->o->checkpoint.shell_job,
		.limits = r->limits,
		.folders = { { r->images.fd, r->images.path },
		    { r->images.work_fd, r->images.work_path } },
		.idmap_fd = r->idmap_fd,
		.root_fd = r->root_fd,
		.root_point = r->home_path,
	};
	int code;

	for (size_t i = 0; i < r->request.n_inherit; i++)
		keep[place.n_keep++] = r->request.inherit[i].fd;
	code = criu_start(&place, &r->criu, e);
	if (code < 0)
		return code;
	r->criu.work_path = r->images.work_path;
	return r->o->checkpoint.lazy_pages ? criu_need_lazy_pages(&r->criu, e) : 0;
}

/* ---- what CRIU stops for ---- */

static int note_process(struct restore *r, pid_t pid, struct err *e)
{
	int code;

	r->state.pid = pid;
	code = process_start_time(pid, &r->state.pid_start);
	if (code < 0)
		return err_set(e, code, "cannot look at the container's process");
	code = home_write_state(r->home_fd, &r->state, e);
	return code < 0 ? code : process_write_pid_file(r->o->pid_file, pid, e);
}

/* In a child, which does not come back from the container's mount namespace. */
__attribute__((noreturn)) static void change_root_flags(int pidfd)
{
	int root;

	if (setns(pidfd, CLONE_NEWNS) < 0)
		_exit(1);
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_exit(root >= 0 && mount_change(root, false, MOUNT_ATTR_RDONLY, 0, 0) >= 0 ? 0 : 1);
}

/* Of all mounts the root alone is not CRIU's to make, and it needs to write there to the end. */
static int close_root(struct restore *r, struct err *e)
{
	AUTO_FD int pidfd = -1;
	pid_t child;

	if (!r->bundle.config->root_readonly)
		return 0;
	pidfd = (int)syscall(SYS_pidfd_open, r->state.pid, 0);
	if (pidfd < 0)
		return err_set(e, -errno, "cannot hold the container's process");
	child = process_clone(0, -1, NULL);
	if (child == 0)
		change_root_flags(pidfd);
	if (child < 0 || process_wait(child) != 0)
		return err_refuse(e, -EPERM, "cannot make the root read-only");
	return 0;
}

static int take_console(struct restore *r, int master, struct err *e)
{
	const struct launch l = { .console_fd = master, .console_name = "/dev/pts/ptmx" };

	if (master < 0)
		return err_refuse(e, -EBADMSG, "criu has sent no terminal");
	if (!r->o->console_socket)
		return r->o->detach ? 0 : relay_consume_terminal(&r->relay, dup(master), e);
	return process_send_console(r->o->console_socket, &l, e);
}

static int notified(void *data, const char *script, pid_t pid, int fd, struct err *e)
{
	struct restore *r = data;
	AUTO_FD int came = fd;
	int code = 0;

	if (strcmp(script, "setup-namespaces") == 0) {
		r->state.pid = pid;
		code = runtime_hooks_restore(r->bundle.config, &r->state, e);
	} else if (strcmp(script, "orphan-pts-master") == 0) {
		code = take_console(r, came, e);
	} else if (strcmp(script, "post-restore") == 0) {
		code = note_process(r, pid, e);
		if (code >= 0)
			code = close_root(r, e);
	}
	return code;
}

/* ---- the whole ---- */

static int run_criu(struct restore *r, struct err *e)
{
	struct criu_answer answer = { 0 };
	int code;

	code = make_request(r, e);
	if (code >= 0)
		code = start_criu(r, e);
	if (code >= 0)
		code = criu_request(&r->criu, CRIU_RESTORE, &r->request, notified, r, &answer, e);
	criu_stop(&r->criu);
	if (r->limits)
		limits_settle(r->limits);
	return code;
}

static void undo(struct restore *r)
{
	struct err ignored = { 0 };

	if (r->state.pid > 0 && r->state.pid_start > 0)
		(void)process_kill(r->state.pid, r->state.pid_start, SIGKILL);
	if (r->limits && limits_remove(r->limits, &ignored) < 0)
		return; /* the state stays, for delete to try again */
	(void)home_remove(r->rt, r->o->id, r->home_fd, &ignored);
}

static int stay(struct restore *r, struct err *e)
{
	struct err ignored = { 0 };
	int status;

	r->relay.pid = r->state.pid;
	r->relay.pidfd = (int)syscall(SYS_pidfd_open, r->state.pid, 0);
	if (r->relay.pidfd < 0)
		return err_set(e, -errno, "cannot hold the container's process");
	status = relay_run(&r->relay, e);
	if (status < 0)
		return status;
	/* Another command may have put it into more cgroups. */
	oci_state_done(&r->state);
	if (home_read_state(r->home_fd, r->o->id, &r->state, &ignored) >= 0)
		(void)home_clean(r->rt, r->home_fd, &r->state, &ignored);
	return status;
}

static int go_on(struct restore *r, struct err *e)
{
	int code;

	if (!r->o->detach && (code = relay_hold_signals(&r->relay, e)) < 0)
		return code;
	code = prepare(r, e);
	if (code >= 0)
		code = run_criu(r, e);
	return code < 0 ? code : runtime_hooks_poststart(&r->state, e);
}

static int restore(struct restore *r, struct err *e)
{
	int code;

	if (!runtime_id_valid(r->o->id))
		return err_refuse(e, -EINVAL, "invalid container ID format: '%s'", r->o->id);
	code = bundle_read(r->o->bundle, r->o->config, &r->bundle, e);
	if (code < 0)
		return code;
	code =
	    process_check_terminal(r->bundle.config->process && r->bundle.config->process->terminal,
	        !r->o->detach, r->o->console_socket, e);
	if (code >= 0)
		code = images_open(r->o, false, &r->images, e);
	if (code < 0)
		return code;
	r->home_fd = home_make(r->rt, r->o->id, e);
	if (r->home_fd < 0)
		return r->home_fd;
	code = go_on(r, e);
	if (code < 0) {
		undo(r);
		return code;
	}
	return r->o->detach ? 0 : stay(r, e);
}

int runtime_restore(const struct runtime *rt, const struct runtime_options *o, struct err *e)
{
	/* What it holds goes with the process, which ends next; only the terminal must be put back.
	 */
	static struct restore r;
	int code;

	r = (struct restore){
		.rt = rt,
		.o = o,
		.images = { .fd = -1, .work_fd = -1 },
		.criu = { .pid = -1, .pidfd = -1, .socket = -1, .work_fd = -1 },
		.home_fd = -1,
		.root_fd = -1,
		.idmap_fd = -1,
		.streams = { -1, -1, -1 },
	};
	relay_init(&r.relay);
	code = restore(&r, e);
	relay_done(&r.relay);
	return code;
}
