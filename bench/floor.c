/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor: the least that starting a container can cost
 *
 *	floor [-t] ROOTFS PROGRAM
 *
 * The namespaces, mounts, device nodes, masked and read-only paths of a default
 * specification, one system call after the other: no configuration is read, nothing
 * is checked, nothing is kept. With -t also a cgroup in each v1 hierarchy, which the
 * child joins by itself. What a run-time needs beyond this is its own cost.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(call)                                                                  \
	do {                                                                        \
		if ((long)(call) < 0) {                                             \
			fprintf(stderr, "floor: %s: %s\n", #call, strerror(errno)); \
			_exit(9);                                                   \
		}                                                                   \
	} while (0)

static const char *const hierarchies[] = { "cpu", "cpuacct", "memory", "devices", "freezer",
	"blkio", "pids", "systemd" };
#define N_HIERARCHIES (sizeof(hierarchies) / sizeof(*hierarchies))

static const struct {
	const char *type, *target, *data;
	unsigned long flags;
} mounts[] = {
	{ "proc", "proc", NULL, 0 },
	{ "tmpfs", "dev", "mode=755,size=65536k", MS_NOSUID },
	{ "devpts", "dev/pts", "newinstance,ptmxmode=0666,mode=0620,gid=5", MS_NOSUID | MS_NOEXEC },
	{ "tmpfs", "dev/shm", "mode=1777,size=65536k", MS_NOSUID | MS_NOEXEC | MS_NODEV },
	{ "mqueue", "dev/mqueue", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV },
	{ "sysfs", "sys", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY },
};

static const struct {
	const char *path;
	unsigned minor;
} devices[] = {
	{ "dev/null", 3 },
	{ "dev/zero", 5 },
	{ "dev/full", 7 },
	{ "dev/random", 8 },
	{ "dev/urandom", 9 },
};

static const char *const read_only[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
	"/proc/sysrq-trigger" };

static void cgroup_path(char to[128], size_t i, pid_t owner, const char *file)
{
	snprintf(to, 128, "/sys/fs/cgroup/%s/floor%d%s", hierarchies[i], (int)owner, file);
}

static void make_cgroups(pid_t owner)
{
	char path[128];

	for (size_t i = 0; i < N_HIERARCHIES; i++) {
		cgroup_path(path, i, owner, "");
		MUST(mkdir(path, 0755));
	}
}

static void join_cgroups(pid_t owner)
{
	char path[128];

	for (size_t i = 0; i < N_HIERARCHIES; i++) {
		int fd;

		cgroup_path(path, i, owner, "/tasks");
		fd = open(path, O_WRONLY | O_CLOEXEC);
		MUST(fd);
		MUST(write(fd, "0", 1));
		close(fd);
	}
}

static void remove_cgroups(pid_t owner)
{
	char path[128];

	for (size_t i = 0; i < N_HIERARCHIES; i++) {
		cgroup_path(path, i, owner, "");
		MUST(rmdir(path));
	}
}

static void make_root(const char *root)
{
	MUST(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL));
	MUST(mount(root, root, NULL, MS_BIND | MS_REC, NULL));
	MUST(chdir(root));
	for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		if (strchr(mounts[i].target, '/'))
			MUST(mkdir(mounts[i].target, 0755));
		MUST(mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags,
		    mounts[i].data));
	}
	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++)
		MUST(mknod(devices[i].path, S_IFCHR | 0666, makedev(1, devices[i].minor)));
	MUST(symlink("/proc/self/fd", "dev/fd"));
	MUST(symlink("pts/ptmx", "dev/ptmx"));
	MUST(syscall(SYS_pivot_root, ".", "."));
	MUST(umount2(".", MNT_DETACH));
	MUST(chdir("/"));
}

static void mask_paths(void)
{
	MUST(mount("/dev/null", "/proc/keys", NULL, MS_BIND, NULL));
	MUST(mount("/dev/null", "/proc/timer_list", NULL, MS_BIND, NULL));
	MUST(mount("tmpfs", "/sys/firmware", "tmpfs", MS_RDONLY, NULL));
	for (size_t i = 0; i < sizeof(read_only) / sizeof(*read_only); i++) {
		if (mount(read_only[i], read_only[i], NULL, MS_BIND | MS_REC, NULL) < 0)
			continue; /* not every kernel has each */
		MUST(mount(NULL, read_only[i], NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	}
}

int main(int argc, char **argv)
{
	const bool cgroups = argc > 1 && strcmp(argv[1], "-t") == 0;
	const pid_t owner = getpid();
	int status;
	long pid;

	argv += cgroups;
	argc -= cgroups;
	if (argc != 3) {
		fputs("usage: floor [-t] ROOTFS PROGRAM\n", stderr);
		return 2;
	}
	if (cgroups)
		make_cgroups(owner);
	pid = syscall(SYS_clone,
	    CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | SIGCHLD, NULL,
	    NULL, NULL, NULL);
	MUST(pid);
	if (pid == 0) {
		if (cgroups)
			join_cgroups(owner);
		MUST(unshare(CLONE_NEWCGROUP));
		make_root(argv[1]);
		mask_paths();
		MUST(sethostname("floor", 5));
		execve(argv[2], (char *[]){ argv[2], NULL }, (char *[]){ NULL });
		_exit(9);
	}
	MUST(waitpid((pid_t)pid, &status, 0));
	if (cgroups)
		remove_cgroups(owner);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 9;
}
