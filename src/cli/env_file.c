/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --env-file and --label-file
 */
#include "cli/env_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/auto.h"
#include "base/err.h"
#include "base/strv.h"
#include "os/file.h"

#define FILE_MAX ((size_t)16 << 20)

static int add_line(
    const char *name, unsigned number, const char *line, size_t len, struct strv *to, struct err *e)
{
	const size_t key_len = strcspn(line, "=\n");

	if (key_len == 0)
		return err_refuse(
		    e, -EINVAL, "%s: line %u has no name before the '='", name, number);
	if (strcspn(line, " \t\f\v") < key_len)
		return err_refuse(e, -EINVAL, "%s: line %u has a blank in the name", name, number);
	if (strv_consume(to, strndup(line, len)) < 0)
		return err_refuse(e, -ENOMEM, "cannot read '%s': no memory is left", name);
	return 0;
}

int env_file_parse(const char *name, const char *text, struct strv *to, struct err *e)
{
	unsigned number = 0;

	/* Some editors begin a file with a byte order mark. */
	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	while (*text) {
		const size_t len = strcspn(text, "\n");
		const size_t blanks = strspn(text, " \t\f\v\r");
		size_t end = len;
		int r = 0;

		number++;
		if (end > 0 && text[end - 1] == '\r')
			end--;
		if (blanks < end && text[blanks] != '#')
			r = add_line(name, number, text + blanks, end - blanks, to, e);
		if (r < 0)
			return r;
		text += len + (text[len] == '\n');
	}
	return 0;
}

int env_file_read(const char *path, struct strv *to, struct err *e)
{
	AUTO_FREE char *text = NULL;
	size_t len;
	int r;

	if (strcmp(path, "-") == 0) {
		r = file_read_fd(STDIN_FILENO, FILE_MAX, &text, &len);
	} else {
		AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

		r = fd < 0 ? -errno : file_read_fd(fd, FILE_MAX, &text, &len);
	}
	if (r < 0)
		return err_set(e, r, "cannot read '%s'", path);
	if (strlen(text) != len)
		return err_refuse(e, -EINVAL, "cannot read '%s': it has NUL bytes", path);
	return env_file_parse(path, text, to, e);
}
