/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* examine.c – what is wrong with a database, found by the code that a start uses, and mended. */
#include "server/store/backup.h"

#include "server/store/copy.h"
#include "server/store/private.h"
#include "server/store/replace.h"
#include "server/store/salvage.h"

#include <unistd.h>

/* Mending a row may show what else is wrong with it. */
#define PASSES_MOST 100

struct database *database_open_copy(const char *path, char **ret_problem)
{
	struct database *database = allocate(sizeof(*database));

	*ret_problem = NULL;
	if (sqlite3_open(":memory:", &database->connection) == SQLITE_OK)
		*ret_problem = copy_pages(path, database->connection);
	if (!*ret_problem && tables_prepare(database, path, ret_problem)) {
		database->reserved_revision = database_get_number(database, "reserved_revision");
		return database;
	}
	if (!*ret_problem)
		*ret_problem = text_format("%s: %s", path, database_problem(database));
	database_close(database);
	return NULL;
}

const char *database_path(const struct database *database)
{
	return sqlite3_db_filename(database->connection, "main");
}

/* What SQLite's own check says; a row each. */
static void report_damage(struct database *database, store_finding_fn each, void *argument)
{
	sqlite3_stmt *statement = NULL;

	sqlite3_prepare_v2(database->connection, "PRAGMA integrity_check(20)", -1, &statement,
			   NULL);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		const char *said = (const char *)sqlite3_column_text(statement, 0);
		const char *end = said ? strchr(said, '\n') : NULL; /* of "in database main" */

		if (said && strcmp(said, "ok") != 0)
			each(argument, &(struct store_finding){.problem = end ? end + 1 : said});
	}
	sqlite3_finalize(statement);
}

char *backup_examine(const char *path, store_finding_fn each, void *argument,
		     struct store **ret_store)
{
	char *problem = NULL;
	struct database *database;
	struct store *store;

	*ret_store = NULL;
	if (access(path, R_OK) < 0)
		return text_format("%s: %m", path);
	database = database_open_copy(path, &problem);
	if (!database && copy_is_refused(path))
		each(argument, &(struct store_finding){.problem = "not all of it is there"});
	if (!database)
		return problem;
	report_damage(database, each, argument);
	store = store_make(database, -1, &(struct store_options){.path = path});
	if (load_tables(store, each, argument) == 0) {
		*ret_store = store;
		return NULL;
	}
	problem = text_format("%s: %s", path, database_problem(database));
	store_close(store);
	return problem;
}

/* Of a row that is found by what its _ref has before a NUL. */
#define ANY_REF                                                            \
	"\"_ref\" = ?2 OR (instr(\"_ref\", char(0)) = length(?2) + 1 AND " \
	"substr(\"_ref\", 1, length(?2)) = ?2)"

struct repair {
	sqlite3 *connection; /* to the copy that is to be put in place */
	store_finding_fn each;
	void *argument;
	int mended;
};

static void mend(void *argument, const struct store_finding *finding)
{
	struct repair *repair = argument;
	sqlite3_stmt *statement = NULL;
	AUTO_TEXT sql = NULL;

	if (!finding->cls || !finding->value)
		return;
	sql = text_format("UPDATE OR IGNORE \"%s\" SET \"%s\" = ?1 WHERE %s", finding->cls->name,
			  finding->column,
			  strcmp(finding->column, "_ref") == 0 ? ANY_REF : "\"_ref\" = ?2");
	sqlite3_prepare_v2(repair->connection, sql, -1, &statement, NULL);
	sqlite3_bind_text(statement, 1, finding->value, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 2, finding->ref, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_DONE && sqlite3_changes(repair->connection)) {
		repair->mended++;
		repair->each(repair->argument, finding);
	}
	sqlite3_finalize(statement);
}

static char *examine_with(const char *copy, store_finding_fn each, struct repair *repair)
{
	struct store *store = NULL;
	char *problem = backup_examine(copy, each, repair, &store);

	if (store)
		store_close(store);
	return problem;
}

static char *mend_rows(const char *copy, struct repair *repair)
{
	char *problem = NULL;
	int mended = 1;

	if (sqlite3_open_v2(copy, &repair->connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK)
		problem = text_format("%s: %s", copy, sqlite3_errmsg(repair->connection));
	for (int pass = 0; !problem && mended && pass < PASSES_MOST; pass++) {
		repair->mended = 0;
		problem = examine_with(copy, mend, repair);
		mended = repair->mended;
	}
	sqlite3_close(repair->connection);
	return problem;
}

/* All rows that can be read, of a file that is damaged. */
static char *rescue(const char *path, struct repair *repair, char **ret_copy)
{
	char *problem = salvage_rows(path, path, ret_copy);

	if (!problem)
		repair->each(repair->argument, &(struct store_finding){.problem = "damaged"});
	return problem;
}

/* A copy that can be worked on. */
static char *make_copy(const char *path, struct repair *repair, char **ret_copy)
{
	AUTO_TEXT problem = copy_to_temporary(path, path, ret_copy);

	if (problem)
		return copy_is_refused(path) ? rescue(path, repair, ret_copy) : TAKE(problem);
	problem = copy_check(*ret_copy);
	if (!problem)
		return NULL;
	copy_delete(*ret_copy);
	free(TAKE(*ret_copy));
	return rescue(path, repair, ret_copy);
}

static char *repair_file(const char *path, struct repair *repair, char **ret_kept)
{
	AUTO_TEXT copy = NULL;
	char *problem = make_copy(path, repair, &copy);

	if (problem)
		return problem;
	problem = mend_rows(copy, repair);
	if (!problem)
		problem = replace_database(path, copy, "before-repair", ret_kept);
	if (problem)
		copy_delete(copy);
	return problem;
}

char *backup_repair(const char *path, store_finding_fn each, void *argument, char **ret_kept)
{
	AUTO_TEXT real_path = realpath(path, NULL);
	struct repair repair = {.each = each, .argument = argument};
	char *problem = NULL;
	int lock = store_lock(path, &problem);

	*ret_kept = NULL;
	if (lock < 0)
		return problem;
	problem = repair_file(real_path ? real_path : path, &repair, ret_kept);
	close(lock);
	return problem;
}
