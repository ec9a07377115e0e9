/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping our own program file out of a container's reach
 */
#include "oci/self.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/err.h"
#include "os/mount.h"
#include "os/sealed.h"

#define OWN_FILE "/proc/self/exe"

int self_protect(char *const *argv, struct err *e)
{
	AUTO_FD int fd = -1;
	struct statvfs fs;
	int r;

	if (statvfs(OWN_FILE, &fs) < 0)
		return err_set(e, -errno, "cannot look at our own program file");
	if (fs.f_flag & ST_RDONLY)
		return 0;
	fd = mount_clone(AT_FDCWD, OWN_FILE, false);
	r = fd < 0 ? fd : mount_change(fd, false, MOUNT_ATTR_RDONLY, 0, MS_PRIVATE);
	if (r == -EPERM && sealed_start(argv) == 0)
		return 0; /* a plain user's: no mount, but a copy that nobody can change */
	if (r < 0)
		return err_set(e, r, "cannot protect our own program file");
	syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
	return err_set(e, -errno, "cannot start from the protected program file");
}
