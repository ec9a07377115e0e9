/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staying with a container: its streams, its signals, its end
 */
#ifndef DOLIUM_OCI_RELAY_H
#define DOLIUM_OCI_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

struct err;

#define RELAY_BUFFER  16384
#define RELAY_STREAMS 3

/* Bytes on their way from one fd to another. */
struct relay_stream {
	int from, to; /* -1: ended */
	bool own_from, own_to; /* closed when they end */
	bool output; /* of the container: what is on its way at the container's end is not lost */
	bool terminal_input; /* at the end of `from` a ^D is typed: a terminal has no end */
	size_t start, len; /* of what waits in `data` */
	char *data; /* RELAY_BUFFER bytes */
};

struct relay {
	pid_t pid; /* the container's init, a child of ours */
	int pidfd, signal_fd;
	int master, slave; /* the container's terminal; -1: none */
	bool raw; /* our own terminal is in raw mode */
	int tty; /* ours, whose size the container's follows; -1 */
	struct termios before;
	struct relay_stream streams[RELAY_STREAMS];
	size_t n_streams;
};

void relay_init(struct relay *r);
/* Puts our terminal back and closes what is the relay's. */
void relay_done(struct relay *r);

/*
 * Makes three pipes: `ret_ends` are the container's, to close when it has
 * started; ours become streams to and from our standard streams.
 */
int relay_make_pipes(struct relay *r, int ret_ends[3], struct err *e);
/* Takes over the master of the container's terminal. */
int relay_consume_terminal(struct relay *r, int master, struct err *e);

/* Signals wait from here on until relay_run() passes them on. */
int relay_hold_signals(struct relay *r, struct err *e);

/* Until the container's init ends; its exit status as a shell has it. Nothing it wrote is lost. */
int relay_run(struct relay *r, struct err *e);

static inline void relay_done_at(struct relay *r)
{
	relay_done(r);
}

#define AUTO_RELAY __attribute__((cleanup(relay_done_at)))

#endif
