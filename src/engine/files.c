/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostname, hosts, resolv.conf: what a container finds in /etc
 *
 * On the host's network names mean what they mean to the host, so its files are
 * the beginning; else there is only this container to know.
 */
#include "engine/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "engine/spec.h"
#include "os/file.h"

#define FILE_MAX ((size_t)1 << 20)

/* Made anew at each start and before anybody reads it: no need to replace. 0644 whatever the umask.
 */
static int write_file(int dir_fd, const char *name, const struct buf *text)
{
	AUTO_FD int fd = -1;
	int r = buf_error(text);

	if (r < 0)
		return r;
	fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0 || fchmod(fd, 0644) < 0)
		return -errno;
	return file_write_fd(fd, text->data, text->len);
}

static void add_file_of_host(struct buf *text, const char *path)
{
	AUTO_FREE char *data = NULL;
	size_t len;

	if (file_read_path(path, FILE_MAX, &data, &len) < 0)
		return;
	buf_add(text, data, len);
	if (len > 0 && data[len - 1] != '\n')
		buf_addc(text, '\n');
}

static int make_hostname(const struct record *record, int dir_fd)
{
	AUTO_BUF struct buf text = { 0 };

	buf_addf(&text, "%s\n", record->hostname);
	return write_file(dir_fd, "hostname", &text);
}

/* "name:1.2.3.4" or "name=1.2.3.4"; the address may be of IPv6. */
static void add_host(struct buf *text, const char *entry)
{
	const size_t len = strcspn(entry, ":=");
	const char *address = entry + len + 1;

	/* The host itself can be reached over its own network alone, where it is the loopback. */
	if (strcmp(address, "host-gateway") == 0)
		address = "127.0.0.1";
	buf_addf(text, "%s\t%.*s\n", address, (int)len, entry);
}

static int make_hosts(const struct record *record, int dir_fd)
{
	AUTO_BUF struct buf text = { 0 };

	if (spec_is_host(record->network)) {
		add_file_of_host(&text, "/etc/hosts");
	} else {
		buf_adds(&text,
		    "127.0.0.1\tlocalhost\n"
		    "::1\tlocalhost ip6-localhost ip6-loopback\n"
		    "fe00::0\tip6-localnet\n"
		    "ff00::0\tip6-mcastprefix\n"
		    "ff02::1\tip6-allnodes\n"
		    "ff02::2\tip6-allrouters\n");
		if (record->domainname)
			buf_addf(&text, "127.0.1.1\t%s.%s %s\n", record->hostname,
			    record->domainname, record->hostname);
		else
			buf_addf(&text, "127.0.1.1\t%s\n", record->hostname);
	}
	strv_for_each (entry, &record->add_host)
		add_host(&text, *entry);
	return write_file(dir_fd, "hosts", &text);
}

static void add_list(struct buf *text, const char *word, const struct strv *values)
{
	if (values->n == 0)
		return;
	buf_adds(text, word);
	strv_for_each (value, values)
		buf_addf(text, " %s", *value);
	buf_addc(text, '\n');
}

static int make_resolv_conf(const struct record *record, int dir_fd)
{
	AUTO_BUF struct buf text = { 0 };

	if (spec_is_host(record->network) && record->dns.n == 0)
		add_file_of_host(&text, "/etc/resolv.conf");
	strv_for_each (server, &record->dns)
		buf_addf(&text, "nameserver %s\n", *server);
	add_list(&text, "search", &record->dns_search);
	add_list(&text, "options", &record->dns_option);
	return write_file(dir_fd, "resolv.conf", &text);
}

int files_make(const struct record *record, int dir_fd, struct err *e)
{
	int r = 0;

	if (spec_makes_file(record, "hostname"))
		r = make_hostname(record, dir_fd);
	if (r == 0 && spec_makes_file(record, "hosts"))
		r = make_hosts(record, dir_fd);
	if (r == 0 && spec_makes_file(record, "resolv.conf"))
		r = make_resolv_conf(record, dir_fd);
	return r < 0 ? err_set(e, r, "cannot make the files of container %.12s", record->id) : 0;
}
