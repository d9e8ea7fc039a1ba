/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reference.h – references in what clients send, as they name objects. */
#ifndef SERVER_API_REFERENCE_H
#define SERVER_API_REFERENCE_H

#include "server/store/store.h"

/* The object must exist; a null reference may stand where a value is set, not where an object is
 * named: then *ret_record is NULL. */
int reference_find(struct store *store, const struct type *type, const char *ref, bool may_be_null,
		   struct record **ret_record, struct error *err);
/* A new value with references in place of the uuids that old clients use; each names an object or
 * is null. */
int reference_resolve(struct store *store, const struct type *type, const struct value *value,
		      struct value **ret_value, struct error *err);

#endif
