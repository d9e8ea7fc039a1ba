/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* copy.c – all pages of a database as they are at one moment, while others use it. */
#include "server/store/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 5000

/* In one step, so it is one moment's: in WAL mode nobody waits for the reader that this is. */
static int copy_all(sqlite3 *from, sqlite3 *to)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");

	if (!backup)
		return sqlite3_errcode(to);
	sqlite3_backup_step(backup, -1);
	return sqlite3_backup_finish(backup);
}

char *copy_pages(const char *path, sqlite3 *to)
{
	sqlite3 *from = NULL;
	char *problem = NULL;
	int rc = sqlite3_open_v2(path, &from, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);

	sqlite3_busy_timeout(from, BUSY_TIMEOUT_MS);
	if (rc == SQLITE_OK)
		rc = copy_all(from, to);
	if (rc != SQLITE_OK)
		problem = text_format("%s cannot be copied: %s", path, sqlite3_errstr(rc));
	sqlite3_close(from);
	return problem;
}

/* Closed before SQLite opens it: a close later would drop SQLite's locks. */
static char *make_file(const char *file, char **ret_temporary)
{
	char *temporary = text_format("%s.XXXXXX.part", file);
	int descriptor = mkostemps(temporary, (int)strlen(".part"), O_CLOEXEC);
	char *problem;

	if (descriptor >= 0) {
		close(descriptor);
		*ret_temporary = temporary;
		return NULL;
	}
	problem = text_format("cannot make %s: %s", temporary, strerror(errno));
	free(temporary);
	return problem;
}

/* The copy says of itself that it has a WAL, as the database: it is to be one file. */
static char *fill_file(const char *path, const char *temporary)
{
	sqlite3 *to = NULL;
	int rc = sqlite3_open_v2(temporary, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	char *problem = NULL;

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(to, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		problem = copy_pages(path, to);
	/* what is damaged is copied all the same */
	if (rc == SQLITE_OK && !problem)
		sqlite3_exec(to, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
	sqlite3_close(to);
	if (rc != SQLITE_OK)
		problem = text_format("cannot write %s: %s", temporary, sqlite3_errstr(rc));
	return problem;
}

char *copy_to_temporary(const char *path, const char *file, char **ret_temporary)
{
	char *problem = make_file(file, ret_temporary);

	if (problem)
		return problem;
	problem = fill_file(path, *ret_temporary);
	if (!problem)
		return NULL;
	copy_delete(*ret_temporary);
	free(TAKE(*ret_temporary));
	return problem;
}

void copy_delete(const char *temporary)
{
	static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		AUTO_TEXT path = text_format("%s%s", temporary, suffixes[i]);

		unlink(path);
	}
}

static bool sync_path(const char *path, int flags)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | flags);
	bool done = descriptor >= 0 && fsync(descriptor) == 0;
	int number = errno;

	if (descriptor >= 0)
		close(descriptor);
	errno = number;
	return done;
}

bool copy_sync_folder(const char *file)
{
	const char *slash = strrchr(file, '/');
	AUTO_TEXT folder = slash ? text_format("%.*s", (int)(slash - file) + 1, file) :
				   text_copy(".");

	return sync_path(folder, O_DIRECTORY);
}

bool copy_sync(const char *temporary)
{
	return sync_path(temporary, O_NOFOLLOW);
}

bool copy_publish(const char *temporary, const char *file)
{
	return copy_sync(temporary) &&
	       renameat2(AT_FDCWD, temporary, AT_FDCWD, file, RENAME_NOREPLACE) == 0 &&
	       copy_sync_folder(file);
}

char *copy_check(const char *path)
{
	sqlite3 *connection = NULL;
	sqlite3_stmt *statement = NULL;
	const char *said = NULL;
	char *problem = NULL;

	if (sqlite3_open_v2(path, &connection, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) ==
		    SQLITE_OK &&
	    sqlite3_prepare_v2(connection, "PRAGMA integrity_check(1)", -1, &statement, NULL) ==
		    SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		said = (const char *)sqlite3_column_text(statement, 0);
	if (!said || strcmp(said, "ok") != 0)
		problem = text_copy(said ? said : sqlite3_errmsg(connection));
	sqlite3_finalize(statement);
	sqlite3_close(connection);
	return problem;
}

bool copy_is_refused(const char *path)
{
	sqlite3 *connection = NULL;
	int rc = sqlite3_open_v2(path, &connection, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
				 NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(connection, "SELECT count(*) FROM sqlite_schema", NULL, NULL,
				  NULL);
	sqlite3_close(connection);
	return (rc & 0xff) == SQLITE_CORRUPT;
}

char *copy_dated_name(const char *path, const char *why)
{
	char date[32];
	time_t now = time(NULL);
	struct tm parts;
	char *name;

	gmtime_r(&now, &parts);
	strftime(date, sizeof(date), "%Y%m%dT%H%M%SZ", &parts);
	name = text_format("%s.%s-%s", path, why, date);
	for (int n = 2; access(name, F_OK) == 0; n++) {
		free(name);
		name = text_format("%s.%s-%s-%d", path, why, date, n);
	}
	return name;
}
