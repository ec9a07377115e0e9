/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Id maps of user namespaces
 */
#include "os/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "os/file.h"
#include "os/process.h"

/* The kernel wants a map in one write. */
static int write_map(pid_t pid, const char *file, const char *map)
{
	AUTO_FD int fd = -1;
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return write(fd, map, strlen(map)) < 0 ? -errno : 0;
}

int idmap_write(pid_t pid, const char *uid_map, const char *gid_map)
{
	int r;

	/* Without CAP_SETGID outside, the kernel wants setgroups(2) given up before the gid map. */
	r = write_map(pid, "gid_map", gid_map);
	if (r == -EPERM && geteuid() != 0) {
		r = write_map(pid, "setgroups", "deny");
		if (r >= 0)
			r = write_map(pid, "gid_map", gid_map);
	}
	if (r < 0)
		return r;
	return write_map(pid, "uid_map", uid_map);
}

/* "100 1000 1": one id, and the caller's own: that much the kernel gives to everybody. */
static bool is_only(const char *map, unsigned id)
{
	unsigned inside, outside, size;
	int end = 0;

	return sscanf(map, "%u %u %u %n", &inside, &outside, &size, &end) == 3 && size == 1 &&
	    outside == id && map[end] == '\0';
}

__attribute__((noreturn)) static void become_helper(char **args)
{
	/* What else may have been opened without O_CLOEXEC is none of its business. */
	if (syscall(SYS_close_range, 3, ~0U, 0) >= 0)
		execvp(args[0], args);
	_exit(errno == ENOENT ? 127 : 126);
}

/* "newuidmap PID 0 1000 1 1 100000 65536" */
static int run_helper(const char *helper, pid_t pid, const char *map)
{
	AUTO_FREE char *words = strdup(map);
	AUTO_FREE char **args = NULL;
	char *rest = words, *word, pid_text[16];
	size_t n = 0, n_words = 0;
	pid_t child;
	int status;

	for (const char *at = map; *at; at++)
		n_words += *at == ' ' || *at == '\n';
	args = calloc(n_words + 4, sizeof(*args));
	if (!words || !args)
		return -ENOMEM;
	snprintf(pid_text, sizeof(pid_text), "%d", pid);
	args[n++] = (char *)(uintptr_t)helper;
	args[n++] = pid_text;
	while ((word = strsep(&rest, " \n")))
		if (*word)
			args[n++] = word;
	child = process_clone(0, -1, NULL);
	if (child == 0)
		become_helper(args);
	status = child < 0 ? child : process_wait(child);
	return status < 0 ? status : status == 127 ? -ENOENT : status ? -EPERM : 0;
}

int idmap_write_as_user(pid_t pid, const char *uid_map, const char *gid_map)
{
	int r;

	if (is_only(uid_map, geteuid()) && is_only(gid_map, getegid())) {
		r = write_map(pid, "setgroups", "deny");
		if (r >= 0)
			r = write_map(pid, "gid_map", gid_map);
		return r < 0 ? r : write_map(pid, "uid_map", uid_map);
	}
	r = run_helper("newgidmap", pid, gid_map);
	return r < 0 ? r : run_helper("newuidmap", pid, uid_map);
}

static int make_userns(const char *uid_map, const char *gid_map,
    int (*write_maps)(pid_t pid, const char *uid_map, const char *gid_map))
{
	char path[48];
	int r, fd = -1;
	pid_t pid;

	pid = process_clone(CLONE_NEWUSER, -1, NULL);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (pid < 0)
		return pid;

	r = write_maps(pid, uid_map, gid_map);
	if (r >= 0) {
		snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		r = fd < 0 ? -errno : fd;
	}
	kill(pid, SIGKILL);
	process_wait(pid);
	return r;
}

int idmap_userns(const char *uid_map, const char *gid_map)
{
	return make_userns(uid_map, gid_map, idmap_write);
}

int idmap_userns_as_user(const char *uid_map, const char *gid_map)
{
	return make_userns(uid_map, gid_map, idmap_write_as_user);
}
