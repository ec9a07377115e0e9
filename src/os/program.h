/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping our own program file out of a container's reach
 *
 * A process that enters a container shows its program there as /proc/PID/exe, and an
 * entrypoint, or a "#!", of "/proc/self/exe" runs it (CVE-2019-5736). So it is started from a
 * detached copy of the mount that its file is on, which nobody can find by name. The copy is
 * read-only; as soon as the program runs, nothing can be executed from it any more; and then it
 * is let go, so that its flags are nobody's to change. What is left is a link to a file that
 * cannot be written, made executable, mounted or run by who follows it.
 */
#ifndef DOLIUM_OS_PROGRAM_H
#define DOLIUM_OS_PROGRAM_H

/* Such a copy of `path`, close-on-exec, for program_start(). */
int program_open(const char *path);
/* execve(2) from there; the fd is known to the program, and program_seal() closes it there. */
int program_start(int program_fd, char *const *argv, char *const *envp);

/*
 * Waits for a byte, for a long time perhaps, with as little memory as can be: the pages of
 * the program's file are let go, and come again when they are touched. -ECANCELED: the end.
 */
int program_wait(int fd);

/* In the program. 1: it was started so, and is sealed now. 0: it was not. */
int program_seal(void);

#endif
