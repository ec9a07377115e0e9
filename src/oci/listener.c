/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listener of a seccomp filter: handed to an agent of the host, who decides
 */
#include "oci/listener.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/json.h"
#include "format/oci_config.h"
#include "format/oci_state.h"
#include "isolate/launch.h"
#include "os/pty.h"

/* The "container process state" of the specification. */
static int show(const struct oci_seccomp *seccomp, const struct oci_state *state,
    const char *status, pid_t pid, struct buf *to, struct err *e)
{
	char *const fds[] = { (char[]){ "seccompFd" }, NULL };
	AUTO(json_value_free) struct json_value *shown = NULL;
	AUTO_BUF struct buf text = { 0 };
	struct json_writer w = { .to = to };
	int r;

	oci_state_show(state, status, 0, &text);
	r = buf_error(&text);
	if (r < 0)
		return err_set(e, r, "cannot write the state for the seccomp agent");
	r = json_value_parse(buf_text(&text), text.len, "state", &shown, e);
	if (r < 0)
		return r;
	json_open_object(&w, NULL);
	json_put_text(&w, "ociVersion", state->oci_version);
	json_put_texts(&w, "fds", fds);
	json_put_i64(&w, "pid", pid);
	json_maybe_text(&w, "metadata", seccomp->listener_metadata);
	json_put_value(&w, "state", shown);
	json_close_object(&w);
	r = buf_error(to);
	return r < 0 ? err_set(e, r, "cannot write the state for the seccomp agent") : 0;
}

static int connect_to(const char *path, struct err *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	AUTO_FD int fd = -1;

	if (strlen(path) >= sizeof(to.sun_path))
		return err_refuse(e, -ENAMETOOLONG,
		    "config.json: linux.seccomp.listenerPath: too long for a socket: '%s'", path);
	strcpy(to.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return err_set(e, -errno, "cannot connect to the seccomp agent '%s'", path);
	return TAKE_FD(fd);
}

int listener_hand_over(const struct plan *p, const struct oci_state *state, const char *status,
    struct launch *l, struct err *e)
{
	const struct oci_seccomp *seccomp;
	AUTO_BUF struct buf text = { 0 };
	AUTO_FD int fd = -1;
	int r;

	if (!p->seccomp.notify)
		return 0;
	seccomp = p->config->linux_->seccomp;
	r = launch_await(l, REPORT_LISTENER, NULL, e);
	if (r >= 0)
		r = show(seccomp, state, status, l->pid, &text, e);
	if (r < 0)
		return r;
	fd = connect_to(seccomp->listener_path, e);
	if (fd < 0)
		return fd;
	r = pty_send_fd(fd, l->listener_fd, buf_text(&text));
	if (r < 0)
		return err_set(e, r, "cannot send the listener to the seccomp agent '%s'",
		    seccomp->listener_path);
	/* Only the agent answers; when it is gone, the calls fail instead of waiting for ever. */
	close(TAKE_FD(l->listener_fd));
	return 0;
}
