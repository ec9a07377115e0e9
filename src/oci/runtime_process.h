/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process needs of the host, whether it begins a container or joins one
 */
#ifndef DOLIUM_OCI_RUNTIME_PROCESS_H
#define DOLIUM_OCI_RUNTIME_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

struct err;
struct launch;
struct plan;

/*
 * For who enters a container: starts us again, once, with `argv`, so that our program file is out
 * of reach there (os/program.h). Returns 0 where that has been done.
 */
int process_protect(char *const *argv, struct err *e);

/* Is there a place for the terminal? `stay`: we serve it ourselves. */
int process_check_terminal(bool terminal, bool stay, const char *console_socket, struct err *e);

/* --console-socket and --pidfd-socket; each does nothing where `path` is NULL. */
int process_send_console(const char *path, const struct launch *l, struct err *e);
int process_send_pidfd(const char *path, const struct launch *l, struct err *e);

/* --pid-file: whole, or not there at all. */
int process_write_pid_file(const char *path, pid_t pid, struct err *e);

/* So that /dev/stdout can be opened again by the process's user. */
void process_give_streams(const struct plan *p);

#endif
