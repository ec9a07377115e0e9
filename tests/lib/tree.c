/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists a directory tree so that two listings can be compared line by line
 *
 * usage: tree DIR [-x PATH]...     (PATH: left out, as "./proc", with all below it)
 *
 * A line is one entry: path, type and mode, owner, size, links, device, mtime to the nanosecond,
 * target, xattrs, and a hash of the content. Hard links name the first path of their inode. What a
 * file system may choose (the size and link count of a directory) is left out. It is compiled
 * statically, so that it runs inside any image as well as on the host.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

struct seen {
	dev_t dev;
	ino_t ino;
	char *path;
	struct seen *next;
};

static struct seen *buckets[4096];
static char **excluded;
static int n_excluded;

static void print_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c <= ' ' || c >= 127 || c == '\\')
			printf("\\x%02x", c);
		else
			putchar(c);
	}
}

static const char *first_path(const struct stat *st, const char *path)
{
	struct seen **bucket = &buckets[st->st_ino % 4096];

	for (struct seen *s = *bucket; s; s = s->next)
		if (s->dev == st->st_dev && s->ino == st->st_ino)
			return s->path;
	struct seen *s = malloc(sizeof(*s));
	if (!s)
		err(1, "memory");
	*s = (struct seen){ st->st_dev, st->st_ino, strdup(path), *bucket };
	*bucket = s;
	return NULL;
}

static uint64_t content_hash(int dir, const char *name, const char *path)
{
	static uint64_t buffer[1 << 14];
	uint64_t h = 0xcbf29ce484222325u;
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n;

	if (fd < 0) {
		warn("%s", path);
		return 0;
	}
	memset(buffer, 0, sizeof(buffer));
	while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
		size_t words = ((size_t)n + 7) / 8;
		memset((char *)buffer + n, 0, words * 8 - (size_t)n);
		for (size_t i = 0; i < words; i++) {
			h = (h ^ buffer[i]) * 0x9e3779b97f4a7c15u;
			h ^= h >> 29;
		}
	}
	if (n < 0)
		warn("%s", path);
	close(fd);
	return h;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* xattrs of a symlink or a device cannot be asked for through an fd: by a path under /proc is not
 * needed, as the working directory is the entry's. */
static void print_xattrs(const char *name)
{
	char list[16384], value[65536], *names[256];
	ssize_t len = llistxattr(name, list, sizeof(list));
	int n = 0;

	for (ssize_t at = 0; at < len && n < 256; at += (ssize_t)strlen(list + at) + 1)
		names[n++] = list + at;
	qsort(names, (size_t)n, sizeof(names[0]), compare_names);
	for (int i = 0; i < n; i++) {
		ssize_t got;
		/* Ours to keep: overlayfs and SELinux mark files for themselves. */
		if (strncmp(names[i], "trusted.overlay.", 16) == 0 ||
		    strncmp(names[i], "user.overlay.", 13) == 0 ||
		    strcmp(names[i], "security.selinux") == 0)
			continue;
		got = lgetxattr(name, names[i], value, sizeof(value));
		printf(" %s=", names[i]);
		if (got < 0)
			printf("!%s", strerror(errno));
		else
			print_text(value, (size_t)got);
	}
}

static void list_dir(int dir, const char *path);

static void print_entry(int dir, const char *name, const char *path)
{
	static const char types[] = "?pc?d?b?-?l?s???";
	struct stat st;

	for (int i = 0; i < n_excluded; i++)
		if (strcmp(excluded[i], path) == 0)
			return;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		warn("%s", path);
		return;
	}
	print_text(path, strlen(path));
	printf(" %c%04o %u:%u", types[(st.st_mode >> 12) & 15], st.st_mode & 07777, st.st_uid,
	    st.st_gid);
	printf(" t%lld.%09ld", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		printf(" dev%u,%u", major(st.st_rdev), minor(st.st_rdev));
	if (!S_ISDIR(st.st_mode)) {
		const char *first = st.st_nlink > 1 ? first_path(&st, path) : NULL;
		printf(" s%lld n%lu", (long long)st.st_size, (unsigned long)st.st_nlink);
		if (first) {
			printf(" same-as ");
			print_text(first, strlen(first));
		}
	}
	if (S_ISLNK(st.st_mode)) {
		char target[4097];
		ssize_t len = readlinkat(dir, name, target, sizeof(target));
		printf(" -> ");
		print_text(target, len < 0 ? 0 : (size_t)len);
	}
	if (fchdir(dir) == 0)
		print_xattrs(name);
	if (S_ISREG(st.st_mode))
		printf(" #%016llx", (unsigned long long)content_hash(dir, name, path));
	putchar('\n');

	if (S_ISDIR(st.st_mode)) {
		int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0) {
			warn("%s", path);
			return;
		}
		list_dir(fd, path);
		close(fd);
	}
}

static void list_dir(int dir, const char *path)
{
	char **names = NULL;
	size_t n = 0, room = 0;
	DIR *d = fdopendir(dup(dir));
	struct dirent *entry;

	if (!d)
		err(1, "%s", path);
	while ((entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (n == room) {
			room = room ? room * 2 : 64;
			names = realloc(names, room * sizeof(*names));
			if (!names)
				err(1, "memory");
		}
		names[n++] = strdup(entry->d_name);
	}
	closedir(d);
	if (n)
		qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 0; i < n; i++) {
		char *below = NULL;
		if (asprintf(&below, "%s/%s", path, names[i]) < 0)
			err(1, "memory");
		print_entry(dir, names[i], below);
		free(below);
		free(names[i]);
	}
	free(names);
}

int main(int argc, char **argv)
{
	int dir;

	if (argc < 2)
		errx(2, "usage: tree DIR [-x PATH]...");
	excluded = calloc((size_t)argc, sizeof(*excluded));
	for (int i = 2; i + 1 < argc; i += 2)
		excluded[n_excluded++] = argv[i + 1];
	dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		err(1, "%s", argv[1]);
	print_entry(dir, ".", ".");
	return ferror(stdout) || fclose(stdout) ? 1 : 0;
}
