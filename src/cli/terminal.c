/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal, where there is one
 */
#include "cli/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/auto.h"

void terminal_size(int fd, unsigned *ret_columns, unsigned *ret_lines)
{
	struct winsize size = { 0 };

	if (ioctl(fd, TIOCGWINSZ, &size) < 0)
		size = (struct winsize){ 0 };
	*ret_columns = size.ws_col ? size.ws_col : 80;
	*ret_lines = size.ws_row ? size.ws_row : 24;
}

/* For the handler: how the terminal was. */
static struct termios before;

static void restore_and_end(int signal)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	_exit(128 + signal);
}

static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

#define N_ENDING (sizeof(ending) / sizeof(*ending))

static int read_line(char **ret_line)
{
	AUTO_FREE char *line = NULL;
	size_t room = 0;
	ssize_t len = getline(&line, &room, stdin);

	if (len < 0)
		return -ENODATA;
	line[strcspn(line, "\r\n")] = '\0';
	*ret_line = TAKE(line);
	return 0;
}

/* The echo goes before the question comes: who is fast, or a script, types as soon as it is there.
 */
static int ask_secret(const char *question, char **ret_line)
{
	struct sigaction act = { .sa_handler = restore_and_end }, old[N_ENDING];
	struct termios quiet;
	int r;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return -errno;
	for (size_t i = 0; i < N_ENDING; i++)
		sigaction(ending[i], &act, &old[i]);
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	r = tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) < 0 ? -errno : 0;
	if (r >= 0) {
		fputs(question, stderr);
		r = read_line(ret_line);
	}
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	for (size_t i = 0; i < N_ENDING; i++)
		sigaction(ending[i], &old[i], NULL);
	fputc('\n', stderr);
	return r;
}

int terminal_ask(const char *question, bool secret, char **ret_line)
{
	if (!isatty(STDIN_FILENO))
		return -ENOTTY;
	if (secret)
		return ask_secret(question, ret_line);
	fputs(question, stderr);
	return read_line(ret_line);
}
