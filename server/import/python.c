/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * python.c – a file of the old xm to settings: Python, of which assignments of literals are read.
 * Nothing is run; what would have to be gets its line in the report.
 */
#include "schema/buffer.h"
#include "server/import/python_value.h"
#include "server/import/xl_import.h"
#include "server/import/xl_scan.h"

#include <ctype.h>

/* One logical line, or what stands between two semicolons in it. */
struct statement {
	const char *text;
	const char *end;
	int line;
	bool indented;
};

struct cursor {
	const char *start;
	const char *at;
	const char *end;
	int line;
	bool in_block;	     /* what follows the last statement after a semicolon is in its block */
	const char *problem; /* in that line */
};

/* To the end of the statement: brackets and strings may go over the ends of lines. */
static bool skip_statement(struct cursor *cursor)
{
	int depth = 0, first = cursor->line;

	while (cursor->at < cursor->end) {
		char c = *cursor->at;

		if (c == '\'' || c == '"') {
			cursor->at = python_skip_string(cursor->at, cursor->end, &cursor->line);
			if (!cursor->at) {
				cursor->problem = "a string does not end";
				return false;
			}
			continue;
		}
		if (depth == 0 && (c == '\n' || c == ';' || c == '#'))
			return true;
		depth += (strchr("([{", c) != NULL) - (strchr(")]}", c) != NULL);
		if (depth < 0)
			break;
		if (c == '#') {
			while (cursor->at < cursor->end && *cursor->at != '\n')
				cursor->at++;
			continue;
		}
		if (c == '\\' && cursor->at + 1 < cursor->end)
			cursor->at++;
		cursor->line += *cursor->at == '\n';
		cursor->at++;
	}
	cursor->problem = "brackets do not match";
	cursor->line = depth > 0 ? first : cursor->line;
	return depth == 0;
}

static size_t name_length(const char *text, const char *end)
{
	const char *at = text;

	if (at < end && !isalpha((unsigned char)*at) && *at != '_')
		return 0;
	while (at < end && (isalnum((unsigned char)*at) || *at == '_'))
		at++;
	return (size_t)(at - text);
}

static bool is_keyword(const struct statement *statement, const char *end)
{
	static const char *const words[] = {"import", "from",	"def",	  "class", "if",
					    "elif",   "else",	"for",	  "while", "try",
					    "with",   "print",	"except", "del",   "assert",
					    "pass",   "return", "raise",  "exec",  "global",
					    "finally"};
	size_t length = name_length(statement->text, end);

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i]) == length && memcmp(words[i], statement->text, length) == 0)
			return true;
	return false;
}

/* Or in the line of an if, say. */
static bool is_indented(const struct cursor *cursor)
{
	const char *before = cursor->at;

	while (before > cursor->start && (before[-1] == ' ' || before[-1] == '\t'))
		before--;
	if (before == cursor->start || before[-1] == '\n')
		return before < cursor->at;
	return cursor->in_block;
}

/* False: there are no more, or cursor->problem says why not. */
static bool next_statement(struct cursor *cursor, struct statement *ret_statement)
{
	for (; cursor->at < cursor->end; cursor->at++) {
		if (*cursor->at == '#')
			while (cursor->at < cursor->end && *cursor->at != '\n')
				cursor->at++;
		if (cursor->at == cursor->end)
			return false;
		cursor->line += *cursor->at == '\n';
		if (!isspace((unsigned char)*cursor->at) && *cursor->at != ';')
			break;
	}
	if (cursor->at >= cursor->end)
		return false;
	*ret_statement = (struct statement){.text = cursor->at, .line = cursor->line};
	ret_statement->indented = is_indented(cursor);
	cursor->in_block = ret_statement->indented || is_keyword(ret_statement, cursor->end);
	if (!skip_statement(cursor))
		return false;
	ret_statement->end = cursor->at;
	return true;
}

/* An assignment: its name, and where its value begins. */
struct assignment {
	char *name;
	const char *value;
	bool adds;
};

static bool begins_value(const char *text, const char *end)
{
	while (text < end && strchr(" \t\\\n", *text))
		text++;
	return text < end && (isalnum((unsigned char)*text) || strchr("_'\"[({-", *text));
}

static bool read_assignment(const struct statement *statement, struct assignment *ret_assignment)
{
	size_t length = name_length(statement->text, statement->end);
	const char *at = statement->text + length;
	bool adds;

	while (at < statement->end && (*at == ' ' || *at == '\t'))
		at++;
	adds = at < statement->end && *at == '+';
	at += adds;
	if (!length || at >= statement->end || *at != '=' || !begins_value(at + 1, statement->end))
		return false;
	*ret_assignment = (struct assignment){text_format("%.*s", (int)length, statement->text),
					      at + 1, adds};
	return true;
}

/* print(x), a.b = c, a[0] = b, or a text that is there for readers */
static bool is_other(const struct statement *statement)
{
	const char *after = statement->text + name_length(statement->text, statement->end);

	return strchr("'\"", *statement->text) ||
	       (after > statement->text && after < statement->end && strchr("(.[", *after));
}

/* What has been assigned so far. */
struct variable {
	char *name;
	struct value *value;
	int row, line;
	bool computed;
};

struct program {
	struct settings *settings;
	struct variable *items;
	int count;
	int block; /* the line after which lines are indented */
};

static struct variable *find(const struct program *program, const char *name)
{
	for (int i = 0; i < program->count; i++)
		if (strcmp(program->items[i].name, name) == 0)
			return &program->items[i];
	return NULL;
}

static const struct value *look_up(const void *argument, const char *name)
{
	const struct variable *variable = find(argument, name);

	return variable ? variable->value : NULL;
}

/* Takes the value. */
static void set_variable(struct program *program, const char *name, const struct variable *assigned)
{
	struct variable *variable = find(program, name);

	if (variable) {
		settings_decide(program->settings, variable->row, OUTCOME_IGNORED,
				"line %d sets it again", assigned->line);
		value_release(variable->value);
	} else {
		program->items = reallocate(program->items,
					    (size_t)(program->count + 1) * sizeof(*program->items));
		variable = &program->items[program->count++];
		variable->name = text_copy(name);
	}
	variable->value = assigned->value;
	variable->row = assigned->row;
	variable->line = assigned->line;
	variable->computed = assigned->computed;
}

static void add_to_variable(struct program *program, const char *name,
			    const struct variable *assigned)
{
	struct variable *variable = find(program, name);
	struct value *sum = variable ? python_add(variable->value, assigned->value) : NULL;

	value_release(assigned->value);
	if (!sum) {
		settings_decide(program->settings, assigned->row, OUTCOME_IGNORED,
				"it cannot be added to what was there");
		return;
	}
	settings_decide(program->settings, assigned->row, OUTCOME_TAKEN, "added to line %d",
			variable->line);
	value_release(variable->value);
	variable->value = sum;
	variable->computed = true;
}

#define ADVICE "write the value that it has"

static void assign(struct program *program, const struct statement *statement,
		   const struct assignment *assignment, int row)
{
	struct python_expression expression = {.text = assignment->value,
					       .end = statement->end,
					       .lookup = look_up,
					       .argument = program};
	struct variable assigned = {.row = row, .line = statement->line};

	assigned.value = python_read(&expression);
	assigned.computed = expression.computed;
	if (!assigned.value)
		settings_decide(program->settings, row, OUTCOME_IGNORED,
				"%s, and Python is not run: " ADVICE, expression.reason);
	else if (assignment->adds)
		add_to_variable(program, assignment->name, &assigned);
	else
		set_variable(program, assignment->name, &assigned);
}

static char *trimmed(const char *text, const char *end)
{
	while (text < end && isspace((unsigned char)*text))
		text++;
	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	return text_format("%.*s", (int)(end - text), text);
}

static void read_statement(struct program *program, const struct statement *statement)
{
	struct assignment assignment = {0};
	bool is_assignment = read_assignment(statement, &assignment);
	AUTO_TEXT name = is_assignment ?
				 assignment.name :
				 text_format("%.*s",
					     (int)name_length(statement->text, statement->end),
					     statement->text);
	AUTO_TEXT value = trimmed(is_assignment ? assignment.value : statement->text + strlen(name),
				  statement->end);
	int row;

	/* a text that is there for readers */
	if (!*name)
		return;
	row = settings_add_row(program->settings, name, value, statement->line);
	if (statement->indented) {
		settings_decide(program->settings, row, OUTCOME_IGNORED,
				"it depends on line %d, and Python is not run: " ADVICE
				" at the beginning of a line",
				program->block);
		return;
	}
	program->block = statement->line;
	if (is_assignment)
		assign(program, statement, &assignment, row);
	else
		settings_decide(program->settings, row, OUTCOME_IGNORED,
				"Python is not run: say without it what it would set");
}

static bool is_plain(const struct value *value)
{
	if (value->kind == VALUE_STRING)
		return xl_import_is_plain(value->text);
	for (uint32_t i = 0; i < value->length; i++)
		if (!is_plain(value->items[i]))
			return false;
	return true;
}

/* All that was assigned, whether a VM has it or not. */
static void settle(const struct program *program)
{
	for (int i = 0; i < program->count; i++) {
		const struct variable *variable = &program->items[i];
		struct value *value = python_setting(variable->value);

		if (value && !is_plain(value)) {
			value_release(value);
			settings_decide(
				program->settings, variable->row, OUTCOME_IGNORED,
				"it contains a control character, or one that is not ASCII");
		} else if (value) {
			int setting = settings_add(program->settings, variable->name, value,
						   variable->row);

			settings_link(program->settings, variable->row, setting,
				      variable->computed);
		} else {
			settings_decide(program->settings, variable->row, OUTCOME_IGNORED,
					"it is neither a text, a number nor a list of such");
		}
	}
}

static void release(struct program *program)
{
	for (int i = 0; i < program->count; i++) {
		free(program->items[i].name);
		value_release(program->items[i].value);
	}
	free(program->items);
}

static bool is_statement(const struct statement *statement)
{
	struct assignment assignment = {0};
	bool known = read_assignment(statement, &assignment);

	free(assignment.name);
	return known || is_keyword(statement, statement->end) || is_other(statement);
}

static int read_program(struct xl_import *import, struct program *program, struct cursor *cursor)
{
	struct statement statement;

	while (next_statement(cursor, &statement) && !import->settings.overflow) {
		AUTO_TEXT shown = trimmed(statement.text, statement.end);

		if (!is_statement(&statement))
			return xl_import_refuse_line(import, statement.line,
						     "it is neither an assignment nor Python",
						     shown);
		read_statement(program, &statement);
	}
	if (cursor->problem)
		return xl_import_refuse_line(import, cursor->line, cursor->problem, "");
	return 0;
}

int read_python(struct xl_import *import, const char *text)
{
	struct cursor cursor = {.start = text, .at = text, .end = text + strlen(text), .line = 1};
	struct program program = {.settings = &import->settings};
	int rc = read_program(import, &program, &cursor);

	if (rc == 0)
		settle(&program);
	release(&program);
	return rc;
}

/* What xl.cfg has no form for: import re; name = "a" + "b" */
static bool is_only_python(const struct statement *statement)
{
	static const struct program nothing = {0};
	struct assignment assignment = {0};
	struct python_expression expression = {
		.end = statement->end, .lookup = look_up, .argument = &nothing};

	if (!read_assignment(statement, &assignment))
		return *statement->text != '\'' && *statement->text != '"';
	expression.text = assignment.value;
	value_release(python_read(&expression));
	free(assignment.name);
	return expression.computed;
}

bool python_recognise(const char *text)
{
	struct cursor cursor = {.start = text, .at = text, .end = text + strlen(text), .line = 1};
	struct xl_statements statements;
	struct statement statement;
	bool found = false;

	xl_scan_text(text, &statements);
	if (!statements.odd_line)
		return false;
	while (next_statement(&cursor, &statement)) {
		if (!is_statement(&statement))
			return false;
		found = found || is_only_python(&statement);
	}
	return found && !cursor.problem;
}
