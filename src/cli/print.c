/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is printed
 */
#include "cli/print.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"

void print_escape(struct buf *to, const char *text, const char *keep)
{
	const unsigned char *c = (const unsigned char *)text;

	for (; *c; c++) {
		if (strchr(keep, *c))
			buf_addc(to, (char)*c);
		else if (*c < ' ' || *c == 127)
			buf_addf(to, "\\x%02x", *c);
		else if (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f) /* U+0080..U+009F: C1 */
			buf_addf(to, "\\x%02x", *++c);
		else
			buf_addc(to, (char)*c);
	}
}

void print_text(FILE *to, const char *text, const char *keep)
{
	AUTO_BUF struct buf b = { 0 };

	print_escape(&b, text, keep);
	fputs(buf_text(&b), to);
}

void print_error(const char *text, const char *hint)
{
	AUTO_BUF struct buf b = { 0 };

	/* What is already printed stands before the complaint about the rest. */
	fflush(stdout);
	buf_adds(&b, "dolium: ");
	print_escape(&b, text, "");
	if (hint && *hint) {
		buf_adds(&b, "\nhint: ");
		print_escape(&b, hint, "");
	}
	buf_addc(&b, '\n');
	fputs(buf_text(&b), stderr);
}

void print_err(const struct err *e)
{
	print_error(e->text, e->hint);
}

int print_finish(int status)
{
	AUTO_BUF struct buf b = { 0 };

	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (errno == EPIPE || errno == 0)
		return 128 + SIGPIPE;
	buf_addf(&b, "cannot write the output: %s", strerror(errno));
	print_error(buf_text(&b), NULL);
	return status ? status : 1;
}

bool print_sure(const char *what)
{
	AUTO_FREE char *answer = NULL;
	size_t room = 0;
	ssize_t len;

	printf(
	    "WARNING! This will remove all %s.\nAre you sure you want to continue? [y/N] ", what);
	fflush(stdout);
	len = getline(&answer, &room, stdin);
	if (len <= 0)
		return false;
	answer[strcspn(answer, "\r\n")] = '\0';
	return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}
