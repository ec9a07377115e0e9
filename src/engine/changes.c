/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes to an image's configuration, as lines of a Dockerfile
 */
#include "engine/changes.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/num.h"
#include "format/json.h"
#include "format/oci_image.h"

#define BLANKS " \t"

/* -EINVAL alone stands for "that is not its form"; changes_apply() says it of the whole line. */

/* ["a","b"] into a list. -EINVAL: it does not begin as one. */
static int parse_exec(const char *rest, struct strv *to)
{
	AUTO(json_value_free) struct json_value *v = NULL;

	if (*rest != '[' || json_value_parse(rest, strlen(rest), "list", &v, NULL) < 0 ||
	    json_value_type(v) != JSON_ARRAY)
		return -EINVAL;
	for (size_t i = 0; i < json_value_count(v); i++) {
		const char *word = json_value_string(json_value_at(v, i));

		if (!word)
			return -EINVAL;
		if (strv_add(to, word) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* What is no list is a line for the shell, as docker reads it. */
static int set_command(struct strv *to, const char *rest)
{
	AUTO_STRV struct strv words = { 0 };
	int r;

	r = parse_exec(rest, &words);
	if (r == -EINVAL) {
		strv_done(&words);
		r = strv_add(&words, "/bin/sh");
		if (r >= 0)
			r = strv_add(&words, "-c");
		if (r >= 0)
			r = strv_add(&words, rest);
	}
	if (r < 0)
		return r;
	strv_done(to);
	*to = words;
	words = (struct strv){ 0 };
	return 0;
}

/* The next word: blanks end it, quotes keep them, a backslash keeps what follows. 0: no more. */
static int next_word(const char **at, struct buf *word)
{
	const char *in = *at + strspn(*at, BLANKS);
	char quote = '\0';

	if (*in == '\0')
		return 0;
	for (; *in && (quote || !strchr(BLANKS, *in)); in++) {
		if (quote && *in == quote)
			quote = '\0';
		else if (!quote && (*in == '"' || *in == '\''))
			quote = *in;
		else if (*in == '\\' && quote != '\'' && in[1])
			buf_addc(word, *++in);
		else
			buf_addc(word, *in);
	}
	if (quote)
		return -EINVAL;
	*at = in;
	return buf_error(word) < 0 ? buf_error(word) : 1;
}

typedef int add_pair(struct oci_image_config *config, const char *key, const char *value);

static int add_env(struct oci_image_config *config, const char *key, const char *value)
{
	return strv_env_set(&config->config.env, key, value);
}

static int add_label(struct oci_image_config *config, const char *key, const char *value)
{
	return strmap_set(&config->config.labels, key, value);
}

static int split_and_add(struct oci_image_config *config, const char *word, add_pair *add)
{
	const char *equals = strchr(word, '=');
	AUTO_FREE char *key = NULL;

	if (!equals || equals == word)
		return -EINVAL;
	key = strndup(word, (size_t)(equals - word));
	return key ? add(config, key, equals + 1) : -ENOMEM;
}

/* k=v k2="v 2", or the old form "k all the rest". */
static int set_pairs(struct oci_image_config *config, const char *rest, add_pair *add)
{
	const size_t first = strcspn(rest, BLANKS "=");
	unsigned n = 0;
	int r;

	if (rest[first] != '=') {
		AUTO_FREE char *key = strndup(rest, first);
		const char *value = rest + first + strspn(rest + first, BLANKS);

		if (!key)
			return -ENOMEM;
		return *value && first > 0 ? add(config, key, value) : -EINVAL;
	}
	for (;; n++) {
		AUTO_BUF struct buf word = { .max = 65536 };

		r = next_word(&rest, &word);
		if (r > 0)
			r = split_and_add(config, buf_text(&word), add);
		else
			return r < 0 || n > 0 ? r : -EINVAL;
		if (r < 0)
			return r;
	}
}

/* "80", "53/udp", "8000-8010" */
static int add_port(struct oci_image_config *config, const char *word)
{
	const size_t len = strcspn(word, "/");
	const char *protocol = word[len] ? word + len + 1 : "tcp";
	AUTO_FREE char *ports = strndup(word, len);
	char *dash;
	uint32_t first, last;

	if (!ports)
		return -ENOMEM;
	if (strcasecmp(protocol, "tcp") != 0 && strcasecmp(protocol, "udp") != 0 &&
	    strcasecmp(protocol, "sctp") != 0)
		return -EINVAL;
	dash = strchr(ports, '-');
	if (dash)
		*dash++ = '\0';
	if (num_parse_u32(ports, &first) < 0 || num_parse_u32(dash ? dash : ports, &last) < 0 ||
	    first == 0 || first > last || last > 65535)
		return -EINVAL;

	for (uint32_t port = first; port <= last; port++)
		if (strv_addf(&config->config.exposed_ports, "%u/%s", port, protocol) < 0)
			return -ENOMEM;
	return 0;
}

static int set_ports(struct oci_image_config *config, const char *rest)
{
	int r;

	for (;;) {
		AUTO_BUF struct buf word = { .max = 256 };

		r = next_word(&rest, &word);
		if (r > 0)
			r = add_port(config, buf_text(&word));
		else
			return r;
		if (r < 0)
			return r;
	}
}

static int set_volumes(struct oci_image_config *config, const char *rest)
{
	int r;

	if (*rest == '[')
		return parse_exec(rest, &config->config.volumes);
	for (;;) {
		AUTO_BUF struct buf word = { .max = 65536 };

		r = next_word(&rest, &word);
		if (r <= 0)
			return r;
		r = strv_add(&config->config.volumes, buf_text(&word));
		if (r < 0)
			return r;
	}
}

static int set_text(char **to, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*to);
	*to = copy;
	return 0;
}

/* A relative one goes on from the one before. */
static int set_workdir(struct oci_image_config *config, const char *rest)
{
	const char *before = config->config.working_dir;
	AUTO_BUF struct buf path = { .max = 4096 };
	char *text;
	int r;

	if (*rest != '/')
		buf_addf(&path, "%s/", before && strcmp(before, "/") != 0 ? before : "");
	buf_adds(&path, rest);
	r = buf_take(&path, &text);
	if (r < 0)
		return r;
	free(config->config.working_dir);
	config->config.working_dir = text;
	return 0;
}

static int apply(struct oci_image_config *config, const char *verb, const char *rest)
{
	if (strcasecmp(verb, "CMD") == 0)
		return set_command(&config->config.cmd, rest);
	if (strcasecmp(verb, "ENTRYPOINT") == 0)
		return set_command(&config->config.entrypoint, rest);
	if (strcasecmp(verb, "ENV") == 0)
		return set_pairs(config, rest, add_env);
	if (strcasecmp(verb, "LABEL") == 0)
		return set_pairs(config, rest, add_label);
	if (strcasecmp(verb, "EXPOSE") == 0)
		return set_ports(config, rest);
	if (strcasecmp(verb, "VOLUME") == 0)
		return set_volumes(config, rest);
	if (strcasecmp(verb, "USER") == 0)
		return set_text(&config->config.user, rest);
	if (strcasecmp(verb, "WORKDIR") == 0)
		return set_workdir(config, rest);
	if (strcasecmp(verb, "STOPSIGNAL") == 0)
		return set_text(&config->config.stop_signal, rest);
	return -EOPNOTSUPP;
}

int changes_apply(struct oci_image_config *config, const char *line, struct err *e)
{
	const char *start = line + strspn(line, BLANKS);
	const size_t len = strcspn(start, BLANKS);
	AUTO_FREE char *verb = strndup(start, len), *rest = NULL;
	size_t end;
	int r;

	rest = strdup(start + len + strspn(start + len, BLANKS));
	if (!verb || !rest)
		return err_set(e, -ENOMEM, "cannot apply '%s'", line);
	for (end = strlen(rest); end > 0 && strchr(BLANKS "\r\n", rest[end - 1]); end--)
		rest[end - 1] = '\0';

	r = *rest ? apply(config, verb, rest) : -EINVAL;
	if (r == -EOPNOTSUPP) {
		err_refuse(e, -EINVAL, "no such change: '%s'", verb);
		err_hint(
		    e, "there are CMD ENTRYPOINT ENV EXPOSE LABEL STOPSIGNAL USER VOLUME WORKDIR");
		return -EINVAL;
	}
	if (r == -EINVAL || r == -EFBIG)
		return err_refuse(e, -EINVAL, "not in the form of a Dockerfile: '%s'", line);
	return r < 0 ? err_set(e, r, "cannot apply '%s'", line) : 0;
}
