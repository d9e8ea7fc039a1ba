/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl_config.c – the text of an xl.cfg(5) to the fields of a VM. */
#include "server/import/xl_config.h"

#include "schema/buffer.h"
#include "schema/xml_character.h"
#include "server/import/xl_import.h"

#include <stdio.h>

/* What libxlutil says about one text may be far longer than the text. */
#define COMPLAINTS_MAX 4096
/* libxlutil begins each complaint with the file's name and a colon. */
#define FILE_NAME "line"

/*
 * A copy as libxlutil likes it: no byte order mark, no carriage returns at the ends of lines, a
 * line feed after the last line (it takes no comment without). NULL when the text is not plain.
 */
static char *tidy_text(const char *text, int *ret_line)
{
	AUTO_BUFFER tidy = {0};
	const char *end = text + strlen(text);
	int line = 1;

	if (strncmp(text, "\xEF\xBB\xBF", 3) == 0)
		text += 3;
	while (text < end) {
		size_t length = xml_character(text, end);

		if (!length) {
			*ret_line = line;
			return NULL;
		}
		line += *text == '\n';
		if (*text != '\r' || text[1] != '\n')
			buffer_add(&tidy, text, length);
		text += length;
	}
	buffer_add_char(&tidy, '\n');
	return buffer_take(&tidy);
}

static char *line_of_text(const char *text, int line)
{
	size_t length;

	while (line-- > 1 && strchr(text, '\n'))
		text = strchr(text, '\n') + 1;
	length = strcspn(text, "\n");
	if (length > 200)
		length = 200;
	while (length && ((unsigned char)text[length] & 0xC0) == 0x80)
		length--;
	return text_format("%.*s", (int)length, text);
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
static struct value *verbatim_text(const struct xl_import *import, const struct xl_statement *first)
{
	AUTO_BUFFER text = {0};
	const struct xl_statements *all = import->statements;

	buffer_add(&text, first->value, first->value_length);
	for (const struct xl_statement *next = first + 1; next < all->items + all->count; next++) {
		if (next->key_length != first->key_length ||
		    memcmp(next->key, first->key, first->key_length) != 0)
			continue;
		buffer_add_format(&text, "\n%.*s += ", (int)next->key_length, next->key);
		buffer_add(&text, next->value, next->value_length);
	}
	return value_string_n(text.data, text.length);
}

static int import_statement(struct xl_import *import, const struct xl_statement *statement,
			    struct xl_outcome *outcome)
{
	const struct xl_key *key = xl_key_find(statement);
	AUTO_TEXT name = text_format("%.*s", (int)statement->key_length, statement->key);
	const struct xl_statement *base = xl_import_find(import, name);
	AUTO_TEXT kept = text_format("xl:%s", name);

	if (statement < base) {
		xl_outcome_set(outcome, XL_IGNORED, "line %d sets it again", base->line);
		return 0;
	}
	if (statement > base) {
		xl_outcome_set(outcome, XL_TAKEN, "added to line %d", base->line);
		return 0;
	}
	if (!key)
		xl_outcome_set(outcome, XL_UNKNOWN, "xl knows no such key");
	else if (key->take(import, key, statement, outcome) < 0)
		return -1;
	if (outcome->kind == XL_UNKNOWN || outcome->kind == XL_IGNORED || strcmp(name, "disk") == 0)
		value_put(import->other_config, kept, verbatim_text(import, statement));
	return 0;
}

static void report_statement(struct value *report, const struct xl_statement *statement,
			     const struct xl_outcome *outcome)
{
	static const char *const names[] = {"unknown", "ignored", "taken", "translated"};
	struct value *row = value_map();

	value_put(row, "key", value_string_n(statement->key, statement->key_length));
	value_put(row, "value", value_string_n(statement->value, statement->value_length));
	value_put(row, "outcome", value_string(names[outcome->kind]));
	value_put(row, "detail", value_string(outcome->detail));
	value_put(row, "line", value_int(statement->line));
	value_append(report, row);
}

static int import_statements(struct xl_import *import, struct value *report)
{
	if (xl_import_basics(import) < 0)
		return -1;
	for (size_t i = 0; i < import->statements->count; i++) {
		const struct xl_statement *statement = &import->statements->items[i];
		struct xl_outcome outcome = {0};
		int rc = import_statement(import, statement, &outcome);

		if (rc == 0)
			report_statement(report, statement, &outcome);
		free(outcome.detail);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void put_if_any(struct value *record, const char *field, struct value *map)
{
	if (map->length)
		value_put(record, field, map);
	else
		value_release(map);
}

static int import_config(const XLU_Config *config, const struct xl_statements *statements,
			 struct value **ret_record, struct value **ret_report, struct error *err)
{
	struct xl_import import = {
		.config = config,
		.statements = statements,
		.record = value_map(),
		.vcpus_params = value_map(),
		.boot_params = value_map(),
		.platform = value_map(),
		.other_config = value_map(),
		.err = err,
	};
	AUTO(value) report = value_set();
	AUTO(value) record = import.record;
	int rc = import_statements(&import, report);

	put_if_any(record, "VCPUs_params", import.vcpus_params);
	put_if_any(record, "HVM_boot_params", import.boot_params);
	put_if_any(record, "platform", import.platform);
	put_if_any(record, "other_config", import.other_config);
	if (rc < 0)
		return rc;
	*ret_record = TAKE(record);
	*ret_report = TAKE(report);
	return 0;
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

static int import_text(const char *text, struct value **ret_record, struct value **ret_report,
		       struct error *err)
{
	static const cookie_io_functions_t functions = {.write = hear_complaint};
	struct complaints complaints = {.length = 0};
	struct xl_statements statements;
	XLU_Config *config = NULL;
	FILE *report;
	int rc;

	xl_scan_text(text, &statements);
	if (statements.overflow)
		return fail(err, ERROR_INVALID_VALUE, "config (more than 1000 assignments)", "");
	report = fopencookie(&complaints, "w", functions);
	if (!report)
		abort();
	rc = parse_text(text, report, &complaints, &config, err);
	if (rc == 0) {
		rc = check_scan(config, text, &statements, err);
		if (rc == 0)
			rc = import_config(config, &statements, ret_record, ret_report, err);
		xlu_cfg_destroy(config);
	}
	fclose(report);
	return rc;
}

int import_xl_config(const char *text, struct value **ret_record, struct value **ret_report,
		     struct error *err)
{
	AUTO_TEXT tidy = NULL;
	int line = 0;

	if (strnlen(text, XL_TEXT_MAX + 1) > XL_TEXT_MAX)
		return fail(err, ERROR_INVALID_VALUE, "config (more than 1 MiB)", "");
	tidy = tidy_text(text, &line);
	if (!tidy) {
		AUTO_TEXT where = text_format(
			"config (line %d: a control character, or bytes that are not UTF-8)", line);

		return fail(err, ERROR_INVALID_VALUE, where, "");
	}
	return import_text(tidy, ret_record, ret_report, err);
}
