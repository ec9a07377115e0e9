/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running from a sealed copy of our own program file
 */
#include "os/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

#ifndef MFD_EXEC
#	define MFD_EXEC 0x0010U /* Linux 6.3: it is a program, whatever vm.memfd_noexec says */
#endif

static int new_memory(void)
{
	int fd = memfd_create("dolium-oci", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("dolium-oci", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}

static int copy_all(int from, int to)
{
	struct stat st;
	off_t left;

	if (fstat(from, &st) < 0)
		return -errno;
	for (left = st.st_size; left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		left -= n;
	}
	return 0;
}

int sealed_start(char *const *argv)
{
	AUTO_FD int own = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	AUTO_FD int copy = -1;
	int r;

	if (own < 0)
		return -errno;
	r = fcntl(own, F_GET_SEALS);
	if (r >= 0 && (r & SEALS) == SEALS)
		return 0;
	copy = new_memory();
	r = copy < 0 ? copy : copy_all(own, copy);
	if (r < 0)
		return r;
	if (fcntl(copy, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	syscall(SYS_execveat, copy, "", argv, environ, AT_EMPTY_PATH);
	return -errno;
}
