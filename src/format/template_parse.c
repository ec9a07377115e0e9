/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates: reading
 *
 * A recursive descent over the text between "{{" and "}}". It keeps no list of
 * tokens: each function looks at the bytes before it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"
#include "base/utf8.h"
#include "format/template.h"
#include "format/template_tree.h"

struct parser {
	struct template *t;
	const char *at;
	struct err *e;
	unsigned depth;
	unsigned n_ranges; /* around: break and continue want one */
	const char *names[TEMPLATE_VARIABLES]; /* of the variables that are known here */
	size_t n_names;
};

/* What ended a list of nodes. */
enum list_end {
	END_OF_TEXT,
	END_WORD,
	END_ELSE,
};

static int parse_pipe(struct parser *p, struct template_pipe **ret_pipe);
static int parse_list(struct parser *p, struct template_node **ret_first, enum list_end *ret_end);

int template_fail(struct err *e, size_t at, const char *fmt, ...)
{
	char words[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	return err_refuse(e, -EINVAL, "template, character %zu: %s", at + 1, words);
}

static size_t offset(const struct parser *p)
{
	return (size_t)(p->at - p->t->text);
}

static int no_memory(struct parser *p)
{
	return err_set(p->e, -ENOMEM, "cannot read the template");
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct parser *p)
{
	while (is_blank(*p->at))
		p->at++;
}

static size_t word_length(const char *at)
{
	return strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}

static bool starts_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Is `word` the next one? Takes it, if so. */
static bool take_word(struct parser *p, const char *word)
{
	const size_t len = strlen(word);

	if (word_length(p->at) != len || strncmp(p->at, word, len) != 0)
		return false;
	p->at += len;
	return true;
}

/* Is here the end of an action, "}}" or " -}}"? */
static bool at_close(const struct parser *p)
{
	const char *c = p->at;

	if (strncmp(c, "}}", 2) == 0)
		return true;
	return strncmp(c, "-}}", 3) == 0 && c > p->t->text && is_blank(c[-1]);
}

/* Takes the end of an action and, after "-}}", the blanks behind it. */
static int take_close(struct parser *p)
{
	skip_blanks(p);
	if (!at_close(p))
		return *p->at ? template_fail(p->e, offset(p), "unexpected: '%.20s'", p->at)
		              : template_fail(p->e, offset(p), "'}}' is missing");
	if (*p->at == '-') {
		p->at += 3;
		skip_blanks(p);
	} else {
		p->at += 2;
	}
	return 0;
}

static int deeper(struct parser *p)
{
	if (++p->depth > TEMPLATE_DEPTH_MAX)
		return template_fail(p->e, offset(p), "nested too deeply");
	return 0;
}

/* ---- constants ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* Behind the backslash. */
static int parse_escape(struct parser *p, struct buf *to)
{
	static const char from[] = "abfnrtv\\\"'", into[] = "\a\b\f\n\r\t\v\\\"'";
	const char *found = *p->at ? strchr(from, *p->at) : NULL;

	if (found) {
		buf_addc(to, into[found - from]);
		p->at++;
		return 0;
	}
	if (*p->at == 'x' && hex_digit(p->at[1]) >= 0 && hex_digit(p->at[2]) >= 0) {
		const int byte = hex_digit(p->at[1]) << 4 | hex_digit(p->at[2]);

		if (byte == 0)
			return template_fail(p->e, offset(p), "a NUL in a text");
		buf_addc(to, (char)byte);
		p->at += 3;
		return 0;
	}
	return template_fail(p->e, offset(p), "no such escape: '\\%.1s'", p->at);
}

static int parse_quoted(struct parser *p, struct template_operand *operand)
{
	AUTO_BUF struct buf text = { 0 };
	const size_t start = offset(p);
	int r;

	for (p->at++; *p->at != '"';) {
		if (!*p->at || *p->at == '\n')
			return template_fail(p->e, start, "the text has no end");
		if (*p->at != '\\') {
			buf_addc(&text, *p->at++);
			continue;
		}
		p->at++;
		r = parse_escape(p, &text);
		if (r < 0)
			return r;
	}
	p->at++;
	operand->kind = OPERAND_TEXT;
	operand->text = arena_text(&p->t->arena, buf_text(&text), text.len);
	return buf_error(&text) || !operand->text ? no_memory(p) : 0;
}

static int parse_raw(struct parser *p, struct template_operand *operand)
{
	const char *end = strchr(p->at + 1, '`');

	if (!end)
		return template_fail(p->e, offset(p), "the text has no end");
	operand->kind = OPERAND_TEXT;
	operand->text = arena_text(&p->t->arena, p->at + 1, (size_t)(end - p->at - 1));
	p->at = end + 1;
	return operand->text ? 0 : no_memory(p);
}

static int parse_number(struct parser *p, struct template_operand *operand)
{
	const size_t sign = *p->at == '-' ? 1 : 0;
	const size_t digits = strspn(p->at + sign, "0123456789");
	size_t len = sign + strspn(p->at + sign, "0123456789.");
	char text[40];

	if (p->at[len] == 'e' || p->at[len] == 'E') {
		len += 1 + (p->at[len + 1] == '-' || p->at[len + 1] == '+');
		len += strspn(p->at + len, "0123456789");
	}
	if (len >= sizeof(text) || digits == 0)
		return template_fail(p->e, offset(p), "not a number");
	snprintf(text, sizeof(text), "%.*s", (int)len, p->at);
	if (len == sign + digits) {
		operand->kind = OPERAND_INTEGER;
		if (num_parse_i64(text, &operand->integer) < 0)
			return template_fail(p->e, offset(p), "a number beyond 64 bits");
	} else {
		char *end;

		operand->kind = OPERAND_DOUBLE;
		operand->number = strtod(text, &end);
		if (*end)
			return template_fail(p->e, offset(p), "not a number");
	}
	p->at += len;
	return 0;
}

/* ---- operands, commands, pipes ---- */

static int parse_fields(struct parser *p, struct template_operand *operand)
{
	struct template_field **end = &operand->fields;

	while (*p->at == '.' && starts_word(p->at[1])) {
		const size_t len = word_length(p->at + 1);
		struct template_field *field = arena_alloc(&p->t->arena, sizeof(*field));

		if (!field)
			return no_memory(p);
		field->name = arena_text(&p->t->arena, p->at + 1, len);
		if (!field->name)
			return no_memory(p);
		*end = field;
		end = &field->next;
		p->at += 1 + len;
	}
	return 0;
}

static bool knows_variable(const struct parser *p, const char *name)
{
	for (size_t i = 0; i < p->n_names; i++)
		if (strcmp(p->names[i], name) == 0)
			return true;
	return !*name;
}

/* The name behind a '$', without looking whether it is known. */
static int parse_variable_name(struct parser *p, const char **ret_name)
{
	const size_t len = word_length(p->at + 1);

	*ret_name = arena_text(&p->t->arena, p->at + 1, len);
	if (!*ret_name)
		return no_memory(p);
	p->at += 1 + len;
	return 0;
}

static int parse_variable(struct parser *p, struct template_operand *operand)
{
	const size_t start = offset(p);
	int r;

	operand->kind = OPERAND_VARIABLE;
	r = parse_variable_name(p, &operand->text);
	if (r < 0)
		return r;
	if (!knows_variable(p, operand->text))
		return template_fail(p->e, start, "no such variable: '$%s'", operand->text);
	return parse_fields(p, operand);
}

static int parse_parentheses(struct parser *p, struct template_operand *operand)
{
	int r;

	p->at++;
	operand->kind = OPERAND_PIPE;
	r = deeper(p);
	if (r < 0)
		return r;
	r = parse_pipe(p, &operand->pipe);
	if (r < 0)
		return r;
	p->depth--;
	skip_blanks(p);
	if (*p->at != ')')
		return template_fail(p->e, offset(p), "a ')' is missing");
	p->at++;
	return parse_fields(p, operand);
}

static int parse_word(struct parser *p, struct template_operand *operand)
{
	const size_t len = word_length(p->at);

	if (take_word(p, "true")) {
		operand->kind = OPERAND_BOOL;
		operand->truth = true;
		return 0;
	}
	if (take_word(p, "false")) {
		operand->kind = OPERAND_BOOL;
		return 0;
	}
	if (take_word(p, "nil")) {
		operand->kind = OPERAND_NIL;
		return 0;
	}
	operand->kind = OPERAND_FUNCTION;
	operand->function = template_function_find(p->at, len);
	if (!operand->function)
		return template_fail(
		    p->e, offset(p), "no such function: '%.*s'", (int)(len > 40 ? 40 : len), p->at);
	p->at += len;
	return 0;
}

static int parse_operand(struct parser *p, struct template_operand **ret_operand)
{
	struct template_operand *operand = arena_alloc(&p->t->arena, sizeof(*operand));
	int r;

	if (!operand)
		return no_memory(p);
	operand->at = offset(p);
	switch (*p->at) {
	case '.':
		operand->kind = OPERAND_DOT;
		if (!starts_word(p->at[1]))
			p->at++;
		r = parse_fields(p, operand);
		break;
	case '$':
		r = parse_variable(p, operand);
		break;
	case '(':
		r = parse_parentheses(p, operand);
		break;
	case '"':
		r = parse_quoted(p, operand);
		break;
	case '`':
		r = parse_raw(p, operand);
		break;
	case '-':
	case '0' ... '9':
		r = parse_number(p, operand);
		break;
	case '\0':
		return template_fail(p->e, offset(p), "'}}' is missing");
	default:
		if (!starts_word(*p->at))
			return template_fail(p->e, offset(p), "unexpected: '%.20s'", p->at);
		r = parse_word(p, operand);
	}
	if (r < 0)
		return r;
	/* What follows an operand must not run into it: "a"b, .A$b. */
	if (*p->at && !is_blank(*p->at) && !strchr("|)}=,:", *p->at))
		return template_fail(p->e, offset(p), "unexpected: '%.20s'", p->at);
	*ret_operand = operand;
	return 0;
}

static bool ends_command(struct parser *p)
{
	skip_blanks(p);
	return !*p->at || *p->at == '|' || *p->at == ')' || at_close(p);
}

/* Is it the command's turn to take arguments, and does their count fit? */
static int check_command(
    struct parser *p, const struct template_command *command, size_t n_operands, bool piped)
{
	const struct template_operand *first = command->operands;
	const size_t n = n_operands - 1 + (piped ? 1 : 0);

	if (first->kind != OPERAND_FUNCTION)
		return n == 0 ? 0
		              : template_fail(p->e, first->at, "only a function takes arguments");
	for (const struct template_operand *o = first->next; o; o = o->next)
		if (o->kind == OPERAND_FUNCTION && o->function->min > 0)
			return template_fail(p->e, o->at,
			    "'%s' wants arguments: put it in parentheses", o->function->name);
	if (n < first->function->min || n > first->function->max)
		return template_fail(p->e, first->at, "%s wants %s arguments, not %zu",
		    first->function->name, n < first->function->min ? "more" : "fewer", n);
	return 0;
}

static int parse_command(struct parser *p, bool piped, struct template_command **ret_command)
{
	struct template_command *command = arena_alloc(&p->t->arena, sizeof(*command));
	struct template_operand **end;
	size_t n = 0;
	int r;

	if (!command)
		return no_memory(p);
	command->at = offset(p);
	for (end = &command->operands; !ends_command(p); end = &(*end)->next) {
		if (n++ == TEMPLATE_OPERANDS_MAX)
			return template_fail(p->e, offset(p), "too many arguments");
		r = parse_operand(p, end);
		if (r < 0)
			return r;
	}
	if (n == 0)
		return template_fail(p->e, offset(p), "a value is missing");
	*ret_command = command;
	return check_command(p, command, n, piped);
}

/*
 * "$x :=", "$x =" or "$i, $v :=" at the start of a pipe. A '$' that is something
 * else is put back.
 */
static int parse_declaration(struct parser *p, struct template_pipe *pipe)
{
	const char *start = p->at;
	int r;

	while (*p->at == '$' && pipe->n_variables < 2) {
		r = parse_variable_name(p, &pipe->variables[pipe->n_variables++]);
		if (r < 0)
			return r;
		skip_blanks(p);
		if (*p->at != ',')
			break;
		p->at++;
		skip_blanks(p);
	}
	if (pipe->n_variables > 0 && strncmp(p->at, ":=", 2) == 0) {
		p->at += 2;
		return 0;
	}
	if (pipe->n_variables == 1 && *p->at == '=') {
		p->at++;
		pipe->assign = true;
		return knows_variable(p, pipe->variables[0]) && *pipe->variables[0]
		    ? 0
		    : template_fail(p->e, (size_t)(start - p->t->text), "no such variable: '$%s'",
		          pipe->variables[0]);
	}
	p->at = start;
	pipe->n_variables = 0;
	return 0;
}

/* From here on, to the end of the block. */
static int declare(struct parser *p, const struct template_pipe *pipe)
{
	if (pipe->assign)
		return 0;
	for (size_t i = 0; i < pipe->n_variables; i++) {
		if (!*pipe->variables[i])
			return template_fail(p->e, pipe->at, "'$' is the whole and stays it");
		if (p->n_names == TEMPLATE_VARIABLES)
			return template_fail(p->e, pipe->at, "too many variables");
		p->names[p->n_names++] = pipe->variables[i];
	}
	return 0;
}

static int parse_pipe(struct parser *p, struct template_pipe **ret_pipe)
{
	struct template_pipe *pipe = arena_alloc(&p->t->arena, sizeof(*pipe));
	struct template_command **end;
	int r;

	if (!pipe)
		return no_memory(p);
	skip_blanks(p);
	pipe->at = offset(p);
	r = parse_declaration(p, pipe);
	if (r < 0)
		return r;
	for (end = &pipe->commands;; end = &(*end)->next) {
		skip_blanks(p);
		r = parse_command(p, end != &pipe->commands, end);
		if (r < 0)
			return r;
		if (*p->at != '|')
			break;
		p->at++;
	}
	*ret_pipe = pipe;
	return declare(p, pipe);
}

/* ---- nodes ---- */

/* The rest of a block behind its pipe: body, {{else}}, {{else if}}, {{end}}. */
static int parse_block(struct parser *p, struct template_node *node)
{
	enum list_end end;
	int r;

	r = take_close(p);
	if (r < 0)
		return r;
	r = parse_list(p, &node->body, &end);
	if (r < 0 || end == END_WORD)
		return r;
	if (end == END_OF_TEXT)
		return template_fail(p->e, node->at, "this has no {{end}}");

	skip_blanks(p);
	if (!at_close(p)) {
		/* "{{else if X}}" is "{{else}}{{if X}}" whose {{end}} is also the outer one's. */
		struct template_node *inner = arena_alloc(&p->t->arena, sizeof(*inner));

		if (!inner)
			return no_memory(p);
		inner->at = offset(p);
		if (node->kind == NODE_IF && take_word(p, "if"))
			inner->kind = NODE_IF;
		else if (node->kind == NODE_WITH && take_word(p, "with"))
			inner->kind = NODE_WITH;
		else
			return template_fail(p->e, offset(p), "unexpected: '%.20s'", p->at);
		node->otherwise = inner;
		r = deeper(p);
		if (r < 0)
			return r;
		r = parse_pipe(p, &inner->pipe);
		if (r < 0)
			return r;
		r = parse_block(p, inner);
		p->depth--;
		return r;
	}
	r = take_close(p);
	if (r < 0)
		return r;
	r = parse_list(p, &node->otherwise, &end);
	if (r < 0 || end == END_WORD)
		return r;
	return template_fail(
	    p->e, node->at, end == END_ELSE ? "this has two {{else}}" : "this has no {{end}}");
}

static int parse_branch(struct parser *p, struct template_node *node)
{
	const size_t n_names = p->n_names;
	int r;

	r = deeper(p);
	if (r < 0)
		return r;
	r = parse_pipe(p, &node->pipe);
	if (r < 0)
		return r;
	if (node->pipe->n_variables == 2 && node->kind != NODE_RANGE)
		return template_fail(p->e, node->pipe->at, "two variables are for range");
	p->n_ranges += node->kind == NODE_RANGE;
	r = parse_block(p, node);
	p->n_ranges -= node->kind == NODE_RANGE;
	p->n_names = n_names;
	p->depth--;
	return r;
}

static int parse_jump(struct parser *p, struct template_node *node)
{
	if (p->n_ranges == 0)
		return template_fail(p->e, node->at, "outside of a range");
	return take_close(p);
}

/* Behind "{{" and its blanks. */
static int parse_action(struct parser *p, struct template_node *node)
{
	int r;

	node->at = offset(p);
	if (take_word(p, "if"))
		node->kind = NODE_IF;
	else if (take_word(p, "range"))
		node->kind = NODE_RANGE;
	else if (take_word(p, "with"))
		node->kind = NODE_WITH;
	else if (take_word(p, "break"))
		node->kind = NODE_BREAK;
	else if (take_word(p, "continue"))
		node->kind = NODE_CONTINUE;
	else
		node->kind = NODE_ACTION;

	switch (node->kind) {
	case NODE_IF:
	case NODE_RANGE:
	case NODE_WITH:
		return parse_branch(p, node);
	case NODE_BREAK:
	case NODE_CONTINUE:
		return parse_jump(p, node);
	case NODE_ACTION:
	case NODE_TEXT:
	default:
		r = parse_pipe(p, &node->pipe);
		if (r < 0)
			return r;
		if (node->pipe->n_variables == 2)
			return template_fail(p->e, node->pipe->at, "two variables are for range");
		return take_close(p);
	}
}

/* At a comment: skips it and its "}}". False: there is none here. */
static int parse_comment(struct parser *p, bool *ret_was_one)
{
	const char *end;

	*ret_was_one = strncmp(p->at, "/*", 2) == 0;
	if (!*ret_was_one)
		return 0;
	end = strstr(p->at, "*/");
	if (!end)
		return template_fail(p->e, offset(p), "the comment has no end");
	p->at = end + 2;
	return take_close(p);
}

static int add_text(struct parser *p, const char *start, size_t len, struct template_node ***end)
{
	struct template_node *node;

	if (len == 0)
		return 0;
	node = arena_alloc(&p->t->arena, sizeof(*node));
	if (!node)
		return no_memory(p);
	*node = (struct template_node){ .kind = NODE_TEXT, .text = start, .text_len = len };
	**end = node;
	*end = &node->next;
	return 0;
}

/* Takes the text up to the next "{{", and that with its "-" and blanks. False: the end of all. */
static int parse_text(struct parser *p, struct template_node ***end, bool *ret_opened)
{
	const char *start = p->at, *open = strstr(start, "{{");
	size_t len = open ? (size_t)(open - start) : strlen(start);

	p->at = open ? open + 2 : start + len;
	if (open && open[2] == '-' && is_blank(open[3])) {
		p->at++;
		while (len > 0 && is_blank(start[len - 1]))
			len--;
	}
	skip_blanks(p);
	*ret_opened = open != NULL;
	return add_text(p, start, len, end);
}

/* Nodes up to {{end}} (taken whole), {{else (the word taken) or the end of the text. */
static int parse_list(struct parser *p, struct template_node **ret_first, enum list_end *ret_end)
{
	struct template_node **end = ret_first;
	const size_t n_names = p->n_names;

	for (;;) {
		bool opened, was_comment;
		int r;

		r = parse_text(p, &end, &opened);
		if (r < 0)
			return r;
		if (!opened) {
			*ret_end = END_OF_TEXT;
			return 0;
		}
		r = parse_comment(p, &was_comment);
		if (r < 0)
			return r;
		if (was_comment)
			continue;
		if (take_word(p, "end")) {
			*ret_end = END_WORD;
			p->n_names = n_names;
			return take_close(p);
		}
		if (take_word(p, "else")) {
			*ret_end = END_ELSE;
			p->n_names = n_names;
			return 0;
		}
		*end = arena_alloc(&p->t->arena, sizeof(**end));
		if (!*end)
			return no_memory(p);
		r = parse_action(p, *end);
		if (r < 0)
			return r;
		end = &(*end)->next;
	}
}

int template_parse(const char *text, struct template **ret_template, struct err *e)
{
	AUTO(template_free) struct template *t = NULL;
	struct parser p = { .e = e };
	enum list_end end;
	int r;

	if (strnlen(text, TEMPLATE_TEXT_MAX + 1) > TEMPLATE_TEXT_MAX)
		return err_refuse(e, -EINVAL, "template: longer than %zu bytes", TEMPLATE_TEXT_MAX);
	t = calloc(1, sizeof(*t));
	if (t)
		t->text = strdup(text);
	if (!t || !t->text)
		return err_set(e, -ENOMEM, "cannot read the template");
	p.t = t;
	p.at = t->text;
	r = parse_list(&p, &t->nodes, &end);
	if (r < 0)
		return r;
	if (end != END_OF_TEXT)
		return template_fail(
		    e, offset(&p), "{{%s}} without a beginning", end == END_ELSE ? "else" : "end");
	*ret_template = TAKE(t);
	return 0;
}

struct template *template_free(struct template *t)
{
	if (!t)
		return NULL;
	arena_done(&t->arena);
	free(t->text);
	free(t);
	return NULL;
}
