/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a service manager has for a container: sockets that it listens on, and an ear for "I am
 * ready"
 *
 * The folder is bound, and not the socket: so it can be made later, by `start`.
 */
#include "oci/activation.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/err.h"
#include "base/log.h"
#include "base/num.h"
#include "format/oci_config.h"
#include "os/process.h"

#define FOLDER       "notify"
#define SOCKET_NAME  FOLDER "/notify.sock"
#define PLACE        "/run/notify"
#define FDS_MAX      1024
#define DATAGRAM_MAX 4096

/* ---- sockets ---- */

int activation_sockets(struct oci_config *config, unsigned *ret_n, struct err *e)
{
	const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	const char *names = getenv("LISTEN_FDNAMES");
	struct strv *env = &config->process->env;
	uint32_t n = 0, whose = 0;
	int r;

	*ret_n = 0;
	/* Somebody else's are not ours to give away. */
	if (!fds || !pid || num_parse_u32(pid, &whose) < 0 || (pid_t)whose != getpid())
		return 0;
	if (num_parse_u32(fds, &n) < 0 || n > FDS_MAX)
		return err_refuse(e, -EINVAL, "LISTEN_FDS is not a number of sockets: '%s'", fds);
	if (n == 0)
		return 0;
	for (uint32_t i = 0; i < n; i++)
		if (fcntl(3 + (int)i, F_GETFD) < 0)
			return err_refuse(
			    e, -EBADF, "LISTEN_FDS is %u, and descriptor %u is not open", n, 3 + i);
	r = strv_env_set(env, "LISTEN_FDS", fds);
	if (r >= 0)
		r = strv_env_set(env, "LISTEN_PID", "1");
	if (r >= 0 && names)
		r = strv_env_set(env, "LISTEN_FDNAMES", names);
	if (r < 0)
		return err_set(e, r, "cannot hand over the sockets");
	*ret_n = n;
	return 0;
}

/* ---- readiness ---- */

static const char *manager(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && (path[0] == '/' || path[0] == '@') ? path : NULL;
}

static int add_mount(struct oci_config *config, const char *source)
{
	static const char *const options[] = { "bind", "nosuid", "noexec", "nodev", "ro", NULL };
	struct oci_mount *mounts = calloc(config->n_mounts + 1, sizeof(*mounts)), *m;

	if (!mounts)
		return -ENOMEM;
	if (config->n_mounts > 0)
		memcpy(mounts, config->mounts, config->n_mounts * sizeof(*mounts));
	m = &mounts[config->n_mounts++];
	config->mounts = mounts;
	m->destination = strdup(PLACE);
	m->type = strdup("bind");
	m->source = strdup(source);
	return m->destination && m->type && m->source ? strv_add_all(&m->options, options)
	                                              : -ENOMEM;
}

int activation_prepare_notify(int home_fd, struct oci_config *config, struct err *e)
{
	char link[32], home[PATH_MAX], folder[PATH_MAX];
	ssize_t n;
	int r;

	if (!manager())
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", home_fd);
	n = readlink(link, home, sizeof(home) - 1);
	if (n < 0)
		return err_set(e, -errno, "cannot find the directory of the container");
	home[n] = '\0';
	if ((size_t)snprintf(folder, sizeof(folder), "%s/" FOLDER, home) >= sizeof(folder))
		return err_refuse(e, -ENAMETOOLONG, "the name of '%s' is too long", home);
	/* Any user of the container may speak there. */
	if (mkdirat(home_fd, FOLDER, 0755) < 0 || fchmodat(home_fd, FOLDER, 0755, 0) < 0)
		return err_set(e, -errno, "cannot make '%s'", folder);
	r = add_mount(config, folder);
	if (r >= 0)
		r = strv_env_set(&config->process->env, "NOTIFY_SOCKET", PLACE "/notify.sock");
	return r < 0 ? err_set(e, r, "cannot give the container a notify socket") : 0;
}

bool activation_notifies(int home_fd)
{
	return manager() && faccessat(home_fd, FOLDER, F_OK, 0) >= 0;
}

int activation_listen(int home_fd, struct err *e)
{
	AUTO_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	/* By its fd, as the name may be longer than a socket's can be. */
	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/" SOCKET_NAME, home_fd);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ||
	    fchmodat(home_fd, SOCKET_NAME, 0777, 0) < 0)
		return err_set(e, -errno, "cannot make the notify socket of the container");
	return TAKE_FD(fd);
}

static int tell(const char *text)
{
	const char *path = manager();
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	AUTO_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t len = path ? strlen(path) : 0;

	if (!path || len >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	memcpy(to.sun_path, path, len);
	/* "@name" has no file: it begins with a NUL. */
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	if (fd < 0 ||
	    sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&to,
	        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		return -errno;
	return 0;
}

/* Of all that a program may say, only this is passed on: the rest is about processes and
 * descriptors that the service manager does not know. */
static bool says_ready(const char *text)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (strncmp(line, "READY=1", 7) == 0 && (line[7] == '\n' || line[7] == '\0'))
			return true;
	return false;
}

static void tell_ready(pid_t main_pid)
{
	char text[64] = "READY=1\n";
	int r;

	if (main_pid > 0)
		snprintf(text, sizeof(text), "MAINPID=%d\nREADY=1\n", main_pid);
	r = tell(text);
	if (r < 0)
		log_warning(
		    "cannot tell NOTIFY_SOCKET that the container is ready: %s", strerror(-r));
}

void activation_relay(int socket_fd, int pidfd, pid_t main_pid)
{
	struct pollfd events[2] = { { .fd = socket_fd, .events = POLLIN },
		{ .fd = pidfd, .events = POLLIN } };
	char text[DATAGRAM_MAX];
	ssize_t n;

	for (;;) {
		if (poll(events, 2, -1) < 0 && errno != EINTR)
			return;
		n = events[0].revents ? recv(socket_fd, text, sizeof(text) - 1, MSG_DONTWAIT) : -1;
		if (n >= 0) {
			text[n] = '\0';
			if (!says_ready(text))
				continue;
			tell_ready(main_pid);
			return;
		}
		if (events[1].revents)
			return;
	}
}

int activation_relay_aside(int socket_fd, int pidfd)
{
	pid_t pid = process_clone(0, -1, NULL);

	if (pid != 0)
		return pid < 0 ? pid : 0;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	activation_relay(socket_fd, pidfd, 0);
	_exit(0);
}
