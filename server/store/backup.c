/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backup.c – copies of a database, and one of them in its place. */
#include "server/store/backup.h"

#include "server/store/copy.h"
#include "server/store/private.h"
#include "server/store/replace.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

static char *not_sound(const char *file, const char *said)
{
	return text_format("%s is damaged (%s): xenapid doctor --database %s says more", file, said,
			   file);
}

char *backup_copy(const char *path, const char *file)
{
	AUTO_TEXT temporary = NULL;
	AUTO_TEXT said = NULL;
	char *problem;

	if (access(file, F_OK) == 0)
		return text_format("%s is there already", file);
	problem = copy_to_temporary(path, file, &temporary);
	if (problem)
		return problem;
	said = copy_check(temporary);
	if (said)
		problem = not_sound(path, said);
	else if (!copy_publish(temporary, file))
		problem = text_format("cannot make %s: %s", file, strerror(errno));
	if (problem)
		copy_delete(temporary);
	return problem;
}

/* 0: nobody knows. */
static uint64_t revision_of(const char *path)
{
	char *problem = NULL;
	struct database *database = database_open_copy(path, &problem);
	uint64_t revision = database ? database_reserved_revision(database) : 0;

	if (database)
		database_close(database);
	free(problem);
	return revision;
}

/*
 * Numbers that were drawn since the copy was made are not drawn again, and whoever asks what has
 * changed since one of them is told that it is not known.
 */
static char *go_on_counting(const char *copy, const char *path)
{
	uint64_t revision =
		(uint64_t)greater_of((int64_t)revision_of(copy), (int64_t)revision_of(path));
	AUTO_TEXT sql = text_format(
		"INSERT INTO xenapid_setting (name, value) VALUES ('reserved_revision', '%" PRIu64
		"'), ('forgotten_revision', '%" PRIu64
		"') ON CONFLICT (name) DO UPDATE SET value = excluded.value",
		revision + 1, revision + 1);
	sqlite3 *connection = NULL;
	char *problem = NULL;

	if (sqlite3_open_v2(copy, &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
		    SQLITE_OK ||
	    sqlite3_exec(connection, sql, NULL, NULL, NULL) != SQLITE_OK)
		problem = text_format("%s: %s", copy, sqlite3_errmsg(connection));
	sqlite3_close(connection);
	return problem;
}

/* Judged by the code that a start uses. */
static char *check_loads(const char *copy)
{
	struct store *store = NULL;
	char *problem = backup_examine(copy, load_log_finding, NULL, &store);

	if (store)
		store_close(store);
	return problem;
}

static char *prepare_copy(const char *path, const char *file, const char *copy)
{
	AUTO_TEXT said = copy_check(copy);
	char *problem;

	if (said)
		return not_sound(file, said);
	problem = check_loads(copy);
	return problem ? problem : go_on_counting(copy, path);
}

static char *restore(const char *path, const char *file, char **ret_kept)
{
	AUTO_TEXT copy = NULL;
	char *problem;

	if (access(file, R_OK) < 0)
		return text_format("%s: %s", file, strerror(errno));
	problem = copy_to_temporary(file, path, &copy);
	if (problem)
		return problem;
	problem = prepare_copy(path, file, copy);
	if (!problem)
		problem = replace_database(path, copy, "before-restore", ret_kept);
	if (problem)
		copy_delete(copy);
	return problem;
}

char *backup_restore(const char *path, const char *file, char **ret_kept)
{
	AUTO_TEXT real_path = realpath(path, NULL);
	char *problem = NULL;
	int lock = store_lock(path, &problem);

	*ret_kept = NULL;
	if (lock < 0)
		return problem;
	problem = restore(real_path ? real_path : path, file, ret_kept);
	close(lock);
	return problem;
}
