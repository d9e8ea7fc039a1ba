/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* copy.h – all pages of a database as they are at one moment, while others use it. */
#ifndef SERVER_STORE_COPY_H
#define SERVER_STORE_COPY_H

#include "server/store/database_private.h"

/* NULL, or a sentence, to be freed. */
char *copy_pages(const char *path, sqlite3 *to);
/*
 * The same into a new file beside `file`, the owner's only, that no WAL belongs to; it is not on
 * the disk for certain. *ret_temporary is its name, to be freed; NULL when it failed.
 */
char *copy_to_temporary(const char *path, const char *file, char **ret_temporary);
/* Writes the file to the disk, and gives it a name that nothing may have, which is on the disk too.
 * False with errno. */
bool copy_publish(const char *temporary, const char *file);
/* The file and, if there are any, what SQLite has beside it. */
void copy_delete(const char *temporary);
/* Its bytes are on the disk. False with errno. */
bool copy_sync(const char *temporary);
/* The names in the folder of that file are on the disk. False with errno. */
bool copy_sync_folder(const char *file);
/* What SQLite's own check says first; NULL: the file is sound. */
char *copy_check(const char *path);
/* It is a database of SQLite, which refuses it as damaged. */
bool copy_is_refused(const char *path);
/* PATH.WHY-DATE, a name that nothing has yet; to be freed. */
char *copy_dated_name(const char *path, const char *why);

#endif
