/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who runs inside
 *
 * The two files are the image's, so hostile: opened with the container's root as
 * '/', without waiting for what may be a pipe, and with a ceiling.
 */
#include "engine/user.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/err.h"
#include "os/file.h"

#define FILE_MAX ((size_t)8 << 20)

/* A file that is not there, or is no file, is an empty one. */
static int read_inside(int root_fd, const char *path, char **ret_text, size_t *ret_len)
{
	AUTO_FD int fd =
	    file_open_in_root(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
	struct stat st;

	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP ? 0 : fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? file_read_fd(fd, FILE_MAX, ret_text, ret_len) : 0;
}

int user_find(int root_fd, const char *text, const struct strv *more_groups,
    struct passwd_user *ret_user, struct err *e)
{
	AUTO_FREE char *passwd = NULL, *group = NULL;
	struct passwd_files files = { 0 };
	int r = read_inside(root_fd, "etc/passwd", &passwd, &files.passwd_len);

	if (r < 0)
		return err_set(e, r, "cannot read the container's /etc/passwd");
	r = read_inside(root_fd, "etc/group", &group, &files.group_len);
	if (r < 0)
		return err_set(e, r, "cannot read the container's /etc/group");
	files.passwd = passwd;
	files.group = group;
	return passwd_find(&files, text, more_groups, ret_user, e);
}
