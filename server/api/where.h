/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* where.h – the expressions of get_all_where: which records of a class are meant. */
#ifndef SERVER_API_WHERE_H
#define SERVER_API_WHERE_H

#include "schema/error.h"
#include "schema/record.h"

/*
 *     field "name_label" = "demo" and not (field "power_state" = 'Halted' or false)
 *
 * not binds closer than and, and closer than or. Either side of = is a field or a text in double or
 * single quotes; a backslash before a quote or a backslash takes that as it is. Fields are compared
 * as text: ints in decimal, true or false, sets as ('a' 'b'), maps as (('k' 'v') ('l' 'w')) in
 * order of their keys. Their names may have __ for _, as other servers' databases do.
 */
struct where;

/* INVALID_VALUE says what is wrong at which character. */
int where_parse(const struct class_info *cls, const char *text, struct where **ret_where,
		struct error *err);
bool where_match(const struct where *where, const struct record *record);
void where_cleanup(struct where **where);

#endif
