/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON: trees
 *
 * A text that json_scan() has passed becomes one block of memory: a head, as many values as
 * the scan has counted, and the bytes of all strings, keys and numbers, each with a NUL behind it.
 * The entries of an array or object stand side by side. They are collected at the far end
 * of the values and moved to the near one when their group closes; as each value is either there or
 * here, the block is always large enough.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/num.h"
#include "format/json.h"
#include "format/json_scan.h"

struct document {
	size_t owners;
	struct arena changes; /* of json_value_set_text() */
};

enum node {
	NODE_NULL,
	NODE_FALSE,
	NODE_TRUE,
	NODE_WHOLE, /* a number: `text` */
	NODE_FRACTION,
	NODE_STRING, /* `text` */
	NODE_ARRAY, /* `n` `entries` */
	NODE_OBJECT, /* the same, and each has a key */
};

struct json_value {
	struct document *document;
	const char *key; /* NULL: no member of an object */
	union {
		const char *text;
		struct json_value *entries;
	};
	uint32_t n;
	enum node node;
};

/* So many keys are compared each with each; of more a sorted list is made. */
#define KEYS_FEW 16

/* ---- building: the text is known to be right ---- */

struct builder {
	struct document *document;
	const char *at, *end;
	struct json_value *near, *far; /* the first free one; the last one collected */
	char *bytes; /* where the next text goes */
};

static void skip_blanks(struct builder *b)
{
	while (
	    b->at < b->end && (*b->at == ' ' || *b->at == '\n' || *b->at == '\t' || *b->at == '\r'))
		b->at++;
}

static unsigned read_hex4(const char *at)
{
	unsigned value = 0;

	for (int i = 0; i < 4; i++) {
		const char c = at[i];

		value = value << 4 | (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return value;
}

/* Behind "\u"; puts the character and returns what is behind it. */
static const char *put_unicode(struct builder *b, const char *at)
{
	unsigned c = read_hex4(at);

	at += 4;
	if (c >= 0xd800 && c <= 0xdbff) {
		c = 0x10000 + ((c - 0xd800) << 10) + (read_hex4(at + 2) - 0xdc00);
		at += 6;
	}
	if (c < 0x80) {
		*b->bytes++ = (char)c;
	} else if (c < 0x800) {
		*b->bytes++ = (char)(0xc0 | c >> 6);
		*b->bytes++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*b->bytes++ = (char)(0xe0 | c >> 12);
		*b->bytes++ = (char)(0x80 | (c >> 6 & 0x3f));
		*b->bytes++ = (char)(0x80 | (c & 0x3f));
	} else {
		*b->bytes++ = (char)(0xf0 | c >> 18);
		*b->bytes++ = (char)(0x80 | (c >> 12 & 0x3f));
		*b->bytes++ = (char)(0x80 | (c >> 6 & 0x3f));
		*b->bytes++ = (char)(0x80 | (c & 0x3f));
	}
	return at;
}

/* Behind a backslash. */
static const char *put_escape(struct builder *b, const char *at)
{
	static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";
	const char *letter;

	if (*at == 'u')
		return put_unicode(b, at + 1);
	letter = strchr(letters, *at);
	*b->bytes++ = letter ? bytes[letter - letters] : *at;
	return at + 1;
}

/* Takes the string at the cursor, quotes and all; it never grows by that. */
static const char *take_string(struct builder *b)
{
	const char *text = b->bytes, *at = b->at + 1;

	for (;;) {
		const char *plain = at;

		while (*at != '"' && *at != '\\')
			at++;
		memcpy(b->bytes, plain, (size_t)(at - plain));
		b->bytes += at - plain;
		if (*at == '"')
			break;
		at = put_escape(b, at + 1);
	}
	*b->bytes++ = '\0';
	b->at = at + 1;
	return text;
}

static const char *take_number(struct builder *b, enum node *ret_node)
{
	const char *text = b->bytes;
	enum node node = NODE_WHOLE;

	for (; b->at < b->end; b->at++) {
		const char c = *b->at;

		if (c == '.' || c == 'e' || c == 'E')
			node = NODE_FRACTION;
		else if (c != '-' && c != '+' && (c < '0' || c > '9'))
			break;
		*b->bytes++ = c;
	}
	*b->bytes++ = '\0';
	*ret_node = node;
	return text;
}

static struct json_value take_value(struct builder *b);

/* Takes an array or object: its entries wait at the far end until their number is known. */
static struct json_value take_group(struct builder *b, enum node node)
{
	struct json_value *const last = b->far;
	const char close = node == NODE_ARRAY ? ']' : '}';
	struct json_value group = { .document = b->document, .node = node };

	b->at++;
	skip_blanks(b);
	while (*b->at != close) {
		const char *key = NULL;
		struct json_value entry;

		if (*b->at == ',') {
			b->at++;
			skip_blanks(b);
		}
		if (node == NODE_OBJECT) {
			key = take_string(b);
			skip_blanks(b);
			b->at++; /* the colon */
		}
		entry = take_value(b);
		entry.key = key;
		assert(b->far > b->near);
		*--b->far = entry;
		skip_blanks(b);
	}
	b->at++;
	group.n = (uint32_t)(last - b->far);
	group.entries = b->near;
	/* They were collected backwards, and may lie where they are to go. */
	for (struct json_value *from = last, *to = b->far; to < --from; to++) {
		const struct json_value swap = *to;

		*to = *from;
		*from = swap;
	}
	memmove(b->near, b->far, group.n * sizeof(*b->near));
	b->near += group.n;
	b->far = last;
	return group;
}

static struct json_value take_value(struct builder *b)
{
	struct json_value v = { .document = b->document };

	skip_blanks(b);
	switch (*b->at) {
	case '{':
		return take_group(b, NODE_OBJECT);
	case '[':
		return take_group(b, NODE_ARRAY);
	case '"':
		v.node = NODE_STRING;
		v.text = take_string(b);
		return v;
	case 't':
	case 'n':
		v.node = *b->at == 't' ? NODE_TRUE : NODE_NULL;
		b->at += 4;
		return v;
	case 'f':
		v.node = NODE_FALSE;
		b->at += 5;
		return v;
	default:
		v.text = take_number(b, &v.node);
		return v;
	}
}

/* ---- a key twice ---- */

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool few_keys_differ(const struct json_value *object)
{
	for (size_t i = 1; i < object->n; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(object->entries[i].key, object->entries[k].key) == 0)
				return false;
	return true;
}

/* `room` is for as many keys as there are in all. */
static bool keys_differ(const struct json_value *object, const char **room)
{
	if (object->n <= KEYS_FEW)
		return few_keys_differ(object);
	for (size_t i = 0; i < object->n; i++)
		room[i] = object->entries[i].key;
	qsort(room, object->n, sizeof(*room), compare_keys);
	for (size_t i = 1; i < object->n; i++)
		if (strcmp(room[i - 1], room[i]) == 0)
			return false;
	return true;
}

static int check_keys(const struct json_value *values, size_t n_values, size_t n_keys)
{
	AUTO_FREE const char **room = NULL;

	if (n_keys > KEYS_FEW) {
		room = malloc(n_keys * sizeof(*room));
		if (!room)
			return -ENOMEM;
	}
	for (size_t i = 0; i < n_values; i++)
		if (values[i].node == NODE_OBJECT && !keys_differ(&values[i], room))
			return -EBADMSG;
	return 0;
}

/* ---- from outside ---- */

int json_value_parse(
    const char *text, size_t len, const char *what, struct json_value **ret_value, struct err *e)
{
	struct builder b = { .at = text, .end = text + len };
	AUTO_FREE struct document *document = NULL;
	struct json_scan_counts counts;
	struct json_value *values, top;
	size_t size;
	int r;

	r = json_scan(text, len, what, &counts, e);
	if (r < 0)
		return r;
	/* A string loses its quotes and gains a NUL; a number gains one too, and what ends it is
	 * left out, but for one that is the whole text. */
	size = sizeof(*document) + counts.n_values * sizeof(*values) + len + 1;
	document = malloc(size);
	if (!document)
		return err_set(e, -ENOMEM, "%s", what);
	*document = (struct document){ .owners = 1 };
	values = (struct json_value *)(document + 1);
	b.document = document;
	b.near = values;
	b.far = values + counts.n_values;
	b.bytes = (char *)b.far;
	top = take_value(&b);
	assert(b.near < b.far && b.bytes <= (char *)document + size);
	*b.near = top;

	r = check_keys(values, counts.n_values, counts.n_keys);
	if (r == -EBADMSG)
		return json_scan_report_twice(text, len, what, e);
	if (r < 0)
		return err_set(e, r, "%s", what);
	*ret_value = b.near;
	(void)TAKE(document);
	return 0;
}

struct json_value *json_value_free(struct json_value *v)
{
	struct document *document = v ? v->document : NULL;

	if (document && --document->owners == 0) {
		arena_done(&document->changes);
		free(document);
	}
	return NULL;
}

struct json_value *json_value_share(const struct json_value *v)
{
	if (v)
		v->document->owners++;
	return (struct json_value *)(uintptr_t)v;
}

enum json_type json_value_type(const struct json_value *v)
{
	static const enum json_type types[] = {
		[NODE_NULL] = JSON_NULL,
		[NODE_FALSE] = JSON_BOOL,
		[NODE_TRUE] = JSON_BOOL,
		[NODE_WHOLE] = JSON_NUMBER,
		[NODE_FRACTION] = JSON_NUMBER,
		[NODE_STRING] = JSON_STRING,
		[NODE_ARRAY] = JSON_ARRAY,
		[NODE_OBJECT] = JSON_OBJECT,
	};

	return v ? types[v->node] : JSON_NULL;
}

const char *json_value_string(const struct json_value *v)
{
	return v && v->node == NODE_STRING ? v->text : NULL;
}

bool json_value_bool(const struct json_value *v)
{
	return v && v->node == NODE_TRUE;
}

int json_value_integer(const struct json_value *v, bool *ret_negative, uint64_t *ret_magnitude)
{
	bool negative;

	if (!v || v->node != NODE_WHOLE)
		return -EINVAL;
	negative = *v->text == '-';
	if (num_parse_u64(v->text + negative, ret_magnitude) < 0)
		return -EINVAL;
	*ret_negative = negative && *ret_magnitude > 0;
	return 0;
}

int64_t json_value_i64(const struct json_value *v)
{
	uint64_t magnitude;
	bool negative;
	double number;

	if (json_value_integer(v, &negative, &magnitude) >= 0) {
		if (negative)
			return (int64_t)(0 - magnitude);
		return magnitude > INT64_MAX ? INT64_MAX : (int64_t)magnitude;
	}
	number = json_value_double(v);
	/* The doubles on both ends are exact powers of two; between them the cast is defined. */
	if (number >= 0x1p63)
		return INT64_MAX;
	return number <= -0x1p63 ? INT64_MIN : (int64_t)number;
}

double json_value_double(const struct json_value *v)
{
	return json_value_type(v) == JSON_NUMBER ? strtod(v->text, NULL) : 0;
}

const char *json_value_number_text(const struct json_value *v)
{
	return json_value_type(v) == JSON_NUMBER ? v->text : NULL;
}

static bool is_group(const struct json_value *v)
{
	return v && (v->node == NODE_ARRAY || v->node == NODE_OBJECT);
}

size_t json_value_count(const struct json_value *v)
{
	return is_group(v) ? v->n : 0;
}

const struct json_value *json_value_at(const struct json_value *v, size_t i)
{
	return v && v->node == NODE_ARRAY && i < v->n ? &v->entries[i] : NULL;
}

static struct json_value *find_member(const struct json_value *v, const char *key)
{
	for (size_t i = 0; v && v->node == NODE_OBJECT && i < v->n; i++)
		if (strcmp(v->entries[i].key, key) == 0)
			return &v->entries[i];
	return NULL;
}

const struct json_value *json_value_get(const struct json_value *v, const char *key)
{
	return find_member(v, key);
}

const struct json_value *json_value_entry(
    const struct json_value *v, size_t i, const char **ret_key)
{
	if (!v || v->node != NODE_OBJECT || i >= v->n)
		return NULL;
	if (ret_key)
		*ret_key = v->entries[i].key;
	return &v->entries[i];
}

bool json_value_next(const struct json_value *object, struct json_cursor *cursor,
    const char **ret_key, const struct json_value **ret_value)
{
	const struct json_value *entry = json_value_entry(object, cursor->next, ret_key);

	if (!entry)
		return false;
	cursor->next++;
	*ret_value = entry;
	return true;
}

/* ---- changing ---- */

struct json_value *json_value_new_object(void)
{
	struct document *document = malloc(sizeof(*document) + sizeof(struct json_value));
	struct json_value *object = (struct json_value *)(document + 1);

	if (!document)
		return NULL;
	*document = (struct document){ .owners = 1 };
	*object = (struct json_value){ .document = document, .node = NODE_OBJECT };
	return object;
}

/* A member more: all of them move. Rows to be shown have few, and get one more once or twice. */
static struct json_value *add_member(struct json_value *object, const char *key)
{
	struct arena *arena = &object->document->changes;
	const size_t n = object->n;
	struct json_value *entries = arena_alloc(arena, (n + 1) * sizeof(*entries));
	const char *own_key = arena_text(arena, key, strlen(key));

	if (!entries || !own_key)
		return NULL;
	if (n > 0)
		memcpy(entries, object->entries, n * sizeof(*entries));
	entries[n] = (struct json_value){ .document = object->document, .key = own_key };
	object->entries = entries;
	object->n++;
	return &entries[n];
}

int json_value_set_text(struct json_value *object, const char *key, const char *text)
{
	struct json_value *member;
	const char *own_text;

	if (json_value_type(object) != JSON_OBJECT)
		return -EINVAL;
	own_text = arena_text(&object->document->changes, text, strlen(text));
	member = find_member(object, key);
	if (own_text && !member)
		member = add_member(object, key);
	if (!own_text || !member)
		return -ENOMEM;
	*member = (struct json_value){ .document = object->document,
		.key = member->key,
		.text = own_text,
		.node = NODE_STRING };
	return 0;
}

void json_value_write(const struct json_value *v, unsigned indent, struct buf *to)
{
	struct json_writer w = { .to = to, .indent = indent };

	json_put_value(&w, NULL, v);
}
