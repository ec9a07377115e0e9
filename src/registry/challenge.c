/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WWW-Authenticate (RFC 9110, 11.6.1)
 *
 * A scheme is a word that no '=' follows; what has one is a parameter of the scheme
 * before it. A token68 ("Negotiate abc==") is a word behind a scheme: skipped.
 */
#include "registry/challenge.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

static bool is_token(char c)
{
	return c != '\0' && (isalnum((unsigned char)c) || strchr("!#$%&'*+-.^_`|~", c));
}

static const char *skip(const char *at, const char *set)
{
	return at + strspn(at, set);
}

/* A quoted text or a bare one, appended without its quotes. NULL: it never ends. */
static const char *read_value(const char *at, struct buf *to)
{
	if (*at != '"') {
		while (*at != '\0' && !strchr(", \t", *at))
			buf_addc(to, *at++);
		return at;
	}
	for (at++; *at != '"'; at++) {
		if (*at == '\\')
			at++;
		if (*at == '\0')
			return NULL;
		buf_addc(to, *at);
	}
	return at + 1;
}

static int keep(struct challenge *c, const char *name, size_t len, struct buf *value)
{
	const struct {
		const char *name;
		char **to;
	} known[] = {
		{ "realm", &c->realm },
		{ "service", &c->service },
		{ "scope", &c->scope },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (len != strlen(known[i].name) || strncasecmp(name, known[i].name, len) != 0)
			continue;
		if (*known[i].to) /* twice: the first one counts */
			return 0;
		buf_adds(value, "");
		return buf_take(value, known[i].to);
	}
	return 0;
}

/* One parameter or token68 behind a scheme. Returns where it ends, or NULL. */
static const char *read_parameter(
    const char *at, const char *word, size_t len, struct challenge *to, bool wanted, int *error)
{
	AUTO_BUF struct buf value = { .max = 8192 };

	at = skip(at, " \t");
	if (*at != '=')
		return at;
	at = read_value(skip(at + 1, " \t"), &value);
	if (!at)
		*error = -EBADMSG;
	else if (buf_error(&value) < 0)
		*error = buf_error(&value) == -EFBIG ? -EBADMSG : -ENOMEM;
	else if (wanted)
		*error = keep(to, word, len, &value);
	return *error < 0 ? NULL : at;
}

int challenge_parse(const char *text, struct challenge *ret_challenge)
{
	struct challenge c = { 0 };
	bool in_bearer = false;
	const char *at = text;
	int error = 0;

	for (;;) {
		const char *word, *behind;
		size_t len = 0;

		at = skip(at, " \t,");
		if (*at == '\0')
			break;
		word = at;
		while (is_token(at[len]))
			len++;
		if (len == 0) {
			error = -EBADMSG;
			break;
		}

		behind = skip(at + len, " \t");
		if (*behind == '=') {
			at = read_parameter(at + len, word, len, &c, in_bearer, &error);
			if (!at)
				break;
			continue;
		}
		in_bearer = len == 6 && strncasecmp(word, "Bearer", len) == 0 && !c.bearer;
		c.bearer |= in_bearer;
		c.basic |= len == 5 && strncasecmp(word, "Basic", len) == 0;
		at += len;
		/* What follows a scheme and is neither blank nor comma is a token68's rest. */
		if (*at != '\0' && !strchr(" \t,", *at))
			at += strcspn(at, " \t,");
	}

	if (error < 0) {
		challenge_done(&c);
		return error;
	}
	*ret_challenge = c;
	return 0;
}

void challenge_done(struct challenge *c)
{
	free(c->realm);
	free(c->service);
	free(c->scope);
	*c = (struct challenge){ 0 };
}
