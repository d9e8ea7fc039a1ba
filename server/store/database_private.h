/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* database_private.h – what the files around SQLite share. */
#ifndef SERVER_STORE_DATABASE_PRIVATE_H
#define SERVER_STORE_DATABASE_PRIVATE_H

#include "schema/buffer.h"
#include "server/store/checkpoint.h"
#include "server/store/database.h"

#include <sqlite3.h>

#define FIELDS_MAX 128 /* of a class */

/* What is prepared once, and kept. */
enum {
	STATEMENT_BEGIN,
	STATEMENT_COMMIT,
	STATEMENT_HISTORY,
	STATEMENT_TOMBSTONE,
	STATEMENT_ROWS, /* of each class, for each verb */
	STATEMENT_VERBS = 3,
	STATEMENTS = STATEMENT_ROWS + CLASS_COUNT * STATEMENT_VERBS
};

/* Fields of which two versions of an object differ. */
struct differences {
	int count;
	uint8_t fields[FIELDS_MAX];
};

struct database {
	sqlite3 *connection;
	struct checkpoint *checkpoint; /* NULL: not started yet */
	bool in_transaction;
	bool in_doubt; /* a commit has failed, which may stand in the file all the same */
	uint64_t reserved_revision;
	int64_t entries;   /* of the history, ever written */
	int64_t pruned_at; /* what it was when the history was last pruned */
	char *problem;
	sqlite3_stmt *statements[STATEMENTS];
};

/* Runs SQL without results; false with the problem noted. */
bool database_run(struct database *database, const char *sql);
/* *statement, prepared if it was not yet; NULL with the problem noted. */
sqlite3_stmt *database_prepare(struct database *database, sqlite3_stmt **statement,
			       const char *sql);
/* Runs it, and leaves it ready for the next time; false with the problem noted. */
bool database_step(struct database *database, sqlite3_stmt *statement, const char *what);
/* Text that lives until the step; NULL is "". */
void database_bind_text(sqlite3_stmt *statement, int column, const char *text);
/* Notes what SQLite says, and returns false. */
bool database_failed(struct database *database, const char *what);
/* Notes what the system says in errno, and returns false. */
bool database_system_failed(struct database *database, const char *path);
/* One row of one column; −1 when there is none or it failed. */
int64_t database_number(struct database *database, const char *sql);
/* A setting as a number; 0: it was never set. */
uint64_t database_get_number(struct database *database, const char *name);

static inline bool is_stored(const struct class_info *cls, int field)
{
	return cls->fields[field].storage == STORED;
}
static inline bool has_table(const struct class_info *cls)
{
	return !(cls->flags & CLASS_VOLATILE);
}

/* tables.c: makes the tables, or brings those of an older file up to the schema. `path` is for the
 * copy. */
bool tables_prepare(struct database *database, const char *path, char **ret_problem);

/* history_rows.c */
#define HISTORY_TABLE "xenapid_history"
bool database_create_history(struct database *database);
/* Counting goes on above it. */
void database_read_newest_entry(struct database *database);
/* The entry of a change; the batch has begun. `actor` NULL: the daemon itself. */
bool database_write_history(struct database *database, const struct record *old,
			    const struct record *new, const struct differences *differences,
			    uint64_t revision, const struct store_actor *actor);

/* tombstone_rows.c */
bool database_write_tombstone(struct database *database, const struct record *deleted,
			      uint64_t revision);

/* Format of everything that does not follow from the schema. */
#define DATABASE_FORMAT 1
#define DATABASE_APPLICATION_ID 0x58656e41 /* "XenA" */

#endif
