/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staying with a container: its streams, its signals, its end
 *
 * One poll(2) loop. Each stream has one buffer: it is read when that is empty
 * and written when the other side takes something, so a reader who sleeps holds up
 * neither a signal nor another stream.
 */
#include "oci/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/err.h"
#include "os/process.h"
#include "os/pty.h"

#define FIXED_FDS       2 /* the pidfd and the signals */
#define END_OF_TERMINAL '\004'

void relay_init(struct relay *r)
{
	*r = (struct relay){
		.pidfd = -1,
		.signal_fd = -1,
		.master = -1,
		.slave = -1,
		.tty = -1,
	};
}

static void close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void end_from(struct relay_stream *s)
{
	if (s->own_from)
		close_if(s->from);
	s->from = -1;
}

static void end_to(struct relay_stream *s)
{
	if (s->own_to)
		close_if(s->to);
	s->to = -1;
	s->len = 0;
	end_from(s);
}

void relay_done(struct relay *r)
{
	if (r->raw)
		tcsetattr(r->tty, TCSADRAIN, &r->before);
	for (size_t i = 0; i < r->n_streams; i++) {
		end_to(&r->streams[i]);
		free(r->streams[i].data);
	}
	close_if(r->signal_fd);
	close_if(r->master);
	close_if(r->slave);
	relay_init(r);
}

static struct relay_stream *add_stream(struct relay *r, int from, int to)
{
	struct relay_stream *s = &r->streams[r->n_streams];

	*s = (struct relay_stream){ .from = from, .to = to, .data = malloc(RELAY_BUFFER) };
	if (!s->data)
		return NULL;
	r->n_streams++;
	return s;
}

int relay_make_pipes(struct relay *r, int ret_ends[3], struct err *e)
{
	for (int fd = 0; fd < 3; fd++) {
		struct relay_stream *s;
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0)
			return err_set(e, -errno, "cannot make pipes for the container");
		ret_ends[fd] = ends[fd == 0 ? 0 : 1];
		s = fd == 0 ? add_stream(r, 0, ends[1]) : add_stream(r, ends[0], fd);
		if (!s)
			return err_set(e, -ENOMEM, "cannot make pipes for the container");
		s->output = fd != 0;
		s->own_to = fd == 0;
		s->own_from = fd != 0;
		/* Ours alone: the container's end stays as a program expects it. */
		if (fcntl(ends[fd == 0 ? 1 : 0], F_SETFL, O_NONBLOCK) < 0)
			return err_set(e, -errno, "cannot make pipes for the container");
	}
	return 0;
}

int relay_consume_terminal(struct relay *r, int master, struct err *e)
{
	struct relay_stream *input, *output;
	int code;

	r->master = master;
	/* As long as somebody has the other end, reading never fails with EIO in between. */
	r->slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return err_set(e, -errno, "cannot use the container's terminal");
	input = add_stream(r, STDIN_FILENO, master);
	output = add_stream(r, master, STDOUT_FILENO);
	if (!input || !output)
		return err_set(e, -ENOMEM, "cannot use the container's terminal");
	output->output = true;
	input->terminal_input = !isatty(STDIN_FILENO);

	for (int fd = 0; fd < 3 && r->tty < 0; fd++) {
		if (isatty(fd))
			r->tty = fd;
	}
	if (r->tty < 0)
		return 0;
	(void)pty_copy_size(r->tty, master);
	if (input->terminal_input)
		return 0; /* nobody types there */
	code = pty_make_raw(STDIN_FILENO, &r->before);
	if (code < 0)
		return err_set(e, code, "cannot put the terminal into raw mode");
	r->tty = STDIN_FILENO;
	r->raw = true;
	return 0;
}

int relay_hold_signals(struct relay *r, struct err *e)
{
	static const int ours[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGCHLD, SIGPIPE,
		SIGURG, SIGTTIN, SIGTTOU };
	sigset_t held;

	sigfillset(&held);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigdelset(&held, ours[i]);
	if (sigprocmask(SIG_SETMASK, &held, NULL) < 0)
		return err_set(e, -errno, "cannot hold signals");
	r->signal_fd = signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
	return r->signal_fd < 0 ? err_set(e, -errno, "cannot hold signals") : 0;
}

static void pass_signals(struct relay *r)
{
	struct signalfd_siginfo info;

	while (read(r->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGWINCH && r->master >= 0) {
			if (r->tty >= 0)
				(void)pty_copy_size(r->tty, r->master);
			continue;
		}
		(void)syscall(SYS_pidfd_send_signal, r->pidfd, info.ssi_signo, NULL, 0);
	}
}

static void read_stream(struct relay_stream *s)
{
	ssize_t n = read(s->from, s->data, RELAY_BUFFER);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	s->start = 0;
	s->len = n > 0 ? (size_t)n : 0;
	if (n > 0)
		return;
	end_from(s);
	if (s->terminal_input && s->to >= 0) {
		s->data[0] = END_OF_TERMINAL;
		s->len = 1;
	} else {
		end_to(s);
	}
}

static void write_stream(struct relay_stream *s)
{
	/* What poll(2) promised to take without waiting. */
	size_t len = s->len < PIPE_BUF ? s->len : PIPE_BUF;
	ssize_t n = write(s->to, s->data + s->start, len);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		end_to(s);
		return;
	}
	s->start += (size_t)n;
	s->len -= (size_t)n;
	if (s->len == 0 && s->from < 0 && !s->terminal_input)
		end_to(s);
}

static int run_once(struct relay *r, bool *ret_ended, struct err *e)
{
	struct pollfd fds[FIXED_FDS + RELAY_STREAMS] = {
		{ .fd = r->pidfd, .events = POLLIN },
		{ .fd = r->signal_fd, .events = POLLIN },
	};

	for (size_t i = 0; i < r->n_streams; i++) {
		const struct relay_stream *s = &r->streams[i];

		fds[FIXED_FDS + i].fd = s->len > 0 ? s->to : s->from;
		fds[FIXED_FDS + i].events = s->len > 0 ? POLLOUT : POLLIN;
	}
	if (poll(fds, FIXED_FDS + r->n_streams, -1) < 0)
		return errno == EINTR ? 0 : err_set(e, -errno, "cannot wait for the container");
	if (fds[1].revents)
		pass_signals(r);
	for (size_t i = 0; i < r->n_streams; i++) {
		struct relay_stream *s = &r->streams[i];

		if (fds[FIXED_FDS + i].revents && s->len > 0)
			write_stream(s);
		else if (fds[FIXED_FDS + i].revents && s->from >= 0)
			read_stream(s);
	}
	*ret_ended = fds[0].revents;
	return 0;
}

/* Everything the container wrote before it ended. Others may still hold its pipes: what is there
 * now is all. */
static void drain(struct relay_stream *s)
{
	for (;;) {
		while (s->len > 0 && s->to >= 0) {
			struct pollfd ready = { .fd = s->to, .events = POLLOUT };

			if (poll(&ready, 1, -1) >= 0)
				write_stream(s);
		}
		if (s->from < 0 || s->to < 0)
			return;
		read_stream(s);
		if (s->len == 0)
			return;
	}
}

int relay_run(struct relay *r, struct err *e)
{
	bool ended = false;
	int status;

	/* Only now: the container would have inherited it. */
	if (r->n_streams > 0) {
		signal(SIGPIPE, SIG_IGN);
		signal(SIGTTIN, SIG_IGN); /* reading a terminal in the background fails */
		signal(SIGTTOU, SIG_IGN);
	}
	while (!ended) {
		int code = run_once(r, &ended, e);

		if (code < 0)
			return code;
	}
	status = process_wait(r->pid);
	if (status < 0)
		return err_set(e, status, "cannot wait for the container");
	for (size_t i = 0; i < r->n_streams; i++) {
		/* Input that it has not taken by now is for nobody: to wait would be for ever. */
		if (r->streams[i].output)
			drain(&r->streams[i]);
	}
	return status;
}
