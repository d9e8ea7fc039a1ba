/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* database_private.h – what the files around SQLite share. */
#ifndef SERVER_STORE_DATABASE_PRIVATE_H
#define SERVER_STORE_DATABASE_PRIVATE_H

#include "schema/buffer.h"
#include "server/store/checkpoint.h"
#include "server/store/database.h"

#include <sqlite3.h>

#define STATEMENT_CACHE 256
#define FIELD_BITS 128

/* A statement that writes these fields of this class. */
struct cached_statement {
	const struct class_info *cls;
	char verb; /* 'I'nsert, 'U'pdate, 'D'elete, 'T'ombstone */
	uint64_t fields[FIELD_BITS / 64];
	sqlite3_stmt *statement;
};

struct database {
	sqlite3 *connection;
	struct checkpoint *checkpoint; /* NULL: not started yet */
	bool in_transaction;
	bool in_doubt; /* a commit has failed, which may stand in the file all the same */
	uint64_t reserved_revision;
	sqlite3_stmt *history; /* inserts an entry */
	int64_t entries;       /* of the history, ever written */
	int64_t pruned_at;     /* what it was when the history was last pruned */
	char *problem;
	struct cached_statement cache[STATEMENT_CACHE];
};

/* Runs SQL without results; false with the problem noted. */
bool database_run(struct database *database, const char *sql);
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

/* Format of everything that does not follow from the schema. */
#define DATABASE_FORMAT 1
#define DATABASE_APPLICATION_ID 0x58656e41 /* "XenA" */

#endif
