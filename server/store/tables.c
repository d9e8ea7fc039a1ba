/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tables.c – SQL tables from the schema: made new, or brought up from an older file. */
#include "server/store/copy.h"

#include "schema/log.h"
#include "schema/text.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SMALLEST_PAGE 512

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

/* Which tables and columns of the schema a file has. */
struct found {
	bool tables[CLASS_COUNT];
	bool history;
	uint64_t columns[CLASS_COUNT][FIELDS_MAX / 64];
	char *unknown; /* the first column that no field of the program stores: a newer program made
			  it */
};

static bool has_column(const struct found *found, const struct class_info *cls, int field)
{
	return found->columns[cls->id][field / 64] >> (field % 64) & 1;
}

static void find_column(struct found *found, const char *table, const char *column)
{
	const struct class_info *cls = schema_class(table);
	const struct field_info *field;

	if (strcmp(table, HISTORY_TABLE) == 0)
		found->history = true;
	if (!cls || !has_table(cls))
		return;
	found->tables[cls->id] = true;
	if (*column == '_')
		return;
	field = schema_field(cls, column);
	if (field && field->storage == STORED)
		found->columns[cls->id][(field - cls->fields) / 64] |=
			UINT64_C(1) << (field - cls->fields) % 64;
	else if (!found->unknown)
		found->unknown = text_format("%s.%s", table, column);
}

/* One pass over the whole file. */
static bool look(struct database *database, struct found *ret_found)
{
	struct found found = {0};
	sqlite3_stmt *statement = NULL;
	int rc;

	if (sqlite3_prepare_v2(
		    database->connection,
		    "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c "
		    "WHERE t.type = 'table'",
		    -1, &statement, NULL) != SQLITE_OK)
		return database_failed(database, "tables");
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
		find_column(&found, (const char *)sqlite3_column_text(statement, 0),
			    (const char *)sqlite3_column_text(statement, 1));
	if (rc != SQLITE_DONE)
		database_failed(database, "tables");
	sqlite3_finalize(statement);
	*ret_found = found;
	return rc == SQLITE_DONE;
}

/* What the file lacks: how many tables and columns. */
static int count_missing(const struct found *found)
{
	int missing = !found->history;

	for (int c = 0; c < CLASS_COUNT; c++) {
		const struct class_info *cls = schema_classes[c];

		if (!has_table(cls))
			continue;
		missing += !found->tables[c];
		for (int i = 0; found->tables[c] && i < cls->field_count; i++)
			missing += is_stored(cls, i) && !has_column(found, cls, i);
	}
	return missing;
}

static bool add_missing_columns(struct database *database, const struct found *found,
				const struct class_info *cls)
{
	for (int i = 0; i < cls->field_count; i++) {
		AUTO_BUFFER sql = {0};

		if (!is_stored(cls, i) || has_column(found, cls, i))
			continue;
		buffer_add_format(&sql, "ALTER TABLE \"%s\" ADD COLUMN ", cls->name);
		add_column(&sql, &cls->fields[i]);
		if (!database_run(database, sql.data))
			return false;
	}
	return true;
}

static bool add_missing(struct database *database, const struct found *found)
{
	AUTO_TEXT sql = text_format("PRAGMA user_version = %d; PRAGMA application_id = %d",
				    DATABASE_FORMAT, DATABASE_APPLICATION_ID);

	for (int c = 0; c < CLASS_COUNT; c++) {
		const struct class_info *cls = schema_classes[c];

		if (!has_table(cls))
			continue;
		if (!(found->tables[c] ? add_missing_columns(database, found, cls) :
					 create_table(database, cls)))
			return false;
	}
	return database_run(database, sql) && (found->history || database_create_history(database));
}

static bool create_own_tables(struct database *database)
{
	return database_run(
		database,
		"CREATE TABLE xenapid_setting (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT; "
		"CREATE TABLE xenapid_tombstone (revision INTEGER NOT NULL, class TEXT NOT NULL, ref TEXT NOT "
		"NULL, uuid TEXT NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (revision, ref)) STRICT");
}

/* A copy of this second that is there already is one of the same file. */
static bool publish(const char *draft, const char *path)
{
	return copy_publish(draft, path) || errno == EEXIST;
}

static bool back_up(struct database *database, const char *path)
{
	char date[32];
	time_t now = time(NULL);
	struct tm parts;
	AUTO_TEXT copy = NULL;
	AUTO_TEXT draft = text_format("%s.copy-under-way", path);
	char *sql = sqlite3_mprintf("VACUUM INTO %Q", draft);
	bool done;

	gmtime_r(&now, &parts);
	strftime(date, sizeof(date), "%Y%m%dT%H%M%SZ", &parts);
	copy = text_format("%s.before-upgrade-%s", path, date);
	log_info("database %s is of an older version: upgrading it, after a copy to %s", path,
		 copy);
	unlink(draft); /* of an upgrade that was interrupted */
	done = database_run(database, sql) &&
	       (publish(draft, copy) || database_system_failed(database, copy));
	sqlite3_free(sql);
	unlink(draft);
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
	return NULL;
}

/* SQLite takes the rest of a file that was cut off before its first page ended for an empty one. */
static bool is_fragment(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && status.st_size > 0 && status.st_size < SMALLEST_PAGE;
}

static bool prepare(struct database *database, const char *path, const struct found *found,
		    bool is_new)
{
	/* in memory it is a copy itself */
	bool needs_copy = !is_new && *sqlite3_db_filename(database->connection, "main");

	if (is_new)
		log_info("the database %s is new", path);
	if (!is_new && !count_missing(found))
		return true;
	return (!needs_copy || back_up(database, path)) && database_begin(database) &&
	       (!is_new || create_own_tables(database)) && add_missing(database, found) &&
	       database_commit(database);
}

bool tables_prepare(struct database *database, const char *path, char **ret_problem)
{
	bool is_new = database_number(database, "SELECT count(*) FROM sqlite_schema") == 0;
	struct found found = {0};
	bool done;

	if (!is_new)
		*ret_problem = refuse(database, path);
	else if (is_fragment(path))
		*ret_problem = text_format("%s is no database, or the beginning of one", path);
	if (*ret_problem || !look(database, &found))
		return false;
	if (found.unknown)
		*ret_problem = text_format(
			"%s was written by a newer xenapid: this program does not know its column %s. "
			"Install that version, or go back to a backup beside it",
			path, found.unknown);
	done = !found.unknown && prepare(database, path, &found, is_new);
	free(found.unknown);
	return done;
}
