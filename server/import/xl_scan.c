/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_scan.c – the statements of an xl.cfg, by the rules of libxlutil's own scanner. */
#include "server/import/xl_scan.h"

#include <string.h>

struct cursor {
	const char *at;
	int line;
};

static void skip_blanks(struct cursor *cursor)
{
	cursor->at += strspn(cursor->at, " \t");
}

static void skip_comment(struct cursor *cursor)
{
	cursor->at += strcspn(cursor->at, "\n");
}

/* Blanks, line feeds and comments, as they may stand inside a list. */
static void skip_space(struct cursor *cursor)
{
	for (;; cursor->at++) {
		skip_blanks(cursor);
		if (*cursor->at == '#')
			skip_comment(cursor);
		if (*cursor->at != '\n')
			return;
		cursor->line++;
	}
}

/* A backslash takes the next character with it; no string goes over the end of a line. */
static bool skip_string(struct cursor *cursor)
{
	const char *p = cursor->at;
	char quote = *p++;

	while (*p != quote) {
		if (*p == '\\')
			p++;
		if (*p == '\0' || *p == '\n')
			return false;
		p++;
	}
	cursor->at = p + 1;
	return true;
}

static bool skip_atom(struct cursor *cursor)
{
	if (*cursor->at == '"' || *cursor->at == '\'')
		return skip_string(cursor);
	if (*cursor->at < '0' || *cursor->at > '9')
		return false;
	cursor->at += strspn(cursor->at, "0123456789abcdefx");
	return true;
}

/* Brackets are only counted: where they stand is libxlutil's to judge. */
static bool skip_list(struct cursor *cursor)
{
	size_t depth = 0;

	do {
		if (*cursor->at == '[')
			depth++;
		if (*cursor->at == ']')
			depth--;
		if (strchr("[],", *cursor->at) && *cursor->at)
			cursor->at++;
		else if (!skip_atom(cursor))
			return false;
		if (depth)
			skip_space(cursor);
	} while (depth);
	return true;
}

static bool scan_statement(struct cursor *cursor, struct xl_statement *ret_statement)
{
	struct xl_statement found = {.key = cursor->at, .line = cursor->line};

	if (*cursor->at < 'a' || *cursor->at > 'z')
		return false;
	found.key_length = strspn(cursor->at, "_.0123456789abcdefghijklmnopqrstuvwxyz");
	cursor->at += found.key_length;
	skip_blanks(cursor);
	if (*cursor->at == '+') {
		found.adds = true;
		cursor->at++;
	}
	if (*cursor->at != '=')
		return false;
	cursor->at++;
	skip_blanks(cursor);
	found.value = cursor->at;
	if (!(*cursor->at == '[' ? skip_list(cursor) : skip_atom(cursor)))
		return false;
	found.value_length = (size_t)(cursor->at - found.value);
	skip_blanks(cursor);
	if (*cursor->at && !strchr(";\n#", *cursor->at))
		return false;
	*ret_statement = found;
	return true;
}

void xl_scan_text(const char *text, struct xl_statements *ret_statements)
{
	struct cursor cursor = {text, 1};
	struct xl_statement statement;

	ret_statements->count = 0;
	ret_statements->overflow = false;
	ret_statements->odd_line = 0;
	for (;;) {
		skip_space(&cursor);
		if (*cursor.at == '\0')
			return;
		if (*cursor.at == ';') {
			cursor.at++;
		} else if (!scan_statement(&cursor, &statement)) {
			if (!ret_statements->odd_line)
				ret_statements->odd_line = cursor.line;
			skip_comment(&cursor);
		} else if (ret_statements->count == XL_STATEMENTS_MAX) {
			ret_statements->overflow = true;
			return;
		} else {
			ret_statements->items[ret_statements->count++] = statement;
		}
	}
}

bool xl_statement_is(const struct xl_statement *statement, const char *key)
{
	return strlen(key) == statement->key_length &&
	       memcmp(key, statement->key, statement->key_length) == 0;
}
