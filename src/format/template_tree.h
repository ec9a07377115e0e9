/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates: the tree between reading and rendering
 *
 * For the files template_*.c alone. All of it lives in the template's arena. `at` is always an
 * offset in its text.
 */
#ifndef DOLIUM_FORMAT_TEMPLATE_TREE_H
#define DOLIUM_FORMAT_TEMPLATE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

struct err;
struct json_value;
struct json_writer;

#define TEMPLATE_TEXT_MAX     ((size_t)64 << 10)
#define TEMPLATE_DEPTH_MAX    64 /* of blocks and parentheses together */
#define TEMPLATE_OPERANDS_MAX 32 /* of one command */
#define TEMPLATE_STEPS_MAX    5000000
#define TEMPLATE_VARIABLES    64
#define TEMPLATE_WIDTH_MAX    4096 /* of printf and pad */

struct template_field {
	struct template_field *next;
	const char *name;
};

enum template_operand_kind {
	OPERAND_DOT,
	OPERAND_VARIABLE, /* `text` is its name; "" is the root, "$" */
	OPERAND_PIPE, /* in parentheses */
	OPERAND_TEXT,
	OPERAND_INTEGER,
	OPERAND_DOUBLE,
	OPERAND_BOOL,
	OPERAND_NIL,
	OPERAND_FUNCTION,
};

struct template_operand {
	struct template_operand *next;
	struct template_field *fields; /* .A.B behind it */
	struct template_pipe *pipe;
	const struct template_function *function;
	const char *text;
	int64_t integer;
	double number;
	size_t at;
	enum template_operand_kind kind;
	bool truth;
};

struct template_command {
	struct template_command *next;
	struct template_operand *operands; /* at least one */
	size_t at;
};

struct template_pipe {
	struct template_command *commands; /* at least one */
	const char *variables[2]; /* $i, $v := ... */
	size_t n_variables, at;
	bool assign; /* "=" and not ":=" */
};

enum template_node_kind {
	NODE_TEXT,
	NODE_ACTION,
	NODE_IF,
	NODE_RANGE,
	NODE_WITH,
	NODE_BREAK,
	NODE_CONTINUE,
};

struct template_node {
	struct template_node *next, *body, *otherwise;
	struct template_pipe *pipe;
	const char *text;
	size_t text_len, at;
	enum template_node_kind kind;
};

struct template
{
	struct arena arena;
	char *text;
	struct template_node *nodes;
};

/* ---- values while rendering ---- */

enum template_value_kind {
	VALUE_NONE, /* a key that is not there, and null */
	VALUE_BOOL,
	VALUE_INTEGER,
	VALUE_DOUBLE,
	VALUE_TEXT,
	VALUE_TREE, /* an array or object of the input */
	VALUE_LIST, /* made by a function */
};

struct template_value {
	enum template_value_kind kind;
	bool truth;
	int64_t integer;
	double number;
	const char *text; /* of a double: as it was written, or NULL */
	const struct json_value *tree;
	const struct template_value *items;
	size_t n;
};

struct template_variable {
	const char *name;
	struct template_value value;
};

struct template_run {
	struct buf *to;
	struct err *e;
	struct arena arena; /* what functions make */
	struct template_value root;
	struct template_variable variables[TEMPLATE_VARIABLES];
	size_t n_variables, n_steps;
	size_t at; /* of the command that runs */
};

typedef int template_call(struct template_run *run, const struct template_value *args, size_t n,
    struct template_value *ret);

struct template_function {
	const char *name;
	size_t min, max; /* arguments */
	template_call *call;
};

const struct template_function *template_function_find(const char *name, size_t len);

/* "template, character N: ..." and returns -EINVAL. */
int template_fail(struct err *e, size_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

struct template_value template_value_of(const struct json_value *v);
/* The member of a list or text as a value; `index` < template_value_count(). */
struct template_value template_value_at(const struct template_value *list, size_t index);
bool template_value_is_number(const struct template_value *v);
double template_value_double(const struct template_value *v);
bool template_value_is_list(const struct template_value *v);
size_t template_value_count(const struct template_value *v); /* entries of a list or object */
bool template_value_truth(const struct template_value *v);
/* As Go's %v prints it. */
void template_value_print(struct template_run *run, const struct template_value *v, struct buf *to);
/* As a value of JSON. */
void template_value_write(struct json_writer *w, const struct template_value *v);
/* The keys of an object in the order of their bytes; NULL when memory is gone or there are none. */
const char **template_value_keys(struct template_run *run, const struct template_value *v);
/* "a text", "a list": for refusals. */
const char *template_value_kind_name(const struct template_value *v);

/* ---- what functions share ---- */

template_call template_printf;

/* An argument as a text: a key that is not there is "". */
int template_want_text(
    struct template_run *run, const struct template_value *v, const char **ret_text);
/* Makes the text in `b` the result; its failure is the function's. */
int template_return_text(struct template_run *run, const struct buf *b, struct template_value *ret);
int template_no_memory(struct template_run *run);

#endif
