/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tombstone_rows.c – the table of tombstones. */
#include "server/store/database_private.h"

/* Whoever asks what was deleted before that is to be told that nobody knows. */
#define FORGOTTEN "forgotten_revision"

static bool note_forgotten(struct database *database, const char *which)
{
	AUTO_TEXT sql = text_format(
		"INSERT INTO xenapid_setting (name, value) SELECT '" FORGOTTEN
		"', CAST(max(revision) AS TEXT) FROM xenapid_tombstone WHERE %s "
		"HAVING max(revision) IS NOT NULL ON CONFLICT (name) DO UPDATE SET value = excluded.value",
		which);

	return database_run(database, sql);
}

bool database_write_tombstone(struct database *database, const struct record *deleted,
			      uint64_t revision)
{
	sqlite3_stmt *statement =
		database_prepare(database, &database->statements[STATEMENT_TOMBSTONE],
				 "INSERT INTO xenapid_tombstone (revision, class, ref, uuid, time) "
				 "VALUES (?, ?, ?, ?, unixepoch())");

	if (!statement)
		return false;
	sqlite3_bind_int64(statement, 1, (sqlite3_int64)revision);
	database_bind_text(statement, 2, deleted->cls->name);
	database_bind_text(statement, 3, record_ref(deleted));
	database_bind_text(statement, 4, record_uuid(deleted));
	return database_step(database, statement, "tombstones");
}

bool database_drop_tombstones(struct database *database, size_t kept)
{
	AUTO_TEXT which = text_format(
		"(time < unixepoch() - 30 * 86400 OR revision <= "
		"(SELECT revision FROM xenapid_tombstone ORDER BY revision DESC LIMIT 1 OFFSET %zu))",
		kept);
	AUTO_TEXT sql = text_format("DELETE FROM xenapid_tombstone WHERE %s", which);

	return database_begin(database) && note_forgotten(database, which) &&
	       database_run(database, sql) && database_commit(database);
}

uint64_t database_forgotten_revision(struct database *database)
{
	return database_get_number(database, FORGOTTEN);
}

bool database_load_tombstones(struct database *database,
			      void (*take)(void *argument, const struct class_info *cls,
					   const char *ref, const char *uuid, uint64_t revision),
			      void *argument)
{
	sqlite3_stmt *statement = NULL;
	int rc;

	if (sqlite3_prepare_v2(
		    database->connection,
		    "SELECT revision, class, ref, uuid FROM xenapid_tombstone ORDER BY revision",
		    -1, &statement, NULL) != SQLITE_OK)
		return database_failed(database, "tombstones");
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		const struct class_info *cls =
			schema_class((const char *)sqlite3_column_text(statement, 1));

		if (cls)
			take(argument, cls, (const char *)sqlite3_column_text(statement, 2),
			     (const char *)sqlite3_column_text(statement, 3),
			     (uint64_t)sqlite3_column_int64(statement, 0));
	}
	if (rc != SQLITE_DONE)
		database_failed(database, "tombstones");
	sqlite3_finalize(statement);
	return rc == SQLITE_DONE;
}
