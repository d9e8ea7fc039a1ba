/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* salvage.c – what can still be read of a damaged database, in a new file. */
#include "server/store/salvage.h"

#include "server/store/copy.h"

#include <stdio.h>
#include <unistd.h>

struct salvage {
	sqlite3 *from;
	struct database *to;
	size_t rows;
};

static bool has_column(sqlite3 *connection, const char *table, const char *column)
{
	return sqlite3_table_column_metadata(connection, "main", table, column, NULL, NULL, NULL,
					     NULL, NULL) == SQLITE_OK;
}

/* "_ref", "uuid", …: the columns that both have, for SQL. To be freed; "": there is no such table.
 */
static char *common_columns(const struct salvage *salvage, const char *table)
{
	sqlite3_stmt *statement = NULL;
	AUTO_BUFFER columns = {0};

	sqlite3_prepare_v2(salvage->to->connection, "SELECT name FROM pragma_table_info(?1)", -1,
			   &statement, NULL);
	sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		const char *column = (const char *)sqlite3_column_text(statement, 0);

		if (has_column(salvage->from, table, column))
			buffer_add_format(&columns, "%s\"%s\"", columns.length ? ", " : "", column);
	}
	sqlite3_finalize(statement);
	return buffer_take(&columns);
}

static size_t insert_row(sqlite3_stmt *row, sqlite3_stmt *insert)
{
	bool done;

	for (int i = 0; i < sqlite3_column_count(row); i++)
		sqlite3_bind_value(insert, i + 1, sqlite3_column_value(row, i));
	done = sqlite3_step(insert) == SQLITE_DONE;
	sqlite3_reset(insert);
	return done;
}

/* A damaged page ends the walk through the table; from the other end the rest is reached. */
static void copy_rows(struct salvage *salvage, const char *table, const char *columns,
		      const char *order)
{
	AUTO_TEXT select = text_format("SELECT %s FROM \"%s\" ORDER BY %s", columns, table, order);
	AUTO_BUFFER sql = {0};
	sqlite3_stmt *row = NULL;
	sqlite3_stmt *insert = NULL;

	if (sqlite3_prepare_v2(salvage->from, select, -1, &row, NULL) != SQLITE_OK)
		return;
	buffer_add_format(&sql, "INSERT OR IGNORE INTO \"%s\" (%s) VALUES (?", table, columns);
	for (int i = 1; i < sqlite3_column_count(row); i++)
		buffer_add_literal(&sql, ", ?");
	buffer_add_char(&sql, ')');
	if (sqlite3_prepare_v2(salvage->to->connection, sql.data, -1, &insert, NULL) == SQLITE_OK)
		while (sqlite3_step(row) == SQLITE_ROW)
			salvage->rows += insert_row(row, insert);
	sqlite3_finalize(insert);
	sqlite3_finalize(row);
}

static void copy_table(struct salvage *salvage, const char *table, const char *key)
{
	AUTO_TEXT columns = common_columns(salvage, table);
	AUTO_TEXT backwards = text_format("%s DESC", key);

	if (!*columns)
		return;
	copy_rows(salvage, table, columns, key);
	copy_rows(salvage, table, columns, backwards);
}

static bool copy_tables(struct salvage *salvage)
{
	if (!database_run(salvage->to, "PRAGMA journal_mode=DELETE; PRAGMA synchronous=OFF; BEGIN"))
		return false;
	for (int c = 0; c < CLASS_COUNT; c++)
		if (has_table(schema_classes[c]))
			copy_table(salvage, schema_classes[c]->name, "_ref");
	copy_table(salvage, "xenapid_setting", "name");
	copy_table(salvage, "xenapid_tombstone", "rowid");
	return database_run(salvage->to, "COMMIT");
}

/* The header may promise more than is there: writable_schema makes SQLite read what is. */
static char *copy_from(struct salvage *salvage, const char *damaged)
{
	if (sqlite3_open_v2(damaged, &salvage->from, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK ||
	    sqlite3_exec(salvage->from, "PRAGMA writable_schema=ON", NULL, NULL, NULL) != SQLITE_OK)
		return text_format("%s: %s", damaged, sqlite3_errmsg(salvage->from));
	if (!copy_tables(salvage))
		return text_copy(database_problem(salvage->to));
	if (!salvage->rows)
		return text_format("nothing of %s can be read any more: go back to a copy",
				   damaged);
	return NULL;
}

char *salvage_rows(const char *damaged, const char *file, char **ret_rescued)
{
	AUTO_TEXT rescued = text_format("%s.rescued", file);
	struct salvage salvage = {0};
	char *problem = NULL;

	copy_delete(rescued); /* of one that was interrupted */
	salvage.to = database_open(rescued, &problem);
	if (!salvage.to)
		return problem;
	problem = copy_from(&salvage, damaged);
	sqlite3_close(salvage.from);
	database_close(salvage.to);
	if (problem)
		copy_delete(rescued);
	else
		*ret_rescued = TAKE(rescued);
	return problem;
}
