/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* database.c – the connection to SQLite, transactions, settings and the revision's high-water mark.
 */
#include "server/store/database_private.h"

#include "schema/clock.h"
#include "schema/log.h"
#include "schema/meter.h"

#include <errno.h>
#include <inttypes.h>

#define REVISIONS_RESERVED 100000
#define BUSY_TIMEOUT_MS 5000

bool database_failed(struct database *database, const char *what)
{
	free(database->problem);
	database->problem = text_format("%s: %s", what, sqlite3_errmsg(database->connection));
	return false;
}

bool database_system_failed(struct database *database, const char *path)
{
	free(database->problem);
	database->problem = text_format("%s: %s", path, strerror(errno));
	return false;
}

const char *database_problem(const struct database *database)
{
	return database->problem ? database->problem : "no problem";
}

bool database_run(struct database *database, const char *sql)
{
	return sqlite3_exec(database->connection, sql, NULL, NULL, NULL) == SQLITE_OK ||
	       database_failed(database, "database");
}

sqlite3_stmt *database_prepare(struct database *database, sqlite3_stmt **statement, const char *sql)
{
	if (!*statement &&
	    sqlite3_prepare_v3(database->connection, sql, -1, SQLITE_PREPARE_PERSISTENT, statement,
			       NULL) != SQLITE_OK)
		database_failed(database, sql);
	return *statement;
}

bool database_step(struct database *database, sqlite3_stmt *statement, const char *what)
{
	bool done = sqlite3_step(statement) == SQLITE_DONE || database_failed(database, what);

	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return done;
}

void database_bind_text(sqlite3_stmt *statement, int column, const char *text)
{
	sqlite3_bind_text(statement, column, text ? text : "", -1, SQLITE_STATIC);
}

/* BEGIN and COMMIT, of which there are many. */
static bool run_prepared(struct database *database, int which, const char *sql)
{
	sqlite3_stmt *statement = database_prepare(database, &database->statements[which], sql);

	return statement && database_step(database, statement, "database");
}

int64_t database_number(struct database *database, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	int64_t number = -1;

	if (sqlite3_prepare_v2(database->connection, sql, -1, &statement, NULL) != SQLITE_OK)
		database_failed(database, "database");
	else if (sqlite3_step(statement) == SQLITE_ROW)
		number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

void database_wait_for_lock(struct database *database, bool wait)
{
	sqlite3_busy_timeout(database->connection, wait ? BUSY_TIMEOUT_MS : 0);
}

/* The text of the first column; NULL: there is no row, or it is NULL, or it failed. */
static char *database_text(struct database *database, const char *sql, const char *argument)
{
	sqlite3_stmt *statement = NULL;
	char *value = NULL;

	if (sqlite3_prepare_v2(database->connection, sql, -1, &statement, NULL) != SQLITE_OK)
		return NULL;
	if (argument)
		sqlite3_bind_text(statement, 1, argument, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_ROW &&
	    sqlite3_column_type(statement, 0) != SQLITE_NULL)
		value = text_copy((const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	return value;
}

char *database_get_setting(struct database *database, const char *name)
{
	return database_text(database, "SELECT value FROM xenapid_setting WHERE name = ?1", name);
}

char *database_damage(struct database *database)
{
	char *found = database_text(database, "PRAGMA quick_check(1)", NULL);

	if (!found)
		return text_copy(sqlite3_errmsg(database->connection));
	if (strcmp(found, "ok") == 0)
		free(TAKE(found));
	return found;
}

uint64_t database_get_number(struct database *database, const char *name)
{
	AUTO_TEXT text = database_get_setting(database, name);

	return text ? strtoull(text, NULL, 10) : 0;
}

/* A reader must be able to look at the file while the daemon runs: WAL; and what was answered is on
 * the disk: FULL. BEGIN shows whether it can be written at all, and the WAL beside it. */
static bool configure(struct database *database)
{
	database_wait_for_lock(database, true);
	return database_run(
		database,
		"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF; "
		"BEGIN IMMEDIATE; ROLLBACK");
}

static void read_reserved_revision(struct database *database)
{
	database->reserved_revision = database_get_number(database, "reserved_revision");
}

struct database *database_open(const char *path, char **ret_problem)
{
	struct database *database = allocate(sizeof(*database));
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
		    SQLITE_OPEN_EXRESCODE;
	int rc;

	/* it would count each allocation, under a lock; refused where it is in use already */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	rc = sqlite3_open_v2(path, &database->connection, flags, NULL);
	*ret_problem = NULL;
	if (rc == SQLITE_OK && sqlite3_db_readonly(database->connection, "main") == 1) {
		*ret_problem = text_format("%s may be read, but not written", path);
	} else if (rc == SQLITE_OK && tables_prepare(database, path, ret_problem) &&
		   configure(database)) {
		read_reserved_revision(database);
		database_read_newest_entry(database);
		return database;
	}
	if (!*ret_problem)
		*ret_problem = text_format("%s: %s", path,
					   database->problem ?
						   database->problem :
						   sqlite3_errmsg(database->connection));
	database_close(database);
	return NULL;
}

bool database_start_checkpoints(struct database *database, int64_t wal_bytes, char **ret_problem)
{
	/* a reader may have let it become larger: the file shrinks when it is started again */
	AUTO_TEXT shrink = text_format("PRAGMA journal_size_limit=%" PRId64, wal_bytes);

	if (!database_run(database, shrink)) {
		*ret_problem = text_copy(database_problem(database));
		return false;
	}
	database->checkpoint = checkpoint_start(database->connection, wal_bytes, ret_problem);
	return database->checkpoint;
}

void database_close(struct database *database)
{
	checkpoint_stop(database->checkpoint);
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(database->statements[i]);
	sqlite3_close(database->connection);
	free(database->problem);
	free(database);
}

bool database_begin_reading(struct database *database)
{
	return database_run(database, "BEGIN");
}

bool database_end_reading(struct database *database)
{
	return database_run(database, "COMMIT");
}

bool database_begin(struct database *database)
{
	if (database->in_transaction)
		return true;
	checkpoint_enter(database->checkpoint);
	database->in_transaction = run_prepared(database, STATEMENT_BEGIN, "BEGIN IMMEDIATE");
	if (!database->in_transaction)
		checkpoint_leave(database->checkpoint);
	return database->in_transaction;
}

static void end_transaction(struct database *database)
{
	if (database->in_transaction)
		checkpoint_leave(database->checkpoint);
	database->in_transaction = false;
}

bool database_commit(struct database *database)
{
	int64_t begun_ns = clock_ns();

	if (!database->in_transaction)
		return true;
	database->in_doubt = !run_prepared(database, STATEMENT_COMMIT, "COMMIT");
	meter_observe(METER_commit_seconds, clock_ns() - begun_ns);
	if (!database->in_doubt)
		end_transaction(database);
	return !database->in_doubt;
}

/*
 * A commit whose sync has failed is written all the same, and after a crash it would be there,
 * though it was refused: another one, of nothing, takes its place. It counts once it is written,
 * even if its own sync fails. In a WAL that has just begun anew nothing is written before a first
 * sync: such a WAL is cut off instead.
 */
static void take_back_commit(struct database *database)
{
	AUTO_TEXT nothing = text_format("PRAGMA user_version = %d", DATABASE_FORMAT);

	if (sqlite3_exec(database->connection, nothing, NULL, NULL, NULL) != SQLITE_OK)
		sqlite3_exec(database->connection, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL,
			     NULL);
	database->in_doubt = false;
}

void database_rollback(struct database *database)
{
	/* some errors have rolled back by themselves already */
	if (database->in_transaction && !sqlite3_get_autocommit(database->connection))
		sqlite3_exec(database->connection, "ROLLBACK", NULL, NULL, NULL);
	if (database->in_doubt)
		take_back_commit(database);
	end_transaction(database);
	read_reserved_revision(database);
	free(TAKE(database->problem));
}

bool database_set_setting(struct database *database, const char *name, const char *value)
{
	sqlite3_stmt *statement = NULL;
	const char *sql = "INSERT INTO xenapid_setting (name, value) VALUES (?1, ?2) "
			  "ON CONFLICT (name) DO UPDATE SET value = ?2";
	bool done;

	if (!database_begin(database))
		return false;
	if (sqlite3_prepare_v2(database->connection, sql, -1, &statement, NULL) != SQLITE_OK)
		return database_failed(database, "setting");
	sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 2, value, -1, SQLITE_STATIC);
	done = sqlite3_step(statement) == SQLITE_DONE || database_failed(database, "setting");
	sqlite3_finalize(statement);
	return done;
}

bool database_reserve_revision(struct database *database, uint64_t revision)
{
	AUTO_TEXT text = NULL;

	if (revision < database->reserved_revision)
		return true;
	text = text_format("%" PRIu64, revision + REVISIONS_RESERVED);
	if (!database_set_setting(database, "reserved_revision", text))
		return false;
	database->reserved_revision = revision + REVISIONS_RESERVED;
	return true;
}

uint64_t database_reserved_revision(const struct database *database)
{
	return database->reserved_revision;
}
