/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rows.c – records to rows and back. */
#include "server/store/database_private.h"

#include "schema/text.h"

#include <assert.h>

enum verb { INSERT, UPDATE, DELETE, VERBS };
static_assert(VERBS == (int)STATEMENT_VERBS, "each verb of each class has its statement");

/* A parameter that SQLite reads from the record itself, which lives until the step. */
static void bind_value(sqlite3_stmt *statement, int column, const struct value *value)
{
	switch ((enum value_kind)value->kind) {
	case VALUE_INT:
		sqlite3_bind_int64(statement, column, value->integer);
		break;
	case VALUE_BOOL:
		sqlite3_bind_int(statement, column, value->boolean);
		break;
	case VALUE_FLOAT:
		sqlite3_bind_double(statement, column, value->number);
		break;
	case VALUE_STRING:
	case VALUE_DATETIME:
		sqlite3_bind_text(statement, column, value->text, (int)value->length,
				  SQLITE_STATIC);
		break;
	default:
		/* most of them are empty */
		if (value->length > 0)
			sqlite3_bind_text(statement, column, value_to_text(value), -1, free);
		else
			sqlite3_bind_text(statement, column, value->kind == VALUE_MAP ? "{}" : "[]",
					  2, SQLITE_STATIC);
	}
}

/* The parameters are the same for both: ref, created, modified, the stored fields. */
static void add_insert(struct buffer *sql, const struct class_info *cls)
{
	int columns = 3;

	buffer_add_format(sql, "INSERT INTO \"%s\" (\"_ref\", \"_created\", \"_modified\"",
			  cls->name);
	for (int i = 0; i < cls->field_count; i++)
		if (is_stored(cls, i)) {
			buffer_add_format(sql, ", \"%s\"", cls->fields[i].name);
			columns++;
		}
	buffer_add_literal(sql, ") VALUES (?");
	while (--columns)
		buffer_add_literal(sql, ", ?");
	buffer_add_char(sql, ')');
}

/* All columns: SQLite writes the whole row in any case, and would have to read those that stay. */
static void add_update(struct buffer *sql, const struct class_info *cls)
{
	int parameter = 3;

	buffer_add_format(sql, "UPDATE \"%s\" SET \"_created\" = ?2, \"_modified\" = ?3",
			  cls->name);
	for (int i = 0; i < cls->field_count; i++) {
		if (!is_stored(cls, i))
			continue;
		parameter++;
		buffer_add_format(sql, ", \"%s\" = ?%d", cls->fields[i].name, parameter);
	}
	buffer_add_literal(sql, " WHERE \"_ref\" = ?1");
}

static void add_sql(struct buffer *sql, const struct class_info *cls, enum verb verb)
{
	if (verb == INSERT)
		add_insert(sql, cls);
	else if (verb == UPDATE)
		add_update(sql, cls);
	else
		buffer_add_format(sql, "DELETE FROM \"%s\" WHERE \"_ref\" = ?", cls->name);
}

/* NULL with the problem noted. */
static sqlite3_stmt *prepare(struct database *database, const struct class_info *cls,
			     enum verb verb)
{
	sqlite3_stmt **statement =
		&database->statements[STATEMENT_ROWS + cls->id * STATEMENT_VERBS + verb];
	AUTO_BUFFER sql = {0};

	if (!*statement)
		add_sql(&sql, cls, verb);
	return database_prepare(database, statement, sql.data);
}

static void bind_ref(sqlite3_stmt *statement, int column, const struct record *record)
{
	sqlite3_bind_text(statement, column, record_ref(record), -1, SQLITE_STATIC);
}

static bool put(struct database *database, const struct record *record, enum verb verb)
{
	sqlite3_stmt *statement = prepare(database, record->cls, verb);
	int column = 3;

	if (!statement)
		return false;
	bind_ref(statement, 1, record);
	sqlite3_bind_int64(statement, 2, (sqlite3_int64)record->created);
	sqlite3_bind_int64(statement, 3, (sqlite3_int64)record->modified);
	for (int i = 0; i < record->cls->field_count; i++)
		if (is_stored(record->cls, i))
			bind_value(statement, ++column, record->fields[i]);
	return database_step(database, statement, record->cls->name);
}

static bool delete (struct database *database, const struct record *record, uint64_t revision)
{
	sqlite3_stmt *statement = prepare(database, record->cls, DELETE);

	if (!statement)
		return false;
	bind_ref(statement, 1, record);
	return database_step(database, statement, record->cls->name) &&
	       database_write_tombstone(database, record, revision);
}

/* The stored fields of which they differ, each where the other one is NULL from its default. */
static void find_differences(const struct record *old, const struct record *new,
			     struct differences *ret_differences)
{
	const struct class_info *cls = (old ? old : new)->cls;

	assert(cls->field_count <= (int)ARRAY_SIZE(ret_differences->fields));
	ret_differences->count = 0;
	for (int i = 0; i < cls->field_count; i++) {
		const struct value *unset = cls->fields[i].default_value;

		if (is_stored(cls, i) &&
		    !value_equal(old ? old->fields[i] : unset, new ? new->fields[i] : unset))
			ret_differences->fields[ret_differences->count++] = (uint8_t)i;
	}
}

static bool write_row(struct database *database, const struct record *old, const struct record *new,
		      uint64_t revision)
{
	if (!old)
		return put(database, new, INSERT);
	return new ? put(database, new, UPDATE) : delete (database, old, revision);
}

bool database_write(struct database *database, const struct record *old, struct record *new,
		    uint64_t revision, const struct store_actor *actor)
{
	struct differences differences;

	if (!has_table((old ? old : new)->cls))
		return true;
	find_differences(old, new, &differences);
	if (old && new &&differences.count == 0)
		return true;
	if (new)
		new->stored = revision;
	return database_begin(database) && write_row(database, old, new, revision) &&
	       database_write_history(database, old, new, &differences, revision, actor);
}

/* NULL and *ret_value, or what is wrong with the column. */
static const char *read_column(sqlite3_stmt *statement, int column, const struct type *type,
			       struct value **ret_value)
{
	/* NOT NULL, but the file may be damaged */
	if (sqlite3_column_type(statement, column) == SQLITE_NULL)
		return "NULL";
	switch (type->kind) {
	case TYPE_INT:
		*ret_value = value_int(sqlite3_column_int64(statement, column));
		return NULL;
	case TYPE_BOOL:
		*ret_value = value_bool(sqlite3_column_int(statement, column) != 0);
		return NULL;
	case TYPE_FLOAT:
		*ret_value = value_float(sqlite3_column_double(statement, column));
		return NULL;
	case TYPE_STRING:
		/* "" is a string as any other, not a default */
		*ret_value = value_string((const char *)sqlite3_column_text(statement, column));
		return NULL;
	default:
		return text_to_value(type, (const char *)sqlite3_column_text(statement, column),
				     ret_value);
	}
}

/* "" when it is NULL: no object's. */
static const char *read_ref(sqlite3_stmt *statement)
{
	const char *ref = (const char *)sqlite3_column_text(statement, 0);

	return ref ? ref : "";
}

/* Nothing would be found under it again: parameters end at the NUL. */
static bool has_nul(sqlite3_stmt *statement)
{
	return strlen(read_ref(statement)) != (size_t)sqlite3_column_bytes(statement, 0);
}

/* The record of the row under the statement, or NULL and *ret_problem, to be freed. */
static struct record *read_row(sqlite3_stmt *statement, const struct class_info *cls,
			       char **ret_problem, const char **ret_column)
{
	AUTO(record) record = record_new(cls, read_ref(statement));
	int column = 3;

	if (has_nul(statement)) {
		*ret_problem = text_copy("its _ref has a NUL in it");
		*ret_column = "_ref";
		return NULL;
	}
	record->created = (uint64_t)sqlite3_column_int64(statement, 1);
	record->modified = (uint64_t)sqlite3_column_int64(statement, 2);
	record->settled = record->stored = record->modified;
	for (int i = 0; i < cls->field_count; i++) {
		struct value *value;
		const char *problem;

		if (!is_stored(cls, i))
			continue;
		problem = read_column(statement, column++, cls->fields[i].type, &value);
		if (problem) {
			*ret_problem =
				text_format("its column %s is %s", cls->fields[i].name, problem);
			*ret_column = cls->fields[i].name;
			return NULL;
		}
		if (value_equal(value, cls->fields[i].default_value))
			value_release(value); /* the default is there already, and shared */
		else
			record_set(record, i, value);
	}
	return TAKE(record);
}

static void add_select(struct buffer *sql, const struct class_info *cls)
{
	buffer_add_literal(sql, "SELECT \"_ref\", \"_created\", \"_modified\"");
	for (int i = 0; i < cls->field_count; i++)
		if (is_stored(cls, i))
			buffer_add_format(sql, ", \"%s\"", cls->fields[i].name);
	buffer_add_format(sql, " FROM \"%s\" ORDER BY \"_created\", \"_ref\"", cls->name);
}

bool database_load(struct database *database, const struct class_info *cls,
		   void (*row)(void *argument, struct record *record, const char *ref,
			       const char *problem, const char *column),
		   void *argument)
{
	sqlite3_stmt *statement = NULL;
	AUTO_BUFFER sql = {0};
	int rc;

	add_select(&sql, cls);
	if (sqlite3_prepare_v2(database->connection, sql.data, -1, &statement, NULL) != SQLITE_OK)
		return database_failed(database, cls->name);
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		AUTO_TEXT problem = NULL;
		const char *column = NULL;
		struct record *record = read_row(statement, cls, &problem, &column);

		row(argument, record, read_ref(statement), problem, column);
	}
	if (rc != SQLITE_DONE)
		database_failed(database, cls->name);
	sqlite3_finalize(statement);
	return rc == SQLITE_DONE;
}
