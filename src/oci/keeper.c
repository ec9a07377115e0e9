/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper
 */
#include "oci/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/err.h"
#include "base/num.h"
#include "oci/keeper_clients.h"
#include "os/monotonic.h"
#include "os/process.h"

#define FIXED_FDS 7

/* Of the end: a client that takes nothing for so long is left behind. */
#define FLUSH_PATIENCE_MS 10000
/* What a terminal still has in it comes within this time. */
#define TERMINAL_REST_MS 20

/* Docker's: 100 ms, twice as long each time, at most a minute; after 10 s of life from the
 * beginning. */
#define RESTART_FIRST_MS 100
#define RESTART_LAST_MS  60000
#define RESTART_LIVED_MS 10000

/* ---- beginning ---- */

static int read_policy(struct keeper *k, struct err *e)
{
	const char *text = k->options->restart;
	uint32_t max = 0;

	if (!text || strcmp(text, "no") == 0)
		return 0;
	if (strcmp(text, "always") == 0 || strcmp(text, "unless-stopped") == 0) {
		k->policy.policy = KEEPER_RESTART_ALWAYS;
		return 0;
	}
	if (strncmp(text, "on-failure", 10) != 0 || (text[10] != '\0' && text[10] != ':') ||
	    (text[10] == ':' && (num_parse_u32(text + 11, &max) < 0 || max > INT32_MAX)))
		return err_refuse(e, -EINVAL, "no such restart policy: '%s'", text);
	k->policy.policy = KEEPER_RESTART_ON_FAILURE;
	k->policy.max = (int32_t)max;
	return 0;
}

static int hold_signals(struct keeper *k, struct err *e)
{
	static const int ours[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGCHLD };
	sigset_t held;

	sigfillset(&held);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigdelset(&held, ours[i]);
	if (sigprocmask(SIG_SETMASK, &held, NULL) < 0)
		return err_set(e, -errno, "cannot hold signals");
	k->signal_fd = signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
	return k->signal_fd < 0 ? err_set(e, -errno, "cannot hold signals") : 0;
}

int keeper_begin(struct keeper *k, const struct keeper_options *options, int home_fd, struct err *e)
{
	int r;

	k->options = options;
	k->pidfd = k->signal_fd = k->listen_fd = k->timer_fd = -1;
	k->master = k->slave = k->input_fd = -1;
	k->streams[0].from = k->streams[1].from = -1;
	k->began_ms = (int64_t)monotonic_ms();
	(void)setsid();
	r = read_policy(k, e);
	if (r >= 0)
		r = hold_signals(k, e);
	if (r >= 0)
		r = keeper_clients_listen(k, home_fd, e);
	if (r < 0)
		return r;
	if (fcntl(options->fd, F_SETFD, FD_CLOEXEC) < 0 || keeper_clients_add(k, options->fd) < 0)
		return err_set(e, -errno, "cannot use the socket of the container's starter");
	k->clients[0].starter = true;
	return 0;
}

static void add_stream(struct keeper *k, size_t n, int from, enum keeper_message type)
{
	k->streams[n].from = from;
	k->streams[n].type = type;
}

int keeper_make_pipes(struct keeper *k, int ret_ends[3], struct err *e)
{
	const bool input = strcmp(k->options->input, "none") != 0;

	ret_ends[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (ret_ends[0] < 0)
		return err_set(e, -errno, "cannot open /dev/null for the container");
	for (int fd = input ? 0 : 1; fd < 3; fd++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0)
			return err_set(e, -errno, "cannot make pipes for the container");
		if (fcntl(ends[fd == 0 ? 1 : 0], F_SETFL, O_NONBLOCK) < 0)
			return err_set(e, -errno, "cannot make pipes for the container");
		if (fd == 0) {
			close(ret_ends[0]);
			k->input_fd = ends[1];
		} else {
			add_stream(
			    k, (size_t)fd - 1, ends[0], fd == 1 ? KEEPER_OUTPUT : KEEPER_ERROR);
		}
		ret_ends[fd] = ends[fd == 0 ? 0 : 1];
	}
	return 0;
}

int keeper_consume_terminal(struct keeper *k, int master, struct err *e)
{
	k->master = master;
	/* As long as somebody has the other end, reading never fails with EIO in between. */
	k->slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return err_set(e, -errno, "cannot use the container's terminal");
	add_stream(k, 0, master, KEEPER_OUTPUT);
	k->input_fd = master;
	/* Its size, which the starter sent before we were there: the program may ask for it at
	 * once. */
	keeper_clients_receive(k);
	return 0;
}

void keeper_say_started(struct keeper *k)
{
	const uint8_t started = KEEPER_STARTED;

	if (k->n_clients > 0)
		(void)send(k->clients[0].fd, &started, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* ---- the loop ---- */

static void end_stream(struct keeper *k, size_t n)
{
	if (k->streams[n].from != k->master)
		close(k->streams[n].from);
	k->streams[n].from = -1;
}

/* Returns whether there was something. */
static bool read_stream(struct keeper *k, size_t n)
{
	ssize_t len = read(k->streams[n].from, k->packet + 1, KEEPER_DATA_MAX);

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (len <= 0) {
		end_stream(k, n);
		return false;
	}
	k->packet[0] = (uint8_t)k->streams[n].type;
	k->packet_len = 1 + (size_t)len;
	keeper_log_write(&k->log, k->streams[n].type == KEEPER_ERROR, k->packet + 1, (size_t)len);
	keeper_clients_send_packet(k);
	return true;
}

static void write_input(struct keeper *k)
{
	ssize_t n = write(k->input_fd, k->input + k->input_at, k->input_len);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* One that reads no more: what it is given is lost, as in a shell's pipe. */
	if (n < 0)
		n = (ssize_t)k->input_len;
	k->input_at += (size_t)n;
	k->input_len -= (size_t)n;
	if (k->input_len == 0 && k->had_input && k->master < 0) {
		close(k->input_fd);
		k->input_fd = -1;
	}
}

static void pass_signals(struct keeper *k)
{
	struct signalfd_siginfo info;

	while (read(k->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		const bool ours = info.ssi_signo == SIGPIPE || info.ssi_signo == SIGTTIN ||
		    info.ssi_signo == SIGTTOU || info.ssi_signo == SIGHUP;

		if (!ours && k->pidfd >= 0)
			(void)syscall(SYS_pidfd_send_signal, k->pidfd, info.ssi_signo, NULL, 0);
	}
}

static void timer_fired(struct keeper *k)
{
	uint64_t times;

	if (read(k->timer_fd, &times, sizeof(times)) <= 0 || k->pidfd < 0)
		return;
	if (k->thaw)
		k->thaw(k->user);
	(void)syscall(SYS_pidfd_send_signal, k->pidfd, SIGKILL, NULL, 0);
}

/* Waits once and serves. `timeout_ms` -1: for ever. Returns poll's result. */
static int run_once(struct keeper *k, int timeout_ms, bool *ret_ended)
{
	struct pollfd fds[FIXED_FDS + KEEPER_CLIENTS_MAX];
	const bool behind = keeper_clients_behind(k);
	size_t n_clients;
	int n;

	fds[0] = (struct pollfd){ .fd = k->pidfd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = k->signal_fd, .events = POLLIN };
	fds[2] = (struct pollfd){ .fd = k->listen_fd, .events = POLLIN };
	fds[3] = (struct pollfd){ .fd = k->timer_fd, .events = POLLIN };
	fds[4] = (struct pollfd){ .fd = k->input_len > 0 ? k->input_fd : -1, .events = POLLOUT };
	for (int i = 0; i < 2; i++)
		fds[5 + i] =
		    (struct pollfd){ .fd = behind ? -1 : k->streams[i].from, .events = POLLIN };
	n_clients = keeper_clients_poll(k, fds + FIXED_FDS);
	n = poll(fds, FIXED_FDS + n_clients, timeout_ms);
	if (n <= 0)
		return n < 0 && errno != EINTR ? -errno : n;

	if (fds[1].revents)
		pass_signals(k);
	if (fds[3].revents)
		timer_fired(k);
	if (fds[4].revents)
		write_input(k);
	keeper_clients_serve(k, fds + FIXED_FDS, n_clients);
	for (size_t i = 0; i < 2; i++)
		if (fds[5 + i].revents && !keeper_clients_behind(k))
			(void)read_stream(k, i);
	if (fds[2].revents)
		keeper_clients_accept(k);
	*ret_ended = fds[0].revents != 0;
	return n;
}

/* All that was written before the end. Others may still hold the pipes: what is there now is all.
 */
static void drain(struct keeper *k)
{
	if (k->slave >= 0)
		close(k->slave);
	k->slave = -1;
	for (size_t i = 0; i < 2; i++) {
		struct pollfd ready = { .events = POLLIN };

		do {
			keeper_clients_flush(k, FLUSH_PATIENCE_MS);
			ready.fd = k->streams[i].from;
			/* A terminal hands on what is in it a little later. */
			if (ready.fd >= 0 && ready.fd == k->master)
				(void)poll(&ready, 1, TERMINAL_REST_MS);
		} while (k->streams[i].from >= 0 && read_stream(k, i));
	}
	keeper_clients_flush(k, FLUSH_PATIENCE_MS);
}

int keeper_run(struct keeper *k, struct err *e)
{
	bool ended = false;
	int status;

	while (!ended) {
		int r = run_once(k, -1, &ended);

		if (r < 0)
			return err_set(e, r, "cannot wait for the container");
	}
	status = process_wait(k->pid);
	k->pidfd = -1; /* the launch's */
	if (status < 0)
		return err_set(e, status, "cannot wait for the container");
	drain(k);
	keeper_log_end(&k->log);
	return status;
}

/* ---- afterwards ---- */

bool keeper_restarts(const struct keeper *k, int status)
{
	if (k->stopped || !k->options->after)
		return false;
	if (k->policy.policy == KEEPER_RESTART_ALWAYS)
		return true;
	return k->policy.policy == KEEPER_RESTART_ON_FAILURE && status != 0 &&
	    (k->policy.max == 0 || k->options->restart_count < k->policy.max);
}

void keeper_say_ended(struct keeper *k, int status, bool oom_killed, bool restarts)
{
	const struct keeper_ended ended = {
		.status = status, .oom_killed = oom_killed, .restarts = restarts
	};

	k->packet_len = keeper_message_write(k->packet, KEEPER_ENDED, &ended, sizeof(ended));
	for (size_t i = 0; i < k->n_clients; i++)
		k->clients[i].out = k->clients[i].error = true;
	keeper_clients_send_packet(k);
	keeper_clients_flush(k, FLUSH_PATIENCE_MS);
	keeper_clients_close(k);
}

static int restart_delay_ms(const struct keeper *k)
{
	int64_t delay = RESTART_FIRST_MS;

	if ((int64_t)monotonic_ms() - k->began_ms > RESTART_LIVED_MS)
		return RESTART_FIRST_MS;
	for (int i = 0; i < k->options->restart_count && delay < RESTART_LAST_MS; i++)
		delay *= 2;
	return (int)(delay < RESTART_LAST_MS ? delay : RESTART_LAST_MS);
}

bool keeper_wait_to_restart(struct keeper *k)
{
	const int64_t until = (int64_t)monotonic_ms() + restart_delay_ms(k);
	bool ended;

	if (k->timer_fd >= 0)
		close(k->timer_fd);
	k->timer_fd = -1;
	while (!k->stopped) {
		const int64_t left = until - (int64_t)monotonic_ms();

		if (left <= 0 || run_once(k, (int)left, &ended) < 0)
			break;
	}
	return !k->stopped;
}

void keeper_become_after(const struct keeper *k, const char *run_root, const char *id)
{
	char lock[16], program[] = "dolium", root_word[] = "--root", run_word[] = "--run-root",
	               command[] = "container-after", fd_word[] = "--lock-fd";
	AUTO_FREE char *root = strdup(k->options->store_root ? k->options->store_root : "");
	AUTO_FREE char *run = strdup(run_root), *name = strdup(id);
	char *argv[] = { program, root_word, root, run_word, run, command, fd_word, lock, name,
		NULL };
	sigset_t none;

	if (!k->options->after || !root || !run || !name)
		return;
	snprintf(lock, sizeof(lock), "%d", k->options->dir_fd);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* The lock goes with us; the range of ids does not. */
	(void)syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
	(void)fcntl(k->options->dir_fd, F_SETFD, 0);
	execv(k->options->after, argv);
}

bool keeper_starter_is_there(const struct keeper *k)
{
	for (size_t i = 0; i < k->n_clients; i++)
		if (k->clients[i].starter)
			return true;
	return false;
}

void keeper_done(struct keeper *k)
{
	const int fds[] = { k->signal_fd, k->listen_fd, k->timer_fd, k->slave };

	keeper_clients_close(k);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}
