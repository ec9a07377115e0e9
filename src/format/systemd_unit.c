/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What systemd is told about a container
 */
#include "format/systemd_unit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/num.h"
#include "format/dbus_message.h"
#include "format/number_list.h"

#define UNIT_NAME_MAX 255 /* systemd's */
#define USEC_PER_SEC  UINT64_C(1000000)

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"
/* A backslash is what somebody escaped already. */
#define UNIT_LETTERS LETTERS DIGITS ":_.\\-@"

/* ---- names ---- */

void systemd_scope_done(struct systemd_scope *scope)
{
	free(scope->slice);
	free(scope->unit);
	*scope = (struct systemd_scope){ 0 };
}

static bool ends_in(const char *text, size_t len, const char *end)
{
	return len > strlen(end) && memcmp(text + len - strlen(end), end, strlen(end)) == 0;
}

/* "-.slice" is the root. In all others each '-' stands between two names. */
static bool is_slice(const char *text, size_t len)
{
	const size_t name = len - strlen(".slice");

	if (!ends_in(text, len, ".slice") || len > UNIT_NAME_MAX)
		return false;
	for (size_t i = 0; i < name; i++)
		if (!strchr(UNIT_LETTERS, text[i]))
			return false;
	if (name == 1 && *text == '-')
		return true;
	return text[0] != '-' && text[name - 1] != '-' && !memmem(text, name, "--", 2);
}

/* What a unit's name cannot have is written as systemd-escape(1) does. */
static void add_escaped(struct buf *to, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (strchr(UNIT_LETTERS, text[i]))
			buf_addc(to, text[i]);
		else
			buf_addf(to, "\\x%02x", (unsigned char)text[i]);
	}
}

static int not_a_path(const char *path, struct err *e)
{
	return err_refuse(e, -EINVAL,
	    "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, got "
	    "\"%s\" instead",
	    path);
}

static int name_unit(
    const char *prefix, size_t prefix_len, const char *name, char **ret_unit, struct err *e)
{
	AUTO_BUF struct buf unit = { .max = UNIT_NAME_MAX + 1 };
	int r;

	add_escaped(&unit, prefix, prefix_len);
	if (prefix_len)
		buf_addc(&unit, '-');
	add_escaped(&unit, name, strlen(name));
	buf_adds(&unit, ".scope");
	r = buf_take(&unit, ret_unit);
	if (r == -EFBIG)
		return err_refuse(e, -EINVAL, "the name of the unit '%s' is too long", name);
	return r < 0 ? err_set(e, r, "cannot name the unit of '%s'", name) : 0;
}

int systemd_scope_parse(const char *cgroups_path, const char *id, bool user,
    struct systemd_scope *ret_scope, struct err *e)
{
	const char *path = cgroups_path && *cgroups_path ? cgroups_path : ":dolium:";
	const char *slice = path, *prefix = strchr(path, ':'), *name;
	size_t slice_len, prefix_len;

	*ret_scope = (struct systemd_scope){ 0 };
	name = prefix ? strchr(prefix + 1, ':') : NULL;
	if (!name || strchr(name + 1, ':'))
		return not_a_path(path, e);
	slice_len = (size_t)(prefix++ - slice);
	prefix_len = (size_t)(name++ - prefix);
	if (!slice_len) {
		slice = user ? "user.slice" : "system.slice";
		slice_len = strlen(slice);
	}
	if (!*name)
		name = id;
	if (!is_slice(slice, slice_len))
		return err_refuse(
		    e, -EINVAL, "not a slice of systemd's: '%.*s'", (int)slice_len, slice);
	if (ends_in(name, strlen(name), ".slice"))
		return err_refuse(
		    e, -EINVAL, "a container is put into a scope, and '%s' is a slice", name);
	ret_scope->slice = strndup(slice, slice_len);
	if (!ret_scope->slice)
		return err_set(e, -ENOMEM, "cannot name the unit of '%s'", name);
	return name_unit(prefix, prefix_len, name, &ret_scope->unit, e);
}

/* ---- properties ---- */

static void open_property(struct buf *to, const char *name, const char *type)
{
	dbus_align(to, 8);
	dbus_put_text(to, name);
	dbus_put_signature(to, type);
}

void systemd_put_u64(struct buf *to, const char *name, uint64_t value)
{
	open_property(to, name, "t");
	dbus_put_u64(to, value);
}

void systemd_put_bool(struct buf *to, const char *name, bool value)
{
	open_property(to, name, "b");
	dbus_put_bool(to, value);
}

void systemd_put_text(struct buf *to, const char *name, const char *value)
{
	open_property(to, name, "s");
	dbus_put_text(to, value);
}

void systemd_put_pid(struct buf *to, const char *name, uint32_t pid)
{
	size_t array;

	open_property(to, name, "au");
	array = dbus_open_array(to, sizeof(pid));
	dbus_put_u32(to, pid);
	dbus_close_array(to, array, sizeof(pid));
}

int systemd_put_numbers(struct buf *to, const char *name, const char *list)
{
	uint64_t bits[NUMBER_LIST_WORDS] = { 0 };
	size_t n = NUMBER_LIST_MAX / 8, array;

	if (number_list_parse(list, bits) < 0)
		return -EINVAL;
	while (n > 1 && !(bits[(n - 1) / 8] >> ((n - 1) % 8 * 8) & 0xff))
		n--;
	open_property(to, name, "ay");
	array = dbus_open_array(to, 1);
	for (size_t i = 0; i < n; i++)
		dbus_put_byte(to, (uint8_t)(bits[i / 8] >> (i % 8 * 8)));
	dbus_close_array(to, array, 1);
	return 0;
}

/* ---- those of annotations ---- */

struct variant {
	const char *at;
	char type; /* as in a signature; 0: not known yet */
};

static const struct {
	const char *word;
	char type;
} type_words[] = {
	{ "boolean", 'b' },
	{ "byte", 'y' },
	{ "int16", 'n' },
	{ "uint16", 'q' },
	{ "int32", 'i' },
	{ "uint32", 'u' },
	{ "int64", 'x' },
	{ "uint64", 't' },
	{ "double", 'd' },
	{ "string", 's' },
	{ "objectpath", 'o' },
	{ "signature", 'g' },
};

static void skip_blanks(struct variant *v)
{
	v->at += strspn(v->at, " \t");
}

/* "uint64 5" */
static void read_type_word(struct variant *v)
{
	const size_t len = strspn(v->at, LETTERS DIGITS);

	for (size_t i = 0; i < sizeof(type_words) / sizeof(*type_words); i++) {
		if (strlen(type_words[i].word) != len ||
		    memcmp(v->at, type_words[i].word, len) != 0 || v->at[len] != ' ')
			continue;
		v->type = type_words[i].type;
		v->at += len;
		skip_blanks(v);
		return;
	}
}

static int read_quoted(struct variant *v, struct buf *to)
{
	const char quote = *v->at++;

	for (; *v->at && *v->at != quote; v->at++) {
		if (*v->at == '\\' && !*++v->at)
			return -EINVAL;
		buf_addc(to, *v->at);
	}
	if (*v->at != quote)
		return -EINVAL;
	v->at++;
	return buf_error(to);
}

static int put_quoted(struct variant *v, struct buf *to)
{
	AUTO_BUF struct buf text = { .max = 4096 };
	int r = read_quoted(v, &text);

	if (r < 0)
		return r;
	if (v->type == 'g') {
		if (text.len > UINT8_MAX)
			return -EINVAL;
		dbus_put_signature(to, buf_text(&text));
	} else {
		dbus_put_text(to, buf_text(&text));
	}
	return 0;
}

static bool fits(char type, int64_t value)
{
	switch (type) {
	case 'y':
		return value >= 0 && value <= UINT8_MAX;
	case 'n':
		return value >= INT16_MIN && value <= INT16_MAX;
	case 'q':
		return value >= 0 && value <= UINT16_MAX;
	case 'i':
		return value >= INT32_MIN && value <= INT32_MAX;
	case 'u':
		return value >= 0 && value <= UINT32_MAX;
	default:
		return true;
	}
}

static void put_u16(struct buf *to, uint16_t value)
{
	dbus_align(to, sizeof(value));
	buf_add(to, &value, sizeof(value));
}

static int put_whole(char type, const char *word, struct buf *to)
{
	uint64_t large = 0;
	int64_t value = 0;

	if (type == 't') {
		if (num_parse_u64(word, &large) < 0)
			return -EINVAL;
		dbus_put_u64(to, large);
		return 0;
	}
	if (num_parse_i64(word, &value) < 0 || !fits(type, value))
		return -EINVAL;
	if (type == 'y')
		dbus_put_byte(to, (uint8_t)value);
	else if (type == 'n' || type == 'q')
		put_u16(to, (uint16_t)value);
	else if (type == 'x')
		dbus_put_u64(to, (uint64_t)value);
	else
		dbus_put_u32(to, (uint32_t)value);
	return 0;
}

static int put_word(struct variant *v, struct buf *to)
{
	const size_t len = strspn(v->at, LETTERS DIGITS "+-.");
	char word[64], *end;
	uint64_t bits;
	double number;

	if (!len || len >= sizeof(word))
		return -EINVAL;
	memcpy(word, v->at, len);
	word[len] = '\0';
	v->at += len;
	if (v->type == 'b') {
		dbus_put_bool(to, *word == 't');
		return strcmp(word, "true") == 0 || strcmp(word, "false") == 0 ? 0 : -EINVAL;
	}
	if (v->type != 'd')
		return put_whole(v->type, word, to);
	number = strtod(word, &end);
	if (*end)
		return -EINVAL;
	memcpy(&bits, &number, sizeof(bits));
	dbus_put_u64(to, bits);
	return 0;
}

/* What a value without a type in front of it is. */
static char type_of(const char *at)
{
	const size_t word = strspn(at, LETTERS DIGITS "+-.");

	if (*at == '\'' || *at == '"')
		return 's';
	if (strncmp(at, "true", 4) == 0 || strncmp(at, "false", 5) == 0)
		return 'b';
	return memchr(at, '.', word) ? 'd' : 'i';
}

static bool is_text(char type)
{
	return type == 's' || type == 'o' || type == 'g';
}

static int put_basic(struct variant *v, struct buf *to)
{
	const bool quoted = *v->at == '\'' || *v->at == '"';

	if (quoted != is_text(v->type))
		return -EINVAL;
	return quoted ? put_quoted(v, to) : put_word(v, to);
}

static size_t alignment_of(char type)
{
	if (type == 'y' || type == 'g')
		return 1;
	if (type == 'n' || type == 'q')
		return 2;
	return type == 'x' || type == 't' || type == 'd' ? 8 : 4;
}

/* Behind the '['. The type of the first is that of all. */
static int put_list(struct variant *v, struct buf *to)
{
	const size_t alignment = alignment_of(v->type);
	const size_t array = dbus_open_array(to, alignment);
	int r;

	skip_blanks(v);
	while (*v->at != ']') {
		r = put_basic(v, to);
		if (r < 0)
			return r;
		skip_blanks(v);
		if (*v->at == ',' && v->at[1] != ']')
			v->at++;
		else if (*v->at != ']')
			return -EINVAL;
		skip_blanks(v);
	}
	v->at++;
	dbus_close_array(to, array, alignment);
	return 0;
}

static int put_variant(struct buf *to, const char *name, const char *value)
{
	struct variant v = { .at = value };
	bool list = false;
	char type[3];
	int r;

	skip_blanks(&v);
	if (*v.at == '@') {
		list = v.at[1] == 'a';
		v.at += 1 + list;
		v.type = *v.at;
		if (!v.type || !strchr("ybnqiuxtdsog", v.type) || *++v.at != ' ')
			return -EINVAL;
		skip_blanks(&v);
		if (list != (*v.at == '['))
			return -EINVAL;
	}
	list = *v.at == '[';
	if (list) {
		v.at++;
		skip_blanks(&v);
	}
	if (!v.type)
		read_type_word(&v);
	if (!v.type)
		v.type = *v.at == ']' ? '\0' : type_of(v.at);
	if (!v.type)
		return -EINVAL; /* "[]" is a list of what? */

	snprintf(type, sizeof(type), "%s%c", list ? "a" : "", v.type);
	open_property(to, name, type);
	r = list ? put_list(&v, to) : put_basic(&v, to);
	skip_blanks(&v);
	return r < 0 ? r : *v.at ? -EINVAL : 0;
}

/* "TimeoutStopSec", "uint64 5": "TimeoutStopUSec", 5000000. */
static int put_seconds(struct buf *to, const char *name, const char *value)
{
	const size_t len = strlen(name) - strlen("Sec");
	char usec[64];
	double seconds;
	char *end;

	if (len + sizeof("USec") > sizeof(usec))
		return -EINVAL;
	snprintf(usec, sizeof(usec), "%.*sUSec", (int)len, name);
	for (size_t i = 0; i < sizeof(type_words) / sizeof(*type_words); i++) {
		const size_t word = strlen(type_words[i].word);

		if (strncmp(value, type_words[i].word, word) == 0 && value[word] == ' ')
			value += word + 1;
	}
	seconds = strtod(value, &end);
	if (end == value || *end || !(seconds >= 0 && seconds < 1e12))
		return -EINVAL;
	systemd_put_u64(to, usec, (uint64_t)(seconds * (double)USEC_PER_SEC));
	return 0;
}

int systemd_put_annotation(struct buf *to, const char *name, const char *value, struct err *e)
{
	const size_t len = strlen(name);
	int r;

	if (len < 3 || len > 128 || strspn(name, LETTERS) != len)
		return err_refuse(e, -EINVAL, "not a property of systemd's: the annotation '%s%s'",
		    SYSTEMD_ANNOTATION, name);
	if (ends_in(name, len, "Sec") && !ends_in(name, len, "USec"))
		r = put_seconds(to, name, value);
	else
		r = put_variant(to, name, value);
	if (r == -EINVAL)
		return err_refuse(e, r, "annotation '%s%s': not a value as GVariant has it: '%s'",
		    SYSTEMD_ANNOTATION, name, value);
	return r < 0 ? err_set(e, r, "cannot read the annotation '%s'", name) : 0;
}
