/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Being attached
 *
 * The keeper's messages are written to our streams as they come; what we cannot write at once, the
 * container waits for. Our input is read only when the keeper has taken the last of it.
 */
#include "engine/attach.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/err.h"
#include "engine/keeper_call.h"
#include "os/monotonic.h"
#include "os/pty.h"

#define LATER_MS        5000
#define KEYS_MAX        16
#define KEYS_DEFAULT    "ctrl-p,ctrl-q"
#define END_OF_TERMINAL '\004'

/* What stops a process for job control stays with us; faults are our own. */
static const int never_forwarded[] = { SIGCHLD, SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU,
	SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGABRT, SIGPIPE, SIGCONT, SIGURG };

struct detach_keys {
	uint8_t keys[KEYS_MAX];
	size_t n;
	size_t typed; /* how many of them, in a row */
};

struct attached {
	int keeper_fd, signal_fd;
	bool in, tty, raw;
	bool out_gone, error_gone; /* nobody reads what we write */
	const struct attach_later *later; /* NULL: nothing, or it is done */
	uint64_t later_ms;
	struct detach_keys keys;
	struct termios before;
	sigset_t mask_before;
	size_t packet_len; /* of input that the keeper has not taken yet */
	uint8_t packet[1 + KEEPER_DATA_MAX];
};

/* ---- detach keys ---- */

/* "ctrl-a" to "ctrl-z", "ctrl-@" "ctrl-[" "ctrl-\" "ctrl-]" "ctrl-^" "ctrl-_", or one letter. */
static int read_key(const char *text, size_t len)
{
	if (len == 1)
		return (uint8_t)text[0];
	if (len != 6 || strncasecmp(text, "ctrl-", 5) != 0)
		return -EINVAL;
	if (text[5] >= 'a' && text[5] <= 'z')
		return text[5] - 'a' + 1;
	if ((text[5] >= '@' && text[5] <= '_'))
		return text[5] - '@';
	return -EINVAL;
}

static int read_keys(const char *text, struct detach_keys *ret)
{
	*ret = (struct detach_keys){ 0 };
	while (*text) {
		size_t len = strcspn(text, ",");
		int key = read_key(text, len);

		if (key < 0 || ret->n == KEYS_MAX)
			return -EINVAL;
		ret->keys[ret->n++] = (uint8_t)key;
		text += len + (text[len] == ',');
	}
	return 0;
}

int attach_check(const struct dolium_start_options *options, struct err *e)
{
	struct detach_keys keys;

	if (!options->detach_keys || read_keys(options->detach_keys, &keys) == 0)
		return 0;
	return err_refuse(e, -EINVAL, "no such detach keys: '%s'", options->detach_keys);
}

/*
 * Takes the detach keys out of what was typed, in place; those of which only the first were typed
 * are handed on as soon as another key shows that they were meant. True: all were typed.
 */
static bool find_keys(
    struct detach_keys *keys, const uint8_t *typed, size_t len, uint8_t *to, size_t *ret_len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (keys->n > 0 && typed[i] == keys->keys[keys->typed]) {
			if (++keys->typed == keys->n) {
				*ret_len = n;
				return true;
			}
			continue;
		}
		memcpy(to + n, keys->keys, keys->typed);
		n += keys->typed;
		keys->typed = 0;
		if (keys->n > 0 && typed[i] == keys->keys[0])
			keys->typed = 1;
		else
			to[n++] = typed[i];
	}
	*ret_len = n;
	return false;
}

/* ---- beginning and end ---- */

static void send_size(int keeper_fd)
{
	struct keeper_window window;
	struct winsize size;

	for (int fd = 0; fd < 3; fd++) {
		if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_row == 0)
			continue;
		window = (struct keeper_window){ .rows = size.ws_row, .columns = size.ws_col };
		(void)keeper_send(keeper_fd, KEEPER_WINDOW, &window, sizeof(window));
		return;
	}
}

int attach_ask(int keeper_fd, const struct dolium_start_options *options, bool tty, struct err *e)
{
	const struct keeper_attach how = { .in = options->attach_stdin,
		.out = options->attach_stdout,
		.error = options->attach_stderr };
	int r = keeper_send(keeper_fd, KEEPER_ATTACH, &how, sizeof(how));

	if (r == 0 && tty)
		send_size(keeper_fd);
	return r < 0 ? err_set(e, r, "cannot attach to the container") : 0;
}

/* Those that somebody ignores on purpose (nohup) stay ignored. */
static int take_signals(struct attached *a, bool forward, struct err *e)
{
	struct sigaction action;
	sigset_t set;

	sigemptyset(&set);
	for (int n = 1; forward && n < SIGRTMAX; n++)
		if (sigaction(n, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(&set, n);
	for (size_t i = 0; i < sizeof(never_forwarded) / sizeof(never_forwarded[0]); i++)
		sigdelset(&set, never_forwarded[i]);
	sigaddset(&set, SIGWINCH);
	a->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (a->signal_fd < 0 || sigprocmask(SIG_BLOCK, &set, &a->mask_before) < 0)
		return err_set(e, -errno, "cannot wait for signals");
	return 0;
}

static int begin(struct attached *a, const struct dolium_start_options *options, struct err *e)
{
	int r;

	(void)read_keys(options->detach_keys ? options->detach_keys : KEYS_DEFAULT, &a->keys);
	r = take_signals(a, !options->no_signal_proxy, e);
	if (r < 0 || !a->tty)
		return r;
	if (!a->in || options->no_tty || !isatty(STDIN_FILENO))
		return 0;
	r = pty_make_raw(STDIN_FILENO, &a->before);
	if (r < 0)
		return err_set(e, r, "cannot put the terminal into raw mode");
	a->raw = true;
	return 0;
}

static void finish(struct attached *a)
{
	if (a->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &a->before);
	if (a->signal_fd < 0)
		return;
	close(a->signal_fd);
	sigprocmask(SIG_SETMASK, &a->mask_before, NULL);
}

/* ---- while ---- */

static void pass_signals(const struct attached *a)
{
	struct signalfd_siginfo info;
	struct keeper_number number;

	while (read(a->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGWINCH) {
			if (a->tty)
				send_size(a->keeper_fd);
			continue;
		}
		number.number = (int32_t)info.ssi_signo;
		(void)keeper_send(a->keeper_fd, KEEPER_SIGNAL, &number, sizeof(number));
	}
}

/* Never waits: the keeper may be waiting for us to take what it sends. */
static void send_packet(struct attached *a)
{
	ssize_t n = send(a->keeper_fd, a->packet, a->packet_len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	a->packet_len = 0;
	if (n < 0)
		a->in = false;
}

/* A terminal inside has no end: it is told in its own way. */
static void end_input(struct attached *a)
{
	const char end = END_OF_TERMINAL;

	a->in = false;
	a->packet_len = a->tty ? keeper_message_write(a->packet, KEEPER_INPUT, &end, 1)
	                       : keeper_message_write(a->packet, KEEPER_INPUT_END, NULL, 0);
	send_packet(a);
}

/* True: the detach keys were typed. */
static bool pass_input(struct attached *a)
{
	static uint8_t typed[KEEPER_DATA_MAX / 2], data[KEEPER_DATA_MAX];
	ssize_t n = read(STDIN_FILENO, typed, sizeof(typed));
	size_t len = (size_t)n;
	bool detach = false;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		end_input(a);
		return false;
	}
	if (a->raw)
		detach = find_keys(&a->keys, typed, (size_t)n, data, &len);
	if (len > 0) {
		a->packet_len =
		    keeper_message_write(a->packet, KEEPER_INPUT, a->raw ? data : typed, len);
		send_packet(a);
	}
	return detach;
}

/* Who reads no more loses the rest; the container does not notice, as with Docker. */
static void put(int fd, bool *gone, const uint8_t *data, size_t len)
{
	while (len > 0 && !*gone) {
		struct pollfd ready = { .fd = fd, .events = POLLOUT };
		ssize_t n = write(fd, data, len);

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			(void)poll(&ready, 1, -1);
		} else if (errno != EINTR) {
			*gone = true;
		}
	}
}

/* 1: the end. */
static int take_packet(struct attached *a, struct keeper_ended *ret_ended)
{
	static uint8_t packet[1 + KEEPER_DATA_MAX];
	ssize_t n = recv(a->keeper_fd, packet, sizeof(packet), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return -ECONNRESET;
	if (packet[0] == KEEPER_OUTPUT)
		put(STDOUT_FILENO, &a->out_gone, packet + 1, (size_t)n - 1);
	else if (packet[0] == KEEPER_ERROR)
		put(STDERR_FILENO, &a->error_gone, packet + 1, (size_t)n - 1);
	else if (packet[0] == KEEPER_ENDED &&
	    keeper_message_read(packet, (size_t)n, ret_ended, sizeof(*ret_ended)))
		return 1;
	return 0;
}

/* Milliseconds until what is to be done later; does it when it is time. -1: nothing is. */
static int until_later(struct attached *a)
{
	const uint64_t now = a->later ? monotonic_ms() : 0;

	if (a->later && now >= a->later_ms) {
		a->later->call(a->later->context);
		a->later = NULL;
	}
	return a->later ? (int)(a->later_ms - now) : -1;
}

static int serve(struct attached *a, enum attach_end *ret_how, struct keeper_ended *ret_ended)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = a->keeper_fd,
			    .events = (short)(POLLIN | (a->packet_len > 0 ? POLLOUT : 0)) },
			{ .fd = a->signal_fd, .events = POLLIN },
			{ .fd = a->in && a->packet_len == 0 ? STDIN_FILENO : -1, .events = POLLIN },
		};
		int r;

		if (poll(fds, 3, until_later(a)) < 0) {
			if (errno != EINTR)
				return -errno;
			continue;
		}
		if (fds[1].revents)
			pass_signals(a);
		if (a->packet_len > 0 && (fds[0].revents & POLLOUT))
			send_packet(a);
		if (fds[2].revents && pass_input(a)) {
			*ret_how = ATTACH_DETACHED;
			return 0;
		}
		r = fds[0].revents & ~POLLOUT ? take_packet(a, ret_ended) : 0;
		if (r != 0) {
			*ret_how = r > 0 ? ATTACH_ENDED : ATTACH_LOST;
			return 0;
		}
	}
}

int attach_run(int keeper_fd, const struct dolium_start_options *options, bool tty,
    const struct attach_later *later, enum attach_end *ret_how, struct keeper_ended *ret_ended,
    struct err *e)
{
	struct sigaction pipe_before, ignore = { .sa_handler = SIG_IGN };
	static struct attached a; /* large, and one thread has one terminal */
	int r;

	a = (struct attached){
		.keeper_fd = keeper_fd, .signal_fd = -1, .in = options->attach_stdin, .tty = tty
	};
	a.later = later;
	a.later_ms = later ? monotonic_ms() + LATER_MS : 0;
	sigaction(SIGPIPE, &ignore, &pipe_before);
	r = begin(&a, options, e);
	if (r >= 0) {
		r = serve(&a, ret_how, ret_ended);
		if (r < 0)
			err_set(e, r, "cannot stay attached to the container");
	}
	finish(&a);
	sigaction(SIGPIPE, &pipe_before, NULL);
	return r;
}
