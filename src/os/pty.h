/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pseudo-terminals
 */
#ifndef DOLIUM_OS_PTY_H
#define DOLIUM_OS_PTY_H

#include <stddef.h>
#include <termios.h>

/*
 * Opens a new pair out of the devpts that pts_fd is the root of: never by the
 * name of the other end, which somebody could have replaced (CVE-2025-52565).
 * Allocates nothing. Both are the caller's. `room` bytes at `name` take "/dev/pts/N".
 */
int pty_open(int pts_fd, int *ret_master, int *ret_slave, char *name, size_t room);

/* A terminal's size; zeroes are "as it is". */
int pty_resize(int fd, unsigned rows, unsigned columns);
int pty_copy_size(int from_fd, int to_fd);

/* Raw mode for the person's own terminal; *ret_before is for tcsetattr() at the end. */
int pty_make_raw(int fd, struct termios *ret_before);

/* Sends `fd` over a connected unix socket, with `name` as the bytes beside it. */
int pty_send_fd(int socket_fd, int fd, const char *name);

#endif
