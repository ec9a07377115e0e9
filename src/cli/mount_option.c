/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -v, --mount and --tmpfs, as Docker writes them
 */
#include "cli/mount_option.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <dolium/dolium.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/num.h"
#include "base/strv.h"
#include "cli/option.h"
#include "cli/suggest.h"

static const char *const propagations[] = { "private", "rprivate", "shared", "rshared", "slave",
	"rslave" };

static bool is_propagation(const char *word)
{
	for (size_t i = 0; i < sizeof(propagations) / sizeof(*propagations); i++)
		if (strcmp(propagations[i], word) == 0)
			return true;
	return false;
}

/* Keeps `len` bytes of text for as long as the options live. NULL: no memory. */
static const char *keep(struct strv *texts, const char *text, size_t len, struct err *e)
{
	if (strv_consume(texts, strndup(text, len)) < 0) {
		err_refuse(e, -ENOMEM, "no memory is left");
		return NULL;
	}
	return texts->items[texts->n - 1];
}

static int set_target(struct dolium_mount *m, const char *target, struct err *e)
{
	if (!*target)
		return err_refuse(e, -EINVAL, "it has no target");
	if (target[0] != '/')
		return err_refuse(e, -EINVAL, "the target '%s' is not an absolute path", target);
	if (strcmp(target + strspn(target, "/"), "") == 0)
		return err_refuse(e, -EINVAL, "the target cannot be '/'");
	m->target = target;
	return 0;
}

/* [a-zA-Z0-9][a-zA-Z0-9_.-]+ */
static int check_volume_name(const char *name, struct err *e)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";

	if (!isalnum((unsigned char)name[0]) || !name[1] || name[strspn(name, letters)]) {
		err_refuse(e, -EINVAL,
		    "'%s' is neither a path nor the name of a volume (two or more of a-z A-Z 0-9 _ "
		    ". -)",
		    name);
		err_hint(
		    e, "a directory of the host is named by an absolute path or by './%s'", name);
		return -EINVAL;
	}
	return 0;
}

/* A path that begins with a dot is one of the caller's directory. */
static int set_path(struct strv *texts, struct dolium_mount *m, const char *path, struct err *e)
{
	AUTO_BUF struct buf b = { 0 };
	char here[PATH_MAX];

	m->source = path;
	if (path[0] == '/')
		return 0;
	if (!getcwd(here, sizeof(here)))
		return err_set(e, -errno, "the current directory has no path");
	while (strncmp(path, "./", 2) == 0)
		path += 2 + strspn(path + 2, "/");
	buf_adds(&b, here);
	if (strcmp(path, ".") != 0 && *path)
		buf_addf(&b, "/%s", path);
	m->source = keep(texts, buf_text(&b), b.len, e);
	return m->source ? 0 : -ENOMEM;
}

static int set_source(struct strv *texts, struct dolium_mount *m, const char *source, struct err *e)
{
	if (source[0] == '/' || source[0] == '.') {
		m->type = DOLIUM_MOUNT_BIND;
		m->create_source = true;
		return set_path(texts, m, source, e);
	}
	m->type = DOLIUM_MOUNT_VOLUME;
	m->source = source;
	return check_volume_name(source, e);
}

static int apply_volume_mode(struct dolium_mount *m, const char *word, struct err *e)
{
	if (strcmp(word, "ro") == 0) {
		m->read_only = true;
		return 0;
	}
	/* Labels of SELinux and hints to Docker's desktop: nothing to do here. */
	if (strcmp(word, "rw") == 0 || strcmp(word, "z") == 0 || strcmp(word, "Z") == 0 ||
	    strcmp(word, "cached") == 0 || strcmp(word, "delegated") == 0 ||
	    strcmp(word, "consistent") == 0)
		return 0;
	if (strcmp(word, "nocopy") == 0) {
		m->no_copy = true;
		return 0;
	}
	if (is_propagation(word)) {
		if (m->type != DOLIUM_MOUNT_BIND)
			return err_refuse(e, -EINVAL, "'%s' is for paths of the host only", word);
		m->propagation = word;
		return 0;
	}
	return err_refuse(e, -EINVAL, "no such mode: '%s'", word);
}

/* A list with commas, a word at a time. Returns NULL at the end; the word is kept. */
static const char *next_word(
    const char **at, const char *separators, struct strv *texts, struct err *e)
{
	const size_t len = strcspn(*at, separators);
	const char *word = keep(texts, *at, len, e);

	*at += len + ((*at)[len] != '\0');
	return word;
}

int mount_parse_volume(const char *value, struct strv *texts, struct dolium_mount *m, struct err *e)
{
	const char *parts[3] = { NULL }, *at = value;
	size_t n = 0;
	int r = 0;

	*m = (struct dolium_mount){ .type = DOLIUM_MOUNT_VOLUME };
	do {
		if (n == 3)
			return err_refuse(e, -EINVAL, "more than SOURCE:TARGET:MODE");
		parts[n] = next_word(&at, ":", texts, e);
		if (!parts[n])
			return -ENOMEM;
		if (!*parts[n])
			return err_refuse(e, -EINVAL, "an empty part between colons");
		n++;
	} while (*at || at[-1] == ':');

	if (n == 1)
		return set_target(m, parts[0], e);
	r = set_source(texts, m, parts[0], e);
	if (r >= 0)
		r = set_target(m, parts[1], e);
	for (at = parts[2]; r >= 0 && at && *at;) {
		const char *word = next_word(&at, ",", texts, e);

		r = word ? apply_volume_mode(m, word, e) : -ENOMEM;
	}
	return r;
}

/* ----------------------------------------------------------------- --mount */

/* What a --mount was told, before it is known what fits together. */
struct mount_words {
	const char *type;
	bool tmpfs_only, bind_only, volume_only; /* a key of that type was there */
};

struct mount_key {
	const char *name;
	bool flag; /* "readonly" alone means "readonly=true" */
	int (*set)(struct dolium_mount *m, struct mount_words *w, const char *value, struct err *e);
};

static int parse_flag(const char *value, bool *to, struct err *e)
{
	if (option_parse_bool(value, to) < 0)
		return err_refuse(e, -EINVAL, "'%s' is neither true nor false", value);
	return 0;
}

static int key_type(struct dolium_mount *m, struct mount_words *w, const char *value, struct err *e)
{
	static const char *const types[] = {
		[DOLIUM_MOUNT_BIND] = "bind",
		[DOLIUM_MOUNT_VOLUME] = "volume",
		[DOLIUM_MOUNT_TMPFS] = "tmpfs",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcasecmp(types[i], value) == 0) {
			m->type = (enum dolium_mount_type)i;
			w->type = types[i];
			return 0;
		}
	return err_refuse(e, -EINVAL, "no such type: '%s'; there is bind, volume and tmpfs", value);
}

static int key_source(
    struct dolium_mount *m, struct mount_words *w, const char *value, struct err *e)
{
	(void)w;
	(void)e;
	m->source = *value ? value : NULL;
	return 0;
}

static int key_target(
    struct dolium_mount *m, struct mount_words *w, const char *value, struct err *e)
{
	(void)w;
	return set_target(m, value, e);
}

static int key_read_only(
    struct dolium_mount *m, struct mount_words *w, const char *value, struct err *e)
{
	(void)w;
	return parse_flag(value, &m->read_only, e);
}

static int key_propagation(
    struct dolium_mount *m, struct mount_words *w, const char *value, struct err *e)
{
	if (!is_propagation(value))
		return err_refuse(e, -EINVAL, "no such propagation: '%s'", value);
	w->bind_only = true;
	m->propagation = value;
	return 0;
}

static int key_non_recursive(
    struct dolium_mount *m, struct mount_words *w, const char *value, struct err *e)
{
	w->bind_only = true;
	return parse_flag(value, &m->non_recursive, e);
}

static int key_recursive(
    struct dolium_mount *m, struct mount_words *w, const char *value, struct err *e)
{
	w->bind_only = true;
	if (strcmp(value, "enabled") != 0 && strcmp(value, "disabled") != 0)
		return err_refuse(
		    e, -EINVAL, "bind-recursive is enabled or disabled, not '%s'", value);
	m->non_recursive = value[0] == 'd';
	return 0;
}

static int key_create_source(
    struct dolium_mount *m, struct mount_words *w, const char *value, struct err *e)
{
	w->bind_only = true;
	return parse_flag(value, &m->create_source, e);
}

static int key_no_copy(
    struct dolium_mount *m, struct mount_words *w, const char *value, struct err *e)
{
	w->volume_only = true;
	return parse_flag(value, &m->no_copy, e);
}

static int key_tmpfs_size(
    struct dolium_mount *m, struct mount_words *w, const char *value, struct err *e)
{
	w->tmpfs_only = true;
	if (num_parse_size(value, &m->tmpfs_size) < 0)
		return err_refuse(e, -EINVAL, "'%s' is not a size", value);
	return 0;
}

static int key_tmpfs_mode(
    struct dolium_mount *m, struct mount_words *w, const char *value, struct err *e)
{
	w->tmpfs_only = true;
	if (num_parse_mode(value, &m->tmpfs_mode) < 0)
		return err_refuse(e, -EINVAL, "'%s' is not an octal mode", value);
	return 0;
}

static int key_ignored(
    struct dolium_mount *m, struct mount_words *w, const char *value, struct err *e)
{
	(void)m;
	(void)w;
	(void)value;
	(void)e;
	return 0;
}

static const struct mount_key mount_keys[] = {
	{ "type", false, key_type },
	{ "source", false, key_source },
	{ "src", false, key_source },
	{ "target", false, key_target },
	{ "dst", false, key_target },
	{ "destination", false, key_target },
	{ "readonly", true, key_read_only },
	{ "ro", true, key_read_only },
	{ "bind-propagation", false, key_propagation },
	{ "bind-nonrecursive", true, key_non_recursive },
	{ "bind-recursive", false, key_recursive },
	{ "bind-create-src", true, key_create_source },
	{ "volume-nocopy", true, key_no_copy },
	{ "tmpfs-size", false, key_tmpfs_size },
	{ "tmpfs-mode", false, key_tmpfs_mode },
	{ "consistency", false, key_ignored },
};

#define N_KEYS (sizeof(mount_keys) / sizeof(*mount_keys))

static int refuse_key(const char *key, struct err *e)
{
	struct suggestion s = { 0 };

	for (size_t i = 0; i < N_KEYS; i++)
		suggest_offer(&s, key, mount_keys[i].name);
	err_refuse(e, -EINVAL, "no such key: '%s'", key);
	if (s.word)
		err_hint(e, "did you mean '%s'?", s.word);
	return -EINVAL;
}

static int apply_field(struct dolium_mount *m, struct mount_words *w, char *field, struct err *e)
{
	char *equals = strchr(field, '=');

	if (equals)
		*equals = '\0';
	for (size_t i = 0; i < N_KEYS; i++) {
		const struct mount_key *key = &mount_keys[i];

		if (strcasecmp(key->name, field) != 0)
			continue;
		if (!equals && !key->flag)
			return err_refuse(e, -EINVAL, "'%s' needs a value", field);
		return key->set(m, w, equals ? equals + 1 : "true", e);
	}
	return refuse_key(field, e);
}

/*
 * One field of CSV, without its quotes: a path with a comma is written
 * "source=/a,b". *at is behind the comma afterwards, or at the end.
 */
static char *next_field(const char **at, struct strv *texts, struct err *e)
{
	AUTO_BUF struct buf b = { 0 };
	const bool quoted = **at == '"';
	const char *c = *at + quoted;
	bool closed = !quoted;
	char *field;

	for (; *c && (quoted || *c != ','); c++) {
		/* Two quotation marks are one that belongs to the text. */
		if (quoted && *c == '"' && *++c != '"') {
			closed = true;
			break;
		}
		buf_addc(&b, *c);
	}
	if (!closed || (*c && *c != ',')) {
		err_refuse(e, -EINVAL, "a quotation mark is missing");
		return NULL;
	}
	*at = c + (*c == ',');
	if (buf_take(&b, &field) < 0 || strv_consume(texts, field) < 0) {
		err_refuse(e, -ENOMEM, "no memory is left");
		return NULL;
	}
	return field;
}

static int check_mount(
    struct strv *texts, struct dolium_mount *m, const struct mount_words *w, struct err *e)
{
	const char *type = w->type ? w->type : "volume";

	if (!m->target)
		return err_refuse(e, -EINVAL, "it has no target");
	if ((w->bind_only && m->type != DOLIUM_MOUNT_BIND) ||
	    (w->volume_only && m->type != DOLIUM_MOUNT_VOLUME) ||
	    (w->tmpfs_only && m->type != DOLIUM_MOUNT_TMPFS))
		return err_refuse(e, -EINVAL, "a key that a mount of type %s does not have", type);
	switch (m->type) {
	case DOLIUM_MOUNT_BIND:
		if (!m->source)
			return err_refuse(e, -EINVAL, "a mount of type bind needs a source");
		if (m->source[0] != '/' && m->source[0] != '.')
			return err_refuse(
			    e, -EINVAL, "the source '%s' is not an absolute path", m->source);
		return set_path(texts, m, m->source, e);
	case DOLIUM_MOUNT_VOLUME:
		return m->source ? check_volume_name(m->source, e) : 0;
	case DOLIUM_MOUNT_TMPFS:
		if (m->source)
			return err_refuse(e, -EINVAL, "a mount of type tmpfs has no source");
		return 0;
	}
	return -EINVAL;
}

int mount_parse_mount(const char *value, struct strv *texts, struct dolium_mount *m, struct err *e)
{
	struct mount_words words = { 0 };
	const char *at = value;

	*m = (struct dolium_mount){ .type = DOLIUM_MOUNT_VOLUME };
	if (!*value)
		return err_refuse(e, -EINVAL, "it is empty");
	while (*at) {
		char *field = next_field(&at, texts, e);
		int r = field ? apply_field(m, &words, field, e) : -EINVAL;

		if (r < 0)
			return r;
	}
	return check_mount(texts, m, &words, e);
}

/* ----------------------------------------------------------------- --tmpfs */

static int apply_tmpfs_word(
    struct dolium_mount *m, const char *word, struct buf *rest, struct err *e)
{
	if (strcmp(word, "ro") == 0) {
		m->read_only = true;
		return 0;
	}
	if (strcmp(word, "rw") == 0)
		return 0;
	/* "size=50%" is the kernel's own, and goes on as it is. */
	if (strncmp(word, "size=", 5) == 0 && !strchr(word, '%')) {
		if (num_parse_size(word + 5, &m->tmpfs_size) < 0)
			return err_refuse(e, -EINVAL, "'%s' is not a size", word + 5);
		return 0;
	}
	if (strncmp(word, "mode=", 5) == 0) {
		if (num_parse_mode(word + 5, &m->tmpfs_mode) < 0)
			return err_refuse(e, -EINVAL, "'%s' is not an octal mode", word + 5);
		return 0;
	}
	buf_addf(rest, "%s%s", rest->len ? "," : "", word);
	return 0;
}

int mount_parse_tmpfs(const char *value, struct strv *texts, struct dolium_mount *m, struct err *e)
{
	AUTO_BUF struct buf rest = { 0 };
	const char *at = value, *target = next_word(&at, ":", texts, e);
	int r;

	*m = (struct dolium_mount){ .type = DOLIUM_MOUNT_TMPFS };
	if (!target)
		return -ENOMEM;
	r = set_target(m, target, e);
	while (r >= 0 && *at) {
		const char *word = next_word(&at, ",", texts, e);

		r = word ? apply_tmpfs_word(m, word, &rest, e) : -ENOMEM;
	}
	if (r < 0 || rest.len == 0)
		return r;
	m->tmpfs_options = keep(texts, buf_text(&rest), rest.len, e);
	return m->tmpfs_options ? 0 : -ENOMEM;
}
