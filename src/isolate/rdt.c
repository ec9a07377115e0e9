/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.intelRdt: shares of caches and of memory's bandwidth, by the resctrl file system
 */
#include "isolate/rdt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "format/mountinfo.h"
#include "format/oci_config.h"
#include "os/file.h"

#define FILE_MAX ((size_t)1 << 20)

int rdt_find(char **ret_root, struct err *e)
{
	AUTO_MOUNTINFO struct mountinfo info = { 0 };
	AUTO_FREE char *text = NULL;
	int r;

	r = file_read_path("/proc/self/mountinfo", 16 * FILE_MAX, &text, NULL);
	if (r >= 0)
		r = mountinfo_parse(text, &info);
	if (r < 0)
		return err_set(e, r, "linux.intelRdt: cannot look for a resctrl file system");
	for (size_t i = 0; i < info.n; i++) {
		if (strcmp(info.items[i].type, "resctrl") != 0)
			continue;
		*ret_root = strdup(info.items[i].point);
		return *ret_root ? 0 : err_set(e, -ENOMEM, "linux.intelRdt");
	}
	return err_refuse(
	    e, -EOPNOTSUPP, "config.json: linux.intelRdt: no resctrl file system is mounted here");
}

static int class_path(const struct oci_intel_rdt *rdt, const char *root, const char *id,
    char ret_path[PATH_MAX], struct err *e)
{
	const char *name = rdt->clos_id ? rdt->clos_id : id;
	int n;

	if (strcmp(name, "/") == 0)
		n = snprintf(ret_path, PATH_MAX, "%s", root);
	else
		n = snprintf(ret_path, PATH_MAX, "%s/%s", root, name);
	/* With room for the names of what is in it. */
	return n < PATH_MAX - NAME_MAX - 32
	    ? 0
	    : err_refuse(e, -ENAMETOOLONG, "linux.intelRdt: the name of the class is too long");
}

static void monitor_path(const char *class, const char *id, char ret_path[PATH_MAX])
{
	snprintf(ret_path, PATH_MAX, "%.*s/mon_groups/%s", PATH_MAX - NAME_MAX - 32, class, id);
}

int rdt_paths(const struct oci_intel_rdt *rdt, const char *root, const char *id, struct strv *paths,
    struct err *e)
{
	char class[PATH_MAX], monitor[PATH_MAX];
	int r;

	r = class_path(rdt, root, id, class, e);
	if (r < 0)
		return r;
	monitor_path(class, id, monitor);
	if (rdt->enable_monitoring)
		r = strv_add(paths, monitor);
	/* A class that was named stays: it is not the container's alone. */
	if (r >= 0 && !rdt->clos_id)
		r = strv_add(paths, class);
	return r < 0 ? err_set(e, r, "linux.intelRdt") : 0;
}

/* ---- shares ---- */

/* "    L3:0=f;1=f0" is of the resource "L3". */
static const char *skip_blanks(const char *line)
{
	return line + strspn(line, " \t");
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

static const char *find_resource(const char *schemata, const char *name, size_t len)
{
	for (const char *line = schemata; *line; line = next_line(line)) {
		const char *at = skip_blanks(line);

		if (strncmp(at, name, len) == 0 && at[len] == ':')
			return at + len + 1;
	}
	return NULL;
}

/* The value of `domain` in "0=f;1=f0"; NULL: has none. */
static const char *find_share(const char *line, unsigned long domain)
{
	while (*line && *line != '\n') {
		char *end;
		const unsigned long at = strtoul(line, &end, 10);

		if (end != line && *end == '=' && at == domain)
			return end + 1;
		line += strcspn(line, ";\n");
		line += *line == ';';
	}
	return NULL;
}

/* Are all shares of one wanted line in the class as it is? The kernel fills up with zeros. */
static bool has_line(const char *schemata, const char *line)
{
	const size_t name_len = strcspn(line, ":\n");
	const char *there = find_resource(schemata, line, name_len);
	/* Masks are in hexadecimal; a bandwidth is a number, and reads alike as one. */
	const int base = strncmp(line, "MB", 2) == 0 ? 10 : 16;

	if (!there || line[name_len] != ':')
		return false;
	for (const char *at = line + name_len + 1; *at && *at != '\n';) {
		char *end;
		const unsigned long domain = strtoul(at, &end, 10);
		const char *share = find_share(there, domain);

		if (end == at || *end != '=' || !share ||
		    strtoull(share, NULL, base) != strtoull(end + 1, NULL, base))
			return false;
		at += strcspn(at, ";\n");
		at += *at == ';';
	}
	return true;
}

static void add_lines(struct buf *to, const char *text, bool without_bandwidth)
{
	for (const char *line = text; *line; line = next_line(line)) {
		const char *at = skip_blanks(line);
		const size_t len = strcspn(at, "\n");

		if (len == 0 || (without_bandwidth && strncmp(at, "MB:", 3) == 0))
			continue;
		buf_add(to, at, len);
		buf_addc(to, '\n');
	}
}

/* In the specification's order; a bandwidth among the caches gives way to the one that is said. */
static void add_shares(struct buf *to, const struct oci_intel_rdt *rdt)
{
	if (rdt->l3_cache_schema)
		add_lines(to, rdt->l3_cache_schema, rdt->mem_bw_schema);
	if (rdt->mem_bw_schema)
		add_lines(to, rdt->mem_bw_schema, false);
	strv_for_each (at, &rdt->schemata)
		add_lines(to, *at, false);
}

static int check_shares(int class_fd, const char *wanted, struct err *e)
{
	AUTO_FREE char *schemata = NULL;
	int r = file_read(class_fd, "schemata", FILE_MAX, &schemata, NULL);

	if (r < 0)
		return err_set(e, r, "linux.intelRdt: cannot read the class's schemata");
	for (const char *line = wanted; *line; line = next_line(line)) {
		if (!has_line(schemata, line))
			return err_refuse(e, -EINVAL,
			    "config.json: linux.intelRdt: the class is there, and has not '%.*s'",
			    (int)strcspn(line, "\n"), line);
	}
	return 0;
}

/* A kernel's file: what is not there is not made. */
static int write_file(int dir_fd, const char *name, const char *text)
{
	AUTO_FD int fd = file_open_beneath(dir_fd, name, O_WRONLY, 0);

	return fd < 0 ? fd : file_write_fd(fd, text, strlen(text));
}

static int put_shares(int class_fd, const char *shares, struct err *e)
{
	/* Line by line: the kernel refuses the whole write for one, and then it is known which. */
	for (const char *line = shares; *line; line = next_line(line)) {
		AUTO_FREE char *one = strndup(line, (size_t)(next_line(line) - line));
		int r = one ? write_file(class_fd, "schemata", one) : -ENOMEM;

		if (r < 0)
			return err_set(e, r, "linux.intelRdt: cannot write '%.*s'",
			    (int)strcspn(line, "\n"), line);
	}
	return 0;
}

/* ---- joining ---- */

static int join(int dir_fd, pid_t pid, const char *what, struct err *e)
{
	char text[16];
	int r;

	snprintf(text, sizeof(text), "%d", pid);
	r = write_file(dir_fd, "tasks", text);
	return r < 0 ? err_set(e, r, "linux.intelRdt: cannot join %s", what) : 0;
}

static int open_dir(const char *path, struct err *e)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_set(e, -errno, "linux.intelRdt: cannot open '%s'", path) : fd;
}

/* Returns the class, with the shares that are wanted. */
static int open_class(
    const struct oci_intel_rdt *rdt, const char *path, const char *shares, struct err *e)
{
	AUTO_FD int fd = -1;
	bool made;
	int r = 0;

	made = (!rdt->clos_id || *shares) && mkdir(path, 0755) >= 0;
	if (!made && access(path, F_OK) < 0)
		return err_refuse(e, -ENOENT,
		    "config.json: linux.intelRdt.closID: there is no class '%s', and no shares for "
		    "a "
		    "new one",
		    path);
	fd = open_dir(path, e);
	if (fd < 0)
		return fd;
	if (*shares)
		r = made ? put_shares(fd, shares, e) : check_shares(fd, shares, e);
	return r < 0 ? r : TAKE_FD(fd);
}

static int monitor(const char *class, const char *id, pid_t pid, struct err *e)
{
	char path[PATH_MAX];
	AUTO_FD int fd = -1;

	monitor_path(class, id, path);
	if (mkdir(path, 0755) < 0)
		return err_set(e, -errno, "linux.intelRdt: cannot make the group '%s'", path);
	fd = open_dir(path, e);
	return fd < 0 ? fd : join(fd, pid, "the group that counts", e);
}

int rdt_join(
    const struct oci_intel_rdt *rdt, const char *root, const char *id, pid_t pid, struct err *e)
{
	AUTO_BUF struct buf shares = { 0 };
	char class[PATH_MAX];
	AUTO_FD int fd = -1;
	int r;

	r = class_path(rdt, root, id, class, e);
	if (r < 0)
		return r;
	add_shares(&shares, rdt);
	r = buf_error(&shares);
	if (r < 0)
		return err_set(e, r, "linux.intelRdt");
	fd = open_class(rdt, class, buf_text(&shares), e);
	if (fd < 0)
		return fd;
	r = join(fd, pid, "the class", e);
	return r < 0 || !rdt->enable_monitoring ? r : monitor(class, id, pid, e);
}

int rdt_remove(const struct strv *paths, struct err *e)
{
	strv_for_each (at, paths) {
		if (rmdir(*at) < 0 && errno != ENOENT)
			return err_set(e, -errno, "linux.intelRdt: cannot remove '%s'", *at);
	}
	return 0;
}
