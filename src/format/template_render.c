/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates: rendering
 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "format/json.h"
#include "format/template.h"
#include "format/template_tree.h"

/* What a list of nodes did besides writing. */
enum {
	WENT_ON = 0,
	WENT_BREAK,
	WENT_CONTINUE,
};

static int eval_pipe(struct template_run *run, const struct template_pipe *pipe,
    const struct template_value *dot, struct template_value *ret);
static int run_list(
    struct template_run *run, const struct template_node *node, const struct template_value *dot);

/* ---- values ---- */

static struct template_value number_of(const struct json_value *v)
{
	uint64_t magnitude;
	bool negative;

	if (json_value_integer(v, &negative, &magnitude) == 0 &&
	    (negative || magnitude <= INT64_MAX))
		return (
		    struct template_value){ .kind = VALUE_INTEGER, .integer = json_value_i64(v) };
	return (struct template_value){ .kind = VALUE_DOUBLE,
		.number = json_value_double(v),
		.text = json_value_number_text(v) };
}

struct template_value template_value_of(const struct json_value *v)
{
	switch (json_value_type(v)) {
	case JSON_BOOL:
		return (struct template_value){ .kind = VALUE_BOOL, .truth = json_value_bool(v) };
	case JSON_NUMBER:
		return number_of(v);
	case JSON_STRING:
		return (struct template_value){ .kind = VALUE_TEXT, .text = json_value_string(v) };
	case JSON_ARRAY:
	case JSON_OBJECT:
		return (struct template_value){ .kind = VALUE_TREE, .tree = v };
	case JSON_NULL:
	default:
		return (struct template_value){ .kind = VALUE_NONE };
	}
}

static bool is_object(const struct template_value *v)
{
	return v->kind == VALUE_TREE && json_value_type(v->tree) == JSON_OBJECT;
}

/* ---- evaluating ---- */

static int take_step(struct template_run *run)
{
	if (++run->n_steps > TEMPLATE_STEPS_MAX)
		return err_refuse(run->e, -EFBIG, "the template would run too long");
	return 0;
}

static int get_fields(
    struct template_run *run, const struct template_operand *operand, struct template_value *value)
{
	for (const struct template_field *f = operand->fields; f; f = f->next) {
		if (is_object(value))
			*value = template_value_of(json_value_get(value->tree, f->name));
		else if (value->kind != VALUE_NONE)
			return template_fail(run->e, operand->at, "%s has no field '%s'",
			    template_value_kind_name(value), f->name);
	}
	return 0;
}

static struct template_variable *find_variable(struct template_run *run, const char *name)
{
	for (size_t i = run->n_variables; i > 0; i--)
		if (strcmp(run->variables[i - 1].name, name) == 0)
			return &run->variables[i - 1];
	return NULL;
}

static int call(struct template_run *run, const struct template_function *function,
    const struct template_operand *operand, const struct template_value *args, size_t n,
    struct template_value *ret)
{
	const size_t at = run->at;
	int r;

	run->at = operand->at;
	*ret = (struct template_value){ 0 };
	r = function->call(run, args, n, ret);
	run->at = at;
	return r;
}

static int eval_operand(struct template_run *run, const struct template_operand *operand,
    const struct template_value *dot, struct template_value *ret)
{
	const struct template_variable *variable;
	int r;

	switch (operand->kind) {
	case OPERAND_DOT:
		*ret = *dot;
		break;
	case OPERAND_VARIABLE:
		variable = find_variable(run, operand->text);
		*ret = variable ? variable->value : run->root;
		break;
	case OPERAND_PIPE:
		r = eval_pipe(run, operand->pipe, dot, ret);
		if (r < 0)
			return r;
		break;
	case OPERAND_TEXT:
		*ret = (struct template_value){ .kind = VALUE_TEXT, .text = operand->text };
		break;
	case OPERAND_INTEGER:
		*ret =
		    (struct template_value){ .kind = VALUE_INTEGER, .integer = operand->integer };
		break;
	case OPERAND_DOUBLE:
		*ret = (struct template_value){ .kind = VALUE_DOUBLE, .number = operand->number };
		break;
	case OPERAND_BOOL:
		*ret = (struct template_value){ .kind = VALUE_BOOL, .truth = operand->truth };
		break;
	case OPERAND_FUNCTION:
		return call(run, operand->function, operand, NULL, 0, ret);
	case OPERAND_NIL:
	default:
		*ret = (struct template_value){ .kind = VALUE_NONE };
	}
	return get_fields(run, operand, ret);
}

/* `piped` is the last argument, or NULL. */
static int eval_command(struct template_run *run, const struct template_command *command,
    const struct template_value *dot, const struct template_value *piped,
    struct template_value *ret)
{
	struct template_value args[TEMPLATE_OPERANDS_MAX + 1];
	const struct template_operand *first = command->operands;
	size_t n = 0;
	int r;

	r = take_step(run);
	if (r < 0)
		return r;
	if (first->kind != OPERAND_FUNCTION)
		return eval_operand(run, first, dot, ret);
	for (const struct template_operand *o = first->next; o; o = o->next) {
		r = eval_operand(run, o, dot, &args[n++]);
		if (r < 0)
			return r;
	}
	if (piped)
		args[n++] = *piped;
	return call(run, first->function, first, args, n, ret);
}

static int set_variable(struct template_run *run, const struct template_pipe *pipe,
    const char *name, const struct template_value *value)
{
	struct template_variable *variable;

	if (pipe->assign) {
		variable = find_variable(run, name);
		if (!variable)
			return template_fail(run->e, pipe->at, "no such variable: '$%s'", name);
	} else {
		if (run->n_variables == TEMPLATE_VARIABLES)
			return template_fail(run->e, pipe->at, "too many variables");
		variable = &run->variables[run->n_variables++];
	}
	*variable = (struct template_variable){ .name = name, .value = *value };
	return 0;
}

static int eval_commands(struct template_run *run, const struct template_pipe *pipe,
    const struct template_value *dot, struct template_value *ret)
{
	struct template_value piped = { 0 };
	int r;

	for (const struct template_command *c = pipe->commands; c; c = c->next) {
		r = eval_command(run, c, dot, c == pipe->commands ? NULL : &piped, ret);
		if (r < 0)
			return r;
		piped = *ret;
	}
	return 0;
}

static int eval_pipe(struct template_run *run, const struct template_pipe *pipe,
    const struct template_value *dot, struct template_value *ret)
{
	int r;

	r = eval_commands(run, pipe, dot, ret);
	if (r < 0 || pipe->n_variables == 0)
		return r;
	return set_variable(run, pipe, pipe->variables[0], ret);
}

/* ---- nodes ---- */

static int run_action(
    struct template_run *run, const struct template_node *node, const struct template_value *dot)
{
	struct template_value value = { 0 };
	int r;

	r = eval_pipe(run, node->pipe, dot, &value);
	/* "{{$x := .A}}" prints nothing. */
	if (r < 0 || node->pipe->n_variables > 0)
		return r;
	template_value_print(run, &value, run->to);
	return 0;
}

static int run_branch(
    struct template_run *run, const struct template_node *node, const struct template_value *dot)
{
	struct template_value value = { 0 };
	int r;

	r = eval_pipe(run, node->pipe, dot, &value);
	if (r < 0)
		return r;
	if (!template_value_truth(&value))
		return run_list(run, node->otherwise, dot);
	return run_list(run, node->body, node->kind == NODE_WITH ? &value : dot);
}

/* One turn of a range, with the variables that it names. */
static int run_turn(struct template_run *run, const struct template_node *node,
    const struct template_value *key, const struct template_value *value)
{
	const struct template_pipe *pipe = node->pipe;
	const size_t n_variables = run->n_variables;
	int r = 0;

	if (pipe->n_variables == 2)
		r = set_variable(run, pipe, pipe->variables[0], key);
	if (r >= 0 && pipe->n_variables > 0)
		r = set_variable(run, pipe, pipe->variables[pipe->n_variables - 1], value);
	if (r >= 0)
		r = run_list(run, node->body, value);
	run->n_variables = n_variables;
	return r;
}

static int range_list(
    struct template_run *run, const struct template_node *node, const struct template_value *list)
{
	const size_t n = template_value_count(list);
	int r = 0;

	for (size_t i = 0; i < n && r >= 0 && r != WENT_BREAK; i++) {
		const struct template_value key = { .kind = VALUE_INTEGER, .integer = (int64_t)i },
		                            value = template_value_at(list, i);

		r = take_step(run);
		if (r >= 0)
			r = run_turn(run, node, &key, &value);
	}
	return r < 0 ? r : WENT_ON;
}

static int range_object(
    struct template_run *run, const struct template_node *node, const struct template_value *object)
{
	const size_t n = template_value_count(object);
	const char **keys = template_value_keys(run, object);
	int r = 0;

	if (!keys)
		return err_set(run->e, -ENOMEM, "cannot render the template");
	for (size_t i = 0; i < n && r >= 0 && r != WENT_BREAK; i++) {
		const struct template_value key = { .kind = VALUE_TEXT, .text = keys[i] },
		                            value = template_value_of(
		                                json_value_get(object->tree, keys[i]));

		r = take_step(run);
		if (r >= 0)
			r = run_turn(run, node, &key, &value);
	}
	return r < 0 ? r : WENT_ON;
}

static int run_range(
    struct template_run *run, const struct template_node *node, const struct template_value *dot)
{
	struct template_value value = { 0 };
	int r;

	r = eval_commands(run, node->pipe, dot, &value);
	if (r < 0)
		return r;
	if (value.kind != VALUE_NONE && value.kind != VALUE_TREE && value.kind != VALUE_LIST)
		return template_fail(
		    run->e, node->at, "cannot range over %s", template_value_kind_name(&value));
	if (value.kind == VALUE_NONE || template_value_count(&value) == 0)
		return run_list(run, node->otherwise, dot);
	return is_object(&value) ? range_object(run, node, &value) : range_list(run, node, &value);
}

static int run_node(
    struct template_run *run, const struct template_node *node, const struct template_value *dot)
{
	const size_t n_variables = run->n_variables;
	int r;

	switch (node->kind) {
	case NODE_TEXT:
		buf_add(run->to, node->text, node->text_len);
		return WENT_ON;
	case NODE_ACTION:
		return run_action(run, node, dot);
	case NODE_IF:
	case NODE_WITH:
		r = run_branch(run, node, dot);
		run->n_variables = n_variables;
		return r;
	case NODE_RANGE:
		return run_range(run, node, dot);
	case NODE_BREAK:
		return WENT_BREAK;
	case NODE_CONTINUE:
	default:
		return WENT_CONTINUE;
	}
}

/* A break or continue ends the list and is handed up to the range around it. */
static int run_list(
    struct template_run *run, const struct template_node *node, const struct template_value *dot)
{
	const size_t n_variables = run->n_variables;
	int r = WENT_ON;

	for (; node && r == WENT_ON; node = node->next) {
		r = run_node(run, node, dot);
		if (r >= 0 && buf_error(run->to))
			r = err_refuse(
			    run->e, buf_error(run->to), "what the template makes is too long");
	}
	run->n_variables = n_variables;
	return r;
}

int template_render(
    const struct template *t, const struct json_value *v, struct buf *to, struct err *e)
{
	struct template_run run = { .to = to, .e = e, .root = template_value_of(v) };
	int r;

	r = run_list(&run, t->nodes, &run.root);
	arena_done(&run.arena);
	return r < 0 ? r : 0;
}
