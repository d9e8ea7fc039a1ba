/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* replace.h – another file in the place of a database that nobody uses. */
#ifndef SERVER_STORE_REPLACE_H
#define SERVER_STORE_REPLACE_H

/*
 * Puts `copy`, which is one file and beside it, in the place of the database, whose lock the caller
 * has. What was there is kept as *ret_kept (PATH.WHY-DATE), to be freed; NULL: there was nothing.
 * Returns NULL, or a sentence, to be freed.
 */
char *replace_database(const char *path, const char *copy, const char *why, char **ret_kept);

#endif
