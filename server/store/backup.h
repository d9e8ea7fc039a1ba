/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backup.h – a database as a whole: copied, put back, looked through, mended. */
#ifndef SERVER_STORE_BACKUP_H
#define SERVER_STORE_BACKUP_H

#include "server/store/finding.h"
#include "server/store/store.h"

/*
 * Every function returns NULL, or a sentence for the user, to be freed. All of them block; they may
 * be called in any process, where nothing else is said also while a daemon uses the database.
 */

/*
 * Copies the database, as it is at one moment, to a file that must not be there yet. It is the
 * owner's only (0600), sound, and on the disk with its name when this returns; otherwise there is
 * none of that name. Nothing is waited for by those who read or change the database meanwhile.
 */
char *backup_copy(const char *path, const char *file);

/*
 * Puts a copy in the place of the database, which no daemon may use. The copy is looked through
 * first; what was there is kept as *ret_kept, to be freed; NULL: there was nothing. At any moment
 * one of both is there, whole. Clients that followed what happens have to read all of it again.
 */
char *backup_restore(const char *path, const char *file, char **ret_kept);

/*
 * Looks through the database, as a daemon that starts would, in a copy in memory. The store is only
 * for reading, and for store_close. What makes no sense goes to `each`.
 */
char *backup_examine(const char *path, store_finding_fn each, void *argument,
		     struct store **ret_store);

/*
 * Sets what can be mended in rows that make no sense, in a database that no daemon may use; the
 * file as it was is kept as *ret_kept, to be freed. `each` is told what was changed. When the file
 * itself is damaged, all rows that can still be read go into a new one.
 */
char *backup_repair(const char *path, store_finding_fn each, void *argument, char **ret_kept);

#endif
