/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process needs of the host, whether it begins a container or joins one
 */
#include "oci/runtime_process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/err.h"
#include "format/oci_config.h"
#include "isolate/launch.h"
#include "isolate/plan.h"
#include "os/program.h"
#include "os/pty.h"
#include "os/sealed.h"

int process_protect(char *const *argv, struct err *e)
{
	AUTO_FD int fd = -1;
	int r = program_seal();

	if (r < 0)
		return err_set(e, r, "cannot seal our own program file");
	if (r > 0)
		return 0;
	fd = program_open("/proc/self/exe");
	if (fd == -EPERM && sealed_start(argv) == 0)
		return 0; /* a plain user's: no mount, but a copy that nobody can change */
	r = fd < 0 ? fd : program_start(fd, argv, environ);
	return err_set(e, r, "cannot start from a sealed copy of our own program file");
}

int process_check_terminal(bool terminal, bool stay, const char *console_socket, struct err *e)
{
	if (terminal && !stay && !console_socket)
		return err_refuse(e, -EINVAL,
		    "cannot allocate tty if the runtime will detach without setting console "
		    "socket");
	if (!terminal && console_socket)
		return err_refuse(
		    e, -EINVAL, "cannot use console socket if the container has no terminal");
	return 0;
}

static int send_fd(const char *path, const char *what, int fd, const char *name, struct err *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	AUTO_FD int connection = -1;
	int r;

	if (!path)
		return 0;
	if (strlen(path) >= sizeof(to.sun_path))
		return err_refuse(e, -ENAMETOOLONG, "the path of the %s socket is too long", what);
	strcpy(to.sun_path, path);
	connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection < 0 || connect(connection, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return err_set(e, -errno, "cannot connect to the %s socket '%s'", what, path);
	r = pty_send_fd(connection, fd, name);
	return r < 0 ? err_set(e, r, "cannot send to the %s socket '%s'", what, path) : 0;
}

int process_send_console(const char *path, const struct launch *l, struct err *e)
{
	return send_fd(path, "console", l->console_fd, l->console_name, e);
}

int process_send_pidfd(const char *path, const struct launch *l, struct err *e)
{
	return send_fd(path, "pidfd", l->pidfd, "pidfd", e);
}

int process_write_pid_file(const char *path, pid_t pid, struct err *e)
{
	AUTO_FREE char *next = NULL;
	AUTO_FD int fd = -1;

	if (!path)
		return 0;
	if (asprintf(&next, "%s.%d.next", path, getpid()) < 0) {
		next = NULL;
		return err_set(e, -ENOMEM, "cannot write '%s'", path);
	}
	fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || dprintf(fd, "%d", pid) < 0 || rename(next, path) < 0)
		return err_set(e, -errno, "cannot write '%s'", path);
	return 0;
}

void process_give_streams(const struct plan *p)
{
	const struct oci_user *user = &p->config->process->user;
	int64_t uid = plan_host_uid(p, user->uid), gid = plan_host_gid(p, user->gid);

	if (uid <= 0 && gid <= 0)
		return;
	for (int i = 0; i < 3; i++) {
		int fd = p->stdio[i] >= 0 ? p->stdio[i] : i;
		struct stat st;

		if (fstat(fd, &st) >= 0 && S_ISFIFO(st.st_mode))
			(void)!fchown(fd, uid < 0 ? (uid_t)-1 : (uid_t)uid, (gid_t)-1);
	}
}
