/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* object.h – objects that arguments name, of classes other than VM. */
#ifndef RPC_XM_OBJECT_H
#define RPC_XM_OBJECT_H

#include "rpc/xm/xm.h"

/* One of them; a zeroed one is none. */
struct object {
	struct value *ref;
	struct value *record;
};

void object_cleanup(struct object *object);
#define AUTO_OBJECT __attribute__((cleanup(object_cleanup))) struct object

/*
 * The one object of the class that has `argument` as one of these fields (NULL behind the last).
 * None, or several, is an error that shows what there is.
 */
enum status object_find(struct xm *xm, const char *cls, const char *const *fields,
			const char *argument, struct object *ret_object);
/* The same among records that are there already, a map by ref. `what`: "VDI", for errors. */
enum status object_choose(const struct value *records, const char *what, const char *const *fields,
			  const char *argument, struct object *ret_object);

/* *ret_records is a map by ref. */
enum status object_read_all(struct xm *xm, const char *cls, struct value **ret_records);
/* The same with these fields only (NULL behind the last), or more: not every server can leave some
 * out. */
enum status object_read_fields(struct xm *xm, const char *cls, const char *const *fields,
			       struct value **ret_records);
/* A string field of a record, "" where there is none. */
const char *object_text(const struct value *record, const char *field);
bool object_flag(const struct value *record, const char *field);

#endif
