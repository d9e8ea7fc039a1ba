/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* replace.c – another file in the place of a database that nobody uses. */
#include "server/store/replace.h"

#include "server/store/copy.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is in the WAL goes into the file, if SQLite can still read both. */
static void empty_wal(const char *path)
{
	sqlite3 *connection = NULL;

	if (sqlite3_open_v2(path, &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
	    SQLITE_OK)
		sqlite3_exec(connection, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
	sqlite3_close(connection);
}

/* One more name for the file, so that it never is without one. False with errno. */
static bool keep(const char *path, const char *kept, const char *suffix)
{
	AUTO_TEXT from = text_format("%s%s", path, suffix);
	AUTO_TEXT to = text_format("%s%s", kept, suffix);

	return link(from, to) == 0 || errno == ENOENT;
}

/*
 * A WAL must never lie beside a file that it does not belong to. Where it could not be emptied, it
 * is kept beside the one that it belongs to.
 */
static bool put_in_place(const char *path, const char *copy, const char *kept)
{
	AUTO_TEXT wal = text_format("%s-wal", path);
	AUTO_TEXT shm = text_format("%s-shm", path);

	if (kept && (!keep(path, kept, "-wal") || !keep(path, kept, "")))
		return false;
	if (!copy_sync_folder(path))
		return false;
	unlink(wal);
	unlink(shm);
	return copy_sync_folder(path) && rename(copy, path) == 0 && copy_sync_folder(path);
}

/* Whoever may use the one may use the other, also when root puts it there. */
static bool give_to_owner(const char *path, const char *copy)
{
	struct stat old;
	struct stat new;

	if (stat(path, &old) < 0)
		return errno == ENOENT;
	if (stat(copy, &new) < 0)
		return false;
	return (old.st_uid == new.st_uid &&old.st_gid == new.st_gid) ||
	       chown(copy, old.st_uid, old.st_gid) == 0;
}

char *replace_database(const char *path, const char *copy, const char *why, char **ret_kept)
{
	AUTO_TEXT kept = NULL;

	*ret_kept = NULL;
	if (access(path, F_OK) == 0) {
		kept = copy_dated_name(path, why);
		empty_wal(path);
	}
	if (!give_to_owner(path, copy) || !copy_sync(copy) || !put_in_place(path, copy, kept))
		return text_format("%s cannot be put in the place of %s: %s", copy, path,
				   strerror(errno));
	*ret_kept = TAKE(kept);
	return NULL;
}
