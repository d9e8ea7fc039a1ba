/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* salvage.h – what can still be read of a damaged database, in a new file. */
#ifndef SERVER_STORE_SALVAGE_H
#define SERVER_STORE_SALVAGE_H

/*
 * All rows of the damaged file that can be read go into a new one beside `file`; *ret_rescued is
 * its name, to be freed. NULL, or a sentence, to be freed.
 */
char *salvage_rows(const char *damaged, const char *file, char **ret_rescued);

#endif
