/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* database.h – the SQLite file: one STRICT table per class, one real column per stored field. */
#ifndef SERVER_STORE_DATABASE_H
#define SERVER_STORE_DATABASE_H

#include "schema/record.h"
#include "server/store/history.h"

/*
 * Not thread safe. Functions that return bool say false when SQLite refused; database_problem then
 * says why, until database_rollback.
 */
struct database;

/*
 * Opens the file, makes it or brings an older one up to the schema: in one transaction, after a
 * copy beside it. NULL with *ret_problem, to be freed, when it cannot be read, is no database of
 * this program, or a newer program's.
 */
struct database *database_open(const char *path, char **ret_problem);
/* A copy of it in memory, brought up to the schema; the file stays as it is. */
struct database *database_open_copy(const char *path, char **ret_problem);
/*
 * From now on a thread brings what is committed from the WAL into the file, and lets the WAL become
 * about that large. False with *ret_problem, to be freed.
 */
bool database_start_checkpoints(struct database *database, int64_t wal_bytes, char **ret_problem);
void database_close(struct database *database);

/* What is wrong with the structure of the file: rows may be missing. To be freed; NULL: nothing. */
char *database_damage(struct database *database);

/* What is read between these belongs together, and the file is locked for it once. Nothing may be
 * written. */
bool database_begin_reading(struct database *database);
bool database_end_reading(struct database *database);

bool database_begin(struct database *database);	 /* a second one in a row does nothing */
bool database_commit(struct database *database); /* without a begin: does nothing */
void database_rollback(struct database *database);
/* Whether to wait, a while, when another process has locked the file; at first it is so. */
void database_wait_for_lock(struct database *database, bool wait);
const char *database_problem(const struct database *database);

const char *database_path(const struct database *database);

/*
 * The row of a change and its entry of the history; old NULL: a new object; new NULL: it is
 * deleted. Begins if it must. Nothing is written, and new->stored stays, when no stored field
 * differs. `actor` NULL: the daemon itself.
 */
bool database_write(struct database *database, const struct record *old, struct record *new,
		    uint64_t revision, const struct store_actor *actor);
/* Removes some of what is older than so many seconds or the newest `kept` entries: the next call
 * goes on. */
bool database_prune_history(struct database *database, int64_t kept, int64_t seconds);

/*
 * Revisions are drawn in memory; the file holds a number that is above all of them. Raises it when
 * `revision` has come up to it.
 */
bool database_reserve_revision(struct database *database, uint64_t revision);
uint64_t database_reserved_revision(const struct database *database);

/* Written with the batch under way; readable at once. */
bool database_set_setting(struct database *database, const char *name, const char *value);
char *database_get_setting(struct database *database, const char *name); /* to be freed; NULL: not
									    set */

/* Removes tombstones that are older than 30 days or more than `kept`. */
bool database_drop_tombstones(struct database *database, size_t kept);
/* Of the newest tombstone that was ever removed; 0: none was. */
uint64_t database_forgotten_revision(struct database *database);
/* Calls `take` for each, oldest first. */
bool database_load_tombstones(struct database *database,
			      void (*take)(void *argument, const struct class_info *cls,
					   const char *ref, const char *uuid, uint64_t revision),
			      void *argument);

/*
 * Calls `row` for every row of the class, in order of creation: with a new record that it takes, or
 * NULL and what is wrong with the row of that ref, in which column (texts valid during the call).
 */
bool database_load(struct database *database, const struct class_info *cls,
		   void (*row)(void *argument, struct record *record, const char *ref,
			       const char *problem, const char *column),
		   void *argument);

#endif
