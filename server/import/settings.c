/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* settings.c – what every format is read into. */
#include "server/import/settings.h"

#include "schema/quote.h"

#include <stdio.h>

/* Of a value in a row's detail. */
#define SHOWN_MAX 60

void settings_clear(struct settings *settings)
{
	for (int i = 0; i < settings->row_count; i++) {
		free(settings->rows[i].key);
		free(settings->rows[i].value);
		free(settings->rows[i].outcome.detail);
	}
	for (int i = 0; i < settings->count; i++) {
		free(settings->items[i].key);
		free(settings->items[i].verbatim);
		free(settings->items[i].outcome.detail);
		value_release(settings->items[i].value);
	}
	free(settings->rows);
	free(settings->items);
	*settings = (struct settings){0};
}

/* Room for one more, in powers of two. */
static void *grow(void *items, int count, size_t size)
{
	if (count & (count - 1))
		return items;
	return reallocate(items, (size_t)(count ? 2 * count : 1) * size);
}

int settings_add_row(struct settings *settings, const char *key, const char *value, int line)
{
	struct report_row row = {.line = line, .setting = -1};

	if (settings->row_count == ROWS_MAX) {
		settings->overflow = true;
		return ROWS_MAX - 1;
	}
	row.key = text_copy(key);
	row.value = text_copy(value);
	settings->rows = grow(settings->rows, settings->row_count, sizeof(*settings->rows));
	settings->rows[settings->row_count] = row;
	return settings->row_count++;
}

int settings_add(struct settings *settings, const char *key, struct value *value, int row)
{
	struct setting setting = {.key = text_copy(key), .value = value, .row = row};

	settings->items = grow(settings->items, settings->count, sizeof(*settings->items));
	settings->items[settings->count] = setting;
	settings->rows[row].setting = settings->count;
	return settings->count++;
}

void settings_link(struct settings *settings, int row, int setting, bool changed)
{
	settings->rows[row].setting = setting;
	settings->rows[row].changed = changed;
}

void outcome_set(struct outcome *outcome, enum outcome_kind kind, const char *format, ...)
{
	va_list arguments;
	char *detail;

	va_start(arguments, format);
	detail = text_format_list(format, arguments);
	va_end(arguments);
	free(outcome->detail);
	*outcome = (struct outcome){kind, detail};
}

void settings_decide(struct settings *settings, int row, enum outcome_kind kind, const char *format,
		     ...)
{
	va_list arguments;
	AUTO_TEXT detail = NULL;

	va_start(arguments, format);
	detail = text_format_list(format, arguments);
	va_end(arguments);
	outcome_set(&settings->rows[row].outcome, kind, "%s", detail);
	settings->rows[row].setting = -1;
}

int settings_find(const struct settings *settings, const char *key)
{
	for (int i = 0; i < settings->count; i++)
		if (strcmp(settings->items[i].key, key) == 0)
			return i;
	return -1;
}

void settings_write_value(struct buffer *out, const struct value *value)
{
	if (value->kind == VALUE_STRING) {
		quote_add(out, value->text);
		return;
	}
	buffer_add_literal(out, "[ ");
	for (uint32_t i = 0; i < value->length; i++) {
		if (i)
			buffer_add_literal(out, ", ");
		settings_write_value(out, value->items[i]);
	}
	buffer_add_text(out, value->length ? " ]" : "]");
}

void settings_write(struct buffer *out, const struct settings *settings)
{
	for (int i = 0; i < settings->count; i++) {
		const struct setting *setting = &settings->items[i];

		buffer_add_format(out, "%s = ", setting->key);
		if (setting->verbatim)
			buffer_add_text(out, setting->verbatim);
		else
			settings_write_value(out, setting->value);
		buffer_add_char(out, '\n');
	}
}

/* What a row became whose setting says it in other words: the setting, if that is short. */
static char *detail_of_changed(const struct setting *setting)
{
	AUTO_BUFFER shown = {0};

	if (setting->value->kind == VALUE_STRING)
		settings_write_value(&shown, setting->value);
	if (!shown.length || shown.length > SHOWN_MAX)
		return text_format("%s, as %s", setting->outcome.detail, setting->key);
	return text_format("%s, as %s = %s", setting->outcome.detail, setting->key, shown.data);
}

static void put_outcome(struct value *map, const struct settings *settings,
			const struct report_row *row)
{
	static const char *const names[] = {"unknown", "ignored", "taken", "translated"};
	const struct setting *setting = row->setting < 0 ? NULL : &settings->items[row->setting];
	const struct outcome *outcome = setting ? &setting->outcome : &row->outcome;
	bool changed = row->changed && setting && outcome->kind >= OUTCOME_TAKEN;
	AUTO_TEXT detail = changed ? detail_of_changed(setting) : NULL;

	value_put(map, "outcome",
		  value_string(names[changed ? OUTCOME_TRANSLATED : outcome->kind]));
	value_put(map, "detail",
		  value_string(detail	       ? detail :
			       outcome->detail ? outcome->detail :
						 ""));
}

struct value *settings_report(const struct settings *settings)
{
	struct value *report = value_set();

	for (int i = 0; i < settings->row_count; i++) {
		const struct report_row *row = &settings->rows[i];
		struct value *map = value_map();

		value_put(map, "key", value_string(row->key));
		value_put(map, "value", value_string(row->value));
		put_outcome(map, settings, row);
		value_put(map, "line", value_int(row->line));
		value_append(report, map);
	}
	return report;
}
