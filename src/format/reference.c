/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image references
 *
 *	reference  = [ host [ ":" port ] "/" ] component *( "/" component ) [ ":" tag ] [ "@" digest
 *] component  = [a-z0-9]+ separated by one '.', one or two '_', or any number of '-' tag        =
 *[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}
 *
 * The parts end up in URLs, paths and file names: what passes here has no '/',
 * no "..", no blank and no control character where there must be none.
 */
#include "format/reference.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "format/digest.h"

#define REFERENCE_NAME_MAX 255
#define REFERENCE_TAG_MAX  128
/* Nobody writes longer ones, and a refusal has to quote it. */
#define REFERENCE_TEXT_MAX 512

#define DEFAULT_DOMAIN "docker.io"
#define DEFAULT_TAG    "latest"
/* Where images without a name of somebody before them are. */
#define DEFAULT_OWNER "library/"

static bool is_lower(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z');
}

/* How many bytes a separator within a component has; 0: there is none. */
static size_t separator_length(const char *at)
{
	if (*at == '.')
		return 1;
	if (*at == '_')
		return at[1] == '_' ? 2 : 1;
	return strspn(at, "-");
}

static bool is_path(const char *at)
{
	for (;;) {
		size_t n;

		if (!is_lower(*at))
			return false;
		while (is_lower(*at))
			at++;
		if (!*at)
			return true;
		if (*at == '/') {
			at++;
			continue;
		}
		n = separator_length(at);
		if (n == 0)
			return false;
		at += n;
	}
}

static bool is_tag(const char *tag)
{
	size_t n = 0;

	if (!is_alnum(*tag) && *tag != '_')
		return false;
	while (is_alnum(tag[n]) || (tag[n] && strchr("_.-", tag[n])))
		n++;
	return !tag[n] && n <= REFERENCE_TAG_MAX;
}

/* Of an image: as a name it could never be told from one. */
static bool is_id(const char *path)
{
	return strlen(path) == DIGEST_HEX_LEN && strspn(path, "0123456789abcdef") == DIGEST_HEX_LEN;
}

static bool is_port(const char *port)
{
	const size_t n = strspn(port, "0123456789");

	return n >= 1 && n <= 5 && !port[n];
}

/* "[::1]" up to the bracket; the address itself is for who connects. Returns what follows. */
static const char *skip_ipv6(const char *at)
{
	const size_t n = strspn(at + 1, "0123456789abcdefABCDEF:.");

	return n >= 2 && at[n + 1] == ']' ? at + n + 2 : NULL;
}

/* Labels of letters, digits and inner '-', with single dots between. Returns what follows. */
static const char *skip_host(const char *at)
{
	if (*at == '[')
		return skip_ipv6(at);
	for (;;) {
		if (!is_alnum(*at))
			return NULL;
		while (is_alnum(*at) || (*at == '-' && (is_alnum(at[1]) || at[1] == '-')))
			at++;
		if (*at != '.')
			return at;
		at++;
	}
}

static bool is_domain(const char *domain)
{
	const char *end = skip_host(domain);

	if (!end)
		return false;
	return !*end || (*end == ':' && is_port(end + 1));
}

/* Is the part before the first '/' a host, and not the first component of a path? */
static bool looks_like_domain(const char *part)
{
	if (strpbrk(part, ".:") || strcmp(part, "localhost") == 0)
		return true;
	/* A host may have capitals, a path cannot. */
	for (; *part; part++)
		if (*part >= 'A' && *part <= 'Z')
			return true;
	return false;
}

/* Names come from archives too: what is quoted must not drive a terminal. */
static int refuse(struct err *e, const char *text, const char *why)
{
	char shown[REFERENCE_TEXT_MAX + 1];

	snprintf(shown, sizeof(shown), "%s", text);
	for (char *c = shown; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c >= 0x7f)
			*c = '?';
	return err_refuse(e, -EINVAL, "not the name of an image: '%s': %s", shown, why);
}

/* Cuts "@digest" off `name`. */
static int cut_digest(char *name, const char *text, struct reference *ref, struct err *e)
{
	char *at = strchr(name, '@');
	struct digest digest;
	int r;

	if (!at)
		return 0;
	*at = '\0';
	r = digest_parse(at + 1, &digest);
	if (r == -EOPNOTSUPP)
		return refuse(e, text, "of the digests only sha256 is spoken");
	if (r < 0)
		return refuse(e, text, "what stands behind the '@' is not a digest");
	ref->digest = strdup(at + 1);
	return ref->digest ? 0 : err_set(e, -ENOMEM, "cannot read '%s'", text);
}

/* Cuts ":tag" off `name`: the last ':' behind the last '/'. */
static int cut_tag(char *name, const char *text, struct reference *ref, struct err *e)
{
	char *slash = strrchr(name, '/');
	char *colon = strrchr(slash ? slash : name, ':');

	if (!colon) {
		if (ref->digest)
			return 0;
		ref->tag = strdup(DEFAULT_TAG);
	} else {
		*colon = '\0';
		if (!is_tag(colon + 1))
			return refuse(e, text, "what stands behind the last ':' is not a tag");
		ref->tag = strdup(colon + 1);
	}
	return ref->tag ? 0 : err_set(e, -ENOMEM, "cannot read '%s'", text);
}

static int split_name(char *name, const char *text, struct reference *ref, struct err *e)
{
	char *slash = strchr(name, '/');
	const char *domain = DEFAULT_DOMAIN, *path = name, *owner = "";

	if (slash) {
		*slash = '\0';
		if (looks_like_domain(name)) {
			domain = name;
			path = slash + 1;
		} else {
			*slash = '/';
		}
	}
	if (!is_domain(domain))
		return refuse(e, text, "the part before the first '/' is not a host");
	if (strcmp(domain, "index.docker.io") == 0)
		domain = DEFAULT_DOMAIN;
	if (!*path)
		return refuse(e, text, "it has no name");
	if (strpbrk(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
		return refuse(e, text, "a name has small letters only");
	if (!is_path(path))
		return refuse(e, text,
		    "a name has small letters and digits, and between them one of . _ - /");
	if (!slash && is_id(path))
		return refuse(e, text, "64 hex digits are an id");
	if (strcmp(domain, DEFAULT_DOMAIN) == 0 && !strchr(path, '/'))
		owner = DEFAULT_OWNER;
	if (strlen(domain) + 1 + strlen(owner) + strlen(path) > REFERENCE_NAME_MAX)
		return refuse(e, text, "it is longer than 255 characters");

	ref->domain = strdup(domain);
	if (asprintf(&ref->path, "%s%s", owner, path) < 0)
		ref->path = NULL;
	return ref->domain && ref->path ? 0 : err_set(e, -ENOMEM, "cannot read '%s'", text);
}

int reference_parse(const char *text, struct reference *ret_ref, struct err *e)
{
	__attribute__((cleanup(reference_done_at))) struct reference ref = { 0 };
	AUTO_FREE char *name = NULL;
	int r;

	if (!*text)
		return err_refuse(e, -EINVAL, "the name of an image is empty");
	if (strnlen(text, REFERENCE_TEXT_MAX + 1) > REFERENCE_TEXT_MAX)
		return refuse(e, "...", "it is longer than 512 characters");
	name = strdup(text);
	if (!name)
		return err_set(e, -ENOMEM, "cannot read '%s'", text);
	r = cut_digest(name, text, &ref, e);
	if (r < 0)
		return r;
	r = cut_tag(name, text, &ref, e);
	if (r < 0)
		return r;
	r = split_name(name, text, &ref, e);
	if (r < 0)
		return r;
	*ret_ref = ref;
	ref = (struct reference){ 0 };
	return 0;
}

void reference_done(struct reference *ref)
{
	free(ref->domain);
	free(ref->path);
	free(ref->tag);
	free(ref->digest);
	*ref = (struct reference){ 0 };
}

static char *join(const char *a, const char *slash, const char *b, const struct reference *ref)
{
	const char *tag = ref ? ref->tag : NULL, *digest = ref ? ref->digest : NULL;
	char *text;

	if (asprintf(&text, "%s%s%s%s%s%s%s", a, slash, b, tag ? ":" : "", tag ? tag : "",
	        digest ? "@" : "", digest ? digest : "") < 0)
		return NULL;
	return text;
}

static bool first_is_domain(const char *path)
{
	char first[REFERENCE_NAME_MAX + 1];
	const char *slash = strchr(path, '/');

	if (!slash)
		return false;
	snprintf(first, sizeof(first), "%.*s", (int)(slash - path), path);
	return looks_like_domain(first);
}

/* As a user of Docker would write it: no docker.io, no library. */
static char *join_familiar(const struct reference *ref, const struct reference *with_tag)
{
	const char *path = ref->path;

	if (strcmp(ref->domain, DEFAULT_DOMAIN) != 0)
		return join(ref->domain, "/", path, with_tag);
	/* "library/a/b" is no official image: cut short, it would be read as "a/b". */
	if (strncmp(path, DEFAULT_OWNER, strlen(DEFAULT_OWNER)) == 0 &&
	    !strchr(path + strlen(DEFAULT_OWNER), '/'))
		path += strlen(DEFAULT_OWNER);
	/* "docker.io/a.b/c" without its host would be read as the host a.b. */
	if (first_is_domain(path))
		return join(ref->domain, "/", path, with_tag);
	return join("", "", path, with_tag);
}

char *reference_full(const struct reference *ref)
{
	return join(ref->domain, "/", ref->path, ref);
}

char *reference_familiar(const struct reference *ref)
{
	return join_familiar(ref, ref);
}

char *reference_name(const struct reference *ref)
{
	return join(ref->domain, "/", ref->path, NULL);
}

char *reference_familiar_name(const struct reference *ref)
{
	return join_familiar(ref, NULL);
}
