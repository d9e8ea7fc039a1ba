/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* finding.h – what is wrong with a database, found when it is read. */
#ifndef SERVER_STORE_FINDING_H
#define SERVER_STORE_FINDING_H

#include "schema/schema.h"

/* Something in the database that makes no sense. Borrowed. */
struct store_finding {
	const struct class_info *cls; /* NULL: it is about the file as a whole */
	const char *ref;	      /* of the row */
	const char *problem;
	const char *column; /* what would mend it: this column of the row */
	const char *value;  /* set to this; NULL: nothing does */
	bool left_out;	    /* the row is not served; otherwise it is, without that value */
};
typedef void (*store_finding_fn)(void *argument, const struct store_finding *finding);

#endif
