/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes, and how to be sure which one is meant
 *
 * A pid is used again after its process ended. A pid together with the time at
 * which its process started is not.
 */
#ifndef DOLIUM_OS_PROCESS_H
#define DOLIUM_OS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Field 22 of /proc/PID/stat, in clock ticks since boot. -ESRCH: no such process. */
int process_start_time(pid_t pid, uint64_t *ret_ticks);

/* Is that the process which started then, and does it still run (a zombie does not)? */
bool process_is(pid_t pid, uint64_t start_ticks);

/*
 * Sends a signal to the process `pid` that started at `start_ticks`, and to no
 * other one. -ESRCH: it is gone. With signal 0 it only looks.
 */
int process_kill(pid_t pid, uint64_t start_ticks, int signal_number);

/*
 * clone3(2) without a new stack, so like fork(2): 0 in the child, its pid in
 * the parent, and in *ret_pidfd (may be NULL) a pidfd that the caller owns. The
 * child's signal handlers are the default ones. cgroup_fd: of the v2 cgroup that the child
 * is to begin in, or -1. Between this and exec the child may call
 * only what is async-signal-safe.
 */
pid_t process_clone(uint64_t clone_flags, int cgroup_fd, int *ret_pidfd);

/* Waits for a child and returns its status as a shell has it: 0..255, or 128 + signal. */
int process_wait(pid_t pid);

/* What wait(2) reports, as a shell has it. */
int process_exit_status(int wait_status);

/* A signal's number out of "TERM", "SIGTERM", "term", "15", "RTMIN+3". -EINVAL: no such signal. */
int process_signal_parse(const char *text);

#endif
