/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step: HOME
 *
 * Where the environment does not say it, it is what the image's /etc/passwd has for the
 * user, who is a number and stays one. All else that an image says of users is the
 * business of who wrote the configuration.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "format/oci_config.h"
#include "format/passwd.h"
#include "isolate/child.h"
#include "os/file.h"

/* Not on the stack, and not of the heap: the child allocates nothing. What is behind it of a
   longer file is not looked at. */
static char passwd_text[65536];

static ssize_t read_passwd(int root_fd)
{
	AUTO_FD int fd = -1;
	ssize_t n;

	/* Whatever it is that an image has there: nobody waits for it. */
	fd = file_open_in_root(root_fd, "etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0)
		return 0;
	n = read(fd, passwd_text, sizeof(passwd_text));
	return n < 0 ? 0 : n;
}

int step_find_home(struct child *c, struct err *e)
{
	static char text[PATH_MAX];
	const struct plan *p = c->plan;
	const size_t key_len = strlen("HOME=");
	struct passwd_files files = { .passwd = passwd_text };

	(void)e;
	if (!p->home)
		return 0;
	memcpy(text, "HOME=", key_len);
	files.passwd_len = (size_t)read_passwd(c->root_fd);
	passwd_home(&files, p->config->process->user.uid, text + key_len, sizeof(text) - key_len);
	*p->home = text;
	return 0;
}
