/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures commands side by side
 *
 *	measure [-n ROUNDS] [-w WARM-UPS] [-p PAUSE_MS] [-c CLEANUP] -- LABEL COMMAND... [-- LABEL
 *COMMAND...]...
 *
 * Each round runs each command once, in turn: what disturbs a machine for a
 * while disturbs all of them. For each it prints one line, its fields divided
 * by tabs: label; wall time in ms, least and median; cpu time in ms, least and
 * median; largest resident set in KiB. Cpu time is what the command and the
 * children it waited for used, in user and kernel mode: other load hardly
 * moves it. CLEANUP is a shell command, run after each command, unmeasured.
 * A command that fails is told once, with what it wrote, and gets a line of dashes.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 32
#define ROUNDS_MAX   10000

extern char **environ;

struct command {
	const char *label;
	char **argv;
	double *wall, *cpu;
	long rss;
	bool failed;
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double ms_of(const struct timeval *t)
{
	return (double)t->tv_sec * 1e3 + (double)t->tv_usec / 1e3;
}

static void show_output(const char *label, int fd)
{
	char text[4096];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	fprintf(stderr, "measure: '%s' failed: %s\n", label, text);
}

/* Runs it once; with `round` below 0 nothing is kept. */
static void run_once(struct command *c, long round, int output)
{
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	double begin;
	int status, r;
	pid_t pid;

	if (ftruncate(output, 0) < 0)
		return;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	begin = now_ms();
	r = posix_spawnp(&pid, c->argv[0], &actions, NULL, c->argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r != 0) {
		fprintf(stderr, "measure: cannot run '%s': %s\n", c->argv[0], strerror(r));
		c->failed = true;
		return;
	}
	while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
		;
	if (round >= 0) {
		c->wall[round] = now_ms() - begin;
		c->cpu[round] = ms_of(&usage.ru_utime) + ms_of(&usage.ru_stime);
		if (usage.ru_maxrss > c->rss)
			c->rss = usage.ru_maxrss;
	}
	if (status != 0) {
		show_output(c->label, output);
		c->failed = true;
	}
}

static int compare(const void *a, const void *b)
{
	const double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median(double *values, long n)
{
	qsort(values, (size_t)n, sizeof(*values), compare);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void print(struct command *c, long rounds)
{
	double wall, cpu;

	if (c->failed) {
		printf("%s\t-\t-\t-\t-\t-\n", c->label);
		return;
	}
	wall = median(c->wall, rounds);
	cpu = median(c->cpu, rounds);
	printf("%s\t%.2f\t%.2f\t%.2f\t%.2f\t%ld\n", c->label, c->wall[0], wall, c->cpu[0], cpu,
	    c->rss);
}

/* Fills `commands` from what stands behind the first "--"; returns how many, or -1. */
static int read_commands(char **argv, struct command *commands, long rounds)
{
	int n = 0;

	while (*argv && strcmp(*argv, "--") == 0) {
		struct command *c = &commands[n++];

		if (n > COMMANDS_MAX || !argv[1] || !argv[2] || strcmp(argv[2], "--") == 0)
			return -1;
		*argv = NULL; /* ends the command before */
		c->label = argv[1];
		c->argv = argv + 2;
		c->wall = calloc((size_t)rounds, sizeof(double));
		c->cpu = calloc((size_t)rounds, sizeof(double));
		if (!c->wall || !c->cpu)
			return -1;
		for (argv += 2; *argv && strcmp(*argv, "--") != 0;)
			argv++;
	}
	return *argv ? -1 : n;
}

static void clean_up(const char *cleanup)
{
	if (cleanup && system(cleanup) != 0)
		fprintf(stderr, "measure: cleaning up failed\n");
}

int main(int argc, char **argv)
{
	static struct command commands[COMMANDS_MAX];
	const char *cleanup = NULL;
	long rounds = 20, warm_ups = 2, pause_ms = 0;
	int n, option, output;

	while ((option = getopt(argc, argv, "+n:w:p:c:")) > 0) {
		if (option == 'n')
			rounds = atol(optarg);
		else if (option == 'w')
			warm_ups = atol(optarg);
		else if (option == 'p')
			pause_ms = atol(optarg);
		else if (option == 'c')
			cleanup = optarg;
		else
			return 2;
	}
	/* getopt() takes the first "--" for itself: one back, it begins the first command. */
	if (rounds < 1 || rounds > ROUNDS_MAX || strcmp(argv[optind - 1], "--") != 0 ||
	    (n = read_commands(argv + optind - 1, commands, rounds)) < 1) {
		fputs("usage: measure [-n ROUNDS] [-w WARM-UPS] [-p PAUSE_MS] [-c CLEANUP]"
		      " -- LABEL COMMAND... [-- LABEL COMMAND...]...\n",
		    stderr);
		return 2;
	}
	output = open("/tmp", O_TMPFILE | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
	if (output < 0) {
		perror("measure: /tmp");
		return 1;
	}
	for (long round = -warm_ups; round < rounds; round++)
		for (int i = 0; i < n; i++) {
			if (commands[i].failed)
				continue;
			run_once(&commands[i], round, output);
			clean_up(cleanup);
			usleep((useconds_t)pause_ms * 1000);
		}
	for (int i = 0; i < n; i++)
		print(&commands[i], rounds);
	return 0;
}
