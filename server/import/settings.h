/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * settings.h – what every format is read into: keys of xl.cfg(5) with their values, and a row of
 * the report for each key of the input.
 */
#ifndef SERVER_IMPORT_SETTINGS_H
#define SERVER_IMPORT_SETTINGS_H

#include "schema/buffer.h"
#include "schema/value.h"

/* More rows than any real configuration has. */
#define ROWS_MAX 5000

enum outcome_kind { OUTCOME_UNKNOWN, OUTCOME_IGNORED, OUTCOME_TAKEN, OUTCOME_TRANSLATED };

struct outcome {
	enum outcome_kind kind;
	char *detail; /* owned */
};

struct report_row {
	char *key;   /* as the input calls it */
	char *value; /* as it stands there */
	int line;
	int setting;  /* which one says what becomes of it; −1: outcome does */
	bool changed; /* the setting says it in other words */
	struct outcome outcome;
};

struct setting {
	char *key;	     /* xl's, or "xenapi." and a field in small letters */
	struct value *value; /* a string, or a set of strings and sets */
	char *verbatim;	     /* as xl.cfg has it after `key = `; NULL: as settings_write does */
	int row;	     /* the one that errors name */
	struct outcome outcome;
};

struct settings {
	struct report_row *rows;
	int row_count;
	struct setting *items; /* no key is there twice */
	int count;
	bool overflow; /* there are more than ROWS_MAX */
};

void settings_clear(struct settings *settings);
/* The number of the new row, whose outcome is "unknown". What is above ROWS_MAX takes the place of
 * the last one. */
int settings_add_row(struct settings *settings, const char *key, const char *value, int line);
/* The new setting, which says what becomes of the row; takes the value. */
int settings_add(struct settings *settings, const char *key, struct value *value, int row);
/* The row shares that setting's outcome. */
void settings_link(struct settings *settings, int row, int setting, bool changed);
/* The row has an outcome of its own. */
void settings_decide(struct settings *settings, int row, enum outcome_kind kind, const char *format,
		     ...) __attribute__((format(printf, 4, 5)));
/* −1: it is not set. */
int settings_find(const struct settings *settings, const char *key);
/* A set of maps: import_config says what is in them. */
struct value *settings_report(const struct settings *settings);

void outcome_set(struct outcome *outcome, enum outcome_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* `key = value` lines of an xl.cfg; just the value */
void settings_write(struct buffer *out, const struct settings *settings);
void settings_write_value(struct buffer *out, const struct value *value);

#endif
