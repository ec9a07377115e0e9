/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRIU, started as a worker of ours (`criu swrk`)
 *
 * It is a child that speaks with us over a socket, and works only as long as we do: at the end of
 * the socket it gives up, and what it had stopped goes on.
 */
#include "oci/criu.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "isolate/limits.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/process.h"
#include "os/pty.h"

#define PROGRAM       "criu"
#define MAJOR_MIN     4
#define ANSWER_MAX    65536
#define LOG_MAX       ((size_t)64 << 20)
#define EXIT_NO_CRIU  127
#define EXIT_NO_PLACE 126

/* ---- the child: what it does before it is CRIU ---- */

static int keep_open(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	return flags < 0 || fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC) < 0 ? -errno : 0;
}

static int quiet_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -errno;
	for (int i = 0; i < 3; i++)
		if (dup2(null, i) < 0)
			return -errno;
	return 0;
}

static int attach_root(const struct criu_place *place)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	if (syscall(SYS_move_mount, place->root_fd, "", AT_FDCWD, place->root_point,
	        MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -errno;
	return 0;
}

/* In the mount namespace of its own. A file system that cannot do it is taken as it is. */
static int show_to_root_inside(const struct criu_place *place)
{
	const char *path = place->folders[0].path;
	AUTO_FD int tree = -1;

	if (place->idmap_fd < 0 || place->root_fd < 0 || !path)
		return 0;
	tree = mount_clone(AT_FDCWD, path, false);
	if (tree < 0)
		return tree;
	if (mount_idmap(tree, false, place->idmap_fd) < 0)
		return 0;
	return syscall(SYS_move_mount, tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0
	    ? -errno
	    : 0;
}

/* A mount cannot be made in a directory that another mount namespace was asked for. */
static int open_again(int fd, const char *path)
{
	struct stat before, now;
	int again;

	if (!path)
		return 0;
	again = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (again < 0 || fstat(fd, &before) < 0 || fstat(again, &now) < 0)
		return -errno;
	if (before.st_dev != now.st_dev || before.st_ino != now.st_ino)
		return -ESTALE;
	return dup2(again, fd) < 0 ? -errno : 0;
}

static int take_place(const struct criu_place *place)
{
	int r = 0;

	if (place->limits)
		r = limits_join(place->limits, false);
	if (r >= 0 && place->root_fd >= 0)
		r = attach_root(place);
	/* The second, where logs are written, by us, first: it may be the same one. */
	if (r >= 0)
		r = open_again(place->folders[1].fd, place->folders[1].path);
	if (r >= 0)
		r = show_to_root_inside(place);
	if (r >= 0)
		r = open_again(place->folders[0].fd, place->folders[0].path);
	for (size_t i = 0; i < place->n_keep && r >= 0; i++)
		r = keep_open(place->keep[i]);
	if (r >= 0 && !place->keep_streams)
		r = quiet_streams();
	return r;
}

/*
 * CRIU finds the folders of a request among the fds of who made its socket. So it is made here, by
 * the process that has them as CRIU needs them, and our parent gets the other end.
 */
static int make_socket(int parent)
{
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	r = pty_send_fd(parent, pair[0], "socket");
	close(pair[0]);
	if (r >= 0)
		r = keep_open(pair[1]);
	return r < 0 ? r : pair[1];
}

__attribute__((noreturn)) static void become_criu(const struct criu_place *place, int parent)
{
	int socket = take_place(place);
	sigset_t none;
	char fd[16];

	if (socket >= 0)
		socket = make_socket(parent);
	if (socket < 0)
		_exit(EXIT_NO_PLACE);
	/* Images that root of a user namespace can read: the folder keeps others out. */
	umask(022);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(fd, sizeof(fd), "%d", socket);
	execlp(PROGRAM, PROGRAM, "swrk", fd, (char *)NULL);
	_exit(errno == ENOENT || errno == ENOTDIR ? EXIT_NO_CRIU : EXIT_NO_PLACE);
}

/* ---- messages ---- */

static int send_message(const struct criu *c, const struct buf *message, struct err *e)
{
	int r = buf_error(message);

	if (r >= 0 && send(c->socket, message->data, message->len, MSG_NOSIGNAL) < 0)
		r = -errno;
	return r < 0 ? err_set(e, r, "cannot speak to criu") : 0;
}

union fd_message {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static ssize_t receive(int socket, char *to, size_t room, int *ret_fd)
{
	struct iovec bytes = { .iov_base = to, .iov_len = room };
	union fd_message control = { 0 };
	struct msghdr message = {
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *head;
	ssize_t n;

	do {
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	head = CMSG_FIRSTHDR(&message);
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(head), sizeof(*ret_fd));
	return message.msg_flags & MSG_TRUNC ? -EMSGSIZE : n;
}

/* It ended without a word: why, as far as its status says. */
static int explain_end(struct criu *c, struct err *e)
{
	int status = process_wait(c->pid);

	c->pid = -1;
	if (status == EXIT_NO_CRIU) {
		err_refuse(e, -ENOENT,
		    "checkpoint and restore need CRIU %d.0 or newer, and there is no "
		    "'criu' in $PATH",
		    MAJOR_MIN);
		err_hint(e, "Debian 13 has it in the package 'criu'");
		return -ENOENT;
	}
	if (status == EXIT_NO_PLACE)
		return err_refuse(e, -EPERM, "cannot start criu in its place");
	return err_refuse(e, -ECHILD, "criu has ended with status %d", status);
}

static int read_answer(struct criu *c, struct criu_answer *ret_answer, int *ret_fd, struct err *e)
{
	static char text[ANSWER_MAX];
	ssize_t n;

	*ret_fd = -1;
	n = receive(c->socket, text, sizeof(text), ret_fd);
	if (n == 0 || n == -ECONNRESET)
		return explain_end(c, e);
	if (n < 0)
		return err_set(e, (int)n, "cannot hear criu");
	if (criu_read_answer(text, (size_t)n, ret_answer) < 0)
		return err_refuse(e, -EBADMSG, "criu has answered what is no answer");
	return 0;
}

/* ---- starting ---- */

static int check_version(struct criu *c, struct err *e)
{
	AUTO_BUF struct buf message = { 0 };
	struct criu_answer answer;
	AUTO_FD int fd = -1;
	int r;

	criu_write_version_request(&message);
	r = send_message(c, &message, e);
	/* One that could not be started is told by its end. */
	if (r < 0 && r != -EPIPE && r != -ECONNRESET)
		return r;
	r = read_answer(c, &answer, &fd, e);
	if (r < 0)
		return r;
	if (answer.type != CRIU_VERSION || !answer.success)
		return err_refuse(e, -EBADMSG, "criu does not say which version it is");
	if (answer.major < MAJOR_MIN)
		return err_refuse(e, -EOPNOTSUPP,
		    "checkpoint and restore need CRIU %d.0 or newer, and this is %d.%d", MAJOR_MIN,
		    answer.major, answer.minor);
	log_debug("criu %d.%d.%d", answer.major, answer.minor, answer.sublevel);
	return 0;
}

static int take_socket(struct criu *c, int from, struct err *e)
{
	char word[16];
	ssize_t n = receive(from, word, sizeof(word), &c->socket);

	if (n > 0 && c->socket >= 0)
		return 0;
	return n < 0 ? err_set(e, (int)n, "cannot speak to criu") : explain_end(c, e);
}

int criu_start(const struct criu_place *place, struct criu *ret_criu, struct err *e)
{
	struct criu c = { .pid = -1, .pidfd = -1, .socket = -1, .work_fd = -1 };
	int cgroup_fd = place->limits ? limits_clone_fd(place->limits) : -1;
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, -errno, "cannot speak to criu");
	c.pid = process_clone(place->root_fd >= 0 ? CLONE_NEWNS : 0, cgroup_fd, &c.pidfd);
	if (c.pid == 0)
		become_criu(place, pair[1]);
	close(pair[1]);
	r = c.pid < 0 ? err_set(e, c.pid, "cannot start criu") : take_socket(&c, pair[0], e);
	close(pair[0]);
	if (r >= 0)
		r = check_version(&c, e);
	if (r < 0) {
		criu_stop(&c);
		return r;
	}
	*ret_criu = c;
	return 0;
}

void criu_stop(struct criu *c)
{
	auto_close(&c->socket);
	c->socket = -1;
	if (c->pid > 0)
		process_wait(c->pid);
	c->pid = -1;
	auto_close(&c->pidfd);
	c->pidfd = -1;
}

/* ---- requests ---- */

static int ask_features(struct criu *c, bool memory, bool lazy, struct err *e)
{
	AUTO_BUF struct buf message = { 0 };
	struct criu_answer answer = { 0 };
	AUTO_FD int fd = -1;
	int r;

	criu_write_feature_request(memory, lazy, &message);
	r = send_message(c, &message, e);
	if (r >= 0)
		r = read_answer(c, &answer, &fd, e);
	if (r < 0)
		return r;
	return (!memory || answer.has_memory_tracking) && (!lazy || answer.has_lazy_pages);
}

int criu_need_memory_tracking(struct criu *c, struct err *e)
{
	int r = ask_features(c, true, false, e);

	if (r == 0)
		return err_refuse(e, -EOPNOTSUPP,
		    "cannot pre-dump: this kernel does not track which memory has changed "
		    "(CONFIG_MEM_SOFT_DIRTY)");
	return r < 0 ? r : 0;
}

int criu_need_lazy_pages(struct criu *c, struct err *e)
{
	int r = ask_features(c, false, true, e);

	if (r == 0)
		return err_refuse(e, -EOPNOTSUPP,
		    "option --lazy-pages: this kernel or this criu has no lazy pages "
		    "(userfaultfd)");
	return r < 0 ? r : 0;
}

/* Errors that hinder nothing: CRIU tries, and goes on without. */
static bool is_harmless(const char *line, size_t len)
{
	return memmem(line, len, "rlimit: Can't setup", 19) ||
	    memmem(line, len, "tun: Unable to create", 21);
}

/*
 * The first error in its log, without the time and place before it. What it says itself is the
 * first one too, harmless or not.
 */
static void find_reason(const struct criu *c, char *to, size_t room)
{
	AUTO_FREE char *log = NULL;
	const char *at;

	if (c->work_fd < 0 || !c->log_file ||
	    file_read(c->work_fd, c->log_file, LOG_MAX, &log, NULL) < 0)
		return;
	for (at = log; (at = strstr(at, "Error (")); at += strcspn(at, "\n")) {
		const size_t len = strcspn(at, "\n");
		const char *text = memmem(at, len, "): ", 3);

		if (!text || is_harmless(at, len))
			continue;
		snprintf(to, room, "%.*s", (int)(at + len - text - 3), text + 3);
		return;
	}
}

static int failed(const struct criu *c, const char *what, struct criu_answer *a, struct err *e)
{
	const int code = a->code > 0 && a->code < 4096 ? -a->code : -EIO;

	find_reason(c, a->message, sizeof(a->message));
	err_refuse(e, code, "criu failed: %s: %s", what,
	    a->message[0] ? a->message : "it does not say why");
	if (c->work_path)
		err_hint(e, "its log is '%s/%s'", c->work_path, c->log_file);
	return code;
}

static int answer_notification(struct criu *c, const struct criu_answer *a, int fd,
    criu_notified notified, void *data, struct err *e)
{
	AUTO_BUF struct buf message = { 0 };
	int r = notified(data, a->script, a->notify_pid, fd, e);
	struct err ignored = { 0 };

	criu_write_notify_reply(r >= 0, &message);
	return send_message(c, &message, r < 0 ? &ignored : e) < 0 && r >= 0 ? e->code : r;
}

int criu_request(struct criu *c, enum criu_type type, const struct criu_request *request,
    criu_notified notified, void *data, struct criu_answer *ret_answer, struct err *e)
{
	static const char *const names[] = {
		[CRIU_DUMP] = "checkpoint", [CRIU_RESTORE] = "restore", [CRIU_PRE_DUMP] = "pre-dump"
	};
	AUTO_BUF struct buf message = { 0 };
	struct criu_answer answer;
	int r, refused = 0;

	c->log_file = request->log_file;
	c->work_fd = request->work_fd;
	criu_write_request(type, request, &message);
	r = send_message(c, &message, e);
	while (r >= 0) {
		struct err later = { 0 };
		int fd = -1;

		/* Once we have refused, it is only heard until it has undone all. */
		r = read_answer(c, &answer, &fd, refused ? &later : e);
		if (r < 0)
			break;
		if (answer.type != CRIU_NOTIFY) {
			auto_close(&fd);
			break;
		}
		r = answer_notification(c, &answer, fd, notified, data, refused ? &later : e);
		if (r < 0)
			refused = e->code;
		r = 0;
	}
	if (refused)
		return refused;
	if (r < 0)
		return r;
	if (!answer.success)
		return failed(c, names[type], &answer, e);
	*ret_answer = answer;
	return 0;
}
