/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of registries: registries.conf
 */
#include "registry/registries_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/err.h"
#include "base/num.h"
#include "os/file.h"

#define FILE_MAX ((size_t)1 << 20)
#define BLANKS   " \t\r"

void registries_conf_done(struct registries_conf *c)
{
	for (size_t i = 0; i < c->n_mirrors; i++) {
		free(c->mirrors[i].host);
		free(c->mirrors[i].url);
	}
	free(c->mirrors);
	strv_done(&c->insecure);
	*c = (struct registries_conf){ 0 };
}

/* Cuts the blanks off both ends, in place. */
static char *trim(char *text)
{
	size_t len;

	text += strspn(text, BLANKS);
	for (len = strlen(text); len > 0 && strchr(BLANKS, text[len - 1]); len--)
		text[len - 1] = '\0';
	return text;
}

int registries_conf_add_mirror(struct registries_conf *c, const char *pair, struct err *e)
{
	AUTO_FREE char *copy = strdup(pair);
	struct registry_mirror *more;
	char *host, *url, *equals;

	if (!copy)
		return err_set(e, -ENOMEM, "cannot note a mirror");
	equals = strchr(copy, '=');
	if (equals)
		*equals = '\0';
	host = trim(copy);
	url = equals ? trim(equals + 1) : NULL;
	if (!url || !*url || !*host)
		return err_refuse(e, -EBADMSG, "no mirror: '%s' (HOST=URL)", pair);

	more = realloc(c->mirrors, (c->n_mirrors + 1) * sizeof(*more));
	if (!more)
		return err_set(e, -ENOMEM, "cannot note a mirror");
	c->mirrors = more;
	more[c->n_mirrors] = (struct registry_mirror){ strdup(host), strdup(url) };
	c->n_mirrors++;
	if (!more[c->n_mirrors - 1].host || !more[c->n_mirrors - 1].url)
		return err_set(e, -ENOMEM, "cannot note a mirror");
	return 0;
}

/* The user's file is read first: what is set already stays. */
static int set_number(uint32_t *to, const char *value)
{
	uint32_t number;

	if (num_parse_u32(value, &number) < 0 || number == 0 || number > 86400)
		return -EBADMSG;
	if (*to == 0)
		*to = number;
	return 0;
}

static int parse_line(char *line, struct registries_conf *c, struct err *e)
{
	char *value = line + strcspn(line, BLANKS);

	if (*value)
		*value++ = '\0';
	value = trim(value);
	if (strcmp(line, "mirror") == 0)
		return registries_conf_add_mirror(c, value, e);
	if (strcmp(line, "insecure") == 0 && *value)
		return strv_add(&c->insecure, value) < 0 ? -ENOMEM : 0;
	if (strcmp(line, "stall-seconds") == 0)
		return set_number(&c->stall_seconds, value);
	if (strcmp(line, "retries") == 0)
		return set_number(&c->retries, value);
	return -EBADMSG;
}

int registries_conf_parse(
    const char *text, const char *what, struct registries_conf *c, struct err *e)
{
	AUTO_FREE char *copy = strdup(text);
	unsigned number = 0;
	char *rest = copy;

	if (!copy)
		return err_set(e, -ENOMEM, "cannot read %s", what);
	while (rest) {
		char *line = strsep(&rest, "\n");
		AUTO_FREE char *shown = NULL;
		int r;

		number++;
		line[strcspn(line, "#")] = '\0';
		line = trim(line);
		if (!*line)
			continue;
		shown = strdup(line);
		r = parse_line(line, c, NULL);
		if (r == -ENOMEM || !shown)
			return err_set(e, -ENOMEM, "cannot read %s", what);
		if (r < 0)
			return err_refuse(
			    e, -EBADMSG, "%s:%u: not a setting: '%.80s'", what, number, shown);
	}
	return 0;
}

static int load_file(const char *path, struct registries_conf *c, struct err *e)
{
	AUTO_FREE char *text = NULL;
	AUTO_FD int fd = -1;
	int r;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	r = fd < 0 ? -errno : file_read_fd(fd, FILE_MAX, &text, NULL);
	if (r < 0)
		return err_set(e, r, "cannot read '%s'", path);
	return registries_conf_parse(text, path, c, e);
}

int registries_conf_load(struct registries_conf *c, struct err *e)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	AUTO_FREE char *path = NULL;
	int r = 0;

	if (config && *config)
		r = asprintf(&path, "%s/dolium/registries.conf", config);
	else if (home && *home)
		r = asprintf(&path, "%s/.config/dolium/registries.conf", home);
	if (r < 0) {
		path = NULL;
		return err_set(e, -ENOMEM, "cannot read registries.conf");
	}
	if (path) {
		r = load_file(path, c, e);
		if (r < 0)
			return r;
	}
	return load_file("/etc/dolium/registries.conf", c, e);
}
