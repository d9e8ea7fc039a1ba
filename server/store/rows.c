/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rows.c – records to rows and back. */
#include "server/store/database_private.h"

#include "schema/text.h"

#include <assert.h>

static void bind_value(sqlite3_stmt *statement, int column, const struct value *value)
{
	char *text;

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
		text = value_to_text(value);
		sqlite3_bind_text(statement, column, text, -1, free);
	}
}

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

static bool has_field(const uint64_t *fields, int field)
{
	return fields[field / 64] >> (field % 64) & 1;
}

static void add_update(struct buffer *sql, const struct class_info *cls, const uint64_t *fields)
{
	buffer_add_format(sql, "UPDATE \"%s\" SET \"_modified\" = ?", cls->name);
	for (int i = 0; i < cls->field_count; i++)
		if (has_field(fields, i))
			buffer_add_format(sql, ", \"%s\" = ?", cls->fields[i].name);
	buffer_add_literal(sql, " WHERE \"_ref\" = ?");
}

static void add_sql(struct buffer *sql, const struct cached_statement *wanted)
{
	switch (wanted->verb) {
	case 'I':
		add_insert(sql, wanted->cls);
		break;
	case 'U':
		add_update(sql, wanted->cls, wanted->fields);
		break;
	case 'D':
		buffer_add_format(sql, "DELETE FROM \"%s\" WHERE \"_ref\" = ?", wanted->cls->name);
		break;
	default:
		buffer_add_literal(
			sql, "INSERT INTO xenapid_tombstone (revision, class, ref, uuid, time) "
			     "VALUES (?, ?, ?, ?, unixepoch())");
	}
}

/* From the cache; what was in its place goes. NULL with the problem noted. */
static sqlite3_stmt *prepare(struct database *database, const struct cached_statement *wanted)
{
	uint64_t hash =
		((uint64_t)wanted->cls->id * 31 + (uint64_t)wanted->verb) * 0x9e3779b97f4a7c15u;
	struct cached_statement *cached;
	AUTO_BUFFER sql = {0};

	hash = (hash ^ wanted->fields[0]) * 0x9e3779b97f4a7c15u;
	hash = (hash ^ wanted->fields[1]) * 0x9e3779b97f4a7c15u;
	cached = &database->cache[(hash >> 32) % STATEMENT_CACHE];
	if (cached->statement && cached->cls == wanted->cls && cached->verb == wanted->verb &&
	    memcmp(cached->fields, wanted->fields, sizeof(cached->fields)) == 0)
		return cached->statement;
	sqlite3_finalize(cached->statement);
	*cached = *wanted;
	add_sql(&sql, wanted);
	if (sqlite3_prepare_v3(database->connection, sql.data, -1, SQLITE_PREPARE_PERSISTENT,
			       &cached->statement, NULL) != SQLITE_OK) {
		cached->statement = NULL;
		database_failed(database, wanted->cls->name);
	}
	return cached->statement;
}

static bool step(struct database *database, sqlite3_stmt *statement, const char *what)
{
	bool done = sqlite3_step(statement) == SQLITE_DONE || database_failed(database, what);

	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return done;
}

static void bind_ref(sqlite3_stmt *statement, int column, const struct record *record)
{
	sqlite3_bind_text(statement, column, record_ref(record), -1, SQLITE_STATIC);
}

static bool insert(struct database *database, const struct record *record)
{
	sqlite3_stmt *statement =
		prepare(database, &(struct cached_statement){.cls = record->cls, .verb = 'I'});
	int column = 3;

	if (!statement)
		return false;
	bind_ref(statement, 1, record);
	sqlite3_bind_int64(statement, 2, (sqlite3_int64)record->created);
	sqlite3_bind_int64(statement, 3, (sqlite3_int64)record->modified);
	for (int i = 0; i < record->cls->field_count; i++)
		if (is_stored(record->cls, i))
			bind_value(statement, ++column, record->fields[i]);
	return step(database, statement, record->cls->name);
}

/* Which stored fields differ; false: none. */
static bool differing(const struct record *old, const struct record *new, uint64_t *ret_fields)
{
	bool any = false;

	assert(new->cls->field_count <= FIELD_BITS);
	for (int i = 0; i < new->cls->field_count; i++) {
		if (!is_stored(new->cls, i) || value_equal(old->fields[i], new->fields[i]))
			continue;
		ret_fields[i / 64] |= (uint64_t)1 << (i % 64);
		any = true;
	}
	return any;
}

static bool update(struct database *database, const struct record *record,
		   const struct cached_statement *wanted)
{
	sqlite3_stmt *statement = prepare(database, wanted);
	int column = 1;

	if (!statement)
		return false;
	sqlite3_bind_int64(statement, 1, (sqlite3_int64)record->modified);
	for (int i = 0; i < record->cls->field_count; i++)
		if (has_field(wanted->fields, i))
			bind_value(statement, ++column, record->fields[i]);
	bind_ref(statement, column + 1, record);
	return step(database, statement, record->cls->name);
}

static bool delete (struct database *database, const struct record *record, uint64_t revision)
{
	sqlite3_stmt *statement =
		prepare(database, &(struct cached_statement){.cls = record->cls, .verb = 'D'});

	if (!statement)
		return false;
	bind_ref(statement, 1, record);
	if (!step(database, statement, record->cls->name))
		return false;
	statement = prepare(database, &(struct cached_statement){.cls = record->cls, .verb = 'T'});
	if (!statement)
		return false;
	sqlite3_bind_int64(statement, 1, (sqlite3_int64)revision);
	sqlite3_bind_text(statement, 2, record->cls->name, -1, SQLITE_STATIC);
	bind_ref(statement, 3, record);
	sqlite3_bind_text(statement, 4, record_uuid(record), -1, SQLITE_STATIC);
	return step(database, statement, "tombstone");
}

bool database_concerns(const struct record *old, const struct record *new)
{
	uint64_t fields[FIELD_BITS / 64] = {0};

	if (!has_table((old ? old : new)->cls))
		return false;
	return !old || !new || differing(old, new, fields);
}

bool database_write(struct database *database, const struct record *old, const struct record *new,
		    uint64_t revision)
{
	struct cached_statement wanted = {.cls = (old ? old : new)->cls, .verb = 'U'};

	if (!has_table(wanted.cls) || (old && new && !differing(old, new, wanted.fields)))
		return true;
	if (!database_begin(database))
		return false;
	if (!old)
		return insert(database, new);
	return new ? update(database, new, &wanted) : delete (database, old, revision);
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

/* The record of the row under the statement, or NULL and *ret_problem, to be freed. */
static struct record *read_row(sqlite3_stmt *statement, const struct class_info *cls,
			       char **ret_problem, const char **ret_column)
{
	AUTO(record) record = record_new(cls, read_ref(statement));
	int column = 3;

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
