/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* change.h – what has changed, or would, for people to read. */
#ifndef RPC_XM_CHANGE_H
#define RPC_XM_CHANGE_H

#include "schema/value.h"

/* "before" and "field old -> new" and "after", a line; of a map a line for each key that differs.
 * NULL: there is no such value. */
void change_print(const char *before, const char *field, const struct value *old,
		  const struct value *new, const char *after);
/* All that an update or an undo answers; what is none prints nothing. */
void change_print_all(const char *before, const struct value *result);

#endif
