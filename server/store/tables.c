/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tables.c – SQL tables from the schema: made new, or brought up from an older file. */
#include "server/store/database_private.h"

#include "schema/log.h"
#include "schema/text.h"

#include <time.h>

static const char *column_type(const struct type *type)
{
	switch (type->kind) {
	case TYPE_INT:
	case TYPE_BOOL:
		return "INTEGER";
	case TYPE_FLOAT:
		return "REAL";
	default:
		return "TEXT";
	}
}

/* "name" TYPE NOT NULL DEFAULT value, quoted for SQL */
static void add_column(struct buffer *sql, const struct field_info *field)
{
	AUTO_TEXT text = value_to_text(field->default_value);

	buffer_add_format(sql, "\"%s\" %s NOT NULL DEFAULT ", field->name,
			  column_type(field->type));
	if (field->type->kind == TYPE_BOOL) {
		buffer_add_text(sql, field->default_value->boolean ? "1" : "0");
	} else if (field->type->kind == TYPE_INT || field->type->kind == TYPE_FLOAT) {
		buffer_add_text(sql, text);
	} else {
		char *quoted = sqlite3_mprintf("%Q", text);

		buffer_add_text(sql, quoted);
		sqlite3_free(quoted);
	}
}

static bool create_table(struct database *database, const struct class_info *cls)
{
	AUTO_BUFFER sql = {0};

	buffer_add_format(&sql,
			  "CREATE TABLE \"%s\" (\"_ref\" TEXT NOT NULL PRIMARY KEY, "
			  "\"_created\" INTEGER NOT NULL, \"_modified\" INTEGER NOT NULL",
			  cls->name);
	for (int i = 0; i < cls->field_count; i++) {
		if (!is_stored(cls, i))
			continue;
		buffer_add_literal(&sql, ", ");
		add_column(&sql, &cls->fields[i]);
	}
	buffer_add_literal(&sql, ") STRICT, WITHOUT ROWID");
	return database_run(database, sql.data);
}

static bool is_column(struct database *database, const char *table, const char *column)
{
	char *sql = sqlite3_mprintf("SELECT count(*) FROM pragma_table_info(%Q) WHERE name = %Q",
				    table, column);
	bool there = database_number(database, sql) > 0;

	sqlite3_free(sql);
	return there;
}

static bool is_table(struct database *database, const char *table)
{
	char *sql = sqlite3_mprintf(
		"SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = %Q", table);
	bool there = database_number(database, sql) > 0;

	sqlite3_free(sql);
	return there;
}

/* The first column that no field of the program stores: a newer program made it. To be freed; NULL:
 * none. */
static char *unknown_column(struct database *database, const struct class_info *cls)
{
	sqlite3_stmt *statement = NULL;
	char *unknown = NULL;

	if (sqlite3_prepare_v2(
		    database->connection,
		    "SELECT name FROM pragma_table_info(?1) WHERE name NOT LIKE '\\_%' ESCAPE '\\'",
		    -1, &statement, NULL) != SQLITE_OK)
		return NULL;
	sqlite3_bind_text(statement, 1, cls->name, -1, SQLITE_STATIC);
	while (!unknown && sqlite3_step(statement) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(statement, 0);
		const struct field_info *field = schema_field(cls, name);

		if (!field || field->storage != STORED)
			unknown = text_format("%s.%s", cls->name, name);
	}
	sqlite3_finalize(statement);
	return unknown;
}

/* What the file lacks: how many tables and columns. */
static int count_missing(struct database *database)
{
	int missing = 0;

	for (int c = 0; c < CLASS_COUNT; c++) {
		const struct class_info *cls = schema_classes[c];

		if (!has_table(cls))
			continue;
		if (!is_table(database, cls->name)) {
			missing++;
			continue;
		}
		for (int i = 0; i < cls->field_count; i++)
			missing += is_stored(cls, i) &&
				   !is_column(database, cls->name, cls->fields[i].name);
	}
	return missing;
}

static bool add_missing_columns(struct database *database, const struct class_info *cls)
{
	for (int i = 0; i < cls->field_count; i++) {
		AUTO_BUFFER sql = {0};

		if (!is_stored(cls, i) || is_column(database, cls->name, cls->fields[i].name))
			continue;
		buffer_add_format(&sql, "ALTER TABLE \"%s\" ADD COLUMN ", cls->name);
		add_column(&sql, &cls->fields[i]);
		if (!database_run(database, sql.data))
			return false;
	}
	return true;
}

static bool add_missing(struct database *database)
{
	AUTO_TEXT sql = text_format("PRAGMA user_version = %d; PRAGMA application_id = %d",
				    DATABASE_FORMAT, DATABASE_APPLICATION_ID);

	for (int c = 0; c < CLASS_COUNT; c++) {
		const struct class_info *cls = schema_classes[c];

		if (!has_table(cls))
			continue;
		if (!(is_table(database, cls->name) ? add_missing_columns(database, cls) :
						      create_table(database, cls)))
			return false;
	}
	return database_run(database, sql);
}

static bool create_own_tables(struct database *database)
{
	return database_run(
		database,
		"CREATE TABLE xenapid_setting (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT; "
		"CREATE TABLE xenapid_tombstone (revision INTEGER NOT NULL, class TEXT NOT NULL, ref TEXT NOT "
		"NULL, uuid TEXT NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (revision, ref)) STRICT");
}

static bool back_up(struct database *database, const char *path)
{
	char date[32];
	time_t now = time(NULL);
	struct tm parts;
	char *sql;
	bool done;

	gmtime_r(&now, &parts);
	strftime(date, sizeof(date), "%Y%m%dT%H%M%SZ", &parts);
	sql = sqlite3_mprintf("VACUUM INTO '%q.before-upgrade-%q'", path, date);
	log_info(
		"database %s is of an older version: upgrading it, after a copy to %s.before-upgrade-%s",
		path, path, date);
	done = database_run(database, sql);
	sqlite3_free(sql);
	return done;
}

static char *refuse(struct database *database, const char *path)
{
	int64_t format = database_number(database, "PRAGMA user_version");

	if (format < 0)
		return text_format("%s cannot be read as a database: %s", path,
				   database_problem(database));
	if (database_number(database, "PRAGMA application_id") != DATABASE_APPLICATION_ID)
		return text_format("%s is a database, but not one of xenapid", path);
	if (format > DATABASE_FORMAT)
		return text_format(
			"%s was written by a newer xenapid (its format is %d, this program knows %d): install "
			"that version, or go back to a backup beside it",
			path, (int)format, DATABASE_FORMAT);
	for (int c = 0; c < CLASS_COUNT; c++) {
		AUTO_TEXT unknown = has_table(schema_classes[c]) ?
					    unknown_column(database, schema_classes[c]) :
					    NULL;

		if (unknown)
			return text_format(
				"%s was written by a newer xenapid: this program does not know its column %s. "
				"Install that version, or go back to a backup beside it",
				path, unknown);
	}
	return NULL;
}

bool tables_prepare(struct database *database, const char *path, char **ret_problem)
{
	bool is_new = database_number(database, "SELECT count(*) FROM sqlite_schema") == 0;

	if (!is_new) {
		*ret_problem = refuse(database, path);
		if (*ret_problem)
			return false;
		if (!count_missing(database))
			return true;
		if (!back_up(database, path))
			return false;
	}
	return database_begin(database) && (!is_new || create_own_tables(database)) &&
	       add_missing(database) && database_commit(database);
}
