/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping our own program file out of a container's reach
 */
#include "os/program.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "os/mount.h"
#include "os/raw_call.h"

/*
 * By these together a program knows the mount again that was made for it: a mount of
 * somebody else's, which it may have been started from by fd too, is not to be changed.
 */
#define MARKS (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSYMFOLLOW)

#ifndef ST_NOSYMFOLLOW
#	define ST_NOSYMFOLLOW 0x2000 /* of statfs(2) since Linux 5.10 */
#endif
#define MARKS_SEEN (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOSYMFOLLOW)

/* How execveat(2) names a program that it was given by fd. */
#define BY_FD "/dev/fd/"

int program_open(const char *path)
{
	return mount_clone_changed(AT_FDCWD, path, false, MARKS, 0, MS_PRIVATE);
}

int program_start(int program_fd, char *const *argv, char *const *envp)
{
	if (fcntl(program_fd, F_SETFD, 0) < 0)
		return -errno;
	syscall(SYS_execveat, program_fd, "", argv, envp, AT_EMPTY_PATH);
	return -errno;
}

struct range {
	uintptr_t start, end;
};

/* What is mapped from the file and never written to; returns how many, at most `room`. */
static size_t find_pages(struct range *to, size_t room)
{
	const ElfW(Phdr) *head = (const ElfW(Phdr) *)getauxval(AT_PHDR);
	const unsigned long n = getauxval(AT_PHNUM), page = getauxval(AT_PAGESZ);
	uintptr_t base = 0;
	size_t found = 0;

	for (unsigned long i = 0; head && i < n; i++) {
		if (head[i].p_type == PT_PHDR)
			base = (uintptr_t)head - head[i].p_vaddr;
	}
	for (unsigned long i = 0; head && i < n && found < room; i++) {
		const uintptr_t start = base + head[i].p_vaddr;

		if (head[i].p_type == PT_LOAD && !(head[i].p_flags & PF_W))
			to[found++] =
			    (struct range){ start & ~(page - 1), start + head[i].p_memsz };
	}
	return found;
}

int program_wait(int fd)
{
	struct range pages[4];
	const size_t n = find_pages(pages, sizeof(pages) / sizeof(pages[0]));
	char byte;
	long r;

	/* What is touched from here on stays in memory, 64 KiB around it: this function, and no
	 * other. */
	for (size_t i = 0; i < n; i++)
		raw_call(SYS_madvise, (long)pages[i].start, (long)(pages[i].end - pages[i].start),
		    MADV_DONTNEED, 0);
	do
		r = raw_call(SYS_read, fd, (long)&byte, 1, 0);
	while (r == -EINTR);
	return r == 1 ? 0 : r < 0 ? (int)r : -ECANCELED;
}

int program_seal(void)
{
	const char *name = (const char *)getauxval(AT_EXECFN);
	AUTO_FD int fd = -1;
	struct statvfs fs;

	if (!name || strncmp(name, BY_FD, strlen(BY_FD)) != 0)
		return 0;
	fd = atoi(name + strlen(BY_FD));
	if (fstatvfs(fd, &fs) < 0 || (fs.f_flag & MARKS_SEEN) != MARKS_SEEN) {
		(void)TAKE_FD(fd); /* not ours to close */
		return 0;
	}
	return mount_change(fd, false, MOUNT_ATTR_NOEXEC, 0, 0) < 0 ? -errno : 1;
}
