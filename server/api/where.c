/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* where.c – the expressions of get_all_where: from text to a tree. */
#include "server/api/where_tree.h"

#include "schema/buffer.h"

#include <ctype.h>

#define LENGTH_MAX 65536
#define DEPTH_MAX 100

struct parser {
	const struct class_info *cls;
	const char *text;
	const char *at;
	int depth;
	struct error *err;
};

void where_cleanup(struct where **where)
{
	for (struct where *node = *where; node;) {
		struct where *next = node->next;

		where_cleanup(&node->first);
		free(node->left.text);
		free(node->right.text);
		free(node);
		node = next;
	}
}

static struct where *make(enum where_kind kind)
{
	struct where *node = allocate(sizeof(*node));

	node->kind = kind;
	return node;
}

/* The number of the character at `at`, from 1. */
static size_t character_number(const struct parser *parser, const char *at)
{
	size_t number = 1;

	for (const char *byte = parser->text; byte < at; byte++)
		number += (*byte & 0xc0) != 0x80;
	return number;
}

static int wrong(struct parser *parser, const char *at, const char *what)
{
	AUTO_TEXT field =
		text_format("expr: %s at character %zu", what, character_number(parser, at));

	return fail(parser->err, ERROR_INVALID_VALUE, field, parser->text);
}

static void skip_space(struct parser *parser)
{
	parser->at += strspn(parser->at, " \t\r\n");
}

static bool is_word_part(char character)
{
	return isalnum((unsigned char)character) || character == '_';
}

static bool take_word(struct parser *parser, const char *word)
{
	size_t length = strlen(word);

	skip_space(parser);
	if (strncmp(parser->at, word, length) != 0 || is_word_part(parser->at[length]))
		return false;
	parser->at += length;
	return true;
}

static bool take_char(struct parser *parser, char character)
{
	skip_space(parser);
	if (*parser->at != character)
		return false;
	parser->at++;
	return true;
}

/* What stands in quotes; NULL: no quote here, or no end of it, which is said. */
static char *take_quoted(struct parser *parser)
{
	struct buffer text = {0};
	const char *start;
	char quote;

	skip_space(parser);
	start = parser->at;
	quote = *start;
	if (quote != '"' && quote != '\'') {
		wrong(parser, start, "a text in quotes is expected");
		return NULL;
	}
	for (parser->at++; *parser->at && *parser->at != quote; parser->at++) {
		if (*parser->at == '\\' && parser->at[1] && strchr("\\\"'", parser->at[1]))
			parser->at++;
		buffer_add_char(&text, *parser->at);
	}
	if (!*parser->at) {
		buffer_free(&text);
		wrong(parser, start, "the text has no closing quote");
		return NULL;
	}
	parser->at++;
	return buffer_take(&text);
}

/* In the database of other servers memory_static_max is memory__static_max. */
static bool is_name(const char *name, const char *given)
{
	for (; *name; name++, given++) {
		if (*name != *given)
			return false;
		if (*name == '_' && given[1] == '_')
			given++;
	}
	return !*given;
}

static int find_field(struct parser *parser, const char *name, const char *at, int *ret_field)
{
	const struct class_info *cls = parser->cls;
	AUTO_TEXT what = NULL;

	for (int i = 0; i < cls->field_count; i++) {
		if (cls->fields[i].qualifier != QUALIFIER_INTERNAL &&
		    is_name(cls->fields[i].name, name)) {
			*ret_field = i;
			return 0;
		}
	}
	what = text_format("%s has no field \"%.64s\":", cls->name, name);
	return wrong(parser, at, what);
}

static int parse_operand(struct parser *parser, struct operand *operand)
{
	bool is_field = take_word(parser, "field");
	const char *at;

	skip_space(parser);
	at = parser->at;
	operand->field = -1;
	operand->text = take_quoted(parser);
	if (!operand->text)
		return -1;
	operand->length = strlen(operand->text);
	return is_field ? find_field(parser, operand->text, at, &operand->field) : 0;
}

static int parse_comparison(struct parser *parser, struct where **ret_where)
{
	AUTO(where) node = make(WHERE_EQUAL);

	skip_space(parser);
	if (!*parser->at)
		return wrong(parser, parser->at, "something is missing");
	if (!strchr("\"'", *parser->at) && strncmp(parser->at, "field", 5) != 0)
		return wrong(parser, parser->at,
			     "field, not, true, false, ( or a text is expected");
	if (parse_operand(parser, &node->left) < 0)
		return -1;
	if (!take_char(parser, '='))
		return wrong(parser, parser->at, "= is expected");
	if (parse_operand(parser, &node->right) < 0)
		return -1;
	*ret_where = TAKE(node);
	return 0;
}

static int parse_or(struct parser *parser, struct where **ret_where);

static int parse_inner(struct parser *parser, struct where **ret_where);

static int parse_parentheses(struct parser *parser, struct where **ret_where)
{
	AUTO(where) inner = NULL;

	if (parse_or(parser, &inner) < 0)
		return -1;
	if (!take_char(parser, ')'))
		return wrong(parser, parser->at, "and, or or ) is expected");
	*ret_where = TAKE(inner);
	return 0;
}

static int parse_not(struct parser *parser, struct where **ret_where)
{
	AUTO(where) node = make(WHERE_NOT);

	if (parse_inner(parser, &node->first) < 0)
		return -1;
	*ret_where = TAKE(node);
	return 0;
}

static int parse_simple(struct parser *parser, struct where **ret_where)
{
	if (take_char(parser, '('))
		return parse_parentheses(parser, ret_where);
	if (take_word(parser, "not"))
		return parse_not(parser, ret_where);
	if (take_word(parser, "true"))
		*ret_where = make(WHERE_TRUE);
	else if (take_word(parser, "false"))
		*ret_where = make(WHERE_FALSE);
	else
		return parse_comparison(parser, ret_where);
	return 0;
}

static int parse_inner(struct parser *parser, struct where **ret_where)
{
	int rc;

	if (parser->depth >= DEPTH_MAX)
		return wrong(parser, parser->at, "too deeply nested");
	parser->depth++;
	rc = parse_simple(parser, ret_where);
	parser->depth--;
	return rc;
}

typedef int (*parse_fn)(struct parser *parser, struct where **ret_where);

/* part, or part word part word part … */
static int parse_chain(struct parser *parser, enum where_kind kind, const char *word,
		       parse_fn parse_part, struct where **ret_where)
{
	AUTO(where) node = make(kind);
	struct where **end = &node->first;

	do {
		if (parse_part(parser, end) < 0)
			return -1;
		end = &(*end)->next;
	} while (take_word(parser, word));
	*ret_where = node->first->next ? TAKE(node) : TAKE(node->first);
	return 0;
}

static int parse_and(struct parser *parser, struct where **ret_where)
{
	return parse_chain(parser, WHERE_AND, "and", parse_inner, ret_where);
}

static int parse_or(struct parser *parser, struct where **ret_where)
{
	return parse_chain(parser, WHERE_OR, "or", parse_and, ret_where);
}

int where_parse(const struct class_info *cls, const char *text, struct where **ret_where,
		struct error *err)
{
	struct parser parser = {.cls = cls, .text = text, .at = text, .err = err};
	AUTO(where) where = NULL;

	if (strlen(text) > LENGTH_MAX) {
		AUTO_TEXT length = text_format("%zu bytes", strlen(text));

		return fail(err, ERROR_INVALID_VALUE, "expr: at most 65536 bytes", length);
	}
	if (parse_or(&parser, &where) < 0)
		return -1;
	skip_space(&parser);
	if (*parser.at)
		return wrong(&parser, parser.at, "and, or or the end is expected");
	*ret_where = TAKE(where);
	return 0;
}
