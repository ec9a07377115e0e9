/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives a fuzz target each file of a directory: what a fuzzer once found stays
 * mended. Each runs in a child of its own, from memory that ends where the input
 * does. Output is TAP.
 */
#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

static uint8_t *read_file(const char *dir, const char *name, size_t *ret_size)
{
	const size_t room = (size_t)16 << 20;
	uint8_t *data = malloc(room), *exact;
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "re");
	MUST(data && f);
	*ret_size = fread(data, 1, room, f);
	fclose(f);
	exact = malloc(*ret_size ? *ret_size : 1);
	MUST(exact);
	memcpy(exact, data, *ret_size);
	free(data);
	return exact;
}

static int replay(const char *dir, const char *name)
{
	int status = 1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		size_t size;
		uint8_t *data = read_file(dir, name, &size);

		alarm(20);
		LLVMFuzzerTestOneInput(data, size);
		free(data);
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 1;
	return status;
}

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	int n, failed = 0;

	MUST(argc == 2);
	n = scandir(argv[1], &entries, is_input, alphasort);
	MUST(n > 0); /* a target without a corpus would be a test that cannot fail */
	for (int i = 0; i < n; i++) {
		const int status = replay(argv[1], entries[i]->d_name);

		failed += status != 0;
		printf("%sok %d - %s\n", status ? "not " : "", i + 1, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	printf("1..%d\n", n);
	return failed != 0;
}
