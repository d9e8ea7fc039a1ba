/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rehearsal.h – a dry run of several mutations: each is judged, sees those before it, and is kept
 * from everybody else. */
#ifndef SERVER_STORE_REHEARSAL_H
#define SERVER_STORE_REHEARSAL_H

#include "server/store/store.h"

/*
 * From here on nothing happens of what this thread gives to store_mutate, but store_read,
 * store_read_by_uuid and store_list of this thread find it. Not for store_submit.
 */
void store_begin_rehearsal(void);
/* Tells, for each object, what all of them together would change, and forgets it. NULL: nobody. */
void store_end_rehearsal(void (*report)(void *report_to, const struct record *old,
					const struct record *new),
			 void *report_to);

#endif
