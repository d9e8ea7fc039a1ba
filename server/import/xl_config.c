/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_config.c – the text of an xl.cfg(5) to settings. */
#include "schema/buffer.h"
#include "server/import/xl_import.h"
#include "server/import/xl_scan.h"

#include <libxlutil.h>
#include <stdio.h>

/* What libxlutil says about one text may be far longer than the text. */
#define COMPLAINTS_MAX 4096
/* libxlutil begins each complaint with the file's name and a colon. */
#define FILE_NAME "line"

static char *line_of_text(const char *text, int line)
{
	size_t length;

	while (line-- > 1 && strchr(text, '\n'))
		text = strchr(text, '\n') + 1;
	length = strcspn(text, "\n");
	return xl_import_shorten(text, length);
}

/*
 * "line:3: config parsing error near `x': lexical error" and more such lines to "line 3: near `x':
 * …; line 5: …". Returns the first line number.
 */
static int read_complaints(const char *complaints, struct buffer *ret_text)
{
	int first = 0, line, length;

	while (sscanf(complaints, FILE_NAME ":%d: config parsing error %n", &line, &length) == 1) {
		size_t rest = strcspn(complaints + length, "\n");

		buffer_add_format(ret_text, "%sline %d: %.*s", first ? "; " : "", line, (int)rest,
				  complaints + length);
		first = first ? first : line;
		complaints += (size_t)length + rest;
		complaints += *complaints == '\n';
	}
	return first;
}

static int refuse_syntax(const char *text, const char *complaints, struct error *err)
{
	AUTO_BUFFER said = {0};
	int line = read_complaints(complaints, &said);
	AUTO_TEXT where =
		text_format("config (%s)", said.length ? said.data : "it cannot be parsed");
	AUTO_TEXT shown = line_of_text(text, line);

	return fail(err, ERROR_INVALID_VALUE, where, line ? shown : "");
}

/* Keeps the first whole lines of what libxlutil has to say. */
struct complaints {
	char text[COMPLAINTS_MAX];
	size_t length;
};

static ssize_t hear_complaint(void *cookie, const char *bytes, size_t size)
{
	struct complaints *complaints = cookie;

	for (size_t i = 0; i < size && complaints->length < sizeof(complaints->text) - 1; i++)
		complaints->text[complaints->length++] = bytes[i];
	return (ssize_t)size;
}

static int parse_text(const char *text, FILE *report, struct complaints *complaints,
		      XLU_Config **ret_config, struct error *err)
{
	XLU_Config *config = xlu_cfg_init(report, FILE_NAME);

	if (!config)
		abort();
	if (xlu_cfg_readdata(config, text, (int)strlen(text)) != 0) {
		char *end;

		fflush(report);
		/* a line that was cut off may end inside a character */
		end = strrchr(complaints->text, '\n');
		if (end)
			end[1] = '\0';
		xlu_cfg_destroy(config);
		return refuse_syntax(text, end ? complaints->text : "", err);
	}
	*ret_config = config;
	return 0;
}

/* As `key = ` and this text says all that the file says: additions follow on lines of their own. */
static char *verbatim_text(const struct xl_statements *all, const struct xl_statement *first)
{
	AUTO_BUFFER text = {0};

	buffer_add(&text, first->value, first->value_length);
	for (const struct xl_statement *next = first + 1; next < all->items + all->count; next++) {
		if (next->key_length != first->key_length ||
		    memcmp(next->key, first->key, first->key_length) != 0)
			continue;
		buffer_add_format(&text, "\n%.*s += ", (int)next->key_length, next->key);
		buffer_add(&text, next->value, next->value_length);
	}
	return buffer_take(&text);
}

/* A list in the list is an empty one: nothing looks into them. */
static struct value *read_value(const XLU_Config *config, const char *key)
{
	XLU_ConfigList *list;
	struct value *items;
	const char *text;
	int count;

	if (xlu_cfg_get_list(config, key, &list, &count, 1) != 0)
		return value_string(xlu_cfg_get_string(config, key, &text, 1) == 0 ? text : "");
	items = value_set();
	for (int i = 0; i < count; i++) {
		text = xlu_cfg_get_listitem(list, i);
		value_append(items, text ? value_string(text) : value_set());
	}
	return items;
}

/* The statement that counts: the last assignment, or the first addition. */
static const struct xl_statement *find_base(const struct xl_statements *all, const char *key)
{
	const struct xl_statement *found = NULL;

	for (const struct xl_statement *each = all->items; each < all->items + all->count; each++)
		if (xl_statement_is(each, key) && (!found || !each->adds))
			found = each;
	return found;
}

static void add_statement(struct settings *settings, const XLU_Config *config,
			  const struct xl_statements *all, const struct xl_statement *statement)
{
	AUTO_TEXT key = text_format("%.*s", (int)statement->key_length, statement->key);
	AUTO_TEXT text = text_format("%.*s", (int)statement->value_length, statement->value);
	const struct xl_statement *base = find_base(all, key);
	int row = settings_add_row(settings, key, text, statement->line);

	if (statement < base) {
		settings_decide(settings, row, OUTCOME_IGNORED, "line %d sets it again",
				base->line);
	} else if (statement > base) {
		settings_decide(settings, row, OUTCOME_TAKEN, "added to line %d", base->line);
	} else {
		int setting = settings_add(settings, key, read_value(config, key), row);

		settings->items[setting].verbatim = verbatim_text(all, statement);
	}
}

/*
 * libxlutil takes what the scanner does not understand, or has no such key: one of the two is
 * wrong, and taking the rest would lose something.
 */
static int check_scan(const XLU_Config *config, const char *text,
		      const struct xl_statements *statements, struct error *err)
{
	AUTO_TEXT shown = line_of_text(text, statements->odd_line);

	if (statements->odd_line)
		return fail(err, ERROR_INVALID_VALUE, "config (not understood)", shown);
	for (size_t i = 0; i < statements->count; i++) {
		const struct xl_statement *statement = &statements->items[i];
		AUTO_TEXT key = text_format("%.*s", (int)statement->key_length, statement->key);
		const char *value;

		if (xlu_cfg_get_string(config, key, &value, 1) != 0 &&
		    xlu_cfg_get_list(config, key, NULL, NULL, 1) != 0)
			return fail(err, ERROR_INVALID_VALUE, "config (not understood)", key);
	}
	return 0;
}

static int read_statements(struct xl_import *import, const char *text,
			   const struct xl_statements *statements)
{
	static const cookie_io_functions_t functions = {.write = hear_complaint};
	struct complaints complaints = {.length = 0};
	FILE *report = fopencookie(&complaints, "w", functions);
	XLU_Config *config = NULL;
	int rc;

	if (!report)
		abort();
	rc = parse_text(text, report, &complaints, &config, import->err);
	if (rc == 0) {
		rc = check_scan(config, text, statements, import->err);
		for (size_t i = 0; rc == 0 && i < statements->count; i++)
			add_statement(&import->settings, config, statements, &statements->items[i]);
		xlu_cfg_destroy(config);
	}
	fclose(report);
	return rc;
}

int read_xl(struct xl_import *import, const char *text)
{
	struct xl_statements statements;

	xl_scan_text(text, &statements);
	if (statements.overflow)
		return fail(import->err, ERROR_INVALID_VALUE, "config (more than 1000 assignments)",
			    "");
	return read_statements(import, text, &statements);
}
